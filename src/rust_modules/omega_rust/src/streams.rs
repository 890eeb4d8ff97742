//! Indicators bar by bar.

use std::sync::{Mutex, MutexGuard, PoisonError};

use omega_contract::Error;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Nulls, Stream as Kernel};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyTuple};

use crate::data::{bar_value, number};
use crate::errors::{Outcome, guard};
use crate::functions::{Entry, find, rowwise_factory};

/// The most inputs and the most outputs of any indicator; a row fits on the stack.
pub const MOST_COLUMNS: usize = 8;

/// The state of one indicator over one series.
///
/// `update` takes the inputs in the order of the spec, or a bar (a `Bar`, a mapping, or numbers by keyword). It
/// returns a float, a named tuple where there are several outputs, or None where there is no value.
#[pyclass(frozen, module = "omega._rust")]
pub struct Stream {
    entry: &'static Entry,
    params: Params,
    nulls: Nulls,
    kernel: Mutex<Box<dyn Kernel>>,
    /// The named tuple of the answer; `None` for a single output.
    answer: Option<Py<PyAny>>,
}

/// An argument of `update`, told apart from an explicit None.
struct Slot<'py>(Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Slot<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(value.to_owned())))
    }
}

impl Stream {
    /// A stream that has seen no rows.
    pub fn new(py: Python<'_>, entry: &'static Entry, params: Params, nulls: Nulls) -> Outcome<Self> {
        let kernel = rowwise_factory(entry)?.stream(&params, nulls);
        let answer = if entry.spec.outputs.len() == 1 { None } else { Some(answer_type(py, &entry.spec)?) };
        Ok(Self { entry, params, nulls, kernel: Mutex::new(kernel), answer })
    }

    /// The stream that a snapshot holds.
    pub fn restore(py: Python<'_>, snapshot: &Snapshot) -> Outcome<Self> {
        let entry = find(&snapshot.function)?;
        check_version(&entry.spec, &snapshot.version)?;
        let params = Params::from_values(&entry.spec, snapshot.params.clone())?;
        let stream = Self::new(py, entry, params, snapshot.nulls)?;
        stream.lock().load(&snapshot.payload)?;
        Ok(stream)
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Kernel>> {
        // A panic in a kernel was reported when it happened; the state it left is still a state.
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, &self.entry.spec.name, body)
    }

    fn answer<'py>(&self, py: Python<'py>, output: &[f64]) -> Outcome<Bound<'py, PyAny>> {
        match &self.answer {
            None => Ok(PyFloat::new(py, output[0]).into_any()),
            Some(answer) => Ok(answer.bind(py).call1(PyTuple::new(py, output)?)?),
        }
    }

    fn snapshot_bytes(&self) -> Vec<u8> {
        let snapshot = Snapshot {
            kind: SnapshotKind::Stream,
            function: self.entry.spec.name.clone(),
            version: self.entry.spec.version.clone(),
            params: self.params.values().to_vec(),
            nulls: self.nulls,
            payload: self.lock().save(),
        };
        snapshot.encode()
    }
}

/// Refuses a snapshot that another version of the function wrote.
pub fn check_version(spec: &FunctionSpec, written: &str) -> omega_contract::Result<()> {
    if spec.version == written {
        return Ok(());
    }
    Err(Error::snapshot_version(&spec.name, written, format!("version {}", spec.version)))
}

/// The named tuple that answers of this function come in.
pub fn answer_type(py: Python<'_>, spec: &FunctionSpec) -> PyResult<Py<PyAny>> {
    Ok(py.import("omega.functions.answers")?.getattr("answer_type")?.call1((&spec.name,))?.unbind())
}

