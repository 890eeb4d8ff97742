//! From what a metric makes of a summary come its values over a batch, over chunks as they arrive, over parts that are
//! merged, after each row, and over the last rows.

use std::any::{Any, TypeId};
use std::marker::PhantomData;

use omega_arrow::column::Chunk;
use omega_arrow::gaps::{self, WORD_ROWS};
use omega_contract::bounds::MOST_ROWS;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::checks;
use crate::function::{Accumulator, Body, Function, ReductionFactory, RowwiseFactory, SummaryId};
use crate::payload::{self, State};
use crate::rolling::{AfterEach, All, Last};
use crate::rowwise::{self, Rowwise};
use crate::summary::{Summary, Whole};

/// Rows that are moved together before they are handed on, where missing rows lie between them.
const BLOCK_ROWS: usize = 1024;

/// A metric, written once as what it makes of a [`Summary`] of its rows.
///
/// `I` columns go in and `O` numbers come out. It is its parameters, and remembers nothing: that is the summary's. Rows
/// reach a summary checked: 0, or from 1e-100 to 1e100 in magnitude.
pub trait Metric<const I: usize, const O: usize>: Copy + Send + Sync + 'static {
    /// What it has to know of its rows.
    type Summary: Summary<I>;

    /// All there is to know about the function.
    fn spec() -> FunctionSpec;

    /// The metric under these parameters.
    fn new(params: &Params) -> Self;

    /// What the summary depends on beside the rows. Metrics that ask for the same one share it in a set.
    fn shape(&self) -> <Self::Summary as Summary<I>>::Shape;

    /// The answer for one row or more; `None` where it is undefined. Does not allocate.
    fn value(&self, known: <Self::Summary as Summary<I>>::Known<'_>) -> Option<[f64; O]>;

    /// The functions as callers meet them, one line of a module's registry: the metric, and the same over a window.
    #[must_use]
    fn functions() -> [Function; 2] {
        let body = Body::Reduction(&Factory::<Self, I, O>(PhantomData));
        [Function { spec: spec_of::<Self, I, O>(), body }, AfterEach::<Last, Self>::function()]
    }
}

/// A metric's spec, with what its summary says of it.
pub(crate) fn spec_of<M: Metric<I, O>, const I: usize, const O: usize>() -> FunctionSpec {
    FunctionSpec { keeps_rows: <M::Summary as Summary<I>>::KEEPS_ROWS, ..M::spec() }
}

struct Factory<M, const I: usize, const O: usize>(PhantomData<fn() -> M>);

impl<M: Metric<I, O>, const I: usize, const O: usize> ReductionFactory for Factory<M, I, O> {
    fn accumulator(&self, params: &Params, nulls: Nulls) -> Box<dyn Accumulator> {
        let metric = M::new(params);
        let gathered = Gathered::<M::Summary, I>::new(metric.shape(), M::spec, nulls);
        Box::new(Accumulating::<M, I, O> { metric, params: params.clone(), gathered })
    }

    fn expanding(&self) -> &'static dyn RowwiseFactory {
        &rowwise::Factory::<AfterEach<All, M>, I, O>(PhantomData)
    }

    fn summary(&self, params: &Params) -> SummaryId {
        let id = TypeId::of::<Gathered<M::Summary, I>>();
        SummaryId { id, shape: format!("{:?}", M::new(params).shape()) }
    }

    fn value_of(&self, params: &Params, summary: &dyn Any, output: &mut [f64]) -> Result<bool> {
        let Some(gathered) = summary.downcast_ref::<Gathered<M::Summary, I>>() else {
            return Err(Error::internal(M::spec().name, "a summary of another type"));
        };
        gathered.value(&M::new(params), output)
    }
}

/// All rows so far, as a summary keeps them, under a policy for missing ones.
struct Gathered<S: Summary<I>, const I: usize> {
    whole: S::Whole,
    shape: S::Shape,
    spec: fn() -> FunctionSpec,
    nulls: Nulls,
    /// Whether a missing row was met that the policy does not allow to be left out.
    spoilt: bool,
    rows: u64,
}

