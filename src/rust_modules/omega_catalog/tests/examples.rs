//! What single functions answer, worked by hand: the laws hold for every function, and cannot say that a number is right.

use omega_arrow::column::Chunk;
use omega_contract::params::{Given, Params};
use omega_kernel::{Accumulator, Body, Nulls, Stream};

/// A market that never was.
#[path = "data/mod.rs"]
mod data;

/// The parameters of a function: its defaults, or numbers of rows.
fn params(name: &str, rows: &[(&str, i64)]) -> Params {
    let spec = &omega_catalog::find(name).expect("a known function").spec;
    let given = rows.iter().map(|(name, rows)| (*name, Given::Int(*rows)));
    Params::resolve(spec, given).expect("they are allowed")
}

fn stream(name: &str, rows: &[(&str, i64)]) -> Box<dyn Stream> {
    let Body::Rowwise(factory) = omega_catalog::find(name).expect("a known function").body else {
        panic!("{name} is no rowwise function");
    };
    factory.stream(&params(name, rows), Nulls::Raise)
}

fn accumulator(name: &str) -> Box<dyn Accumulator> {
    let Body::Reduction(factory) = omega_catalog::find(name).expect("a known function").body else {
        panic!("{name} is no reduction");
    };
    factory.accumulator(&params(name, &[]), Nulls::Raise)
}

fn over(name: &str, returns: &[f64]) -> Box<dyn Accumulator> {
    let mut accumulator = accumulator(name);
    accumulator.update(&[Chunk::dense(returns)]).expect("clean rows are taken");
    accumulator
}

fn value(accumulator: &dyn Accumulator) -> f64 {
    let mut output = [0.0];
    accumulator.value(&mut output).expect("memory");
    output[0]
}

fn of_returns(name: &str, returns: &[f64]) -> f64 {
    value(over(name, returns).as_ref())
}

