//! Incremental risk metrics: update, merge, value.

use omega_catalog::{Accumulator as State, Data, Error, Function, MOST_COLUMNS};
use omega_contract::params::near;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyTuple};

use crate::arguments::{flag, text};
use crate::data::{Import, Request, is_real, one_value};
use crate::descriptions;
use crate::errors::{Outcome, asked};
use crate::live::Live;
use crate::objects;
use crate::run;
use crate::streams::{answer_type, named_tuple};
use crate::words::{has, kind};

/// The state of one metric over the rows so far: what `omega.accumulate` returns.
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

impl Accumulator {
    /// The inputs that came one by one, None where one did not.
    fn each<'py>(
        &self,
        py: Python<'py>,
        positional: &Bound<'py, PyTuple>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> Outcome<Bound<'py, PyTuple>> {
        let spec = &self.function.spec;
        let names = || spec.inputs.iter().map(|input| input.name.as_str());
        for name in columns.into_iter().flat_map(|columns| columns.keys()) {
            let name = text(&name, "the name of an input")?;
            if names().all(|known| known != name) {
                let nearest = near(&name, names()).unwrap_or_default();
                let allowed = names().collect::<Vec<_>>().join(", ");
                return Err(Error::unknown_parameter(&spec.name, &name, nearest, allowed).into());
            }
        }
        if positional.len() > spec.inputs.len() {
            let allowed = format!("at most {} columns or numbers", spec.inputs.len());
            return Err(Error::invalid_shape("a chunk", allowed, positional.len()).into());
        }
        let mut each = Vec::with_capacity(spec.inputs.len());
        for (place, name) in names().enumerate() {
            let named = columns.map(|columns| columns.get_item(name)).transpose()?.flatten();
            let placed = positional.get_item(place).ok();
            if named.is_some() && placed.is_some() {
                return Err(
                    Error::invalid_shape("a chunk", "each input once", format!("{name} twice")).into()
                );
            }
            each.push(named.or(placed).unwrap_or_else(|| py.None().into_bound(py)));
        }
        Ok(PyTuple::new(py, each)?)
    }

    /// Reads a row of numbers, if it is one: a bar, or each input by itself.
    fn is_row(
        &self,
        whole: Option<&Bound<'_, PyAny>>,
        each: Option<&Bound<'_, PyTuple>>,
        row: &mut [f64],
    ) -> Outcome<bool> {
        for (place, (slot, input)) in row.iter_mut().zip(&self.function.spec.inputs).enumerate() {
            let value = match (each, whole.map(|whole| whole.cast::<PyDict>())) {
                (Some(each), _) => each.get_item(place)?,
                (None, Some(Ok(bar))) => match asked(&input.name, bar, bar.get_item(input.column()))? {
                    Some(value) => value,
                    None => return Ok(false),
                },
                _ => return Ok(false),
            };
            let Some(number) = constant(&value) else { return Ok(false) };
            *slot = one_value(number, input, &input.name)?;
        }
        Ok(true)
    }
}

/// A number that stands for itself.
pub fn constant<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyAny>> {
    let is_number = value.is_instance_of::<PyFloat>()
        || value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
        || !has(value, intern!(value.py(), "__len__"))
            && !has(value, intern!(value.py(), "__arrow_c_array__"))
            && is_real(value);
    is_number.then_some(value)
}

#[pymethods]
impl Accumulator {
    /// Takes the rows of a chunk of data, or one row of numbers; on an error, none of them.
    ///
    /// Inputs come in one object, one by one in the order of the spec, or by keyword.
    ///
    /// >>> import omega
    /// >>> drawdown = omega.accumulate("risk.max_drawdown")
    /// >>> drawdown.update([0.5, -0.5])
    /// >>> drawdown.update(-0.5)
    /// >>> drawdown.update(returns=0.25)
    /// >>> drawdown.value, drawdown.rows
    /// (-0.75, 4)
    #[pyo3(signature = (*data, strict_zero_copy=None, **columns))]
    fn update(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyTuple>,
        strict_zero_copy: Option<&Bound<'_, PyAny>>,
        columns: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        self.live.guard(py, || {
            let inputs = &self.function.spec.inputs;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let alone = if columns.is_none() && data.len() == 1 { Some(data.get_item(0)?) } else { None };
            let by_name = alone.as_ref().filter(|only| constant(only).is_none());
            let (whole, each) = match by_name {
                Some(whole) => (Some(whole), None),
                None => (None, Some(self.each(py, data, columns)?)),
            };
            let mut row = [f64::NAN; MOST_COLUMNS];
            if self.is_row(whole, each.as_ref(), &mut row)? {
                let row: Vec<&[f64]> = row[..inputs.len()].iter().map(std::slice::from_ref).collect();
                return Ok(self.live.lock()?.update(&Data::new(&row)?)?);
            }
            let request =
                Request { inputs, data: whole, columns: each.as_ref(), by: None, timed_by: None, strict };
            let import = Import::new(py, &request)?;
            run::detached(py, import.rows, || {
                let data = run::data_of(&import)?;
                self.live.lock()?.update(&data)
            })?;
            Ok(())
        })
    }

    /// Takes over the rows of another accumulator of the same metric, as if they came after this one's.
    ///
    /// >>> import omega
    /// >>> first, second = omega.accumulate("risk.max_drawdown"), omega.accumulate("risk.max_drawdown")
    /// >>> first.update([0.5, -0.5])
    /// >>> second.update([-0.5])
    /// >>> first.merge(second)
    /// >>> first.value
    /// -0.75
    fn merge(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        self.live.guard(py, || {
            let Ok(other) = other.cast::<Self>() else {
                return Err(Error::invalid_type("what is merged", "an accumulator", kind(other)).into());
            };
            Ok(self.live.merge(&other.get().live, State::merge)?)
        })
    }

    /// The metric of the rows so far, or None while it is undefined.
    #[getter]
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

    /// What the metric is computed with, by name.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let params = self.live.lock()?.params().clone();
            Ok(descriptions::parameters(py, &self.function.spec, &params)?.into_any())
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
            let state = self.live.lock()?;
            let (metric, rows) = (descriptions::called(&self.function.spec, state.params()), state.rows());
            drop(state);
            let rows = descriptions::rows(rows);
            Ok(objects::text(py, &format!("<omega accumulator of {metric}: {rows}>"))?)
        })
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().live.guard(slf.py(), || descriptions::page(slf.as_any()))
    }
}
