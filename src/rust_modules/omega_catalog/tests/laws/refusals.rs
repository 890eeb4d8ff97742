//! Out-of-range parameters and impossible inputs are refused by name.

use omega_contract::bounds::shown;
use omega_contract::params::{Given, Params};
use omega_contract::spec::{Parameter, ParameterType};
use omega_contract::{Error, ErrorCode};
use omega_kernel::{Function, Nulls};

use crate::law::{Named, laws};
use crate::support::{Case, Random, ReductionCase, RowwiseCase, chunks, columns, row, slice};

pub const OF_SPECS: &[Named] = laws!(Spec: a_parameter_that_cannot_be_is_refused_by_name);

pub const OF_EACH: &[Named] = laws!(Each: a_parameter_that_must_stay_below_another_is_refused_at_it);

pub const OF_ROWWISE: &[Named] = laws!(Rowwise:
    a_value_out_of_bounds_is_refused_with_its_column_and_row,
    a_missing_value_is_refused_where_it_must_be,
);

pub const OF_REDUCTIONS: &[Named] = laws!(Reduction: a_column_out_of_bounds_is_refused_with_its_row);

fn number(parameter: &Parameter, value: f64) -> Given {
    if parameter.parameter_type == ParameterType::Int {
        Given::Int(value as i64)
    } else {
        Given::Float(value)
    }
}

fn a_parameter_that_cannot_be_is_refused_by_name(function: &Function) {
    let spec = &function.spec;
    for parameter in &spec.parameters {
        let refuse = |given: Given, code: ErrorCode| {
            let error = Params::resolve(spec, [(parameter.name.as_str(), given)]).expect_err(&spec.name);
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(error.field("name"), Some(parameter.name.as_str()), "{error}");
        };
        let out_of_range = |given| refuse(given, ErrorCode::ParameterOutOfRange);
        for (bound, beyond) in [(parameter.minimum, -1.0), (parameter.maximum, 1.0)] {
            let Some(bound) = bound else { continue };
            out_of_range(number(parameter, bound + beyond));
            if parameter.exclusive {
                out_of_range(number(parameter, bound));
            }
        }
        match parameter.parameter_type {
            ParameterType::Float => {
                for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    out_of_range(Given::Float(value));
                }
                // A square of it would be nothing, and nobody means it.
                out_of_range(Given::Float(1e-170));
            }
            ParameterType::Int => {
                out_of_range(Given::HugeInt("100000000000000000000".into()));
                refuse(Given::Float(2.5), ErrorCode::InvalidType);
                refuse(Given::Bool(true), ErrorCode::InvalidType);
            }
            ParameterType::Choice => {
                out_of_range(Given::Text("no such word".into()));
                refuse(Given::Int(0), ErrorCode::InvalidType);
                for word in &parameter.choices {
                    let given = [(parameter.name.as_str(), Given::Text(word.clone()))];
                    let params = Params::resolve(spec, given).expect("it is one of the choices");
                    assert_eq!(params.choice(&parameter.name), word);
                }
            }
            ParameterType::Bool => {
                refuse(Given::Int(2), ErrorCode::InvalidType);
                refuse(Given::Text("True".into()), ErrorCode::InvalidType);
            }
        }
    }
}

fn a_parameter_that_must_stay_below_another_is_refused_at_it(case: &Case) {
    let place = |name: &str| case.spec.parameters.iter().position(|parameter| parameter.name == name);
    for (own, parameter) in case.spec.parameters.iter().enumerate() {
        let Some(other) = &parameter.less_than else { continue };
        let other = place(other).expect("it is a parameter");
        let mut values = case.params.values().to_vec();
        values[own] = values[other];
        let error = Params::from_values(&case.spec, values).expect_err("it is not less");
        assert_eq!(error.code(), ErrorCode::ParameterOutOfRange, "{error}");
        assert_eq!(error.field("name"), Some(parameter.name.as_str()), "{error}");
    }
}

/// No numbers, each refused by itself.
const IMPOSSIBLE: [f64; 6] = [f64::INFINITY, f64::NEG_INFINITY, 1.1e100, -1e200, 0.9e-100, -5e-324];

