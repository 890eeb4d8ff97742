//! Metrics after each row: over all rows so far, and over the last of them.

use omega_kernel::Nulls;

use crate::support::{
    RowwiseCase, assert_same, batch, chunks, columns, metric_of, over_window, rowwise_cases, same,
};

const ROWS: usize = 700;

/// Every case of a metric after each row, with the metric and the length of its windows.
fn cases() -> impl Iterator<Item = (RowwiseCase, crate::support::ReductionCase, usize)> {
    rowwise_cases()
        .into_iter()
        .filter_map(|case| metric_of(&case).map(|(metric, window)| (case, metric, window)))
}

fn is_rolling(window: usize) -> bool {
    window < usize::MAX
}

/// What goes out is 0 where it is too small to go in again.
fn settled(value: f64) -> f64 {
    if value.abs() < omega_contract::bounds::SMALLEST_INPUT { 0.0 } else { value }
}

/// Fails unless a metric after each row answers what it answers for those rows: all so far, with the same bits; the
/// last ones, up to rounding.
#[track_caller]
fn assert_is_the_metric(data: &[Vec<f64>]) {
    for (case, metric, window) in cases() {
        let inputs = chunks(&data[..case.spec.inputs.len()]);
        let answer = batch(case.stream(Nulls::Raise).as_mut(), case.spec.outputs.len(), &inputs);
        for row in case.warm_up()..data[0].len() {
            for (column, expected) in answer.iter().zip(over_window(&metric, &inputs, window, row)) {
                let (found, expected) = (column[row], settled(expected));
                let near = (found - expected).abs() <= 1e-10 * found.abs().max(expected.abs()).max(1e-6);
                let right = if is_rolling(window) && !metric.is_exact() {
                    near || same(found, expected)
                } else {
                    same(found, expected)
                };
                assert!(right, "{} in row {row}: {found:e}, not {expected:e}", case.label());
            }
        }
    }
}

fn returns(seed: u64) -> Vec<Vec<f64>> {
    let (_, metric, _) =
        cases().find(|(case, ..)| case.spec.inputs.len() == 2).expect("a metric of two columns");
    columns(&metric.spec, seed, ROWS)
}

#[test]
fn a_value_is_that_of_the_metric_over_its_rows() {
    assert_is_the_metric(&returns(60));
}

#[test]
fn flat_windows_and_windows_with_an_outlier_are_right() {
    let mut data = returns(61);
    for column in &mut data {
        column[100..250].fill(0.1);
        column[300] = 1e9;
        column[420] = -0.999;
    }
    data[0][421] = 1e-12;
    assert_is_the_metric(&data);
}

/// To the last bit: nothing was ever subtracted.
#[test]
fn what_has_left_a_window_leaves_no_trace() {
    let plain = returns(62);
    let mut wild = plain.clone();
    wild.iter_mut().for_each(|column| column[200] = -1e90);
    for (case, _, window) in cases().filter(|(.., window)| is_rolling(*window)) {
        let answer = |data: &[Vec<f64>]| {
            let inputs = chunks(&data[..case.spec.inputs.len()]);
            let answer = batch(case.stream(Nulls::Raise).as_mut(), case.spec.outputs.len(), &inputs);
            answer.into_iter().map(|column| column[200 + window..].to_vec()).collect()
        };
        assert_same(&answer(&wild), &answer(&plain), &case.label());
    }
}
