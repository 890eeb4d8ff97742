//! What independent implementations answer on real data; see `tests/vectors/README.md`.

use std::path::PathBuf;

use omega_arrow::column::Chunk;
use omega_contract::params::{Given, Params};
use omega_contract::spec::{FunctionSpec, Input, ParameterType};
use omega_kernel::{Body, Function, Nulls};

use crate::support::{batch, close};

const TOLERANCE: f64 = 1e-9;

/// A vector file: parameters per case, and columns per case.
struct Vectors {
    cases: Vec<Params>,
    names: Vec<String>,
    columns: Vec<Vec<Vec<f64>>>,
}

fn read(spec: &FunctionSpec) -> Option<Vectors> {
    let (module, function) = spec.name.split_once('.')?;
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors");
    let text = std::fs::read_to_string(root.join(module).join(format!("{function}.csv"))).ok()?;
    let cases: Vec<Params> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# case "))
        .map(|case| parameters(spec, case.split_once(':').map_or("", |(_, settings)| settings)))
        .collect();
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().ok()?.iter().skip(1).map(str::to_owned).collect();
    let mut columns = vec![vec![Vec::new(); names.len()]; cases.len()];
    for record in reader.records() {
        let record = record.expect("a row of the vector file");
        let case: usize = record[0].parse().expect("the number of a case");
        for (column, cell) in columns[case].iter_mut().zip(record.iter().skip(1)) {
            column.push(if cell.is_empty() { f64::NAN } else { cell.parse().expect("a number") });
        }
    }
    Some(Vectors { cases, names, columns })
}

/// `period=30 deviations=2.0` as a spec resolves it.
fn parameters(spec: &FunctionSpec, settings: &str) -> Params {
    let given =
        settings.split_whitespace().filter_map(|setting| setting.split_once('=')).map(|(name, text)| {
            let whole = spec
                .parameters
                .iter()
                .any(|parameter| parameter.name == name && parameter.parameter_type == ParameterType::Int);
            let number =
                if whole { text.parse().map(Given::Int).ok() } else { text.parse().map(Given::Float).ok() };
            (name, number.expect("a number"))
        });
    Params::resolve(spec, given).expect("allowed parameters")
}

/// A function agrees with its own reference, and a metric over a window with that of the metric.
pub fn it_agrees_with_its_reference(function: &Function) {
    match function.spec.name.split_once(".rolling_") {
        Some((module, metric)) => {
            let metric = omega_catalog::find(&format!("{module}.{metric}")).expect("a metric");
            windows_agree(function, &metric.spec);
        }
        None => all_rows_agree(function),
    }
}

fn all_rows_agree(function: &Function) {
    let spec = &function.spec;
    let vectors = read(spec).unwrap_or_else(|| panic!("{} has no reference vectors", spec.name));
    for (params, columns) in vectors.cases.iter().zip(&vectors.columns) {
        let named = |name: &str| {
            let place = vectors.names.iter().position(|column| column == name);
            &columns[place.unwrap_or_else(|| panic!("{} has no column {name}", spec.name))]
        };
        let inputs: Vec<Chunk<'_>> =
            spec.inputs.iter().map(|input| Chunk::dense(named(&input.name))).collect();
        let factory = match function.body {
            Body::Rowwise(factory) => factory,
            Body::Reduction(factory) => factory.expanding(),
        };
        let answers = batch(factory.stream(params, Nulls::Skip).as_mut(), spec.outputs.len(), &inputs);
        for (output, answer) in spec.outputs.iter().zip(&answers) {
            for (row, (answer, expected)) in answer.iter().zip(named(&output.name)).enumerate() {
                assert!(
                    close(*answer, *expected, TOLERANCE),
                    "{} {:?}: {} is {answer:?} in row {row}, the reference {expected:?}",
                    spec.name,
                    params.values(),
                    output.name,
                );
            }
        }
    }
}

/// Where a window is full for the first time it holds the rows that the reference has seen.
fn windows_agree(function: &Function, metric: &FunctionSpec) {
    let Body::Rowwise(factory) = function.body else { panic!("{} answers row by row", function.spec.name) };
    let vectors = read(metric).expect("the reference vectors of the metric");
    let place = |name: &str| vectors.names.iter().position(|column| column == name).expect("a column");
    for (params, columns) in vectors.cases.iter().zip(&vectors.columns) {
        let input = |input: &Input| Chunk::dense(&columns[place(&input.name)]);
        let inputs: Vec<Chunk<'_>> = metric.inputs.iter().map(input).collect();
        for window in [2, 5, 16, 60, 399] {
            let values = [params.values(), &[window as f64]].concat();
            let params = Params::from_values(&function.spec, values).expect("they are allowed");
            let mut stream = factory.stream(&params, Nulls::Skip);
            let answers = batch(stream.as_mut(), function.spec.outputs.len(), &inputs);
            for (output, answer) in metric.outputs.iter().zip(answers) {
                let (answer, expected) = (answer[window - 1], columns[place(&output.name)][window - 1]);
                assert!(
                    close(answer, expected, TOLERANCE),
                    "{} of {window} rows: {answer:?}, not {expected:?}",
                    function.spec.name
                );
            }
        }
    }
}
