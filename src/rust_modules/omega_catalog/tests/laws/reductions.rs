//! Reductions: chunks, merges, missing rows.

use omega_arrow::column::Chunk;
use omega_contract::ErrorCode;
use omega_kernel::{Accumulator, Nulls};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{
    ReductionCase, alike, chunks, columns, functions, reduction_cases, same, same_values, slice, value,
    values,
};

const ROWS: usize = 3000;

fn over(case: &ReductionCase, nulls: Nulls, inputs: &[Chunk<'_>]) -> Box<dyn Accumulator> {
    let mut accumulator = case.accumulator(nulls);
    accumulator.update(inputs).expect("clean rows are taken");
    accumulator
}

/// Ratios around a mean near zero lose digits to it whatever one does, so they are compared on their own scale.
fn agree(left: f64, right: f64) -> bool {
    same(left, right) || (left - right).abs() <= 1e-12 * left.abs().max(right.abs()).max(1.0)
}

#[test]
fn a_case_by_hand() {
    let returns = [0.1, -0.05, 0.02, -0.2, 0.3];
    let expected = [
        ("risk.sharpe_ratio", 0.034 / 0.034_28_f64.sqrt() * 252f64.sqrt()),
        ("risk.sortino_ratio", 0.034 / (0.0425_f64 / 5.0).sqrt() * 252f64.sqrt()),
        ("risk.volatility", 0.034_28_f64.sqrt() * 252f64.sqrt()),
        ("risk.max_drawdown", 0.95 * 1.02 * 0.8 - 1.0),
        ("risk.value_at_risk", -0.2 + 0.2 * 0.15),
        ("risk.conditional_value_at_risk", -0.2),
        ("risk.beta", 1.0),
    ];
    for (name, expected) in expected {
        let cases = reduction_cases();
        let case = cases.iter().find(|case| case.spec.name == name).expect("a known function");
        let answer = value(over(case, Nulls::Skip, &alike(&case.spec, &returns)).as_ref());
        assert!((answer - expected).abs() < 1e-12, "{name} is {answer}, not {expected}");
    }
}

#[test]
fn equal_returns_do_not_vary_by_a_single_bit() {
    for case in reduction_cases() {
        for rows in [2, 100, ROWS] {
            let data = vec![0.1; rows];
            let mut accumulator = over(&case, Nulls::Skip, &alike(&case.spec, &data));
            accumulator.merge(over(&case, Nulls::Skip, &alike(&case.spec, &data)).as_ref()).expect("alike");
            let answer = value(accumulator.as_ref());
            match case.spec.name.as_str() {
                "risk.sharpe_ratio" | "risk.beta" => assert!(answer.is_nan(), "{answer}"),
                "risk.volatility" | "risk.max_drawdown" => assert!(same(answer, 0.0), "{answer}"),
                "risk.sortino_ratio" => assert!(answer.is_nan() || answer < 0.0, "{answer}"),
                _ => assert!((answer - 0.1).abs() < 1e-15, "{} {answer}", case.label()),
            }
        }
    }
}

#[test]
fn nothing_comes_from_no_rows() {
    for case in reduction_cases() {
        assert!(values(case.accumulator(Nulls::Skip).as_ref()).iter().all(|value| value.is_nan()));
        assert!(value(over(&case, Nulls::Skip, &alike(&case.spec, &[])).as_ref()).is_nan());
    }
}

#[test]
fn a_loss_of_everything_is_final() {
    let cases = reduction_cases();
    let case = cases.iter().find(|case| case.spec.name == "risk.max_drawdown").expect("a known function");
    for ruin in [-1.0, -1.5] {
        let returns = [0.5, ruin, 3.0, -0.5, 1e100, 1e100, 1e100];
        assert!(same(value(over(case, Nulls::Skip, &[Chunk::dense(&returns)]).as_ref()), -1.0));
    }
    let soaring = vec![1e100; 50];
    let fallen = [-0.25];
    let mut accumulator = over(case, Nulls::Skip, &[Chunk::dense(&soaring)]);
    accumulator.merge(over(case, Nulls::Skip, &[Chunk::dense(&fallen)]).as_ref()).expect("alike");
    assert!(same(value(accumulator.as_ref()), -0.25), "wealth beyond all numbers still falls by a quarter");
}

#[test]
fn missing_rows_follow_the_policy() {
    for case in reduction_cases() {
        let data = columns(&case.spec, 21, ROWS);
        let holes = [0, 700, 701, 1024, 2999];
        let mut holed = data.clone();
        holes.iter().for_each(|&hole| holed[0][hole] = f64::NAN);
        let kept: Vec<Vec<f64>> = data
            .iter()
            .map(|column| (0..ROWS).filter(|row| !holes.contains(row)).map(|row| column[row]).collect())
            .collect();
        let skipped = over(&case, Nulls::Skip, &chunks(&holed));
        assert_eq!(skipped.rows(), ROWS as u64);
        let without = over(&case, Nulls::Skip, &chunks(&kept));
        assert!(same_values(skipped.as_ref(), without.as_ref()), "{}", case.label());
        assert!(value(over(&case, Nulls::Propagate, &chunks(&holed)).as_ref()).is_nan());
        assert!(!value(over(&case, Nulls::Propagate, &chunks(&data)).as_ref()).is_nan());

        let mut raising = over(&case, Nulls::Raise, &slice(&chunks(&data), 0, 500));
        let before = raising.save().expect("memory");
        let error = raising.update(&slice(&chunks(&holed), 1, ROWS)).expect_err("a missing row is refused");
        assert_eq!(error.code(), ErrorCode::MissingValue);
        assert_eq!(
            (error.field("name"), error.field("row")),
            (Some(case.spec.inputs[0].name.as_str()), Some("1199"))
        );
        assert_eq!(raising.save().expect("memory"), before, "a refused update changes nothing");
    }
}

#[test]
fn accumulators_of_different_things_do_not_merge() {
    let cases = reduction_cases();
    for left in &cases {
        for right in &cases {
            let merged = left.accumulator(Nulls::Skip).merge(right.accumulator(Nulls::Skip).as_ref());
            let alike = left.spec.name == right.spec.name && left.params == right.params;
            assert_eq!(merged.is_ok(), alike, "{} and {}", left.label(), right.label());
            assert!(merged.is_ok_and(|()| true) || !alike);
        }
        let other = left.accumulator(Nulls::Propagate);
        let error = left.accumulator(Nulls::Skip).merge(other.as_ref()).expect_err("policies differ");
        assert_eq!(error.code(), ErrorCode::SnapshotMismatch);
    }
}

/// Returns as they come scale with money; ratios do not.
#[test]
fn answers_scale_as_their_units_say() {
    for case in reduction_cases() {
        let plain_parameters = case.params.values().iter().zip(&case.spec.parameters);
        let free_of_returns = plain_parameters.into_iter().all(|(value, parameter)| {
            !matches!(parameter.name.as_str(), "risk_free" | "required_return") || *value == 0.0
        });
        if case.spec.name == "risk.max_drawdown" || !free_of_returns {
            continue;
        }
        let data = columns(&case.spec, 22, ROWS);
        let scaled: Vec<Vec<f64>> =
            data.iter().map(|column| column.iter().map(|value| value * 0.125).collect()).collect();
        let plain = values(over(&case, Nulls::Skip, &chunks(&data)).as_ref());
        let answers = values(over(&case, Nulls::Skip, &chunks(&scaled)).as_ref());
        for (output, (answer, plain)) in case.spec.outputs.iter().zip(answers.into_iter().zip(plain)) {
            let factor = if output.unit == "fraction" { 0.125 } else { 1.0 };
            assert!(same(answer, plain * factor), "{}: {answer} {plain}", case.label());
        }
    }
}

#[test]
fn the_worst_mean_is_never_above_the_value_at_risk() {
    let cases = reduction_cases();
    let of = |name: &'static str| cases.iter().filter(move |case| case.spec.name == name);
    for (tail, quantile) in of("risk.conditional_value_at_risk").zip(of("risk.value_at_risk")) {
        let data = columns(&tail.spec, 23, 777);
        let tail = value(over(tail, Nulls::Skip, &chunks(&data)).as_ref());
        assert!(tail <= value(over(quantile, Nulls::Skip, &chunks(&data)).as_ref()));
    }
}

#[test]
fn every_reduction_is_covered() {
    let reductions =
        functions().into_iter().filter(|f| f.spec.kind == omega_contract::spec::Kind::Reduction).count();
    let mut names: Vec<String> = reduction_cases().into_iter().map(|case| case.spec.name).collect();
    names.dedup();
    assert_eq!(names.len(), reductions);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(24),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_bits_do_not_depend_on_how_rows_are_divided(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0usize..ROWS, 0..20),
        hole in 0usize..ROWS,
    ) {
        let mut cuts = cuts;
        cuts.extend([0, ROWS]);
        cuts.sort_unstable();
        for case in reduction_cases() {
            let mut data = columns(&case.spec, seed, ROWS);
            data[0][hole] = f64::NAN;
            let inputs = chunks(&data);
            let mut accumulator = case.accumulator(Nulls::Skip);
            for ends in cuts.windows(2) {
                accumulator.update(&slice(&inputs, ends[0], ends[1])).expect("clean rows are taken");
            }
            let whole = over(&case, Nulls::Skip, &inputs);
            prop_assert!(same_values(accumulator.as_ref(), whole.as_ref()), "{}", case.label());
            prop_assert!(accumulator.save().expect("memory") == whole.save().expect("memory"));
        }
    }

    #[test]
    fn merging_parts_is_one_pass(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0usize..ROWS, 0..6),
        right_first in any::<bool>(),
    ) {
        let mut cuts = cuts;
        cuts.extend([0, ROWS]);
        cuts.sort_unstable();
        for case in reduction_cases() {
            let data = columns(&case.spec, seed, ROWS);
            let inputs = chunks(&data);
            let mut parts: Vec<Box<dyn Accumulator>> =
                cuts.windows(2).map(|ends| over(&case, Nulls::Skip, &slice(&inputs, ends[0], ends[1]))).collect();
            while parts.len() > 1 {
                let at = if right_first { parts.len() - 2 } else { 0 };
                let later = parts.remove(at + 1);
                parts[at].merge(later.as_ref()).expect("alike");
            }
            let merged = values(parts[0].as_ref());
            let whole = over(&case, Nulls::Skip, &inputs);
            prop_assert_eq!(parts[0].rows(), whole.rows());
            for (merged, whole) in merged.into_iter().zip(values(whole.as_ref())) {
                prop_assert!(agree(merged, whole), "{}: {:e} {:e}", case.label(), merged, whole);
                if case.is_exact() {
                    prop_assert!(same(merged, whole), "{}", case.label());
                }
            }
        }
    }
}
