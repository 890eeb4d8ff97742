//! Columns cut into stretches that kernels take in one go, whatever is missing in between.
//!
//! Rows are looked at 64 at a time, from the validity bitmap and the values. Where all of a piece are clean it goes to the
//! kernel as it lies. Where a missing row leaves a series as it was, the clean rows of a piece are moved together, go to
//! the kernel as one stretch, and their answers are moved back to their rows: a kernel sees no gaps. Where
//! a missing row changes a series, rows go by runs.

use std::ops::Range;

use omega_arrow::column::Chunk;
use omega_arrow::gaps::{self, WORD_ROWS};
use omega_contract::{Error, Result, memory};

use crate::checks;
use crate::ordinary::settle;
use crate::{Marks, Nulls};

/// Rows that are checked, computed and settled together. Columns of so many lie in the second-level cache, and windows of
/// some hundred rows lie whole in them.
const PIECE_ROWS: usize = 8192;

/// What takes the rows of a batch in their order.
pub(super) trait Taker<const I: usize, const O: usize> {
    /// Takes clean rows, with the group of each where there are groups.
    fn take(&mut self, groups: &[u32], inputs: [&[f64]; I], outputs: [&mut [f64]; O]) -> Result<()>;

    /// Takes a row with a missing value, under a policy that lets it change a series.
    fn miss(&mut self, group: Option<u32>);

    /// Counts rows that were taken or left out.
    fn count(&mut self, rows: usize);

    /// The number of the next row, as errors name it.
    fn number(&self) -> u64;
}

/// The columns of a batch, as many as the spec says and equally long. No groups where there is one series.
pub(super) struct Batch<'a, 'b> {
    pub(super) groups: &'a [u32],
    pub(super) inputs: &'a [Chunk<'a>],
    pub(super) outputs: &'a mut [&'b mut [f64]],
}

/// Hands on all rows of a batch.
pub(super) fn walk<const I: usize, const O: usize>(
    batch: Batch<'_, '_>,
    nulls: Nulls,
    taker: &mut impl Taker<I, O>,
    refusal: impl Fn([f64; I], u64) -> Error,
) -> Result<()> {
    let columns: [Chunk<'_>; I] = std::array::from_fn(|column| batch.inputs[column]);
    let rows = columns[0].values.len();
    let mut scratch = Scratch::default();
    let mut gappy = false;
    for from in (0..rows).step_by(PIECE_ROWS) {
        let to = rows.min(from + PIECE_ROWS);
        let mut outputs = batch.outputs.iter_mut();
        let outputs: [&mut [f64]; O] =
            std::array::from_fn(|_| outputs.next().map_or(&mut [][..], |output| &mut output[from..to]));
        let groups = batch.groups.get(from..to).unwrap_or_default();
        let piece = Piece { groups, inputs: columns.map(|column| column.slice(from, to)), outputs };
        // Where rows were missing before, they will be again: no time is lost on hoping.
        if !gappy && checks::all_clean(&piece.inputs) {
            piece.take_whole(taker)?;
        } else {
            gappy = piece.take_clean(nulls, taker, &mut scratch, &refusal)?;
        }
        taker.count(to - from);
    }
    Ok(())
}

/// Rows of a batch that their reader has looked at, for several functions at once.
pub struct Looked<'a, 'b> {
    /// The group of each row; none where there is one series.
    pub groups: &'a [u32],
    /// One column per input, anything where a row is not clean.
    pub inputs: &'a [&'a [f64]],
    /// What the rows are good for.
    pub marks: &'a Marks,
    /// One column per output.
    pub outputs: &'a mut [&'b mut [f64]],
    /// Memory to work in, the same for all functions.
    pub scratch: &'a mut Scratch,
}

/// Hands on rows that were looked at, none of which the policy refuses.
pub(super) fn take<const I: usize, const O: usize>(
    rows: Looked<'_, '_>,
    nulls: Nulls,
    taker: &mut impl Taker<I, O>,
) -> Result<()> {
    let Looked { groups, inputs, marks, outputs, scratch } = rows;
    let mut outputs = outputs.iter_mut();
    let piece = Piece::<I, O> {
        groups,
        inputs: std::array::from_fn(|column| Chunk::dense(inputs[column])),
        outputs: std::array::from_fn(|_| outputs.next().map_or(&mut [][..], |output| &mut **output)),
    };
    match marks.clean() {
        None => piece.take_whole(taker)?,
        Some(words) if nulls == Nulls::Propagate => {
            piece.take_runs(words, |row| !marks.is_passed(row), taker)?;
        }
        Some(words) => piece.take_moved(words, taker, scratch)?,
    }
    taker.count(marks.counted());
    Ok(())
}

