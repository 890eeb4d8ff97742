//! Exponential averages that start from a plain mean: the usual one, as TA-Lib seeds it, and Wilder's
//! (New Concepts in Technical Trading Systems, 1978). They differ in their weight alone.

use serde::{Deserialize, Serialize};

use super::ROUNDING;
use super::fading::{is_faded, kept};

/// An exponential average, seeded with the mean of the first `period` values.
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    period: u32,
    weight: f64,
    keep: f64,
}

/// What an [`Exponential`] remembers.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct ExponentialState {
    /// The sum of the values while they are fewer than the period, then the average.
    value: f64,
    /// Values taken, up to the period.
    taken: u32,
}

impl Exponential {
    /// The usual one, of weight `2 / (period + 1)`.
    #[must_use]
    pub fn new(period: usize) -> Self {
        let weight = 2.0 / (period as f64 + 1.0);
        Self { period: period as u32, weight, keep: 1.0 - weight }
    }

    /// Wilder's, of weight `1 / period`.
    #[must_use]
    pub fn wilder(period: usize) -> Self {
        let n = period as f64;
        Self { period: period as u32, weight: 1.0 / n, keep: (n - 1.0) / n }
    }

    /// Takes one value; the average once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut ExponentialState, value: f64) -> Option<f64> {
        if self.is_seeded(state) {
            return Some(self.step(state, value));
        }
        state.taken += 1;
        state.value += value;
        if state.taken < self.period {
            return None;
        }
        state.value /= f64::from(self.period);
        Some(state.value)
    }

    /// [`update`](Self::update) once it is seeded: one fused step, so that a row costs one multiply-add of latency.
    #[inline]
    pub fn step(&self, state: &mut ExponentialState, value: f64) -> f64 {
        state.value = state.value.mul_add(self.keep, value * self.weight);
        state.value
    }

    /// Takes one value into an average, that into an average of averages, and so on; all of them once there are all.
    #[inline]
    pub(super) fn update_chain<const N: usize>(
        &self,
        states: [&mut ExponentialState; N],
        mut value: f64,
    ) -> Option<[f64; N]> {
        let mut averages = [0.0; N];
        for (average, state) in averages.iter_mut().zip(states) {
            value = self.update(state, value)?;
            *average = value;
        }
        Some(averages)
    }

    /// What the last average is multiplied by, and the next value.
    #[inline]
    pub(super) fn weights(&self) -> (f64, f64) {
        (self.keep, self.weight)
    }

    /// Whether the next value gives an average by one step.
    #[inline]
    #[must_use]
    pub fn is_seeded(&self, state: &ExponentialState) -> bool {
        state.taken == self.period
    }

    /// Whether values from `least` to `largest` can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &ExponentialState, least: f64, largest: f64) -> bool {
        let summed = if self.is_seeded(state) { 1 } else { state.taken };
        let most = ROUNDING * f64::from(summed);
        state.taken <= self.period && (most * least..=most * largest).contains(&state.value)
    }
}

impl ExponentialState {
    /// The average so far, or the sum while it is not seeded.
    #[inline]
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// How many values were taken, counted up to the period.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken as usize
    }

    /// Takes over an average that was stepped elsewhere.
    #[inline]
    pub(super) fn set(&mut self, average: f64) {
        self.value = average;
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
}

/// Wilder's running sums of two series: totals of the first values, then `total - total / period + value`.
///
/// How long the plain totals run is the caller's to say; Wilder's directional movement and TA-Lib differ there.
#[derive(Clone, Copy, Debug)]
pub struct WilderSums {
    period: f64,
    keep: f64,
}

/// What [`WilderSums`] remember: the totals, side by side, so that one vector step serves both.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct WilderSumsState {
    totals: [f64; 2],
}

impl WilderSums {
    /// Sums that let a share of `1 / period` go with every value.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period: period as f64, keep: Exponential::wilder(period).keep }
    }

    /// Adds to the plain totals.
    #[inline]
    pub fn add(state: &mut WilderSumsState, [first, second]: [f64; 2]) {
        state.totals = [state.totals[0] + first, state.totals[1] + second];
    }

    /// Lets a share of `1 / period` go and adds.
    #[inline]
    pub fn update(&self, state: &mut WilderSumsState, [first, second]: [f64; 2]) -> [f64; 2] {
        let [one, other] = state.totals;
        state.totals = [one.mul_add(self.keep, first), other.mul_add(self.keep, second)];
        state.totals
    }

    /// Whether values from zero to `largest` can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &WilderSumsState, largest: f64) -> bool {
        state.totals.iter().all(|total| (0.0..=ROUNDING * largest * self.period).contains(total))
    }
}

impl WilderSumsState {
    /// Starts from 0 again where next to nothing is left.
    pub fn forget(&mut self) {
        self.totals = self.totals.map(kept);
    }
}
