//! Hidden entries that only tests call: what the far side sees, and every way to fail.

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::write::{self, Shared};
use omega_contract::spec::{FunctionSpec, Input, Kind, Source};
use omega_contract::tables::bars;
use omega_contract::{Error, ErrorCode};
use omega_julia_host::{Columns, Lock, Node, Outputs};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answers::{Column, capsules};
use crate::data::{Import, Request, produce};
use crate::errors::{Outcome, guard};
use crate::julia::{Inputs, running};
use crate::objects;
use crate::outputs::Buffer;
use crate::registry::{Entry, find};
use crate::words::kind;

/// Adds the submodule `testing`.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "testing")?;
    module.add_function(wrap_pyfunction!(error_codes, &module)?)?;
    module.add_function(wrap_pyfunction!(raise_code, &module)?)?;
    module.add_function(wrap_pyfunction!(panic, &module)?)?;
    module.add_function(wrap_pyfunction!(addresses, &module)?)?;
    module.add_function(wrap_pyfunction!(typed_column, &module)?)?;
    module.add_function(wrap_pyfunction!(typed_value, &module)?)?;
    module.add_function(wrap_pyfunction!(typed_out, &module)?)?;
    module.add_function(wrap_pyfunction!(times, &module)?)?;
    module.add_function(wrap_pyfunction!(julia_addresses, &module)?)?;
    module.add_function(wrap_pyfunction!(julia_raise, &module)?)?;
    module.add_function(wrap_pyfunction!(julia_echo, &module)?)?;
    module.add_class::<Echo>()?;
    parent.add_submodule(&module)
}

/// Every code of the Rust enum: number, name and message.
#[pyfunction]
fn error_codes() -> Vec<(i32, &'static str, &'static str)> {
    ErrorCode::ALL.iter().map(|code| (code.number(), code.name(), code.message())).collect()
}

/// Raises the error of a code; each field holds its own name in angle brackets.
#[pyfunction]
fn raise_code(py: Python<'_>, number: i32) -> PyResult<()> {
    guard(py, "probe.raise", || {
        let Some(code) = ErrorCode::from_number(number) else {
            return Err(Error::parameter_out_of_range("number", "a code of the table", number).into());
        };
        Err(code.example().into())
    })
}

/// Panics inside the door.
#[pyfunction]
fn panic(py: Python<'_>) -> PyResult<()> {
    #[expect(clippy::panic, reason = "to prove that a panic becomes a typed error")]
    guard(py, "probe.panic", || panic!("asked to"))
}

fn import(py: Python<'_>, data: &Bound<'_, PyAny>, names: Vec<String>, strict: bool) -> Outcome<Import> {
    let inputs: Vec<Input> = names
        .into_iter()
        .map(|name| Input {
            name,
            data_type: "float64".into(),
            summary: String::new(),
            source: Source::Series { column: None },
            many: false,
        })
        .collect();
    Import::new(
        py,
        &Request { inputs: &inputs, data: Some(data), columns: None, by: None, timed_by: None, strict },
    )
}

/// The address and the rows of each chunk of each column, as a Rust kernel sees them.
#[pyfunction]
#[pyo3(signature = (data, names, strict=true))]
fn addresses(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    names: Vec<String>,
    strict: bool,
) -> PyResult<Vec<Vec<(usize, usize)>>> {
    guard(py, "probe.addresses", || {
        let import = import(py, data, names, strict)?;
        let seen = import.chunks().map(|chunk| {
            chunk
                .iter()
                .map(|column| (column.values.as_ptr().addr(), column.values.len()))
                .collect::<Vec<_>>()
        });
        let by_chunk: Vec<Vec<(usize, usize)>> = seen.collect();
        Ok((0..import.raw().len())
            .map(|column| by_chunk.iter().map(|chunk| chunk[column]).collect())
            .collect())
    })
}

