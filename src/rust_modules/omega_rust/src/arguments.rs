//! What callers choose, as Rust: parameters, policies and names.

use omega_contract::Error;
use omega_contract::params::{Given, Params};
use omega_contract::spec::FunctionSpec;
use omega_kernel::Nulls;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyTuple};

use crate::errors::Outcome;

/// A Python str; anything else is refused by `name`.
pub fn text(value: &Bound<'_, PyAny>, name: &str) -> Outcome<String> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_string_lossy().into_owned()),
        Err(_) => Err(Error::invalid_type(name, "a str", value.repr()?).into()),
    }
}

/// A Python bool; anything else is refused by `name`, and `None` is no.
pub fn flag(value: Option<&Bound<'_, PyAny>>, name: &str) -> Outcome<bool> {
    let Some(value) = value else { return Ok(false) };
    match value.cast::<PyBool>() {
        Ok(value) => Ok(value.is_true()),
        Err(_) => Err(Error::invalid_type(name, "True or False", value.repr()?).into()),
    }
}

/// The policy for missing inputs that a caller named; `None` is the default.
pub fn nulls_of(value: Option<&Bound<'_, PyAny>>) -> Outcome<Nulls> {
    value.map_or(Ok(Nulls::Skip), |value| Ok(text(value, "nulls")?.parse()?))
}

/// Parameters from a mapping by name, or from a tuple in the order of the spec.
pub fn resolve(spec: &FunctionSpec, parameters: &Bound<'_, PyAny>) -> Outcome<Params> {
    if let Ok(tuple) = parameters.cast::<PyTuple>() {
        let given = spec.parameters.iter().zip(tuple.iter_borrowed());
        return Ok(Params::resolve(
            spec,
            given.map(|(parameter, value)| (parameter.name.as_str(), given_value(&value))),
        )?);
    }
    let dict = parameters.cast::<PyDict>().map_err(PyErr::from)?;
    let mut given = Vec::with_capacity(dict.len());
    for (name, value) in dict.iter() {
        given.push((name.extract::<String>()?, given_value(&value)));
    }
    Ok(Params::resolve(spec, given.iter().map(|(name, value)| (name.as_str(), value.clone())))?)
}

fn given_value(value: &Bound<'_, PyAny>) -> Given {
    let py = value.py();
    if value.is_instance_of::<PyBool>() {
        return Given::Bool(value.is_truthy().unwrap_or(false));
    }
    if let Ok(float) = value.cast::<PyFloat>() {
        return Given::Float(float.value());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Given::Text(text.to_string_lossy().into_owned());
    }
    // Numbers of other libraries convert themselves; arrays of one number would too, and are refused.
    let converts = |method| value.hasattr(method).unwrap_or(false);
    if !converts(intern!(py, "__len__")) {
        if value.is_instance_of::<PyInt>() || converts(intern!(py, "__index__")) {
            return match value.extract() {
                Ok(int) => Given::Int(int),
                Err(_) if value.is_instance_of::<PyInt>() => Given::HugeInt(text_of(value)),
                Err(_) => Given::Other(text_of(value)),
            };
        }
        if converts(intern!(py, "__float__")) {
            return value.extract().map_or_else(|_| Given::Other(text_of(value)), Given::Float);
        }
    }
    Given::Other(text_of(value))
}

fn text_of(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "an object".into(), |text| text.to_string_lossy().into_owned())
}
