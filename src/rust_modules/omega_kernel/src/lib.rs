//! From one definition of a kernel: batch, stream, grouped, accumulator and snapshot.

/// Finds missing and impossible values before a kernel meets them.
mod checks;
/// A function as a caller meets it: a spec, and objects that compute.
pub mod function;
/// What a missing input does.
pub mod nulls;
/// A quick look at numbers: nearly all are ordinary.
mod ordinary;
/// What kernels are made of: windows, averages, moments.
pub mod parts;
/// States as bytes.
pub mod payload;
/// From one mergeable state: risk metrics over a batch, over chunks as they arrive, and over parts.
pub mod reduction;
/// One line per function: the modules that hold the kernels, and the list of what they compute.
pub mod registry;
/// From one `update`: batch, stream, grouped and snapshot.
pub mod rowwise;
/// The frame around every saved state.
pub mod snapshot;

pub use checks::check_row;
pub use function::{Accumulator, Body, Function, Grouped, ReductionFactory, RowwiseFactory, Stream};
pub use nulls::Nulls;
pub use payload::State;
pub use reduction::Reduction;
pub use rowwise::Rowwise;
