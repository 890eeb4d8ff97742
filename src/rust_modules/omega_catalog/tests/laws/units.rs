//! What units promise: how answers change when the data are scaled or moved.

use omega_contract::bounds::SMALLEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{Output, Shift, Unit};
use omega_kernel::Body;

use crate::law::{Named, laws};
use crate::support::{Case, Outputs, Random, columns, same, unit_of};

pub const LAWS: &[Named] = laws!(Each:
    answers_scale_as_their_units_say,
    answers_shift_as_they_should,
    digits_are_the_same_from_one_end_to_the_other,
    where_nothing_varies_nothing_is_left_of_rounding,
    what_may_be_undefined_is_so_for_some_data_and_nothing_else_is,
);

/// What all prices, all volumes and all returns are multiplied by.
#[derive(Clone, Copy)]
struct Factors {
    price: f64,
    volume: f64,
    returns: f64,
}

impl Factors {
    fn all(factor: f64) -> Self {
        Self { price: factor, volume: factor, returns: factor }
    }

    /// What a number of some unit is multiplied by; `None` where nothing is known.
    fn of(self, unit: Unit) -> Option<f64> {
        unit.scale().map(|powers| powers.factor(self.price, self.volume, self.returns))
    }
}

fn rows(case: &Case) -> usize {
    match case.body {
        Body::Rowwise(factory) => factory.warm_up(&case.params) + 400,
        Body::Reduction(_) => 3000,
    }
}

/// The data with each column changed by what its unit says.
fn changed(case: &Case, data: &[Vec<f64>], change: impl Fn(Unit, f64) -> f64) -> Vec<Vec<f64>> {
    let inputs = case.spec.inputs.iter().zip(data);
    let column = |(input, column): (&omega_contract::spec::Input, &Vec<f64>)| {
        let unit = unit_of(&case.spec, input);
        column.iter().map(|value| change(unit, *value)).collect()
    };
    inputs.map(column).collect()
}

/// The parameters with each changed by what its unit says, as a threshold has to be; `None` where that is not allowed.
fn changed_parameters(case: &Case, change: impl Fn(Unit, f64) -> f64) -> Option<Params> {
    let parameters = case.spec.parameters.iter().zip(case.params.values());
    let values = parameters.map(|(parameter, value)| change(parameter.unit, *value)).collect();
    Params::from_values(&case.spec, values).ok()
}

/// Fails unless answers are as expected of each output, which may expect nothing.
#[track_caller]
fn assert_answers(
    case: &Case,
    plain: &Outputs,
    answer: &Outputs,
    expected: impl Fn(&Output, f64) -> Option<f64>,
    agree: impl Fn(f64, f64) -> bool,
) {
    for ((output, plain), answer) in case.spec.outputs.iter().zip(plain).zip(answer) {
        for (row, (plain, answer)) in plain.iter().zip(answer).enumerate() {
            let Some(expected) = expected(output, *plain) else { continue };
            let right = same(*answer, expected) || agree(*answer, expected);
            assert!(
                right,
                "{case}: {} is {answer:e}, not {expected:e}, in row {row}; it was {plain:e}",
                output.name
            );
        }
    }
}

/// Prices, volumes and returns scaled each by a power of two: the same digits, as the unit of an output says.
fn answers_scale_as_their_units_say(case: &Case) {
    assert_scaled(case, Factors { price: 0.25, volume: 8.0, returns: 0.125 });
    assert_scaled(case, Factors { price: 2.0, volume: 1.0, returns: 1.0 });
}

/// All scaled at once, as far as it goes.
fn digits_are_the_same_from_one_end_to_the_other(case: &Case) {
    for power in [-306, -200, -100, 200, 306] {
        assert_scaled(case, Factors::all(2f64.powi(power)));
    }
}

#[track_caller]
fn assert_scaled(case: &Case, factors: Factors) {
    let scale = |unit, value| value * factors.of(unit).unwrap_or(1.0);
    let Some(params) = changed_parameters(case, scale) else { return };
    let data = columns(&case.spec, 10, rows(case));
    let plain = case.answers(&case.params, &data);
    let answer = case.answers(&params, &changed(case, &data, scale));
    let settles = matches!(case.body, Body::Rowwise(_));
    let expected = |output: &Output, plain: f64| {
        let scaled = plain * factors.of(output.unit)?;
        Some(if settles && scaled.abs() < SMALLEST_INPUT { 0.0 } else { scaled })
    };
    assert_answers(case, &plain, &answer, expected, |_, _| false);
}

