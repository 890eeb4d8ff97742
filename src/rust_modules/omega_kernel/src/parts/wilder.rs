//! Wilder's smoothing (New Concepts in Technical Trading Systems, 1978).

use serde::{Deserialize, Serialize};

use super::ROUNDING;
use super::fading::kept;

/// Wilder's average with weight `1 / period`, seeded with the mean of the first `period` values.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Wilder {
    period: usize,
    /// Values taken, up to `period`.
    taken: usize,
    /// The sum of the values while they are fewer than `period`, then the average.
    value: f64,
    weight: f64,
    keep: f64,
}

impl Wilder {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let n = period as f64;
        Self { period, taken: 0, value: 0.0, weight: 1.0 / n, keep: (n - 1.0) / n }
    }

    /// Takes one value; the average once there are `period`.
    #[inline]
    pub fn update(&mut self, value: f64) -> Option<f64> {
        if self.taken == self.period {
            return Some(self.step(value));
        }
        self.taken += 1;
        self.value += value;
        if self.taken < self.period {
            return None;
        }
        self.value /= self.period as f64;
        Some(self.value)
    }

    /// [`update`](Self::update) once it is seeded.
    #[inline]
    pub fn step(&mut self, value: f64) -> f64 {
        self.value = self.value.mul_add(self.keep, value * self.weight);
        self.value
    }

    /// Starts from 0 again if next to nothing is left.
    pub fn forget(&mut self) {
        self.value = kept(self.value);
    }

    /// The average so far, or the sum while it is not seeded.
    #[inline]
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether the next value gives an average by one step.
    #[inline]
    #[must_use]
    pub fn is_seeded(&self) -> bool {
        self.taken == self.period
    }

    /// How many values were taken, counted up to `period`.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether values from zero to `largest` can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize, largest: f64) -> bool {
        let summed = if self.taken == period { 1 } else { self.taken };
        let most = ROUNDING * largest * summed as f64;
        let fresh = Self::new(period);
        self.period == period
            && self.taken <= period
            && (0.0..=most).contains(&self.value)
            && self.weight.to_bits() == fresh.weight.to_bits()
            && self.keep.to_bits() == fresh.keep.to_bits()
    }
}

/// Wilder's running sums of two series: totals of the first values, then `total - total / period + value`.
///
/// How long the plain totals run is the caller's to say; Wilder's directional movement and TA-Lib differ there.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct WilderSums {
    /// Side by side, so that one vector step serves both.
    values: [f64; 2],
    keep: f64,
}

impl WilderSums {
    /// Totals of nothing.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let n = period as f64;
        Self { values: [0.0; 2], keep: (n - 1.0) / n }
    }

    /// Adds to the plain totals.
    #[inline]
    pub fn add(&mut self, [first, second]: [f64; 2]) {
        self.values = [self.values[0] + first, self.values[1] + second];
    }

    /// Lets a share of `1 / period` go and adds.
    #[inline]
    pub fn update(&mut self, [first, second]: [f64; 2]) -> [f64; 2] {
        self.values = [self.values[0].mul_add(self.keep, first), self.values[1].mul_add(self.keep, second)];
        self.values
    }

    /// Starts from 0 again where next to nothing is left.
    pub fn forget(&mut self) {
        self.values = [kept(self.values[0]), kept(self.values[1])];
    }

    /// Whether values from zero to `largest` can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize, largest: f64) -> bool {
        let most = ROUNDING * largest * period as f64;
        self.keep.to_bits() == Self::new(period).keep.to_bits()
            && self.values.iter().all(|value| (0.0..=most).contains(value))
    }
}
