//! Rowwise functions: batch, stream, grouped, splits, missing rows, warm-up.

use omega_arrow::column::{Bitmap, Chunk};
use omega_contract::spec::{Input, Memory, Source};
use omega_kernel::Nulls;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::law::{Named, laws};
use crate::rolling::expands;
use crate::support::{
    Outputs, Random, RowwiseCase, assert_same, assert_same_column, batch, chunks, columns, row, row_by_row,
    same, slice,
};

pub const LAWS: &[Named] = laws!(Rowwise:
    batch_and_stream_give_the_same_bits,
    a_missing_bit_is_as_good_as_nan,
    grouped_rows_give_the_same_bits_as_each_group_alone,
    the_first_value_comes_exactly_at_warm_up,
    peek_answers_as_update_and_leaves_the_state_alone,
    reset_and_clones_start_and_go_on_as_their_own,
    a_skipped_row_leaves_no_trace,
    a_propagated_row_is_followed_by_a_fresh_start_or_by_nothing,
    the_bits_do_not_depend_on_how_rows_are_divided,
    a_count_is_cut_off_to_a_whole_number_within_its_bounds,
);

/// Rows that reach past the pieces in which batches are walked.
const ROWS: usize = 10_000;

/// What may lie where a bitmap says that nothing does: the third is a signalling NaN.
const GARBAGE: [f64; 7] =
    [f64::INFINITY, f64::NAN, f64::from_bits(0x7FF0_0000_0000_0001), 0.0, -1e300, 5e-324, 7.0];

