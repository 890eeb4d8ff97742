//! Columns and tables on their way back to Python, as Arrow capsules and buffers.

use std::ffi::{CStr, c_int};

use omega_arrow::c::{ArrowArray, ArrowSchema};
use omega_arrow::write::{self, Values, batch_array, batch_schema, column_array, column_schema};
use omega_contract::Error;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors::{Outcome, guard};
use crate::objects;

/// What messages call what failed.
const COLUMN: &str = "omega.Column";
const TABLE: &str = "omega.Table";

/// One column of an answer. Any Arrow consumer takes it; NumPy reads the numbers in place.
#[pyclass(frozen, module = "omega._rust")]
pub struct Column {
    inner: write::Column,
    /// The shape that a buffer's view points to.
    shape: [ffi::Py_ssize_t; 1],
}

/// Columns of one length. Any Arrow consumer takes them.
#[pyclass(frozen, module = "omega._rust")]
pub struct Table {
    columns: Vec<write::Column>,
    rows: usize,
}

impl Column {
    /// Wraps a column.
    pub fn new(inner: write::Column) -> Self {
        let shape = [ffi::Py_ssize_t::try_from(inner.rows()).unwrap_or(0)];
        Self { inner, shape }
    }
}

impl Table {
    /// Wraps columns of `rows` rows.
    pub fn new(columns: Vec<write::Column>, rows: usize) -> Self {
        Self { columns, rows }
    }
}

#[pymethods]
impl Column {
    /// Its name in the answer.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, COLUMN, || Ok(objects::text(py, &self.inner.name)?))
    }

    /// What it holds: float64, int64, bool or utf8; keys of groups may be of any type, others by Arrow's format.
    #[getter]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, COLUMN, || Ok(objects::text(py, data_type(&self.inner))?))
    }

    /// Whether it holds the keys of groups.
    #[getter]
    fn is_key(&self) -> bool {
        self.inner.is_key()
    }

    /// The same column under another name.
    fn renamed(&self, py: Python<'_>, name: &str) -> PyResult<Self> {
        guard(py, COLUMN, || Ok(Self::new(write::Column { name: name.to_owned(), ..self.inner.clone() })))
    }

    /// The counts of its unit of keys that are moments or durations, None where missing; None of anything else.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, COLUMN, || {
            let Values::Keys(keys) = &self.inner.values else { return Ok(py.None().into_bound(py)) };
            let Some(counts) = keys.counts() else { return Ok(py.None().into_bound(py)) };
            objects::list(py, counts.len(), |row| match counts[row] {
                Some(count) => Ok(objects::int(py, count)?),
                None => Ok(py.None().into_bound(py)),
            })
        })
    }

    /// Its numbers in float64, NaN where missing, which share its memory; itself where it holds keys.
    fn in_float64(&self) -> Self {
        Self::new(match &self.inner.values {
            Values::Whole(values) | Values::Truth(values) => {
                write::Column::float64(&self.inner.name, values.clone())
            }
            _ => self.inner.clone(),
        })
    }

    fn __len__(&self) -> usize {
        self.inner.rows()
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, COLUMN, || {
            let rows = self.inner.rows();
            Ok(objects::text(py, &format!("omega.Column({:?}, {rows} rows)", self.inner.name))?)
        })
    }

    /// The values as a list, `None` where missing.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, COLUMN, || match &self.inner.values {
            Values::Float64(values) => {
                let values = values.as_slice();
                objects::list(py, values.len(), |row| Ok(objects::float_or_none(py, values[row])?))
            }
            Values::Whole(values) | Values::Truth(values) => {
                let (data_type, values) = (data_type(&self.inner), values.as_slice());
                objects::list(py, values.len(), |row| Ok(objects::value_or_none(py, data_type, values[row])?))
            }
            Values::Int64(values) => {
                objects::list(py, values.len(), |row| Ok(objects::int(py, values[row])?))
            }
            Values::Keys(keys) => {
                let (keys, format) = (keys.keys(), keys.format());
                objects::list(py, keys.len(), |row| crate::keys::object(py, &keys[row], Some(format)))
            }
            Values::Text(text) => {
                let (ends, bytes) = text.as_ref();
                objects::list(py, ends.len() - 1, |row| {
                    let own = &bytes[ends[row] as usize..ends[row + 1] as usize];
                    Ok(objects::text(py, &String::from_utf8_lossy(own))?)
                })
            }
        })
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, COLUMN, || schema_capsule(py, column_schema(&self.inner)))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = requested_schema;
        guard(py, COLUMN, || capsules(py, column_schema(&self.inner), column_array(&self.inner)?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        guard(py, COLUMN, || stream_capsule(py, column_schema(&self.inner), column_array(&self.inner)?))
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let Values::Float64(values) = &slf.get().inner.values else {
            return Err(PyBufferError::new_err("only a column of numbers is a buffer"));
        };
        let values = values.as_slice();
        let size = ffi::Py_ssize_t::try_from(size_of_val(values))?;
        // SAFETY: Python passes a view to fill; the column, which the view keeps alive, never moves its values. It is
        // the caller's own array: nobody else reads a column that was asked for as a buffer.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(view, slf.as_ptr(), values.as_ptr().cast_mut().cast(), size, 0, flags)
        };
        if status != 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        // SAFETY: the view was just filled in as bytes; now it says what they are. The shape lives as long as the column,
        // and the strides point to the item's size, as `PyBuffer_FillInfo` leaves them.
        unsafe {
            (*view).itemsize = size_of::<f64>() as ffi::Py_ssize_t;
            if flags & ffi::PyBUF_FORMAT != 0 {
                (*view).format = c"d".as_ptr().cast_mut();
            }
            if flags & ffi::PyBUF_ND != 0 {
                (*view).shape = slf.get().shape.as_ptr().cast_mut();
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Table {
    /// A table of columns of one length.
    #[new]
    #[pyo3(signature = (columns, /))]
    fn from_columns(py: Python<'_>, columns: Vec<Bound<'_, Column>>) -> PyResult<Self> {
        let columns: Vec<write::Column> = columns.iter().map(|column| column.get().inner.clone()).collect();
        let rows = columns.first().map_or(0, write::Column::rows);
        guard(py, TABLE, || match columns.iter().find(|column| column.rows() != rows) {
            Some(other) => Err(Error::length_mismatch(&other.name, rows, other.rows()).into()),
            None => Ok(Self { columns, rows }),
        })
    }

    /// The names of its columns, in order.
    #[getter]
    fn column_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, TABLE, || {
            let columns = &self.columns;
            objects::list(py, columns.len(), |index| Ok(objects::text(py, &columns[index].name)?))
        })
    }

    /// How many of its columns, which come first, are the keys of groups.
    #[getter]
    fn keys(&self) -> usize {
        self.columns.iter().take_while(|column| column.is_key()).count()
    }

    /// Its columns, in order.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, TABLE, || {
            let columns = &self.columns;
            objects::list(py, columns.len(), |index| {
                Ok(Bound::new(py, Column::new(columns[index].clone()))?.into_any())
            })
        })
    }

    fn __len__(&self) -> usize {
        self.rows
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, TABLE, || {
            let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            Ok(objects::text(py, &format!("omega.Table({names:?}, {} rows)", self.rows))?)
        })
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        guard(py, TABLE, || schema_capsule(py, batch_schema(&self.columns)))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = requested_schema;
        guard(py, TABLE, || capsules(py, batch_schema(&self.columns), batch_array(&self.columns, self.rows)?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        guard(py, TABLE, || {
            stream_capsule(py, batch_schema(&self.columns), batch_array(&self.columns, self.rows)?)
        })
    }
}

