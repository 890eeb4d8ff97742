//! Incremental risk metrics: update, merge, value.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_julia_host::{Held, Lock};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Accumulator as Kernel, Nulls};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::arguments::flag;
use crate::compute::detached;
use crate::data::{Import, Request};
use crate::errors::{Outcome, guard};
use crate::registry::{Entry, find, reduction_factory};
use crate::streams::{answer_type, check_version, saved_params};

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
    pub fn restore(snapshot: &Snapshot) -> Result<Self> {
        let entry = find(&snapshot.function)?;
        check_version(&entry.spec, &snapshot.version)?;
        let params = saved_params(&entry.spec, &snapshot.params)?;
        let accumulator = Self::new(entry, params, snapshot.nulls)?;
        accumulator.lock()?.load(&snapshot.payload)?;
        Ok(accumulator)
    }

    /// Takes all chunks of an import or, on an error, none.
    fn take(&self, import: &Import) -> Result<()> {
        let mut state = self.lock()?;
        if import.chunks().count() == 1 {
            return import.chunks().try_for_each(|chunk| state.update(&chunk));
        }
        let mut next = state.clone_box();
        import.chunks().try_for_each(|chunk| next.update(&chunk))?;
        *state = next;
        Ok(())
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
                let value = other.get_type().name()?;
                return Err(Error::invalid_type("what is merged", "an accumulator", value).into());
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
            // A copy first: `other` may be `self`, and two locks could be taken in either order.
            let other = other.lock()?.clone_box();
            Ok(self.lock()?.merge(other.as_ref())?)
        })
    }

    /// The metric of the rows so far, or None while it is undefined.
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.guard(py, || {
            let mut output = vec![f64::NAN; self.entry.spec.outputs.len()];
            if !self.lock()?.value(&mut output) {
                return Ok(None);
            }
            let answer = PyTuple::new(py, &output)?;
            Ok(Some(match output.len() {
                1 => answer.get_item(0)?,
                _ => answer_type(py, &self.entry.spec)?.bind(py).call1(answer)?,
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
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.guard(py, || {
            let snapshot = Snapshot {
                kind: SnapshotKind::Accumulator,
                function: self.entry.spec.name.clone(),
                version: self.entry.spec.version.clone(),
                params: self.params.values().to_vec(),
                nulls: self.nulls,
                payload: self.lock()?.save(),
            };
            Ok(PyBytes::new(py, &snapshot.encode()))
        })
    }

    /// The function's name.
    #[getter]
    fn function(&self) -> &str {
        &self.entry.spec.name
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls(&self) -> &str {
        self.nulls.as_str()
    }

    /// The number of rows taken so far, missing ones included.
    #[getter]
    fn rows(&self, py: Python<'_>) -> PyResult<u64> {
        self.guard(py, || Ok(self.lock()?.rows()))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        self.guard(py, || {
            let kernel = Lock::new(self.lock()?.clone_box());
            Ok(Self { entry: self.entry, params: self.params.clone(), nulls: self.nulls, kernel })
        })
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.import("omega._rust")?.getattr("restore")?, (self.snapshot(py)?,)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<omega accumulator of {}, {} rows>", self.entry.spec.name, self.rows(py)?))
    }
}
