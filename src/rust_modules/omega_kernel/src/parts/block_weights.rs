//! Linearly weighted mean of the last rows, without drift.
//!
//! Blocks as in the plain mean: the window is the tail of one block and the head of the next. In a tail the oldest value
//! weighs 1 and each later one 1 more, so the weighted sum from a row on is that from the next row on, and the plain
//! sum once. In a head of `k` of `n` rows, row `i` weighs `n - k + i`: the plain sum `n - k` times, and the sum of `i` times row `i`.
//! All sums are over differences from the last value of the earlier block, and none is ever subtracted from.

use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::ROUNDING;
use crate::payload::{State, list};

/// Mean of the last `period` values, the newest of which weighs `period`, and the oldest 1.
#[derive(Clone, Copy, Debug)]
pub struct BlockWeights {
    period: usize,
    /// The part of a value that weighs 1.
    share: f64,
}

/// What a [`BlockWeights`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct BlockWeightsState {
    /// The values of the block under way, `filled` of them; behind them, once a block has been full, the weighted sums of
    /// its differences from `shift`, from each row to its end.
    #[serde(with = "list")]
    slots: Vec<f64>,
    filled: usize,
    /// The last value of the earlier block.
    shift: f64,
    /// The plain and the weighted sum of the differences in the block under way.
    head: f64,
    ranked: f64,
}

impl State for BlockWeightsState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { slots: memory::copied(&self.slots)?, ..*self })
    }
}

impl BlockWeights {
    /// The weighted mean over a window of `period` rows.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let n = period as f64;
        Self { period, share: 2.0 / (n * (n + 1.0)) }
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut BlockWeightsState, rows: usize) -> Result<()> {
        let missing = self.period - state.slots.len();
        if missing == 0 {
            return Ok(());
        }
        memory::reserve_up_to(&mut state.slots, rows.min(missing), self.period)
    }

    /// Takes one value, for which there is room; the mean once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut BlockWeightsState, value: f64) -> Option<f64> {
        let is_full = state.slots.len() == self.period;
        if is_full {
            state.slots[state.filled] = value;
        } else {
            state.slots.push(value);
        }
        state.filled += 1;
        if state.filled == self.period {
            state.turn();
            return Some(state.slots[0].mul_add(self.share, state.shift));
        }
        if !is_full {
            return None;
        }
        let difference = value - state.shift;
        state.head += difference;
        state.ranked = difference.mul_add(state.filled as f64, state.ranked);
        let head = state.head.mul_add((self.period - state.filled) as f64, state.ranked);
        Some((state.slots[state.filled] + head).mul_add(self.share, state.shift))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &BlockWeightsState, value: f64) -> Option<f64> {
        let filled = state.filled + 1;
        if filled == self.period {
            let from_the_end = state.slots[..state.filled].iter().rev();
            let (_, ranked) = from_the_end.fold((0.0, 0.0), |(sum, ranked), slot| {
                let sum = sum + (slot - value);
                (sum, ranked + sum)
            });
            return Some(ranked.mul_add(self.share, value));
        }
        if state.slots.len() < self.period {
            return None;
        }
        let difference = value - state.shift;
        let ranked = difference.mul_add(filled as f64, state.ranked);
        let head = (state.head + difference).mul_add((self.period - filled) as f64, ranked);
        Some((state.slots[filled] + head).mul_add(self.share, state.shift))
    }

    /// What the last of `rows` rows was answered, from its window alone: the same bits. The window is given in both orders.
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
        let (mut sum, mut tail) = (0.0, 0.0);
        for value in earlier {
            sum += value - shift;
            tail += sum;
        }
        let (mut head, mut ranked) = (0.0, 0.0);
        for (rank, value) in (1..).zip(oldest_first.skip(self.period - filled)) {
            let difference = value - shift;
            head += difference;
            ranked = difference.mul_add(f64::from(rank), ranked);
        }
        let head = head.mul_add((self.period - filled) as f64, ranked);
        (tail + head).mul_add(self.share, shift)
    }

    /// Whether values up to [`LARGEST_INPUT`] can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &BlockWeightsState) -> bool {
        let n = self.period as f64;
        let most = 2.0 * ROUNDING * LARGEST_INPUT * n * n;
        let (values, tails) = state.slots.split_at(state.filled.min(state.slots.len()));
        state.filled < self.period
            && (state.slots.len() == self.period || state.slots.len() == state.filled)
            && values.iter().chain([&state.shift]).all(|value| value.abs() <= LARGEST_INPUT)
            && tails.iter().chain([&state.head, &state.ranked]).all(|sum| sum.abs() <= most)
    }
}

impl BlockWeightsState {
    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        self.shift = self.slots[self.filled - 1];
        let (mut sum, mut ranked) = (0.0, 0.0);
        for slot in self.slots.iter_mut().rev() {
            sum += *slot - self.shift;
            ranked += sum;
            *slot = ranked;
        }
        (self.filled, self.head, self.ranked) = (0, 0.0, 0.0);
    }
}
