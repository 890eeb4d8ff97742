//! Runs kernels over an import: rows in, rows out, or one number per group.

use omega_arrow::column::Chunk;
use omega_arrow::write::{self, Shared};
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result, memory};
use omega_kernel::{Nulls, ReductionFactory, RowwiseFactory};
use pyo3::prelude::*;

use crate::answers::{Column, Table};
use crate::data::{Grouping, Import};
use crate::errors::Outcome;
use crate::gather::gather;
use crate::objects;

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
    // All of it at once: no column is written before there is memory for every one.
    memory::ask(import.rows.saturating_mul(n_outputs).saturating_mul(size_of::<f64>()))?;
    let mut outputs = Vec::with_capacity(n_outputs);
    for _ in 0..n_outputs {
        outputs.push(memory::filled(import.rows, 0.0)?);
    }
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
    let columns = named.map(|(name, values)| {
        let column = Column::new(write::Column::float64(name, Shared::from_vec(values)));
        Bound::new(py, column).map(Bound::into_any)
    });
    objects::tuple(py, columns.collect::<PyResult<_>>()?)
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
            accumulator.value(&mut values)?;
            Ok::<_, Error>(values)
        })?;
        let values = values.into_iter().map(|value| objects::float_or_none(py, value));
        return objects::tuple(py, values.collect::<PyResult<_>>()?);
    };
    let groups = grouping.groups.keys().len();
    let outputs = detached(py, import.rows, || {
        let gathered = gather(import, &grouping.numbers, groups)?;
        let mut outputs = Vec::with_capacity(n_outputs);
        for _ in 0..n_outputs {
            outputs.push(memory::filled(groups, f64::NAN)?);
        }
        let mut values = vec![f64::NAN; n_outputs];
        for group in 0..groups {
            let mut accumulator = factory.accumulator(params, nulls);
            let chunk = gathered.group(group);
            accumulator.update(&chunk).map_err(|error| gathered.restore_row(error, group))?;
            accumulator.value(&mut values)?;
            for (output, &value) in outputs.iter_mut().zip(&values) {
                output[group] = value;
            }
        }
        Ok::<_, Error>(outputs)
    })?;
    let mut columns = vec![write::Column::keys(&grouping.name, grouping.groups.keys())?];
    for (output, values) in spec.outputs.iter().zip(outputs) {
        columns.push(write::Column::float64(&output.name, Shared::from_vec(values)));
    }
    Ok(Bound::new(py, Table::new(columns, groups))?.into_any())
}