/// Averages of prices move with them; differences and shares of movement do not care.
fn answers_shift_as_they_should(case: &Case) {
    let (price, returns) = (64.0, 0.03);
    let shift = |unit: Unit, value: f64| match unit {
        Unit::Price => value + price,
        Unit::Return => value + returns,
        _ => value,
    };
    let Some(params) = changed_parameters(case, shift) else { return };
    let data = columns(&case.spec, 11, rows(case));
    let plain = case.answers(&case.params, &data);
    let answer = case.answers(&params, &changed(case, &data, shift));
    let expected = |output: &Output, plain: f64| match output.unit.shift() {
        Shift::Moves => Some(shift(output.unit, plain)),
        Shift::Stays => Some(plain),
        Shift::Unknown => None,
    };
    let agree = |answer: f64, expected: f64| (answer - expected).abs() <= 1e-9 * (1.0 + expected.abs());
    assert_answers(case, &plain, &answer, expected, agree);
}

/// Of rows that are all alike, an average is what they are, and a difference or deviation is 0: in a reduction to the last
/// bit, as something is divided by it.
///
/// That follows from the laws of scale and shift: what scales and does not move is the same as of zeros, which is 0.
fn where_nothing_varies_nothing_is_left_of_rounding(case: &Case) {
    for price in [100.0, 0.1, 7.3] {
        let level = |unit| match unit {
            Unit::Price => price,
            Unit::Volume => 1234.0,
            _ => 0.001 * price,
        };
        let rows = rows(case);
        let data: Vec<Vec<f64>> =
            case.spec.inputs.iter().map(|input| vec![level(unit_of(&case.spec, input)); rows]).collect();
        // An exponential average starts from a plain sum, whose rounding grows with its rows.
        let lengths = case.spec.parameters.iter().zip(case.params.values());
        let lengths = lengths.filter(|(parameter, _)| parameter.unit == Unit::Rows);
        let rounding = lengths.map(|(_, rows)| rows * f64::EPSILON).fold(1e-14, f64::max);
        let mut answers = vec![case.answers(&case.params, &data)];
        let exactly = matches!(case.body, Body::Reduction(_));
        if exactly {
            answers.push(merged(case, &data));
        }
        for (output, column) in answers.iter().flat_map(|answer| case.spec.outputs.iter().zip(answer)) {
            let scales = output.unit.scale().is_some_and(|powers| powers.price != 0 || powers.returns != 0);
            for value in column.iter().filter(|value| !value.is_nan()) {
                let near = |expected: f64, size: f64| (value - expected).abs() <= rounding * size;
                let right = match output.unit.shift() {
                    Shift::Moves => near(level(output.unit), level(output.unit)),
                    Shift::Stays if exactly => !scales || same(*value, 0.0),
                    Shift::Stays => !scales || near(0.0, price.max(price * price)),
                    Shift::Unknown => true,
                };
                assert!(right, "{case}: {} is {value:e} at {price}", output.name);
            }
        }
    }
}

/// The answer of a reduction to the data twice, in two parts that are merged.
fn merged(case: &Case, data: &[Vec<f64>]) -> Outputs {
    let Body::Reduction(factory) = case.body else { return Vec::new() };
    let part =
        crate::support::ReductionCase { spec: case.spec.clone(), factory, params: case.params.clone() };
    let over = || part.over(omega_kernel::Nulls::Raise, &crate::support::chunks(data));
    let mut whole = over();
    whole.merge(over().as_ref()).expect("alike");
    crate::support::values(whole.as_ref()).into_iter().map(|value| vec![value]).collect()
}

/// Data of all kinds: as they come, without movement, rising for ever, falling, of one sign, and nothing but zeros.
fn all_kinds(case: &Case) -> Vec<Vec<Vec<f64>>> {
    let rows = rows(case);
    let as_they_come = columns(&case.spec, 14, rows);
    let each = |change: &dyn Fn(usize, f64) -> f64| -> Vec<Vec<f64>> {
        let column =
            |column: &Vec<f64>| column.iter().enumerate().map(|(row, value)| change(row, *value)).collect();
        as_they_come.iter().map(column).collect()
    };
    let mut random = Random(15);
    let wild: Vec<f64> = (0..rows).map(|_| random.normal()).collect();
    vec![
        each(&|_, _| 0.01),
        each(&|_, _| 0.0),
        each(&|row, _| 1.0 + row as f64),
        each(&|row, _| -1.0 - row as f64),
        each(&|_, value| value.abs()),
        each(&|_, value| -value.abs()),
        each(&|row, _| wild[row]),
        as_they_come,
    ]
}

/// A spec that lets an output be missing without need would excuse it from other laws.
fn what_may_be_undefined_is_so_for_some_data_and_nothing_else_is(case: &Case) {
    let settled = match case.body {
        Body::Rowwise(factory) => factory.warm_up(&case.params),
        Body::Reduction(_) => 0,
    };
    let answers: Vec<Outputs> = all_kinds(case).iter().map(|data| case.answers(&case.params, data)).collect();
    for (place, output) in case.spec.outputs.iter().enumerate() {
        let missing =
            answers.iter().any(|answer| answer[place][settled..].iter().any(|value| value.is_nan()));
        assert_eq!(missing, output.undefined, "{case}: {}", output.name);
    }
}
