//! Parameters, resolved once against a spec so that no kernel checks a range.

use crate::aliases::alias;
use crate::bounds::{SMALLEST_INPUT, shown as shown_number};
use crate::spec::{FunctionSpec, Parameter, ParameterType, Parameters, Value};
use crate::{Error, Result};

/// The greatest whole number that every `f64` around it can still tell apart.
const LARGEST_INT: f64 = 9_007_199_254_740_992.0;

/// A caller's choice for one parameter, before it is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A Python bool.
    Bool(bool),
    /// A Python int that fits in 64 bits.
    Int(i64),
    /// A Python int beyond that, as it is written.
    HugeInt(String),
    /// A Python float.
    Float(f64),
    /// A Python str.
    Text(String),
    /// Anything else, as it is shown in the message.
    Other(String),
}

/// Checked parameters, one `f64` each, in the order of the spec and asked for by name.
#[derive(Clone, Debug)]
pub struct Params {
    values: Vec<f64>,
    of: Parameters,
}

impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Params {
    /// The defaults of a spec with the caller's choices laid over them.
    ///
    /// # Errors
    /// `UNKNOWN_PARAMETER`, `INVALID_TYPE` or `PARAMETER_OUT_OF_RANGE`, naming the parameter.
    pub fn resolve<'a>(
        spec: &FunctionSpec,
        given: impl IntoIterator<Item = (&'a str, Given)>,
    ) -> Result<Self> {
        let mut values: Vec<f64> = spec.parameters.iter().map(default_value).collect();
        for (name, value) in given {
            let Some(index) = spec.parameters.iter().position(|p| p.name == name) else {
                return Err(unknown_parameter(spec, name));
            };
            values[index] = check(&spec.parameters[index], &value)?;
        }
        Self::from_values(spec, values)
    }

    /// Parameters that are numbers already, as in a snapshot, checked against the spec.
    ///
    /// # Errors
    /// `PARAMETER_OUT_OF_RANGE`, naming the parameter; `CONTRACT_MISMATCH` if their number is wrong.
    pub fn from_values(spec: &FunctionSpec, values: Vec<f64>) -> Result<Self> {
        if values.len() != spec.parameters.len() {
            let allowed = format!("{} parameters", spec.parameters.len());
            return Err(Error::contract_mismatch(&spec.name, allowed, values.len()));
        }
        for (parameter, &value) in spec.parameters.iter().zip(&values) {
            check_range(parameter, value)?;
        }
        for (parameter, &value) in spec.parameters.iter().zip(&values) {
            let Some(other) = &parameter.less_than else { continue };
            let limit = spec.parameters.iter().position(|p| &p.name == other).map(|i| values[i]);
            if limit.is_some_and(|limit| value >= limit) {
                let allowed = format!("less than {other}, which is {}", limit.unwrap_or_default());
                return Err(Error::parameter_out_of_range(&parameter.name, allowed, value));
            }
        }
        Ok(Self { values, of: spec.parameters.clone() })
    }

    /// All values, in the order of the spec.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of a [`ParameterType::Float`].
    ///
    /// # Panics
    /// If the spec has no parameter of this name and type, as do the others below: a mistake of the function's author,
    /// which a law finds.
    #[must_use]
    pub fn float(&self, name: &str) -> f64 {
        self.value(name, ParameterType::Float)
    }

    /// A [`ParameterType::Int`] as a number of rows.
    #[must_use]
    pub fn rows(&self, name: &str) -> usize {
        self.value(name, ParameterType::Int) as usize
    }

    /// A [`ParameterType::Int`] that is no number of rows.
    #[must_use]
    pub fn int(&self, name: &str) -> i64 {
        self.value(name, ParameterType::Int) as i64
    }

    /// The word that was chosen of a [`ParameterType::Choice`].
    #[must_use]
    pub fn choice(&self, name: &str) -> &str {
        let place = self.place(name);
        &self.of[place].choices[self.value(name, ParameterType::Choice) as usize]
    }

    /// The answer to a [`ParameterType::Bool`].
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.value(name, ParameterType::Bool) != 0.0
    }

    fn value(&self, name: &str, asked: ParameterType) -> f64 {
        let place = self.place(name);
        let there = self.of[place].parameter_type;
        assert!(there == asked, "`{name}` is {}, not {}", type_name(there), type_name(asked));
        self.values[place]
    }

    fn place(&self, name: &str) -> usize {
        let place = self.of.iter().position(|parameter| parameter.name == name);
        place.unwrap_or_else(|| panic!("there is no parameter `{name}`"))
    }
}

