//! What there is to know about a function, as data.
//!
//! Rust modules build a [`FunctionSpec`] with the methods below; Julia publishes the same shape as JSON.
//! Python validates both as `omega.shared.protocols.FunctionSpec`.

use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tables::Field;
pub use crate::unit::{Powers, Shift, Unit};

/// How a function relates rows in to rows out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As many rows out as in; can run per bar and grouped by symbol.
    Rowwise,
    /// One row per group; its incremental state can be merged.
    Reduction,
    /// A fitted model, with outputs of their own shapes.
    Model,
    /// A seeded simulation, with outputs of their own shapes.
    Simulation,
}

/// What a state remembers, which decides what `nulls="propagate"` means for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Memory {
    /// A fixed number of rows, or rows whose weight fades: clean again once warmed up anew.
    Fading,
    /// All rows for ever, as a running total does: never clean again after a missing row.
    Cumulative,
    /// All rows of the session: clean again once another one has begun that lacks no row.
    Session,
    /// A whole data set at once; there is no state to carry from row to row.
    Whole,
}

/// The language that a function is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// In this library.
    Rust,
    /// In the package `OmegaJulia`, entered through the Julia host.
    Julia,
}

/// What a parameter may be. Every kind travels to a kernel as one `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// A whole number, at most 2^53.
    Int,
    /// A finite number.
    Float,
    /// True or false; 1 or 0 for the kernel.
    Bool,
    /// One of `choices`; its index for the kernel.
    Choice,
}

/// The default of a parameter, in the type that Python shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// For [`ParameterType::Bool`].
    Bool(bool),
    /// For [`ParameterType::Int`].
    Int(i64),
    /// For [`ParameterType::Float`].
    Float(f64),
    /// For [`ParameterType::Choice`].
    Choice(String),
}

/// What an input stands for, and the column of the data that it is when the caller names no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Source {
    /// Any series makes sense: another column, or the answer of another function.
    Series {
        /// The column of the table that it is by default; `None` for one that no table has.
        column: Option<String>,
    },
    /// One column of the table and no other, as the highest price of a bar; data may call it something else.
    Column {
        /// Its name in the table.
        column: String,
    },
    /// A number of rows for each row, as a parameter that is a column: any series, of which a kernel takes the whole part, and
    /// the nearest bound where that lies beyond them.
    Count {
        /// The column that it is by default; `None` for the one of its own name.
        column: Option<String>,
        /// The parameter that is the least number.
        minimum: String,
        /// The parameter that is the greatest.
        maximum: String,
    },
}

/// One column that a function reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its keyword.
    pub name: String,
    /// Its Arrow type: `float64`, or `timestamp[us, UTC]`, which a kernel gets as microseconds since 1970.
    #[serde(rename = "type")]
    pub data_type: String,
    /// What it is, in a few words.
    pub summary: String,
    /// What it stands for.
    #[serde(flatten)]
    pub source: Source,
    /// Whether it is any number of columns, each with a name of its own, such as one for each asset.
    pub many: bool,
}

impl Input {
    /// The column of the data that is read when the caller names no other.
    #[must_use]
    pub fn column(&self) -> &str {
        match &self.source {
            Source::Series { column: Some(column) }
            | Source::Count { column: Some(column), .. }
            | Source::Column { column } => column,
            Source::Series { column: None } | Source::Count { column: None, .. } => &self.name,
        }
    }

    /// Reads a column that goes by another name.
    pub fn rename(&mut self, column: &str) {
        self.name = column.into();
        match &mut self.source {
            Source::Series { column: own } | Source::Count { column: own, .. } => *own = Some(column.into()),
            Source::Column { column: own } => *own = column.into(),
        }
    }

    /// Whether any series may take its place, such as the answer of another function.
    #[must_use]
    pub fn is_series(&self) -> bool {
        matches!(self.source, Source::Series { .. } | Source::Count { .. })
    }

    /// Whether it is a number of rows for each row.
    #[must_use]
    pub fn is_count(&self) -> bool {
        matches!(self.source, Source::Count { .. })
    }

    /// Whether it is the time of each row.
    #[must_use]
    pub fn is_time(&self) -> bool {
        self.data_type.starts_with("timestamp")
    }

    /// An input that is a column of a table, by default or always.
    fn of(field: &Field, source: Source) -> Self {
        Self {
            name: field.name.into(),
            data_type: field.type_name.into(),
            summary: field.summary.into(),
            source,
            many: false,
        }
    }
}

/// One number that a caller may choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its keyword.
    pub name: String,
    /// What it may be.
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    /// What it is when the caller says nothing.
    pub default: Value,
    /// The least allowed value, included.
    pub minimum: Option<f64>,
    /// The greatest allowed value, included.
    pub maximum: Option<f64>,
    /// Whether `minimum` and `maximum` themselves are refused.
    pub exclusive: bool,
    /// Another parameter that this one must stay below.
    pub less_than: Option<String>,
    /// The allowed words of a [`ParameterType::Choice`]; empty otherwise.
    pub choices: Vec<String>,
    /// What it is counted in.
    pub unit: Unit,
    /// What it does, in a sentence.
    pub summary: String,
}