/// Reads one row: the inputs one by one, or a bar, or numbers by keyword.
fn read_row(
    spec: &FunctionSpec,
    given: [Option<Bound<'_, PyAny>>; 4],
    columns: Option<&Bound<'_, PyDict>>,
    row: &mut [f64],
) -> Outcome<()> {
    let n_given = given.iter().flatten().count();
    if let Some(columns) = columns {
        if let Some(name) =
            columns.keys().iter().map(|key| key.to_string()).find(|name| !is_input(spec, name))
        {
            let names: Vec<&str> = spec.inputs.iter().map(|input| input.name.as_str()).collect();
            let nearest = omega_contract::params::nearest(&name, names.iter().copied()).unwrap_or("none");
            return Err(Error::unknown_parameter(&spec.name, name, nearest, names.join(", ")).into());
        }
        for (index, input) in spec.inputs.iter().enumerate() {
            let positional = given.get(index).and_then(Option::as_ref);
            let Some(value) = columns.get_item(&input.name)?.or_else(|| positional.cloned()) else {
                let names: Vec<String> = columns.keys().iter().map(|key| key.to_string()).collect();
                return Err(Error::missing_column(&input.name, names.join(", ")).into());
            };
            row[index] = one_number(&value, &input.name)?;
        }
        return Ok(());
    }
    if n_given == spec.inputs.len() {
        for (index, value) in given.iter().flatten().enumerate() {
            match number(value) {
                Some(value) => row[index] = value,
                None if n_given == 1 => return read_bar(spec, value, row),
                None => row[index] = one_number(value, &spec.inputs[index].name)?,
            }
        }
        return Ok(());
    }
    match given {
        [Some(bar), None, None, None] if !bar.is_none() => read_bar(spec, &bar, row),
        _ => {
            let available = if n_given == 0 { "nothing".into() } else { format!("{n_given} numbers") };
            let first_absent = spec.inputs.get(n_given).or(spec.inputs.last());
            Err(Error::missing_column(first_absent.map_or("", |input| &input.name), available).into())
        }
    }
}

fn is_input(spec: &FunctionSpec, name: &str) -> bool {
    spec.inputs.iter().any(|input| input.name == name)
}

fn read_bar(spec: &FunctionSpec, bar: &Bound<'_, PyAny>, row: &mut [f64]) -> Outcome<()> {
    for (slot, input) in row.iter_mut().zip(&spec.inputs) {
        *slot = bar_value(bar, &input.name)?;
    }
    Ok(())
}

fn one_number(value: &Bound<'_, PyAny>, name: &str) -> Outcome<f64> {
    number(value).ok_or_else(|| {
        let shown = value.repr().map_or_else(|_| "an object".into(), |text| text.to_string());
        Error::invalid_type(name, "a number or None", shown).into()
    })
}

#[pymethods]
impl Stream {
    /// Takes one row and returns its value, or None while warming up or where the row is missing.
    #[pyo3(signature = (first=Slot(None), second=Slot(None), third=Slot(None), fourth=Slot(None), /, **columns))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        first: Slot<'py>,
        second: Slot<'py>,
        third: Slot<'py>,
        fourth: Slot<'py>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.guard(py, || {
            let mut row = [f64::NAN; MOST_COLUMNS];
            let mut output = [f64::NAN; MOST_COLUMNS];
            let spec = &self.entry.spec;
            let (row, output) = (&mut row[..spec.inputs.len()], &mut output[..spec.outputs.len()]);
            read_row(spec, [first.0, second.0, third.0, fourth.0], columns, row)?;
            let has_value = self.lock().update(row, output)?;
            has_value.then(|| self.answer(py, output)).transpose()
        })
    }

    /// What `update` would return, leaving the state as it is: the value of a bar that is still forming.
    #[pyo3(signature = (first=Slot(None), second=Slot(None), third=Slot(None), fourth=Slot(None), /, **columns))]
    fn peek<'py>(
        &self,
        py: Python<'py>,
        first: Slot<'py>,
        second: Slot<'py>,
        third: Slot<'py>,
        fourth: Slot<'py>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.guard(py, || {
            let mut row = [f64::NAN; MOST_COLUMNS];
            let mut output = [f64::NAN; MOST_COLUMNS];
            let spec = &self.entry.spec;
            let (row, output) = (&mut row[..spec.inputs.len()], &mut output[..spec.outputs.len()]);
            read_row(spec, [first.0, second.0, third.0, fourth.0], columns, row)?;
            let has_value = self.lock().peek(row, output)?;
            has_value.then(|| self.answer(py, output)).transpose()
        })
    }

    /// Forgets every row.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.guard(py, || {
            self.lock().reset();
            Ok(())
        })
    }

    /// The state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.guard(py, || Ok(PyBytes::new(py, &self.snapshot_bytes())))
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

    /// The number of rows before the first value.
    #[getter]
    fn warm_up_rows(&self, py: Python<'_>) -> PyResult<usize> {
        self.guard(py, || Ok(rowwise_factory(self.entry)?.warm_up(&self.params)))
    }

    /// The number of rows taken so far.
    #[getter]
    fn rows(&self) -> u64 {
        self.lock().rows()
    }

    fn __copy__(&self, py: Python<'_>) -> Self {
        Self {
            entry: self.entry,
            params: self.params.clone(),
            nulls: self.nulls,
            kernel: Mutex::new(self.lock().clone_box()),
            answer: self.answer.as_ref().map(|answer| answer.clone_ref(py)),
        }
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> Self {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.import("omega._rust")?.getattr("restore")?, (self.snapshot(py)?,)))
    }

    fn __repr__(&self) -> String {
        format!("<omega stream of {}, {} rows>", self.entry.spec.name, self.rows())
    }
}
