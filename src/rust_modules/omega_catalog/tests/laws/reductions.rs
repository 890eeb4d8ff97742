//! Reductions: chunks, merges, missing rows.

use omega_contract::ErrorCode;
use omega_kernel::{Accumulator, Nulls};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::law::{Named, laws};
use crate::support::{ReductionCase, all_same, chunks, columns, reduction_cases, same, slice, values};

pub const LAWS: &[Named] = laws!(Reduction:
    a_spec_says_whether_every_row_is_kept,
    nothing_comes_from_no_rows,
    missing_rows_follow_the_policy,
    accumulators_of_different_things_do_not_merge,
    the_bits_do_not_depend_on_how_rows_are_divided,
    merging_parts_is_one_pass,
);

const ROWS: usize = 3000;

/// Ratios around a mean near zero lose digits to it whatever one does, so they are compared on their own scale.
fn agree(left: f64, right: f64) -> bool {
    same(left, right) || (left - right).abs() <= 1e-12 * left.abs().max(right.abs()).max(1.0)
}

/// Who reads the spec knows what many rows will take. Where every row is kept nothing is rounded, so parts and windows have
/// the bits of the whole, and no state can be doubled for ever: other laws ask more or less for it.
fn a_spec_says_whether_every_row_is_kept(case: &ReductionCase) {
    let saved = |rows| {
        let data = columns(&case.spec, 20, rows);
        case.over(Nulls::Skip, &chunks(&data)).save().expect("memory").len()
    };
    let grows = saved(4096) > saved(2048) + 2048 * size_of::<f64>() / 2;
    assert_eq!(grows, case.spec.keeps_rows, "{}", case.label());
}

fn nothing_comes_from_no_rows(case: &ReductionCase) {
    let nothing = vec![Vec::new(); case.spec.inputs.len()];
    for accumulator in [case.accumulator(Nulls::Skip), case.over(Nulls::Skip, &chunks(&nothing))] {
        let values = values(accumulator.as_ref());
        assert!(values.iter().all(|value| value.is_nan()), "{}", case.label());
    }
}

fn missing_rows_follow_the_policy(case: &ReductionCase) {
    let answer = |accumulator: &dyn Accumulator| values(accumulator);
    let data = columns(&case.spec, 21, ROWS);
    let holes = [0, 700, 701, 1024, 2999];
    let kept: Vec<Vec<f64>> = data
        .iter()
        .map(|column| (0..ROWS).filter(|row| !holes.contains(row)).map(|row| column[row]).collect())
        .collect();
    let without = answer(case.over(Nulls::Skip, &chunks(&kept)).as_ref());
    let clean = answer(case.over(Nulls::Skip, &chunks(&data)).as_ref());
    for (output, value) in case.spec.outputs.iter().zip(&clean) {
        assert!(output.undefined || value.is_finite(), "{} {}", case.label(), output.name);
    }
    let propagated = answer(case.over(Nulls::Propagate, &chunks(&data)).as_ref());
    assert!(all_same(&propagated, &clean), "{}", case.label());

    for (column, input) in case.spec.inputs.iter().enumerate() {
        let mut holed = data.clone();
        holes.iter().for_each(|&hole| holed[column][hole] = f64::NAN);
        let skipped = case.over(Nulls::Skip, &chunks(&holed));
        assert_eq!(skipped.rows(), ROWS as u64);
        assert!(all_same(&answer(skipped.as_ref()), &without), "{}", case.label());
        let spoilt = answer(case.over(Nulls::Propagate, &chunks(&holed)).as_ref());
        assert!(spoilt.iter().all(|value| value.is_nan()), "{}", case.label());

        let mut raising = case.over(Nulls::Raise, &slice(&chunks(&data), 0, 500));
        let before = raising.save().expect("memory");
        let error = raising.update(&slice(&chunks(&holed), 1, ROWS)).expect_err("a missing row is refused");
        assert_eq!(error.code(), ErrorCode::MissingValue);
        assert_eq!((error.field("name"), error.field("row")), (Some(input.name.as_str()), Some("1199")));
        assert_eq!(raising.save().expect("memory"), before, "a refused update changes nothing");
    }
}

fn accumulators_of_different_things_do_not_merge(case: &ReductionCase) {
    let data = columns(&case.spec, 22, 50);
    let mut accumulator = case.over(Nulls::Skip, &chunks(&data));
    let before = accumulator.save().expect("memory");
    let mut others = reduction_cases();
    others.retain(|other| other.spec.name != case.spec.name || other.params != case.params);
    for other in &others {
        let error = accumulator.merge(other.accumulator(Nulls::Skip).as_ref()).expect_err(&other.label());
        assert_eq!(error.code(), ErrorCode::SnapshotMismatch, "{} and {}", case.label(), other.label());
    }
    let error = accumulator.merge(case.accumulator(Nulls::Propagate).as_ref()).expect_err("policies differ");
    assert_eq!(error.code(), ErrorCode::SnapshotMismatch);
    assert_eq!(accumulator.save().expect("memory"), before, "a refused merge changes nothing");
    accumulator.merge(case.accumulator(Nulls::Skip).as_ref()).expect("alike");
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(24),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn the_bits_do_not_depend_on_how_rows_are_divided(case: &ReductionCase) {
    proptest!(config(), |(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0usize..ROWS, 0..20),
        hole in 0usize..ROWS,
    )| {
        let mut cuts = cuts;
        cuts.extend([0, ROWS]);
        cuts.sort_unstable();
        let mut data = columns(&case.spec, seed, ROWS);
        data[0][hole] = f64::NAN;
        let inputs = chunks(&data);
        let mut accumulator = case.accumulator(Nulls::Skip);
        for ends in cuts.windows(2) {
            accumulator.update(&slice(&inputs, ends[0], ends[1])).expect("clean rows are taken");
        }
        let whole = case.over(Nulls::Skip, &inputs);
        let (divided, at_once) = (values(accumulator.as_ref()), values(whole.as_ref()));
        prop_assert!(all_same(&divided, &at_once), "{}", case.label());
        prop_assert!(accumulator.save().expect("memory") == whole.save().expect("memory"));
    });
}

fn merging_parts_is_one_pass(case: &ReductionCase) {
    let exactly = case.spec.keeps_rows;
    proptest!(config(), |(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0usize..ROWS, 0..6),
        right_first in any::<bool>(),
    )| {
        let mut cuts = cuts;
        cuts.extend([0, ROWS]);
        cuts.sort_unstable();
        let data = columns(&case.spec, seed, ROWS);
        let inputs = chunks(&data);
        let mut parts: Vec<Box<dyn Accumulator>> =
            cuts.windows(2).map(|ends| case.over(Nulls::Skip, &slice(&inputs, ends[0], ends[1]))).collect();
        while parts.len() > 1 {
            let at = if right_first { parts.len() - 2 } else { 0 };
            let later = parts.remove(at + 1);
            parts[at].merge(later.as_ref()).expect("alike");
        }
        let whole = case.over(Nulls::Skip, &inputs);
        prop_assert_eq!(parts[0].rows(), whole.rows());
        let (merged, whole) = (values(parts[0].as_ref()), values(whole.as_ref()));
        for (merged, whole) in merged.into_iter().zip(whole) {
            prop_assert!(agree(merged, whole), "{}: {:e} {:e}", case.label(), merged, whole);
            prop_assert!(!exactly || same(merged, whole), "{}", case.label());
        }
    });
}
