//! What independent implementations answer on real data; see `tests/vectors/README.md`.

use std::collections::HashMap;
use std::path::PathBuf;

use omega_arrow::column::Chunk;
use omega_contract::params::{Given, Params};
use omega_contract::spec::{FunctionSpec, ParameterType};
use omega_kernel::{Body, Function, Nulls};

use crate::support::{Outputs, batch, close};

type Columns = HashMap<String, Vec<f64>>;

/// A vector file: how each output agrees, the columns of each case, and rows with a number per output.
struct Vectors {
    tolerances: HashMap<String, f64>,
    renamed: HashMap<String, String>,
    cases: Vec<Case>,
    outputs: Vec<String>,
    rows: Vec<Row>,
}

struct Case {
    data: String,
    rows: usize,
    params: Params,
}

struct Row {
    case: usize,
    row: usize,
    values: Vec<f64>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors")
}

/// The text of a file below `tests/vectors`.
fn text(path: &str) -> Result<String, String> {
    std::fs::read_to_string(folder().join(path)).map_err(|error| format!("tests/vectors/{path}: {error}"))
}

/// A table of numbers; an empty cell is a missing value.
fn table(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let names = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let number = |cell: &str| if cell.is_empty() { f64::NAN } else { cell.parse().expect("a number") };
    let rows = reader.records().map(|row| row.expect("a row").iter().map(number).collect());
    (names, rows.collect())
}

/// The input rows of a file of data.
fn data(name: &str) -> Result<Columns, String> {
    let (names, rows) = table(&text(&format!("data/{name}.csv"))?);
    let column = |place: usize| rows.iter().map(|row: &Vec<f64>| row[place]).collect();
    Ok(names.into_iter().enumerate().map(|(place, name)| (name, column(place))).collect())
}

fn read(spec: &FunctionSpec) -> Result<Vectors, String> {
    let path = format!("{}.csv", spec.name.replace('.', "/"));
    let text = text(&path).map_err(|error| {
        format!("{}: {error}; make it by `python -m tools.make_vectors --only {}`", spec.name, spec.name)
    })?;
    let (names, rows) = table(&text);
    let comments = |word: &str| -> Vec<String> {
        let start = format!("# {word}: ");
        text.lines().filter_map(|line| line.strip_prefix(&start)).map(str::to_owned).collect()
    };
    let tolerances = comments("compare").iter().map(|line| tolerance(line)).collect();
    let renamed = comments("column").into_iter().filter_map(|line| {
        let (input, column) = line.split_once(" is ")?;
        Some((input.to_owned(), column.to_owned()))
    });
    let cases = text.lines().filter_map(|line| line.strip_prefix("# case ")).map(|line| case(spec, line));
    let row = |cells: Vec<f64>| Row {
        case: cells[0] as usize,
        row: cells[1] as usize,
        values: cells[2..].to_vec(),
    };
    Ok(Vectors {
        tolerances,
        renamed: renamed.collect(),
        cases: cases.collect(),
        outputs: names[2..].to_vec(),
        rows: rows.into_iter().map(row).collect(),
    })
}

/// `sma within 1e-09`: the output and by how much it may differ.
fn tolerance(line: &str) -> (String, f64) {
    let words: Vec<&str> = line.split_whitespace().collect();
    assert!(words.len() == 3 && words[1] == "within", "`{line}` is no comparison of rows");
    (words[0].to_owned(), words[2].parse().expect("a tolerance"))
}

/// `0: bars_SPX[:400] period=30` as a spec resolves it.
fn case(spec: &FunctionSpec, line: &str) -> Case {
    let mut words = line.split_whitespace().skip(1);
    let (data, rows) = words
        .next()
        .and_then(|word| word.strip_suffix(']'))
        .and_then(|word| word.split_once("[:"))
        .expect("the data of a case");
    let given = words.map(|setting| {
        let (name, text) = setting.split_once('=').expect("a parameter of a case");
        let parameter = spec.parameters.iter().find(|parameter| parameter.name == name);
        let parameter = parameter.unwrap_or_else(|| panic!("{} has no parameter {name}", spec.name));
        let value = match parameter.parameter_type {
            ParameterType::Int => Given::Int(text.parse().expect("a whole number")),
            ParameterType::Float => Given::Float(text.parse().expect("a number")),
            ParameterType::Bool => Given::Bool(text == "True"),
            ParameterType::Choice => Given::Text(text.to_owned()),
        };
        (name, value)
    });
    Case {
        data: data.to_owned(),
        rows: rows.parse().expect("a number of rows"),
        params: Params::resolve(spec, given).expect("allowed parameters"),
    }
}

/// What a function answers: of a metric, in each row, that of all rows so far.
fn answer(function: &Function, params: &Params, inputs: &[Chunk<'_>]) -> Outputs {
    let factory = match function.body {
        Body::Rowwise(factory) => factory,
        Body::Reduction(factory) => factory.expanding(),
    };
    batch(factory.stream(params, Nulls::Skip).as_mut(), function.spec.outputs.len(), inputs)
}

/// Every disagreement of a function with its vectors, the first of each case and output.
fn disagreements(function: &Function) -> Vec<String> {
    let vectors = match read(&function.spec) {
        Ok(vectors) => vectors,
        Err(missing) => return vec![missing],
    };
    let spec = &function.spec;
    let mut found = Vec::new();
    for (number, case) in vectors.cases.iter().enumerate() {
        let columns = match data(&case.data) {
            Ok(columns) => columns,
            Err(missing) => return vec![missing],
        };
        let column = |input: &str| {
            let name = vectors.renamed.get(input).map_or(input, String::as_str);
            let column = columns.get(name);
            &column.unwrap_or_else(|| panic!("{}: {} has no column {name}", spec.name, case.data))
                [..case.rows]
        };
        let inputs: Vec<Chunk<'_>> =
            spec.inputs.iter().map(|input| Chunk::dense(column(&input.name))).collect();
        let answers = answer(function, &case.params, &inputs);
        for (output, answers) in spec.outputs.iter().zip(&answers) {
            let Some(place) = vectors.outputs.iter().position(|name| *name == output.name) else {
                found.push(format!("{}: its vectors have no column {}", spec.name, output.name));
                continue;
            };
            let tolerance = vectors.tolerances[&output.name];
            let expected = vectors.rows.iter().filter(|row| row.case == number);
            let wrong = expected.clone().find(|row| !close(answers[row.row], row.values[place], tolerance));
            if expected.count() == 0 {
                found.push(format!("{}: its vectors have no rows of case {number}", spec.name));
            }
            if let Some(row) = wrong {
                found.push(format!(
                    "{} {:?}: {} is {:?} in row {}, the reference {:?}",
                    spec.name,
                    case.params.values(),
                    output.name,
                    answers[row.row],
                    row.row,
                    row.values[place],
                ));
            }
        }
    }
    found
}

/// A function agrees with what an independent implementation answers.
pub fn it_agrees_with_its_reference(function: &Function) {
    let wrong = disagreements(function);
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
}
