//! Sets of metrics that share summaries.

use omega_contract::ErrorCode;
use omega_contract::params::{Given, Params};
use omega_kernel::{MetricSet, Nulls};

/// Functions, parameters and data to try.
#[expect(dead_code, unused_imports, reason = "shared with the laws, which use all of it")]
#[path = "laws/support.rs"]
mod support;

use support::{ReductionCase, chunks, columns, functions, reduction_cases, same, slice, values};

/// Every metric under every parameters, as one set, and columns for it.
fn all() -> (Vec<ReductionCase>, MetricSet, Vec<Vec<f64>>) {
    let (cases, functions) = (reduction_cases(), functions());
    let members = cases.iter().map(|case| {
        let function = functions.iter().find(|function| function.spec.name == case.spec.name);
        (function.expect("a metric"), case.params.clone())
    });
    let set = MetricSet::new(members).expect("they are metrics");
    let mut reader = cases[0].spec.clone();
    reader.inputs = set.inputs().to_vec();
    let mut data = columns(&reader, 70, 1000);
    for (place, column) in data.iter_mut().enumerate() {
        column[100 * (place + 1)] = f64::NAN;
    }
    (cases, set, data)
}

#[test]
fn every_metric_of_a_set_answers_as_alone() {
    let (cases, set, data) = all();
    let inputs = chunks(&data);
    let mut answers = vec![0.0; set.outputs()];
    for nulls in [Nulls::Skip, Nulls::Propagate] {
        let mut whole = set.accumulator(nulls);
        whole.update(&slice(&inputs, 0, 333)).expect("clean rows are taken");
        let mut rest = set.accumulator(nulls);
        rest.update(&slice(&inputs, 333, 1000)).expect("clean rows are taken");
        whole.merge(&rest).expect("they are alike");
        whole.values(&mut answers).expect("memory");
        let mut answers = answers.iter();
        for case in &cases {
            let own = case.spec.inputs.iter().map(|input| {
                let place = set.inputs().iter().position(|known| known.name == input.name);
                inputs[place.expect("the set reads it")]
            });
            let own: Vec<_> = own.collect();
            let (mut alone, mut rest) = (case.accumulator(nulls), case.accumulator(nulls));
            alone.update(&slice(&own, 0, 333)).expect("clean rows are taken");
            rest.update(&slice(&own, 333, 1000)).expect("clean rows are taken");
            alone.merge(rest.as_ref()).expect("alike");
            for (alone, answer) in values(alone.as_ref()).into_iter().zip(&mut answers) {
                assert!(same(alone, *answer), "{}: {alone:e} {answer:e}", case.label());
            }
        }
    }
}

#[test]
fn equal_summaries_are_kept_once() {
    let functions = functions();
    let member = |name: &str, given: &[(&'static str, f64)]| {
        let function = functions.iter().find(|function| function.spec.name == name).expect("a metric");
        let given = given.iter().map(|(name, value)| (*name, Given::Float(*value)));
        (function, Params::resolve(&function.spec, given).expect("they are allowed"))
    };
    let summaries = |members: Vec<_>| MetricSet::new(members).expect("metrics").summaries();
    let sharpe =
        |periods, risk_free| member("risk.sharpe_ratio", &[("periods", periods), ("risk_free", risk_free)]);
    assert_eq!(summaries(vec![sharpe(252.0, 0.0), sharpe(52.0, 0.0), member("risk.volatility", &[])]), 1);
    assert_eq!(summaries(vec![sharpe(252.0, 0.0), sharpe(252.0, 0.01)]), 2);
    let tails = ["risk.value_at_risk", "risk.conditional_value_at_risk"];
    assert_eq!(summaries(tails.map(|name| member(name, &[])).to_vec()), 1);
    assert_eq!(summaries(vec![member("risk.volatility", &[]), member("risk.max_drawdown", &[])]), 2);
}

#[test]
fn a_row_that_one_metric_refuses_is_taken_by_none() {
    let (_, set, mut data) = all();
    let last = data.len() - 1;
    data[last][500] = f64::INFINITY;
    let inputs = chunks(&data);
    let (mut before, mut after) = (vec![0.0; set.outputs()], vec![0.0; set.outputs()]);
    let mut accumulator = set.accumulator(Nulls::Skip);
    accumulator.update(&slice(&inputs, 0, 400)).expect("clean rows are taken");
    accumulator.values(&mut before).expect("memory");
    let error = accumulator.update(&slice(&inputs, 400, 1000)).expect_err("it is refused");
    assert_eq!(error.code(), ErrorCode::InvalidValue);
    accumulator.values(&mut after).expect("memory");
    assert!(before.iter().zip(&after).all(|(before, after)| same(*before, *after)));
    let indicator = functions().into_iter().find(|function| function.spec.name == "ta.sma").expect("sma");
    let params = Params::resolve(&indicator.spec, []).expect("defaults");
    let error = MetricSet::new([(&indicator, params)]).err().expect("no metric");
    assert_eq!(error.code(), ErrorCode::InvalidType);
}
