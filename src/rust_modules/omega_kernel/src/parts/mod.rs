//! What kernels are made of, each with its accuracy under test.
//!
//! A part comes in two: what was chosen, such as [`Exponential`] with its weights, of which a kernel holds one; and what is
//! remembered, such as [`ExponentialState`], of which every series holds one and which alone is saved.

/// A moving average by kind and period.
mod average;
/// Linearly weighted mean of the last rows, without drift.
mod block_weights;
/// Means and deviations over the last rows, without drift or cancellation.
mod block_window;
/// Summaries of all rows, with the same bits however the rows are divided.
mod blocks;
/// Columns of equal length that a state keeps between rows.
mod columns;
/// Numbers of rows that come as a column.
mod counts;
/// Exponential averages that start from a plain mean: the usual one and Wilder's.
mod exponential;
/// The highest or the lowest of the last rows.
mod extremes;
/// What is left of a number that fades, and when it counts as nothing.
mod fading;
/// Summaries of the last rows, merged from parts.
mod merged_window;
/// Sums and moments of rows, mergeable.
mod moments;
/// Values in order, of which any can be found, added or taken out in few steps.
mod order;
/// How two series move together over the last rows.
mod pair_moments;
/// Order statistics of all rows, which have to be kept for it.
mod sample;
/// The greatest move since the previous close.
mod true_range;
/// A moving average whose period is another in each row.
mod variable_average;
/// The last rows themselves, and the row so many rows ago.
mod window;

pub use average::{Average, AverageState};
pub use block_weights::{BlockWeights, BlockWeightsState};
pub use block_window::{BlockMean, BlockMeanState, BlockMoments, BlockMomentsState};
pub use blocks::{Blocks, GrowingBlocks};
pub use counts::Counts;
pub use exponential::{Exponential, ExponentialState, WilderSums, WilderSumsState};
pub use extremes::{Extremes, ExtremesState};
pub use fading::STILL;
pub use merged_window::MergedWindow;
pub use moments::{Comoments, Moments, Sum};
pub use pair_moments::{Pair, PairMoments, PairMomentsState};
pub use sample::{Ordered, OrderedRows, OrderedWindow, Sample};
pub use true_range::TrueRange;
pub use variable_average::{VariableAverage, VariableAverageState};
pub use window::{Lag, Window, WindowState};

/// How much farther than exact arithmetic would allow a state is taken to be able to get: far more than it can.
const ROUNDING: f64 = 2.0;
