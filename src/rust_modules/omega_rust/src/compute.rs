//! Runs kernels over an import: rows in, rows out, or one number per group.

use omega_contract::arrow::column::Chunk;
use omega_contract::arrow::write::{self, Shared};
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result};
use omega_kernel::{Nulls, ReductionFactory, RowwiseFactory};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::answers::{Column, Table};
use crate::data::{Grouping, Import};
use crate::errors::Outcome;
use crate::gather::gather;

/// Below this many rows, letting other Python threads run costs more than the work.
const DETACH_ROWS: usize = 2048;

/// Runs `work` without the GIL where there is enough of it.
pub fn detached<T: Send>(py: Python<'_>, rows: usize, work: impl FnOnce() -> T + Send) -> T {
    if rows < DETACH_ROWS { work() } else { py.detach(work) }
}

/// One column per output, as long as the data.
pub fn rowwise<'py>(
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
    let mut outputs = (0..n_outputs).map(|_| zeros(import.rows)).collect::<Result<Vec<_>>>()?;
    let mut from = 0;
    for chunk in import.chunks() {
        let to = from + chunk.first().map_or(0, |column| column.values.len());
        let mut parts: Vec<&mut [f64]> = outputs.iter_mut().map(|output| &mut output[from..to]).collect();
        work(from, &chunk, &mut parts)?;
        from = to;
    }
    Ok(outputs)
}

/// Memory for one output, or an error where there is none to be had.
fn zeros(rows: usize) -> Result<Vec<f64>> {
    let mut values = Vec::new();
    values.try_reserve_exact(rows).map_err(|_| {
        Error::out_of_memory("omega", rows.saturating_mul(size_of::<f64>()), "what the system has")
    })?;
    values.resize(rows, 0.0);
    Ok(values)
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

/// One number per output, or a table of one row per group.
pub fn reduction<'py>(
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
