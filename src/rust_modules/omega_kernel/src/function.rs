//! A function as a caller meets it: a spec, and objects that compute.
//!
//! Kernel authors implement [`Rowwise`](crate::Rowwise) or [`Metric`](crate::Metric) instead; the
//! adapters turn those into the objects here.

use std::any::{Any, TypeId};

use omega_arrow::column::Chunk;
use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;

use crate::{Looked, Nulls};

/// A spec with what computes it.
#[derive(Clone)]
pub struct Function {
    /// All there is to know about it.
    pub spec: FunctionSpec,
    /// What computes it.
    pub body: Body,
}

/// What computes a function, by its kind.
#[derive(Clone, Copy)]
pub enum Body {
    /// As many rows out as in.
    Rowwise(&'static dyn RowwiseFactory),
    /// One row per group.
    Reduction(&'static dyn ReductionFactory),
}

/// Makes the objects of one rowwise function. Parameters are resolved: nothing here checks a range.
pub trait RowwiseFactory: Send + Sync {
    /// The number of rows before the first value.
    fn warm_up(&self, params: &Params) -> usize;

    /// One series.
    fn stream(&self, params: &Params, nulls: Nulls) -> Box<dyn Stream>;

    /// Many interleaved series.
    fn grouped(&self, params: &Params, nulls: Nulls) -> Box<dyn Grouped>;
}

/// One series of rows, per bar or a batch at a time, with the same bits either way.
pub trait Stream: Send + Sync {
    /// Takes one row: NaN in `input` is missing. Whether `output` holds values; all NaN where not.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE` or `OUT_OF_MEMORY`; the state is unchanged then.
    fn update(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// What `update` would answer, leaving the state alone: the value of a bar that is still forming.
    ///
    /// # Errors
    /// As `update`.
    fn peek(&self, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// Memory for `rows` rows more: `update` asks for no other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    fn reserve(&mut self, rows: usize) -> Result<()>;

    /// Forgets every row.
    fn reset(&mut self);

    /// Takes consecutive rows, one chunk per input. Missing values come out as NaN.
    ///
    /// # Errors
    /// As `update`, naming the row if there is one to name; the state is then that of some row before it.
    fn batch(&mut self, inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()>;

    /// [`batch`](Self::batch) of rows that the caller has looked at, none of which the policy refuses.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is then that of some row before.
    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()>;

    /// The state as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn save(&self) -> Result<Vec<u8>>;

    /// Takes over a saved state of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`; the state is unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn copy(&self) -> Result<Box<dyn Stream>>;

    /// The number of rows taken so far; the row number in errors.
    fn rows(&self) -> u64;
}

/// One state per group, over rows in any interleaving. States come into being as groups appear.
pub trait Grouped: Any + Send + Sync {
    /// [`Stream::update`] of one group.
    ///
    /// # Errors
    /// As [`Stream::update`].
    fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// [`Stream::peek`] of one group.
    ///
    /// # Errors
    /// As [`Stream::update`].
    fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// Walks the rows once; row `i` belongs to `groups[i]`.
    ///
    /// # Errors
    /// As [`Stream::batch`].
    fn batch(&mut self, groups: &[u32], inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()>;

    /// [`batch`](Self::batch) of rows that the caller has looked at, none of which the policy refuses.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the states are then those of some row before.
    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()>;

    /// All states as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn save(&self) -> Result<Vec<u8>>;

    /// Takes over saved states of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`; the states are unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// Memory for one row more of a group: `update` asks for no other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the states are unchanged then, but the group may have come into being.
    fn reserve(&mut self, group: u32) -> Result<()>;

    /// States for all groups below this number.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; no state has changed then, but groups may have come into being.
    fn grow(&mut self, groups: usize) -> Result<()>;

    /// An independent copy of some groups, which have the numbers 0, 1, … in it; those without a state get a new one.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn copy_of(&self, groups: &[u32]) -> Result<Box<dyn Grouped>>;

    /// Takes over a [copy of some groups](Self::copy_of) that has taken rows since. Each of them [has a state](Self::grow).
    ///
    /// # Errors
    /// `INTERNAL` if it is a copy of something else.
    fn adopt(&mut self, groups: &[u32], copy: Box<dyn Grouped>) -> Result<()>;

    /// Forgets the groups from this number on.
    fn truncate(&mut self, groups: usize);

    /// Forgets one group and what it holds; those after it move up by one number.
    fn remove(&mut self, group: u32);

    /// Forgets every row of every group.
    fn reset(&mut self);

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn copy(&self) -> Result<Box<dyn Grouped>>;

    /// The number of rows taken so far, of all groups; the row number in errors.
    fn rows(&self) -> u64;
}

/// Makes the accumulators of one reduction. Parameters are resolved: nothing here checks a range.
pub trait ReductionFactory: Send + Sync {
    /// An accumulator that has seen no rows.
    fn accumulator(&self, params: &Params, nulls: Nulls) -> Box<dyn Accumulator>;

    /// The same metric as a rowwise function, whose value after each row is that of all rows so far.
    fn expanding(&self) -> &'static dyn RowwiseFactory;

    /// Which summary of its rows the metric asks for. Metrics with equal summaries of equal columns can share one.
    fn summary(&self, params: &Params) -> SummaryId;

    /// As [`Accumulator::value`], from the [summary](Accumulator::summary) that the accumulator of any metric with an
    /// equal [`SummaryId`] keeps.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn value_of(&self, params: &Params, summary: &dyn Any, output: &mut [f64]) -> Result<bool>;
}

/// The type of a summary, and all that shapes it beside the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryId {
    pub(crate) id: TypeId,
    pub(crate) shape: String,
}

/// A reduction under way.
pub trait Accumulator: Any + Send + Sync {
    /// Takes consecutive rows, one chunk per input.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE` or `OUT_OF_MEMORY`; the state is unchanged then.
    fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()>;

    /// Refuses what `update` would refuse in rows that come after `before` others.
    ///
    /// # Errors
    /// `INVALID_VALUE` or `MISSING_VALUE`
    fn check(&self, before: usize, inputs: &[Chunk<'_>]) -> Result<()>;

    /// Memory for `rows` rows more: taking them asks for no other.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the state is unchanged then.
    fn reserve(&mut self, rows: usize) -> Result<()>;

    /// Takes rows that are [checked](Self::check), for which there is [room](Self::reserve).
    fn take(&mut self, inputs: &[Chunk<'_>]);

    /// Refuses what `merge` would refuse, and asks for the memory that it takes.
    ///
    /// # Errors
    /// As `merge`.
    fn reserve_for(&mut self, other: &dyn Accumulator) -> Result<()>;

    /// Takes over the rows of `other`, as if they had come after this one's.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if `other` is of another function, or has other parameters or another policy;
    /// `OUT_OF_MEMORY`. The state is unchanged then.
    fn merge(&mut self, other: &dyn Accumulator) -> Result<()>;

    /// Writes the answer for the rows so far. Whether there is one; all NaN where not.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn value(&self, output: &mut [f64]) -> Result<bool>;

    /// How many numbers an answer has.
    fn outputs(&self) -> usize;

    /// What is known of the rows, for [`ReductionFactory::value_of`].
    fn summary(&self) -> &dyn Any;

    /// The state as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn save(&self) -> Result<Vec<u8>>;

    /// Takes over a saved state of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT` or `OUT_OF_MEMORY`; the state is unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// Forgets every row.
    fn reset(&mut self);

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn copy(&self) -> Result<Box<dyn Accumulator>>;

    /// The number of rows taken so far, missing ones included; the row number in errors.
    fn rows(&self) -> u64;
}