/// A column as a function with an output of this type answers it.
#[pyfunction]
fn typed_column(data_type: &str, values: Vec<f64>) -> Column {
    Column::new(write::Column::typed("answer", data_type, Shared::from_vec(values)))
}

/// One value as a stream of such a function answers it.
#[pyfunction]
fn typed_value<'py>(py: Python<'py>, data_type: &str, value: f64) -> PyResult<Bound<'py, PyAny>> {
    objects::value(py, data_type, value)
}

/// What such a function writes into memory of the caller's.
#[pyfunction]
fn typed_out(out: &Bound<'_, PyAny>, data_type: &str, values: Vec<f64>) -> PyResult<()> {
    guard(out.py(), "probe.out", || {
        Ok(Buffer::of(out, "out".into(), data_type, values.len())?.write(&values)?)
    })
}

/// Times as the kernel of a function that reads them sees them.
#[pyfunction]
fn times(py: Python<'_>, data: &Bound<'_, PyAny>, strict: bool) -> PyResult<Vec<f64>> {
    guard(py, "probe.times", || {
        let input = FunctionSpec::new("probe.times", Kind::Rowwise, "bars", "").reads(bars::TIMESTAMP).inputs;
        let request =
            Request { inputs: &input, data: Some(data), columns: None, by: None, timed_by: None, strict };
        let import = Import::new(py, &request)?;
        Ok(import.chunks().flat_map(|chunk| chunk[0].values.to_vec()).collect())
    })
}

/// The addresses of the same chunks, column after column, as a Julia function sees them.
#[pyfunction]
#[pyo3(signature = (data, names, strict=true))]
fn julia_addresses(
    py: Python<'_>,
    data: &Bound<'_, PyAny>,
    names: Vec<String>,
    strict: bool,
) -> PyResult<Vec<usize>> {
    guard(py, "probe.addresses", || {
        let import = import(py, data, names, strict)?;
        let inputs = Inputs::new(&[], import.raw(), &[])?;
        let (julia, id) = (running(py, "probe.addresses")?, julia_id("probe.addresses@julia")?);
        let outputs = inputs.call(py, julia, id, &[0.0])?;
        // An address does not fit a float64, so it comes as its high and its low half.
        let half = |index: usize| outputs.node(index).map_or(&[][..], Node::f64_values);
        Ok(half(0).iter().zip(half(1)).map(|(&high, &low)| (high as usize) << 32 | low as usize).collect())
    })
}

/// Raises the error of a code in Julia.
#[pyfunction]
fn julia_raise(py: Python<'_>, number: i32) -> PyResult<()> {
    guard(py, "probe.raise", || {
        let (julia, id) = (running(py, "probe.raise")?, julia_id("probe.raise@julia")?);
        Inputs::new(&[], &[], &[])?.call(py, julia, id, &[f64::from(number), 0.0])?;
        Ok(())
    })
}

fn julia_id(name: &str) -> Result<i32, Error> {
    match find(name)? {
        Entry::Julia(id, _) => Ok(id),
        Entry::Rust(_) => Err(Error::unknown_function(name, "none")),
    }
}

