//! Parts against their definitions, written out over every window; and their states saved in any row.

use omega_kernel::State;
use omega_kernel::parts::{
    Average, AverageState, Counts, Extremes, ExtremesState, Lag, PairMoments, PairMomentsState,
    VariableAverage, VariableAverageState, Window, WindowState,
};
use omega_kernel::payload::{load, save};

const ROWS: usize = 700;

/// A random walk, with a spike and a flat stretch.
fn walk(seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut price = 100.0;
    let mut values: Vec<f64> = (0..ROWS)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            price *= 1.0 + 0.02 * ((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
            price
        })
        .collect();
    values[200] = 1e9;
    let level = values[300];
    values[300..400].fill(level);
    values
}

/// Through bytes and back.
fn saved<S: State>(state: &S) -> S {
    load(&save::<S>(state).expect("memory")).expect("a saved state loads")
}

#[test]
fn a_window_holds_the_last_rows_in_their_order() {
    let values = walk(1);
    for period in [1, 2, 7, 50] {
        let (window, mut state) = (Window::new(period), WindowState::default());
        let (lag, mut lagged) = (Lag::new(period), WindowState::default());
        for (row, value) in values.iter().enumerate() {
            window.reserve(&mut state, 1).unwrap();
            lag.reserve(&mut lagged, 1).unwrap();
            let before = row.checked_sub(period).map(|row| values[row]);
            assert_eq!(lag.peek(&lagged), before, "row {row}");
            assert_eq!(lag.update(&mut lagged, *value), before, "row {row}");
            assert_eq!(window.push(&mut state, *value), before, "row {row}");
            let expected = &values[(row + 1).saturating_sub(period)..=row];
            assert!(state.in_order().eq(expected.iter().copied()), "row {row}");
            assert_eq!(state.oldest(), Some(expected[0]));
            assert_eq!(window.is_full(&state), expected.len() == period);
            state = saved(&state);
            assert!(window.is_sound(&state, 1e10) && !window.is_sound(&state, 1.0));
        }
    }
}

#[test]
fn extremes_are_those_of_the_window() {
    let values = walk(2);
    for period in [1, 2, 7, 50] {
        let (greatest, least) = (Extremes::greatest(period), Extremes::least(period));
        let (mut high, mut low) = (ExtremesState::default(), ExtremesState::default());
        for (row, value) in values.iter().enumerate() {
            greatest.reserve(&mut high, 1).unwrap();
            least.reserve(&mut low, 1).unwrap();
            let window = (row + 1).checked_sub(period).map(|from| &values[from..=row]);
            let expected = [f64::max, f64::min]
                .map(|of| window.map(|window| window.iter().copied().reduce(of).unwrap()));
            assert_eq!([greatest.peek(&high, *value), least.peek(&low, *value)], expected, "row {row}");
            let answer = [greatest.update(&mut high, *value), least.update(&mut low, *value)];
            assert_eq!(answer, expected, "row {row}");
            (high, low) = (saved(&high), saved(&low));
            assert!(greatest.is_sound(&high, 1e10) && least.is_sound(&low, 1e10));
        }
    }
}

/// The average of a kind by its definition, over all values so far.
fn defined(kind: &str, period: usize, values: &[f64]) -> Option<f64> {
    let n = period as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let last = |period: usize| Some(&values[values.len().checked_sub(period)?..]);
    let exponential = |values: &[f64]| -> Vec<f64> {
        let Some((seed, rest)) = values.split_at_checked(period) else { return Vec::new() };
        let mut averages = vec![mean(seed)];
        for value in rest {
            let average = averages[averages.len() - 1];
            averages.push(average + (value - average) * 2.0 / (n + 1.0));
        }
        averages
    };
    let once = exponential(values);
    let twice = exponential(&once);
    let thrice = exponential(&twice);
    match kind {
        "sma" => last(period).map(mean),
        "ema" => once.last().copied(),
        "wma" => last(period).map(|window| {
            let weighted: f64 = (1..).zip(window).map(|(rank, value)| f64::from(rank) * value).sum();
            weighted / (n * (n + 1.0) / 2.0)
        }),
        "dema" => Some(2.0 * once.last()? - twice.last()?),
        "tema" => Some(3.0 * once.last()? - 3.0 * twice.last()? + thrice.last()?),
        "trima" => last(period).map(|window| {
            let weight = |place: usize| (place + 1).min(period - place) as f64;
            let weights: f64 = (0..period).map(weight).sum();
            window.iter().enumerate().map(|(place, value)| weight(place) * value).sum::<f64>() / weights
        }),
        _ => None,
    }
}

#[test]
fn averages_are_what_their_names_say_and_start_when_they_say() {
    // Without the spike, which the definitions above would round to.
    let mut values = walk(3);
    values[200] = values[199];
    for kind in Average::KINDS {
        for period in [1, 2, 3, 8, 31] {
            let average = Average::new(kind, period);
            let mut state = average.start();
            for row in 0..200 {
                average.reserve(&mut state, 1).unwrap();
                let answer = average.update(&mut state, values[row]);
                let expected = defined(kind, period, &values[..=row]);
                assert_eq!(answer.is_some(), row >= average.warm_up(), "{kind} {period} in row {row}");
                let agree = answer
                    .zip(expected)
                    .is_none_or(|(answer, expected)| (answer / expected - 1.0).abs() < 1e-12);
                assert!(
                    agree && answer.is_some() == expected.is_some(),
                    "{kind} {period}: {answer:?} {expected:?}"
                );
                state = saved::<AverageState>(&state);
                assert!(average.is_sound(&state), "{kind} {period} in row {row}");
            }
        }
    }
}

