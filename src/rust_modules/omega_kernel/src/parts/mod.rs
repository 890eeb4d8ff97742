//! What kernels are made of, each with its accuracy under test.

/// Means and deviations over the last rows, without drift or cancellation.
mod block_window;
/// Exponential moving average.
mod ema;
/// What is left of a number that fades, and when it counts as nothing.
mod fading;
/// Sums and moments over all rows, mergeable, with the same bits however the rows are divided.
mod moments;
/// Order statistics of all rows, which have to be kept for it.
mod sample;
/// The greatest move since the previous close.
mod true_range;
/// Wilder's smoothing.
mod wilder;

pub use block_window::{BlockMean, BlockMoments};
pub use ema::Ema;
pub use fading::STILL;
pub use moments::{Blocks, Moments, Sums};
pub use sample::Sample;
pub use true_range::TrueRange;
pub use wilder::{Wilder, WilderSums};

/// How much farther than exact arithmetic would allow a state is taken to be able to get: far more than it can.
const ROUNDING: f64 = 2.0;
