//! A table through all features in one walk.
//!
//! Rows go block by block: each column of a block is looked at once, then every feature computes while the block is in
//! the cache. A wire is looked at as soon as it is computed, so that features after it find it as they find a column.

use std::ops::Range;

use omega_arrow::column::Chunk;
use omega_contract::{Error, Result, memory};
use omega_kernel::{Looked, Marks, Scratch};

use super::NAME;
use super::features::{Feature, Features, Source};
use super::live::Live;
use crate::compute::answers;
use crate::data::{Data, no_groups, wide};
use crate::stream::MOST_COLUMNS;

/// Rows of a block over one series: some columns of them lie in the second-level cache, and windows of some hundred rows
/// lie whole in them.
const BLOCK_ROWS: usize = 4096;

/// Rows of a block over groups, whose states a feature has to fetch into the cache for each block anew.
const GROUPED_BLOCK_ROWS: usize = 65_536;

impl Features {
    /// All features over a table, from nothing: one column for each name.
    ///
    /// # Errors
    /// As [`run`](crate::run), and `MISSING_COLUMN` if there are no groups where the features are by group.
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.compute(data, &mut self.fresh())
    }

    /// Runs all features over a table, from `live` on.
    pub(super) fn compute(&self, data: &Data<'_>, live: &mut Live) -> Result<Vec<Vec<f64>>> {
        wide(NAME, self.inputs.len(), data.columns())?;
        let groups = self.numbers(data, live)?;
        let mut answers = answers(self.names.len(), data.rows())?;
        let block_rows = if groups.is_some() { GROUPED_BLOCK_ROWS } else { BLOCK_ROWS };
        let mut walk = Walk::new(self);
        let mut before = 0;
        for chunk in data.chunks() {
            let rows = chunk.first().map_or(0, |column| column.values.len());
            for from in (0..rows).step_by(block_rows) {
                let to = rows.min(from + block_rows);
                let rows = before + from..before + to;
                let groups = groups.as_ref().map_or(&[][..], |groups| &groups[rows.clone()]);
                let block = Block { columns: chunk, from, to, rows, groups };
                walk.take(&block, live, &mut answers)?;
            }
            before += rows;
        }
        live.rows += data.rows() as u64;
        Ok(answers)
    }

    /// The live group of each row. Groups of the data are numbered from 0; the live state may know some of them already.
    fn numbers(&self, data: &Data<'_>, live: &mut Live) -> Result<Option<Vec<u32>>> {
        if self.by().is_none() {
            return Ok(None);
        }
        let grouping = data.grouping().ok_or_else(no_groups)?;
        let keys = grouping.groups.keys();
        let mut known = memory::room(keys.len())?;
        for key in keys {
            known.push(live.groups.number_of(key)?);
        }
        live.grow_wires(live.groups.keys().len())?;
        memory::collected(grouping.numbers.iter().map(|&number| known[number as usize])).map(Some)
    }
}

/// What is known of the block at hand.
struct Walk<'a> {
    features: &'a Features,
    columns: Vec<Marks>,
    wires: Vec<Marks>,
    /// The marks of one feature's inputs.
    joined: Marks,
    scratch: Scratch,
}

/// Some rows of one chunk.
struct Block<'a> {
    columns: &'a [Chunk<'a>],
    from: usize,
    to: usize,
    /// The same rows, as numbers of rows of the data.
    rows: Range<usize>,
    groups: &'a [u32],
}

impl<'a> Walk<'a> {
    fn new(features: &'a Features) -> Self {
        let marks = |count| std::iter::repeat_with(Marks::default).take(count).collect();
        Self {
            columns: marks(features.inputs.len()),
            wires: marks(features.wires.len()),
            features,
            joined: Marks::default(),
            scratch: Scratch::default(),
        }
    }

    fn take(&mut self, block: &Block<'_>, live: &mut Live, answers: &mut [Vec<f64>]) -> Result<()> {
        self.look(block, live.rows)?;
        let mut refused: Option<(usize, Error)> = None;
        for (place, feature) in self.features.each.iter().enumerate() {
            self.join(feature, block)?;
            let (before, own) = answers.split_at_mut(feature.outputs.start);
            let inputs: [&[f64]; MOST_COLUMNS] =
                std::array::from_fn(|input| match feature.sources.get(input) {
                    Some(&Source::Column(column)) => &block.columns[column].values[block.from..block.to],
                    Some(&Source::Wire(wire)) => &before[self.features.wires[wire]][block.rows.clone()],
                    None => &[],
                });
            let inputs = &inputs[..feature.sources.len()];
            if feature.is_wired
                && let Some(row) = self.joined.first_refused(self.features.nulls)
                && refused.as_ref().is_none_or(|(least, _)| row < *least)
            {
                let values: Vec<f64> = inputs.iter().map(|column| column[row]).collect();
                let number = live.rows + (block.rows.start + row) as u64;
                refused = Some((row, omega_kernel::refusal(&feature.inputs, &values, number)));
            }
            let mut own = own.iter_mut();
            let mut outputs: [&mut [f64]; MOST_COLUMNS] =
                std::array::from_fn(|_| own.next().map_or(&mut [][..], |own| &mut own[block.rows.clone()]));
            live.states[place].take(Looked {
                groups: block.groups,
                inputs,
                marks: &self.joined,
                outputs: &mut outputs[..feature.outputs.len()],
                scratch: &mut self.scratch,
            })?;
            for &wire in &feature.feeds {
                self.feed(wire, block, live, answers)?;
            }
        }
        refused.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Looks at each column, and refuses the block's first row that the policy does not let pass.
    fn look(&mut self, block: &Block<'_>, rows: u64) -> Result<()> {
        let mut refused: Option<usize> = None;
        for (marks, column) in self.columns.iter_mut().zip(block.columns) {
            marks.look(column.slice(block.from, block.to))?;
            let row = marks.first_refused(self.features.nulls);
            refused = refused.into_iter().chain(row).min();
        }
        let Some(row) = refused else { return Ok(()) };
        let values: Vec<f64> = block.columns.iter().map(|column| column.get(block.from + row)).collect();
        let number = rows + (block.rows.start + row) as u64;
        Err(omega_kernel::refusal(&self.features.inputs, &values, number))
    }

    /// What the rows are good for to a feature.
    fn join(&mut self, feature: &Feature, block: &Block<'_>) -> Result<()> {
        self.joined.start(block.rows.len());
        for source in &feature.sources {
            self.joined.join(match *source {
                Source::Column(column) => &self.columns[column],
                Source::Wire(wire) => &self.wires[wire],
            })?;
        }
        Ok(())
    }

    /// Looks at a wire that was just computed, and leaves out the rows before its first value.
    fn feed(&mut self, wire: usize, block: &Block<'_>, live: &mut Live, answers: &[Vec<f64>]) -> Result<()> {
        let values = &answers[self.features.wires[wire]][block.rows.clone()];
        let marks = &mut self.wires[wire];
        marks.look(Chunk::dense(values))?;
        for (row, value) in values.iter().enumerate() {
            let place = live.place(block.groups.get(row).copied().unwrap_or(0), wire);
            let begun = &mut live.begun[place];
            if *begun && block.groups.is_empty() {
                break;
            }
            *begun |= !value.is_nan();
            if !*begun {
                marks.pass(row);
            }
        }
        Ok(())
    }
}
