//! Functions written in Julia: the same inputs, handed to the host.

/// What a model answers group by group, put together.
mod groups;
/// What they say about themselves.
mod specs;

use std::any::Any;
use std::ffi::{CString, c_void};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::column::Chunk;
use omega_arrow::float64::RawChunk;
use omega_arrow::keys::Key;
use omega_arrow::write::{Column as ColumnData, Shared};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Output};
use omega_contract::{Error, Result, memory, tables};
use omega_julia_host::{Buffer, Columns, Julia, Node, Outputs, Settings};
use omega_kernel::Nulls;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answers::{Column, Table};
use crate::data::Import;
use crate::errors::{Failure, Outcome, guard};
use crate::objects;
use crate::run;

use groups::Groups;
pub use specs::{fault, specs};

/// Whether the running Julia speaks of the same functions and tables as this library and its data; asked once.
static AGREED: OnceLock<Result<()>> = OnceLock::new();

/// Starts Julia, found by the executable's name, `OMEGA_JULIA`, the path or `beside`; its version.
///
/// Raises JuliaUnavailableError saying why and what to do.
#[pyfunction]
#[pyo3(signature = (package, beside, function))]
pub fn julia_start<'py>(
    py: Python<'py>,
    package: PathBuf,
    beside: PathBuf,
    function: &str,
) -> PyResult<Bound<'py, PyAny>> {
    guard(py, function, || {
        let mut interrupt = None;
        let started = py.detach(|| {
            let (named, path) = (std::env::var_os("OMEGA_JULIA"), std::env::var_os("PATH"));
            omega_julia_host::find(named, path, Some(beside))
                .and_then(|julia| start(&Settings { julia, package }, &mut || interrupted(&mut interrupt)))
                .map_err(|error| error.with_field("function", function))
        });
        match interrupt {
            Some(interrupt) => Err(interrupt.into()),
            None => Ok(objects::text(py, started?.version())?),
        }
    })
}

/// Ends Julia; later calls are refused. Registered to run when Python exits.
#[pyfunction]
pub fn julia_stop(py: Python<'_>) -> PyResult<()> {
    guard(py, "omega", || {
        py.detach(Julia::stop);
        Ok(())
    })
}

/// Whether a signal's handler has raised, such as that of Ctrl-C, and what; asked while Python's other threads run.
fn interrupted(raised: &mut Option<PyErr>) -> bool {
    // While the interpreter ends nobody can attach to it, and no handler runs.
    *raised = Python::try_attach(|py| py.check_signals().err()).flatten();
    raised.is_some()
}

/// Starts Julia and makes sure that it speaks of the same functions as this library.
fn start(settings: &Settings, poll: &mut dyn FnMut() -> bool) -> Result<&'static Julia> {
    let julia = Julia::start_interruptible(settings, poll)?;
    let agreed = AGREED.get().cloned().unwrap_or_else(|| agree(julia));
    // Two threads may have found the same.
    let _ = AGREED.set(agreed.clone());
    agreed.map(|()| julia)
}

fn agree(julia: &Julia) -> Result<()> {
    let published: serde_json::Value = serde_json::from_str(julia.specs_json())
        .map_err(|error| Error::contract_mismatch("what Julia publishes", "JSON", error))?;
    let read: serde_json::Value = serde_json::from_str(specs::text()?)
        .map_err(|error| Error::contract_mismatch("julia_functions.json", "JSON", error))?;
    if julia.contract_fingerprint() != tables::fingerprints() {
        let subject = "the set of OmegaJulia's table schemas";
        return Err(Error::contract_mismatch(subject, "those Omega was built with", "others"));
    }
    if published == read {
        return Ok(());
    }
    Err(Error::contract_mismatch("the specs of Julia's functions", "those in julia_functions.json", "others"))
}

