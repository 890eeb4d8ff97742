//! Functions by name, and the one call that serves them all.

use std::sync::LazyLock;

use omega_contract::arrow::column::Chunk;
use omega_contract::arrow::write::{self, Shared};
use omega_contract::params::{Given, Params, nearest};
use omega_contract::spec::{FunctionSpec, Kind, Language};
use omega_contract::{Error, Result};
use omega_kernel::{Body, Nulls, ReductionFactory, RowwiseFactory};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple};

use crate::accumulators::Accumulator;
use crate::answers::{Column, Table};
use crate::data::{Grouping, Import, Request};
use crate::errors::{Outcome, guard};
use crate::julia;
use crate::streams::Stream;

/// Below this many rows, letting other Python threads run costs more than the work.
const DETACH_ROWS: usize = 2048;

/// The module of functions that only tests and benchmarks call.
const HIDDEN_MODULE: &str = "contract";

/// One function of any language.
pub struct Entry {
    /// All there is to know about it.
    pub spec: FunctionSpec,
    /// What computes it.
    pub body: EntryBody,
}

/// What computes a function.
pub enum EntryBody {
    /// A kernel of this library.
    Rust(Body),
    /// The function of this number in Julia.
    Julia(i32),
}

/// Every function, in documentation order.
static REGISTRY: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let modules = [omega_ta::functions(), omega_risk::functions(), omega_kernel::contract::functions()];
    let rust = modules.into_iter().flatten();
    let rust = rust.map(|function| Entry { spec: function.spec, body: EntryBody::Rust(function.body) });
    let julia = julia::specs().iter().zip(0..);
    let julia = julia.map(|(spec, id)| Entry { spec: spec.clone(), body: EntryBody::Julia(id) });
    rust.chain(julia).collect()
});

/// The function of a name; hidden ones are told apart by their language, as in `contract.identity@julia`.
pub fn find(name: &str) -> Result<&'static Entry> {
    let matches = |entry: &Entry| match name.split_once('@') {
        Some((name, "julia")) => entry.spec.name == name && entry.spec.language == Language::Julia,
        _ => entry.spec.name == name,
    };
    REGISTRY.iter().find(|entry| matches(entry)).ok_or_else(|| {
        let names = REGISTRY.iter().map(|entry| entry.spec.name.as_str()).filter(|name| is_public(name));
        Error::unknown_function(name, nearest(name, names).unwrap_or("none"))
    })
}

fn is_public(name: &str) -> bool {
    name.split('.').next() != Some(HIDDEN_MODULE)
}

/// The names of all functions that callers see, in documentation order.
#[pyfunction]
pub fn function_names() -> Vec<&'static str> {
    REGISTRY.iter().map(|entry| entry.spec.name.as_str()).filter(|name| is_public(name)).collect()
}

/// The specs of all functions that callers see, as a JSON array.
#[pyfunction]
pub fn function_specs_json(py: Python<'_>) -> PyResult<String> {
    guard(py, "omega.functions", || {
        let specs: Vec<&FunctionSpec> =
            REGISTRY.iter().map(|entry| &entry.spec).filter(|spec| is_public(&spec.name)).collect();
        serde_json::to_string(&specs).map_err(|error| Error::internal("omega.functions", error).into())
    })
}

/// The function of a name.
///
/// Raises UnknownFunctionError, with the nearest name.
#[pyfunction]
#[pyo3(signature = (name, /))]
pub fn function(py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<Function> {
    guard(py, "omega", || Ok(Function { entry: find(&text(name, "the function's name")?)? }))
}

/// A Python str; anything else is refused by `name`.
pub fn text(value: &Bound<'_, PyAny>, name: &str) -> Outcome<String> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_string_lossy().into_owned()),
        Err(_) => Err(Error::invalid_type(name, "a str", value.repr()?).into()),
    }
}

/// The policy for missing inputs that a caller named; `None` is the default.
pub fn nulls_of(value: Option<&Bound<'_, PyAny>>) -> Outcome<Nulls> {
    value.map_or(Ok(Nulls::Skip), |value| Ok(text(value, "nulls")?.parse()?))
}

/// A function of any language, ready to be called.
#[pyclass(frozen, module = "omega._rust")]
pub struct Function {
    entry: &'static Entry,
}

