//! The highest or the lowest of the last rows, at the same cost however many they are.
//!
//! Rows are divided in blocks as long as the window (van Herk 1992, Gil and Werman 1993): a window is the tail of one
//! block and the head of the next, and the extreme of the two is that of the window. Extremes are values, so nothing rounds.

use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use crate::payload::{State, list};

/// The greatest or the least of the last `period` values.
#[derive(Clone, Copy, Debug)]
pub struct Extremes {
    period: usize,
    /// 1 for the greatest; -1 for the least, which is the greatest with its sign turned.
    sign: f64,
}

/// What an [`Extremes`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct ExtremesState {
    /// The values of the block under way, `filled` of them; behind them, once a block has been full, the extreme from
    /// each row of the earlier block to its end.
    #[serde(with = "list")]
    slots: Vec<f64>,
    filled: usize,
    /// The extreme of the block under way; anything while it is empty.
    head: f64,
}

impl State for ExtremesState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { slots: memory::copied(&self.slots)?, ..*self })
    }
}

impl Extremes {
    /// The greatest of the last `period` values.
    #[must_use]
    pub fn greatest(period: usize) -> Self {
        Self { period, sign: 1.0 }
    }

    /// The least of the last `period` values.
    #[must_use]
    pub fn least(period: usize) -> Self {
        Self { period, sign: -1.0 }
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut ExtremesState, rows: usize) -> Result<()> {
        let missing = self.period - state.slots.len();
        if missing == 0 {
            return Ok(());
        }
        memory::reserve_up_to(&mut state.slots, rows.min(missing), self.period)
    }

    /// Takes one value, for which there is room; the extreme once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut ExtremesState, value: f64) -> Option<f64> {
        let value = self.sign * value;
        let is_full = state.slots.len() == self.period;
        if is_full {
            state.slots[state.filled] = value;
        } else {
            state.slots.push(value);
        }
        state.head = if state.filled == 0 { value } else { state.head.max(value) };
        state.filled += 1;
        if state.filled == self.period {
            state.turn();
            return Some(self.sign * state.slots[0]);
        }
        is_full.then(|| self.sign * state.slots[state.filled].max(state.head))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &ExtremesState, value: f64) -> Option<f64> {
        let value = self.sign * value;
        let head = if state.filled == 0 { value } else { state.head.max(value) };
        if state.filled + 1 == self.period {
            return Some(self.sign * head);
        }
        (state.slots.len() == self.period).then(|| self.sign * state.slots[state.filled + 1].max(head))
    }

    /// Whether values up to `largest` in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &ExtremesState, largest: f64) -> bool {
        let is_full = state.slots.len() == self.period;
        state.filled < self.period
            && (is_full || state.slots.len() == state.filled)
            && state.slots.iter().chain([&state.head]).all(|value| value.abs() <= largest)
    }
}

impl ExtremesState {
    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        let mut extreme = f64::NEG_INFINITY;
        for slot in self.slots.iter_mut().rev() {
            extreme = extreme.max(*slot);
            *slot = extreme;
        }
        self.filled = 0;
    }
}
