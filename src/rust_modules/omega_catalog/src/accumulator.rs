//! Metrics as rows arrive: update, merge, value.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Body, Function, Nulls};

use crate::data::{Data, wide};
use crate::restore::saved;

/// The state of one metric over the rows so far.
pub struct Accumulator {
    function: &'static Function,
    params: Params,
    nulls: Nulls,
    kernel: Box<dyn omega_kernel::Accumulator>,
}

impl Accumulator {
    /// An accumulator that has seen no rows.
    ///
    /// # Errors
    /// `INVALID_TYPE` if the function does not reduce rows to a number.
    pub fn new(function: &'static Function, params: Params, nulls: Nulls) -> Result<Self> {
        let Body::Reduction(factory) = function.body else { return Err(not_reduction(&function.spec.name)) };
        let kernel = factory.accumulator(&params, nulls);
        Ok(Self { function, params, nulls, kernel })
    }

    pub(crate) fn restore(snapshot: &Snapshot<'_>) -> Result<Self> {
        let (function, params) = saved(snapshot.function, snapshot.version, &snapshot.params)?;
        let mut accumulator = Self::new(function, params, snapshot.nulls)?;
        accumulator.kernel.load(snapshot.payload)?;
        Ok(accumulator)
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
        if !self.is_like(other) {
            return Err(Error::snapshot_mismatch(other.label(), self.label()));
        }
        self.kernel.merge(other.kernel.as_ref())
    }

    /// Writes the metric of the rows so far, one number per output. Whether it is defined; all NaN where not.
    ///
    /// # Errors
    /// `INVALID_SHAPE` or `OUT_OF_MEMORY`
    pub fn value(&self, output: &mut [f64]) -> Result<bool> {
        wide(&self.function.spec.name, self.function.spec.outputs.len(), output.len())?;
        self.kernel.value(output)
    }

    /// Forgets every row.
    pub fn reset(&mut self) {
        self.kernel.reset();
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        let kernel = self.kernel.copy()?;
        Ok(Self { function: self.function, params: self.params.clone(), nulls: self.nulls, kernel })
    }

    /// The state as bytes, for [`restore`](crate::restore()).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let snapshot = Snapshot {
            kind: SnapshotKind::Accumulator,
            function: &self.function.spec.name,
            version: &self.function.spec.version,
            params: self.params.values().to_vec(),
            nulls: self.nulls,
            payload: &self.kernel.save()?,
        };
        snapshot.encode()
    }

    /// What it computes.
    #[must_use]
    pub fn function(&self) -> &'static Function {
        self.function
    }

    /// What it computes it with.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What a missing input does.
    #[must_use]
    pub fn nulls(&self) -> Nulls {
        self.nulls
    }

    /// The number of rows taken so far, missing ones included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.kernel.rows()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.function.spec.name == other.function.spec.name
            && self.params == other.params
            && self.nulls == other.nulls
    }

    fn label(&self) -> String {
        let (name, values) = (&self.function.spec.name, self.params.values());
        format!("{name} {values:?} nulls={}", self.nulls.as_str())
    }
}

/// The refusal of a function that has no accumulator.
#[must_use]
pub fn not_reduction(name: &str) -> Error {
    Error::invalid_type("the function of an accumulator", "one that reduces rows to a number", name)
}
