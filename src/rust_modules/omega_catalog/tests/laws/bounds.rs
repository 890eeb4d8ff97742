//! From one end of what is taken to the other: no infinity, nothing lost to underflow, and answers that can go in again.

use omega_contract::ErrorCode;
use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS, SMALLEST_INPUT, is_input};
use omega_contract::spec::Memory;
use omega_kernel::{Accumulator, Nulls, Stream};

use crate::law::{Named, laws};
use crate::support::{
    Outputs, Random, ReductionCase, RowwiseCase, assert_same, batch, chunks, columns, row_by_row, same,
    same_values, values,
};

pub const OF_ROWWISE: &[Named] = laws!(Rowwise:
    no_answer_is_infinite_or_too_small_to_go_in_again,
    numbers_whose_squares_are_none_are_refused,
    values_at_the_bounds_are_taken,
    what_fades_reaches_zero,
    no_bit_of_an_answer_tells_when_a_state_has_forgotten,
);

pub const OF_REDUCTIONS: &[Named] = laws!(Reduction:
    a_state_is_finite_and_can_be_saved_whatever_came,
    columns_whose_squares_are_none_are_refused,
    what_is_merged_with_itself_can_be_saved_until_rows_cannot_be_counted,
);

const ROWS: usize = 1500;

/// A magnitude anywhere from one end of what is taken to the other, each decade as likely as any.
fn magnitude(random: &mut Random) -> f64 {
    10f64.powf(200.0 * random.uniform() - 100.0).clamp(SMALLEST_INPUT, LARGEST_INPUT)
}

/// Columns of all magnitudes at once, or of one for some rows and of another after that; with zeros, now and then for
/// so long that everything fades.
fn wild(inputs: usize, seed: u64, rows: usize) -> Vec<Vec<f64>> {
    let mut random = Random(seed);
    let mixed = seed.is_multiple_of(2);
    let column = |random: &mut Random| {
        let mut column = Vec::new();
        while column.len() < rows {
            let level = magnitude(random);
            let zeros = random.below(4) == 0;
            for _ in 0..1 + random.below(if zeros { 6000 } else { 200 }) {
                let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
                let size = if mixed { magnitude(random) } else { level * (1.0 + random.uniform()) };
                column.push(if zeros { 0.0 * sign } else { sign * size.min(LARGEST_INPUT) });
            }
        }
        column.truncate(rows);
        column
    };
    (0..inputs).map(|_| column(&mut random)).collect()
}

/// Whether an answer is missing, 0 without a sign, or no smaller than an input.
fn can_go_in(answer: f64) -> bool {
    answer.is_nan() || same(answer, 0.0) || (answer.abs() >= SMALLEST_INPUT && answer.is_finite())
}

fn no_answer_is_infinite_or_too_small_to_go_in_again(case: &RowwiseCase) {
    for seed in 50..70 {
        let data = wild(case.spec.inputs.len(), seed, 8 * ROWS);
        let answer = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(&data));
        for (output, column) in case.spec.outputs.iter().zip(&answer) {
            let there = column.iter().skip(case.warm_up()).all(|value| value.is_finite());
            assert!(there || output.undefined, "{} {}", case.label(), output.name);
            let wrong = column.iter().find(|answer| !can_go_in(**answer));
            assert_eq!(wrong, None, "{} {} {seed}", case.label(), output.name);
        }
        let streamed = row_by_row(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(&data));
        assert_same(&answer, &streamed, &case.label());
    }
}

fn values_at_the_bounds_are_taken(case: &RowwiseCase) {
    let rows = case.warm_up() + 100;
    for size in [LARGEST_INPUT, SMALLEST_INPUT] {
        let extreme: Vec<f64> = (0..rows).map(|row| if row % 3 == 0 { size } else { -size }).collect();
        let data = vec![extreme; case.spec.inputs.len()];
        let answers = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(&data));
        for (output, column) in case.spec.outputs.iter().zip(&answers) {
            let right = |value: &f64| value.is_finite() || (output.undefined && value.is_nan());
            assert!(column[case.warm_up()..].iter().all(right), "{} {}", case.label(), output.name);
        }
    }
}

fn a_state_is_finite_and_can_be_saved_whatever_came(case: &ReductionCase) {
    for seed in 50..90 {
        let data = wild(case.spec.inputs.len(), seed, ROWS);
        assert_savable(case, case.over(Nulls::Raise, &chunks(&data)).as_ref());
    }
}

/// Fails unless a state loads from what it saves, with the same answer, which is not infinite.
#[track_caller]
fn assert_savable(case: &ReductionCase, accumulator: &dyn Accumulator) {
    let (label, mut fresh) = (case.label(), case.accumulator(Nulls::Raise));
    let saved = accumulator.save().expect("memory");
    fresh.load(&saved).unwrap_or_else(|error| panic!("{label}: {error}"));
    assert_eq!(fresh.save().expect("memory"), saved, "{label}");
    assert!(same_values(fresh.as_ref(), accumulator), "{label}");
    for answer in values(accumulator) {
        assert!(!answer.is_infinite() && (answer != 0.0 || same(answer, 0.0)), "{label}: {answer}");
    }
}

