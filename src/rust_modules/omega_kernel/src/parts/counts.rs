//! Numbers of rows that come as a column: a parameter that is another in each row.

use std::ops::RangeInclusive;

/// What such numbers may be.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    least: usize,
    most: usize,
}

impl Counts {
    /// Numbers from `least` to `most`.
    #[must_use]
    pub fn new(least: usize, most: usize) -> Self {
        Self { least, most }
    }

    /// The whole part of a number, as TA-Lib takes it, or the nearest bound.
    #[inline]
    #[must_use]
    pub fn of(&self, value: f64) -> usize {
        (value as usize).clamp(self.least, self.most)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> RangeInclusive<usize> {
        self.least..=self.most
    }

    /// The greatest.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }
}
