//! From one `update` come batch, stream, grouped and snapshot, with the same bits.

use std::marker::PhantomData;

use omega_arrow::column::Chunk;
use omega_contract::bounds::MOST_ROWS;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Memory};
use omega_contract::{Error, Result, memory};
use serde::{Deserialize, Serialize};

use crate::Nulls;
use crate::checks::{self, Checked};
use crate::function::{Body, Function, Grouped, RowwiseFactory, Stream};
use crate::ordinary::{settle, settled};
use crate::payload::{self, State, list};

/// Rows that are checked together and, when clean, handed to the kernel at once: small enough to stay in
/// the first-level cache between the check, the computation and the settling of its answers.
const BLOCK_ROWS: usize = 1024;

/// A rowwise function, written once as the step from one row to the next.
///
/// `I` columns go in and `O` come out. Rows reach the kernel checked: 0, or from 1e-100 to 1e100 in magnitude. Its answers
/// reach callers settled: 0 where they are too small to go in again.
pub trait Rowwise<const I: usize, const O: usize>: State {
    /// Whether the state remembers all rows for ever, as a running total does.
    const CUMULATIVE: bool = false;

    /// All there is to know about the function, but for its memory.
    fn spec() -> FunctionSpec;

    /// The state before the first row. Does not allocate.
    fn new(params: &Params) -> Self;

    /// The number of rows before the first value.
    fn warm_up(params: &Params) -> usize;

    /// Takes one row, for which there is [room](State::reserve); `None` while warming up. Does not allocate.
    fn update(&mut self, row: [f64; I]) -> Option<[f64; O]>;

    /// What `update` would answer. Worth overriding where a copy allocates.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn peek(&self, row: [f64; I]) -> Result<Option<[f64; O]>> {
        let mut copy = self.copy()?;
        copy.reserve(1)?;
        Ok(copy.update(row))
    }

    /// Takes consecutive rows, for which there is room, writing NaN where `update` answers `None`.
    ///
    /// Worth overriding where a measured gain pays for it; the bits must stay those of `update`.
    fn batch(&mut self, inputs: [&[f64]; I], mut outputs: [&mut [f64]; O]) {
        for row in 0..inputs[0].len() {
            let values = self.update(inputs.map(|column| column[row])).unwrap_or([f64::NAN; O]);
            for (output, value) in outputs.iter_mut().zip(values) {
                output[row] = value;
            }
        }
    }

    /// Sets to 0 what has faded so far that no bit of any later answer can tell, as a processor is slow with the least
    /// numbers there are. Called now and then, of each way of taking rows in its own.
    fn forget(&mut self) {}

    /// Whether rows can lead to this state under these parameters; asked of every state that is loaded.
    fn is_sound(&self, params: &Params) -> bool;

    /// The function as callers meet it.
    #[must_use]
    fn function() -> Function {
        let memory = if Self::CUMULATIVE { Memory::Cumulative } else { Memory::Fading };
        let spec = FunctionSpec { memory, ..Self::spec() };
        Function { spec, body: Body::Rowwise(&Factory::<Self, I, O>(PhantomData)) }
    }

    /// All that comes from this definition: one line of a module's registry.
    #[must_use]
    fn functions() -> [Function; 1] {
        [Self::function()]
    }
}

pub(crate) struct Factory<K, const I: usize, const O: usize>(pub(crate) PhantomData<fn() -> K>);

impl<K: Rowwise<I, O>, const I: usize, const O: usize> RowwiseFactory for Factory<K, I, O> {
    fn warm_up(&self, params: &Params) -> usize {
        K::warm_up(params)
    }

    fn stream(&self, params: &Params, nulls: Nulls) -> Box<dyn Stream> {
        let rules = Rules::<K, I, O>::new(params, nulls);
        Box::new(OneSeries::<K, I, O> { series: rules.fresh(), rules, rows: 0 })
    }

    fn grouped(&self, params: &Params, nulls: Nulls) -> Box<dyn Grouped> {
        let rules = Rules::<K, I, O>::new(params, nulls);
        Box::new(ManySeries::<K, I, O> { series: Vec::new(), rules, rows: 0 })
    }
}

