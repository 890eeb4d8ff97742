//! What callers choose, as Rust: parameters, policies and names.

use omega_contract::Error;
use omega_contract::params::{Given, Params, unknown_keyword};
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Nulls;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::errors::{Outcome, asked};
use crate::words::{has, kind, shown, tolerated, written};

/// A Python str; anything else is refused by `name`. A text that UTF-8 cannot write is the name of nothing.
pub fn text(value: &Bound<'_, PyAny>, name: &str) -> Outcome<String> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(written(text)),
        Err(_) => Err(Error::invalid_type(name, "a str", shown(value)).into()),
    }
}

/// The columns of groups that a caller named: one, or several in a list or tuple.
pub fn columns_of_groups(by: &Bound<'_, PyAny>) -> Outcome<Vec<String>> {
    if by.is_instance_of::<PyString>() {
        return Ok(vec![text(by, "by")?]);
    }
    let allowed = "the name of a column, or a list of such names";
    let refuse = || Error::invalid_type("by", allowed, shown(by));
    if !by.is_instance_of::<PyList>() && !by.is_instance_of::<PyTuple>() {
        return Err(refuse().into());
    }
    let mut names = Vec::new();
    for item in asked("by", by, by.try_iter())? {
        names.push(written(asked("by", by, item)?.cast::<PyString>().map_err(|_| refuse())?));
    }
    if names.is_empty() { Err(refuse().into()) } else { Ok(names) }
}

/// A Python bool; anything else is refused by `name`, and `None` is no.
pub fn flag(value: Option<&Bound<'_, PyAny>>, name: &str) -> Outcome<bool> {
    let Some(value) = value else { return Ok(false) };
    match value.cast::<PyBool>() {
        Ok(value) => Ok(value.is_true()),
        Err(_) => Err(Error::invalid_type(name, "True or False", shown(value)).into()),
    }
}

/// The policy for missing inputs that a caller named; `None` is the default.
pub fn nulls_of(value: Option<&Bound<'_, PyAny>>) -> Outcome<Nulls> {
    value.map_or(Ok(Nulls::Skip), |value| Ok(text(value, "nulls")?.parse()?))
}

/// What a call takes by name beside its inputs and parameters.
const OF_A_CALL: [&str; 4] = ["nulls", "by", "name", "strict_zero_copy"];

/// Refuses names that a call does not take, with the one that was probably meant.
pub fn refuse_unknown(spec: &FunctionSpec, parameters: &Bound<'_, PyAny>) -> Outcome<()> {
    let Ok(dict) = parameters.cast::<PyDict>() else { return Ok(()) };
    for name in dict.keys() {
        let name = text(&name, "the name of a parameter")?;
        if !spec.parameters.iter().any(|parameter| parameter.name == name) {
            let inputs = spec.inputs.iter().map(|input| input.name.as_str());
            let out = (spec.kind == Kind::Rowwise).then_some("out");
            let others: Vec<&str> = inputs.chain(OF_A_CALL).chain(out).collect();
            return Err(unknown_keyword(spec, &name, &others).into());
        }
    }
    Ok(())
}

/// Parameters from a mapping by name, or from a tuple in the order of the spec.
pub fn resolve(spec: &FunctionSpec, parameters: &Bound<'_, PyAny>) -> Outcome<Params> {
    if let Ok(tuple) = parameters.cast::<PyTuple>() {
        let given = spec.parameters.iter().zip(tuple.iter_borrowed());
        let given = given.map(|(parameter, value)| Ok((parameter.name.as_str(), given_value(&value)?)));
        return Ok(Params::resolve(spec, given.collect::<Outcome<Vec<_>>>()?)?);
    }
    let dict = parameters
        .cast::<PyDict>()
        .map_err(|_| Error::invalid_type("the parameters", "a dict or a tuple", shown(parameters)))?;
    let mut given = Vec::with_capacity(dict.len());
    for (name, value) in dict.iter() {
        given.push((text(&name, "the name of a parameter")?, given_value(&value)?));
    }
    Ok(Params::resolve(spec, given.iter().map(|(name, value)| (name.as_str(), value.clone())))?)
}

/// A caller's choice as it is checked against the spec, and as messages show it.
fn given_value(value: &Bound<'_, PyAny>) -> Outcome<Given> {
    let py = value.py();
    if value.is_instance_of::<PyBool>() {
        return Ok(Given::Bool(tolerated(py, value.is_truthy()).unwrap_or(false)));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        return Ok(Given::Float(float.value()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Given::Text(written(text)));
    }
    let other = || Given::Other(format!("{} ({})", shown(value), kind(value)));
    // Numbers of other libraries convert themselves; arrays of one number would too, and are refused.
    let converts = |method| has(value, method);
    if !converts(intern!(py, "__len__")) {
        if value.is_instance_of::<PyInt>() || converts(intern!(py, "__index__")) {
            return match value.extract() {
                Ok(int) => Ok(Given::Int(int)),
                Err(_) if value.is_instance_of::<PyInt>() => Ok(Given::HugeInt(shown(value))),
                Err(failure) => refused("a number", value, failure).map(|()| other()),
            };
        }
        if converts(intern!(py, "__float__")) {
            return match value.extract() {
                Ok(float) => Ok(Given::Float(float)),
                Err(failure) => refused("a number", value, failure).map(|()| other()),
            };
        }
    }
    Ok(other())
}

/// Whether an object only says that it is no number: an error of its type or value. Whatever else it raises is told.
pub fn refused(name: &str, value: &Bound<'_, PyAny>, failure: PyErr) -> Outcome<()> {
    let py = value.py();
    if failure.is_instance_of::<PyTypeError>(py)
        || failure.is_instance_of::<PyValueError>(py)
        || failure.is_instance_of::<PyOverflowError>(py)
    {
        return Ok(());
    }
    asked(name, value, Err(failure))
}