#[track_caller]
fn assert_refused(error: &Error, column: &str, row: &str, value: f64) {
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    assert_eq!(error.field("name"), Some(column), "{error}");
    assert_eq!(error.field("row"), Some(row), "{error}");
    assert_eq!(error.field("value"), Some(shown(value).as_str()), "{error}");
}

fn a_value_out_of_bounds_is_refused_with_its_column_and_row(case: &RowwiseCase) {
    let mut random = Random(33);
    for nulls in Nulls::ALL {
        for (column, input) in case.spec.inputs.iter().enumerate() {
            let value = IMPOSSIBLE[random.below(IMPOSSIBLE.len())];
            let mut data = columns(&case.spec, 31, 1300);
            data[column][1200] = value;
            if column > 0 && nulls != Nulls::Raise {
                data[0][1200] = f64::NAN;
            }
            let inputs = chunks(&data);
            let expect = |error: &Error, row: &str| assert_refused(error, &input.name, row, value);
            let mut answer = vec![vec![0.0; 1200]; case.outputs()];
            let mut stream = case.stream(nulls);
            let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(|column| &mut column[..100]).collect();
            stream.batch(&slice(&inputs, 0, 100), &mut taken).expect("clean rows are taken");
            let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
            expect(&stream.batch(&slice(&inputs, 100, 1300), &mut taken).expect_err("it is refused"), "1200");

            let mut stream = case.stream(nulls);
            let mut values = vec![0.0; case.outputs()];
            stream.update(&row(&inputs, 0), &mut values).expect("a clean row is taken");
            let before = stream.save().expect("memory");
            expect(&stream.update(&row(&inputs, 1200), &mut values).expect_err("it is refused"), "1");
            expect(&stream.peek(&row(&inputs, 1200), &mut values).expect_err("it is refused"), "1");
            assert_eq!(stream.save().expect("memory"), before, "a refused row changes nothing");

            let mut grouped = case.factory.grouped(&case.params, nulls);
            let mut answer = vec![vec![0.0; 1300]; case.outputs()];
            let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
            let groups: Vec<u32> = (0..1300).map(|row| row % 3).collect();
            expect(&grouped.batch(&groups, &inputs, &mut taken).expect_err("it is refused"), "1200");

            if nulls != Nulls::Raise {
                let mut data = columns(&case.spec, 32, 9000);
                (data[0][3], data[column][8900]) = (f64::NAN, value);
                let mut answer = vec![vec![0.0; 9000]; case.outputs()];
                let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                let error = case.stream(nulls).batch(&chunks(&data), &mut taken).expect_err("it is refused");
                expect(&error, "8900");
            }
        }
    }
}

fn a_column_out_of_bounds_is_refused_with_its_row(case: &ReductionCase) {
    let clean = columns(&case.spec, 34, 4);
    for nulls in Nulls::ALL {
        for (column, input) in case.spec.inputs.iter().enumerate() {
            for value in IMPOSSIBLE {
                let mut data = clean.clone();
                data[column][3] = value;
                let mut accumulator = case.over(nulls, &slice(&chunks(&clean), 0, 2));
                let before = accumulator.save().expect("memory");
                let rest = slice(&chunks(&data), 2, 4);
                let checked = accumulator.check(0, &rest).expect_err("it is refused");
                assert_refused(&checked, &input.name, "3", value);
                let updated = accumulator.update(&rest).expect_err("it is refused");
                assert_refused(&updated, &input.name, "3", value);
                assert_eq!(accumulator.save().expect("memory"), before, "a refused update changes nothing");
            }
        }
    }
}

fn a_missing_value_is_refused_where_it_must_be(case: &RowwiseCase) {
    for (column, input) in case.spec.inputs.iter().enumerate() {
        let mut data = columns(&case.spec, 32, 1100);
        data[column][1050] = f64::NAN;
        let mut answer = vec![vec![0.0; 1100]; case.outputs()];
        let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
        let error = case.stream(Nulls::Raise).batch(&chunks(&data), &mut taken).expect_err("it is refused");
        assert_eq!(error.code(), ErrorCode::MissingValue, "{error}");
        assert_eq!((error.field("name"), error.field("row")), (Some(input.name.as_str()), Some("1050")));
    }
}
