//! Indicators bar by bar.

mod methods;

pub use methods::add_methods;

use std::ffi::c_void;

use omega_catalog::{Error, Function, MOST_COLUMNS, Moment, Result, Stream as State};
use omega_contract::params::near;
use omega_contract::spec::{FunctionSpec, Output};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::arguments::flag;
use crate::data::{Bar, BarOrder, Import, Request, is_plain, is_real, one_value, value_of};
use crate::descriptions;
use crate::errors::{Outcome, raise};
use crate::live::Live;
use crate::objects;
use crate::run::{columns, data_of, detached};
use crate::words::{name_of, shown};

/// The state of one indicator over one series: what `omega.stream` returns.
///
/// `update` takes the inputs in the order of the spec, or a bar (a `Bar`, a mapping, or numbers by keyword). It
/// returns a float, a named tuple where there are several outputs, or None where there is no value.
#[pyclass(frozen, module = "omega._rust")]
pub struct Stream {
    function: &'static Function,
    live: Live<State>,
    /// The field that tells the order of bars.
    order: Option<BarOrder>,
    /// The named tuple of the answer; `None` for a single output.
    answer: Option<Py<PyType>>,
}

impl Stream {
    /// A stream of the catalogue as a Python object.
    pub fn new(py: Python<'_>, state: State) -> Outcome<Self> {
        let function = state.function();
        let several = function.spec.outputs.len() > 1;
        let answer = several.then(|| answer_type(py, &function.spec)).transpose()?;
        let order = state.ordered_by().map(|field| BarOrder::new(py, field));
        Ok(Self { function, live: Live::new(&function.spec.name, state), order, answer })
    }

    /// One row in, its value out, by `update` or by `peek`.
    #[inline]
    fn step<'py>(
        &self,
        py: Python<'py>,
        read: impl FnOnce(&FunctionSpec, &mut [f64]) -> Outcome<Option<Moment>>,
        step: impl FnOnce(&mut State, &[f64], Option<Moment>, &mut [f64]) -> Result<bool>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || {
            let mut row = [f64::NAN; MOST_COLUMNS];
            let mut output = [f64::NAN; MOST_COLUMNS];
            let spec = &self.function.spec;
            let (row, output) = (&mut row[..spec.inputs.len()], &mut output[..spec.outputs.len()]);
            // Reading may run Python code, which may come back to this stream: the lock is taken after it.
            let time = read(spec, row)?;
            let has_value = step(&mut *self.live.lock()?, row, time, output)?;
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

/// Reads one row, and when it was: the inputs one by one, or a bar, or numbers by keyword.
fn read_row(
    spec: &FunctionSpec,
    order: Option<&BarOrder>,
    call: &Arguments<'_, '_>,
    row: &mut [f64],
) -> Outcome<Option<Moment>> {
    let given = call.positional.len();
    if !call.keywords.is_empty() {
        return read_keywords(spec, order, call, row);
    }
    if given == spec.inputs.len() {
        for ((slot, value), input) in row.iter_mut().zip(&call.positional).zip(&spec.inputs) {
            *slot = match value_of(value, input, &input.name)? {
                Some(value) => value,
                None if given == 1 && (input.is_time() || !is_real(value)) => {
                    return read_bar(spec, order, value, row);
                }
                None => one_value(value, input, &input.name)?,
            };
        }
        return moment_of(
            order,
            spec,
            |place| call.positional.get(place).copied(),
            || format!("{} by position", numbers_of(given)),
        );
    }
    if let [bar] = call.positional.as_slice() {
        return read_bar(spec, order, bar, row);
    }
    if given > spec.inputs.len() {
        return Err(Error::invalid_shape("a row", row_of(spec), numbers_of(given)).into());
    }
    let available = if given == 0 { "nothing".into() } else { numbers_of(given) };
    Err(Error::missing_column(&spec.inputs[given].name, available).into())
}

/// So many numbers, in words.
fn numbers_of(count: usize) -> String {
    if count == 1 { "1 number".into() } else { format!("{count} numbers") }
}

/// What a row must be, in words.
fn row_of(spec: &FunctionSpec) -> String {
    let names: Vec<&str> = spec.inputs.iter().map(|input| input.name.as_str()).collect();
    format!("{} ({}), or a bar: a mapping or a record", numbers_of(names.len()), names.join(", "))
}

/// When a row was whose inputs came one by one, if one of them is the field of order.
fn moment_of<'a, 'py: 'a>(
    order: Option<&BarOrder>,
    spec: &FunctionSpec,
    input: impl FnOnce(usize) -> Option<Borrowed<'a, 'py, PyAny>>,
    available: impl FnOnce() -> String,
) -> Outcome<Option<Moment>> {
    let Some(order) = order else { return Ok(None) };
    let place = spec.inputs.iter().position(|known| known.name == order.field);
    match place.and_then(input) {
        Some(item) => order.moment(&item),
        None => order.absent(available),
    }
}

/// Numbers by keyword, after those by position.
fn read_keywords(
    spec: &FunctionSpec,
    order: Option<&BarOrder>,
    call: &Arguments<'_, '_>,
    row: &mut [f64],
) -> Outcome<Option<Moment>> {
    let field = order.map(|order| order.field.as_str());
    let names: Vec<&str> = spec.inputs.iter().map(|input| input.name.as_str()).collect();
    let is_known = |name: &str| names.contains(&name) || Some(name) == field;
    if let Some((name, _)) = call.keywords.iter().find(|(name, _)| !is_known(name)) {
        let nearest = near(name, names.iter().copied().chain(field)).unwrap_or_default();
        return Err(Error::unknown_parameter(&spec.name, name, nearest, names.join(", ")).into());
    }
    let keyword = |name: &str| call.keywords.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
    let given = call.positional.len();
    let twice = spec.inputs.iter().take(given).any(|input| keyword(&input.name).is_some());
    if given > spec.inputs.len() || twice {
        return Err(Error::invalid_shape("a row", "each input once", "some input twice").into());
    }
    for (index, (slot, input)) in row.iter_mut().zip(&spec.inputs).enumerate() {
        let Some(value) = keyword(&input.name).or(call.positional.get(index).copied()) else {
            let names: Vec<&str> = call.keywords.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Error::missing_column(&input.name, names.join(", ")).into());
        };
        *slot = one_value(&value, input, &input.name)?;
    }
    if let (Some(order), Some(item)) = (order, field.and_then(keyword)) {
        return order.moment(&item);
    }
    moment_of(order, spec, |place| call.positional.get(place).copied(), || names.join(", "))
}

