//! Incremental risk metrics: update, merge, value.

use omega_catalog::{Accumulator as State, Error, Function, MOST_COLUMNS};
use pyo3::prelude::*;

use crate::arguments::flag;
use crate::data::{Import, Request};
use crate::live::Live;
use crate::objects;
use crate::run;
use crate::streams::{answer_type, named_tuple};
use crate::words::kind;

/// The state of one metric over the rows so far.
#[pyclass(frozen, module = "omega._rust")]
pub struct Accumulator {
    function: &'static Function,
    live: Live<State>,
}

impl Accumulator {
    /// An accumulator of the catalogue as a Python object.
    pub fn new(state: State) -> Self {
        let function = state.function();
        Self { function, live: Live::new(&function.spec.name, state) }
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
        self.live.guard(py, || {
            let inputs = &self.function.spec.inputs;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let request = Request { inputs, data: Some(data), columns: None, by: None, strict };
            let import = Import::new(py, &request)?;
            run::detached(py, import.rows, || {
                let data = run::data_of(&import)?;
                self.live.lock()?.update(&data)
            })?;
            Ok(())
        })
    }

    /// Takes over the rows of another accumulator of the same metric, as if they came after this one's.
    fn merge(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        self.live.guard(py, || {
            let Ok(other) = other.cast::<Self>() else {
                return Err(Error::invalid_type("what is merged", "an accumulator", kind(other)).into());
            };
            Ok(self.live.merge(&other.get().live, State::merge)?)
        })
    }

    /// The metric of the rows so far, or None while it is undefined.
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || {
            let mut output = [f64::NAN; MOST_COLUMNS];
            let output = &mut output[..self.function.spec.outputs.len()];
            if !self.live.lock()?.value(output)? {
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
        self.live.reset(py)
    }

    /// The state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.snapshot(py)
    }

    /// The function's name.
    #[getter]
    fn function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || Ok(objects::text(py, &self.function.spec.name)?))
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || Ok(objects::text(py, self.live.lock()?.nulls().as_str())?))
    }

    /// The number of rows taken so far, missing ones included.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.rows(py)
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(self.live.copy(py)?))
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.reduce(py)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let (name, rows) = (&self.function.spec.name, self.live.lock()?.rows());
            Ok(objects::text(py, &format!("<omega accumulator of {name}, {rows} rows>"))?)
        })
    }
}