#[pymethods]
impl Function {
    /// Its name, `module.function`.
    #[getter]
    fn name(&self) -> &'static str {
        &self.entry.spec.name
    }

    /// How rows in relate to rows out: rowwise, reduction, model or simulation.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.entry.spec.kind {
            Kind::Rowwise => "rowwise",
            Kind::Reduction => "reduction",
            Kind::Model => "model",
            Kind::Simulation => "simulation",
        }
    }

    /// The columns that it reads, in order.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.entry.spec.inputs.iter().map(|input| PyString::intern(py, &input.name)))
    }

    /// Its spec as JSON.
    #[getter]
    fn spec_json(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, &self.entry.spec.name, || {
            serde_json::to_string(&self.entry.spec)
                .map_err(|error| Error::internal(&self.entry.spec.name, error).into())
        })
    }

    /// The number of rows before the first value.
    fn warm_up_rows(&self, py: Python<'_>, parameters: &Bound<'_, PyAny>) -> PyResult<usize> {
        self.guard(py, || {
            let params = resolve(&self.entry.spec, parameters)?;
            Ok(match &self.entry.body {
                EntryBody::Rust(Body::Rowwise(factory)) => factory.warm_up(&params),
                _ => 0,
            })
        })
    }

    /// Runs the function over `data` or `columns`; a tuple with one answer per output, or a table if grouped.
    #[pyo3(signature = (data, columns, parameters, nulls=None, by=None, strict_zero_copy=false))]
    #[expect(clippy::too_many_arguments, reason = "the one door: every call's choices meet here")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        data: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyTuple>>,
        parameters: &Bound<'py, PyAny>,
        nulls: Option<&Bound<'py, PyAny>>,
        by: Option<&Bound<'py, PyAny>>,
        strict_zero_copy: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || {
            let spec = &self.entry.spec;
            let params = resolve(spec, parameters)?;
            let nulls = nulls_of(nulls)?;
            let request = Request { inputs: &spec.inputs, data, columns, by, strict: strict_zero_copy };
            let import = Import::new(py, &request)?;
            match &self.entry.body {
                EntryBody::Rust(Body::Rowwise(factory)) => {
                    rowwise(py, spec, *factory, &params, nulls, &import)
                }
                EntryBody::Rust(Body::Reduction(factory)) => {
                    reduction(py, spec, *factory, &params, nulls, &import)
                }
                EntryBody::Julia(id) => julia::run(py, *id, spec, &params, nulls, &import),
            }
        })
    }

    /// The function bar by bar.
    #[pyo3(signature = (parameters, nulls=None))]
    fn stream(
        &self,
        py: Python<'_>,
        parameters: &Bound<'_, PyAny>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Stream> {
        self.guard(py, || {
            let params = resolve(&self.entry.spec, parameters)?;
            Stream::new(py, self.entry, params, nulls_of(nulls)?)
        })
    }

    /// The function as an incremental state.
    #[pyo3(signature = (parameters, nulls=None))]
    fn accumulator(
        &self,
        py: Python<'_>,
        parameters: &Bound<'_, PyAny>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Accumulator> {
        self.guard(py, || {
            let params = resolve(&self.entry.spec, parameters)?;
            Ok(Accumulator::new(self.entry, params, nulls_of(nulls)?)?)
        })
    }

    fn __repr__(&self) -> String {
        format!("<omega function {}>", self.entry.spec.name)
    }
}

impl Function {
    fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, &self.entry.spec.name, body)
    }
}

/// The entry's rowwise kernel.
pub fn rowwise_factory(entry: &Entry) -> Result<&'static dyn RowwiseFactory> {
    match entry.body {
        EntryBody::Rust(Body::Rowwise(factory)) => Ok(factory),
        _ => Err(Error::invalid_type(
            "the function of a stream",
            "one that answers row by row",
            &entry.spec.name,
        )),
    }
}

/// The entry's reduction.
pub fn reduction_factory(entry: &Entry) -> Result<&'static dyn ReductionFactory> {
    match entry.body {
        EntryBody::Rust(Body::Reduction(factory)) => Ok(factory),
        _ => {
            let allowed = "one that reduces rows to a number";
            Err(Error::invalid_type("the function of an accumulator", allowed, &entry.spec.name))
        }
    }
}

