//! Sums and moments over all rows, mergeable, with the same bits however the rows are divided.
//!
//! Rows are gathered into blocks of a fixed length, whatever the lengths of the calls that bring them; a full
//! block is summed over fixed lanes. So the order of additions, and with it every bit, depends on the rows only.

use omega_contract::bounds::MOST_ROWS;
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::ROUNDING;
use crate::payload::list;

/// Rows summed together. A part that keeps less than this pending keeps it as it came.
const BLOCK_ROWS: usize = 256;
/// Sums that run side by side within a block.
const LANES: usize = 8;

/// What is known of a set of rows, from one block of them or by merging two sets.
pub trait Summary: Clone {
    /// Of one block.
    fn of(rows: &[f64]) -> Self;

    /// Of these rows and those after them.
    fn merge(&mut self, later: &Self);

    /// How many rows.
    fn count(&self) -> u64;

    /// Whether rows up to `largest` in magnitude can lead to it.
    fn is_sound(&self, largest: f64) -> bool;
}

/// A summary of all rows so far, and the rows that do not fill a block yet.
#[derive(Serialize, Deserialize)]
pub struct Blocks<S> {
    blocks: Option<S>,
    #[serde(with = "list")]
    pending: Vec<f64>,
}

impl<S: Summary> Blocks<S> {
    /// Before the first row.
    #[must_use]
    pub fn new() -> Self {
        Self { blocks: None, pending: Vec::new() }
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { blocks: self.blocks.clone(), pending: memory::copied(&self.pending)? })
    }

    /// Memory for `rows` rows more, of which never more than a block is kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    pub fn reserve(&mut self, rows: usize) -> Result<()> {
        let missing = rows.min(BLOCK_ROWS - self.pending.len());
        memory::reserve_up_to(&mut self.pending, missing, BLOCK_ROWS)
    }

    /// Takes consecutive rows, for which there is room, each as `term` makes of it.
    pub fn update(&mut self, mut rows: &[f64], term: impl Fn(f64) -> f64) {
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(BLOCK_ROWS - self.pending.len()));
            self.pending.extend(now.iter().map(|row| term(*row)));
            rows = later;
            if self.pending.len() == BLOCK_ROWS {
                self.add(S::of(&self.pending));
                self.pending.clear();
            }
        }
    }

    /// Takes over the rows of `other`, for which there is room, as if they had come after these.
    pub fn merge(&mut self, other: &Self) {
        if !self.pending.is_empty() {
            self.add(S::of(&self.pending));
            self.pending.clear();
        }
        if let Some(blocks) = &other.blocks {
            self.add(blocks.clone());
        }
        self.pending.extend(&other.pending);
    }

    /// Of all rows so far; `None` before the first.
    #[must_use]
    pub fn summary(&self) -> Option<S> {
        if self.pending.is_empty() {
            return self.blocks.clone();
        }
        let pending = S::of(&self.pending);
        match self.blocks.clone() {
            Some(mut blocks) => {
                blocks.merge(&pending);
                Some(blocks)
            }
            None => Some(pending),
        }
    }

    /// How many rows so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.blocks.as_ref().map_or(0, S::count) + self.pending.len() as u64
    }

    fn add(&mut self, later: S) {
        match &mut self.blocks {
            Some(blocks) => blocks.merge(&later),
            None => self.blocks = Some(later),
        }
    }

    /// Whether rows up to `largest` in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, largest: f64) -> bool {
        self.pending.len() < BLOCK_ROWS
            && self.pending.iter().all(|row| row.abs() <= largest)
            && self.blocks.as_ref().is_none_or(|blocks| blocks.is_sound(largest))
    }
}

impl<S: Summary> Default for Blocks<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Number, mean and sum of squared differences from the mean.
///
/// Each block in two passes over differences from its first row, so that equal rows differ by exactly zero;
/// blocks merged as in Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances, 1979. Means are kept as offsets from a row, which has digits to spare where rows are large and close.
#[derive(Clone, Serialize, Deserialize)]
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

    /// Their sample deviation, over `count - 1`; `None` for a single row.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

impl Summary for Moments {
    fn of(rows: &[f64]) -> Self {
        let shift = rows[0];
        let offset = lanes(rows, |row| row - shift) / rows.len() as f64;
        let squares = lanes(rows, |row| {
            let difference = (row - shift) - offset;
            difference * difference
        });
        Self { count: rows.len() as u64, shift, offset, squares }
    }

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

    fn is_sound(&self, largest: f64) -> bool {
        let farthest = 2.0 * largest;
        let most = ROUNDING * farthest * farthest * self.count as f64;
        (1..=MOST_ROWS).contains(&self.count)
            && self.shift.abs() <= largest
            && self.offset.abs() <= ROUNDING * farthest
            && (0.0..=most).contains(&self.squares)
    }
}

/// Number and sum, blocks added as in Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
/// Summen, 1974, so that even very many lose nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sums {
    count: u64,
    sum: f64,
    /// What additions to `sum` rounded away.
    lost: f64,
}

impl Sums {
    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.sum + self.lost) / self.count as f64
    }
}

impl Summary for Sums {
    fn of(rows: &[f64]) -> Self {
        Self { count: rows.len() as u64, sum: lanes(rows, |row| row), lost: 0.0 }
    }

    fn merge(&mut self, later: &Self) {
        let sum = self.sum + later.sum;
        let (larger, smaller) =
            if self.sum.abs() >= later.sum.abs() { (self.sum, later.sum) } else { (later.sum, self.sum) };
        self.lost += later.lost + ((larger - sum) + smaller);
        self.sum = sum;
        self.count += later.count;
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn is_sound(&self, largest: f64) -> bool {
        let most = ROUNDING * largest * self.count as f64;
        (1..=MOST_ROWS).contains(&self.count) && self.sum.abs() <= most && self.lost.abs() <= most
    }
}

/// The sum of `term` over rows, in an order that depends on their number only.
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
