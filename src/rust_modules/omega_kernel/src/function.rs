//! A function as a caller meets it: a spec, and objects that compute.
//!
//! Kernel authors implement [`Rowwise`](crate::Rowwise) or [`Reduction`](crate::Reduction) instead; the
//! adapters turn those into the objects here.

use std::any::Any;

use omega_contract::Result;
use omega_contract::arrow::column::Chunk;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;

use crate::Nulls;

/// A spec with what computes it.
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
    /// `INVALID_VALUE` or `MISSING_VALUE`; the state is unchanged then.
    fn update(&mut self, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// What `update` would answer, leaving the state alone: the value of a bar that is still forming.
    ///
    /// # Errors
    /// As `update`.
    fn peek(&self, input: &[f64], output: &mut [f64]) -> Result<bool>;

    /// Forgets every row.
    fn reset(&mut self);

    /// Takes consecutive rows, one chunk per input. Missing values come out as NaN.
    ///
    /// # Errors
    /// As `update`, naming the row; the state is then that of some row before it.
    fn batch(&mut self, inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()>;

    /// The state as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    fn save(&self) -> Vec<u8>;

    /// Takes over a saved state of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT`; the state is unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// An independent copy.
    fn clone_box(&self) -> Box<dyn Stream>;

    /// The number of rows taken so far; the row number in errors.
    fn rows(&self) -> u64;
}

/// One state per group, over rows in any interleaving. States come into being as groups appear.
pub trait Grouped: Send + Sync {
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

    /// All states as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    fn save(&self) -> Vec<u8>;

    /// Takes over saved states of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT`; the states are unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// Forgets every row of every group.
    fn reset(&mut self);

    /// An independent copy.
    fn clone_box(&self) -> Box<dyn Grouped>;

    /// The number of rows taken so far, of all groups; the row number in errors.
    fn rows(&self) -> u64;
}

/// Makes the accumulators of one reduction. Parameters are resolved: nothing here checks a range.
pub trait ReductionFactory: Send + Sync {
    /// An accumulator that has seen no rows.
    fn accumulator(&self, params: &Params, nulls: Nulls) -> Box<dyn Accumulator>;
}

/// A reduction under way.
pub trait Accumulator: Any + Send + Sync {
    /// Takes consecutive rows, one chunk per input.
    ///
    /// # Errors
    /// `INVALID_VALUE` or `MISSING_VALUE`; the state is unchanged then.
    fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()>;

    /// Takes over the rows of `other`, as if they had come after this one's.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if `other` is of another function, or has other parameters or another policy.
    fn merge(&mut self, other: &dyn Accumulator) -> Result<()>;

    /// Writes the answer for the rows so far. Whether there is one; all NaN where not.
    fn value(&self, output: &mut [f64]) -> bool;

    /// The state as the payload of a [`Snapshot`](crate::snapshot::Snapshot).
    fn save(&self) -> Vec<u8>;

    /// Takes over a saved state of the same function, parameters and policy.
    ///
    /// # Errors
    /// `SNAPSHOT_CORRUPT`; the state is unchanged then.
    fn load(&mut self, payload: &[u8]) -> Result<()>;

    /// Forgets every row.
    fn reset(&mut self);

    /// An independent copy.
    fn clone_box(&self) -> Box<dyn Accumulator>;

    /// The number of rows taken so far, missing ones included; the row number in errors.
    fn rows(&self) -> u64;
}
