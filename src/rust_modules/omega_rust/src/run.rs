//! Hands an import to the catalogue, and what comes back to Python.

use omega_arrow::column::Chunk;
use omega_arrow::write::{self, Shared};
use omega_catalog::{Data, Function, Gathered, Nulls, Params, Result};
use omega_contract::memory;
use omega_contract::spec::Kind;
use pyo3::prelude::*;

use crate::answers::{Column, Table};
use crate::data::Import;
use crate::errors::Outcome;
use crate::objects;
use crate::outputs::{Outputs, not_by_row};

/// Below this many rows, letting other Python threads run costs more than the work.
const DETACH_ROWS: usize = 2048;

/// Runs `work` without the GIL where there is enough of it.
pub fn detached<T: Send>(py: Python<'_>, rows: usize, work: impl FnOnce() -> T + Send) -> T {
    if rows < DETACH_ROWS { work() } else { py.detach(work) }
}

/// An import as the catalogue reads it.
pub fn data_of(import: &Import) -> Result<Data<'_>> {
    let mut chunks: Vec<Chunk<'_>> = memory::room(import.raw().iter().map(Vec::len).sum())?;
    import.chunks().for_each(|abreast| chunks.extend(abreast));
    let data = Data::from_chunks(import.raw().len(), chunks)?;
    match &import.grouping {
        None => Ok(data),
        Some(grouping) => data.by(&grouping.groups, &grouping.numbers),
    }
}

/// The rows of each group of an import side by side.
pub fn gathered(import: &Import) -> Result<Gathered<'_>> {
    data_of(import)?.gather()
}

/// Runs a function of the catalogue: one column per output, one number per output, or a table of one row per group.
pub fn run<'py>(
    py: Python<'py>,
    function: &Function,
    params: &Params,
    nulls: Nulls,
    import: &Import,
) -> Outcome<Bound<'py, PyAny>> {
    let outputs =
        detached(py, import.rows, || omega_catalog::run(function, params, nulls, &data_of(import)?))?;
    let names = function.spec.outputs.iter().map(|output| output.name.as_str());
    let types = function.spec.outputs.iter().map(|output| output.data_type.as_str());
    if function.spec.kind == Kind::Rowwise {
        return columns(
            py,
            names.zip(types).zip(outputs).map(|((name, data_type), values)| (name, data_type, values)),
        );
    }
    let Some(grouping) = &import.grouping else {
        let values = types
            .zip(outputs.iter().flatten())
            .map(|(data_type, &value)| objects::value_or_none(py, data_type, value));
        return objects::tuple(py, values.collect::<PyResult<_>>()?);
    };
    let keys = grouping.groups.keys();
    let mut columns = grouping.key_columns()?;
    columns.extend(
        names.zip(types).zip(outputs).map(|((name, data_type), values)| column(name, data_type, values)),
    );
    Ok(Bound::new(py, Table::new(columns, keys.len()))?.into_any())
}

/// Runs a function of the catalogue that answers row by row into the caller's own memory, and gives that back.
pub fn run_into<'py>(
    function: &Function,
    params: &Params,
    nulls: Nulls,
    import: &Import,
    out: &Bound<'py, PyAny>,
) -> Outcome<Bound<'py, PyAny>> {
    if function.spec.kind != Kind::Rowwise {
        return Err(not_by_row(&function.spec).into());
    }
    let mut outputs = Outputs::of(out, &function.spec, import)?;
    outputs.fill(out.py(), import.rows, |columns| {
        omega_catalog::run_into(function, params, nulls, &data_of(import)?, columns)
    })?;
    Ok(out.clone())
}

/// A tuple of columns, each a name, a type and values.
pub fn columns<'py, 'a>(
    py: Python<'py>,
    named: impl Iterator<Item = (&'a str, &'a str, Vec<f64>)>,
) -> Outcome<Bound<'py, PyAny>> {
    let columns = named.map(|(name, data_type, values)| {
        Bound::new(py, Column::new(column(name, data_type, values))).map(Bound::into_any)
    });
    objects::tuple(py, columns.collect::<PyResult<_>>()?)
}

/// A column of an answer, whose numbers leave in the type that a spec says.
pub fn column(name: &str, data_type: &str, values: Vec<f64>) -> write::Column {
    write::Column::typed(name, data_type, Shared::from_vec(values))
}
