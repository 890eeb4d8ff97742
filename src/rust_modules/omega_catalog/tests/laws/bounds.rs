//! From one end of what is taken to the other: no infinity, nothing lost to underflow, and answers that can go in again.

use omega_arrow::column::Chunk;
use omega_contract::ErrorCode;
use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS, SMALLEST_INPUT, is_input};
use omega_contract::params::{Given, Params};
use omega_kernel::{Accumulator, Nulls, Stream};

use crate::support::{
    Outputs, Random, alike, assert_same, batch, chunks, columns, reduction_cases, row_by_row, rowwise_cases,
    same, same_values, value, values,
};

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

#[test]
fn no_answer_is_infinite_or_too_small_to_go_in_again() {
    for case in rowwise_cases().iter().filter(|case| case.spec.module() == "ta") {
        for seed in 50..70 {
            let data = wild(case.spec.inputs.len(), seed, 8 * ROWS);
            let outputs = case.spec.outputs.len();
            let answer = batch(case.stream(Nulls::Raise).as_mut(), outputs, &chunks(&data));
            for column in &answer {
                assert!(column[case.warm_up()..].iter().all(|value| value.is_finite()), "{}", case.label());
                let wrong = column.iter().find(|answer| !can_go_in(**answer));
                assert_eq!(wrong, None, "{} {seed}", case.label());
            }
            let streamed = row_by_row(case.stream(Nulls::Raise).as_mut(), outputs, &chunks(&data));
            assert_same(&answer, &streamed, &case.label());
        }
    }
    for case in reduction_cases() {
        for seed in 50..90 {
            let data = wild(case.spec.inputs.len(), seed, ROWS);
            let mut accumulator = case.accumulator(Nulls::Raise);
            accumulator.update(&chunks(&data)).expect("clean rows are taken");
            assert_savable(accumulator.as_ref(), case.accumulator(Nulls::Raise), &case.label());
        }
    }
}

/// Fails unless a state loads from what it saves, with the same finite answer.
#[track_caller]
fn assert_savable(accumulator: &dyn Accumulator, mut fresh: Box<dyn Accumulator>, label: &str) {
    let saved = accumulator.save().expect("memory");
    fresh.load(&saved).unwrap_or_else(|error| panic!("{label}: {error}"));
    assert_eq!(fresh.save().expect("memory"), saved, "{label}");
    assert!(same_values(fresh.as_ref(), accumulator), "{label}");
    for answer in values(accumulator) {
        assert!(!answer.is_infinite() && (answer != 0.0 || same(answer, 0.0)), "{label}: {answer}");
    }
}

/// A sample keeps every value, so it cannot be doubled for ever.
#[test]
fn what_is_merged_with_itself_is_finite_and_can_be_saved_until_rows_cannot_be_counted() {
    for case in reduction_cases().iter().filter(|case| !case.spec.name.ends_with("value_at_risk")) {
        for data in [vec![LARGEST_INPUT, -LARGEST_INPUT], vec![SMALLEST_INPUT, -SMALLEST_INPUT, 0.0]] {
            let mut accumulator = case.accumulator(Nulls::Skip);
            for _ in 0..200 {
                accumulator.update(&alike(&case.spec, &data)).expect("clean rows are taken");
            }
            loop {
                let twin = accumulator.copy().expect("memory");
                let before = accumulator.save().expect("memory");
                assert_savable(accumulator.as_ref(), case.accumulator(Nulls::Skip), &case.label());
                if let Err(error) = accumulator.merge(twin.as_ref()) {
                    assert_eq!(error.code(), ErrorCode::InvalidShape, "{error}");
                    assert_eq!(
                        accumulator.save().expect("memory"),
                        before,
                        "a refused merge changes nothing"
                    );
                    break;
                }
            }
            assert!(accumulator.rows() > MOST_ROWS / 2, "{}", case.label());
        }
    }
}

