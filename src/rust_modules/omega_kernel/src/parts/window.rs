//! The last rows themselves, and the row so many rows ago.

use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use crate::payload::{State, list};

/// The last `period` values, for what has no shorter summary: mean deviation, medians, weights of one's own.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    period: usize,
}

/// What a [`Window`] remembers: a ring, which grows with its rows until it is full.
#[derive(Default, Serialize, Deserialize)]
pub struct WindowState {
    #[serde(with = "list")]
    values: Vec<f64>,
    /// Where the oldest value of a full ring lies, and where the next will lie.
    next: usize,
}

impl State for WindowState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { values: memory::copied(&self.values)?, next: self.next })
    }
}

impl Window {
    /// The last `period` values, at least one.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period }
    }

    /// Memory for `rows` values more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut WindowState, rows: usize) -> Result<()> {
        let missing = self.period - state.values.len();
        if missing == 0 {
            return Ok(());
        }
        memory::reserve_up_to(&mut state.values, rows.min(missing), self.period)
    }

    /// Takes one value, for which there is room; the value that it drives out of a full window.
    #[inline]
    pub fn push(&self, state: &mut WindowState, value: f64) -> Option<f64> {
        if state.values.len() < self.period {
            state.values.push(value);
            return None;
        }
        let gone = std::mem::replace(&mut state.values[state.next], value);
        state.next += 1;
        if state.next == self.period {
            state.next = 0;
        }
        Some(gone)
    }

    /// Takes consecutive values, for which there is room.
    pub fn extend(&self, state: &mut WindowState, values: &[f64]) {
        if values.len() < self.period {
            for value in values {
                self.push(state, *value);
            }
            return;
        }
        state.values.clear();
        state.values.extend_from_slice(&values[values.len() - self.period..]);
        state.next = 0;
    }

    /// Whether there are `period` values.
    #[inline]
    #[must_use]
    pub fn is_full(&self, state: &WindowState) -> bool {
        state.values.len() == self.period
    }

    /// Whether values up to `largest` in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &WindowState, largest: f64) -> bool {
        let next = if self.is_full(state) { self.period } else { 1 };
        state.values.len() <= self.period
            && state.next < next
            && state.values.iter().all(|value| value.abs() <= largest)
    }
}

impl WindowState {
    /// The oldest value.
    #[inline]
    #[must_use]
    pub fn oldest(&self) -> Option<f64> {
        self.values.get(self.next).copied()
    }

    /// All values in any order, where none matters: each once.
    #[inline]
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All values in two parts, either of which may be empty: the older ones and the later ones, each with the oldest first.
    #[inline]
    #[must_use]
    pub fn parts(&self) -> (&[f64], &[f64]) {
        let (late, early) = self.values.split_at(self.next);
        (early, late)
    }

    /// All values, the oldest first.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = f64> + Clone {
        let (early, late) = self.parts();
        early.iter().chain(late).copied()
    }
}

/// The value of so many rows ago, for momentum and rates of change.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    window: Window,
}

impl Lag {
    /// The value of `rows` rows ago, at least one.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self { window: Window::new(rows) }
    }

    /// Memory for `rows` values more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut WindowState, rows: usize) -> Result<()> {
        self.window.reserve(state, rows)
    }

    /// Takes one value; the one of so many rows before it, once there is one.
    #[inline]
    pub fn update(&self, state: &mut WindowState, value: f64) -> Option<f64> {
        self.window.push(state, value)
    }

    /// What `update` would answer, whatever the value.
    #[must_use]
    pub fn peek(&self, state: &WindowState) -> Option<f64> {
        if self.window.is_full(state) { state.oldest() } else { None }
    }

    /// Whether values up to `largest` in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &WindowState, largest: f64) -> bool {
        self.window.is_sound(state, largest)
    }
}