impl Parameter {
    /// A parameter without bounds, choices or unit.
    fn new(name: &str, parameter_type: ParameterType, default: Value, summary: &str) -> Self {
        Self {
            name: name.into(),
            parameter_type,
            default,
            minimum: None,
            maximum: None,
            exclusive: false,
            less_than: None,
            choices: Vec::new(),
            unit: Unit::Number,
            summary: summary.into(),
        }
    }
}

/// The parameters of a function: a list that checked values of them share, so that they know their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Arc<Vec<Parameter>>);

impl Deref for Parameters {
    type Target = [Parameter];

    fn deref(&self) -> &[Parameter] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Parameters {
    type Item = &'a Parameter;
    type IntoIter = slice::Iter<'a, Parameter>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(Vec::deserialize(deserializer)?)))
    }
}

/// Where an output of a model stands in the summary of a fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What the model estimates.
    Estimate,
    /// The standard error of an estimate.
    StandardError,
    /// The lower end of an estimate's interval.
    Lower,
    /// The upper end of an estimate's interval.
    Upper,
    /// A number about the fit as a whole, such as its likelihood or a count.
    Fit,
    /// A number about the search that found the fit.
    Search,
}

/// One column, number or table that a function returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name in the answer.
    pub name: String,
    /// Its Arrow type: `float64`, or `int64` or `bool`, which a kernel writes as float64.
    #[serde(rename = "type")]
    pub data_type: String,
    /// What its values run along: none for one number, `["row"]` for a column as long as the input, `["horizon"]` for a
    /// column as long as the parameter `horizon` says, `["row", "asset"]` for a table with a column for each column of
    /// the input of many.
    pub axes: Vec<String>,
    /// What it is counted in, and with that, how it scales and moves with the data.
    pub unit: Unit,
    /// Whether it may be missing after the warm-up by its nature, as a ratio to nothing or the logarithm of a loss.
    #[serde(default)]
    pub undefined: bool,
    /// Where it stands in the summary of a fit; none for what no summary shows, such as a value per row.
    #[serde(default)]
    pub role: Option<Role>,
    /// The estimate whose error or bound it is.
    #[serde(default)]
    pub of: Option<String>,
    /// What it is, in a sentence.
    pub summary: String,
}

/// Everything there is to know about a function without calling it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionSpec {
    /// `module.function`, as in `ta.rsi`.
    pub name: String,
    /// What it is kept with among many of its module, as in `momentum`; empty where a module has no groups.
    #[serde(default)]
    pub group: String,
    /// The language it is written in.
    pub language: Language,
    /// Its semantic version: the major rises when the numbers change, and snapshots of another major are refused.
    pub version: String,
    /// How rows in relate to rows out.
    pub kind: Kind,
    /// What its state remembers.
    pub memory: Memory,
    /// Whether every row that an answer is made of is kept, as quantiles need them, and not a summary of them: memory and
    /// snapshots then grow with the rows.
    #[serde(default)]
    pub keeps_rows: bool,
    /// What comes back, in one sentence.
    pub summary: String,
    /// Conventions, edge cases and formula, in as many sentences as they need.
    pub description: String,
    /// Papers, books and reference implementations.
    pub references: Vec<String>,
    /// The table schema that holds the inputs.
    pub table: String,
    /// The columns it reads, in the order a kernel takes them.
    pub inputs: Vec<Input>,
    /// The numbers a caller may choose, in the order a kernel takes them.
    pub parameters: Parameters,
    /// What it returns, in order.
    pub outputs: Vec<Output>,
    /// Which rows have no value yet, as a sentence for the reader; empty where all have one. The number is the kernel's to say.
    pub warm_up: String,
    /// Codes that this function may raise beyond those of the door.
    pub errors: Vec<String>,
}

impl FunctionSpec {
    /// A Rust function with one sentence to say what comes back.
    #[must_use]
    pub fn new(name: &str, kind: Kind, table: &str, summary: &str) -> Self {
        let memory = if kind == Kind::Rowwise { Memory::Fading } else { Memory::Whole };
        Self {
            name: name.into(),
            group: String::new(),
            language: Language::Rust,
            version: "1.0.0".into(),
            kind,
            memory,
            keeps_rows: false,
            summary: summary.into(),
            description: String::new(),
            references: Vec::new(),
            table: table.into(),
            inputs: Vec::new(),
            parameters: Parameters::default(),
            outputs: Vec::new(),
            warm_up: String::new(),
            errors: Vec::new(),
        }
    }