/// Multiplied by a power of two, as far as it goes: the same digits.
#[test]
fn digits_are_the_same_from_one_end_to_the_other() {
    for power in [-306, -200, 200, 306] {
        let scale = 2f64.powi(power);
        let scaled = |data: &[Vec<f64>]| -> Vec<Vec<f64>> {
            data.iter().map(|column| column.iter().map(|value| value * scale).collect()).collect()
        };
        for case in rowwise_cases().iter().filter(|case| case.spec.module() == "ta") {
            let data = columns(&case.spec, 51, 600);
            let whole = |data: &[Vec<f64>]| {
                batch(case.stream(Nulls::Raise).as_mut(), case.spec.outputs.len(), &chunks(data))
            };
            let mut expected: Outputs = whole(&data);
            for (output, column) in case.spec.outputs.iter().zip(&mut expected) {
                if output.unit != "percent" {
                    let too_small = |answer: f64| answer.abs() < SMALLEST_INPUT;
                    column.iter_mut().for_each(|answer| *answer *= scale);
                    column.iter_mut().filter(|answer| too_small(**answer)).for_each(|answer| *answer = 0.0);
                }
            }
            assert_same(&whole(&scaled(&data)), &expected, &format!("{} 2^{power}", case.label()));
        }
        for case in reduction_cases() {
            let against = case.params.values().iter().zip(&case.spec.parameters).any(|(value, parameter)| {
                matches!(parameter.name.as_str(), "risk_free" | "required_return") && *value != 0.0
            });
            if against || case.spec.name == "risk.max_drawdown" {
                continue;
            }
            let data = columns(&case.spec, 52, 3000);
            let whole = |data: &[Vec<f64>]| {
                let mut accumulator = case.accumulator(Nulls::Raise);
                accumulator.update(&chunks(data)).expect("clean rows are taken");
                values(accumulator.as_ref())
            };
            let (answers, plain) = (whole(&scaled(&data)), whole(&data));
            for (output, (answer, plain)) in case.spec.outputs.iter().zip(answers.into_iter().zip(plain)) {
                let expected = if output.unit == "fraction" { plain * scale } else { plain };
                assert!(same(answer, expected), "{} 2^{power}: {answer:e} {expected:e}", case.label());
            }
        }
    }
}

/// The numbers that once gave an infinity, a zero or wrong digits.
#[test]
fn numbers_whose_squares_are_none_are_refused() {
    let lists: [&[f64]; 6] = [
        &[1e150, -3e-162],
        &[1e150, -1e150],
        &[1e-170, 2e-170],
        &[1e-160, 2e-160, 5e-160],
        &[5e-324, 0.0],
        &[1e-300, 1.01e-300, 1.02e-300],
    ];
    for list in lists {
        for case in reduction_cases() {
            let mut accumulator = case.accumulator(Nulls::Skip);
            let error = accumulator.update(&alike(&case.spec, list)).expect_err("it is refused");
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            assert_eq!(error.field("allowed"), Some("0, or from 1e-100 to 1e100 in magnitude"));
            assert_eq!(accumulator.rows(), 0);
        }
        for case in rowwise_cases() {
            let row = vec![list[0]; case.spec.inputs.len()];
            let mut output = vec![0.0; case.spec.outputs.len()];
            let error = case.stream(Nulls::Skip).update(&row, &mut output).expect_err("it is refused");
            assert_eq!(error.code(), ErrorCode::InvalidValue);
        }
    }
}

fn of_returns(name: &str, returns: &[f64]) -> f64 {
    let cases = reduction_cases();
    let case = cases.iter().find(|case| case.spec.name == name).expect("a known function");
    let mut accumulator = case.accumulator(Nulls::Raise);
    accumulator.update(&[Chunk::dense(returns)]).expect("clean rows are taken");
    value(accumulator.as_ref())
}

#[test]
fn metrics_are_right_at_both_ends() {
    let year = 252f64.sqrt();
    let right = |answer: f64, expected: f64| {
        assert!((answer / expected - 1.0).abs() < 1e-14, "{answer:e} {expected:e}");
    };
    for scale in [1e-100, 1e99] {
        let returns = [scale, 2.0 * scale, 5.0 * scale];
        let deviation = (13f64 / 3.0).sqrt();
        right(of_returns("risk.volatility", &returns), deviation * year * scale);
        right(of_returns("risk.sharpe_ratio", &returns), 8.0 / 3.0 / deviation * year);
        right(of_returns("risk.sortino_ratio", &[4.0 * scale, -scale]), 1.5 / 0.5f64.sqrt() * year);
        let next = f64::from_bits(scale.to_bits() + 1);
        assert!(of_returns("risk.volatility", &[scale, next]) > 0.0, "they are not equal");
        assert!(same(of_returns("risk.volatility", &[scale, scale]), 0.0));
    }
    right(of_returns("risk.sortino_ratio", &[1e100, -1e-100]), 1e200 * 0.5 * 2f64.sqrt() * year);
}

fn stream(name: &str) -> Box<dyn Stream> {
    let cases = rowwise_cases();
    let case = cases.iter().find(|case| case.spec.name == name).expect("a known function");
    case.stream(Nulls::Raise)
}