/// Parameters from a mapping by name, or from a tuple in the order of the spec.
pub fn resolve(spec: &FunctionSpec, parameters: &Bound<'_, PyAny>) -> Outcome<Params> {
    if let Ok(tuple) = parameters.cast::<PyTuple>() {
        let given = spec.parameters.iter().zip(tuple.iter_borrowed());
        return Ok(Params::resolve(
            spec,
            given.map(|(parameter, value)| (parameter.name.as_str(), given_value(&value))),
        )?);
    }
    let dict = parameters.cast::<PyDict>().map_err(PyErr::from)?;
    let mut given = Vec::with_capacity(dict.len());
    for (name, value) in dict.iter() {
        given.push((name.extract::<String>()?, given_value(&value)));
    }
    Ok(Params::resolve(spec, given.iter().map(|(name, value)| (name.as_str(), value.clone())))?)
}

fn given_value(value: &Bound<'_, PyAny>) -> Given {
    let py = value.py();
    if value.is_instance_of::<PyBool>() {
        return Given::Bool(value.is_truthy().unwrap_or(false));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        return Given::Float(float.value());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Given::Text(text.to_string_lossy().into_owned());
    }
    // Numbers of other libraries convert themselves; arrays of one number would too, and are refused.
    let converts = |method| value.hasattr(method).unwrap_or(false);
    if !converts(intern!(py, "__len__")) {
        if value.is_instance_of::<PyInt>() || converts(intern!(py, "__index__")) {
            return value.extract().map_or_else(|_| shown(value), Given::Int);
        }
        if converts(intern!(py, "__float__")) {
            return value.extract().map_or_else(|_| shown(value), Given::Float);
        }
    }
    shown(value)
}

fn shown(value: &Bound<'_, PyAny>) -> Given {
    Given::Other(value.repr().map_or_else(|_| "an object".into(), |text| text.to_string_lossy().into_owned()))
}

/// Runs `work` without the GIL where there is enough of it.
pub fn detached<T: Send>(py: Python<'_>, rows: usize, work: impl FnOnce() -> T + Send) -> T {
    if rows < DETACH_ROWS { work() } else { py.detach(work) }
}

fn rowwise<'py>(
    py: Python<'py>,
    spec: &FunctionSpec,
    factory: &'static dyn RowwiseFactory,
    params: &Params,
    nulls: Nulls,
    import: &Import,
) -> Outcome<Bound<'py, PyAny>> {
    let outputs = detached(py, import.rows, || match &import.grouping {
        None => {
            let mut stream = factory.stream(params, nulls);
            fill(spec.outputs.len(), import, |_, chunk, outputs| stream.batch(chunk, outputs))
        }
        Some(Grouping { numbers, .. }) => {
            let mut grouped = factory.grouped(params, nulls);
            fill(spec.outputs.len(), import, |from, chunk, outputs| {
                grouped.batch(&numbers[from..from + chunk[0].values.len()], chunk, outputs)
            })
        }
    })?;
    columns(py, spec.outputs.iter().map(|output| output.name.as_str()).zip(outputs))
}