fn data_type(column: &write::Column) -> &str {
    match &column.values {
        Values::Keys(keys) => match keys.format() {
            "c" => "int8",
            "C" => "uint8",
            "s" => "int16",
            "S" => "uint16",
            "i" => "int32",
            "I" => "uint32",
            "l" => "int64",
            "L" => "uint64",
            "e" => "float16",
            "f" => "float32",
            "g" => "float64",
            "b" => "bool",
            "u" | "U" | "vu" => "utf8",
            other => other,
        },
        Values::Float64(_) => "float64",
        Values::Whole(_) | Values::Int64(_) => "int64",
        Values::Truth(_) => "bool",
        Values::Text(_) => "utf8",
    }
}

fn schema_capsule(py: Python<'_>, schema: ArrowSchema) -> Outcome<Bound<'_, PyCapsule>> {
    capsule(py, schema, c"arrow_schema")
}

/// A schema and an array, as `__arrow_c_array__` returns them.
pub fn capsules(py: Python<'_>, schema: ArrowSchema, array: ArrowArray) -> Outcome<Bound<'_, PyAny>> {
    let schema = schema_capsule(py, schema)?.into_any();
    objects::tuple(py, vec![schema, capsule(py, array, c"arrow_array")?.into_any()])
}

fn stream_capsule(py: Python<'_>, schema: ArrowSchema, array: ArrowArray) -> Outcome<Bound<'_, PyCapsule>> {
    capsule(py, write::stream(schema, array), c"arrow_array_stream")
}

/// A capsule that drops the struct, and so releases what no consumer has taken.
fn capsule<'py, T: Send + 'static>(
    py: Python<'py>,
    value: T,
    name: &'static CStr,
) -> Outcome<Bound<'py, PyCapsule>> {
    Ok(PyCapsule::new_with_value(py, value, name)?)
}
