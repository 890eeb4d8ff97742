//! Sums and moments of rows, mergeable.

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS};
use serde::{Deserialize, Serialize};

use super::ROUNDING;
use crate::summary::Mergeable;

/// Sums that run side by side within a stretch of rows.
const LANES: usize = 8;

/// More than a value can differ from any that it is measured against.
const LARGEST: f64 = 2.0 * LARGEST_INPUT;

/// Number, mean and sum of squared differences from the mean, of values less the one that they are measured against.
///
/// Each stretch in two passes over differences from its first row, so that equal rows differ by exactly zero;
/// stretches merged as in Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances, 1979. Means are kept as offsets from a row, which has digits to spare where rows are large and close.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    /// The first row.
    shift: f64,
    /// The mean less `shift`.
    offset: f64,
    squares: f64,
}

impl Moments {
    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.shift + self.offset
    }

    /// Their sample deviation, over `count - 1`; `None` for a single one.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

impl Mergeable<1> for Moments {
    /// What values are measured against.
    type Shape = f64;

    #[inline]
    fn of(against: f64, [rows]: [&[f64]; 1]) -> Self {
        let shift = rows[0] - against;
        let offset = lanes(rows, |row| (row - against) - shift) / rows.len() as f64;
        let squares = lanes(rows, |row| {
            let difference = ((row - against) - shift) - offset;
            difference * difference
        });
        Self { count: rows.len() as u64, shift, offset, squares }
    }

    #[inline]
    fn merge(&mut self, later: &Self) {
        let count = self.count + later.count;
        let share = later.count as f64 / count as f64;
        let step = (later.shift - self.shift) + (later.offset - self.offset);
        self.squares += step * step * share * self.count as f64 + later.squares;
        self.offset += step * share;
        self.count = count;
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn is_sound(&self) -> bool {
        let farthest = 2.0 * LARGEST;
        let most = ROUNDING * farthest * farthest * self.count as f64;
        (1..=MOST_ROWS).contains(&self.count)
            && self.shift.abs() <= LARGEST
            && self.offset.abs() <= ROUNDING * farthest
            && (0.0..=most).contains(&self.squares)
    }
}

/// Number, means, sums of squared differences from the means, and the sum of their products, of two columns; computed
/// and merged as [`Moments`].
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comoments {
    count: u64,
    /// The first row.
    shifts: [f64; 2],
    /// The means less `shifts`.
    offsets: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

impl Comoments {
    /// The mean of each column.
    #[must_use]
    pub fn means(&self) -> [f64; 2] {
        [self.shifts[0] + self.offsets[0], self.shifts[1] + self.offsets[1]]
    }

    /// How much the first column moves with the second, per unit of it: the slope of the line of least squares; `None`
    /// where the second does not move.
    #[must_use]
    pub fn slope(&self) -> Option<f64> {
        (self.squares[1] > 0.0).then(|| self.products / self.squares[1])
    }
}

impl Mergeable<2> for Comoments {
    type Shape = ();

    #[inline]
    fn of((): (), rows: [&[f64]; 2]) -> Self {
        let shifts = rows.map(|rows| rows[0]);
        let count = rows[0].len() as u64;
        let both = [0, 1];
        let offsets = both.map(|it| lanes(rows[it], |row| row - shifts[it]) / count as f64);
        let squares = both.map(|it| {
            lanes(rows[it], |row| {
                let difference = (row - shifts[it]) - offsets[it];
                difference * difference
            })
        });
        let products = lanes_of_two(rows, |one, other| {
            ((one - shifts[0]) - offsets[0]) * ((other - shifts[1]) - offsets[1])
        });
        Self { count, shifts, offsets, squares, products }
    }

    #[inline]
    fn merge(&mut self, later: &Self) {
        let count = self.count + later.count;
        let share = later.count as f64 / count as f64;
        let weight = share * self.count as f64;
        let steps =
            [0, 1].map(|it| (later.shifts[it] - self.shifts[it]) + (later.offsets[it] - self.offsets[it]));
        for it in [0, 1] {
            self.squares[it] += steps[it] * steps[it] * weight + later.squares[it];
            self.offsets[it] += steps[it] * share;
        }
        self.products += steps[0] * steps[1] * weight + later.products;
        self.count = count;
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn is_sound(&self) -> bool {
        let farthest = 2.0 * LARGEST;
        let most = ROUNDING * farthest * farthest * self.count as f64;
        (1..=MOST_ROWS).contains(&self.count)
            && self.shifts.iter().all(|shift| shift.abs() <= LARGEST)
            && self.offsets.iter().all(|offset| offset.abs() <= ROUNDING * farthest)
            && self.squares.iter().all(|squares| (0.0..=most).contains(squares))
            && self.products.abs() <= ROUNDING * (self.squares[0].sqrt() * self.squares[1].sqrt())
    }
}

/// A sum, stretches added as in Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, 1974,
/// so that even very many lose nothing.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    sum: f64,
    /// What additions to `sum` rounded away.
    lost: f64,
}

impl Sum {
    /// Of what `term` makes of each row.
    #[inline]
    #[must_use]
    pub fn of(rows: &[f64], term: impl Fn(f64) -> f64) -> Self {
        Self { sum: lanes(rows, term), lost: 0.0 }
    }

    /// Adds another.
    #[inline]
    pub fn merge(&mut self, later: &Self) {
        let sum = self.sum + later.sum;
        let (larger, smaller) =
            if self.sum.abs() >= later.sum.abs() { (self.sum, later.sum) } else { (later.sum, self.sum) };
        self.lost += later.lost + ((larger - sum) + smaller);
        self.sum = sum;
    }

    /// The sum as one number.
    #[inline]
    #[must_use]
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }

    /// Whether so many terms up to `largest` in magnitude can lead to it.
    #[must_use]
    pub fn is_sound(&self, count: u64, largest: f64) -> bool {
        let most = ROUNDING * largest * count as f64;
        self.sum.abs() <= most && self.lost.abs() <= most
    }
}

/// The sum of `term` over rows, in an order that depends on their number only.
#[inline(always)]
fn lanes(rows: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let (parts, rest) = rows.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for part in parts {
        for (sum, row) in sums.iter_mut().zip(part) {
            *sum += term(*row);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    let full = ((a + b) + (c + d)) + ((e + f) + (g + h));
    full + rest.iter().fold(0.0, |sum, row| sum + term(*row))
}

/// The sum of `term` over rows of two columns, in the order of [`lanes`].
#[inline(always)]
fn lanes_of_two(columns: [&[f64]; 2], term: impl Fn(f64, f64) -> f64) -> f64 {
    let [(ones, rest_of_one), (others, rest_of_other)] = columns.map(|rows| rows.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (one, other) in ones.iter().zip(others) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += term(*one, *other);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    let full = ((a + b) + (c + d)) + ((e + f) + (g + h));
    full + rest_of_one.iter().zip(rest_of_other).fold(0.0, |sum, (one, other)| sum + term(*one, *other))
}
