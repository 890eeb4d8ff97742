//! The greatest move since the previous close.

use omega_contract::bounds::is_input;
use serde::{Deserialize, Serialize};

/// True range: the bar's height, or its reach from the previous close where that is farther.
///
/// Wilder, New Concepts in Technical Trading Systems, 1978.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TrueRange {
    previous_close: Option<f64>,
}

impl TrueRange {
    /// Before the first bar.
    #[must_use]
    pub fn new() -> Self {
        Self { previous_close: None }
    }

    /// Takes one bar; `None` for the first, which has no previous close.
    #[inline]
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        let previous = self.previous_close.replace(close);
        previous.map(|previous| true_range(high, low, previous))
    }

    /// Whether a bar was taken.
    #[must_use]
    pub fn has_close(&self) -> bool {
        self.previous_close.is_some()
    }

    /// Whether bars can lead to this state.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.previous_close.is_none_or(is_input)
    }
}

impl Default for TrueRange {
    fn default() -> Self {
        Self::new()
    }
}

/// True range of a bar after a close.
#[inline]
#[must_use]
pub fn true_range(high: f64, low: f64, previous_close: f64) -> f64 {
    (high - low).max((high - previous_close).abs()).max((low - previous_close).abs())
}
