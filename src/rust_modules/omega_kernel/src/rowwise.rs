//! From one `update` come batch, stream, grouped and snapshot, with the same bits.

/// Many interleaved series.
mod many;
/// One series.
mod one;
/// Columns cut into stretches of clean rows.
mod stretches;

pub use stretches::{Looked, Scratch};

use std::marker::PhantomData;

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Memory};
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::checks::{self, Checked};
use crate::function::{Body, Function, Grouped, RowwiseFactory, Stream};
use crate::ordinary::settled;
use crate::payload::State;

/// How many rows a series takes before it is asked to forget.
const FORGET_ROWS: usize = 1024;

/// A rowwise function, written once as the step from one row to the next.
///
/// The kernel itself is what was chosen: periods, weights, whatever follows from the parameters; there is one for all
/// series. What is remembered from row to row is its [`State`](Self::State), one per series, and it alone is saved.
///
/// `I` columns go in and `O` come out. Rows reach the kernel checked: 0, or from 1e-100 to 1e100 in magnitude. Its answers
/// reach callers settled: 0 where they are too small to go in again.
pub trait Rowwise<const I: usize, const O: usize>: Clone + Send + Sync + 'static {
    /// What is remembered from row to row.
    type State: State;

    /// What the state remembers of its rows, which decides what a missing one does to those after it.
    const MEMORY: Memory = Memory::Fading;

    /// All there is to know about the function, but for its memory.
    fn spec() -> FunctionSpec;

    /// The kernel for checked parameters.
    fn new(params: &Params) -> Self;

    /// The number of rows before the first value.
    fn warm_up(&self) -> usize;

    /// The state before the first row. Does not allocate.
    fn start(&self) -> Self::State;

    /// The state after a row that is missing and counts: as before the first row, but of a [session](Memory::Session), of
    /// which it knows that something was missing.
    fn start_after_missing(&self) -> Self::State {
        self.start()
    }

    /// Memory for `rows` rows more in a state that grows with them: taking them needs no other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    #[inline]
    fn reserve(&self, state: &mut Self::State, rows: usize) -> Result<()> {
        state.reserve(rows)
    }

    /// Takes one row, for which there is [room](Self::reserve); `None` while warming up. Does not allocate.
    fn update(&self, state: &mut Self::State, row: [f64; I]) -> Option<[f64; O]>;

    /// Whether the next row is as good as any other, so that [`step`](Self::step) may take it.
    #[inline]
    fn is_warm(&self, _state: &Self::State) -> bool {
        false
    }

    /// [`update`](Self::update) of a state that [is warm](Self::is_warm), and stays so: without a look whether it is.
    #[inline]
    fn step(&self, state: &mut Self::State, row: [f64; I]) -> [f64; O] {
        self.update(state, row).unwrap_or([f64::NAN; O])
    }

    /// What `update` would answer. Worth overriding where a copy allocates.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn peek(&self, state: &Self::State, row: [f64; I]) -> Result<Option<[f64; O]>> {
        let mut copy = state.copy()?;
        self.reserve(&mut copy, 1)?;
        Ok(self.update(&mut copy, row))
    }

    /// Takes consecutive rows, for which there is room, writing NaN where `update` answers `None`.
    ///
    /// Worth overriding where a measured gain pays for it; the bits must stay those of `update`.
    fn batch(&self, state: &mut Self::State, inputs: [&[f64]; I], outputs: [&mut [f64]; O]) {
        let mut columns = outputs;
        for from in (0..inputs[0].len()).step_by(FORGET_ROWS) {
            let to = inputs[0].len().min(from + FORGET_ROWS);
            let outputs = columns.each_mut().map(|column| &mut column[from..to]);
            let own = std::mem::replace(state, self.start());
            *state = rows(self, own, inputs.map(|column| &column[from..to]), outputs);
            self.forget(state);
        }
    }

    /// Sets to 0 what has faded so far that no bit of any later answer can tell, as a processor is slow with the least
    /// numbers there are. Called now and then, of each way of taking rows in its own.
    fn forget(&self, _state: &mut Self::State) {}

    /// Whether rows can lead to this state; asked of every state that is loaded. Its numbers are finite.
    fn is_sound(&self, _state: &Self::State) -> bool {
        true
    }

    /// The function as callers meet it.
    #[must_use]
    fn function() -> Function {
        let spec = FunctionSpec { memory: Self::MEMORY, ..Self::spec() };
        Function { spec, body: Body::Rowwise(&Factory::<Self, I, O>(PhantomData)) }
    }

    /// All that comes from this definition: one line of a module's registry.
    #[must_use]
    fn functions() -> [Function; 1] {
        [Self::function()]
    }
}

