//! From one definition of a kernel: batch, stream, grouped, accumulator and snapshot.

/// A function as a caller meets it: a spec, and objects that compute.
pub mod function;
/// What a missing input does.
pub mod nulls;
/// States as bytes.
mod payload;
/// The frame around every saved state.
pub mod snapshot;

pub use function::{Accumulator, Body, Function, Grouped, ReductionFactory, RowwiseFactory, Stream};
pub use nulls::Nulls;
