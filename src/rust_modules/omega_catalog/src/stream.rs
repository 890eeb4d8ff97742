//! Indicators bar by bar.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::payload::{bytes, decode, encode, list};
use omega_kernel::{Body, Function, RowwiseFactory};
use serde::{Deserialize, Serialize};

use crate::data::{Data, wide};
use crate::live::Live;
use crate::order::{Follows, Moment, follow};

/// The most inputs and the most outputs of any function: a row fits on the stack. A test holds every function to it.
pub const MOST_COLUMNS: usize = 8;

/// The state of one indicator over one series.
pub type Stream = Live<dyn omega_kernel::Stream>;

/// What a stream remembers beside its state.
#[derive(Clone)]
pub struct Seen {
    /// The field by which bars are in order.
    order: Option<String>,
    /// When the last bar was.
    last: Option<Moment>,
    /// What the last row gave; NaN where that was nothing.
    value: [f64; MOST_COLUMNS],
}

impl Default for Seen {
    fn default() -> Self {
        Self { order: None, last: None, value: [f64::NAN; MOST_COLUMNS] }
    }
}

/// A stream as the payload of a snapshot.
#[derive(Serialize, Deserialize)]
struct Saved<'a> {
    order: Option<&'a str>,
    last: Option<Moment>,
    /// Nothing, or a value for each output.
    #[serde(with = "list")]
    value: Vec<f64>,
    #[serde(with = "bytes")]
    state: &'a [u8],
}

impl Seen {
    pub(crate) fn save(&self, state: Vec<u8>) -> Result<Vec<u8>> {
        let value = self.value.iter().copied().take_while(|value| !value.is_nan()).collect();
        encode(&Saved { order: self.order.as_deref(), last: self.last, value, state: &state })
    }

    pub(crate) fn load(payload: &[u8]) -> Result<(Self, &[u8])> {
        let Saved { order, last, value, state } = decode(payload)?;
        let mut seen = Self { order: order.map(str::to_owned), last, ..Self::default() };
        let Some(place) = seen.value.get_mut(..value.len()) else {
            let value = format!("{} values", value.len());
            return Err(Error::snapshot_corrupt("it contradicts itself", "the state of a stream", value));
        };
        place.copy_from_slice(&value);
        Ok((seen, state))
    }
}

impl Stream {
    /// Takes one row, in the order of the function's inputs; NaN is missing. Whether `output` holds a value for each
    /// output; all are NaN where not: while warming up, or where the row is missing.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `INVALID_SHAPE` or `OUT_OF_MEMORY`; the state is unchanged then.
    #[inline]
    pub fn update(&mut self, row: &[f64], output: &mut [f64]) -> Result<bool> {
        self.update_at(row, None, output)
    }

    /// [`update`](Self::update) by a bar of some moment, which must be later than the last where both are known.
    ///
    /// # Errors
    /// As `update`; `INVALID_VALUE` for a bar that is not later, `INVALID_TYPE` for a moment of another kind than the last.
    #[inline]
    pub fn update_at(&mut self, row: &[f64], time: Option<Moment>, output: &mut [f64]) -> Result<bool> {
        self.fits(row, time, output)?;
        let has_value = self.kernel.update(row, output)?;
        self.seen.last = time.or(self.seen.last);
        self.seen.value[..output.len()].copy_from_slice(output);
        Ok(has_value)
    }

    /// What [`update`](Self::update) would answer, leaving the state alone: the value of a bar that is still forming.
    ///
    /// # Errors
    /// As `update`.
    #[inline]
    pub fn peek(&self, row: &[f64], output: &mut [f64]) -> Result<bool> {
        self.peek_at(row, None, output)
    }

    /// What [`update_at`](Self::update_at) would answer, leaving the state alone.
    ///
    /// # Errors
    /// As `update_at`.
    #[inline]
    pub fn peek_at(&self, row: &[f64], time: Option<Moment>, output: &mut [f64]) -> Result<bool> {
        self.fits(row, time, output)?;
        self.kernel.peek(row, output)
    }

    /// Takes many rows; one column per output, with the bits of as many updates.
    ///
    /// # Errors
    /// As `update`, naming the row; the state is unchanged then.
    pub fn extend(&mut self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.extend_at(data, &[])
    }

    /// [`extend`](Self::extend) by rows of some moments, or of none. None of them is earlier than the one before it, and
    /// the first is later than the last bar.
    ///
    /// # Errors
    /// As `extend`, and as `update_at` of moments.
    pub fn extend_at(&mut self, data: &Data<'_>, times: &[Option<Moment>]) -> Result<Vec<Vec<f64>>> {
        data.fits(&self.function.spec)?;
        let (mut last, mut follows) = (self.seen.last, Follows::Later);
        for (row, now) in (self.kernel.rows()..).zip(times) {
            let Some(now) = *now else { continue };
            follow(self.order(), last, now, follows, None, row)?;
            (last, follows) = (Some(now), Follows::NotEarlier);
        }
        let mut next = self.kernel.copy()?;
        let n_outputs = self.function.spec.outputs.len();
        let outputs = crate::compute::fill(n_outputs, data, |_, chunk, outputs| next.batch(chunk, outputs))?;
        self.kernel = next;
        self.seen.last = last;
        for (value, output) in self.seen.value.iter_mut().zip(&outputs) {
            *value = output.last().copied().unwrap_or(*value);
        }
        Ok(outputs)
    }

    /// Forgets every row.
    pub fn reset(&mut self) {
        self.kernel.reset();
        self.seen = Seen { order: self.seen.order.take(), ..Seen::default() };
    }

    /// Names the field by which bars are in order; for messages, as moments come beside rows.
    pub fn order_by(&mut self, field: Option<String>) {
        self.seen.order = field;
    }

    /// The field by which bars are in order.
    #[must_use]
    pub fn ordered_by(&self) -> Option<&str> {
        self.seen.order.as_deref()
    }

    /// What the last row gave, a value for each output; nothing before the first, while warming up, or where it was missing.
    #[must_use]
    pub fn value(&self) -> Option<&[f64]> {
        let value = &self.seen.value[..self.function.spec.outputs.len()];
        value.iter().all(|value| !value.is_nan()).then_some(value)
    }

    fn order(&self) -> &str {
        self.ordered_by().unwrap_or("the time")
    }

    /// The number of rows before the first value.
    #[must_use]
    pub fn warm_up_rows(&self) -> usize {
        warm_up_rows(self.function, &self.params)
    }

    #[inline]
    fn fits(&self, row: &[f64], time: Option<Moment>, output: &[f64]) -> Result<()> {
        wide(&self.function.spec.name, self.function.spec.inputs.len(), row.len())?;
        self.answers_in(output)?;
        match time {
            Some(now) => follow(self.order(), self.seen.last, now, Follows::Later, None, self.kernel.rows()),
            None => Ok(()),
        }
    }
}

/// The number of rows before a function's first value; 0 for a metric.
#[must_use]
pub fn warm_up_rows(function: &Function, params: &Params) -> usize {
    match function.body {
        Body::Rowwise(factory) => factory.warm_up(params),
        Body::Reduction(_) => 0,
    }
}

/// A function's rowwise kernel.
pub(crate) fn rowwise(function: &Function) -> Result<&'static dyn RowwiseFactory> {
    match function.body {
        Body::Rowwise(factory) => Ok(factory),
        Body::Reduction(_) => Err(not_rowwise(&function.spec.name)),
    }
}

/// The refusal of a function that has no stream.
#[must_use]
pub fn not_rowwise(name: &str) -> Error {
    Error::invalid_type("the function of a stream", "one that answers row by row", name)
}
