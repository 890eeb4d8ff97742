//! Metrics after each row: over all rows so far, and over the last of them.

use omega_arrow::column::Chunk;
use omega_contract::bounds::SMALLEST_INPUT;
use omega_contract::params::Params;
use omega_kernel::{Body, Function, Nulls};

use crate::law::{Named, laws};
use crate::support::{
    ReductionCase, RowwiseCase, assert_same, batch, chunks, columns, functions, same, slice, values,
};
use crate::{parts, probes};

pub const LAWS: &[Named] = laws!(Rowwise:
    a_value_is_that_of_the_metric_over_its_rows,
    what_has_left_a_window_leaves_no_trace,
);

const ROWS: usize = 700;

/// The metric that a rowwise function answers for, and how many of the last rows it answers for.
fn metric_of(case: &RowwiseCase) -> Option<(ReductionCase, usize)> {
    let name = case.spec.name.replace(".rolling_", ".");
    let metric = functions()
        .into_iter()
        .chain(probes::functions())
        .chain(parts::functions())
        .find(|function| function.spec.name == name && matches!(function.body, Body::Reduction(_)))?;
    let Function { spec, body: Body::Reduction(factory) } = metric else { return None };
    let values = case.params.values()[..spec.parameters.len()].to_vec();
    let params = Params::from_values(&spec, values).expect("they are allowed");
    let window = if name == case.spec.name { usize::MAX } else { case.params.rows("window") };
    Some((ReductionCase { spec, factory, params }, window))
}

/// What the metric of a rowwise function answers for the window that ends in a row.
fn over_window(metric: &ReductionCase, inputs: &[Chunk<'_>], window: usize, row: usize) -> Vec<f64> {
    let rows = slice(inputs, (row + 1).saturating_sub(window), row + 1);
    values(metric.over(Nulls::Raise, &rows).as_ref())
}

/// Whether it is a metric of all rows so far.
pub fn expands(case: &RowwiseCase) -> bool {
    metric_of(case).is_some_and(|(_, window)| window == usize::MAX)
}

/// What goes out is 0 where it is too small to go in again.
fn settled(value: f64) -> f64 {
    if value.abs() < SMALLEST_INPUT { 0.0 } else { value }
}

/// Of all rows so far, with the same bits; of the last ones, up to rounding. Also where nothing moves for longer than a
/// window, and where an outlier comes and goes.
fn a_value_is_that_of_the_metric_over_its_rows(case: &RowwiseCase) {
    let plain = columns(&case.spec, 60, ROWS);
    let mut hard = columns(&case.spec, 61, ROWS);
    for column in &mut hard {
        column[100..250].fill(0.1);
        column[300] = 1e9;
        column[420] = -0.999;
    }
    hard[0][421] = 1e-12;
    let Some((metric, window)) = metric_of(case) else { return };
    let exactly = window == usize::MAX || metric.spec.keeps_rows;
    for data in [plain, hard] {
        let inputs = chunks(&data);
        let answer = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &inputs);
        for row in case.warm_up()..ROWS {
            for (column, expected) in answer.iter().zip(over_window(&metric, &inputs, window, row)) {
                let (found, expected) = (column[row], settled(expected));
                let near = (found - expected).abs() <= 1e-10 * found.abs().max(expected.abs()).max(1e-6);
                let right = same(found, expected) || (near && !exactly);
                assert!(right, "{} in row {row}: {found:e}, not {expected:e}", case.label());
            }
        }
    }
}

/// To the last bit: nothing was ever subtracted.
fn what_has_left_a_window_leaves_no_trace(case: &RowwiseCase) {
    let Some((_, window)) = metric_of(case).filter(|(_, window)| *window < ROWS - 200) else { return };
    let plain = columns(&case.spec, 62, ROWS);
    let mut wild = plain.clone();
    wild.iter_mut().for_each(|column| column[200] = -1e90);
    let answer = |data: &[Vec<f64>]| {
        let answer = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(data));
        answer.into_iter().map(|column| column[200 + window..].to_vec()).collect()
    };
    assert_same(&answer(&wild), &answer(&plain), &case.label());
}
