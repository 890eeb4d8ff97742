//! Functions, parameters and data to try.

use std::collections::HashMap;

use omega_arrow::column::Chunk;
use omega_contract::params::{Given, Params};
use omega_contract::spec::{FunctionSpec, Kind, Memory, ParameterType};
use omega_kernel::{Accumulator, Body, Function, Nulls, ReductionFactory, RowwiseFactory, Stream};

/// Every function of this workspace that computes without panicking.
pub fn functions() -> Vec<Function> {
    let hidden = omega_catalog::hidden().iter().filter(|function| function.spec.name != "probe.panic");
    hidden.chain(omega_catalog::all()).cloned().collect()
}

/// A rowwise function under some parameters.
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

    pub fn label(&self) -> String {
        format!("{} {:?}", self.spec.name, self.params.values())
    }

    /// Whether its answer depends on the rows alone, to the last bit: extremes and quantiles do.
    pub fn is_exact(&self) -> bool {
        self.spec.name.ends_with("value_at_risk") || self.spec.name == "probe.extent"
    }
}

/// Every rowwise function, and every metric as one that answers for all rows so far.
pub fn rowwise_cases() -> Vec<RowwiseCase> {
    let mut cases = Vec::new();
    for function in functions() {
        let (spec, factory) = match function.body {
            Body::Rowwise(factory) => (function.spec, factory),
            Body::Reduction(factory) => (expanding_spec(&function.spec), factory.expanding()),
        };
        for params in parameter_sets(&spec) {
            cases.push(RowwiseCase { spec: spec.clone(), factory, params });
        }
    }
    cases
}

/// The spec of a metric that answers after each row, for all rows so far.
fn expanding_spec(metric: &FunctionSpec) -> FunctionSpec {
    let mut spec = FunctionSpec { kind: Kind::Rowwise, memory: Memory::Cumulative, ..metric.clone() };
    spec.outputs.iter_mut().for_each(|output| output.axes = vec!["row".into()]);
    spec
}

/// The metric that a rowwise function answers for, and how many of the last rows it answers for.
pub fn metric_of(case: &RowwiseCase) -> Option<(ReductionCase, usize)> {
    let name = case.spec.name.replace(".rolling_", ".");
    let Function { spec, body: Body::Reduction(factory) } =
        functions().into_iter().find(|function| function.spec.name == name)?
    else {
        return None;
    };
    let values = case.params.values()[..spec.parameters.len()].to_vec();
    let params = Params::from_values(&spec, values).expect("they are allowed");
    let window = if name == case.spec.name { usize::MAX } else { case.params.rows("window") };
    Some((ReductionCase { spec, factory, params }, window))
}

/// What the metric of a rowwise function answers for the window that ends in a row: the rest of its law.
pub fn over_window(metric: &ReductionCase, inputs: &[Chunk<'_>], window: usize, row: usize) -> Vec<f64> {
    let mut accumulator = metric.accumulator(Nulls::Raise);
    accumulator
        .update(&slice(inputs, (row + 1).saturating_sub(window), row + 1))
        .expect("clean rows are taken");
    values(accumulator.as_ref())
}

pub fn reduction_cases() -> Vec<ReductionCase> {
    let mut cases = Vec::new();
    for function in functions() {
        let Body::Reduction(factory) = function.body else { continue };
        for params in parameter_sets(&function.spec) {
            cases.push(ReductionCase { spec: function.spec.clone(), factory, params });
        }
    }
    cases
}

/// The defaults, and small and odd numbers of rows.
fn parameter_sets(spec: &FunctionSpec) -> Vec<Params> {
    let mut sets = vec![Params::resolve(spec, []).expect("defaults are allowed")];
    for rows in [1, 2, 7, 40] {
        let given = spec.parameters.iter().enumerate().map(|(place, parameter)| {
            let value = match parameter.parameter_type {
                ParameterType::Int => Given::Int(rows + 3 * place as i64),
                _ => Given::Float(0.25 / rows as f64),
            };
            (parameter.name.as_str(), value)
        });
        sets.extend(Params::resolve(spec, given).ok().filter(|set| !sets.contains(set)));
    }
    sets
}

/// Random numbers that are the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn uniform(&mut self) -> f64 {
        (self.integer() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.integer() % limit as u64) as usize
    }

    /// Roughly normal.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Columns as a spec asks for them: bars of a random walk, or returns; some of them without any movement.
pub fn columns(spec: &FunctionSpec, seed: u64, rows: usize) -> Vec<Vec<f64>> {
    let mut random = Random(seed);
    let mut bars: HashMap<&str, Vec<f64>> = HashMap::new();
    let mut close = 100.0_f64;
    let mut flat = 0;
    for _ in 0..rows {
        if flat == 0 && random.below(100) == 0 {
            flat = random.below(60);
        }
        let moves = if flat > 0 { 0.0 } else { 1.0 };
        flat = flat.saturating_sub(1);
        let change = moves * 0.01 * random.normal();
        let previous = close;
        close *= 1.0 + change;
        let (top, bottom) = (close.max(previous), close.min(previous));
        let mut push = |name, value| bars.entry(name).or_default().push(value);
        push("close", close);
        push("high", top * (1.0 + moves * 0.005 * random.uniform()));
        push("low", bottom * (1.0 - moves * 0.005 * random.uniform()));
        push("volume", (1e6 * random.uniform()).round());
        push("returns", change);
        push("benchmark", moves * (change + 0.005 * random.normal()));
        push("value", change);
    }
    spec.inputs.iter().map(|input| bars.remove(input.name.as_str()).unwrap_or_default()).collect()
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
        assert!(there || values.iter().all(|value| value.is_nan()), "no value is NaN");
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
    assert!(there || output.iter().all(|value| value.is_nan()), "no value is NaN");
    output
}

/// The first value of a reduction, NaN where there is none.
pub fn value(accumulator: &dyn Accumulator) -> f64 {
    values(accumulator)[0]
}

/// Whether two accumulators answer the same bits.
pub fn same_values(left: &dyn Accumulator, right: &dyn Accumulator) -> bool {
    values(left).iter().zip(values(right)).all(|(left, right)| same(*left, right))
}

/// The same numbers in every column that a function reads.
pub fn alike<'a>(spec: &FunctionSpec, data: &'a [f64]) -> Vec<Chunk<'a>> {
    vec![Chunk::dense(data); spec.inputs.len()]
}

/// Fails unless all bits agree, any NaN being as good as another.
#[track_caller]
pub fn assert_same(left: &Outputs, right: &Outputs, label: &str) {
    assert_eq!(left.len(), right.len(), "{label}");
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left.len(), right.len(), "{label}");
        for (row, (left, right)) in left.iter().zip(right).enumerate() {
            assert!(same(*left, *right), "{label}: {left:e} and {right:e} in row {row}");
        }
    }
}

/// Whether all bits agree, any NaN being as good as another.
pub fn same(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
}

/// Whether two numbers agree relative to the larger.
pub fn close(left: f64, right: f64, tolerance: f64) -> bool {
    same(left, right) || (left - right).abs() <= tolerance * left.abs().max(right.abs())
}