#[test]
fn a_weighted_mean_forgets_a_spike_and_is_exact_where_nothing_moves() {
    let values = walk(4);
    let mut calm = values.clone();
    calm[200] = 5.0;
    let average = Average::new("wma", 20);
    let (mut with, mut without) = (average.start(), average.start());
    for (row, (value, calm)) in values.iter().zip(&calm).enumerate() {
        average.reserve(&mut with, 1).unwrap();
        average.reserve(&mut without, 1).unwrap();
        let [one, other] = [average.update(&mut with, *value), average.update(&mut without, *calm)];
        if row >= 221 {
            assert_eq!(one.map(f64::to_bits), other.map(f64::to_bits), "row {row}");
        }
        if (340..400).contains(&row) {
            assert_eq!(one, Some(values[300]), "row {row}");
        }
    }
}

#[test]
fn pairs_move_together_as_their_definition_says() {
    let (x, y) = (walk(5), walk(6));
    for period in [2, 5, 30] {
        let (part, mut state) = (PairMoments::new(period), PairMomentsState::default());
        for (row, pair) in x.iter().zip(&y).enumerate() {
            part.reserve(&mut state, 1).unwrap();
            let answer = part.update(&mut state, [*pair.0, *pair.1]);
            state = saved(&state);
            assert!(part.is_sound(&state), "row {row}");
            let Some(from) = (row + 1).checked_sub(period) else {
                assert_eq!(answer, None);
                continue;
            };
            let answer = answer.unwrap();
            let (x, y) = (&x[from..=row], &y[from..=row]);
            let n = period as f64;
            let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
            let (mx, my) = (mean(x), mean(y));
            let product = |one: &[f64], mean: f64, other: &[f64], its: f64| {
                one.iter().zip(other).map(|(one, other)| (one - mean) * (other - its)).sum::<f64>() / n
            };
            let [xx, yy, xy] = [product(x, mx, x, mx), product(y, my, y, my), product(x, mx, y, my)];
            let near = |answer: f64, expected: f64, scale: f64| (answer - expected).abs() <= 1e-9 * scale;
            assert!(near(answer.means[0], mx, mx) && near(answer.means[1], my, my), "row {row}");
            assert!(near(answer.variances[0], xx, xx.max(1e-9)), "row {row}: {answer:?} {xx}");
            assert!(near(answer.variances[1], yy, yy.max(1e-9)), "row {row}: {answer:?} {yy}");
            assert!(near(answer.covariance, xy, (xx * yy).sqrt().max(1e-9)), "row {row}: {answer:?} {xy}");
            if x.iter().all(|value| *value == x[0]) || y.iter().all(|value| *value == y[0]) {
                assert_eq!(answer.correlation(), None, "row {row}");
            } else {
                assert!(near(answer.correlation().unwrap(), xy / (xx * yy).sqrt(), 1.0), "row {row}");
                assert!(near(answer.beta().unwrap(), xy / yy, (xx / yy).sqrt()), "row {row}");
            }
        }
    }
}

/// What [`VariableAverage`] answers row by row, for periods from 2 to `most`.
fn variable(kind: &str, most: usize, values: &[f64], periods: &[f64]) -> Vec<f64> {
    let part = VariableAverage::new(kind, Counts::new(2, most));
    let mut state = VariableAverageState::default();
    let answer = |(value, period): (&f64, &f64)| {
        part.reserve(&mut state, 1).expect("memory");
        part.update(&mut state, *value, *period).unwrap_or(f64::NAN)
    };
    values.iter().zip(periods).map(answer).collect()
}

/// What [`Average`] answers row by row.
fn average(kind: &str, period: usize, values: &[f64]) -> Vec<f64> {
    let part = Average::new(kind, period);
    let mut state = part.start();
    let answer = |value: &f64| {
        part.reserve(&mut state, 1).expect("memory");
        part.update(&mut state, *value).unwrap_or(f64::NAN)
    };
    values.iter().map(answer).collect()
}

#[test]
fn each_row_of_a_variable_average_is_that_of_an_average_of_its_period() {
    const MOST: usize = 13;
    let values: Vec<f64> = (0..400).map(|row| 100.0 + f64::from(row * row % 97) / 7.0).collect();
    let periods: Vec<f64> = (0..400).map(|row| f64::from(row * 5 % 17) + 0.9).collect();
    for (kind, chained) in [("sma", 0), ("wma", 0), ("trima", 0), ("ema", 1), ("dema", 2), ("tema", 3)] {
        let found = variable(kind, MOST, &values, &periods);
        let warm_up = chained.max(1) * (MOST - 1);
        assert!(found[..warm_up].iter().all(|value| value.is_nan()), "{kind}");
        for period in 2..=MOST {
            // What is recursive starts late where it is short, so that all have their first value in the same row.
            let start = chained * (MOST - period);
            let expected = average(kind, period, &values[start..]);
            for row in (warm_up..400).filter(|row| (periods[*row] as usize).clamp(2, MOST) == period) {
                let (found, expected) = (found[row], expected[row - start]);
                let same = found.to_bits() == expected.to_bits();
                let near = kind == "trima" && (found - expected).abs() <= 1e-13 * expected;
                assert!(same || near, "{kind} of {period} is {found}, not {expected}, in row {row}");
            }
        }
    }
}
