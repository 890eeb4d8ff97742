//! Functions and parameters to try, and ways to run them.

use std::fmt;

use omega_arrow::column::Chunk;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory, Parameter, ParameterType};
use omega_kernel::{Accumulator, Body, Function, Nulls, ReductionFactory, RowwiseFactory, Stream};

/// A market that never was.
#[path = "../data/mod.rs"]
mod data;

pub use data::{Random, unit_of};

/// Every function of this workspace that computes without panicking.
pub fn functions() -> Vec<Function> {
    let hidden = omega_catalog::hidden().iter().filter(|function| function.spec.name != "probe.panic");
    hidden.chain(omega_catalog::all()).cloned().collect()
}

/// A function under some parameters.
pub struct Case {
    pub spec: FunctionSpec,
    pub body: Body,
    pub params: Params,
}

impl Case {
    /// What it answers to clean rows: one column per output, of one value where it is a reduction.
    pub fn answers(&self, params: &Params, data: &[Vec<f64>]) -> Outputs {
        let inputs = chunks(data);
        match self.body {
            Body::Rowwise(factory) => {
                batch(factory.stream(params, Nulls::Raise).as_mut(), self.spec.outputs.len(), &inputs)
            }
            Body::Reduction(factory) => {
                let mut accumulator = factory.accumulator(params, Nulls::Raise);
                accumulator.update(&inputs).expect("clean rows are taken");
                values(accumulator.as_ref()).into_iter().map(|value| vec![value]).collect()
            }
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.spec.name, self.params.values())
    }
}

/// A rowwise function under some parameters, or a metric that answers after each row for all rows so far.
pub struct RowwiseCase {
    pub spec: FunctionSpec,
    pub factory: &'static dyn RowwiseFactory,
    pub params: Params,
}

impl RowwiseCase {
    pub fn stream(&self, nulls: Nulls) -> Box<dyn Stream> {
        self.factory.stream(&self.params, nulls)
    }

    pub fn warm_up(&self) -> usize {
        self.factory.warm_up(&self.params)
    }

    pub fn outputs(&self) -> usize {
        self.spec.outputs.len()
    }

    pub fn label(&self) -> String {
        format!("{} {:?}", self.spec.name, self.params.values())
    }
}

/// A reduction under some parameters.
pub struct ReductionCase {
    pub spec: FunctionSpec,
    pub factory: &'static dyn ReductionFactory,
    pub params: Params,
}

impl ReductionCase {
    pub fn accumulator(&self, nulls: Nulls) -> Box<dyn Accumulator> {
        self.factory.accumulator(&self.params, nulls)
    }

    /// An accumulator that has taken some columns.
    pub fn over(&self, nulls: Nulls, inputs: &[Chunk<'_>]) -> Box<dyn Accumulator> {
        let mut accumulator = self.accumulator(nulls);
        accumulator.update(inputs).expect("clean rows are taken");
        accumulator
    }

    pub fn label(&self) -> String {
        format!("{} {:?}", self.spec.name, self.params.values())
    }
}

/// A function with each of its parameters to try.
pub fn cases_of(function: &Function) -> Vec<Case> {
    let case = |params| Case { spec: function.spec.clone(), body: function.body, params };
    parameter_sets(&function.spec).into_iter().map(case).collect()
}

/// A function with each of its parameters to try; a metric as one that answers after each row, for all rows so far.
pub fn rowwise_cases_of(function: &Function) -> Vec<RowwiseCase> {
    let (spec, factory) = match function.body {
        Body::Rowwise(factory) => (function.spec.clone(), factory),
        Body::Reduction(factory) => (expanding_spec(&function.spec), factory.expanding()),
    };
    let case = |params| RowwiseCase { spec: spec.clone(), factory, params };
    parameter_sets(&spec).into_iter().map(case).collect()
}

/// The spec of a metric that answers after each row, for all rows so far: of the first few, it may be undefined.
fn expanding_spec(metric: &FunctionSpec) -> FunctionSpec {
    let mut spec = FunctionSpec { kind: Kind::Rowwise, memory: Memory::Cumulative, ..metric.clone() };
    for output in &mut spec.outputs {
        output.axes = vec!["row".into()];
        output.undefined = true;
    }
    spec
}

/// A function with each of its parameters to try; none where it is no reduction.
pub fn reduction_cases_of(function: &Function) -> Vec<ReductionCase> {
    let Body::Reduction(factory) = function.body else { return Vec::new() };
    let case = |params| ReductionCase { spec: function.spec.clone(), factory, params };
    parameter_sets(&function.spec).into_iter().map(case).collect()
}

pub fn reduction_cases() -> Vec<ReductionCase> {
    functions().iter().flat_map(reduction_cases_of).collect()
}

/// The defaults, small and odd numbers of rows, and each choice and flag once.
fn parameter_sets(spec: &FunctionSpec) -> Vec<Params> {
    let mut sets = vec![Params::resolve(spec, []).expect("defaults are allowed")];
    let mut add = |set: Params| {
        if !sets.contains(&set) {
            sets.push(set);
        }
    };
    rows_of(spec).iter().for_each(|rows| add(drawn(spec, *rows, None)));
    for (place, parameter) in spec.parameters.iter().enumerate() {
        let words = match parameter.parameter_type {
            ParameterType::Choice => parameter.choices.len(),
            ParameterType::Bool => 2,
            ParameterType::Int | ParameterType::Float => 0,
        };
        (0..words).for_each(|word| add(drawn(spec, 5, Some((place, word as f64)))));
    }
    sets
}

/// Numbers of rows to try; parts are also tried around a word and a leaf, with many, and with more than there are.
fn rows_of(spec: &FunctionSpec) -> &'static [usize] {
    if spec.module() == "part" { &[1, 2, 63, 64, 65, 1000, 5000] } else { &[1, 2, 7, 40] }
}

