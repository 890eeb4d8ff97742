//! Indicators bar by bar.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::{Body, Function, RowwiseFactory};

use crate::data::{Data, wide};
use crate::live::Live;

/// The most inputs and the most outputs of any function: a row fits on the stack. A test holds every function to it.
pub const MOST_COLUMNS: usize = 8;

/// The state of one indicator over one series.
pub type Stream = Live<dyn omega_kernel::Stream>;

impl Stream {
    /// Takes one row, in the order of the function's inputs; NaN is missing. Whether `output` holds a value for each
    /// output; all are NaN where not: while warming up, or where the row is missing.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `INVALID_SHAPE` or `OUT_OF_MEMORY`; the state is unchanged then.
    #[inline]
    pub fn update(&mut self, row: &[f64], output: &mut [f64]) -> Result<bool> {
        self.fits(row, output)?;
        self.kernel.update(row, output)
    }

    /// What [`update`](Self::update) would answer, leaving the state alone: the value of a bar that is still forming.
    ///
    /// # Errors
    /// As `update`.
    #[inline]
    pub fn peek(&self, row: &[f64], output: &mut [f64]) -> Result<bool> {
        self.fits(row, output)?;
        self.kernel.peek(row, output)
    }

    /// Takes many rows; one column per output, with the bits of as many updates.
    ///
    /// # Errors
    /// As `update`, naming the row; the state is unchanged then.
    pub fn extend(&mut self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        data.fits(&self.function.spec)?;
        let mut next = self.kernel.copy()?;
        let n_outputs = self.function.spec.outputs.len();
        let outputs = crate::compute::fill(n_outputs, data, |_, chunk, outputs| next.batch(chunk, outputs))?;
        self.kernel = next;
        Ok(outputs)
    }

    /// The number of rows before the first value.
    #[must_use]
    pub fn warm_up_rows(&self) -> usize {
        warm_up_rows(self.function, &self.params)
    }

    #[inline]
    fn fits(&self, row: &[f64], output: &[f64]) -> Result<()> {
        wide(&self.function.spec.name, self.function.spec.inputs.len(), row.len())?;
        self.answers_in(output)
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
