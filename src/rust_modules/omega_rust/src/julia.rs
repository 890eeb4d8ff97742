//! Functions written in Julia: the same inputs, handed to the host.

use std::any::Any;
use std::ffi::c_void;
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
use omega_julia_host::{Buffer, Julia, Node, Outputs, Settings};
use omega_kernel::Nulls;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answers::{Column, Table};
use crate::data::{Grouping, Import};
use crate::errors::{Failure, Outcome, guard};
use crate::objects;
use crate::run;

/// The specs that Julia publishes, as they were when this library was built.
const SPECS: &str = include_str!("../../../schemas/julia_functions.json");

/// Whether the running Julia speaks of the same functions and tables as this library; asked once.
static AGREED: OnceLock<Result<()>> = OnceLock::new();

/// The functions of Julia; the place in the list is the number at the boundary.
pub fn specs() -> &'static [FunctionSpec] {
    #[expect(clippy::disallowed_types, reason = "the import of the module makes it, before anyone can fork")]
    static PARSED: std::sync::LazyLock<Vec<FunctionSpec>> = std::sync::LazyLock::new(|| {
        // A test proves that the file parses; it is compiled in.
        serde_json::from_str(SPECS).unwrap_or_default()
    });
    &PARSED
}

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
    let built: serde_json::Value = serde_json::from_str(SPECS)
        .map_err(|error| Error::contract_mismatch("julia_functions.json", "JSON", error))?;
    if julia.contract_fingerprint() != tables::fingerprints() {
        let subject = "the set of OmegaJulia's table schemas";
        return Err(Error::contract_mismatch(subject, "those Omega was built with", "others"));
    }
    if published == built {
        return Ok(());
    }
    Err(Error::contract_mismatch("the specs of Julia's functions", "those Omega was built with", "others"))
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

/// Runs a function over an import; one answer per output, or a dict of those by group.
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
    let Some(Grouping { groups, .. }) = &import.grouping else {
        let inputs = Inputs::new(import.raw())?;
        let outputs = inputs.call(py, julia, id, &numbers)?;
        return answers(py, spec, outputs);
    };
    let gathered = py.detach(|| run::gathered(import))?;
    let answer = PyDict::new(py);
    for (group, key) in groups.keys().iter().enumerate() {
        let chunks: Vec<Vec<RawChunk>> = gathered.group(group).iter().map(|chunk| vec![raw(chunk)]).collect();
        let inputs = Inputs::new(&chunks)?;
        let outputs = inputs.call(py, julia, id, &numbers).map_err(|failure| match failure {
            Failure::Omega(error) => {
                Failure::Omega(gathered.restore_row(error, group).with_field("function", named(spec, key)))
            }
            python => python,
        })?;
        let values = answers(py, spec, outputs)?;
        let key = match key {
            Key::Text(text) => objects::text(py, text)?,
            Key::Int(int) => objects::int(py, *int)?,
        };
        answer.set_item(key, values)?;
    }
    Ok(answer.into_any())
}

/// A function and the group it was called for, as messages name them.
fn named(spec: &FunctionSpec, group: &Key) -> String {
    match group {
        Key::Text(text) => format!("{} of group `{text}`", spec.name),
        Key::Int(int) => format!("{} of group `{int}`", spec.name),
    }
}

fn raw(chunk: &Chunk<'_>) -> RawChunk {
    RawChunk { base: chunk.values.as_ptr(), validity: std::ptr::null(), offset: 0, rows: chunk.values.len() }
}

/// Borrowed columns as the C structs that Julia reads: nothing to release, and nothing that outlives the call.
pub struct Inputs {
    schemas: Vec<ArrowSchema>,
    arrays: Vec<ArrowArray>,
    /// Two buffers for each array: validity and values.
    _buffers: Vec<[*const c_void; 2]>,
}

// SAFETY: the structs are only read while the caller that owns the import waits.
unsafe impl Sync for Inputs {}

impl Inputs {
    /// The columns, chunk by chunk; a column without chunks comes as one of no rows.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn new(columns: &[Vec<RawChunk>]) -> Result<Self> {
        let empty = [RawChunk { base: std::ptr::null(), validity: std::ptr::null(), offset: 0, rows: 0 }];
        let chunks = || columns.iter().flat_map(|column| if column.is_empty() { &empty[..] } else { column });
        // All buffers first: the structs point at them.
        let mut buffers: Vec<[*const c_void; 2]> =
            memory::collected(chunks().map(|chunk| [chunk.validity.cast(), chunk.base.cast()]))?;
        let mut inputs = Self {
            schemas: memory::room(buffers.len())?,
            arrays: memory::room(buffers.len())?,
            _buffers: Vec::new(),
        };
        for (chunk, buffers) in chunks().zip(&mut buffers) {
            inputs.schemas.push(ArrowSchema { format: c"g".as_ptr(), ..ArrowSchema::empty() });
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
            // SAFETY: the structs point into an import that the caller keeps, and to buffers that `self` keeps.
            unsafe { julia.call_interruptible(id, numbers, &schemas, &arrays, &mut outputs, &mut poll) }
                .map(|()| outputs)
        });
        match interrupt {
            Some(interrupt) => Err(interrupt.into()),
            None => Ok(called?),
        }
    }
}

/// One Python object per output: a float or None, a column, or a table.
fn answers<'py>(py: Python<'py>, spec: &FunctionSpec, outputs: Outputs) -> Outcome<Bound<'py, PyAny>> {
    let mut values = Vec::with_capacity(spec.outputs.len());
    let mut nodes = outputs.into_nodes().into_iter();
    for output in &spec.outputs {
        let missing = || Error::contract_mismatch(&spec.name, format!("output {}", output.name), "nothing");
        values.push(answer(py, output, nodes.next().ok_or_else(missing)?)?);
    }
    objects::tuple(py, values)
}

fn answer<'py>(py: Python<'py>, output: &Output, node: Node) -> Outcome<Bound<'py, PyAny>> {
    let rows = node.rows();
    let total = node.f64_values().len();
    let fits = match output.axes.len() {
        0 => total == 1,
        1 => total == rows,
        _ => rows == 0 || total.is_multiple_of(rows),
    };
    if !fits {
        let allowed = format!("whole columns of {rows} rows");
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
    Ok(match output.axes.len() {
        0 => {
            let value = part(0, total.min(1)).as_slice().first().copied();
            objects::float_or_none(py, value.unwrap_or(f64::NAN))?
        }
        1 => Bound::new(py, Column::new(ColumnData::float64(&output.name, part(0, rows))))?.into_any(),
        _ => {
            let width = total.checked_div(rows).unwrap_or(0);
            let columns = (0..width).map(|column| {
                ColumnData::float64(&format!("{}_{column}", output.name), part(column * rows, rows))
            });
            Bound::new(py, Table::new(columns.collect(), rows))?.into_any()
        }
    })
}
