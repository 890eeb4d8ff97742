//! Indicators bar by bar.

mod methods;

pub use methods::add_methods;

use std::ffi::c_void;

use omega_catalog::{Error, Function, MOST_COLUMNS, Result, Stream as State};
use omega_contract::params::near;
use omega_contract::spec::{FunctionSpec, Output};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::data::{Bar, is_real, one_value, value_of};
use crate::errors::{Outcome, raise};
use crate::live::Live;
use crate::objects;
use crate::words::name_of;

/// The state of one indicator over one series.
///
/// `update` takes the inputs in the order of the spec, or a bar (a `Bar`, a mapping, or numbers by keyword). It
/// returns a float, a named tuple where there are several outputs, or None where there is no value.
#[pyclass(frozen, module = "omega._rust")]
pub struct Stream {
    function: &'static Function,
    live: Live<State>,
    /// The named tuple of the answer; `None` for a single output.
    answer: Option<Py<PyType>>,
}

impl Stream {
    /// A stream of the catalogue as a Python object.
    pub fn new(py: Python<'_>, state: State) -> Outcome<Self> {
        let function = state.function();
        let several = function.spec.outputs.len() > 1;
        let answer = several.then(|| answer_type(py, &function.spec)).transpose()?;
        Ok(Self { function, live: Live::new(&function.spec.name, state), answer })
    }

    /// One row in, its value out, by `update` or by `peek`.
    #[inline]
    fn step<'py>(
        &self,
        py: Python<'py>,
        read: impl FnOnce(&FunctionSpec, &mut [f64]) -> Outcome<()>,
        step: impl FnOnce(&mut State, &[f64], &mut [f64]) -> Result<bool>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || {
            let mut row = [f64::NAN; MOST_COLUMNS];
            let mut output = [f64::NAN; MOST_COLUMNS];
            let spec = &self.function.spec;
            let (row, output) = (&mut row[..spec.inputs.len()], &mut output[..spec.outputs.len()]);
            // Reading may run Python code, which may come back to this stream: the lock is taken after it.
            read(spec, row)?;
            let has_value = step(&mut *self.live.lock()?, row, output)?;
            has_value.then(|| self.answer(py, output)).transpose()
        })
    }

    #[inline]
    fn answer<'py>(&self, py: Python<'py>, output: &[f64]) -> Outcome<Bound<'py, PyAny>> {
        match &self.answer {
            None => Ok(objects::value(py, &self.function.spec.outputs[0].data_type, output[0])?),
            Some(answer) => Ok(named_tuple(answer.bind(py), &self.function.spec.outputs, output)?),
        }
    }
}

/// An instance of a named tuple: what `tuple.__new__` does, without the Python function that a named tuple puts before it.
pub fn named_tuple<'py>(
    class: &Bound<'py, PyType>,
    outputs: &[Output],
    values: &[f64],
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let item = |index: usize| objects::value(py, &outputs[index].data_type, values[index]);
    // SAFETY: the class derives from tuple and adds no fields, so its own allocator makes a tuple of this many items,
    // which nobody else has seen while they are set.
    unsafe {
        let slot = ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_alloc);
        let Some(alloc) = std::mem::transmute::<*mut c_void, Option<ffi::allocfunc>>(slot) else {
            let items = (0..values.len()).map(item).collect::<PyResult<Vec<_>>>()?;
            return class.call1(PyTuple::new(py, items)?);
        };
        let size = ffi::Py_ssize_t::try_from(values.len())?;
        let tuple = Bound::from_owned_ptr_or_err(py, alloc(class.as_type_ptr(), size))?;
        for (index, place) in (0..size).zip(0..) {
            if ffi::PyTuple_SetItem(tuple.as_ptr(), index, item(place)?.into_ptr()) != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        Ok(tuple)
    }
}

/// The named tuple that answers of this function come in.
pub fn answer_type(py: Python<'_>, spec: &FunctionSpec) -> PyResult<Py<PyType>> {
    let class = py.import("omega.functions.call")?.getattr("answer_type")?.call1((&spec.name,))?;
    let class = class.cast_into::<PyType>()?;
    if class.is_subclass_of::<PyTuple>()? {
        return Ok(class.unbind());
    }
    let error = Error::invalid_type(format!("the answer of {}", spec.name), "a named tuple", name_of(&class));
    Err(raise(py, &error, Some(&spec.name)))
}

