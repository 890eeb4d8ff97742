//! Incremental risk metrics: update, merge, value.

use omega_catalog::{Accumulator as State, Error, Function, MOST_COLUMNS, Result};
use omega_julia_host::{Held, Lock};
use pyo3::prelude::*;

use crate::arguments::flag;
use crate::data::{Import, Request};
use crate::errors::{Outcome, guard};
use crate::objects;
use crate::run;
use crate::streams::{answer_type, named_tuple, reduced};
use crate::words::kind;

/// The state of one metric over the rows so far.
#[pyclass(frozen, module = "omega._rust")]
pub struct Accumulator {
    function: &'static Function,
    state: Lock<State>,
}

impl Accumulator {
    /// An accumulator of the catalogue as a Python object.
    pub fn new(state: State) -> Self {
        Self { function: state.function(), state: Lock::new(state) }
    }

    /// A panic in a kernel was reported when it happened; the state it left is still a state.
    fn lock(&self) -> Result<Held<'_, State>> {
        self.state.lock().map_err(|left| left.error(&self.function.spec.name))
    }

    fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, &self.function.spec.name, body)
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
            let inputs = &self.function.spec.inputs;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let request = Request { inputs, data: Some(data), columns: None, by: None, strict };
            let import = Import::new(py, &request)?;
            // Who holds the lock never waits for the GIL, so two threads cannot each wait for what the other holds.
            run::detached(py, import.rows, || {
                let data = run::data_of(&import)?;
                self.lock()?.update(&data)
            })?;
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
            // One lock cannot be taken twice, so what is merged with itself is copied first.
            if std::ptr::eq(self, other) {
                let mut state = self.lock()?;
                let copy = state.copy()?;
                return Ok(state.merge(&copy)?);
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
            Ok(state.merge(&other)?)
        })
    }

    /// The metric of the rows so far, or None while it is undefined.
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.guard(py, || {
            let mut output = [f64::NAN; MOST_COLUMNS];
            let output = &mut output[..self.function.spec.outputs.len()];
            if !self.lock()?.value(output)? {
                return Ok(None);
            }
            Ok(Some(match output {
                [only] => objects::value(py, &self.function.spec.outputs[0].data_type, *only)?,
                _ => named_tuple(
                    answer_type(py, &self.function.spec)?.bind(py),
                    &self.function.spec.outputs,
                    output,
                )?,
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
        self.guard(py, || objects::bytes(py, &self.lock()?.snapshot()?))
    }

    /// The function's name.
    #[getter]
    fn function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, &self.function.spec.name)?))
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::text(py, self.lock()?.nulls().as_str())?))
    }

    /// The number of rows taken so far, missing ones included.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::count(py, self.lock()?.rows())?))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        self.guard(py, || Ok(Self::new(self.lock()?.copy()?)))
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || reduced(py, objects::bytes(py, &self.lock()?.snapshot()?)?))
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let rows = self.lock()?.rows();
            Ok(objects::text(
                py,
                &format!("<omega accumulator of {}, {rows} rows>", self.function.spec.name),
            )?)
        })
    }
}
