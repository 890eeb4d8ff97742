//! Julia inside this process: found, loaded, started on a thread of its own, and called from any thread.
//!
//! No Python lives here. A call is a request on the caller's stack, handed over a queue; the memory of every
//! answer is allocated here, so nothing that Julia owns outlives a call. Unix only.

/// The table of entry points that the Julia package publishes.
mod abi;
/// Where Julia is: `OMEGA_JULIA`, the path, or beside the Python that asks.
mod discover;
/// What a function in another language reports, read back into our error.
mod failure;
/// Which side of a fork this is, and a lock that a forked child is refused.
mod fork;
/// The one Julia of this process: start, call, stop.
mod julia;
/// libjulia: loaded with the libraries it was built with, and the few functions of it in use.
mod library;
/// Memory that a function in another language writes its answer into.
mod outputs;
/// What an installation of Julia says about itself.
mod probe;
/// What Julia's start changes for the whole process, and how it is put back.
mod process;
/// Calls from many threads, run in order on one.
mod queue;
/// Julia's own thread: start-up, then calls until told to stop.
mod runtime;
/// The start of the one Julia: begun once, waited for by any number of callers.
mod start;

pub use discover::find;
pub use fork::{Held, LeftLocked, Lock, generation};
pub use julia::{Julia, Settings};
pub use outputs::{Buffer, Node, Outputs};
pub use runtime::Columns;