/// Takes rows into a state that is nobody else's, so that it, and the kernel, may stay in registers.
#[inline(always)]
fn rows<K: Rowwise<I, O>, const I: usize, const O: usize>(
    kernel: &K,
    mut state: K::State,
    inputs: [&[f64]; I],
    mut outputs: [&mut [f64]; O],
) -> K::State {
    let kernel = kernel.clone();
    let rows = inputs[0].len();
    let mut row = 0;
    while row < rows && !kernel.is_warm(&state) {
        let values = kernel.update(&mut state, inputs.map(|column| column[row]));
        let values = values.unwrap_or([f64::NAN; O]);
        (0..O).for_each(|place| outputs[place][row] = values[place]);
        row += 1;
    }
    let inputs = inputs.map(|column| &column[..rows]);
    let mut outputs = outputs.map(|column| &mut column[..rows]);
    while row < rows {
        let values = kernel.step(&mut state, inputs.map(|column| column[row]));
        (0..O).for_each(|place| outputs[place][row] = values[place]);
        row += 1;
    }
    state
}

pub(crate) struct Factory<K, const I: usize, const O: usize>(pub(crate) PhantomData<fn() -> K>);

impl<K: Rowwise<I, O>, const I: usize, const O: usize> RowwiseFactory for Factory<K, I, O> {
    fn warm_up(&self, params: &Params) -> usize {
        K::new(params).warm_up()
    }

    fn stream(&self, params: &Params, nulls: Nulls) -> Box<dyn Stream> {
        Box::new(one::OneSeries::new(Rules { kernel: K::new(params), nulls }))
    }

    fn grouped(&self, params: &Params, nulls: Nulls) -> Box<dyn Grouped> {
        Box::new(many::ManySeries::new(Rules { kernel: K::new(params), nulls }))
    }
}

/// What is the same for every series: what was chosen, and the policy.
#[derive(Clone)]
struct Rules<K, const I: usize, const O: usize> {
    kernel: K,
    nulls: Nulls,
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Rules<K, I, O> {
    /// A row that is checked, or the error that refuses it.
    #[inline]
    fn check(&self, row: [f64; I], number: u64) -> Result<Checked> {
        let checked = checks::row(&row);
        match checked {
            Checked::Clean => Ok(checked),
            Checked::Missing if self.nulls != Nulls::Raise => Ok(checked),
            _ => Err(refusal::<K, I, O>(row, number)),
        }
    }

    /// What a missing row does to a state, and whether it has spoilt it for ever.
    #[cold]
    #[inline(never)]
    fn miss(&self, state: &mut K::State, spoilt: &mut bool) {
        if self.nulls != Nulls::Propagate {
            return;
        }
        match K::MEMORY {
            Memory::Cumulative => *spoilt = true,
            _ => *state = self.kernel.start_after_missing(),
        }
    }

    /// Always in line: handing on a row through memory as a pair would make the kernel wait for it.
    #[inline(always)]
    fn take(&self, state: &mut K::State, spoilt: bool, row: [f64; I]) -> Result<Option<[f64; O]>> {
        self.kernel.reserve(state, 1)?;
        let values = self.kernel.update(state, row);
        Ok(if spoilt { None } else { values.map(|values| values.map(settled)) })
    }

    fn peek(&self, state: &K::State, spoilt: bool, row: [f64; I], number: u64) -> Result<Option<[f64; O]>> {
        let clean = self.check(row, number)? == Checked::Clean;
        let values = if clean && !spoilt { self.kernel.peek(state, row)? } else { None };
        Ok(values.map(|values| values.map(settled)))
    }

    /// Whether a missing row can have spoilt a series for ever.
    fn can_spoil(&self) -> bool {
        K::MEMORY == Memory::Cumulative && self.nulls == Nulls::Propagate
    }
}

/// Apart and cold, so that the way past it stays short.
#[cold]
#[inline(never)]
fn refusal<K: Rowwise<I, O>, const I: usize, const O: usize>(row: [f64; I], number: u64) -> Error {
    checks::refusal(&K::spec().inputs, &row, number)
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