/// What a parameter's default is as a number.
fn default_value(parameter: &Parameter) -> f64 {
    match &parameter.default {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::Choice(word) => parameter.choices.iter().position(|c| c == word).unwrap_or(0) as f64,
    }
}

fn check(parameter: &Parameter, given: &Given) -> Result<f64> {
    let value = match (parameter.parameter_type, given) {
        // An int that a float would round is out of range, before it turns into one that is not.
        (ParameterType::Int | ParameterType::Float, Given::Int(value)) if *value as f64 as i64 != *value => {
            return Err(Error::parameter_out_of_range(&parameter.name, range(parameter), value));
        }
        (ParameterType::Int | ParameterType::Float, Given::HugeInt(value)) => {
            return Err(Error::parameter_out_of_range(&parameter.name, range(parameter), value));
        }
        (ParameterType::Int | ParameterType::Float, Given::Int(value)) => *value as f64,
        (ParameterType::Float, Given::Float(value)) => *value,
        (ParameterType::Bool, Given::Bool(value)) => f64::from(u8::from(*value)),
        (ParameterType::Choice, Given::Text(word)) => {
            match parameter.choices.iter().position(|choice| choice == word) {
                Some(index) => index as f64,
                None => return Err(Error::parameter_out_of_range(&parameter.name, range(parameter), word)),
            }
        }
        (_, given) => {
            return Err(Error::invalid_type(
                &parameter.name,
                type_name(parameter.parameter_type),
                shown(given),
            ));
        }
    };
    check_range(parameter, value)?;
    Ok(value)
}

fn check_range(parameter: &Parameter, value: f64) -> Result<()> {
    let above =
        parameter.minimum.is_none_or(|min| if parameter.exclusive { value > min } else { value >= min });
    let below =
        parameter.maximum.is_none_or(|max| if parameter.exclusive { value < max } else { value <= max });
    let whole = match parameter.parameter_type {
        ParameterType::Float => value.is_finite(),
        ParameterType::Int => value.fract() == 0.0 && value.abs() <= LARGEST_INT,
        ParameterType::Bool => value == 0.0 || value == 1.0,
        ParameterType::Choice => {
            value.fract() == 0.0 && value >= 0.0 && value < parameter.choices.len() as f64
        }
    };
    if above && below && whole {
        return check_magnitude(parameter, value);
    }
    Err(Error::parameter_out_of_range(&parameter.name, range(parameter), value))
}

/// As of values in columns: what is smaller was no decision of anybody's, and its square is nothing.
fn check_magnitude(parameter: &Parameter, value: f64) -> Result<()> {
    if value == 0.0 || value.abs() >= SMALLEST_INPUT {
        return Ok(());
    }
    let allowed = format!("{} and, but for 0, at least {SMALLEST_INPUT:e} in magnitude", range(parameter));
    Err(Error::parameter_out_of_range(&parameter.name, allowed, shown_number(value)))
}

/// What a parameter may be, in words: `at least 2 and at most 1000000`.
fn range(parameter: &Parameter) -> String {
    if !parameter.choices.is_empty() {
        return format!("one of {}", parameter.choices.join(", "));
    }
    let (least, most) = if parameter.exclusive { ("above", "below") } else { ("at least", "at most") };
    match (parameter.minimum, parameter.maximum) {
        (Some(min), Some(max)) => format!("{least} {min} and {most} {max}"),
        (Some(min), None) => format!("{least} {min}"),
        (None, Some(max)) => format!("{most} {max}"),
        (None, None) => "finite".into(),
    }
}

fn type_name(parameter_type: ParameterType) -> &'static str {
    match parameter_type {
        ParameterType::Int => "a whole number",
        ParameterType::Float => "a number",
        ParameterType::Bool => "True or False",
        ParameterType::Choice => "a word",
    }
}

/// A value of the wrong type as Python writes it, with the type where the value alone could pass for a right one.
fn shown(given: &Given) -> String {
    match given {
        Given::Bool(true) => "True".into(),
        Given::Bool(false) => "False".into(),
        Given::Int(value) => format!("{value} (int)"),
        Given::HugeInt(text) => format!("{text} (int)"),
        Given::Float(value) => format!("{value:?} (float)"),
        Given::Text(text) => format!("'{text}' (str)"),
        Given::Other(text) => text.clone(),
    }
}

fn unknown_parameter(spec: &FunctionSpec, name: &str) -> Error {
    unknown_keyword(spec, name, &[])
}

