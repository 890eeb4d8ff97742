//! Summaries of all rows, with the same bits however the rows are divided.
//!
//! Rows are gathered into blocks of a fixed length, whatever the lengths of the calls that bring them, and a full block
//! is summed up in one go. So the order of additions, and with it every bit, depends on the rows only. The rows of the
//! block under way are summed up by leaves, so that what is known after each row costs a leaf and not a block.

use std::array;

use omega_contract::Result;
use omega_contract::bounds::MOST_ROWS;
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use crate::payload::State;
use crate::summary::{Chosen, Mergeable, Series, Whole};

/// Rows summed up together. A state that has taken less than this keeps them as they came.
const BLOCK_ROWS: usize = 256;

/// Rows summed up anew where something has to be known before a block is full.
pub(crate) const LEAF_ROWS: usize = 16;

/// What is known of some rows, maybe none, and of those after them.
pub(crate) fn join<S: Mergeable<I>, const I: usize>(known: &mut Option<S>, later: S) {
    match known {
        Some(known) => known.merge(&later),
        None => *known = Some(later),
    }
}

/// What is known of a part of a leaf and of the row after it.
#[inline]
pub(crate) fn with_row<S: Mergeable<I>, const I: usize, const N: usize>(
    shape: S::Shape,
    rows: [&[f64]; I],
    row: [f64; I],
) -> S {
    let mut together = [[0.0; N]; I];
    let before = rows[0].len();
    for (column, (rows, value)) in together.iter_mut().zip(rows.into_iter().zip(row)) {
        column[..before].copy_from_slice(rows);
        column[before] = value;
    }
    S::of(shape, together.each_ref().map(|column| &column[..=before]))
}

/// A summary of all rows so far, and the rows that do not fill a block yet.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Mergeable<I>")]
pub struct Blocks<S, const I: usize> {
    blocks: Option<S>,
    pending: Columns<I>,
}

impl<S: Mergeable<I>, const I: usize> Blocks<S, I> {
    fn add_pending(&mut self, shape: S::Shape) {
        if self.pending.len() > 0 {
            join(&mut self.blocks, S::of(shape, self.pending.all()));
            self.pending.clear();
        }
    }

    /// What is known of all rows but those of the last leaf that is not full.
    fn leaves(&self, shape: S::Shape) -> Option<S> {
        let mut known = self.blocks;
        for leaf in 0..self.pending.len() / LEAF_ROWS {
            join(&mut known, S::of(shape, self.pending.rows(leaf * LEAF_ROWS..(leaf + 1) * LEAF_ROWS)));
        }
        known
    }

    /// The rows after the last full leaf.
    #[inline]
    fn rest(&self) -> [&[f64]; I] {
        let rows = self.pending.len();
        self.pending.rows(rows - rows % LEAF_ROWS..rows)
    }
}

impl<S: Mergeable<I>, const I: usize> State for Blocks<S, I> {
    fn copy(&self) -> Result<Self> {
        Ok(Self { blocks: self.blocks, pending: self.pending.copy()? })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        let missing = rows.min(BLOCK_ROWS - self.pending.len());
        self.pending.reserve_up_to(missing, BLOCK_ROWS)
    }
}

impl<S: Mergeable<I>, const I: usize> Whole<I, S> for Blocks<S, I> {
    fn start() -> Self {
        Self { blocks: None, pending: Columns::new() }
    }

    fn update(&mut self, shape: S::Shape, rows: [&[f64]; I]) {
        let (mut from, to) = (0, rows[0].len());
        while from < to {
            let end = to.min(from + BLOCK_ROWS - self.pending.len());
            let part = array::from_fn(|column| &rows[column][from..end]);
            if end - from == BLOCK_ROWS {
                join(&mut self.blocks, S::of(shape, part));
            } else {
                self.pending.extend(part);
                if self.pending.len() == BLOCK_ROWS {
                    self.add_pending(shape);
                }
            }
            from = end;
        }
    }

    fn merge(&mut self, shape: S::Shape, other: &Self) {
        self.add_pending(shape);
        if let Some(blocks) = other.blocks {
            join(&mut self.blocks, blocks);
        }
        self.pending.extend(other.pending.all());
    }

    fn known(&self, shape: S::Shape) -> Result<Option<S>> {
        let mut known = self.leaves(shape);
        if !self.rest()[0].is_empty() {
            join(&mut known, S::of(shape, self.rest()));
        }
        Ok(known)
    }

    fn count(&self) -> u64 {
        self.blocks.map_or(0, |blocks| blocks.count()) + self.pending.len() as u64
    }

    fn is_sound(&self) -> bool {
        let counted = |blocks: S| (1..=MOST_ROWS - BLOCK_ROWS as u64).contains(&blocks.count());
        self.pending.len() < BLOCK_ROWS
            && self.pending.are_sound()
            && self.blocks.is_none_or(|blocks| counted(blocks) && blocks.is_sound())
    }
}

/// [`Blocks`] that also keep what is known of all full leaves.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Mergeable<I>")]
pub struct GrowingBlocks<S, const I: usize> {
    rows: Blocks<S, I>,
    leaves: Option<S>,
}

impl<S: Mergeable<I>, const I: usize> State for GrowingBlocks<S, I> {
    fn copy(&self) -> Result<Self> {
        Ok(Self { rows: self.rows.copy()?, leaves: self.leaves })
    }
}

impl<S: Mergeable<I>, const I: usize> Series<I, S> for GrowingBlocks<S, I> {
    fn start() -> Self {
        Self { rows: Blocks::start(), leaves: None }
    }

    #[inline]
    fn make_room(&mut self, _: usize, rows: usize) -> Result<()> {
        self.rows.reserve(rows)
    }

    #[inline]
    fn look<T>(
        &self,
        Chosen { shape, .. }: Chosen<S::Shape>,
        row: [f64; I],
        make: impl FnOnce(S) -> T,
    ) -> Option<T> {
        let (mut known, last) = if self.rows.pending.len() + 1 == BLOCK_ROWS {
            (self.rows.blocks, with_row::<S, I, BLOCK_ROWS>(shape, self.rows.pending.all(), row))
        } else {
            (self.leaves, with_row::<S, I, LEAF_ROWS>(shape, self.rows.rest(), row))
        };
        join(&mut known, last);
        known.map(make)
    }

    #[inline]
    fn push(&mut self, Chosen { shape, .. }: Chosen<S::Shape>, row: [f64; I]) {
        self.rows.pending.push(row);
        let rows = self.rows.pending.len();
        if rows == BLOCK_ROWS {
            self.rows.add_pending(shape);
            self.leaves = self.rows.blocks;
        } else if rows.is_multiple_of(LEAF_ROWS) {
            join(&mut self.leaves, S::of(shape, self.rows.pending.rows(rows - LEAF_ROWS..rows)));
        }
    }

    fn is_sound(&self, Chosen { shape, .. }: Chosen<S::Shape>) -> bool {
        self.rows.is_sound() && self.leaves == self.rows.leaves(shape)
    }
}