/// Output columns, filled chunk by chunk; `work` also gets the number of rows before its chunk.
pub fn fill(
    n_outputs: usize,
    import: &Import,
    mut work: impl FnMut(usize, &[Chunk<'_>], &mut [&mut [f64]]) -> Result<()>,
) -> Result<Vec<Vec<f64>>> {
    let mut outputs: Vec<Vec<f64>> = (0..n_outputs).map(|_| vec![0.0; import.rows]).collect();
    let mut from = 0;
    for chunk in import.chunks() {
        let to = from + chunk.first().map_or(0, |column| column.values.len());
        let mut parts: Vec<&mut [f64]> = outputs.iter_mut().map(|output| &mut output[from..to]).collect();
        work(from, &chunk, &mut parts)?;
        from = to;
    }
    Ok(outputs)
}

/// A tuple of columns.
pub fn columns<'py, 'a>(
    py: Python<'py>,
    named: impl Iterator<Item = (&'a str, Vec<f64>)>,
) -> Outcome<Bound<'py, PyAny>> {
    let columns: Vec<Column> = named
        .map(|(name, values)| Column::new(write::Column::float64(name, Shared::from_vec(values))))
        .collect();
    Ok(PyTuple::new(
        py,
        columns.into_iter().map(|column| Bound::new(py, column)).collect::<PyResult<Vec<_>>>()?,
    )?
    .into_any())
}

fn reduction<'py>(
    py: Python<'py>,
    spec: &FunctionSpec,
    factory: &'static dyn ReductionFactory,
    params: &Params,
    nulls: Nulls,
    import: &Import,
) -> Outcome<Bound<'py, PyAny>> {
    let n_outputs = spec.outputs.len();
    let Some(grouping) = &import.grouping else {
        let values = detached(py, import.rows, || {
            let mut accumulator = factory.accumulator(params, nulls);
            for chunk in import.chunks() {
                accumulator.update(&chunk)?;
            }
            let mut values = vec![f64::NAN; n_outputs];
            accumulator.value(&mut values);
            Ok::<_, Error>(values)
        })?;
        let values = values.into_iter().map(|value| (!value.is_nan()).then_some(value));
        return Ok(PyTuple::new(py, values)?.into_any());
    };
    let groups = grouping.groups.keys().len();
    let outputs = detached(py, import.rows, || {
        let gathered = gather(import, &grouping.numbers, groups);
        let mut outputs = vec![vec![f64::NAN; groups]; n_outputs];
        let mut values = vec![f64::NAN; n_outputs];
        for group in 0..groups {
            let mut accumulator = factory.accumulator(params, nulls);
            let chunk = gathered.group(group);
            accumulator.update(&chunk).map_err(|error| gathered.restore_row(error, group))?;
            accumulator.value(&mut values);
            for (output, &value) in outputs.iter_mut().zip(&values) {
                output[group] = value;
            }
        }
        Ok::<_, Error>(outputs)
    })?;
    let mut columns = vec![write::Column::keys(&grouping.name, grouping.groups.keys())];
    for (output, values) in spec.outputs.iter().zip(outputs) {
        columns.push(write::Column::float64(&output.name, Shared::from_vec(values)));
    }
    Ok(Bound::new(py, Table::new(columns, groups))?.into_any())
}

/// The rows of each group side by side, in order.
pub struct Gathered {
    columns: Vec<Vec<f64>>,
    /// Where each group starts, and the end of the last.
    starts: Vec<usize>,
    /// The row that each gathered row was.
    rows: Vec<usize>,
}

/// Sorts rows by group, keeping their order (a counting sort).
pub fn gather(import: &Import, numbers: &[u32], groups: usize) -> Gathered {
    let mut starts = vec![0; groups + 1];
    for &number in numbers {
        starts[number as usize + 1] += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut rows = vec![0; numbers.len()];
    for (row, &number) in numbers.iter().enumerate() {
        rows[next[number as usize]] = row;
        next[number as usize] += 1;
    }
    let flat: Vec<Vec<f64>> = (0..import.raw().len())
        .map(|column| {
            import
                .chunks()
                .flat_map(|chunk| (0..chunk[column].values.len()).map(move |row| chunk[column].get(row)))
                .collect()
        })
        .collect();
    let columns = flat.iter().map(|values| rows.iter().map(|&row| values[row]).collect()).collect();
    Gathered { columns, starts, rows }
}

impl Gathered {
    /// The rows of one group, one chunk per input.
    pub fn group(&self, group: usize) -> Vec<Chunk<'_>> {
        let (from, to) = (self.starts[group], self.starts[group + 1]);
        self.columns.iter().map(|values| Chunk::dense(&values[from..to])).collect()
    }

    /// The rows of a group, as numbers of rows of the data.
    pub fn rows(&self, group: usize) -> &[usize] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }

    /// The same error, naming the row of the data instead of the row of the group.
    pub fn restore_row(&self, error: Error, group: usize) -> Error {
        let row = error.field("row").and_then(|row| row.parse::<usize>().ok());
        match row.and_then(|row| self.rows(group).get(row)) {
            Some(&original) => error.with_field("row", original),
            None => error,
        }
    }
}
