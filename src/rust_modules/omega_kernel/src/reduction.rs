//! From one mergeable state come risk metrics over a batch, over chunks as they arrive, and over parts.

use std::any::Any;
use std::marker::PhantomData;

use omega_arrow::column::Chunk;
use omega_contract::bounds::MOST_ROWS;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::checks::{self, Checked};
use crate::function::{Accumulator, Body, Function, ReductionFactory};
use crate::payload::{self, State};

/// Rows that are gathered before they are handed on, where missing rows lie between them.
const BLOCK_ROWS: usize = 1024;

/// A reduction, written once as a state that takes rows and merges.
///
/// `I` columns go in and `O` numbers come out. Rows reach it checked: 0, or from 1e-100 to 1e100 in magnitude.
pub trait Reduction<const I: usize, const O: usize>: State {
    /// All there is to know about the function.
    fn spec() -> FunctionSpec;

    /// The state before the first row.
    fn new(params: &Params) -> Self;

    /// Takes consecutive rows, for which there is [room](State::reserve). The bits do not depend on how rows are divided between calls.
    fn update(&mut self, columns: [&[f64]; I]);

    /// Takes over the rows of `other`, for which there is room, as if they had come after this one's.
    fn merge(&mut self, other: &Self);

    /// The answer for the rows so far; `None` where it is undefined.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn value(&self) -> Result<Option<[f64; O]>>;

    /// How many rows it has taken.
    fn rows(&self) -> u64;

    /// Whether rows can lead to this state under these parameters; asked of every state that is loaded.
    fn is_sound(&self, params: &Params) -> bool;

    /// The function as callers meet it: one line of a module's registry.
    #[must_use]
    fn function() -> Function {
        Function { spec: Self::spec(), body: Body::Reduction(&Factory::<Self, I, O>(PhantomData)) }
    }
}

struct Factory<R, const I: usize, const O: usize>(PhantomData<fn() -> R>);

impl<R: Reduction<I, O>, const I: usize, const O: usize> ReductionFactory for Factory<R, I, O> {
    fn accumulator(&self, params: &Params, nulls: Nulls) -> Box<dyn Accumulator> {
        let state = R::new(params);
        Box::new(Accumulating::<R, I, O> { state, params: params.clone(), nulls, spoilt: false, rows: 0 })
    }
}

struct Accumulating<R, const I: usize, const O: usize> {
    state: R,
    params: Params,
    nulls: Nulls,
    /// Whether a missing row was met that the policy does not allow to be left out.
    spoilt: bool,
    rows: u64,
}

impl<R: Reduction<I, O>, const I: usize, const O: usize> Accumulating<R, I, O> {
    fn label(&self) -> String {
        let spec = R::spec();
        let given = spec.parameters.iter().zip(self.params.values());
        let given: Vec<String> =
            given.map(|(parameter, value)| format!("{}={value}", parameter.name)).collect();
        format!("{}({}) with nulls=\"{}\"", spec.name, given.join(", "), self.nulls.as_str())
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
        for row in 0..columns[0].values.len() {
            let values = columns.map(|column| column.get(row));
            match checks::row(&values) {
                Checked::Clean => {}
                Checked::Missing if self.nulls != Nulls::Raise => {}
                _ => {
                    let number = self.rows + (before + row) as u64;
                    return Err(checks::refusal(&R::spec().inputs, &values, number));
                }
            }
        }
        Ok(false)
    }

    /// Hands on all rows, or those without a missing value.
    fn hand_on(&mut self, columns: [Chunk<'_>; I], all_clean: bool) {
        if all_clean {
            self.state.update(columns.map(|column| column.values));
        } else {
            self.hand_on_present(columns);
        }
        self.rows += columns[0].values.len() as u64;
    }

    fn hand_on_present(&mut self, columns: [Chunk<'_>; I]) {
        let mut gathered = [[0.0; BLOCK_ROWS]; I];
        let mut filled = 0;
        for row in 0..columns[0].values.len() {
            let values = columns.map(|column| column.get(row));
            if values.iter().any(|value| value.is_nan()) {
                self.spoilt |= self.nulls == Nulls::Propagate;
                continue;
            }
            for (column, value) in gathered.iter_mut().zip(values) {
                column[filled] = value;
            }
            filled += 1;
            if filled == BLOCK_ROWS {
                self.state.update(gathered.each_ref().map(<[f64; BLOCK_ROWS]>::as_slice));
                filled = 0;
            }
        }
        self.state.update(gathered.each_ref().map(|column| &column[..filled]));
    }
}

/// Columns as the array that a reduction takes. The callers of this crate pass as many as the spec has inputs.
fn as_columns<'a, const I: usize>(inputs: &[Chunk<'a>]) -> [Chunk<'a>; I] {
    std::array::from_fn(|column| inputs[column])
}

impl<R: Reduction<I, O>, const I: usize, const O: usize> Accumulator for Accumulating<R, I, O> {
    fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()> {
        let columns = as_columns(inputs);
        let rows = columns[0].values.len();
        self.rows_with(rows as u64)?;
        let all_clean = self.are_clean(0, &columns)?;
        self.state.reserve(rows)?;
        self.hand_on(columns, all_clean);
        Ok(())
    }

    fn check(&self, before: usize, inputs: &[Chunk<'_>]) -> Result<()> {
        let columns = as_columns(inputs);
        self.rows_with((before + columns[0].values.len()) as u64)?;
        self.are_clean(before, &columns).map(|_| ())
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.state.reserve(rows)
    }

    fn take(&mut self, inputs: &[Chunk<'_>]) {
        let columns = as_columns(inputs);
        self.hand_on(columns, checks::all_clean(&columns));
    }

    fn merge(&mut self, other: &dyn Accumulator) -> Result<()> {
        let any: &dyn Any = other;
        let Some(other) = any.downcast_ref::<Self>() else {
            return Err(Error::snapshot_mismatch("another function", R::spec().name));
        };
        if other.params != self.params || other.nulls != self.nulls {
            return Err(Error::snapshot_mismatch(other.label(), self.label()));
        }
        let rows = self.rows_with(other.rows)?;
        self.state.reserve(usize::try_from(other.state.rows()).unwrap_or(usize::MAX))?;
        self.rows = rows;
        self.state.merge(&other.state);
        self.spoilt |= other.spoilt;
        Ok(())
    }

    fn value(&self, output: &mut [f64]) -> Result<bool> {
        let values = if self.spoilt { None } else { self.state.value()? };
        output[..O].copy_from_slice(&values.unwrap_or([f64::NAN; O]));
        Ok(values.is_some())
    }

    fn save(&self) -> Result<Vec<u8>> {
        payload::encode(&(self.rows, self.spoilt, &self.state))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, spoilt, state): (u64, bool, R) = payload::decode(bytes)?;
        let counted = state.rows() <= rows && rows <= MOST_ROWS;
        if !counted || !state.is_sound(&self.params) || (spoilt && self.nulls != Nulls::Propagate) {
            return Err(payload::impossible("a state that no rows lead to"));
        }
        (self.rows, self.spoilt, self.state) = (rows, spoilt, state);
        Ok(())
    }

    fn reset(&mut self) {
        self.state = R::new(&self.params);
        self.spoilt = false;
        self.rows = 0;
    }

    fn copy(&self) -> Result<Box<dyn Accumulator>> {
        let state = self.state.copy()?;
        Ok(Box::new(Self { state, params: self.params.clone(), ..*self }))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}
