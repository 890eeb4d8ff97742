//! What rows are good for, a bit each: columns are looked at once for all functions that read them.

use omega_arrow::column::Chunk;
use omega_arrow::gaps::WORD_ROWS;
use omega_contract::{Result, memory};

use crate::Nulls;
use crate::checks::{Look, all_clean, look};

/// What some consecutive rows are good for, 64 to a word, the first in the lowest bit.
#[derive(Default)]
pub struct Marks {
    rows: usize,
    all_clean: bool,
    /// Rows of which every value is there and within bounds. No words are kept while all rows are clean.
    clean: Vec<u64>,
    /// Rows of which a value is out of bounds.
    wrong: Vec<u64>,
    /// Rows that are left out, whatever the policy.
    passed: Vec<u64>,
}

impl Marks {
    /// So many rows, all of them clean.
    pub fn start(&mut self, rows: usize) {
        (self.rows, self.all_clean) = (rows, true);
    }

    /// The rows of one column.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn look(&mut self, column: Chunk<'_>) -> Result<()> {
        self.start(column.values.len());
        if all_clean(&[column]) {
            return Ok(());
        }
        self.write()?;
        for (word, from) in (0..self.rows).step_by(WORD_ROWS).enumerate() {
            let Look { clean, wrong } = look(&[column], from, self.rows.min(from + WORD_ROWS));
            (self.clean[word], self.wrong[word]) = (clean, wrong);
        }
        Ok(())
    }

    /// Rows of these columns and of others as well.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn join(&mut self, other: &Self) -> Result<()> {
        if other.all_clean {
            return Ok(());
        }
        self.write()?;
        for word in 0..self.clean.len() {
            self.clean[word] &= other.clean[word];
            self.wrong[word] |= other.wrong[word];
            self.passed[word] |= other.passed[word];
        }
        Ok(())
    }

    /// Leaves out a row that has no value.
    pub fn pass(&mut self, row: usize) {
        if !self.all_clean {
            self.passed[row / WORD_ROWS] |= 1 << (row % WORD_ROWS);
        }
    }

    /// Whether every row is clean.
    #[must_use]
    pub fn all_clean(&self) -> bool {
        self.all_clean
    }

    /// The first row that a policy refuses.
    #[must_use]
    pub fn first_refused(&self, nulls: Nulls) -> Option<usize> {
        if self.all_clean {
            return None;
        }
        (0..self.clean.len()).find_map(|word| {
            let refused = if nulls == Nulls::Raise {
                self.missing(word) | self.wrong[word]
            } else {
                self.wrong[word] & !self.passed[word]
            };
            (refused != 0).then(|| word * WORD_ROWS + refused.trailing_zeros() as usize)
        })
    }

    /// Rows with a missing value that are not left out.
    fn missing(&self, word: usize) -> u64 {
        let rows = (self.rows - word * WORD_ROWS).min(WORD_ROWS);
        !self.clean[word] & !self.passed[word] & (u64::MAX >> (WORD_ROWS - rows))
    }

    /// The words of clean rows, unless all are.
    pub(crate) fn clean(&self) -> Option<&[u64]> {
        (!self.all_clean).then_some(&self.clean)
    }

    /// Whether a row is left out.
    pub(crate) fn is_passed(&self, row: usize) -> bool {
        !self.all_clean && self.passed[row / WORD_ROWS] >> (row % WORD_ROWS) & 1 == 1
    }

    /// How many rows are not left out.
    pub(crate) fn counted(&self) -> usize {
        let passed = if self.all_clean { &[][..] } else { &self.passed };
        self.rows - passed.iter().map(|word| word.count_ones() as usize).sum::<usize>()
    }

    /// Words for what is known without them while all rows are clean.
    fn write(&mut self) -> Result<()> {
        if !self.all_clean {
            return Ok(());
        }
        let words = self.rows.div_ceil(WORD_ROWS);
        for column in [&mut self.clean, &mut self.wrong, &mut self.passed] {
            column.clear();
            memory::reserve(column, words)?;
        }
        self.clean.resize(words, u64::MAX);
        if let Some(last) = self.clean.last_mut() {
            *last = u64::MAX >> (words * WORD_ROWS - self.rows);
        }
        self.wrong.resize(words, 0);
        self.passed.resize(words, 0);
        self.all_clean = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: f64 = f64::NAN;

    fn marks(column: &[f64]) -> Marks {
        let mut marks = Marks::default();
        marks.look(Chunk::dense(column)).expect("memory");
        marks
    }

    #[test]
    fn rows_of_several_columns_are_clean_where_all_are_and_refused_where_one_is() {
        let (close, wire) = ([1.0, LOST, 3.0, 0.0], [LOST, 2.0, f64::INFINITY, 4.0]);
        let mut both = marks(&close);
        assert_eq!(both.first_refused(Nulls::Skip), None);
        assert_eq!(both.first_refused(Nulls::Raise), Some(1));
        let mut second = marks(&wire);
        second.pass(0);
        both.join(&second).expect("memory");
        assert_eq!(both.clean(), Some(&[0b1000][..]));
        assert_eq!((both.first_refused(Nulls::Skip), both.first_refused(Nulls::Raise)), (Some(2), Some(1)));
        assert_eq!((both.counted(), both.is_passed(0), both.is_passed(1)), (3, true, false));
    }

    #[test]
    fn clean_rows_need_no_words_and_marks_can_be_used_again() {
        let mut marks = marks(&[LOST; 130]);
        assert_eq!(marks.first_refused(Nulls::Raise), Some(0));
        marks.look(Chunk::dense(&[1.0; 70])).expect("memory");
        assert!(marks.all_clean() && marks.clean().is_none() && marks.counted() == 70);
        let mut column = [1.0; 70];
        column[69] = 1e300;
        let mut wrong = Marks::default();
        wrong.look(Chunk::dense(&column)).expect("memory");
        marks.join(&wrong).expect("memory");
        assert_eq!(marks.first_refused(Nulls::Propagate), Some(69));
        wrong.pass(69);
        assert_eq!(wrong.first_refused(Nulls::Propagate), None);
    }
}
