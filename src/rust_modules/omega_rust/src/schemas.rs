//! Arrow schemas as Python sees them, and whole tables in the terms of arrow-rs.
//!
//! This is the slow door, for contracts and records: it may copy and convert. Functions go through `data`.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_schema::{DataType, Schema};
use omega_arrow::c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use omega_arrow::check;
use omega_arrow::stream::Reading;
use omega_contract::{Error, ErrorCode, tables};
use omega_records::schema::{Described, read_ipc};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::data::{Extent, read};
use crate::errors::{Failure, Outcome, catch, guard};
use crate::words::kind;

/// Name, type, whether it may be missing, metadata.
type Field = (String, String, bool, BTreeMap<String, String>);
/// Fields, metadata, fingerprint.
type PySchema = (Vec<Field>, BTreeMap<String, String>, String);
/// Table, version, fingerprint, direction, record, and (name, type, nullable) of each field.
type StaticTable = (&'static str, &'static str, &'static str, &'static str, &'static str, Vec<StaticField>);
type StaticField = (&'static str, &'static str, bool);

/// Adds `omega._rust.schemas`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let schemas = PyModule::new(module.py(), "schemas")?;
    schemas.add_function(wrap_pyfunction!(read_ipc_schema, &schemas)?)?;
    schemas.add_function(wrap_pyfunction!(describe, &schemas)?)?;
    schemas.add_function(wrap_pyfunction!(null_counts, &schemas)?)?;
    schemas.add_function(wrap_pyfunction!(static_tables, &schemas)?)?;
    module.add_submodule(&schemas)
}

/// The schema of an Arrow IPC file; `path` is only named when it cannot be read.
#[pyfunction]
#[pyo3(signature = (content, path="the schema"))]
fn read_ipc_schema(py: Python<'_>, content: &[u8], path: &str) -> PyResult<PySchema> {
    guard(py, "omega.schema", || Ok(shown(&read_ipc(path, content)?)))
}

/// The schema of live data from any Arrow producer.
#[pyfunction]
fn describe(data: &Bound<'_, PyAny>) -> PyResult<PySchema> {
    guard(data.py(), "omega.schema", || Ok(shown(&Described::from(&schema_of(data)?))))
}

/// How many values of each column are missing, and how many inside its lists. Reads a one-shot stream to its end.
#[pyfunction]
fn null_counts(data: &Bound<'_, PyAny>) -> PyResult<Vec<(usize, usize)>> {
    guard(data.py(), "omega.schema", || {
        let (schema, batches) = batches(data)?;
        let mut counts = vec![(0, 0); schema.fields().len()];
        for batch in &batches {
            for (count, column) in counts.iter_mut().zip(batch.columns()) {
                count.0 += column.logical_null_count();
                count.1 += nulls_in_lists(column.as_ref());
            }
        }
        Ok(counts)
    })
}

/// The tables this library was built with.
#[pyfunction]
fn static_tables() -> Vec<StaticTable> {
    tables::TABLES
        .iter()
        .map(|table| {
            let fields = table.fields.iter().map(|field| (field.name, field.type_name, field.nullable));
            (table.name, table.version, table.fingerprint, table.direction, table.record, fields.collect())
        })
        .collect()
}

/// Everything an Arrow producer holds, with its schema.
pub fn batches(data: &Bound<'_, PyAny>) -> Outcome<(Schema, Vec<RecordBatch>)> {
    let py = data.py();
    if let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_stream__"))? {
        let reading = read_stream(&method.call0()?, Extent::Whole)?;
        let schema = table_schema(&reading.schema)?;
        let batches = reading.arrays.into_iter().map(|array| {
            // SAFETY: the stream handed both out.
            unsafe { batch_of(&reading.schema, array) }
        });
        let batches = batches.collect::<Outcome<_>>()?;
        return Ok((schema, batches));
    }
    let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_array__"))? else {
        return Err(no_producer(data));
    };
    let answer = method.call0()?;
    let pair = answer.cast::<PyTuple>().map_err(PyErr::from)?;
    let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
    let (schema, slot) = (live_schema(&schema)?, pointer::<ArrowArray>(&array, c"arrow_array")?);
    // SAFETY: capsules of these names hold these structs. Taking the array leaves a released one behind, as a
    // consumer must; the schema stays its capsule's.
    let (schema, array) = unsafe { (&*schema, std::ptr::replace(slot, ArrowArray::empty())) };
    if array.release.is_none() {
        return Err(Error::released_capsule("arrow_array", "fresh: ask the producer for a new one").into());
    }
    // SAFETY: as above.
    unsafe { check::schema(schema)? };
    // SAFETY: as above.
    let batch = unsafe { batch_of(schema, array)? };
    Ok((batch.schema().as_ref().clone(), vec![batch]))
}

/// A batch in the terms of arrow-rs. Producers leave out the buffers of a batch without rows, as they may, and arrow-rs
/// does not take it so.
///
/// # Safety
/// As for [`adopt`].
unsafe fn batch_of(schema: &ArrowSchema, array: ArrowArray) -> Outcome<RecordBatch> {
    // SAFETY: as the caller vouches.
    unsafe { check::array(schema, &array)? };
    if array.length == 0 && matches!(DataType::try_from(foreign(schema)), Ok(DataType::Struct(_))) {
        return Ok(RecordBatch::new_empty(Arc::new(table_schema(schema)?)));
    }
    // SAFETY: as the caller vouches.
    batch(unsafe { adopt(schema, array)? }.as_ref())
}

