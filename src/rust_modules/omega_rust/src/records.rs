//! One row of each table as a Python class: read from JSON or Arrow, never changed.

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator, StructArray};
use omega_contract::Error;
use omega_records::{self as records, Record};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors::{Outcome, guard};
use crate::schemas::batches;
use crate::words::repr_of;

/// Rows of one table. Any Arrow consumer takes them.
#[pyclass(frozen, module = "omega._rust.records")]
pub struct Batch(RecordBatch);

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = guard(py, "omega.records", || self.ffi_schema())?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let _ = requested_schema;
        let schema = self.__arrow_c_schema__(py)?;
        let array = FFI_ArrowArray::new(&StructArray::from(self.0.clone()).into());
        Ok((schema, PyCapsule::new_with_value(py, array, c"arrow_array")?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches = RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }
}

impl Batch {
    fn ffi_schema(&self) -> Outcome<FFI_ArrowSchema> {
        let schema = FFI_ArrowSchema::try_from(self.0.schema().as_ref());
        Ok(schema.map_err(|reason| Error::internal("omega.records", reason))?)
    }
}

/// The rows of some data; all of them, whatever its chunks.
fn rows<R: Record>(data: &Bound<'_, PyAny>) -> Outcome<Vec<R>> {
    let mut rows = Vec::new();
    for batch in batches(data)?.1 {
        rows.extend(R::from_batch(&batch)?);
    }
    Ok(rows)
}

macro_rules! classes {
    ($(#[doc = $summary:literal] $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {
        $(
            #[doc = $summary]
            #[pyclass(frozen, eq, module = "omega._rust.records")]
            #[derive(Clone, PartialEq)]
            pub struct $name(records::$name);

            #[pymethods]
            impl $name {
                /// A record from JSON text, as pydantic and Julia write it.
                #[staticmethod]
                fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
                    guard(py, "omega.records", || Ok(Self(Record::from_json(text)?)))
                }

                /// JSON text, as pydantic and Julia read it.
                fn to_json(&self, py: Python<'_>) -> PyResult<String> {
                    guard(py, "omega.records", || Ok(self.0.to_json()?))
                }

                /// The rows of a table from any Arrow producer; columns are found by name.
                #[staticmethod]
                fn from_arrow(data: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
                    guard(data.py(), "omega.records", || Ok(rows(data)?.into_iter().map(Self).collect()))
                }

                /// Records as one Arrow batch.
                #[staticmethod]
                fn to_arrow(py: Python<'_>, records: Vec<Py<Self>>) -> PyResult<Batch> {
                    guard(py, "omega.records", || {
                        let rows: Vec<_> = records.iter().map(|record| record.get().0.clone()).collect();
                        Ok(Batch(Record::to_batch(&rows)?))
                    })
                }

                $(
                    #[getter]
                    fn $field(&self) -> $type {
                        self.0.$field.clone()
                    }
                )+

                fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                    let fields = [
                        $(format!("{}={}", stringify!($field), repr_of(&self.$field().into_bound_py_any(py)?)?)),+
                    ];
                    Ok(format!("{}({})", stringify!($name), fields.join(", ")))
                }
            }
        )+

        /// Adds `omega._rust.records`.
        pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            let records = PyModule::new(module.py(), "records")?;
            records.add_class::<Batch>()?;
            $(records.add_class::<$name>()?;)+
            module.add_submodule(&records)
        }
    };
}

omega_records::for_each_record!(classes);
