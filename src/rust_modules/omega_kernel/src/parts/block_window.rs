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
//!
//! A tail is last looked at when the row that drops its first value comes, so that row's value can take its place:
//! the block under way and what is left of the tails share one vector. It grows with the rows until a block is full.

use omega_contract::bounds::{LARGEST_INPUT, is_input};
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::ROUNDING;
use crate::payload::list;

/// How far two values can lie apart.
const FARTHEST: f64 = 2.0 * LARGEST_INPUT;

/// Mean of the last `period` values.
#[derive(Serialize, Deserialize)]
pub struct BlockMean {
    /// The values of the block under way, `filled` of them; behind them, once a block has been full, differences from
    /// `shift`, summed from each row of the earlier block to its end.
    #[serde(with = "list")]
    slots: Vec<f64>,
    filled: usize,
    period: usize,
    /// The last value of the earlier block.
    shift: f64,
    /// Differences from `shift`, summed over the block under way.
    head: f64,
    /// One value's part of a mean.
    share: f64,
}

impl BlockMean {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let share = 1.0 / period as f64;
        Self { slots: Vec::new(), filled: 0, period, shift: 0.0, head: 0.0, share }
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { slots: memory::copied(&self.slots)?, ..*self })
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        if self.is_full() {
            return Ok(());
        }
        let missing = self.period - self.slots.len();
        memory::reserve_up_to(&mut self.slots, rows.min(missing), self.period)
    }

    /// Whether a block has been full.
    #[inline]
    fn is_full(&self) -> bool {
        self.slots.len() == self.period
    }

    /// Takes one value, for which there is room; the mean once there are `period`.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        self.advance(value).map(|sum| self.mean(sum))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, value: f64) -> Option<f64> {
        if self.filled + 1 < self.period {
            let head = self.head + (value - self.shift);
            return self.is_full().then(|| self.mean(self.slots[self.filled + 1] + head));
        }
        let tail = |sum, earlier: &f64| sum + (earlier - value);
        let sum = self.slots[..self.filled].iter().rev().fold(0.0, tail);
        Some(sum.mul_add(self.share, value))
    }

    /// Takes one value; the window's sum of differences from `shift` once there are `period` values.
    #[inline]
    fn advance(&mut self, value: f64) -> Option<f64> {
        let is_full = self.is_full();
        if is_full {
            self.slots[self.filled] = value;
        } else {
            self.slots.push(value);
        }
        self.filled += 1;
        if self.filled == self.period {
            self.turn();
            return Some(self.slots[0]);
        }
        self.head += value - self.shift;
        is_full.then(|| self.slots[self.filled] + self.head)
    }

    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        self.shift = self.slots[self.filled - 1];
        let mut sum = 0.0;
        for slot in self.slots.iter_mut().rev() {
            sum += *slot - self.shift;
            *slot = sum;
        }
        (self.filled, self.head) = (0, 0.0);
    }

    #[inline]
    fn mean(&self, sum: f64) -> f64 {
        sum.mul_add(self.share, self.shift)
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`.
    ///
    /// Where a whole block lies ahead, its head and tail sums are independent chains of additions that run side by
    /// side, and means are taken from sums in a pass of their own that vectorises.
    pub fn batch(&mut self, values: &[f64], means: &mut [f64]) {
        let period = self.period;
        let mut row = 0;
        while row < values.len() {
            if self.filled == 0 && self.is_full() && values.len() - row >= period {
                self.whole_block(&values[row..row + period], &mut means[row..row + period]);
                row += period;
            } else {
                means[row] = self.update(values[row]).unwrap_or(f64::NAN);
                row += 1;
            }
        }
    }

    fn whole_block(&mut self, values: &[f64], means: &mut [f64]) {
        let period = values.len();
        let last = period - 1;
        let (shift, next_shift) = (self.shift, values[last]);
        means[..last].copy_from_slice(&self.slots[1..]);
        let (mut head, mut tail) = (0.0, 0.0);
        let backwards = self.slots.iter_mut().zip(values).rev();
        for ((sum, value), (slot, late)) in means.iter_mut().zip(values).zip(backwards) {
            head += value - shift;
            *sum += head;
            tail += late - next_shift;
            *slot = tail;
        }
        for sum in &mut means[..last] {
            *sum = sum.mul_add(self.share, shift);
        }
        self.shift = next_shift;
        means[last] = self.mean(tail);
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize) -> bool {
        let (values, tails) = self.slots.split_at(self.filled.min(self.slots.len()));
        let mut values = values.iter().chain([&self.shift]);
        let mut sums = tails.iter().chain([&self.head]);
        let most = ROUNDING * FARTHEST * period as f64;
        self.period == period
            && self.filled < period
            && (self.is_full() || self.slots.len() == self.filled)
            && self.share.to_bits() == (1.0 / period as f64).to_bits()
            && values.all(|value| is_input(*value))
            && sums.all(|sum| sum.abs() <= most)
    }
}

/// Mean and population deviation of the last `period` values; the mean has the bits of [`BlockMean`].
#[derive(Serialize, Deserialize)]
pub struct BlockMoments {
    means: BlockMean,
    /// Squared differences, summed as the tails of `means` are; empty until a block has been full.
    #[serde(with = "list")]
    tails: Vec<f64>,
    /// Squared differences, summed as `means.head` is.
    head: f64,
}

impl BlockMoments {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { means: BlockMean::new(period), tails: Vec::new(), head: 0.0 }
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { means: self.means.copy()?, tails: memory::copied(&self.tails)?, head: self.head })
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        if self.means.is_full() {
            return Ok(());
        }
        self.means.reserve(rows)?;
        // As many tails as there are values, but all at once, when the block is full.
        memory::reserve_exact(&mut self.tails, self.means.slots.capacity().min(self.means.period))
    }

    /// Takes one value, for which there is room; the mean and the deviation once there are `period`.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<(f64, f64)> {
        if self.means.filled + 1 == self.means.period {
            self.turn(value);
        } else {
            let difference = value - self.means.shift;
            self.head = difference.mul_add(difference, self.head);
        }
        let sum = self.means.advance(value)?;
        let squares = self.tails[self.means.filled] + self.head;
        Some(moments(sum, squares, self.means.shift, self.means.share))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, value: f64) -> Option<(f64, f64)> {
        let means = &self.means;
        if means.filled + 1 == means.period {
            let tail = |(sum, squares): (f64, f64), earlier: &f64| {
                let difference = earlier - value;
                (sum + difference, difference.mul_add(difference, squares))
            };
            let (sum, squares) = means.slots[..means.filled].iter().rev().fold((0.0, 0.0), tail);
            return Some(moments(sum, squares, value, means.share));
        }
        let difference = value - means.shift;
        let head = difference.mul_add(difference, self.head);
        means.is_full().then(|| {
            let sum = means.slots[means.filled + 1] + (means.head + difference);
            moments(sum, self.tails[means.filled + 1] + head, means.shift, means.share)
        })
    }

    /// Takes the squares of the block that `last` fills, whose values are about to make room for their tails.
    fn turn(&mut self, last: f64) {
        self.tails.resize(self.means.period, 0.0);
        self.tails[self.means.filled] = 0.0;
        let mut sum = 0.0;
        for (tail, value) in self.tails.iter_mut().zip(&self.means.slots[..self.means.filled]).rev() {
            let difference = value - last;
            sum = difference.mul_add(difference, sum);
            *tail = sum;
        }
        self.head = 0.0;
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`; as
    /// [`BlockMean::batch`] does it.
    pub fn batch(&mut self, values: &[f64], means: &mut [f64], deviations: &mut [f64]) {
        let period = self.means.period;
        let mut row = 0;
        while row < values.len() {
            if self.means.filled == 0 && self.means.is_full() && values.len() - row >= period {
                let rows = row..row + period;
                self.whole_block(&values[rows.clone()], &mut means[rows.clone()], &mut deviations[rows]);
                row += period;
            } else {
                (means[row], deviations[row]) = self.update(values[row]).unwrap_or((f64::NAN, f64::NAN));
                row += 1;
            }
        }
    }

    fn whole_block(&mut self, values: &[f64], means: &mut [f64], deviations: &mut [f64]) {
        let last = values.len() - 1;
        let (shift, next_shift, share) = (self.means.shift, values[last], self.means.share);
        means[..last].copy_from_slice(&self.means.slots[1..]);
        deviations[..last].copy_from_slice(&self.tails[1..]);
        let (mut head, mut tail, mut head_squares, mut tail_squares) = (0.0, 0.0, 0.0, 0.0);
        let forwards = means.iter_mut().zip(deviations.iter_mut()).zip(values);
        let backwards = self.means.slots.iter_mut().zip(&mut self.tails).zip(values).rev();
        for (((sum, squares), value), ((slot, slot_squares), late)) in forwards.zip(backwards) {
            let difference = value - shift;
            head += difference;
            *sum += head;
            head_squares = difference.mul_add(difference, head_squares);
            *squares += head_squares;
            let difference = late - next_shift;
            tail += difference;
            *slot = tail;
            tail_squares = difference.mul_add(difference, tail_squares);
            *slot_squares = tail_squares;
        }
        for (mean, deviation) in means[..last].iter_mut().zip(&mut deviations[..last]) {
            (*mean, *deviation) = moments(*mean, *deviation, shift, share);
        }
        self.means.shift = next_shift;
        (means[last], deviations[last]) = moments(tail, tail_squares, next_shift, share);
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize) -> bool {
        let mut squares = self.tails.iter().chain([&self.head]);
        let most = ROUNDING * FARTHEST * FARTHEST * period as f64;
        self.means.is_sound(period)
            && self.tails.len() == if self.means.is_full() { period } else { 0 }
            && squares.all(|square| (0.0..=most).contains(square))
    }
}

/// Mean and deviation from sums of differences from `shift` and of their squares.
#[inline]
fn moments(sum: f64, squares: f64, shift: f64, share: f64) -> (f64, f64) {
    let variance = (-sum).mul_add(sum * share, squares).max(0.0) * share;
    (sum.mul_add(share, shift), variance.sqrt())
}
