//! Tables of libraries that hand out single columns: what a call does not read is left where it is.

use std::sync::PoisonError;

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::kinds::{Kind, kind_of};
use crate::words::name_of;

/// A type whose columns can be asked for one by one, or that is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A frame of pandas.
    PandasFrame,
    /// A column of pandas.
    PandasSeries,
    /// A frame of polars.
    PolarsFrame,
    /// A query of polars that has not run.
    PolarsQuery,
    /// A table of pyarrow.
    ArrowTable,
    /// A record batch of pyarrow.
    ArrowBatch,
    /// A query of DuckDB.
    DuckRelation,
    /// Anything else that is common, told quickly.
    Other,
}

/// By package and class. Whoever inherits from one is one.
const HOLDERS: [(&str, &str, Holder); 11] = [
    ("pandas", "DataFrame", Holder::PandasFrame),
    ("pandas", "Series", Holder::PandasSeries),
    ("polars", "DataFrame", Holder::PolarsFrame),
    ("polars", "LazyFrame", Holder::PolarsQuery),
    ("polars", "Series", Holder::Other),
    ("pyarrow", "Table", Holder::ArrowTable),
    ("pyarrow", "RecordBatch", Holder::ArrowBatch),
    ("pyarrow", "Array", Holder::Other),
    ("pyarrow", "ChunkedArray", Holder::Other),
    ("duckdb", "DuckDBPyRelation", Holder::DuckRelation),
    ("_duckdb", "DuckDBPyRelation", Holder::DuckRelation),
];

/// The types that were met so far, by address. Who holds one keeps its address from being used again.
#[expect(clippy::disallowed_types, reason = "held for a moment and with the GIL, as who forks holds it")]
static MET: std::sync::Mutex<Vec<(Py<PyType>, Holder)>> = std::sync::Mutex::new(Vec::new());

/// What kind of holder an object is.
pub fn holder_of(object: &Bound<'_, PyAny>) -> PyResult<Holder> {
    if matches!(kind_of(object)?, Kind::NumPy | Kind::List | Kind::Dict) {
        return Ok(Holder::Other);
    }
    let class = object.get_type();
    let met = || MET.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, holder)) = met().iter().find(|(known, _)| class.is(known)) {
        return Ok(*holder);
    }
    let parents = class.mro();
    let Some(holder) = of_parents(&parents)? else { return Ok(Holder::Other) };
    met().push((class.unbind(), holder));
    Ok(holder)
}

fn of_parents(parents: &Bound<'_, PyTuple>) -> PyResult<Option<Holder>> {
    for parent in parents.iter_borrowed() {
        let Ok(class) = parent.cast::<PyType>() else { continue };
        let class = &*class;
        let name = name_of(class);
        for (package, known, holder) in HOLDERS {
            if name == known && is_of(class, package)? {
                return Ok(Some(holder));
            }
        }
    }
    Ok(None)
}

fn is_of(class: &Bound<'_, PyType>, package: &str) -> PyResult<bool> {
    let module = class.module()?;
    Ok(module.to_str().is_ok_and(|module| module.split('.').next() == Some(package)))
}