/// Whether only tests know the function, which then needs no sources.
pub fn is_of_tests(spec: &FunctionSpec) -> bool {
    ["probe", "part"].contains(&spec.module())
}

/// Parameters for some number of rows, one of them perhaps chosen.
fn drawn(spec: &FunctionSpec, rows: usize, chosen: Option<(usize, f64)>) -> Params {
    let value = |(place, parameter): (usize, &Parameter)| match parameter.parameter_type {
        _ if chosen.is_some_and(|(chosen, _)| chosen == place) => chosen.unwrap_or_default().1,
        ParameterType::Int => within(parameter, (rows + 3 * place) as f64),
        ParameterType::Float => within(parameter, 0.25 / rows as f64),
        ParameterType::Bool => ((rows + place) % 2) as f64,
        ParameterType::Choice => ((rows + place) % parameter.choices.len()) as f64,
    };
    let mut values: Vec<f64> = spec.parameters.iter().enumerate().map(value).collect();
    for (place, parameter) in spec.parameters.iter().enumerate() {
        let other = parameter.less_than.as_ref();
        let other = other.and_then(|other| spec.parameters.iter().position(|one| &one.name == other));
        if let Some(other) = other.filter(|&other| values[place] >= values[other]) {
            values[place] = within(parameter, values[other] - 1.0);
            values[other] = values[other].max(values[place] + 1.0);
        }
    }
    Params::from_values(spec, values).unwrap_or_else(|error| panic!("{}: {error}", spec.name))
}

/// The nearest number that a parameter may be, or one well inside where its bounds are refused.
fn within(parameter: &Parameter, wanted: f64) -> f64 {
    let least = parameter.minimum.unwrap_or(f64::NEG_INFINITY);
    let most = parameter.maximum.unwrap_or(f64::INFINITY);
    if parameter.exclusive && !(least < wanted && wanted < most) {
        return least + (most - least) / 2.0;
    }
    wanted.clamp(least, most)
}

/// Columns as a spec asks for them, now and then without any movement.
pub fn columns(spec: &FunctionSpec, seed: u64, rows: usize) -> Vec<Vec<f64>> {
    data::columns(spec, seed, rows, 100)
}

/// Columns without missing rows.
pub fn chunks(columns: &[Vec<f64>]) -> Vec<Chunk<'_>> {
    columns.iter().map(|column| Chunk::dense(column)).collect()
}

/// Rows `from..to` of some columns.
pub fn slice<'a>(chunks: &[Chunk<'a>], from: usize, to: usize) -> Vec<Chunk<'a>> {
    chunks.iter().map(|chunk| chunk.slice(from, to)).collect()
}

/// One row of some columns.
pub fn row(chunks: &[Chunk<'_>], row: usize) -> Vec<f64> {
    chunks.iter().map(|chunk| chunk.get(row)).collect()
}

/// A function's answer, one column per output.
pub type Outputs = Vec<Vec<f64>>;

pub fn batch(stream: &mut dyn Stream, outputs: usize, inputs: &[Chunk<'_>]) -> Outputs {
    let rows = inputs[0].values.len();
    let mut answer = vec![vec![f64::INFINITY; rows]; outputs];
    let mut slices: Vec<&mut [f64]> = answer.iter_mut().map(Vec::as_mut_slice).collect();
    stream.batch(inputs, &mut slices).expect("clean rows are taken");
    answer
}

pub fn row_by_row(stream: &mut dyn Stream, outputs: usize, inputs: &[Chunk<'_>]) -> Outputs {
    let mut answer = vec![Vec::new(); outputs];
    let mut values = vec![0.0; outputs];
    for place in 0..inputs[0].values.len() {
        let there = stream.update(&row(inputs, place), &mut values).expect("clean rows are taken");
        assert_eq!(
            there,
            values.iter().any(|value| !value.is_nan()),
            "a row has values where one is not NaN"
        );
        for (column, value) in answer.iter_mut().zip(&values) {
            column.push(*value);
        }
    }
    answer
}

/// The values of a reduction, NaN where there are none.
pub fn values(accumulator: &dyn Accumulator) -> Vec<f64> {
    let mut output = vec![f64::INFINITY; accumulator.outputs()];
    let there = accumulator.value(&mut output).expect("memory");
    assert_eq!(there, output.iter().any(|value| !value.is_nan()), "there are values where one is not NaN");
    output
}

/// Whether two accumulators answer the same bits.
pub fn same_values(left: &dyn Accumulator, right: &dyn Accumulator) -> bool {
    all_same(&values(left), &values(right))
}

/// Fails unless all bits agree, any NaN being as good as another.
#[track_caller]
pub fn assert_same(left: &Outputs, right: &Outputs, label: &str) {
    assert_eq!(left.len(), right.len(), "{label}");
    for (left, right) in left.iter().zip(right) {
        assert_same_column(left, right, label);
    }
}

/// [`assert_same`] of one column.
#[track_caller]
pub fn assert_same_column(left: &[f64], right: &[f64], label: &str) {
    assert_eq!(left.len(), right.len(), "{label}");
    for (row, (left, right)) in left.iter().zip(right).enumerate() {
        assert!(same(*left, *right), "{label}: {left:e} and {right:e} in row {row}");
    }
}

/// Whether all bits agree, any NaN being as good as another.
pub fn same(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
}

/// Whether all numbers of two lists are [`same`].
pub fn all_same(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(*left, *right))
}

/// Whether two numbers agree relative to the larger.
pub fn close(left: f64, right: f64, tolerance: f64) -> bool {
    same(left, right) || (left - right).abs() <= tolerance * left.abs().max(right.abs())
}
