//! Summaries of the last rows, merged from parts and never corrected by subtraction, so nothing drifts and a wild value
//! leaves no trace once it has left the window.
//!
//! Rows are divided in blocks as long as the window, so a window is the tail of one block and the head of the next: the
//! two stacks of a queue. Rows are summed up by leaves. When a block is full, leaves are merged from its end into tails;
//! heads grow leaf by leaf. What is known of a window is merged from four parts: the rest of the leaf that the window
//! begins in, the tail behind it, the head, and the leaf under way. Apart from two leaves, only the rows are kept for it,
//! and a summary for sixteen of them.

use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::blocks::{LEAF_ROWS, join, with_row};
use super::columns::Columns;
use crate::payload::{State, list};
use crate::summary::{Chosen, Mergeable, Series};

/// A summary of the last rows.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: Mergeable<I>")]
pub struct MergedWindow<S, const I: usize> {
    /// The rows of the block under way, `filled` of them; behind them, once a block has been full, what is left of it.
    rows: Columns<I>,
    filled: usize,
    /// Of each full leaf of the block under way; behind them, of the earlier block from each leaf to its end.
    #[serde(with = "list")]
    tails: Vec<S>,
    /// Of all full leaves of the block under way.
    head: Option<S>,
}

impl<S: Mergeable<I>, const I: usize> MergedWindow<S, I> {
    /// Whether a block has been full.
    #[inline]
    fn is_full(&self, window: usize) -> bool {
        self.rows.len() == window
    }

    /// The leaf under way, where it begins, and where it ends.
    #[inline]
    fn leaf(&self, window: usize) -> (usize, usize, usize) {
        let leaf = self.filled / LEAF_ROWS;
        (leaf, leaf * LEAF_ROWS, window.min((leaf + 1) * LEAF_ROWS))
    }

    /// Makes the full block the earlier one.
    fn turn(&mut self) {
        for leaf in (1..self.tails.len()).rev() {
            let later = self.tails[leaf];
            self.tails[leaf - 1].merge(&later);
        }
        (self.filled, self.head) = (0, None);
    }

    /// How many rows a tail counts.
    fn rows_of_tail(&self, window: usize, leaf: usize) -> usize {
        let (begin, end) = (leaf * LEAF_ROWS, (leaf + 1) * LEAF_ROWS);
        if end <= self.filled { LEAF_ROWS } else { window - begin }
    }
}

impl<S: Mergeable<I>, const I: usize> State for MergedWindow<S, I> {
    fn copy(&self) -> Result<Self> {
        Ok(Self { rows: self.rows.copy()?, tails: memory::copied(&self.tails)?, ..*self })
    }
}

impl<S: Mergeable<I>, const I: usize> Series<I, S> for MergedWindow<S, I> {
    fn start() -> Self {
        Self { rows: Columns::new(), filled: 0, tails: Vec::new(), head: None }
    }

    #[inline]
    fn make_room(&mut self, window: usize, rows: usize) -> Result<()> {
        if self.is_full(window) {
            return Ok(());
        }
        let rows = rows.min(window - self.rows.len());
        let leaves = (self.rows.len() + rows).div_ceil(LEAF_ROWS) - self.tails.len();
        memory::reserve_up_to(&mut self.tails, leaves, window.div_ceil(LEAF_ROWS))?;
        self.rows.reserve_up_to(rows, window)
    }

    #[inline]
    fn look<T>(
        &self,
        Chosen { shape, window }: Chosen<S::Shape>,
        row: [f64; I],
        make: impl FnOnce(S) -> T,
    ) -> Option<T> {
        let mut known = None;
        let (leaf, begin, end) = self.leaf(window);
        if self.is_full(window) {
            if self.filled + 1 < end {
                known = Some(S::of(shape, self.rows.rows(self.filled + 1..end)));
            }
            if let Some(tail) = self.tails.get(leaf + 1) {
                join(&mut known, *tail);
            }
        } else if self.filled + 1 < window {
            return None;
        }
        if let Some(head) = self.head {
            join(&mut known, head);
        }
        join(&mut known, with_row::<S, I, LEAF_ROWS>(shape, self.rows.rows(begin..self.filled), row));
        known.map(make)
    }

    #[inline]
    fn push(&mut self, Chosen { shape, window }: Chosen<S::Shape>, row: [f64; I]) {
        let (leaf, begin, end) = self.leaf(window);
        if self.is_full(window) {
            self.rows.set(self.filled, row);
        } else {
            self.rows.push(row);
        }
        self.filled += 1;
        if self.filled == end {
            let known = S::of(shape, self.rows.rows(begin..end));
            match self.tails.get_mut(leaf) {
                Some(tail) => *tail = known,
                None => self.tails.push(known),
            }
            join(&mut self.head, known);
            if self.filled == window {
                self.turn();
            }
        }
    }

    fn is_sound(&self, Chosen { window, .. }: Chosen<S::Shape>) -> bool {
        let leaves = if self.is_full(window) { window.div_ceil(LEAF_ROWS) } else { self.filled / LEAF_ROWS };
        let head = self.filled - self.filled % LEAF_ROWS;
        let counts = |known: &S, rows: usize| known.count() == rows as u64 && known.is_sound();
        self.filled < window
            && (self.is_full(window) || self.rows.len() == self.filled)
            && self.rows.are_sound()
            && self.tails.len() == leaves
            && self.tails.iter().enumerate().all(|(leaf, tail)| counts(tail, self.rows_of_tail(window, leaf)))
            && self.head.as_ref().map_or(head == 0, |known| head > 0 && counts(known, head))
    }
}