fn batch(stream: &mut dyn Stream, outputs: usize, inputs: &[Chunk<'_>]) -> Vec<Vec<f64>> {
    let mut answer = vec![vec![f64::INFINITY; inputs[0].values.len()]; outputs];
    let mut slices: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
    stream.batch(inputs, &mut slices).expect("clean rows are taken");
    answer
}

fn same(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
}

/// Microseconds of a minute.
const MINUTE: f64 = 6e7;

/// The average price of each row, which trades at 10, 20, 30 … by volumes of 1, at some minutes since 1970.
fn average_prices(sessions: &[(&str, i64)], minutes: &[f64], volumes: &[f64]) -> Vec<f64> {
    let prices: Vec<f64> = (1..=minutes.len()).map(|row| 10.0 * row as f64).collect();
    let times: Vec<f64> = minutes.iter().map(|minute| minute * MINUTE).collect();
    let columns = [&prices, &prices, &prices, volumes, &times];
    let chunks = columns.map(|column: &[f64]| Chunk::dense(column));
    batch(stream("ta.vwap", sessions).as_mut(), 1, &chunks).remove(0)
}

#[test]
fn a_session_starts_at_its_minute_before_1970_as_after_it() {
    let ones = [1.0; 4];
    let of_days = average_prices(&[], &[-1.0, -1.0 / 60.0, 0.0, 1439.0], &ones);
    assert_eq!(of_days, [10.0, 15.0, 30.0, 35.0]);
    let from_22_00 = [("session_start", 1320)];
    let of_futures = average_prices(&from_22_00, &[-121.0, -120.0, 1319.0, 1320.0], &ones);
    assert_eq!(of_futures, [10.0, 20.0, 25.0, 40.0]);
    // 1969-12-29 was a Monday.
    let from_monday = [("session_start", 4 * 1440), ("session_length", 7 * 1440)];
    let monday = -3.0 * 1440.0;
    let of_weeks = average_prices(&from_monday, &[monday - 1.0, monday, 0.0, monday + 7.0 * 1440.0], &ones);
    assert_eq!(of_weeks, [10.0, 20.0, 25.0, 40.0]);
    // A row of an earlier session starts it anew.
    let back = average_prices(&[("session_length", 60)], &[1.0, 61.0, 2.0, 3.0], &ones);
    assert_eq!(back, [10.0, 20.0, 30.0, 35.0]);
}

#[test]
fn without_volume_there_is_no_average_price() {
    let found = average_prices(&[], &[1.0, 2.0, 3.0, 1441.0], &[0.0, 3.0, 1.0, 0.0]);
    assert!(found[0].is_nan() && found[3].is_nan());
    assert_eq!(found[1..3], [20.0, 22.5]);
}

#[test]
fn metrics_of_five_returns() {
    let returns = [0.1, -0.05, 0.02, -0.2, 0.3];
    let expected = [
        ("risk.sharpe_ratio", 0.034 / 0.034_28_f64.sqrt() * 252f64.sqrt()),
        ("risk.sortino_ratio", 0.034 / (0.0425_f64 / 5.0).sqrt() * 252f64.sqrt()),
        ("risk.volatility", 0.034_28_f64.sqrt() * 252f64.sqrt()),
        ("risk.max_drawdown", 0.95 * 1.02 * 0.8 - 1.0),
        ("risk.value_at_risk", -0.2 + 0.2 * 0.15),
        ("risk.conditional_value_at_risk", -0.2),
    ];
    for (name, expected) in expected {
        let answer = of_returns(name, &returns);
        assert!((answer - expected).abs() < 1e-12, "{name} is {answer}, not {expected}");
    }
}

#[test]
fn a_return_moves_with_itself() {
    let returns = [0.1, -0.05, 0.02, -0.2, 0.3];
    let mut beta = accumulator("risk.beta");
    beta.update(&[Chunk::dense(&returns), Chunk::dense(&returns)]).expect("clean rows are taken");
    assert!((value(beta.as_ref()) - 1.0).abs() < 1e-12);
}

#[test]
fn metrics_of_equal_gains() {
    let returns = [0.1; 100];
    for (name, expected) in [
        ("risk.sharpe_ratio", f64::NAN),
        ("risk.sortino_ratio", f64::NAN),
        ("risk.volatility", 0.0),
        ("risk.max_drawdown", 0.0),
        ("risk.value_at_risk", 0.1),
        ("risk.conditional_value_at_risk", 0.1),
    ] {
        let answer = of_returns(name, &returns);
        assert!(same(answer, expected) || (answer - expected).abs() < 1e-15, "{name} is {answer}");
    }
}

#[test]
fn a_loss_of_everything_is_final() {
    let drawdown = "risk.max_drawdown";
    for ruin in [-1.0, -1.5] {
        assert!(same(of_returns(drawdown, &[0.5, ruin, 3.0, -0.5, 1e100, 1e100, 1e100]), -1.0));
    }
    let mut soaring = over(drawdown, &[1e100; 50]);
    soaring.merge(over(drawdown, &[-0.25]).as_ref()).expect("alike");
    assert!(same(value(soaring.as_ref()), -0.25), "wealth beyond all numbers still falls by a quarter");
}

#[test]
fn the_worst_mean_is_never_above_the_value_at_risk() {
    let spec = &omega_catalog::find("risk.value_at_risk").expect("a known function").spec;
    for seed in 0..20 {
        let returns = &data::columns(spec, seed, 777, 100)[0];
        let mean = of_returns("risk.conditional_value_at_risk", returns);
        assert!(mean <= of_returns("risk.value_at_risk", returns));
    }
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

#[test]
fn indicators_are_right_at_both_ends() {
    for scale in [1e-100, 1e98] {
        let close: Vec<f64> = (0..60).map(|row| scale * f64::from(2 + row % 3)).collect();
        let [upper, middle, lower] =
            &batch(stream("ta.bbands", &[]).as_mut(), 3, &[Chunk::dense(&close)])[..]
        else {
            panic!("three lines");
        };
        let mean = (19..60).all(|row| (middle[row] / scale - 3.0).abs() < 0.1);
        assert!(mean && (19..60).all(|row| upper[row] > 1.5 * middle[row] && lower[row] < 0.5 * middle[row]));
        let rising: Vec<f64> = (1..60).map(|row| scale * f64::from(row)).collect();
        let bars = [Chunk::dense(&rising), Chunk::dense(&rising), Chunk::dense(&rising)];
        assert_eq!(batch(stream("ta.adx", &[]).as_mut(), 1, &bars)[0].last(), Some(&100.0));
    }
}

/// Where the two averages have long gone, every few hundredth row of the signal lies halfway between two numbers.
#[test]
fn no_bit_of_a_signal_tells_when_its_averages_were_forgotten() {
    let rows = [("fast_period", 2), ("slow_period", 3), ("signal_period", 1023)];
    let spec = &omega_catalog::find("ta.macd").expect("a known function").spec;
    for seed in 0..40 {
        let mut close = data::columns(spec, seed, 1100, 100).remove(0);
        close.resize(4000, 0.0);
        let (mut whole, mut single) = (stream("ta.macd", &rows), stream("ta.macd", &rows));
        for part in close.chunks(7) {
            let answer = batch(whole.as_mut(), 3, &[Chunk::dense(part)]);
            for (row, close) in part.iter().enumerate() {
                let mut output = [0.0; 3];
                single.update(&[*close], &mut output).expect("clean rows are taken");
                assert!(output.iter().zip(&answer).all(|(one, column)| same(*one, column[row])));
            }
        }
    }
}

/// What is lost is lost: the same whatever follows, however it is divided, without a number that slows a processor.
#[test]
fn a_drawdown_of_everything_is_the_same_for_ever() {
    let drawdown = "risk.max_drawdown";
    let mut returns = vec![-0.01; 60_000];
    returns.extend([1e100; 9]);
    returns.extend([0.01; 500]);
    let whole = over(drawdown, &returns);
    assert!(same(value(whole.as_ref()), -1.0));
    for rows in [1, 777, 20_000] {
        let (mut updated, mut merged) = (accumulator(drawdown), accumulator(drawdown));
        for part in returns.chunks(rows) {
            updated.update(&[Chunk::dense(part)]).expect("clean rows are taken");
            merged.merge(over(drawdown, part).as_ref()).expect("they are of one function");
        }
        let saved = whole.save().expect("there is memory");
        // Rows of the block under way are kept as they came. Where parts are merged, blocks end elsewhere, so other rows are
        // under way: the two states are different bytes, and go on to the same answers.
        assert_eq!(updated.save().expect("there is memory"), saved, "{rows}");
        assert!(same(value(merged.as_ref()), -1.0), "{rows}");
    }
}