fn read_bar(
    spec: &FunctionSpec,
    order: Option<&BarOrder>,
    bar: &Bound<'_, PyAny>,
    row: &mut [f64],
) -> Outcome<Option<Moment>> {
    if is_plain(bar) {
        return Err(Error::invalid_type("a row", row_of(spec), shown(bar)).into());
    }
    let bar = Bar::of(bar)?;
    for (slot, input) in row.iter_mut().zip(&spec.inputs) {
        *slot = bar.value(input)?;
    }
    order.map_or(Ok(None), |order| bar.moment(order))
}

/// What Python passed to `update` or `peek`.
struct Arguments<'a, 'py> {
    positional: Vec<Borrowed<'a, 'py, PyAny>>,
    keywords: Vec<(String, Borrowed<'a, 'py, PyAny>)>,
}

#[pymethods]
impl Stream {
    /// Takes the rows of a table or a column; what they give, as the function itself answers for such data.
    ///
    /// It has the bits of as many updates, at the speed of a batch: history before the first live bar. On an error none of
    /// the rows is taken.
    ///
    /// >>> import omega
    /// >>> mean = omega.stream("ta.sma", period=2)
    /// >>> mean.extend([1.0, 2.0, 4.0])
    /// [None, 1.5, 3.0]
    /// >>> mean.update(6.0)
    /// 5.0
    #[pyo3(signature = (data, /, *, strict_zero_copy=None))]
    fn extend<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        strict_zero_copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let spec = &self.function.spec;
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            // Who brings the answer into the caller's library is known before any row is taken.
            let door = py.import("omega.functions.streams")?.getattr("answering")?;
            let answer = door.call1((&spec.name, data))?;
            let order = self.order.as_ref().map(|order| order.field.as_str());
            let request = Request {
                inputs: &spec.inputs,
                data: Some(data),
                columns: None,
                by: None,
                timed_by: order,
                strict,
            };
            let import = Import::new(py, &request)?;
            let outputs = detached(py, import.rows, || {
                let data = data_of(&import)?;
                self.live.lock()?.extend_at(&data, &import.times)
            })?;
            let named = spec.outputs.iter().zip(outputs);
            let named =
                named.map(|(output, values)| (output.name.as_str(), output.data_type.as_str(), values));
            Ok(answer.call1((columns(py, named)?,))?)
        })
    }

    /// What the last row gave: None before the first, while warming up, and where a row was missing.
    ///
    /// >>> import omega
    /// >>> mean = omega.stream("ta.sma", period=2)
    /// >>> mean.extend([1.0, 2.0])
    /// [None, 1.5]
    /// >>> mean.value
    /// 1.5
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || {
            let mut output = [f64::NAN; MOST_COLUMNS];
            // What is answered is made without the lock.
            let width = self.live.lock()?.value().map(|value| {
                output[..value.len()].copy_from_slice(value);
                value.len()
            });
            width.map(|width| self.answer(py, &output[..width])).transpose()
        })
    }

    /// Whether the last row gave a value.
    #[getter]
    fn ready(&self, py: Python<'_>) -> PyResult<bool> {
        self.live.guard(py, || Ok(self.live.lock()?.value().is_some()))
    }

    /// What the function computes it with, by name.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let params = self.live.lock()?.params().clone();
            Ok(descriptions::parameters(py, &self.function.spec, &params)?.into_any())
        })
    }

    /// The field by which bars are in order, or None.
    #[getter]
    fn order<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || {
            let field = self.order.as_ref().map(|order| objects::text(py, &order.field));
            Ok(field.transpose()?)
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
        let order = self.order.as_ref().map(|order| BarOrder::new(py, &order.field));
        Ok(Self { function: self.function, live, order, answer })
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
            let (function, rows) = (descriptions::called(&self.function.spec, state.params()), state.rows());
            let ready = if state.value().is_some() { "ready" } else { "not ready" };
            drop(state);
            let rows = descriptions::rows(rows);
            Ok(objects::text(py, &format!("<omega stream of {function}: {rows}, {ready}>"))?)
        })
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.get().live.guard(slf.py(), || descriptions::page(slf.as_any()))
    }
}
