//! How far windows and moments are from exact arithmetic, on data that running sums do badly on.

use omega_kernel::State;
use omega_kernel::parts::{BlockMean, BlockMeanState, BlockMoments, BlockMomentsState, Blocks, Moments, Sum};
use omega_kernel::summary::Whole;

const ROWS: usize = 20_000;
const PERIOD: usize = 30;

/// A sum of two numbers that together hold twice the digits (Dekker 1971).
#[derive(Clone, Copy)]
struct Exact {
    high: f64,
    low: f64,
}

impl Exact {
    const ZERO: Self = Self { high: 0.0, low: 0.0 };

    /// Knuth's sum of two numbers without loss.
    fn plus(self, value: f64) -> Self {
        let high = self.high + value;
        let part = high - self.high;
        let lost = (self.high - (high - part)) + (value - part);
        Self { high, low: self.low + lost }.settled()
    }

    fn settled(self) -> Self {
        let high = self.high + self.low;
        Self { high, low: self.low - (high - self.high) }
    }

    fn over(self, count: usize) -> Self {
        let count = count as f64;
        let high = self.high / count;
        let rest = (-high).mul_add(count, self.high) + self.low;
        Self { high, low: rest / count }.settled()
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

fn exact_mean(window: &[f64]) -> Exact {
    window.iter().fold(Exact::ZERO, |sum, value| sum.plus(*value)).over(window.len())
}

/// The sum of squared differences from the mean.
fn exact_squares(window: &[f64]) -> f64 {
    let mean = exact_mean(window);
    let square = |sum: Exact, value: &f64| {
        let difference = Exact { high: -mean.high, low: -mean.low }.plus(*value);
        let high = difference.high * difference.high;
        let low = difference.high.mul_add(difference.high, -high) + 2.0 * difference.high * difference.low;
        sum.plus(high).plus(low)
    };
    window.iter().fold(Exact::ZERO, square).value()
}

fn exact_deviation(window: &[f64]) -> f64 {
    (exact_squares(window) / window.len() as f64).sqrt()
}

fn noise() -> impl FnMut() -> f64 {
    let mut state = 7_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

fn random_walk() -> Vec<f64> {
    let mut noise = noise();
    let step = |price: &mut f64, _| {
        *price *= 1.0 + 0.01 * noise();
        Some(*price)
    };
    (0..ROWS).scan(100.0, step).collect()
}

fn around(level: f64, width: f64) -> Vec<f64> {
    let mut noise = noise();
    (0..ROWS).map(|_| level + width * noise()).collect()
}

fn with_spike(mut values: Vec<f64>, spike: f64) -> Vec<f64> {
    values[1000] = spike;
    values
}

/// The largest relative error of means and of deviations, per row after warm-up.
fn largest_errors(values: &[f64], period: usize) -> (f64, f64) {
    let (part, mut state) = (BlockMoments::new(period), BlockMomentsState::default());
    let relative =
        |answer: f64, exact: f64| if exact == 0.0 { answer.abs() } else { (answer / exact - 1.0).abs() };
    let mut largest = (0.0_f64, 0.0_f64);
    for (row, value) in values.iter().enumerate() {
        part.reserve(&mut state, 1).expect("memory");
        let Some((mean, deviation)) = part.update(&mut state, *value) else { continue };
        let window = &values[row + 1 - period..=row];
        largest.0 = largest.0.max(relative(mean, exact_mean(window).value()));
        largest.1 = largest.1.max(relative(deviation, exact_deviation(window)));
    }
    largest
}

#[test]
fn deviations_are_right_to_twelve_digits_whatever_the_level() {
    let data = [
        ("random walk around 100", random_walk()),
        ("1e6 and noise of 1e-3", around(1e6, 1e-3)),
        ("1e9 and noise of 1e-2", around(1e9, 1e-2)),
        ("a spike of 1e12", with_spike(random_walk(), 1e12)),
    ];
    for (name, values) in data {
        for period in [2, 5, PERIOD, 200] {
            let (mean, deviation) = largest_errors(&values, period);
            assert!(mean <= 1e-15, "{name}, period {period}: means are {mean:e} off");
            assert!(deviation <= 1e-12, "{name}, period {period}: deviations are {deviation:e} off");
        }
    }
}

#[test]
fn a_spike_that_has_left_the_window_leaves_no_trace() {
    let plain = random_walk();
    let spiked = with_spike(plain.clone(), 1e15);
    let part = BlockMean::new(PERIOD);
    let mut states = [BlockMeanState::default(), BlockMeanState::default()];
    for (row, (plain, spiked)) in plain.iter().zip(&spiked).enumerate() {
        let [without, with] = [part.update(&mut states[0], *plain), part.update(&mut states[1], *spiked)];
        if row >= 1000 + PERIOD {
            assert_eq!(without.map(f64::to_bits), with.map(f64::to_bits), "row {row}");
        }
    }
}

#[test]
fn a_flat_window_has_its_value_as_mean_and_no_deviation() {
    let (part, mut state) = (BlockMoments::new(PERIOD), BlockMomentsState::default());
    let values = random_walk().into_iter().take(777).chain(std::iter::repeat_n(0.1, 200));
    for (row, value) in values.enumerate() {
        let moments = part.update(&mut state, value);
        if row >= 777 + PERIOD {
            assert_eq!(moments, Some((0.1, 0.0)), "row {row}");
        }
    }
}

#[test]
fn means_are_the_same_bits_with_and_without_deviations() {
    let (means, moments) = (BlockMean::new(PERIOD), BlockMoments::new(PERIOD));
    let (mut of_means, mut of_moments) = (BlockMeanState::default(), BlockMomentsState::default());
    for value in random_walk() {
        let mean = means.update(&mut of_means, value);
        let moments = moments.update(&mut of_moments, value);
        assert_eq!(mean.map(f64::to_bits), moments.map(|(mean, _)| mean.to_bits()));
    }
}

#[test]
fn moments_of_all_rows_are_right_to_thirteen_digits() {
    let spiked = with_spike(around(0.001, 0.02), 1e6);
    for values in [around(0.001, 0.02), around(1e6, 1e-3), around(1e9, 1e-2), spiked] {
        let mut blocks: Blocks<Moments, 1> = Blocks::start();
        blocks.reserve(ROWS).expect("memory");
        blocks.update(0.0, [&values]);
        let moments = blocks.known(0.0).expect("memory").expect("rows");
        let parts = values.chunks(256).map(|part| Sum::of(part, |value| value));
        let sum = parts.reduce(|mut sum, later| {
            sum.merge(&later);
            sum
        });
        let mean = exact_mean(&values).value();
        let deviation = (exact_squares(&values) / (ROWS - 1) as f64).sqrt();
        assert!((sum.expect("rows").value() / ROWS as f64 / mean - 1.0).abs() < 1e-13);
        assert!((moments.mean() / mean - 1.0).abs() < 1e-13);
        let answer = moments.deviation().expect("more than one row");
        assert!((answer / deviation - 1.0).abs() < 1e-13, "{answer:e} {deviation:e}");
    }
}