/// The answer of one batch over a fresh stream.
fn whole(case: &RowwiseCase, nulls: Nulls, inputs: &[Chunk<'_>]) -> Outputs {
    batch(case.stream(nulls).as_mut(), case.outputs(), inputs)
}

/// The same columns with NaN in some rows, a different input each time.
fn with_holes(columns: &[Vec<f64>], holes: &[usize]) -> Vec<Vec<f64>> {
    let mut columns = columns.to_vec();
    let inputs = columns.len();
    for (number, &hole) in holes.iter().enumerate() {
        columns[number % inputs][hole] = f64::NAN;
    }
    columns
}

fn batch_and_stream_give_the_same_bits(case: &RowwiseCase) {
    let data = columns(&case.spec, 1, ROWS);
    for nulls in Nulls::ALL {
        let streamed = row_by_row(case.stream(nulls).as_mut(), case.outputs(), &chunks(&data));
        assert_same(&whole(case, nulls, &chunks(&data)), &streamed, &case.label());
    }
    let mut random = Random(14);
    let many: Vec<usize> = (0..ROWS).filter(|_| random.below(20) == 0).collect();
    let long: Vec<usize> = (2000..2100).chain(8000..8300).collect();
    for holes in [&[0, 1, 77, 8191, 8192, 8500, 8501, 9999][..], &many, &long] {
        let data = with_holes(&data, holes);
        for nulls in [Nulls::Skip, Nulls::Propagate] {
            let streamed = row_by_row(case.stream(nulls).as_mut(), case.outputs(), &chunks(&data));
            assert_same(&whole(case, nulls, &chunks(&data)), &streamed, &case.label());
        }
    }
}

fn a_missing_bit_is_as_good_as_nan(case: &RowwiseCase) {
    let data = columns(&case.spec, 2, ROWS);
    let mut random = Random(15);
    let ends = [3, 500, 1024, 8191, 8192];
    let holes: Vec<usize> = (0..ROWS).filter(|row| ends.contains(row) || random.below(20) == 0).collect();
    let mut bits = vec![0xFF_u8; ROWS.div_ceil(8) + 1];
    for hole in &holes {
        let bit = hole + 5;
        bits[bit / 8] &= !(1 << (bit % 8));
    }
    for input in 0..data.len() {
        let mut garbage = data[input].clone();
        holes.iter().zip(GARBAGE.iter().cycle()).for_each(|(&hole, &any)| garbage[hole] = any);
        let mut with_bits = chunks(&data);
        with_bits[input] = Chunk { values: &garbage, validity: Some(Bitmap::new(&bits, 5)) };
        let mut with_nan = data.clone();
        holes.iter().for_each(|&hole| with_nan[input][hole] = f64::NAN);
        for nulls in [Nulls::Skip, Nulls::Propagate] {
            let nan = whole(case, nulls, &chunks(&with_nan));
            assert_same(&whole(case, nulls, &with_bits), &nan, &case.label());
        }
    }
}

fn grouped_rows_give_the_same_bits_as_each_group_alone(case: &RowwiseCase) {
    const GROUPS: usize = 7;
    let mut random = Random(4);
    let mixed: Vec<u32> = (0..ROWS).map(|_| random.below(GROUPS) as u32).collect();
    let mut runs = Vec::new();
    while runs.len() < ROWS {
        let (group, rows) = (random.below(GROUPS) as u32, 1 + random.below(60));
        runs.extend(std::iter::repeat_n(group, rows.min(ROWS - runs.len())));
    }
    let mut sorted = mixed.clone();
    sorted.sort_unstable();
    let many: Vec<usize> = (0..ROWS).filter(|_| random.below(20) == 0).collect();
    let holes = [&[][..], &[4, 1030, 1031, 8222], &many];
    let clean = columns(&case.spec, 3, ROWS);
    for (number, nulls) in [Nulls::Skip, Nulls::Propagate].into_iter().cycle().take(6).enumerate() {
        let data = with_holes(&clean, holes[number / 2]);
        let groups = [&mixed, &runs, &sorted][(number + number / 3) % 3];

        let mut grouped = case.factory.grouped(&case.params, nulls);
        let mut together = vec![vec![0.0; ROWS]; case.outputs()];
        let middle = 4321;
        for (from, to) in [(0, middle), (middle, ROWS)] {
            let mut parts: Vec<&mut [f64]> =
                together.iter_mut().map(|column| &mut column[from..to]).collect();
            let inputs = slice(&chunks(&data), from, to);
            grouped.batch(&groups[from..to], &inputs, &mut parts).expect("clean rows are taken");
        }
        assert_eq!(grouped.rows(), ROWS as u64);

        let mut singly = case.factory.grouped(&case.params, nulls);
        let mut values = vec![0.0; case.outputs()];
        for group in 0..GROUPS as u32 {
            let rows: Vec<usize> = (0..ROWS).filter(|&row| groups[row] == group).collect();
            let own: Vec<Vec<f64>> =
                data.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect();
            let alone = whole(case, nulls, &chunks(&own));
            let picked: Outputs =
                together.iter().map(|column| rows.iter().map(|&row| column[row]).collect()).collect();
            assert_same(&picked, &alone, &case.label());
            for (place, &number) in rows.iter().enumerate() {
                let input = row(&chunks(&data), number);
                singly.peek(group, &input, &mut values).expect("clean rows are taken");
                let peeked = values.clone();
                singly.update(group, &input, &mut values).expect("clean rows are taken");
                for (output, column) in alone.iter().enumerate() {
                    assert!(same(values[output], column[place]), "{}", case.label());
                    assert!(same(values[output], peeked[output]), "{}", case.label());
                }
            }
        }
    }
}

/// An output that may be undefined has its first value there for some data, and never before.
///
/// A metric of all rows so far has none of its own: its values are those of the metric.
fn the_first_value_comes_exactly_at_warm_up(case: &RowwiseCase) {
    if expands(case) {
        return;
    }
    let mut reached = vec![false; case.outputs()];
    for seed in 0..30 {
        let data = columns(&case.spec, 5 + seed, case.warm_up() + 50);
        let answer = whole(case, Nulls::Skip, &chunks(&data));
        for ((output, column), reached) in case.spec.outputs.iter().zip(&answer).zip(&mut reached) {
            let (before, after) = column.split_at(case.warm_up());
            assert!(before.iter().all(|value| value.is_nan()), "{} {}", case.label(), output.name);
            let right = |value: &f64| value.is_finite() || (output.undefined && value.is_nan());
            assert!(after.iter().all(right), "{} {}", case.label(), output.name);
            *reached |= after[0].is_finite();
        }
        if reached.iter().all(|reached| *reached) {
            return;
        }
    }
    panic!("{} has no value yet in row {}", case.label(), case.warm_up());
}

fn peek_answers_as_update_and_leaves_the_state_alone(case: &RowwiseCase) {
    let data = columns(&case.spec, 6, 300);
    let mut stream = case.stream(Nulls::Skip);
    let (mut peeked, mut updated) = (vec![0.0; case.outputs()], vec![0.0; case.outputs()]);
    for place in 0..300 {
        let input = row(&chunks(&data), place);
        let other: Vec<f64> = input.iter().map(|value| value * 1.5 + 1.0).collect();
        let before = stream.save().expect("memory");
        stream.peek(&other, &mut peeked).expect("clean rows are taken");
        let there = stream.peek(&input, &mut peeked).expect("clean rows are taken");
        assert_eq!(stream.save().expect("memory"), before, "{}", case.label());
        assert_eq!(stream.update(&input, &mut updated).expect("clean rows are taken"), there);
        for (peeked, updated) in peeked.iter().zip(&updated) {
            assert!(same(*peeked, *updated), "{} row {place}: {peeked} {updated}", case.label());
        }
    }
}

fn reset_and_clones_start_and_go_on_as_their_own(case: &RowwiseCase) {
    let data = columns(&case.spec, 7, 200);
    let (first, second) = (slice(&chunks(&data), 0, 90), slice(&chunks(&data), 90, 200));
    let mut stream = case.stream(Nulls::Skip);
    batch(stream.as_mut(), case.outputs(), &first);
    let mut twin = stream.copy().expect("memory");
    let went_on = batch(stream.as_mut(), case.outputs(), &second);
    assert_same(&batch(twin.as_mut(), case.outputs(), &second), &went_on, &case.label());
    stream.reset();
    assert_eq!(stream.rows(), 0);
    let again = batch(stream.as_mut(), case.outputs(), &first);
    assert_same(&again, &whole(case, Nulls::Skip, &first), &case.label());
}

fn a_skipped_row_leaves_no_trace(case: &RowwiseCase) {
    let data = columns(&case.spec, 8, ROWS);
    let holes = [0, 1, 40, 41, 1023, 1024, 2000];
    let answer = whole(case, Nulls::Skip, &chunks(&with_holes(&data, &holes)));
    let kept: Vec<usize> = (0..ROWS).filter(|row| !holes.contains(row)).collect();
    let without: Vec<Vec<f64>> =
        data.iter().map(|column| kept.iter().map(|&row| column[row]).collect()).collect();
    let expected = whole(case, Nulls::Skip, &chunks(&without));
    let picked = answer.iter().map(|column| kept.iter().map(|&row| column[row]).collect()).collect();
    assert_same(&picked, &expected, &case.label());
    assert!(answer.iter().all(|column| holes.iter().all(|&hole| column[hole].is_nan())));
}

fn a_propagated_row_is_followed_by_a_fresh_start_or_by_nothing(case: &RowwiseCase) {
    let data = columns(&case.spec, 9, ROWS);
    let hole = 1500;
    let answer = whole(case, Nulls::Propagate, &chunks(&with_holes(&data, &[hole])));
    let before = whole(case, Nulls::Skip, &slice(&chunks(&data), 0, hole));
    let after = whole(case, Nulls::Skip, &slice(&chunks(&data), hole + 1, ROWS));
    for ((answer, before), after) in answer.iter().zip(&before).zip(&after) {
        assert_same_column(&answer[..hole], before, &case.label());
        assert!(answer[hole].is_nan());
        let rest = &answer[hole + 1..];
        match case.spec.memory {
            Memory::Cumulative => assert!(rest.iter().all(|value| value.is_nan()), "{}", case.label()),
            Memory::Session => assert_next_session(rest, after, &case.label()),
            Memory::Fading | Memory::Whole => assert_same_column(rest, after, &case.label()),
        }
    }
}

/// Fails unless all is missing for a while, and then as if the series had started late enough.
#[track_caller]
fn assert_next_session(rest: &[f64], after: &[f64], label: &str) {
    let missing = rest.iter().take_while(|value| value.is_nan()).count();
    assert!(missing > 0 && missing < rest.len(), "{label}: {missing} rows are missing");
    assert_same_column(&rest[missing..], &after[missing..], label);
}

/// The whole part counts, or the nearest bound; and so it does row by row.
fn a_count_is_cut_off_to_a_whole_number_within_its_bounds(case: &RowwiseCase) {
    let data = columns(&case.spec, 16, 1500);
    let parameter = |name: &str| {
        let place = case.spec.parameters.iter().position(|parameter| parameter.name == name);
        case.params.values()[place.unwrap_or_else(|| panic!("there is no parameter {name}"))]
    };
    let whole_numbers = |(input, column): (&Input, &Vec<f64>)| {
        let Source::Count { minimum, maximum, .. } = &input.source else { return column.clone() };
        let (least, most) = (parameter(minimum), parameter(maximum));
        column.iter().map(|value| value.trunc().clamp(least, most)).collect()
    };
    let cut: Vec<Vec<f64>> = case.spec.inputs.iter().zip(&data).map(whole_numbers).collect();
    let answer = whole(case, Nulls::Raise, &chunks(&cut));
    assert_same(&whole(case, Nulls::Raise, &chunks(&data)), &answer, &case.label());
}

fn the_bits_do_not_depend_on_how_rows_are_divided(case: &RowwiseCase) {
    let config = ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(13),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(
        seed in any::<u64>(),
        cuts in prop::collection::vec(0usize..1600, 0..12),
        holes in prop::collection::vec(0usize..1600, 0..6),
        propagate in any::<bool>(),
    )| {
        let nulls = if propagate { Nulls::Propagate } else { Nulls::Skip };
        let data = with_holes(&columns(&case.spec, seed, 1600), &holes);
        let inputs = chunks(&data);
        let mut cuts = cuts;
        cuts.extend([0, 1600]);
        cuts.sort_unstable();
        let mut stream = case.stream(nulls);
        let mut parts: Outputs = vec![Vec::new(); case.outputs()];
        for (number, ends) in cuts.windows(2).enumerate() {
            let part = slice(&inputs, ends[0], ends[1]);
            let answer = if number % 3 == 2 {
                row_by_row(stream.as_mut(), case.outputs(), &part)
            } else {
                batch(stream.as_mut(), case.outputs(), &part)
            };
            parts.iter_mut().zip(answer).for_each(|(whole, part)| whole.extend(part));
        }
        assert_same(&parts, &whole(case, nulls, &inputs), &case.label());
    });
}
