//! Exponential moving average, seeded as TA-Lib does.

use serde::{Deserialize, Serialize};

use super::ROUNDING;
use super::fading::{is_faded, kept};

/// Exponential moving average with weight `2 / (period + 1)`, seeded with the mean of the first `period` values.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Ema {
    period: usize,
    /// Values taken, up to `period`.
    taken: usize,
    /// The sum of the values while they are fewer than `period`, then the average.
    value: f64,
    weight: f64,
    keep: f64,
}

impl Ema {
    /// Before the first value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let weight = 2.0 / (period as f64 + 1.0);
        Self { period, taken: 0, value: 0.0, weight, keep: 1.0 - weight }
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

    /// [`update`](Self::update) once it is seeded: one fused step, so that a row costs one multiply-add of latency.
    #[inline]
    pub fn step(&mut self, value: f64) -> f64 {
        self.value = self.value.mul_add(self.keep, value * self.weight);
        self.value
    }

    /// Whether next to nothing is left.
    #[must_use]
    pub fn is_faded(&self) -> bool {
        is_faded(self.value)
    }

    /// Starts from 0 again if next to nothing is left.
    pub fn forget(&mut self) {
        self.value = kept(self.value);
    }

    /// Whether the next value gives an average by one step.
    #[inline]
    #[must_use]
    pub fn is_seeded(&self) -> bool {
        self.taken == self.period
    }

    /// [`update`](Self::update) for consecutive values, NaN while there are fewer than `period`.
    pub fn batch(&mut self, values: &[f64], averages: &mut [f64]) {
        let unseeded = (self.period - self.taken).min(values.len());
        let (seeding, values) = values.split_at(unseeded);
        let (seeded, averages) = averages.split_at_mut(unseeded);
        for (value, average) in seeding.iter().zip(seeded) {
            *average = self.update(*value).unwrap_or(f64::NAN);
        }
        for (value, average) in values.iter().zip(averages) {
            *average = self.step(*value);
        }
    }

    /// How many values were taken, counted up to `period`.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether values up to `largest` in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, period: usize, largest: f64) -> bool {
        let summed = if self.taken == period { 1 } else { self.taken };
        let fresh = Self::new(period);
        self.period == period
            && self.taken <= period
            && self.value.abs() <= ROUNDING * largest * summed as f64
            && self.weight.to_bits() == fresh.weight.to_bits()
            && self.keep.to_bits() == fresh.keep.to_bits()
    }
}