/// What keeps every value cannot be doubled for ever: it is doubled until there are too many to hold.
fn what_is_merged_with_itself_can_be_saved_until_rows_cannot_be_counted(case: &ReductionCase) {
    let most = if case.spec.keeps_rows { 1 << 16 } else { MOST_ROWS };
    for data in [vec![LARGEST_INPUT, -LARGEST_INPUT], vec![SMALLEST_INPUT, -SMALLEST_INPUT, 0.0]] {
        let mut accumulator = case.accumulator(Nulls::Raise);
        for turn in 0..200 {
            let turned: Vec<Vec<f64>> = (0..case.spec.inputs.len())
                .map(|column| {
                    let mut values = data.clone();
                    values.rotate_left((turn * column) % data.len());
                    values
                })
                .collect();
            accumulator.update(&chunks(&turned)).expect("clean rows are taken");
        }
        while accumulator.rows() <= most / 2 {
            assert_savable(case, accumulator.as_ref());
            let twin = accumulator.copy().expect("memory");
            accumulator.merge(twin.as_ref()).expect("these rows can be counted");
        }
        if most == MOST_ROWS {
            let before = accumulator.save().expect("memory");
            let twin = accumulator.copy().expect("memory");
            let error = accumulator.merge(twin.as_ref()).expect_err("more rows than can be counted");
            assert_eq!(error.code(), ErrorCode::InvalidShape, "{error}");
            assert_eq!(accumulator.save().expect("memory"), before, "a refused merge changes nothing");
        }
        assert_savable(case, accumulator.as_ref());
    }
}

/// The numbers that once gave an infinity, a zero or wrong digits.
const NO_NUMBERS: [&[f64]; 6] = [
    &[1e150, -3e-162],
    &[1e150, -1e150],
    &[1e-170, 2e-170],
    &[1e-160, 2e-160, 5e-160],
    &[5e-324, 0.0],
    &[1e-300, 1.01e-300, 1.02e-300],
];

fn columns_whose_squares_are_none_are_refused(case: &ReductionCase) {
    for list in NO_NUMBERS {
        let mut accumulator = case.accumulator(Nulls::Skip);
        let data = vec![list.to_vec(); case.spec.inputs.len()];
        let error = accumulator.update(&chunks(&data)).expect_err("it is refused");
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert_eq!(error.field("allowed"), Some("0, or from 1e-100 to 1e100 in magnitude"));
        assert_eq!(accumulator.rows(), 0);
    }
}

fn numbers_whose_squares_are_none_are_refused(case: &RowwiseCase) {
    for list in NO_NUMBERS {
        let row = vec![list[0]; case.spec.inputs.len()];
        let mut output = vec![0.0; case.outputs()];
        let error = case.stream(Nulls::Skip).update(&row, &mut output).expect_err("it is refused");
        assert_eq!(error.code(), ErrorCode::InvalidValue);
    }
}

/// What comes out when nothing goes in any more: what scales with the data reaches 0, and all goes in elsewhere.
fn what_fades_reaches_zero(case: &RowwiseCase) {
    if case.warm_up() >= 50 {
        return;
    }
    let mut data = columns(&case.spec, 53, 200);
    data.iter_mut().for_each(|column| column.resize(30_000, 0.0));
    let answer = batch(case.stream(Nulls::Raise).as_mut(), case.outputs(), &chunks(&data));
    for (output, column) in case.spec.outputs.iter().zip(&answer) {
        let label = format!("{} {}", case.label(), output.name);
        assert!(column.iter().all(|value| value.is_nan() || is_input(*value)), "{label}");
        let scales = output.unit.scale().is_some_and(|powers| powers != Default::default());
        if scales && case.spec.memory == Memory::Fading {
            let last = column.last().copied().unwrap_or_default();
            assert!(last == 0.0 || (output.undefined && last.is_nan()), "{label}: {last:e}");
        }
    }
}

/// The answers to columns cut into batches of `rows`, or taken one by one where it is 0: states forget elsewhere each time.
fn cut(mut stream: Box<dyn Stream>, outputs: usize, data: &[Vec<f64>], rows: usize) -> Outputs {
    if rows == 0 {
        return row_by_row(stream.as_mut(), outputs, &chunks(data));
    }
    let mut whole: Outputs = vec![Vec::new(); outputs];
    for from in (0..data[0].len()).step_by(rows) {
        let part: Vec<Vec<f64>> =
            data.iter().map(|column| column[from..column.len().min(from + rows)].to_vec()).collect();
        let answer = batch(stream.as_mut(), outputs, &chunks(&part));
        whole.iter_mut().zip(answer).for_each(|(whole, part)| whole.extend(part));
    }
    whole
}

/// Of data that fade for a while, and of data that come and go: averages of averages go at different speeds.
fn no_bit_of_an_answer_tells_when_a_state_has_forgotten(case: &RowwiseCase) {
    let fading = |seed| {
        let mut data = columns(&case.spec, seed, 1100);
        data.iter_mut().for_each(|column| column.resize(4000, 0.0));
        data
    };
    let comes_and_goes = (90..96).map(|seed| wild(case.spec.inputs.len(), seed, 8 * ROWS));
    for data in comes_and_goes.chain((0..4).map(fading)) {
        let answer = |rows| cut(case.stream(Nulls::Raise), case.outputs(), &data, rows);
        let often = answer(7);
        assert_same(&often, &answer(8 * ROWS), &case.label());
        assert_same(&often, &answer(0), &case.label());
    }
}
