//! Out-of-range parameters and impossible inputs are refused by name.

use omega_arrow::column::Chunk;
use omega_contract::ErrorCode;
use omega_contract::bounds::shown;
use omega_contract::params::{Given, Params};
use omega_contract::spec::{Parameter, ParameterType};
use omega_kernel::{Body, Nulls};

use crate::support::{
    Random, alike, chunks, columns, functions, metric_of, reduction_cases, row, rowwise_cases, slice,
};

fn number(parameter: &Parameter, value: f64) -> Given {
    if parameter.parameter_type == ParameterType::Int {
        Given::Int(value as i64)
    } else {
        Given::Float(value)
    }
}

#[test]
fn a_parameter_out_of_range_is_refused_by_name() {
    for function in functions() {
        let spec = &function.spec;
        for parameter in &spec.parameters {
            let refuse = |given: Given| {
                let error = Params::resolve(spec, [(parameter.name.as_str(), given)]).expect_err(&spec.name);
                assert_eq!(error.code(), ErrorCode::ParameterOutOfRange, "{error}");
                assert_eq!(error.field("name"), Some(parameter.name.as_str()), "{error}");
            };
            let (minimum, maximum) =
                (parameter.minimum.expect("a minimum"), parameter.maximum.expect("a maximum"));
            refuse(number(parameter, minimum - 1.0));
            refuse(number(parameter, maximum + 1.0));
            if parameter.exclusive {
                refuse(number(parameter, minimum));
                refuse(number(parameter, maximum));
            }
            if parameter.parameter_type == ParameterType::Float {
                [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
                    .into_iter()
                    .for_each(|value| refuse(Given::Float(value)));
                // A square of it would be nothing, and nobody means it.
                refuse(Given::Float(1e-170));
            }
            if let Some(other) = &parameter.less_than {
                let limit =
                    spec.parameters.iter().find(|parameter| &parameter.name == other).expect("it exists");
                let omega_contract::spec::Value::Int(limit) = limit.default else { continue };
                refuse(Given::Int(limit));
            }
        }
    }
}

#[test]
fn a_value_out_of_bounds_is_refused_with_its_column_and_row() {
    let impossible = [f64::INFINITY, f64::NEG_INFINITY, 1.1e100, -1e200, 0.9e-100, -5e-324];
    let mut random = Random(33);
    for case in rowwise_cases() {
        for nulls in Nulls::ALL {
            for (column, input) in case.spec.inputs.iter().enumerate() {
                let value = impossible[random.below(impossible.len())];
                let mut data = columns(&case.spec, 31, 1300);
                data[column][1200] = value;
                if column > 0 && nulls != Nulls::Raise {
                    data[0][1200] = f64::NAN;
                }
                let inputs = chunks(&data);
                let outputs = case.spec.outputs.len();
                let mut answer = vec![vec![0.0; 1200]; outputs];
                let mut stream = case.stream(nulls);
                let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(|column| &mut column[..100]).collect();
                stream.batch(&slice(&inputs, 0, 100), &mut taken).expect("clean rows are taken");
                let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                let error = stream.batch(&slice(&inputs, 100, 1300), &mut taken).expect_err("it is refused");
                let expect = |error: &omega_contract::Error, row: &str| {
                    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
                    assert_eq!(error.field("name"), Some(input.name.as_str()), "{error}");
                    assert_eq!(error.field("row"), Some(row), "{error}");
                    assert_eq!(error.field("value"), Some(shown(value).as_str()), "{error}");
                };
                expect(&error, "1200");

                let mut stream = case.stream(nulls);
                let mut values = vec![0.0; outputs];
                stream.update(&row(&inputs, 0), &mut values).expect("a clean row is taken");
                let before = stream.save().expect("memory");
                expect(&stream.update(&row(&inputs, 1200), &mut values).expect_err("it is refused"), "1");
                expect(&stream.peek(&row(&inputs, 1200), &mut values).expect_err("it is refused"), "1");
                assert_eq!(stream.save().expect("memory"), before, "a refused row changes nothing");

                let mut grouped = case.factory.grouped(&case.params, nulls);
                let mut answer = vec![vec![0.0; 1300]; outputs];
                let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
                let groups: Vec<u32> = (0..1300).map(|row| row % 3).collect();
                expect(&grouped.batch(&groups, &inputs, &mut taken).expect_err("it is refused"), "1200");
            }
        }
    }
    for case in reduction_cases() {
        let mut accumulator = case.accumulator(Nulls::Skip);
        accumulator.update(&alike(&case.spec, &[0.01, -0.02])).expect("clean rows are taken");
        let before = accumulator.save().expect("memory");
        let error =
            accumulator.update(&alike(&case.spec, &[0.01, f64::INFINITY])).expect_err("it is refused");
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert_eq!(
            (error.field("name"), error.field("row")),
            (Some(case.spec.inputs[0].name.as_str()), Some("3"))
        );
        assert_eq!(accumulator.save().expect("memory"), before, "a refused update changes nothing");
    }
}

#[test]
fn a_missing_value_is_refused_where_it_must_be() {
    for case in rowwise_cases() {
        for (column, input) in case.spec.inputs.iter().enumerate() {
            let mut data = columns(&case.spec, 32, 1100);
            data[column][1050] = f64::NAN;
            let mut answer = vec![vec![0.0; 1100]; case.spec.outputs.len()];
            let mut taken: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
            let error =
                case.stream(Nulls::Raise).batch(&chunks(&data), &mut taken).expect_err("it is refused");
            assert_eq!(error.code(), ErrorCode::MissingValue, "{error}");
            assert_eq!((error.field("name"), error.field("row")), (Some(input.name.as_str()), Some("1050")));
        }
    }
}

#[test]
fn values_at_the_bounds_are_taken_and_give_finite_answers() {
    for case in rowwise_cases() {
        let rows = case.warm_up() + 100;
        let extreme: Vec<f64> = (0..rows).map(|row| if row % 3 == 0 { 1e100 } else { -1e100 }).collect();
        let inputs = vec![Chunk::dense(&extreme); case.spec.inputs.len()];
        let answers =
            crate::support::batch(case.stream(Nulls::Raise).as_mut(), case.spec.outputs.len(), &inputs);
        // A metric may be undefined for some rows; the laws of metrics say for which.
        let settled = |value: &f64| value.is_finite() || (value.is_nan() && metric_of(&case).is_some());
        assert!(
            answers.iter().all(|column| column[case.warm_up()..].iter().all(settled)),
            "{}",
            case.label()
        );
    }
}

#[test]
fn every_spec_says_what_there_is_to_know() {
    for Body_ { spec, rowwise } in functions().into_iter().map(Body_::from) {
        assert!(!spec.summary.is_empty() && spec.summary.ends_with('.'), "{}", spec.name);
        if spec.module() == "probe" {
            continue;
        }
        assert!(spec.description.len() > 40 && !spec.description.contains("  "), "{}", spec.name);
        assert!(spec.warm_up.is_empty() || spec.warm_up.ends_with('.') || !rowwise, "{}", spec.name);
        assert!(spec.references.len() > 1, "{}", spec.name);
        assert!(spec.inputs.iter().all(|input| input.summary.ends_with('.')), "{}", spec.name);
        assert!(spec.parameters.iter().all(|parameter| parameter.summary.ends_with('.')), "{}", spec.name);
        assert!(spec.outputs.iter().all(|output| output.summary.ends_with('.')), "{}", spec.name);
        assert_eq!(rowwise, spec.outputs.iter().all(|output| output.axes == ["row"]), "{}", spec.name);
    }
}

/// Parameters are asked for by name, and a wrong one panics: every constructor is called once.
#[test]
fn every_parameter_that_a_kernel_asks_for_is_in_its_spec() {
    for function in functions() {
        let params = Params::resolve(&function.spec, []).expect("defaults are allowed");
        match function.body {
            Body::Rowwise(factory) => {
                factory.warm_up(&params);
                factory.stream(&params, Nulls::Skip);
            }
            Body::Reduction(factory) => drop(factory.accumulator(&params, Nulls::Skip)),
        }
    }
}

#[test]
fn every_name_is_one_that_python_can_say() {
    for function in functions() {
        assert_eq!(function.spec.check_names(), Ok(()));
    }
}

struct Body_ {
    spec: omega_contract::spec::FunctionSpec,
    rowwise: bool,
}

impl From<omega_kernel::Function> for Body_ {
    fn from(function: omega_kernel::Function) -> Self {
        Self { rowwise: matches!(function.body, Body::Rowwise(_)), spec: function.spec }
    }
}