/// The running Julia, for a function that needs it.
pub fn running(py: Python<'_>, function: &str) -> Outcome<&'static Julia> {
    if let (Some(julia), Some(Ok(()))) = (Julia::started(), AGREED.get()) {
        return Ok(julia);
    }
    // Python knows where the package and its own executable are.
    py.import("omega.functions.julia")?.getattr("start")?.call1((function,))?;
    Julia::started()
        .ok_or_else(|| Error::julia_unavailable(function, "it has stopped", "start a new process").into())
}

/// Runs a function over an import; one answer per output, or what [`Groups::answer`] says.
pub fn run<'py>(
    py: Python<'py>,
    id: i32,
    spec: &FunctionSpec,
    params: &Params,
    nulls: Nulls,
    import: &Import,
) -> Outcome<Bound<'py, PyAny>> {
    let julia = running(py, &spec.name)?;
    let mut numbers = params.values().to_vec();
    numbers.push(f64::from(nulls.number()));
    let assets = import.many.first().map_or(&[][..], |(_, names)| names);
    let assets: Vec<Key> = assets.iter().cloned().map(Key::Text).collect();
    let Some(grouping) = &import.grouping else {
        let inputs = Inputs::of(spec, import, import.raw())?;
        let outputs = inputs.call(py, julia, id, &numbers)?;
        return answers(py, spec, &assets, outputs.into_nodes());
    };
    let gathered = py.detach(|| run::gathered(import))?;
    let mut whole = Groups::new(spec, grouping)?;
    let answer = PyDict::new(py);
    for (group, key) in grouping.groups.keys().iter().enumerate() {
        let chunks: Vec<Vec<RawChunk>> = gathered.group(group).iter().map(|chunk| vec![raw(chunk)]).collect();
        let inputs = Inputs::of(spec, import, &chunks)?;
        let outputs = inputs.call(py, julia, id, &numbers).map_err(|failure| match failure {
            Failure::Omega(error) => {
                Failure::Omega(gathered.restore_row(error, group).with_field("function", named(spec, key)))
            }
            python => python,
        })?;
        let nodes = outputs.into_nodes();
        whole.take(spec, &assets, group, &nodes)?;
        let values = answers(py, spec, &assets, nodes)?;
        answer.set_item(grouping.object(py, key)?, values)?;
    }
    whole.answer(py, answer)
}

/// A function and the group it was called for, as messages name them.
fn named(spec: &FunctionSpec, group: &Key) -> String {
    format!("{} of group `{}`", spec.name, group.text())
}

fn raw(chunk: &Chunk<'_>) -> RawChunk {
    RawChunk { base: chunk.values.as_ptr(), validity: std::ptr::null(), offset: 0, rows: chunk.values.len() }
}

/// Borrowed columns as the C structs that Julia reads: nothing to release, and nothing that outlives the call.
pub struct Inputs {
    /// How many columns each input has.
    per_input: Vec<i32>,
    schemas: Vec<ArrowSchema>,
    arrays: Vec<ArrowArray>,
    /// Two buffers for each array: validity and values.
    _buffers: Vec<[*const c_void; 2]>,
    /// The names of the columns that have one of their own.
    _names: Vec<CString>,
}

// SAFETY: the structs are only read while the caller that owns the import waits.
unsafe impl Sync for Inputs {}

impl Inputs {
    /// The columns of an import, or of a group of it.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    fn of(spec: &FunctionSpec, import: &Import, columns: &[Vec<RawChunk>]) -> Result<Self> {
        let mut per_input = vec![1; spec.inputs.len()];
        let mut names: Vec<Option<&str>> = memory::room(columns.len())?;
        for (index, count) in per_input.iter_mut().enumerate() {
            match import.many.iter().find(|(place, _)| *place == index) {
                Some((_, own)) => {
                    *count = i32::try_from(own.len()).unwrap_or(i32::MAX);
                    names.extend(own.iter().map(|name| Some(name.as_str())));
                }
                None => names.push(None),
            }
        }
        Self::new(&per_input, columns, &names)
    }

    /// The columns, chunk by chunk, and the names of those that have one; a column without chunks comes as one of no rows.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn new(per_input: &[i32], columns: &[Vec<RawChunk>], names: &[Option<&str>]) -> Result<Self> {
        // A name with a zero byte ends there: Julia uses it in messages only.
        let names = names.iter().map(|name| name.map(|name| name.split('\0').next().unwrap_or_default()));
        let names: Vec<Option<CString>> =
            names.map(|name| name.and_then(|name| CString::new(name).ok())).collect();
        let empty = [RawChunk { base: std::ptr::null(), validity: std::ptr::null(), offset: 0, rows: 0 }];
        let name = |place: usize| {
            names.get(place).and_then(Option::as_ref).map_or(std::ptr::null(), |name| name.as_ptr())
        };
        let chunks = || {
            columns.iter().enumerate().flat_map(|(place, column)| {
                let chunks = if column.is_empty() { &empty[..] } else { column };
                chunks.iter().map(move |chunk| (place, chunk))
            })
        };
        // All buffers first: the structs point at them.
        let mut buffers: Vec<[*const c_void; 2]> =
            memory::collected(chunks().map(|(_, chunk)| [chunk.validity.cast(), chunk.base.cast()]))?;
        let mut inputs = Self {
            per_input: per_input.to_vec(),
            schemas: memory::room(buffers.len())?,
            arrays: memory::room(buffers.len())?,
            _buffers: Vec::new(),
            _names: Vec::new(),
        };
        for ((place, chunk), buffers) in chunks().zip(&mut buffers) {
            inputs.schemas.push(ArrowSchema {
                format: c"g".as_ptr(),
                name: name(place),
                ..ArrowSchema::empty()
            });
            inputs.arrays.push(ArrowArray {
                length: chunk.rows as i64,
                null_count: if chunk.validity.is_null() { 0 } else { -1 },
                offset: chunk.offset as i64,
                n_buffers: 2,
                buffers: buffers.as_mut_ptr(),
                ..ArrowArray::empty()
            });
        }
        inputs._buffers = buffers;
        inputs._names = names.into_iter().flatten().collect();
        Ok(inputs)
    }

    /// Calls function `id` with these columns and waits without the GIL. Ctrl-C stops the call and raises as ever.
    pub fn call(&self, py: Python<'_>, julia: &Julia, id: i32, numbers: &[f64]) -> Outcome<Outputs> {
        let mut interrupt = None;
        let called = py.detach(|| {
            let schemas: Vec<*const ArrowSchema> =
                memory::collected(self.schemas.iter().map(std::ptr::from_ref))?;
            let arrays: Vec<*const ArrowArray> =
                memory::collected(self.arrays.iter().map(std::ptr::from_ref))?;
            let mut outputs = Outputs::new();
            let mut poll = || interrupted(&mut interrupt);
            let columns = Columns { per_input: &self.per_input, schemas: &schemas, arrays: &arrays };
            // SAFETY: the structs point into an import that the caller keeps, and to buffers that `self` keeps.
            unsafe { julia.call_interruptible(id, numbers, columns, &mut outputs, &mut poll) }
                .map(|()| outputs)
        });
        match interrupt {
            Some(interrupt) => Err(interrupt.into()),
            None => Ok(called?),
        }
    }
}

