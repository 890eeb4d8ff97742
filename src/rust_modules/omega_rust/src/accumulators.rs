//! Incremental risk metrics: update, merge, value.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_julia_host::{Held, Lock};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Accumulator as Kernel, Nulls};
use pyo3::prelude::*;

use crate::arguments::flag;
use crate::compute::detached;
use crate::data::{Import, Request};
use crate::errors::{Outcome, guard};
use crate::objects;
use crate::registry::{Entry, find, reduction_factory};
use crate::streams::{MOST_COLUMNS, answer_type, check_version, named_tuple, reduced, saved_params};
use crate::words::kind;

/// The state of one metric over the rows so far.
#[pyclass(frozen, module = "omega._rust")]
pub struct Accumulator {
    entry: &'static Entry,
    params: Params,
    nulls: Nulls,
    kernel: Lock<Box<dyn Kernel>>,
}

impl Accumulator {
    /// An accumulator that has seen no rows.
    pub fn new(entry: &'static Entry, params: Params, nulls: Nulls) -> Result<Self> {
        let kernel = reduction_factory(entry)?.accumulator(&params, nulls);
        Ok(Self { entry, params, nulls, kernel: Lock::new(kernel) })
    }

    /// The accumulator that a snapshot holds.
    pub fn restore(snapshot: &Snapshot<'_>) -> Result<Self> {
        let entry = find(snapshot.function)?;
        check_version(&entry.spec, snapshot.version)?;
        let params = saved_params(&entry.spec, &snapshot.params)?;
        let accumulator = Self::new(entry, params, snapshot.nulls)?;
        accumulator.lock()?.load(snapshot.payload)?;
        Ok(accumulator)
    }

    /// Takes all chunks of an import or, on an error, none: what could be refused is looked at before anything is taken.
    fn take(&self, import: &Import) -> Result<()> {
        let mut state = self.lock()?;
        let mut chunks = import.chunks();
        if let (Some(only), None) = (chunks.next(), chunks.next()) {
            return state.update(&only);
        }
        let mut rows = 0;
        for chunk in import.chunks() {
            state.check(rows, &chunk)?;
            rows += chunk.first().map_or(0, |column| column.values.len());
        }
        state.reserve(rows)?;
        import.chunks().for_each(|chunk| state.take(&chunk));
        Ok(())
    }

    fn snapshot_bytes(&self) -> Result<Vec<u8>> {
        let payload = self.lock()?.save()?;
        let snapshot = Snapshot {
            kind: SnapshotKind::Accumulator,
            function: &self.entry.spec.name,
            version: &self.entry.spec.version,
            params: self.params.values().to_vec(),
            nulls: self.nulls,
            payload: &payload,
        };
        snapshot.encode()
    }

    /// A panic in a kernel was reported when it happened; the state it left is still a state.
    fn lock(&self) -> Result<Held<'_, Box<dyn Kernel>>> {
        self.kernel.lock().map_err(|left| left.error(&self.entry.spec.name))
    }

    fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, &self.entry.spec.name, body)
    }
}

#[pymethods]
impl Accumulator {
    /// Takes the rows of a chunk of data; on an error, none of them.
    #[pyo3(signature = (data, /, *, strict_zero_copy=None))]
    fn update(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        strict_zero_copy: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.guard(py, || {
            let inputs = &self.entry.spec.inputs;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let request = Request { inputs, data: Some(data), columns: None, by: None, strict };
            let import = Import::new(py, &request)?;
            // Who holds the lock never waits for the GIL, so two threads cannot each wait for what the other holds.
            detached(py, import.rows, || self.take(&import))?;
            Ok(())
        })
    }

    /// Takes over the rows of another accumulator of the same metric, as if they came after this one's.
    fn merge(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        self.guard(py, || {
            let Ok(other) = other.cast::<Self>() else {
                return Err(Error::invalid_type("what is merged", "an accumulator", kind(other)).into());
            };
            let other = other.get();
            if other.entry.spec.name != self.entry.spec.name
                || other.params != self.params
                || other.nulls != self.nulls
            {
                let name = |it: &Self| {
                    format!("{} {:?} nulls={}", it.entry.spec.name, it.params.values(), it.nulls.as_str())
                };
                return Err(Error::snapshot_mismatch(name(other), name(self)).into());
            }
            // One lock cannot be taken twice, so what is merged with itself is copied first.
            if std::ptr::eq(self, other) {
                let mut state = self.lock()?;
                let copy = state.copy()?;
                return Ok(state.merge(copy.as_ref())?);
            }
            // Always in the same order: two threads that merge the same two cannot each wait for the other.
            let own_first = std::ptr::from_ref(self) < std::ptr::from_ref(other);
            let (mut state, other) = if own_first {
                let state = self.lock()?;
                (state, other.lock()?)
            } else {
                let other = other.lock()?;
                (self.lock()?, other)
            };
            Ok(state.merge(other.as_ref())?)
        })
    }

    /// The metric of the rows so far, or None while it is undefined.
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.guard(py, || {
            let mut output = [f64::NAN; MOST_COLUMNS];
            let output = &mut output[..self.entry.spec.outputs.len()];
            if !self.lock()?.value(output)? {
                return Ok(None);
            }
            Ok(Some(match output {
                [only] => objects::float(py, *only)?,
                _ => named_tuple(answer_type(py, &self.entry.spec)?.bind(py), output)?,
            }))
        })
    }

    /// Forgets every row.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.guard(py, || {
            self.lock()?.reset();
            Ok(())
        })
    }

    /// The state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || objects::bytes(py, &self.snapshot_bytes()?))
    }

    /// The function's name.
    #[getter]
    fn function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, &self.entry.spec.name)?))
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, self.nulls.as_str())?))
    }

    /// The number of rows taken so far, missing ones included.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::count(py, self.lock()?.rows())?))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        self.guard(py, || {
            let kernel = Lock::new(self.lock()?.copy()?);
            Ok(Self { entry: self.entry, params: self.params.clone(), nulls: self.nulls, kernel })
        })
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || reduced(py, objects::bytes(py, &self.snapshot_bytes()?)?))
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let rows = self.lock()?.rows();
            Ok(objects::text(py, &format!("<omega accumulator of {}, {rows} rows>", self.entry.spec.name))?)
        })
    }
}