impl<S: Summary<I>, const I: usize> Gathered<S, I> {
    fn new(shape: S::Shape, spec: fn() -> FunctionSpec, nulls: Nulls) -> Self {
        Self { whole: S::Whole::start(), shape, spec, nulls, spoilt: false, rows: 0 }
    }

    fn copy(&self) -> Result<Self> {
        Ok(Self { whole: self.whole.copy()?, ..*self })
    }

    fn value<M, const O: usize>(&self, metric: &M, output: &mut [f64]) -> Result<bool>
    where
        M: Metric<I, O, Summary = S>,
    {
        let known = if self.spoilt { None } else { self.whole.known(self.shape)? };
        let values = known.and_then(|known| metric.value(known));
        output[..O].copy_from_slice(&values.unwrap_or([f64::NAN; O]));
        Ok(values.is_some())
    }

    /// How many rows there will be with so many more.
    fn rows_with(&self, more: u64) -> Result<u64> {
        let rows = self.rows.saturating_add(more);
        if rows > MOST_ROWS {
            let allowed = format!("at most {MOST_ROWS} rows in all");
            return Err(Error::invalid_shape("data", allowed, format!("{} and {more} more", self.rows)));
        }
        Ok(rows)
    }

    /// Whether all rows are clean, or the error that refuses one of them.
    fn are_clean(&self, before: usize, columns: &[Chunk<'_>; I]) -> Result<bool> {
        if checks::all_clean(columns) {
            return Ok(true);
        }
        let mut words = [0; BLOCK_ROWS / WORD_ROWS];
        for (from, block) in blocks(columns) {
            checks::clean_rows(&block, self.nulls, &mut words).map_err(|row| {
                let number = self.rows + (before + from + row) as u64;
                checks::refusal(&(self.spec)().inputs, &block.map(|column| column.get(row)), number)
            })?;
        }
        Ok(false)
    }

    /// Hands on all rows, or those without a missing value.
    fn hand_on(&mut self, columns: [Chunk<'_>; I], all_clean: bool) {
        if all_clean {
            self.whole.update(self.shape, columns.map(|column| column.values));
        } else {
            self.hand_on_present(columns);
        }
        self.rows += columns[0].values.len() as u64;
    }

    fn hand_on_present(&mut self, columns: [Chunk<'_>; I]) {
        let mut gathered = [[0.0; BLOCK_ROWS]; I];
        let mut words = [0; BLOCK_ROWS / WORD_ROWS];
        for (_, block) in blocks(&columns) {
            // No row is refused: all have been looked at before.
            let all_clean = checks::clean_rows(&block, Nulls::Skip, &mut words).unwrap_or(false);
            self.spoilt |= !all_clean && self.nulls == Nulls::Propagate;
            let mut columns = block.iter().zip(&mut gathered);
            let present = std::array::from_fn(|_| {
                columns.next().map_or(&[][..], |(column, gathered)| {
                    let rows = gaps::close(&words, column.values, gathered);
                    &gathered[..rows]
                })
            });
            self.whole.update(self.shape, present);
        }
    }
}

/// Columns cut into blocks, each with the number of its first row.
fn blocks<'a, const I: usize>(columns: &[Chunk<'a>; I]) -> impl Iterator<Item = (usize, [Chunk<'a>; I])> {
    let rows = columns[0].values.len();
    let columns = *columns;
    (0..rows).step_by(BLOCK_ROWS).map(move |from| {
        let to = rows.min(from + BLOCK_ROWS);
        (from, columns.map(|column| column.slice(from, to)))
    })
}

/// Columns as the array that a reduction takes. The callers of this crate pass as many as the spec has inputs.
fn as_columns<'a, const I: usize>(inputs: &[Chunk<'a>]) -> [Chunk<'a>; I] {
    std::array::from_fn(|column| inputs[column])
}

/// The rows so far, whether a missing one has spoilt them, and what is known of them.
type Saved<S, const I: usize> = (u64, bool, <S as Summary<I>>::Whole);

/// A metric over the rows so far.
struct Accumulating<M: Metric<I, O>, const I: usize, const O: usize> {
    metric: M,
    params: Params,
    gathered: Gathered<M::Summary, I>,
}