/// The columns of a batch of any contract types, read into Julia values and written back.
#[pyfunction]
fn julia_echo(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Echo> {
    guard(py, "probe.echo", || {
        let (julia, id) = (running(py, "probe.echo")?, julia_id("probe.echo@julia")?);
        let Some(produced) = produce(data)? else {
            return Err(Error::unsupported_data("an Arrow array or batch", kind(data)).into());
        };
        // SAFETY: the capsule protocol vouches for the structs.
        let (schema, arrays) = unsafe { produced.structs(py)? };
        let fields = match arrays.as_slice() {
            // SAFETY: as above.
            [array] => unsafe { omega_arrow::read::fields(schema, array)? },
            _ => {
                return Err(Error::invalid_shape(
                    "the data",
                    "one batch",
                    format!("{} batches", arrays.len()),
                )
                .into());
            }
        };
        let call = Borrowed {
            schemas: fields.fields.iter().map(|field| std::ptr::from_ref(field.schema)).collect(),
            arrays: fields.fields.iter().map(|field| std::ptr::from_ref(field.array)).collect(),
        };
        let outputs = py.detach(|| {
            let call = &call;
            let columns = Columns { per_input: &[], schemas: &call.schemas, arrays: &call.arrays };
            let mut outputs = Outputs::new();
            // SAFETY: the producer is alive until this function returns.
            unsafe { julia.call(id, &[0.0], columns, &mut outputs)? };
            Ok::<_, Error>(outputs)
        })?;
        let mut nodes = outputs.into_nodes().into_iter();
        let mut schemas = Vec::new();
        let mut children = Vec::new();
        for field in &fields.fields {
            let (schema, array) = rebuild(field.schema, &mut nodes)?;
            schemas.push(schema);
            children.push(array);
        }
        let array = write::array(fields.rows, 0, vec![std::ptr::null()], children, Box::new(()));
        Ok(Echo { structs: Lock::new(Some((write::schema("+s", "", schemas), array))) })
    })
}

/// Pointers that only the waiting caller's data stands behind.
struct Borrowed {
    schemas: Vec<*const ArrowSchema>,
    arrays: Vec<*const ArrowArray>,
}

// SAFETY: the structs are only read while the caller that owns them waits.
unsafe impl Sync for Borrowed {}

/// The array of one output node and its children, typed as the input was.
fn rebuild(
    original: &ArrowSchema,
    nodes: &mut impl Iterator<Item = Node>,
) -> Result<(ArrowSchema, ArrowArray), Error> {
    // SAFETY: a producer's format and name are C strings (or NULL), and its children are live schemas.
    let (format, name, n_children) = unsafe {
        let text = |pointer: *const std::ffi::c_char| {
            if pointer.is_null() {
                String::new()
            } else {
                std::ffi::CStr::from_ptr(pointer).to_string_lossy().into_owned()
            }
        };
        (text(original.format), text(original.name), usize::try_from(original.n_children).unwrap_or(0))
    };
    let node = nodes
        .next()
        .ok_or_else(|| Error::contract_mismatch("probe.echo", "a node for each column", "fewer"))?;
    let (rows, buffers) = (node.rows(), node.into_buffers());
    let missing = buffers[0]
        .as_ref()
        .map_or(0, |bits| (0..rows).filter(|row| bits.as_bytes()[row / 8] >> (row % 8) & 1 == 0).count());
    let mut schemas = Vec::new();
    let mut children = Vec::new();
    for index in 0..n_children {
        // SAFETY: as above.
        let (schema, array) = rebuild(unsafe { &**original.children.add(index) }, nodes)?;
        schemas.push(schema);
        children.push(array);
    }
    let n_buffers = if format == "u" || format == "U" { 3 } else { 2 };
    let pointers = buffers[..n_buffers]
        .iter()
        .map(|buffer| buffer.as_ref().map_or(std::ptr::null(), |buffer| buffer.as_ptr().cast()));
    let array = write::array(rows, missing, pointers.collect(), children, Box::new(buffers));
    let mut schema = write::schema(&format, &name, schemas);
    schema.flags = original.flags;
    Ok((schema, array))
}

/// What came back from `julia_echo`; can be taken once.
#[pyclass(frozen, module = "omega._rust.testing")]
pub struct Echo {
    structs: Lock<Option<(ArrowSchema, ArrowArray)>>,
}

#[pymethods]
impl Echo {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = requested_schema;
        guard(py, "probe.echo", || {
            let taken = self.structs.lock().map_err(|left| left.error("probe.echo"))?.take();
            let Some((schema, array)) = taken else {
                let allowed = "an array that nobody has imported yet";
                return Err(Error::released_capsule("arrow_array", allowed).into());
            };
            capsules(py, schema, array)
        })
    }
}
