//! Means and deviations over the last rows, without drift or cancellation.
//!
//! Rows are divided in blocks as long as the window, so a window is the tail of one block and the head of
//! the next (van Herk 1992 and Gil and Werman 1993 did so for extremes). Sums over all tails are taken once,
//! when a block is full; sums over heads grow row by row. Nothing is ever subtracted from a sum, so nothing
//! drifts, and a wild value leaves no trace once it has left the window.
//!
//! Sums are over differences from the last value of the earlier block. That value lies in every window
//! that spans the two blocks, so (Samuelson 1968) its squared distance from the window's mean is at most
//! n - 1 variances, which bounds what `sum of squares - square of sum` can cancel; and in a flat window
//! all differences are zero, so its mean is the value and its deviation zero, both exactly.

use serde::{Deserialize, Serialize};

/// Mean of the last `period` values.
#[derive(Clone, Serialize, Deserialize)]
pub struct BlockMean {
    /// The values of the block under way, `filled` of them.
    block: Vec<f64>,
    filled: usize,
    /// Whether a block has been full.
    full: bool,
    /// The last value of the earlier block.
    shift: f64,
    /// Differences from `shift`, summed from each row of the earlier block to its end.
    tails: Vec<f64>,
    /// Differences from `shift`, summed over the block under way.
    head: f64,
}

impl BlockMean {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let zeros = vec![0.0; period];
        Self { block: zeros.clone(), filled: 0, full: false, shift: 0.0, tails: zeros, head: 0.0 }
    }

    fn period(&self) -> usize {
        self.block.len()
    }

    /// Takes one value; the mean once there are `period`.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        self.advance(value).map(|sum| self.mean(sum))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, value: f64) -> Option<f64> {
        if self.filled + 1 < self.period() {
            return self
                .full
                .then(|| self.mean(self.tails[self.filled + 1] + (self.head + (value - self.shift))));
        }
        let tail = |sum, earlier: &f64| sum + (earlier - value);
        let sum = self.block[..self.filled].iter().rev().fold(0.0, tail);
        Some(value + sum / self.period() as f64)
    }

    /// Takes one value; the window's sum of differences from `shift` once there are `period` values.
    #[inline]
    fn advance(&mut self, value: f64) -> Option<f64> {
        self.block[self.filled] = value;
        self.filled += 1;
        if self.filled == self.block.len() {
            self.turn();
            return Some(self.tails[0]);
        }
        self.head += value - self.shift;
        self.full.then(|| self.tails[self.filled] + self.head)
    }

    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        self.shift = self.block[self.filled - 1];
        let mut sum = 0.0;
        for (tail, value) in self.tails.iter_mut().zip(&self.block).rev() {
            sum += value - self.shift;
            *tail = sum;
        }
        (self.filled, self.head, self.full) = (0, 0.0, true);
    }

    #[inline]
    fn mean(&self, sum: f64) -> f64 {
        self.shift + sum / self.period() as f64
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`.
    pub fn batch(&mut self, values: &[f64], means: &mut [f64]) {
        for (value, mean) in values.iter().zip(means) {
            *mean = self.update(*value).unwrap_or(f64::NAN);
        }
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize) -> bool {
        let numbers = self.block.iter().chain(&self.tails).chain([&self.shift, &self.head]);
        self.block.len() == period
            && self.tails.len() == period
            && self.filled < period
            && numbers.into_iter().all(|number| number.is_finite())
    }
}

/// Mean and population deviation of the last `period` values; the mean has the bits of [`BlockMean`].
#[derive(Clone, Serialize, Deserialize)]
pub struct BlockMoments {
    means: BlockMean,
    /// Squared differences, summed as `means.tails` are.
    tails: Vec<f64>,
    /// Squared differences, summed as `means.head` is.
    head: f64,
}

impl BlockMoments {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { means: BlockMean::new(period), tails: vec![0.0; period], head: 0.0 }
    }

    /// Takes one value; the mean and the deviation once there are `period`.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<(f64, f64)> {
        let difference = value - self.means.shift;
        let sum = self.means.advance(value);
        let filled = self.means.filled;
        if filled == 0 {
            self.turn();
        } else {
            self.head = difference.mul_add(difference, self.head);
        }
        sum.map(|sum| self.mean_and_deviation(sum, self.tails[filled] + self.head))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, value: f64) -> Option<(f64, f64)> {
        let means = &self.means;
        if means.filled + 1 == means.period() {
            // The value completes a block, as happens once in `period` rows.
            return self.clone().update(value);
        }
        let difference = value - means.shift;
        let sum = means.tails[means.filled + 1] + (means.head + difference);
        let squares = self.tails[means.filled + 1] + difference.mul_add(difference, self.head);
        means.full.then(|| self.mean_and_deviation(sum, squares))
    }

    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        let mut sum = 0.0;
        for (tail, value) in self.tails.iter_mut().zip(&self.means.block).rev() {
            let difference = value - self.means.shift;
            sum = difference.mul_add(difference, sum);
            *tail = sum;
        }
        self.head = 0.0;
    }

    #[inline]
    fn mean_and_deviation(&self, sum: f64, squares: f64) -> (f64, f64) {
        let n = self.means.period() as f64;
        let offset = sum / n;
        let variance = (-sum).mul_add(offset, squares).max(0.0) / n;
        (self.means.shift + offset, variance.sqrt())
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize) -> bool {
        let squares = || self.tails.iter().chain([&self.head]);
        self.means.is_sound(period)
            && self.tails.len() == period
            && squares().all(|square| square.is_finite() && *square >= 0.0)
    }
}