impl<M: Metric<I, O>, const I: usize, const O: usize> Accumulating<M, I, O> {
    fn label(&self) -> String {
        let spec = M::spec();
        let given = spec.parameters.iter().zip(self.params.values());
        let given: Vec<String> =
            given.map(|(parameter, value)| format!("{}={value}", parameter.name)).collect();
        format!("{}({}) with nulls=\"{}\"", spec.name, given.join(", "), self.gathered.nulls.as_str())
    }

    /// Another one of the same metric, with the same choices.
    fn like<'a>(&self, other: &'a dyn Accumulator) -> Result<&'a Self> {
        let any: &dyn Any = other;
        let Some(other) = any.downcast_ref::<Self>() else {
            return Err(Error::snapshot_mismatch("another function", M::spec().name));
        };
        if other.params != self.params || other.gathered.nulls != self.gathered.nulls {
            return Err(Error::snapshot_mismatch(other.label(), self.label()));
        }
        Ok(other)
    }
}

impl<M: Metric<I, O>, const I: usize, const O: usize> Accumulator for Accumulating<M, I, O> {
    fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()> {
        let columns = as_columns(inputs);
        let rows = columns[0].values.len();
        self.gathered.rows_with(rows as u64)?;
        let all_clean = self.gathered.are_clean(0, &columns)?;
        self.gathered.whole.reserve(rows)?;
        self.gathered.hand_on(columns, all_clean);
        Ok(())
    }

    fn check(&self, before: usize, inputs: &[Chunk<'_>]) -> Result<()> {
        let columns = as_columns(inputs);
        self.gathered.rows_with((before + columns[0].values.len()) as u64)?;
        self.gathered.are_clean(before, &columns).map(|_| ())
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.gathered.whole.reserve(rows)
    }

    fn take(&mut self, inputs: &[Chunk<'_>]) {
        let columns = as_columns(inputs);
        self.gathered.hand_on(columns, checks::all_clean(&columns));
    }

    fn reserve_for(&mut self, other: &dyn Accumulator) -> Result<()> {
        let other = &self.like(other)?.gathered;
        let gathered = &mut self.gathered;
        gathered.rows_with(other.rows)?;
        gathered.whole.reserve(usize::try_from(other.whole.count()).unwrap_or(usize::MAX))
    }

    fn merge(&mut self, other: &dyn Accumulator) -> Result<()> {
        self.reserve_for(other)?;
        let other = &self.like(other)?.gathered;
        let gathered = &mut self.gathered;
        gathered.rows += other.rows;
        gathered.whole.merge(gathered.shape, &other.whole);
        gathered.spoilt |= other.spoilt;
        Ok(())
    }

    fn value(&self, output: &mut [f64]) -> Result<bool> {
        self.gathered.value(&self.metric, output)
    }

    fn outputs(&self) -> usize {
        O
    }

    fn summary(&self) -> &dyn Any {
        &self.gathered
    }

    fn save(&self) -> Result<Vec<u8>> {
        let Gathered { rows, spoilt, whole, .. } = &self.gathered;
        payload::save::<Saved<M::Summary, I>>(&(rows, spoilt, whole))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, spoilt, whole): Saved<M::Summary, I> = payload::load(bytes)?;
        let sound = whole.is_sound() && whole.count() <= rows && rows <= MOST_ROWS;
        if !sound || (spoilt && self.gathered.nulls != Nulls::Propagate) {
            return Err(payload::impossible("a state that no rows lead to"));
        }
        self.gathered = Gathered { rows, spoilt, whole, ..self.gathered };
        Ok(())
    }

    fn reset(&mut self) {
        self.gathered = Gathered::new(self.gathered.shape, self.gathered.spec, self.gathered.nulls);
    }

    fn copy(&self) -> Result<Box<dyn Accumulator>> {
        let (metric, params) = (self.metric, self.params.clone());
        Ok(Box::new(Self { metric, params, gathered: self.gathered.copy()? }))
    }

    fn rows(&self) -> u64 {
        self.gathered.rows
    }
}
