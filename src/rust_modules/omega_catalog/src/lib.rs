//! Every function of Omega by name, for Rust and for whatever binds it to another language.

/// Hidden functions that the tests and benchmarks of the boundary call.
pub mod probe;
/// Functions by name.
mod registry;

pub use registry::{all, find, hidden};