/// What is the same for every series of one function, its parameters and its policy.
struct Rules<K, const I: usize, const O: usize> {
    params: Params,
    nulls: Nulls,
    kernel: PhantomData<fn() -> K>,
}

/// One series: its kernel, and whether a missing row has spoilt it for ever.
#[derive(Serialize, Deserialize)]
struct Series<K> {
    kernel: K,
    spoilt: bool,
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Rules<K, I, O> {
    fn new(params: &Params, nulls: Nulls) -> Self {
        Self { params: params.clone(), nulls, kernel: PhantomData }
    }

    fn copy(&self) -> Self {
        Self::new(&self.params, self.nulls)
    }

    fn fresh(&self) -> Series<K> {
        Series { kernel: K::new(&self.params), spoilt: false }
    }

    fn is_sound(&self, series: &Series<K>) -> bool {
        series.kernel.is_sound(&self.params)
            && (!series.spoilt || (K::CUMULATIVE && self.nulls == Nulls::Propagate))
    }

    /// A row that is checked, or the error that refuses it.
    #[inline]
    fn check(&self, row: [f64; I], number: u64) -> Result<Checked> {
        let checked = checks::row(&row);
        match checked {
            Checked::Clean => Ok(checked),
            Checked::Missing if self.nulls != Nulls::Raise => Ok(checked),
            _ => Err(Self::refusal(row, number)),
        }
    }

    /// Apart and cold, so that the way past it stays short.
    #[cold]
    #[inline(never)]
    fn refusal(row: [f64; I], number: u64) -> Error {
        checks::refusal(&K::spec().inputs, &row, number)
    }

    /// What a missing row does to a state that the policy does not let it pass by.
    #[cold]
    #[inline(never)]
    fn spoil(&self, series: &mut Series<K>) {
        if K::CUMULATIVE {
            series.spoilt = true;
        } else {
            series.kernel = K::new(&self.params);
        }
    }

    /// Always in line: handing on a row through memory as a pair would make the kernel wait for it.
    #[inline(always)]
    fn step(&self, series: &mut Series<K>, row: [f64; I], number: u64) -> Result<Option<[f64; O]>> {
        if self.check(row, number)? == Checked::Clean {
            return series.take(row);
        }
        if self.nulls == Nulls::Propagate {
            self.spoil(series);
        }
        Ok(None)
    }

    fn peek(&self, series: &Series<K>, row: [f64; I], number: u64) -> Result<Option<[f64; O]>> {
        let clean = self.check(row, number)? == Checked::Clean;
        let values = if clean && !series.spoilt { series.kernel.peek(row)? } else { None };
        Ok(values.map(|values| values.map(settled)))
    }
}

impl<K> Series<K> {
    /// Takes a clean row.
    #[inline(always)]
    fn take<const I: usize, const O: usize>(&mut self, row: [f64; I]) -> Result<Option<[f64; O]>>
    where
        K: Rowwise<I, O>,
    {
        self.kernel.reserve(1)?;
        let values = self.kernel.update(row);
        Ok(if self.spoilt { None } else { values.map(|values| values.map(settled)) })
    }
}

impl<K: State> Series<K> {
    fn copy(&self) -> Result<Self> {
        Ok(Self { kernel: self.kernel.copy()?, spoilt: self.spoilt })
    }
}

/// A row as the array that a kernel takes. The callers of this crate pass as many values as the spec has inputs.
#[inline]
fn as_row<const I: usize>(input: &[f64]) -> [f64; I] {
    std::array::from_fn(|column| input[column])
}

/// Writes the values of one row, NaN where there are none.
#[inline]
fn write<const O: usize>(values: Option<[f64; O]>, output: &mut [f64]) -> bool {
    let output = &mut output[..O];
    match values {
        // One by one: a copy of the array would wait until its parts have reached the cache.
        Some(values) => (0..O).for_each(|place| output[place] = values[place]),
        None => output.fill(f64::NAN),
    }
    values.is_some()
}

/// One part of the columns of a batch, and where its values go.
struct Block<'a, const I: usize, const O: usize> {
    from: usize,
    inputs: [Chunk<'a>; I],
    outputs: [&'a mut [f64]; O],
}

impl<const I: usize, const O: usize> Block<'_, I, O> {
    fn rows(&self) -> usize {
        self.inputs[0].values.len()
    }

    fn row(&self, row: usize) -> [f64; I] {
        self.inputs.map(|column| column.get(row))
    }

    #[inline]
    fn write(&mut self, row: usize, values: Option<[f64; O]>) {
        match values {
            Some(values) => (0..O).for_each(|place| self.outputs[place][row] = values[place]),
            None => self.outputs.iter_mut().for_each(|output| output[row] = f64::NAN),
        }
    }
}

/// Walks a batch block by block; columns are as many as the spec says, and equally long.
fn blocks<const I: usize, const O: usize>(
    inputs: &[Chunk<'_>],
    outputs: &mut [&mut [f64]],
    mut walk: impl FnMut(Block<'_, I, O>) -> Result<()>,
) -> Result<()> {
    let columns: [Chunk<'_>; I] = std::array::from_fn(|column| inputs[column]);
    let rows = columns[0].values.len();
    for from in (0..rows).step_by(BLOCK_ROWS) {
        let to = rows.min(from + BLOCK_ROWS);
        let mut outputs = outputs.iter_mut();
        let outputs: [&mut [f64]; O] =
            std::array::from_fn(|_| outputs.next().map_or(&mut [][..], |output| &mut output[from..to]));
        walk(Block { from, inputs: columns.map(|column| column.slice(from, to)), outputs })?;
    }
    Ok(())
}

struct OneSeries<K, const I: usize, const O: usize> {
    series: Series<K>,
    rules: Rules<K, I, O>,
    rows: u64,
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> OneSeries<K, I, O> {
    /// `update` from a row that has to be looked at more closely. Apart, so that the usual way keeps nothing for it.
    #[cold]
    #[inline(never)]
    fn update_unusual(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let values = self.rules.step(&mut self.series, as_row(input), self.rows)?;
        Ok(self.taken(values, output))
    }

    /// Counts a row that was taken, and hands on its values.
    #[inline(always)]
    fn taken(&mut self, values: Option<[f64; O]>, output: &mut [f64]) -> bool {
        self.rows += 1;
        if self.rows.is_multiple_of(BLOCK_ROWS as u64) {
            self.series.kernel.forget();
        }
        write(values, output)
    }
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Stream for OneSeries<K, I, O> {
    #[inline]
    fn update(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let row = as_row(input);
        if !checks::is_usual(&row) {
            return self.update_unusual(input, output);
        }
        let values = self.series.take(row)?;
        Ok(self.taken(values, output))
    }

    fn peek(&self, input: &[f64], output: &mut [f64]) -> Result<bool> {
        Ok(write(self.rules.peek(&self.series, as_row(input), self.rows)?, output))
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.series.kernel.reserve(rows)
    }

    fn reset(&mut self) {
        self.series = self.rules.fresh();
        self.rows = 0;
    }

    fn batch(&mut self, inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        let Self { series, rules, rows } = self;
        blocks(inputs, outputs, |mut block: Block<'_, I, O>| {
            if !series.spoilt && checks::all_clean(&block.inputs) {
                series.kernel.reserve(block.rows())?;
                let outputs = block.outputs.each_mut().map(|output| &mut **output);
                series.kernel.batch(block.inputs.map(|column| column.values), outputs);
                block.outputs.iter_mut().for_each(|output| settle(output));
                *rows += block.rows() as u64;
            } else {
                for row in 0..block.rows() {
                    let values = rules.step(series, block.row(row), *rows)?;
                    *rows += 1;
                    block.write(row, values);
                }
            }
            series.kernel.forget();
            Ok(())
        })
    }

    fn save(&self) -> Result<Vec<u8>> {
        payload::encode(&(self.rows, &self.series))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, series): (u64, Series<K>) = payload::decode(bytes)?;
        if rows > MOST_ROWS || !self.rules.is_sound(&series) {
            return Err(payload::impossible("a state that no rows lead to"));
        }
        (self.rows, self.series) = (rows, series);
        Ok(())
    }

    fn copy(&self) -> Result<Box<dyn Stream>> {
        Ok(Box::new(Self { series: self.series.copy()?, rules: self.rules.copy(), rows: self.rows }))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}

struct ManySeries<K, const I: usize, const O: usize> {
    series: Vec<Series<K>>,
    rules: Rules<K, I, O>,
    rows: u64,
}

/// The payload of many series, as it is read.
#[derive(Deserialize)]
#[serde(bound = "K: State")]
struct Saved<K> {
    rows: u64,
    #[serde(deserialize_with = "list::deserialize")]
    series: Vec<Series<K>>,
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> ManySeries<K, I, O> {
    /// Makes states for all groups below `groups`.
    fn grow(&mut self, groups: usize) -> Result<()> {
        let known = self.series.len();
        if groups > known {
            memory::reserve(&mut self.series, groups - known)?;
            self.series.resize_with(groups, || self.rules.fresh());
        }
        Ok(())
    }
}

/// Lets one of many series forget, each in its turn: the more there are, the fewer are the rows of each.
#[cold]
#[inline(never)]
fn forget_in_turn<K: Rowwise<I, O>, const I: usize, const O: usize>(series: &mut [Series<K>], rows: u64) {
    let place = rows / BLOCK_ROWS as u64 % series.len() as u64;
    series[place as usize].kernel.forget();
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Grouped for ManySeries<K, I, O> {
    fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let group = group as usize;
        self.grow(group + 1)?;
        let values = self.rules.step(&mut self.series[group], as_row(input), self.rows)?;
        self.rows += 1;
        if self.rows.is_multiple_of(BLOCK_ROWS as u64) {
            forget_in_turn(&mut self.series, self.rows);
        }
        Ok(write(values, output))
    }

    fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let row = as_row(input);
        let values = match self.series.get(group as usize) {
            Some(series) => self.rules.peek(series, row, self.rows)?,
            None => self.rules.peek(&self.rules.fresh(), row, self.rows)?,
        };
        Ok(write(values, output))
    }

    fn batch(&mut self, groups: &[u32], inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        self.grow(groups.iter().max().map_or(0, |&group| group as usize + 1))?;
        let Self { series, rules, rows } = self;
        blocks(inputs, outputs, |mut block: Block<'_, I, O>| {
            let groups = &groups[block.from..block.from + block.rows()];
            if checks::all_clean(&block.inputs) {
                for (row, &group) in groups.iter().enumerate() {
                    let series = &mut series[group as usize];
                    series.kernel.reserve(1)?;
                    let values = series.kernel.update(block.inputs.map(|column| column.values[row]));
                    block.write(row, if series.spoilt { None } else { values });
                }
                block.outputs.iter_mut().for_each(|output| settle(output));
                *rows += groups.len() as u64;
            } else {
                for (row, &group) in groups.iter().enumerate() {
                    let values = rules.step(&mut series[group as usize], block.row(row), *rows)?;
                    *rows += 1;
                    block.write(row, values);
                }
            }
            forget_in_turn(series, *rows);
            Ok(())
        })
    }

    fn save(&self) -> Result<Vec<u8>> {
        payload::encode(&(self.rows, &self.series))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let Saved::<K> { rows, series } = payload::decode(bytes)?;
        if rows > MOST_ROWS {
            return Err(payload::impossible(format!("{rows} rows")));
        }
        if let Some(group) = series.iter().position(|series| !self.rules.is_sound(series)) {
            return Err(payload::impossible(format!("a state of group {group} that no rows lead to")));
        }
        (self.rows, self.series) = (rows, series);
        Ok(())
    }

    fn reserve(&mut self, group: u32) -> Result<()> {
        self.grow(group as usize + 1)?;
        self.series[group as usize].kernel.reserve(1)
    }

    fn truncate(&mut self, groups: usize) {
        self.series.truncate(groups);
    }

    fn reset(&mut self) {
        self.series.clear();
        self.rows = 0;
    }

    fn copy(&self) -> Result<Box<dyn Grouped>> {
        let mut series = memory::room(self.series.len())?;
        for one in &self.series {
            series.push(one.copy()?);
        }
        Ok(Box::new(Self { series, rules: self.rules.copy(), rows: self.rows }))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}
