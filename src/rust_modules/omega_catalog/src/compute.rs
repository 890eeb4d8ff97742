//! Runs a function over rows: as many rows out, or one number per group.

use omega_arrow::column::Chunk;
use omega_contract::params::Params;
use omega_contract::{Error, Result, memory};
use omega_kernel::{Body, Function, Nulls, ReductionFactory, RowwiseFactory};

use crate::data::{Data, Grouping, wide};

/// One column per output: as long as the data for an indicator; for a metric one number, or one per group in the order
/// of the keys. NaN where there is no value.
///
/// # Errors
/// `INVALID_VALUE` or `MISSING_VALUE`, naming the row; `INVALID_SHAPE` if the columns are not those of the function's
/// inputs; `OUT_OF_MEMORY`.
pub fn run(function: &Function, params: &Params, nulls: Nulls, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
    data.fits(&function.spec)?;
    let n_outputs = function.spec.outputs.len();
    match function.body {
        Body::Rowwise(factory) => rowwise(n_outputs, factory, params, nulls, data),
        Body::Reduction(factory) => reduction(n_outputs, factory, params, nulls, data),
    }
}

/// As [`run`], of a function that answers row by row, into columns of the caller's. What they held is lost on an error
/// as well.
///
/// # Errors
/// As `run`; `INVALID_TYPE` if the function does not answer row by row, `INVALID_SHAPE` or `LENGTH_MISMATCH` if the
/// columns are not as many, or as long, as its answer.
pub fn run_into(
    function: &Function,
    params: &Params,
    nulls: Nulls,
    data: &Data<'_>,
    outputs: &mut [&mut [f64]],
) -> Result<()> {
    data.fits(&function.spec)?;
    wide(&function.spec.name, function.spec.outputs.len(), outputs.len())?;
    let factory = crate::stream::rowwise(function)?;
    if let Some((output, column)) =
        function.spec.outputs.iter().zip(&*outputs).find(|(_, column)| column.len() != data.rows())
    {
        return Err(Error::length_mismatch(&output.name, data.rows(), column.len()));
    }
    rowwise_into(factory, params, nulls, data, outputs)
}

/// One column per output, as long as the data.
fn rowwise(
    n_outputs: usize,
    factory: &'static dyn RowwiseFactory,
    params: &Params,
    nulls: Nulls,
    data: &Data<'_>,
) -> Result<Vec<Vec<f64>>> {
    let mut outputs = answers(n_outputs, data.rows())?;
    let mut columns: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    rowwise_into(factory, params, nulls, data, &mut columns)?;
    Ok(outputs)
}

fn rowwise_into(
    factory: &'static dyn RowwiseFactory,
    params: &Params,
    nulls: Nulls,
    data: &Data<'_>,
    outputs: &mut [&mut [f64]],
) -> Result<()> {
    match data.grouping() {
        None => {
            let mut stream = factory.stream(params, nulls);
            fill_into(outputs, data, |_, chunk, outputs| stream.batch(chunk, outputs))
        }
        Some(Grouping { numbers, .. }) => {
            let mut grouped = factory.grouped(params, nulls);
            fill_into(outputs, data, |from, chunk, outputs| {
                grouped.batch(&numbers[from..from + chunk[0].values.len()], chunk, outputs)
            })
        }
    }
}

/// Columns for answers to be written into.
pub(crate) fn answers(columns: usize, rows: usize) -> Result<Vec<Vec<f64>>> {
    each(columns, rows, memory::zeros)
}

/// Empty columns with room for answers.
pub(crate) fn rooms(columns: usize, rows: usize) -> Result<Vec<Vec<f64>>> {
    each(columns, rows, memory::room)
}

fn each(columns: usize, rows: usize, make: impl Fn(usize) -> Result<Vec<f64>>) -> Result<Vec<Vec<f64>>> {
    // All of it at once: no column is written before there is memory for every one.
    memory::ask(rows.saturating_mul(columns).saturating_mul(size_of::<f64>()))?;
    let mut answers = Vec::with_capacity(columns);
    for _ in 0..columns {
        answers.push(make(rows)?);
    }
    Ok(answers)
}

/// Output columns, filled chunk by chunk; `work` also gets the number of rows before its chunk.
pub(crate) fn fill(
    n_outputs: usize,
    data: &Data<'_>,
    work: impl FnMut(usize, &[Chunk<'_>], &mut [&mut [f64]]) -> Result<()>,
) -> Result<Vec<Vec<f64>>> {
    let mut outputs = answers(n_outputs, data.rows())?;
    let mut columns: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    fill_into(&mut columns, data, work)?;
    Ok(outputs)
}

fn fill_into(
    outputs: &mut [&mut [f64]],
    data: &Data<'_>,
    mut work: impl FnMut(usize, &[Chunk<'_>], &mut [&mut [f64]]) -> Result<()>,
) -> Result<()> {
    let mut from = 0;
    for chunk in data.chunks() {
        let to = from + chunk.first().map_or(0, |column| column.values.len());
        let mut parts: Vec<&mut [f64]> = outputs.iter_mut().map(|output| &mut output[from..to]).collect();
        work(from, chunk, &mut parts)?;
        from = to;
    }
    Ok(())
}

/// One number per output, or one per output and group.
fn reduction(
    n_outputs: usize,
    factory: &'static dyn ReductionFactory,
    params: &Params,
    nulls: Nulls,
    data: &Data<'_>,
) -> Result<Vec<Vec<f64>>> {
    let mut values = vec![f64::NAN; n_outputs];
    let Some(grouping) = data.grouping() else {
        let mut accumulator = factory.accumulator(params, nulls);
        for chunk in data.chunks() {
            accumulator.update(chunk)?;
        }
        accumulator.value(&mut values)?;
        return Ok(values.into_iter().map(|value| vec![value]).collect());
    };
    let groups = grouping.groups.keys().len();
    let gathered = data.gather()?;
    let mut outputs = Vec::with_capacity(n_outputs);
    for _ in 0..n_outputs {
        outputs.push(memory::filled(groups, f64::NAN)?);
    }
    for group in 0..groups {
        let mut accumulator = factory.accumulator(params, nulls);
        let chunk = gathered.group(group);
        accumulator.update(&chunk).map_err(|error| gathered.restore_row(error, group))?;
        accumulator.value(&mut values)?;
        for (output, &value) in outputs.iter_mut().zip(&values) {
            output[group] = value;
        }
    }
    Ok(outputs)
}
