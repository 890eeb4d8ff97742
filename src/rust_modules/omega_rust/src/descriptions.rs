//! What live objects say of themselves: functions with their parameters, and how many rows they have taken.

use omega_catalog::Params;
use omega_contract::spec::{FunctionSpec, ParameterType};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::errors::Outcome;
use crate::objects;

/// Parameters by name, as Python writes them.
pub fn parameters<'py>(py: Python<'py>, spec: &FunctionSpec, params: &Params) -> Outcome<Bound<'py, PyDict>> {
    let by_name = PyDict::new(py);
    for (parameter, &value) in spec.parameters.iter().zip(params.values()) {
        let value = match parameter.parameter_type {
            ParameterType::Int => objects::int(py, value as i64)?,
            ParameterType::Float => objects::float(py, value)?,
            ParameterType::Bool => PyBool::new(py, value != 0.0).to_owned().into_any(),
            ParameterType::Choice => objects::text(py, &parameter.choices[value as usize])?,
        };
        by_name.set_item(&parameter.name, value)?;
    }
    Ok(by_name)
}

/// A function with its parameters, as it is called: `ta.rsi(period=14)`.
pub fn called(spec: &FunctionSpec, params: &Params) -> String {
    let parameters = spec.parameters.iter().zip(params.values());
    let parameters = parameters.map(|(parameter, &value)| {
        let value = match parameter.parameter_type {
            ParameterType::Int | ParameterType::Float => value.to_string(),
            ParameterType::Bool => if value == 0.0 { "False" } else { "True" }.to_owned(),
            ParameterType::Choice => format!("'{}'", parameter.choices[value as usize]),
        };
        format!("{}={value}", parameter.name)
    });
    format!("{}({})", spec.name, parameters.collect::<Vec<_>>().join(", "))
}

/// So many rows, in words.
pub fn rows(rows: u64) -> String {
    if rows == 1 { "1 row".into() } else { format!("{rows} rows") }
}

/// The page of a notebook that shows a live object, which `omega.functions.live_words` writes.
pub fn page<'py>(object: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
    Ok(object.py().import("omega.functions.live_words")?.getattr("page")?.call1((object,))?)
}