/// A part of the columns, and where its answers go.
struct Piece<'a, const I: usize, const O: usize> {
    groups: &'a [u32],
    inputs: [Chunk<'a>; I],
    outputs: [&'a mut [f64]; O],
}

impl<const I: usize, const O: usize> Piece<'_, I, O> {
    fn rows(&self) -> usize {
        self.inputs[0].values.len()
    }

    fn take_whole(self, taker: &mut impl Taker<I, O>) -> Result<()> {
        let Self { groups, inputs, mut outputs } = self;
        taker.take(
            groups,
            inputs.map(|column| column.values),
            outputs.each_mut().map(|output| &mut **output),
        )?;
        outputs.iter_mut().for_each(|output| settle(output));
        Ok(())
    }

    /// Takes the clean rows; says whether there were others.
    fn take_clean(
        self,
        nulls: Nulls,
        taker: &mut impl Taker<I, O>,
        scratch: &mut Scratch,
        refusal: &impl Fn([f64; I], u64) -> Error,
    ) -> Result<bool> {
        let mut words = [0; PIECE_ROWS / WORD_ROWS];
        let words = &mut words[..self.rows().div_ceil(WORD_ROWS)];
        let all_clean = checks::clean_rows(&self.inputs, nulls, words)
            .map_err(|row| refusal(self.inputs.map(|column| column.get(row)), taker.number() + row as u64))?;
        if all_clean {
            self.take_whole(taker)?;
        } else if nulls == Nulls::Propagate {
            self.take_runs(words, |_| true, taker)?;
        } else {
            self.take_moved(words, taker, scratch)?;
        }
        Ok(!all_clean)
    }

    /// Takes the clean rows, moved together.
    fn take_moved(
        mut self,
        words: &[u64],
        taker: &mut impl Taker<I, O>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let rows = self.rows();
        let Scratch { groups, values } = scratch.of::<I, O>(rows, !self.groups.is_empty())?;
        let mut columns = values.chunks_exact_mut(rows.max(1));
        let inputs = self.inputs.map(|column| {
            let moved = columns.next().unwrap_or_default();
            let count = gaps::close(words, column.values, moved);
            &moved[..count]
        });
        let moved = inputs[0].len();
        if !self.groups.is_empty() {
            gaps::close_groups(words, self.groups, groups);
        }
        let groups = if self.groups.is_empty() { &[][..] } else { &groups[..moved] };
        let mut outputs: [&mut [f64]; O] = std::array::from_fn(|_| columns.next().unwrap_or_default());
        taker.take(groups, inputs, outputs.each_mut().map(|output| &mut output[..moved]))?;
        for (answers, output) in outputs.iter_mut().zip(&mut self.outputs) {
            settle(&mut answers[..moved]);
            gaps::open(words, answers, output);
        }
        Ok(())
    }

    /// Takes the clean rows run by run, and what lies between them row by row, where it counts.
    fn take_runs(
        mut self,
        words: &[u64],
        counts: impl Fn(usize) -> bool,
        taker: &mut impl Taker<I, O>,
    ) -> Result<()> {
        let mut missed = 0;
        for_each_run(words, |from, to| {
            self.miss(missed..from, &counts, taker);
            missed = to;
            let groups = self.groups.get(from..to).unwrap_or_default();
            let inputs = self.inputs.map(|column| &column.values[from..to]);
            let mut outputs = self.outputs.each_mut().map(|output| &mut output[from..to]);
            taker.take(groups, inputs, outputs.each_mut().map(|output| &mut **output))?;
            outputs.iter_mut().for_each(|output| settle(output));
            Ok(())
        })?;
        self.miss(missed..self.rows(), &counts, taker);
        Ok(())
    }

    fn miss(&mut self, rows: Range<usize>, counts: &impl Fn(usize) -> bool, taker: &mut impl Taker<I, O>) {
        self.outputs.iter_mut().for_each(|output| output[rows.clone()].fill(f64::NAN));
        rows.filter(|row| counts(*row)).for_each(|row| taker.miss(self.groups.get(row).copied()));
    }
}

/// Memory that clean rows are moved to, asked for when the first gap is met.
#[derive(Default)]
pub struct Scratch {
    groups: Vec<u32>,
    values: Vec<f64>,
}

impl Scratch {
    /// Room for `rows` rows in each column.
    fn of<const I: usize, const O: usize>(&mut self, rows: usize, grouped: bool) -> Result<&mut Self> {
        let values = (I + O) * rows;
        if self.values.len() < values {
            self.values = memory::filled(values, 0.0)?;
        }
        let groups = if grouped { rows } else { 0 };
        if self.groups.len() < groups {
            self.groups = memory::filled(groups, 0)?;
        }
        Ok(self)
    }
}

/// Calls with the ends of every run of ones; a run that reaches past a word comes in parts.
#[inline]
fn for_each_run(words: &[u64], mut run: impl FnMut(usize, usize) -> Result<()>) -> Result<()> {
    for (word, from) in words.iter().zip((0..).step_by(WORD_ROWS)) {
        let (mut word, mut row) = (*word, from);
        while word != 0 {
            let gap = word.trailing_zeros();
            let ones = (word >> gap).trailing_ones();
            row += gap as usize;
            run(row, row + ones as usize)?;
            row += ones as usize;
            // In two steps, as a word cannot be shifted by all of its bits.
            word = word >> gap >> (ones - 1) >> 1;
        }
    }
    Ok(())
}