/// Reads one row: the inputs one by one, or a bar, or numbers by keyword.
fn read_row(spec: &FunctionSpec, call: &Arguments<'_, '_>, row: &mut [f64]) -> Outcome<()> {
    let given = call.positional.len();
    if !call.keywords.is_empty() {
        return read_keywords(spec, call, row);
    }
    if given == spec.inputs.len() {
        for ((slot, value), input) in row.iter_mut().zip(&call.positional).zip(&spec.inputs) {
            *slot = match value_of(value, input, &input.name)? {
                Some(value) => value,
                None if given == 1 && (input.is_time() || !is_real(value)) => {
                    return read_bar(spec, value, row);
                }
                None => one_value(value, input, &input.name)?,
            };
        }
        return Ok(());
    }
    if let [bar] = call.positional.as_slice() {
        return read_bar(spec, bar, row);
    }
    if given > spec.inputs.len() {
        let allowed = format!("{} numbers", spec.inputs.len());
        return Err(Error::invalid_shape("a row", allowed, format!("{given} numbers")).into());
    }
    let available = if given == 0 { "nothing".into() } else { format!("{given} numbers") };
    Err(Error::missing_column(&spec.inputs[given].name, available).into())
}

/// Numbers by keyword, after those by position.
fn read_keywords(spec: &FunctionSpec, call: &Arguments<'_, '_>, row: &mut [f64]) -> Outcome<()> {
    if let Some((name, _)) = call.keywords.iter().find(|(name, _)| !is_input(spec, name)) {
        let names: Vec<&str> = spec.inputs.iter().map(|input| input.name.as_str()).collect();
        let nearest = near(name, names.iter().copied()).unwrap_or_default();
        return Err(Error::unknown_parameter(&spec.name, name, nearest, names.join(", ")).into());
    }
    let given = call.positional.len();
    let twice =
        spec.inputs.iter().take(given).any(|input| call.keywords.iter().any(|(name, _)| *name == input.name));
    if given > spec.inputs.len() || twice {
        return Err(Error::invalid_shape("a row", "each input once", "some input twice").into());
    }
    for (index, (slot, input)) in row.iter_mut().zip(&spec.inputs).enumerate() {
        let keyword = call.keywords.iter().find(|(name, _)| *name == input.name).map(|(_, value)| value);
        let Some(value) = keyword.or(call.positional.get(index)) else {
            let names: Vec<&str> = call.keywords.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Error::missing_column(&input.name, names.join(", ")).into());
        };
        *slot = one_value(value, input, &input.name)?;
    }
    Ok(())
}

fn is_input(spec: &FunctionSpec, name: &str) -> bool {
    spec.inputs.iter().any(|input| input.name == name)
}

fn read_bar(spec: &FunctionSpec, bar: &Bound<'_, PyAny>, row: &mut [f64]) -> Outcome<()> {
    let bar = Bar::of(bar)?;
    for (slot, input) in row.iter_mut().zip(&spec.inputs) {
        *slot = bar.value(input)?;
    }
    Ok(())
}

/// What Python passed to `update` or `peek`.
struct Arguments<'a, 'py> {
    positional: Vec<Borrowed<'a, 'py, PyAny>>,
    keywords: Vec<(String, Borrowed<'a, 'py, PyAny>)>,
}

#[pymethods]
impl Stream {
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

    /// The number of rows before the first value.
    #[getter]
    fn warm_up_rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || Ok(objects::count(py, self.live.lock()?.warm_up_rows() as u64)?))
    }

    /// The number of rows taken so far.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.rows(py)
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        let live = Live::new(&self.function.spec.name, self.live.copy(py)?);
        let answer = self.answer.as_ref().map(|answer| answer.clone_ref(py));
        Ok(Self { function: self.function, live, answer })
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.reduce(py)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let rows = self.live.lock()?.rows();
            Ok(objects::text(py, &format!("<omega stream of {}, {rows} rows>", self.function.spec.name))?)
        })
    }
}
