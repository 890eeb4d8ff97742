//! Metrics as rows arrive: update, merge, value.

use omega_contract::{Error, Result};
use omega_kernel::{Body, Function, ReductionFactory};

use crate::data::Data;
use crate::live::Live;

/// The state of one metric over the rows so far.
pub type Accumulator = Live<dyn omega_kernel::Accumulator>;

/// What an accumulator remembers beside its state: nothing.
#[derive(Clone, Default)]
pub struct Seen;

impl Seen {
    pub(crate) fn save(&self, state: Vec<u8>) -> Result<Vec<u8>> {
        Ok(state)
    }

    pub(crate) fn load(payload: &[u8]) -> Result<(Self, &[u8])> {
        Ok((Self, payload))
    }
}

impl Accumulator {
    /// Forgets every row.
    pub fn reset(&mut self) {
        self.kernel.reset();
    }

    /// Takes all rows or, on an error, none: what could be refused is looked at before anything is taken.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `INVALID_SHAPE` or `OUT_OF_MEMORY`
    pub fn update(&mut self, data: &Data<'_>) -> Result<()> {
        data.fits(&self.function.spec)?;
        let mut chunks = data.chunks();
        if let (Some(only), None) = (chunks.next(), chunks.next()) {
            return self.kernel.update(only);
        }
        let mut rows = 0;
        for chunk in data.chunks() {
            self.kernel.check(rows, chunk)?;
            rows += chunk.first().map_or(0, |column| column.values.len());
        }
        self.kernel.reserve(rows)?;
        data.chunks().for_each(|chunk| self.kernel.take(chunk));
        Ok(())
    }

    /// Takes over the rows of another accumulator of the same metric, as if they came after this one's.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if the other is of another function, or has other parameters or another policy;
    /// `OUT_OF_MEMORY`. The state is unchanged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.is_like(other)?;
        self.kernel.merge(other.kernel.as_ref())
    }

    /// Writes the metric of the rows so far, one number per output. Whether it is defined; all NaN where not.
    ///
    /// # Errors
    /// `INVALID_SHAPE` or `OUT_OF_MEMORY`
    pub fn value(&self, output: &mut [f64]) -> Result<bool> {
        self.answers_in(output)?;
        self.kernel.value(output)
    }
}

/// A metric's kernel.
pub(crate) fn reduction(function: &Function) -> Result<&'static dyn ReductionFactory> {
    match function.body {
        Body::Reduction(factory) => Ok(factory),
        Body::Rowwise(_) => Err(not_reduction(&function.spec.name)),
    }
}

/// The refusal of a function that has no accumulator.
#[must_use]
pub fn not_reduction(name: &str) -> Error {
    Error::invalid_type("the function of an accumulator", "one that reduces rows to a number", name)
}