#[test]
fn indicators_are_right_at_both_ends() {
    for scale in [1e-100, 1e98] {
        let close: Vec<f64> = (0..60).map(|row| scale * f64::from(2 + row % 3)).collect();
        let [upper, middle, lower] = &batch(stream("ta.bbands").as_mut(), 3, &[Chunk::dense(&close)])[..]
        else {
            panic!("three lines");
        };
        let mean = (19..60).all(|row| (middle[row] / scale - 3.0).abs() < 0.1);
        assert!(mean && (19..60).all(|row| upper[row] > 1.5 * middle[row] && lower[row] < 0.5 * middle[row]));
        let rising: Vec<f64> = (1..60).map(|row| scale * f64::from(row)).collect();
        let bars = [Chunk::dense(&rising), Chunk::dense(&rising), Chunk::dense(&rising)];
        assert_eq!(batch(stream("ta.adx").as_mut(), 1, &bars)[0].last(), Some(&100.0));
    }
}

/// What comes out when nothing goes in any more: averages reach 0, ratios stay, and either goes in elsewhere.
#[test]
fn what_fades_reaches_zero() {
    for case in rowwise_cases().iter().filter(|case| case.warm_up() < 40 && case.spec.module() == "ta") {
        let mut data = columns(&case.spec, 53, 200);
        data.iter_mut().for_each(|column| column.resize(30_000, 0.0));
        let answer = batch(case.stream(Nulls::Raise).as_mut(), case.spec.outputs.len(), &chunks(&data));
        for (output, column) in case.spec.outputs.iter().zip(&answer) {
            assert!(column.iter().all(|value| value.is_nan() || is_input(*value)), "{}", case.label());
            if output.unit == "price" {
                assert_eq!(column.last(), Some(&0.0), "{}", case.label());
            }
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

#[test]
fn no_bit_of_an_answer_tells_when_a_state_has_forgotten() {
    let cases = rowwise_cases();
    for case in cases.iter().filter(|case| case.spec.module() == "ta") {
        for seed in 90..96 {
            let data = wild(case.spec.inputs.len(), seed, 8 * ROWS);
            let answer = |rows| cut(case.stream(Nulls::Raise), case.spec.outputs.len(), &data, rows);
            let often = answer(7);
            assert_same(&often, &answer(8 * ROWS), &case.label());
            assert_same(&often, &answer(0), &case.label());
        }
    }
    // Where the two averages have long gone, every few hundredth row of the signal lies halfway between two numbers.
    let macd = cases.iter().find(|case| case.spec.name == "ta.macd").expect("a known function");
    let periods = [("fast_period", 2), ("slow_period", 3), ("signal_period", 1023)];
    let given = periods.map(|(name, rows)| (name, Given::Int(rows)));
    let params = Params::resolve(&macd.spec, given).expect("they are allowed");
    for seed in 0..40 {
        let mut data = columns(&macd.spec, seed, 1100);
        data[0].resize(4000, 0.0);
        let answer = |rows| cut(macd.factory.stream(&params, Nulls::Raise), 3, &data, rows);
        assert_same(&answer(7), &answer(0), "ta.macd");
    }
}

/// What is lost is lost: the same whatever follows, however it is divided, without a number that slows a processor.
#[test]
fn a_drawdown_of_everything_is_the_same_for_ever() {
    let cases = reduction_cases();
    let case = cases.iter().find(|case| case.spec.name == "risk.max_drawdown").expect("a known function");
    let mut returns = vec![-0.01; 60_000];
    returns.extend([1e100; 9]);
    returns.extend([0.01; 500]);
    let mut whole = case.accumulator(Nulls::Raise);
    whole.update(&[Chunk::dense(&returns)]).expect("clean rows are taken");
    assert!(same(value(whole.as_ref()), -1.0));
    for rows in [1, 777, 20_000] {
        let (mut updated, mut merged) = (case.accumulator(Nulls::Raise), case.accumulator(Nulls::Raise));
        for part in returns.chunks(rows) {
            let mut one = case.accumulator(Nulls::Raise);
            one.update(&[Chunk::dense(part)]).expect("clean rows are taken");
            updated.update(&[Chunk::dense(part)]).expect("clean rows are taken");
            merged.merge(one.as_ref()).expect("they are of one function");
        }
        let saved = whole.save().expect("there is memory");
        assert_eq!(updated.save().expect("there is memory"), saved, "{rows}");
        assert!(same(value(merged.as_ref()), -1.0), "{rows}");
    }
}