    /// Its version, where it is no longer the first.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.version = version.into();
        self
    }

    /// Conventions, edge cases and formula.
    #[must_use]
    pub fn describe(mut self, description: &str) -> Self {
        self.description = description.into();
        self
    }

    /// A paper, book or reference implementation.
    #[must_use]
    pub fn reference(mut self, reference: &str) -> Self {
        self.references.push(reference.into());
        self
    }

    /// A column of the table that nothing else can stand for: `.reads(bars::HIGH)`.
    #[must_use]
    pub fn reads(mut self, field: Field) -> Self {
        self.inputs.push(Input::of(&field, Source::Column { column: field.name.into() }));
        self
    }

    /// Any series; a column of the table where the caller names no other: `.series(bars::CLOSE)`.
    #[must_use]
    pub fn series(mut self, field: Field) -> Self {
        self.inputs.push(Input::of(&field, Source::Series { column: Some(field.name.into()) }));
        self
    }

    /// Any series of float64, which no table has.
    #[must_use]
    pub fn input(mut self, name: &str, summary: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            data_type: "float64".into(),
            summary: summary.into(),
            source: Source::Series { column: None },
            many: false,
        });
        self
    }

    /// A parameter as a column: a number of rows for each row, between two of the parameters.
    #[must_use]
    pub fn count(mut self, name: &str, minimum: &str, maximum: &str, summary: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            data_type: "float64".into(),
            summary: summary.into(),
            source: Source::Count { column: None, minimum: minimum.into(), maximum: maximum.into() },
            many: false,
        });
        self
    }

    /// A number of rows, from `minimum` to 1,000,000.
    #[must_use]
    pub fn rows(self, name: &str, default: i64, minimum: i64, summary: &str) -> Self {
        self.int(name, default, minimum, 1_000_000, Unit::Rows, summary)
    }

    /// A whole number from `minimum` to `maximum`, both allowed.
    #[must_use]
    pub fn int(
        self,
        name: &str,
        default: i64,
        minimum: i64,
        maximum: i64,
        unit: Unit,
        summary: &str,
    ) -> Self {
        self.parameter(Parameter {
            minimum: Some(minimum as f64),
            maximum: Some(maximum as f64),
            unit,
            ..Parameter::new(name, ParameterType::Int, Value::Int(default), summary)
        })
    }

    /// A finite number from `minimum` to `maximum`, both allowed.
    #[must_use]
    pub fn float(
        self,
        name: &str,
        default: f64,
        minimum: f64,
        maximum: f64,
        unit: Unit,
        summary: &str,
    ) -> Self {
        self.parameter(Parameter {
            minimum: Some(minimum),
            maximum: Some(maximum),
            unit,
            ..Parameter::new(name, ParameterType::Float, Value::Float(default), summary)
        })
    }

    /// One of a few words.
    #[must_use]
    pub fn choice(self, name: &str, default: &str, choices: &[&str], summary: &str) -> Self {
        self.parameter(Parameter {
            choices: choices.iter().map(|&word| word.into()).collect(),
            ..Parameter::new(name, ParameterType::Choice, Value::Choice(default.into()), summary)
        })
    }

    /// True or false.
    #[must_use]
    pub fn flag(self, name: &str, default: bool, summary: &str) -> Self {
        self.parameter(Parameter::new(name, ParameterType::Bool, Value::Bool(default), summary))
    }

    /// Any parameter.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.listed().push(parameter);
        self
    }

    fn listed(&mut self) -> &mut Vec<Parameter> {
        Arc::make_mut(&mut self.parameters.0)
    }

    /// Keeps the last parameter below another one.
    #[must_use]
    pub fn less_than(mut self, other: &str) -> Self {
        if let Some(parameter) = self.listed().last_mut() {
            parameter.less_than = Some(other.into());
        }
        self
    }

    /// Refuses the bounds of the last parameter themselves.
    #[must_use]
    pub fn exclusive(mut self) -> Self {
        if let Some(parameter) = self.listed().last_mut() {
            parameter.exclusive = true;
        }
        self
    }

    /// A float64 output: a column for a rowwise function, one number per group for a reduction.
    #[must_use]
    pub fn output(mut self, name: &str, unit: Unit, summary: &str) -> Self {
        let axes = if self.kind == Kind::Rowwise { vec!["row".into()] } else { Vec::new() };
        self.outputs.push(Output {
            name: name.into(),
            data_type: "float64".into(),
            axes,
            unit,
            undefined: false,
            role: None,
            of: None,
            summary: summary.into(),
        });
        self
    }

    /// Lets the last output be missing after the warm-up, by its nature.
    #[must_use]
    pub fn undefined(mut self) -> Self {
        if let Some(output) = self.outputs.last_mut() {
            output.undefined = true;
        }
        self
    }

    /// Says that the last output holds whole numbers, which leave as int64.
    #[must_use]
    pub fn whole(self) -> Self {
        self.last_output("int64")
    }

    /// Says that the last output is 1 where something is true and 0 where it is not, which leave as bool.
    #[must_use]
    pub fn truth(self) -> Self {
        self.last_output("bool")
    }

    fn last_output(mut self, data_type: &str) -> Self {
        if let Some(output) = self.outputs.last_mut() {
            output.data_type = data_type.into();
        }
        self
    }

    /// Which rows have no value yet, as a sentence.
    #[must_use]
    pub fn warm_up(mut self, sentence: &str) -> Self {
        self.warm_up = sentence.into();
        self
    }

    /// The part of the name before the dot.
    #[must_use]
    pub fn module(&self) -> &str {
        self.name.split_once('.').map_or("", |(module, _)| module)
    }
}
