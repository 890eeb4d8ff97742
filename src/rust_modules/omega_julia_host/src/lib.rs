//! Julia inside this process: found, loaded, started on a thread of its own, and called from any thread.
//!
//! No Python lives here. A call is a request on the caller's stack, handed over a queue; the memory of every
//! answer is allocated here, so nothing that Julia owns outlives a call.

/// Where Julia is: `OMEGA_JULIA`, the path, or beside the Python that asks.
mod discover;
/// The one Julia of this process: start, call, stop.
mod julia;
/// Memory that a function in another language writes its answer into.
mod outputs;

pub use discover::find;
pub use julia::{Julia, Settings};
pub use outputs::{Buffer, Node, Outputs};
