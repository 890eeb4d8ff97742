//! From one definition of a kernel: batch, stream, grouped, accumulator and snapshot.

/// Finds missing and impossible values before a kernel meets them.
mod checks;
/// A function as a caller meets it: a spec, and objects that compute.
pub mod function;
/// What rows are good for, looked at once for several functions.
pub mod marks;
/// What a missing input does.
pub mod nulls;
/// A quick look at numbers: nearly all are ordinary.
mod ordinary;
/// What kernels are made of: windows, averages, moments.
pub mod parts;
/// States as bytes.
pub mod payload;
/// From what a metric makes of a summary: its values over a batch, over chunks, over parts that are merged.
pub mod reduction;
/// One line per function: the modules that hold the kernels, and the list of what they compute.
pub mod registry;
/// The same metrics after each row: over all rows so far, and over the last of them.
mod rolling;
/// From one `update`: batch, stream, grouped and snapshot.
pub mod rowwise;
/// The frame around every saved state.
pub mod snapshot;
/// What a metric knows of its rows.
pub mod summary;

pub use checks::{check_row, refusal};
pub use function::{
    Accumulator, Body, Function, Grouped, ReductionFactory, RowwiseFactory, Stream, SummaryId,
};
pub use marks::Marks;
pub use nulls::Nulls;
pub use payload::State;
pub use reduction::Metric;
pub use rowwise::{Looked, Rowwise, Scratch};
pub use summary::{Mergeable, Summary};
