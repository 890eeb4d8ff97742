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
use crate::payload::{State, list};

/// How far two values can lie apart.
const FARTHEST: f64 = 2.0 * LARGEST_INPUT;

/// Mean of the last `period` values.
#[derive(Clone, Copy, Debug)]
pub struct BlockMean {
    period: usize,
    /// One value's part of a mean.
    share: f64,
}

/// What a [`BlockMean`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct BlockMeanState {
    /// The values of the block under way, `filled` of them; behind them, once a block has been full, differences from
    /// `shift`, summed from each row of the earlier block to its end.
    #[serde(with = "list")]
    slots: Vec<f64>,
    filled: usize,
    /// The last value of the earlier block.
    shift: f64,
    /// Differences from `shift`, summed over the block under way; 0 while there is no earlier one.
    head: f64,
}

impl State for BlockMeanState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { slots: memory::copied(&self.slots)?, ..*self })
    }
}

impl BlockMean {
    /// The mean over a window of `period` rows.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period, share: 1.0 / period as f64 }
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut BlockMeanState, rows: usize) -> Result<()> {
        if self.is_full(state) {
            return Ok(());
        }
        let missing = self.period - state.slots.len();
        memory::reserve_up_to(&mut state.slots, rows.min(missing), self.period)
    }

    /// Whether a block has been full.
    #[inline]
    fn is_full(&self, state: &BlockMeanState) -> bool {
        state.slots.len() == self.period
    }

    /// Takes one value, for which there is room; the mean once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut BlockMeanState, value: f64) -> Option<f64> {
        let sum = self.advance(state, value)?;
        Some(self.mean(state, sum))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &BlockMeanState, value: f64) -> Option<f64> {
        if state.filled + 1 < self.period {
            let head = state.head + (value - state.shift);
            return self.is_full(state).then(|| self.mean(state, state.slots[state.filled + 1] + head));
        }
        let tail = |sum, earlier: &f64| sum + (earlier - value);
        let sum = state.slots[..state.filled].iter().rev().fold(0.0, tail);
        Some(sum.mul_add(self.share, value))
    }

    /// What the last of `rows` rows was answered, from its window alone: the same bits. The window is given in both orders,
    /// and is not looked at a second time in one of them.
    #[inline]
    pub(super) fn of_window(
        &self,
        newest_first: impl Iterator<Item = f64>,
        oldest_first: impl Iterator<Item = f64>,
        rows: u64,
    ) -> f64 {
        let filled = (rows % self.period as u64) as usize;
        let mut earlier = newest_first.skip(filled);
        let shift = earlier.next().unwrap_or(f64::NAN);
        let sum = |sum: f64, value: f64| sum + (value - shift);
        let tail = earlier.fold(0.0, sum);
        let head = oldest_first.skip(self.period - filled).fold(0.0, sum);
        (tail + head).mul_add(self.share, shift)
    }

    /// Takes one value; the window's sum of differences from `shift` once there are `period` values.
    #[inline]
    fn advance(&self, state: &mut BlockMeanState, value: f64) -> Option<f64> {
        let is_full = self.is_full(state);
        if is_full {
            state.slots[state.filled] = value;
        } else {
            state.slots.push(value);
        }
        state.filled += 1;
        if state.filled == self.period {
            state.turn();
            return Some(state.slots[0]);
        }
        if !is_full {
            return None;
        }
        state.head += value - state.shift;
        Some(state.slots[state.filled] + state.head)
    }

    #[inline]
    fn mean(&self, state: &BlockMeanState, sum: f64) -> f64 {
        sum.mul_add(self.share, state.shift)
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`.
    ///
    /// Where a whole block lies ahead, its head and tail sums are independent chains of additions that run side by
    /// side. Means are taken from sums in a pass of their own that vectorises.
    pub fn batch(&self, state: &mut BlockMeanState, values: &[f64], means: &mut [f64]) {
        let mut row = 0;
        while row < values.len() {
            let ahead = state.ahead(self.period, values.len() - row);
            let rows = row..row + ahead;
            let (values, means) = (&values[rows.clone()], &mut means[rows]);
            if !self.is_full(state) {
                state.slots.extend_from_slice(values);
                means.fill(f64::NAN);
                if let Some(last) = self.filled(state, ahead) {
                    means[ahead - 1] = last;
                }
            } else if ahead == self.period {
                self.whole_block(state, values, means);
            } else {
                state.part_of_a_head(values, means);
                let shift = state.shift;
                means.iter_mut().for_each(|sum| *sum = sum.mul_add(self.share, shift));
                if let Some(last) = self.filled(state, ahead) {
                    means[ahead - 1] = last;
                }
            }
            row += ahead;
        }
    }

    /// Counts values that lie in their slots; the last mean where they fill the block.
    fn filled(&self, state: &mut BlockMeanState, values: usize) -> Option<f64> {
        state.filled += values;
        (state.filled == self.period).then(|| {
            state.turn();
            self.mean(state, state.slots[0])
        })
    }

    fn whole_block(&self, state: &mut BlockMeanState, values: &[f64], means: &mut [f64]) {
        let last = values.len() - 1;
        let (shift, next_shift) = (state.shift, values[last]);
        means[..last].copy_from_slice(&state.slots[1..]);
        let (mut head, mut tail) = (0.0, 0.0);
        let backwards = state.slots.iter_mut().zip(values).rev();
        for ((sum, value), (slot, late)) in means.iter_mut().zip(values).zip(backwards) {
            head += value - shift;
            *sum += head;
            tail += late - next_shift;
            *slot = tail;
        }
        for sum in &mut means[..last] {
            *sum = sum.mul_add(self.share, shift);
        }
        state.shift = next_shift;
        means[last] = self.mean(state, tail);
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &BlockMeanState) -> bool {
        let (values, tails) = state.slots.split_at(state.filled.min(state.slots.len()));
        let mut values = values.iter().chain([&state.shift]);
        let mut sums = tails.iter().chain([&state.head]);
        let most = ROUNDING * FARTHEST * self.period as f64;
        state.filled < self.period
            && (self.is_full(state) || state.slots.len() == state.filled)
            && values.all(|value| value.abs() <= LARGEST_INPUT)
            && sums.all(|sum| sum.abs() <= most)
    }
}

impl BlockMeanState {
    /// How many of `rows` values go into the block under way.
    fn ahead(&self, period: usize, rows: usize) -> usize {
        rows.min(period - self.filled)
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

    /// Puts values into the block under way, and into `sums` the windows' sums of differences from `shift`; but for the
    /// last, if it fills the block, as that sum needs the block's own tails.
    fn part_of_a_head(&mut self, values: &[f64], sums: &mut [f64]) {
        let (shift, mut head) = (self.shift, self.head);
        let tails = self.slots.len() - self.filled - 1;
        let known = values.len().min(tails);
        sums[..known].copy_from_slice(&self.slots[self.filled + 1..][..known]);
        for (sum, value) in sums[..known].iter_mut().zip(values) {
            head += value - shift;
            *sum += head;
        }
        self.slots[self.filled..][..values.len()].copy_from_slice(values);
        self.head = head;
    }
}

/// Mean and population deviation of the last `period` values; the mean has the bits of [`BlockMean`].
#[derive(Clone, Copy, Debug)]
pub struct BlockMoments {
    means: BlockMean,
}

/// What a [`BlockMoments`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct BlockMomentsState {
    means: BlockMeanState,
    /// Squared differences, summed as the tails of `means` are; empty until a block has been full.
    #[serde(with = "list")]
    tails: Vec<f64>,
    /// Squared differences, summed as `means.head` is.
    head: f64,
}

impl State for BlockMomentsState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { means: self.means.copy()?, tails: memory::copied(&self.tails)?, head: self.head })
    }
}

impl BlockMoments {
    /// Mean and deviation over a window of `period` rows.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { means: BlockMean::new(period) }
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut BlockMomentsState, rows: usize) -> Result<()> {
        if self.means.is_full(&state.means) {
            return Ok(());
        }
        self.means.reserve(&mut state.means, rows)?;
        // As many tails as there are values, but all at once, when the block is full.
        memory::reserve_exact(&mut state.tails, state.means.slots.capacity().min(self.means.period))
    }

    /// Takes one value, for which there is room; the mean and the deviation once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut BlockMomentsState, value: f64) -> Option<(f64, f64)> {
        if state.means.filled + 1 == self.means.period {
            self.turn(state, value);
        } else if self.means.is_full(&state.means) {
            let difference = value - state.means.shift;
            state.head = difference.mul_add(difference, state.head);
        }
        let sum = self.means.advance(&mut state.means, value)?;
        let squares = state.tails[state.means.filled] + state.head;
        Some(moments(sum, squares, state.means.shift, self.means.share))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &BlockMomentsState, value: f64) -> Option<(f64, f64)> {
        let (means, share) = (&state.means, self.means.share);
        if means.filled + 1 == self.means.period {
            let tail = |(sum, squares): (f64, f64), earlier: &f64| {
                let difference = earlier - value;
                (sum + difference, difference.mul_add(difference, squares))
            };
            let (sum, squares) = means.slots[..means.filled].iter().rev().fold((0.0, 0.0), tail);
            return Some(moments(sum, squares, value, share));
        }
        let difference = value - means.shift;
        let head = difference.mul_add(difference, state.head);
        self.means.is_full(means).then(|| {
            let sum = means.slots[means.filled + 1] + (means.head + difference);
            moments(sum, state.tails[means.filled + 1] + head, means.shift, share)
        })
    }

    /// Takes the squares of the block that `last` fills, whose values are about to make room for their tails.
    fn turn(&self, state: &mut BlockMomentsState, last: f64) {
        state.tails.resize(self.means.period, 0.0);
        state.tails[state.means.filled] = 0.0;
        let mut sum = 0.0;
        for (tail, value) in state.tails.iter_mut().zip(&state.means.slots[..state.means.filled]).rev() {
            let difference = value - last;
            sum = difference.mul_add(difference, sum);
            *tail = sum;
        }
        state.head = 0.0;
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`; as
    /// [`BlockMean::batch`] does it.
    pub fn batch(
        &self,
        state: &mut BlockMomentsState,
        values: &[f64],
        means: &mut [f64],
        deviations: &mut [f64],
    ) {
        let period = self.means.period;
        let mut row = 0;
        while row < values.len() {
            let ahead = state.means.ahead(period, values.len() - row);
            let is_full = self.means.is_full(&state.means);
            // The row that fills a block is one by itself: it needs the tails of its own block.
            let (rows, last) = if is_full && ahead == period {
                (ahead, None)
            } else if state.means.filled + ahead == period {
                (ahead - 1, values.get(row + ahead - 1))
            } else {
                (ahead, None)
            };
            let (from, to) = (row, row + rows);
            let (values, means_of, deviations_of) =
                (&values[from..to], &mut means[from..to], &mut deviations[from..to]);
            if !is_full {
                state.means.slots.extend_from_slice(values);
                state.means.filled += rows;
                means_of.fill(f64::NAN);
                deviations_of.fill(f64::NAN);
            } else if rows == period {
                self.whole_block(state, values, means_of, deviations_of);
            } else {
                self.part_of_a_block(state, values, means_of, deviations_of);
            }
            if let Some(last) = last {
                (means[to], deviations[to]) = self.update(state, *last).unwrap_or((f64::NAN, f64::NAN));
            }
            row += ahead;
        }
    }

    /// Rows that do not fill the block under way.
    fn part_of_a_block(
        &self,
        state: &mut BlockMomentsState,
        values: &[f64],
        means: &mut [f64],
        deviations: &mut [f64],
    ) {
        let (shift, share, filled) = (state.means.shift, self.means.share, state.means.filled);
        deviations.copy_from_slice(&state.tails[filled + 1..][..values.len()]);
        let mut head = state.head;
        for (squares, value) in deviations.iter_mut().zip(values) {
            let difference = value - shift;
            head = difference.mul_add(difference, head);
            *squares += head;
        }
        state.head = head;
        state.means.part_of_a_head(values, means);
        state.means.filled += values.len();
        for (mean, deviation) in means.iter_mut().zip(deviations) {
            (*mean, *deviation) = moments(*mean, *deviation, shift, share);
        }
    }

    fn whole_block(
        &self,
        state: &mut BlockMomentsState,
        values: &[f64],
        means: &mut [f64],
        deviations: &mut [f64],
    ) {
        let last = values.len() - 1;
        let (shift, next_shift, share) = (state.means.shift, values[last], self.means.share);
        means[..last].copy_from_slice(&state.means.slots[1..]);
        deviations[..last].copy_from_slice(&state.tails[1..]);
        let (mut head, mut tail, mut head_squares, mut tail_squares) = (0.0, 0.0, 0.0, 0.0);
        let forwards = means.iter_mut().zip(deviations.iter_mut()).zip(values);
        let backwards = state.means.slots.iter_mut().zip(&mut state.tails).zip(values).rev();
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
        state.means.shift = next_shift;
        (means[last], deviations[last]) = moments(tail, tail_squares, next_shift, share);
    }

    /// Whether values can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &BlockMomentsState) -> bool {
        let mut squares = state.tails.iter().chain([&state.head]);
        let most = ROUNDING * FARTHEST * FARTHEST * self.means.period as f64;
        let tails = if self.means.is_full(&state.means) { self.means.period } else { 0 };
        let values = &state.means.slots[..state.means.filled.min(state.means.slots.len())];
        self.means.is_sound(&state.means)
            && values.iter().chain([&state.means.shift]).all(|value| is_input(*value))
            && state.tails.len() == tails
            && squares.all(|square| (0.0..=most).contains(square))
    }
}

/// Mean and deviation from sums of differences from `shift` and of their squares.
#[inline]
fn moments(sum: f64, squares: f64, shift: f64, share: f64) -> (f64, f64) {
    let variance = (-sum).mul_add(sum * share, squares).max(0.0) * share;
    (sum.mul_add(share, shift), variance.sqrt())
}