/// An array in the terms of arrow-rs, which believes what it is told: everything is looked at before and after.
///
/// # Safety
/// The structs must be as the Arrow C data interface asks; both have been checked.
unsafe fn adopt(schema: &ArrowSchema, mut array: ArrowArray) -> Outcome<ArrayRef> {
    let adopted = catch("omega.records", || {
        // SAFETY: both declarations of each struct lay it out as the C data interface does, and the array is moved.
        let data = unsafe {
            let taken = FFI_ArrowArray::from_raw((&raw mut array).cast());
            from_ffi(taken, foreign(schema))
        };
        let data = data.map_err(|reason| malformed(&reason))?;
        data.validate_full().map_err(|reason| malformed(&reason))?;
        Ok(make_array(data))
    });
    adopted.map_err(|failure| match failure {
        // arrow-rs panics at what it finds impossible.
        Failure::Omega(error) if error.code() == ErrorCode::Internal => {
            malformed_as(error.field("reason").unwrap_or("it contradicts itself"))
        }
        other => other,
    })
}

/// The rows of a struct as a batch.
fn batch(rows: &dyn Array) -> Outcome<RecordBatch> {
    let Some(rows) = rows.as_any().downcast_ref::<StructArray>() else {
        let found = rows.data_type().to_string().to_lowercase();
        return Err(Error::unsupported_data("a table or record batch", found).into());
    };
    if rows.null_count() > 0 {
        let value = format!("{} missing rows", rows.null_count());
        let allowed = "a table or record batch, whose rows are all there";
        return Err(Error::unsupported_data(allowed, value).into());
    }
    Ok(RecordBatch::from(rows))
}

/// The schema in a capsule, if nobody has taken it yet.
fn live_schema(capsule: &Bound<'_, PyAny>) -> Outcome<*mut ArrowSchema> {
    let schema = pointer::<ArrowSchema>(capsule, c"arrow_schema")?;
    // SAFETY: a capsule of this name holds this struct.
    if unsafe { (*schema).release.is_none() } {
        return Err(Error::released_capsule("arrow_schema", "fresh: ask the producer for a new one").into());
    }
    Ok(schema)
}

/// The schema of a producer, without its data where the producer can tell.
fn schema_of(data: &Bound<'_, PyAny>) -> Outcome<Schema> {
    let py = data.py();
    let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_schema__"))? else {
        let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_stream__"))? else {
            return Ok(batches(data)?.0);
        };
        return table_schema(&read_stream(&method.call0()?, Extent::Schema)?.schema);
    };
    let capsule = method.call0()?;
    let schema = live_schema(&capsule)?;
    // SAFETY: a capsule of this name holds this struct; it is only read.
    unsafe {
        check::schema(&*schema)?;
        table_schema(&*schema)
    }
}

/// A checked schema in the terms of arrow-rs; one column alone is a table of one.
fn table_schema(schema: &ArrowSchema) -> Outcome<Schema> {
    let schema = foreign(schema);
    match DataType::try_from(schema).map_err(|reason| malformed(&reason))? {
        DataType::Struct(_) => Ok(Schema::try_from(schema).map_err(|reason| malformed(&reason))?),
        _ => {
            Ok(Schema::new(vec![arrow_schema::Field::try_from(schema).map_err(|reason| malformed(&reason))?]))
        }
    }
}

/// The struct as arrow-rs declares it.
fn foreign(schema: &ArrowSchema) -> &FFI_ArrowSchema {
    // SAFETY: both declarations lay the struct out as the C data interface does.
    unsafe { &*std::ptr::from_ref(schema).cast::<FFI_ArrowSchema>() }
}

/// Reads a stream capsule, which is left released.
fn read_stream(capsule: &Bound<'_, PyAny>, extent: Extent) -> Outcome<Reading> {
    let source = pointer::<ArrowArrayStream>(capsule, c"arrow_array_stream")?;
    // SAFETY: a capsule of this name holds this struct, and who takes it holds the GIL.
    let reading = unsafe { Reading::take(source)? };
    read(capsule.py(), reading, extent, true)
}

/// The struct in a capsule.
fn pointer<T>(capsule: &Bound<'_, PyAny>, name: &'static CStr) -> Outcome<*mut T> {
    let capsule = capsule.cast::<PyCapsule>().map_err(PyErr::from)?;
    match capsule.pointer_checked(Some(name)) {
        Ok(pointer) => Ok(pointer.cast::<T>().as_ptr()),
        Err(_) => {
            Err(Error::released_capsule(name.to_string_lossy(), "one that nobody has taken yet").into())
        }
    }
}

fn malformed(reason: &arrow_schema::ArrowError) -> Failure {
    malformed_as(&reason.to_string())
}

fn malformed_as(reason: &str) -> Failure {
    Error::malformed_arrow("the table", reason, "as the Arrow C data interface asks", "something else").into()
}

fn no_producer(data: &Bound<'_, PyAny>) -> Failure {
    Error::unsupported_data("a table with __arrow_c_stream__ or __arrow_c_array__", kind(data)).into()
}

/// Missing values inside the lists of a column; a missing list hides its own.
fn nulls_in_lists(column: &dyn Array) -> usize {
    let any = column.as_any();
    if let Some(lists) = any.downcast_ref::<arrow_array::ListArray>() {
        lists.iter().flatten().map(|items| items.logical_null_count()).sum()
    } else if let Some(lists) = any.downcast_ref::<arrow_array::LargeListArray>() {
        lists.iter().flatten().map(|items| items.logical_null_count()).sum()
    } else {
        0
    }
}

fn shown(described: &Described) -> PySchema {
    let fields = described
        .fields
        .iter()
        .map(|field| (field.name.clone(), field.type_name.clone(), field.nullable, field.metadata.clone()));
    (fields.collect(), described.metadata.clone(), described.fingerprint())
}
