//! A table through all features.
//!
//! Rows go block by block. Each column is looked at once, for all features that read it: what no feature takes is refused
//! before any of them has taken a row. Then the features compute while the block is in the cache. Those that a wire
//! connects make a part, which computes in order; parts know nothing of each other, and go to whichever thread is free.

use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use omega_arrow::column::Chunk;
use omega_contract::{Error, Result, memory};
use omega_kernel::{Looked, Marks, Scratch};

use super::NAME;
use super::features::{Feature, Features, Source};
use super::live::{Live, State};
use crate::compute::rooms;
use crate::data::{Data, keyed_by, no_groups, wide};
use crate::stream::MOST_COLUMNS;
use crate::threads::{threads_for, together};

/// Rows of a block over one series: some columns of them lie in the second-level cache, and windows of some hundred rows
/// lie whole in them.
const BLOCK_ROWS: usize = 4096;

/// Rows of a block over groups, whose states a feature has to fetch into the cache for each block anew.
const GROUPED_BLOCK_ROWS: usize = 65_536;

/// How many threads compute.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    /// As many as the work is worth, and the process may use.
    Worthwhile,
    /// At most so many, however little work there is.
    Exactly(usize),
}

impl Features {
    /// All features over a table, from nothing: one column for each name.
    ///
    /// # Errors
    /// As [`run`](crate::run), and `MISSING_COLUMN` if there are no groups where the features are by group;
    /// `INVALID_TYPE` if `OMEGA_THREADS` is no number of threads.
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.compute(data, &mut self.fresh(), Threads::Worthwhile)
    }

    /// [`run`](Self::run) on so many threads at most, however little work there is: with the same bits on any number.
    ///
    /// # Errors
    /// As `run`.
    pub fn run_on(&self, threads: usize, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.compute(data, &mut self.fresh(), Threads::Exactly(threads))
    }

    /// Runs all features over a table, from `live` on, whose groups are those of the data in their order.
    pub(super) fn compute(
        &self,
        data: &Data<'_>,
        live: &mut Live,
        threads: Threads,
    ) -> Result<Vec<Vec<f64>>> {
        wide(NAME, self.inputs.len(), data.columns())?;
        let groups = self.groups(data)?;
        live.grow(data.grouping().filter(|_| groups.is_some()).map_or(1, |own| own.groups.keys().len()))?;
        let (blocks, refused) = self.look(data, groups, live.rows)?;
        if let (Some(refusal), true) = (&refused, self.wires.is_empty()) {
            return Err(refusal.clone());
        }
        let numbers = data.rows().saturating_mul(self.names.len());
        let threads = match threads {
            Threads::Worthwhile => threads_for(numbers)?,
            Threads::Exactly(threads) => threads,
        };
        let mut parts = self.split(live, rooms(self.names.len(), data.rows())?, threads)?;
        walk(&mut parts, &blocks, threads);
        let (mut begun, mut answers) = (Vec::new(), Vec::new());
        let mut failed: Option<Refused> = None;
        for part in parts {
            if let Some(other) = part.failed {
                let first = failed.as_ref().is_none_or(|failed| other.place() < failed.place());
                failed = if first { Some(other) } else { failed };
            }
            begun.push(part.begun);
            answers.extend(part.outputs.into_iter().zip(part.columns));
        }
        // Rows from a refused one on were not computed: what a wire has refused came before it.
        if let Some(error) = failed.map(|failed| failed.error).or(refused) {
            return Err(error);
        }
        for (wire, begun) in begun.iter().flatten() {
            live.begin(*wire, begun);
        }
        live.rows += data.rows() as u64;
        answers.sort_unstable_by_key(|(output, _)| *output);
        Ok(answers.into_iter().map(|(_, column)| column).collect())
    }

    /// The group of each row, where the features are by group.
    pub(super) fn groups<'a>(&self, data: &Data<'a>) -> Result<Option<&'a [u32]>> {
        match (self.by(), data.grouping()) {
            (None, _) => Ok(None),
            (Some(by), Some(grouping)) => {
                grouping.groups.keys().iter().try_for_each(|key| keyed_by(by, key))?;
                Ok(Some(grouping.numbers))
            }
            (Some(_), None) => Err(no_groups()),
        }
    }

    /// Looks at all rows up to the first that the policy does not let pass, which comes with them.
    fn look<'a>(
        &self,
        data: &'a Data<'_>,
        groups: Option<&'a [u32]>,
        number: u64,
    ) -> Result<(Vec<Block<'a>>, Option<Error>)> {
        let block_rows = if groups.is_some() { GROUPED_BLOCK_ROWS } else { BLOCK_ROWS };
        let lengths = data.chunks().map(|chunk| chunk.first().map_or(0, |column| column.values.len()));
        let mut blocks = memory::room(lengths.map(|rows| rows.div_ceil(block_rows)).sum())?;
        let mut before = 0;
        for chunk in data.chunks() {
            let rows = chunk.first().map_or(0, |column| column.values.len());
            for from in (0..rows).step_by(block_rows) {
                let to = rows.min(from + block_rows);
                let mut block = Block::new(chunk, from..to, before + from, groups);
                block.look()?;
                if let Some(row) = block.first_refused(self) {
                    let values: Vec<f64> = chunk.iter().map(|column| column.get(from + row)).collect();
                    let number = number + (block.rows.start + row) as u64;
                    let refusal = omega_kernel::refusal(&self.inputs, &values, number);
                    if row > 0 {
                        let mut block = Block::new(chunk, from..from + row, before + from, groups);
                        block.look()?;
                        blocks.push(block);
                    }
                    return Ok((blocks, Some(refusal)));
                }
                blocks.push(block);
            }
            before += rows;
        }
        Ok((blocks, None))
    }

    /// The features with their memory and their columns: apart as far as no wire connects them, or all together for one
    /// thread.
    fn split<'a>(
        &'a self,
        live: &'a mut Live,
        columns: Vec<Vec<f64>>,
        threads: usize,
    ) -> Result<Vec<Part<'a>>> {
        let count = if threads > 1 { self.parts.len() } else { 1 };
        let mut parts: Vec<Part<'a>> = (0..count).map(|_| Part::new(self, live.rows)).collect();
        let of = |place: usize| {
            let part = self.parts.iter().position(|places| places.contains(&place));
            part.filter(|_| count > 1).unwrap_or(0)
        };
        let mut columns = columns.into_iter();
        for (place, feature) in self.each.iter().enumerate() {
            let part = &mut parts[of(place)];
            for &wire in &feature.feeds {
                part.begun.push((wire, live.begun_of(wire)?));
                part.marks.push(Marks::default());
            }
            part.outputs.extend(feature.outputs.clone());
            part.columns.extend(columns.by_ref().take(feature.outputs.len()));
        }
        for (place, state) in live.states.iter_mut().enumerate() {
            parts[of(place)].states.push((place, state));
        }
        for part in &mut parts {
            part.begun.sort_unstable_by_key(|(wire, _)| *wire);
        }
        Ok(parts)
    }
}