/// The refusal of a name that is no parameter of the function and none of the `others` that the call takes as well.
#[must_use]
pub fn unknown_keyword(spec: &FunctionSpec, name: &str, others: &[&str]) -> Error {
    let parameters = spec.parameters.iter().map(|parameter| parameter.name.as_str());
    let names: Vec<&str> = parameters.chain(others.iter().copied()).collect();
    let nearest = meant(name, &names).unwrap_or_default();
    let allowed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::unknown_parameter(&spec.name, name, nearest, allowed)
}

/// The candidate that `name` stands for: as it is called elsewhere, or else as it is probably spelt.
#[must_use]
pub fn meant<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    alias(name, candidates).or_else(|| near(name, candidates.iter().copied()))
}

/// The function that `name` was probably meant for, with its module or without.
pub fn near_function<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let short = |candidate: &'a str| candidate.split_once('.').map_or(candidate, |(_, short)| short);
    let by_short = || {
        let near = near(name, candidates.iter().map(|candidate| short(candidate)))?;
        candidates.iter().find(|candidate| short(candidate) == near).copied()
    };
    if name.contains('.') { near(name, candidates.iter().copied()) } else { by_short() }
}

/// The candidate that `name` was probably meant for, whatever the case of either; none where nothing is near.
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let folded = name.to_lowercase();
    let edits = |candidate: &str| strsim::damerau_levenshtein(&folded, &candidate.to_lowercase());
    let nearest = candidates.iter().copied().min_by_key(|candidate| edits(candidate))?;
    // One edit in a name of three letters, two in one of five, three in one of eight.
    let letters = folded.chars().count().max(nearest.chars().count());
    if edits(nearest) * 3 <= letters + 1 {
        return Some(nearest);
    }
    let is_start = |candidate: &&str| candidate.to_lowercase().starts_with(&folded);
    if folded.len() >= 3 { candidates.into_iter().find(is_start) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Kind;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("ta.cci", Kind::Rowwise, "bars", "A channel.")
            .rows("period", 20, 2, "Its window.")
            .choice("average", "sma", &["sma", "ema"], "What it is averaged by.")
            .flag("percent", false, "Whether it is in percent.")
    }

    #[test]
    fn parameters_are_read_by_name_in_their_own_type() {
        let defaults = Params::resolve(&spec(), []).unwrap();
        assert_eq!((defaults.rows("period"), defaults.choice("average")), (20, "sma"));
        assert!(!defaults.flag("percent"));
        let given = [("average", Given::Text("ema".into())), ("percent", Given::Bool(true))];
        let params = Params::resolve(&spec(), given).unwrap();
        assert_eq!((params.choice("average"), params.flag("percent")), ("ema", true));
        assert_eq!(Params::from_values(&spec(), params.values().to_vec()), Ok(params));
    }

    #[test]
    fn an_unknown_name_is_refused_with_ours_and_a_strange_one_without() {
        let said = |name: &str| unknown_parameter(&spec(), name).to_string();
        for (name, ours) in [("timeperiod", "period"), ("Length", "period"), ("perid", "period"), ("avg", "")]
        {
            let error = unknown_parameter(&spec(), name);
            assert_eq!(error.field("nearest"), Some(ours), "{name}");
        }
        assert_eq!(
            said("perid"),
            "ta.cci got an unexpected keyword argument 'perid'; the nearest is `period`; it takes period, average, percent"
        );
        assert_eq!(
            said("x"),
            "ta.cci got an unexpected keyword argument 'x'; it takes period, average, percent"
        );
    }

    #[test]
    fn functions_are_found_without_their_module_and_by_their_start() {
        let names = ["ta.rsi", "ta.obv", "risk.sharpe_ratio"];
        for (name, near) in [("RSI", "ta.rsi"), ("ta.rsii", "ta.rsi"), ("sharpe", "risk.sharpe_ratio")] {
            assert_eq!(near_function(name, names), Some(near));
        }
        assert_eq!(near_function("foo", names), None);
    }

    #[test]
    #[should_panic(expected = "there is no parameter `length`")]
    fn a_name_that_the_spec_does_not_have_panics() {
        let _ = Params::resolve(&spec(), []).unwrap().rows("length");
    }

    #[test]
    #[should_panic(expected = "`average` is a word, not a number")]
    fn a_parameter_of_another_type_panics() {
        let _ = Params::resolve(&spec(), []).unwrap().float("average");
    }
}