/// One Python object per output: a number or None, a column, or a table. `assets` name the columns of the input of many.
fn answers<'py>(
    py: Python<'py>,
    spec: &FunctionSpec,
    assets: &[Key],
    nodes: Vec<Node>,
) -> Outcome<Bound<'py, PyAny>> {
    let mut values = Vec::with_capacity(spec.outputs.len());
    let mut nodes = nodes.into_iter();
    for output in &spec.outputs {
        let missing = || Error::contract_mismatch(&spec.name, format!("output {}", output.name), "nothing");
        values.push(answer(py, output, assets, nodes.next().ok_or_else(missing)?)?);
    }
    objects::tuple(py, values)
}

/// What an output along assets has as its first column: their names.
const ASSET: &str = "asset";

fn answer<'py>(py: Python<'py>, output: &Output, assets: &[Key], node: Node) -> Outcome<Bound<'py, PyAny>> {
    let rows = node.rows();
    let total = node.f64_values().len();
    let along = |axis: usize| output.axes.get(axis).is_some_and(|axis| axis == ASSET);
    let width = if output.axes.len() < 2 { 1 } else { total.checked_div(rows).unwrap_or(0) };
    let fits = match output.axes.len() {
        0 => total == 1,
        1 => total == rows,
        // Without rows nothing tells how many columns there would be, unless they have names.
        _ => rows == 0 || (total.is_multiple_of(rows) && (!along(1) || width == assets.len())),
    };
    if !fits || (along(0) && rows != assets.len()) {
        let allowed = format!("whole columns of {rows} rows, and {} assets", assets.len());
        return Err(Error::contract_mismatch(&output.name, allowed, format!("{total} values")).into());
    }
    let [_, Some(buffer), _] = node.into_buffers() else {
        return Err(Error::contract_mismatch(&output.name, "a buffer of values", "none").into());
    };
    let buffer: Arc<Buffer> = Arc::new(buffer);
    let start: *const f64 = buffer.as_ptr().cast();
    let part = |from: usize, rows: usize| {
        let owner: Arc<dyn Any + Send + Sync> = Arc::clone(&buffer) as _;
        // SAFETY: the buffer is 64-byte aligned, zeroed when made, and holds `total` values; `owner` keeps it.
        unsafe { Shared::from_owner(start.wrapping_add(from), rows, owner) }
    };
    if output.axes.is_empty() {
        let value = part(0, total.min(1)).as_slice().first().copied();
        return Ok(objects::value_or_none(py, &output.data_type, value.unwrap_or(f64::NAN))?);
    }
    let mut columns = Vec::new();
    if along(0) {
        columns.push(ColumnData::keys(ASSET, assets)?);
    }
    if output.axes.len() == 1 {
        let values = ColumnData::typed(&output.name, &output.data_type, part(0, rows));
        if columns.is_empty() {
            return Ok(Bound::new(py, Column::new(values))?.into_any());
        }
        columns.push(values);
    } else {
        let count = if along(1) { assets.len() } else { width };
        columns.extend((0..count).map(|column| {
            let name = match assets.get(column) {
                Some(Key::Text(name)) if along(1) => name.clone(),
                _ => format!("{}_{column}", output.name),
            };
            ColumnData::typed(&name, &output.data_type, part(column * rows, rows))
        }));
    }
    Ok(Bound::new(py, Table::new(columns, rows))?.into_any())
}