/// Leads all blocks through all parts, a block after the one before it in each.
fn walk(parts: &mut [Part<'_>], blocks: &[Block<'_>], threads: usize) {
    let threads = threads.min(parts.len());
    if let [whole] = parts {
        let mut work = Work::default();
        blocks.iter().for_each(|block| whole.take(block, &mut work));
        return;
    }
    #[expect(
        clippy::disallowed_types,
        reason = "made for this call: no forked child has a thread that asks for it"
    )]
    let turns: Vec<_> = parts.iter_mut().map(|part| std::sync::Mutex::new((0, part))).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    together(threads, || {
        let mut work = Work::default();
        let stop = StopOnPanic(&stopped);
        while !stopped.load(Ordering::Relaxed) {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            if turn >= blocks.len() * turns.len() {
                break;
            }
            // Which block it is tells the part itself: who comes first takes the first that is left.
            let mut part = turns[turn % turns.len()].lock().unwrap_or_else(PoisonError::into_inner);
            let (done, part) = &mut *part;
            part.take(&blocks[*done], &mut work);
            *done += 1;
        }
        std::mem::forget(stop);
    });
}

/// Has the other threads stop where one panics.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Some rows of one chunk.
struct Block<'a> {
    columns: &'a [Chunk<'a>],
    /// Its rows in the chunk.
    own: Range<usize>,
    /// The same rows, as numbers of rows of the data.
    rows: Range<usize>,
    groups: &'a [u32],
    /// What the rows of each column are good for.
    marks: Vec<Marks>,
}

impl<'a> Block<'a> {
    fn new(columns: &'a [Chunk<'a>], own: Range<usize>, before: usize, groups: Option<&'a [u32]>) -> Self {
        let rows = before..before + own.len();
        let groups = groups.map_or(&[][..], |groups| &groups[rows.clone()]);
        Self { columns, own, rows, groups, marks: Vec::with_capacity(columns.len()) }
    }

    fn look(&mut self) -> Result<()> {
        for column in self.columns {
            let mut marks = Marks::default();
            marks.look(column.slice(self.own.start, self.own.end))?;
            self.marks.push(marks);
        }
        Ok(())
    }

    fn first_refused(&self, features: &Features) -> Option<usize> {
        self.marks.iter().filter_map(|marks| marks.first_refused(features.nulls)).min()
    }
}

/// What a thread works with.
#[derive(Default)]
struct Work {
    /// The marks of one feature's inputs.
    joined: Marks,
    scratch: Scratch,
}

/// Features that wires connect.
struct Part<'a> {
    features: &'a Features,
    /// Rows taken before the table.
    rows: u64,
    /// The memory of each feature, with its place among all.
    states: Vec<(usize, &'a mut State)>,
    /// Which of the set's outputs it writes, in order, and into what: each grows by block after block.
    outputs: Vec<usize>,
    columns: Vec<Vec<f64>>,
    /// The wires that it feeds: of which groups each has had a value, and what its block is good for.
    begun: Vec<(usize, Vec<bool>)>,
    marks: Vec<Marks>,
    /// Why it takes no more blocks.
    failed: Option<Refused>,
}

/// A row that a feature refuses for what a wire brings it; no row, where memory is refused.
struct Refused {
    row: Option<usize>,
    feature: usize,
    error: Error,
}

impl Refused {
    /// The first is told.
    fn place(&self) -> (Option<usize>, usize) {
        (self.row, self.feature)
    }
}

impl<'a> Part<'a> {
    fn new(features: &'a Features, rows: u64) -> Self {
        Self {
            features,
            rows,
            states: Vec::new(),
            outputs: Vec::new(),
            columns: Vec::new(),
            begun: Vec::new(),
            marks: Vec::new(),
            failed: None,
        }
    }

    fn take(&mut self, block: &Block<'_>, work: &mut Work) {
        for place in 0..self.states.len() {
            if self.failed.as_ref().is_some_and(|failed| failed.row.is_none_or(|row| row < block.rows.start))
            {
                return;
            }
            let feature = self.states[place].0;
            if let Err(error) = self.compute(place, block, work) {
                self.fail(Refused { row: None, feature, error });
            }
        }
    }

    fn fail(&mut self, refused: Refused) {
        if self.failed.as_ref().is_none_or(|failed| refused.place() < failed.place()) {
            self.failed = Some(refused);
        }
    }

    /// Where an output of the set lies among the columns.
    fn column(&self, output: usize) -> usize {
        self.outputs.partition_point(|own| *own < output)
    }

    /// Where a wire of the set lies among those that are fed here.
    fn wire(&self, wire: usize) -> usize {
        self.begun.partition_point(|(own, _)| *own < wire)
    }

    /// Computes a block of the feature of a place.
    fn compute(&mut self, place: usize, block: &Block<'_>, work: &mut Work) -> Result<()> {
        let features = self.features;
        let feature = &features.each[self.states[place].0];
        self.join(feature, block, &mut work.joined)?;
        let first = self.column(feature.outputs.start);
        for column in &mut self.columns[first..first + feature.outputs.len()] {
            // There is room for all rows; these are in the cache when they are written.
            column.resize(block.rows.end, 0.0);
        }
        let sources = feature.sources.iter().map(|source| match *source {
            Source::Column(column) => (None, column),
            Source::Wire(wire) => (Some(self.column(features.wires[wire])), 0),
        });
        let mut places = [(None, 0); MOST_COLUMNS];
        places.iter_mut().zip(sources).for_each(|(place, source)| *place = source);
        let (before, own) = self.columns.split_at_mut(first);
        let inputs: [&[f64]; MOST_COLUMNS] = std::array::from_fn(|input| match places[input] {
            _ if input >= feature.sources.len() => &[][..],
            (Some(wire), _) => &before[wire][block.rows.clone()],
            (None, column) => &block.columns[column].values[block.own.clone()],
        });
        let inputs = &inputs[..feature.sources.len()];
        let refused = if feature.is_wired { work.joined.first_refused(features.nulls) } else { None };
        let refused = refused.map(|row| {
            let values: Vec<f64> = inputs.iter().map(|column| column[row]).collect();
            let number = self.rows + (block.rows.start + row) as u64;
            (block.rows.start + row, omega_kernel::refusal(&feature.inputs, &values, number))
        });
        let mut own = own.iter_mut().take(feature.outputs.len());
        let mut outputs: [&mut [f64]; MOST_COLUMNS] =
            std::array::from_fn(|_| own.next().map_or(&mut [][..], |own| &mut own[block.rows.clone()]));
        self.states[place].1.take(Looked {
            groups: block.groups,
            inputs,
            marks: &work.joined,
            outputs: &mut outputs[..feature.outputs.len()],
            scratch: &mut work.scratch,
        })?;
        if let Some((row, error)) = refused {
            self.fail(Refused { row: Some(row), feature: self.states[place].0, error });
        }
        feature.feeds.iter().try_for_each(|&wire| self.feed(wire, block))
    }

    /// What the rows are good for to a feature.
    fn join(&self, feature: &Feature, block: &Block<'_>, joined: &mut Marks) -> Result<()> {
        joined.start(block.rows.len());
        for source in &feature.sources {
            joined.join(match *source {
                Source::Column(column) => &block.marks[column],
                Source::Wire(wire) => &self.marks[self.wire(wire)],
            })?;
        }
        Ok(())
    }

    /// Looks at a wire that was just computed, and leaves out the rows before its first value.
    fn feed(&mut self, wire: usize, block: &Block<'_>) -> Result<()> {
        let (column, wire) = (self.column(self.features.wires[wire]), self.wire(wire));
        let values = &self.columns[column][block.rows.clone()];
        let (marks, begun) = (&mut self.marks[wire], &mut self.begun[wire].1);
        marks.look(Chunk::dense(values))?;
        for (row, value) in values.iter().enumerate() {
            let begun = &mut begun[block.groups.get(row).map_or(0, |&group| group as usize)];
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
