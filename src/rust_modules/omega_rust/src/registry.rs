//! Every function of every language, by name.

use omega_catalog::{Error, Function, Result};
use omega_contract::params::near_function;
use omega_contract::spec::FunctionSpec;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{Outcome, guard};
use crate::julia;
use crate::objects;
use crate::words::{shown, tolerated, written};

/// The module of functions that only tests and benchmarks call.
const HIDDEN_MODULE: &str = "probe";

/// One function of any language.
#[derive(Clone, Copy)]
pub enum Entry {
    /// One of the catalogue's.
    Rust(&'static Function),
    /// The function of this number in Julia.
    Julia(i32, &'static FunctionSpec),
}

impl Entry {
    /// All there is to know about the function.
    pub fn spec(self) -> &'static FunctionSpec {
        match self {
            Self::Rust(function) => &function.spec,
            Self::Julia(_, spec) => spec,
        }
    }

    /// The function of the catalogue, or the refusal of one that is not in it.
    pub fn rust(self, refusal: fn(&str) -> Error) -> Result<&'static Function> {
        match self {
            Self::Rust(function) => Ok(function),
            Self::Julia(_, spec) => Err(refusal(&spec.name)),
        }
    }
}

/// The function of a name; hidden ones are told apart by their language, as in `probe.identity@julia`.
pub fn find(name: &str) -> Result<Entry> {
    let (plain, only_julia) = match name.split_once('@') {
        Some((plain, "julia")) => (plain, true),
        _ => (name, false),
    };
    if let (Ok(function), false) = (omega_catalog::find(plain), only_julia) {
        return Ok(Entry::Rust(function));
    }
    let mut julia = (0..).zip(julia::specs());
    if let Some((id, spec)) = julia.find(|(_, spec)| spec.name == plain) {
        return Ok(Entry::Julia(id, spec));
    }
    // It may be one of Julia's that nothing can be read about, unless its module is one of Rust's.
    let module = plain.split('.').next();
    let is_known = omega_catalog::all().iter().any(|function| Some(function.spec.module()) == module);
    if let Some(fault) = julia::fault().filter(|_| !is_known) {
        return Err(fault.clone());
    }
    let names = listed().map(|spec| spec.name.as_str());
    Err(Error::unknown_function(name, near_function(name, names).unwrap_or_default()))
}

/// The name of a function: as text, or as the function of one of Omega's modules, which carries it.
pub fn name_of_function(function: &Bound<'_, PyAny>) -> Outcome<String> {
    if let Ok(name) = function.cast::<PyString>() {
        return Ok(written(name));
    }
    match carried_name(function)? {
        Some(name) => Ok(name),
        None => {
            let allowed = "a str, or a function of omega such as `omega.ta.rsi`";
            Err(Error::invalid_type("the function's name", allowed, shown(function)).into())
        }
    }
}

/// The name of a typed function of Omega's, if that is what the object is: of a module of ours, under its own name there.
fn carried_name(function: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let py = function.py();
    let class = py.import(intern!(py, "types"))?.getattr(intern!(py, "FunctionType"))?;
    if !function.get_type().is(&class) {
        return Ok(None);
    }
    let text = |name: &Bound<'_, PyString>| {
        let value = tolerated(py, function.getattr(name))?;
        value.cast::<PyString>().ok().map(written)
    };
    let (Some(module), Some(name)) = (text(intern!(py, "__module__")), text(intern!(py, "__name__"))) else {
        return Ok(None);
    };
    let full = format!("{}.{name}", module.rsplit('.').next().unwrap_or_default());
    if !module.starts_with("omega.") || find(&full).is_err() {
        return Ok(None);
    }
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let there =
        tolerated(py, modules.get_item(&module)).and_then(|module| tolerated(py, module.getattr(&name)));
    Ok(there.filter(|there| there.is(function)).map(|_| full))
}

/// The specs of all functions that callers see, in documentation order.
fn listed() -> impl Iterator<Item = &'static FunctionSpec> {
    let rust = omega_catalog::all().iter().map(|function| &function.spec);
    rust.chain(julia::specs().iter().filter(|spec| spec.module() != HIDDEN_MODULE))
}

/// The names of all functions that callers see, in documentation order.
#[pyfunction]
pub fn function_names(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    guard(py, "omega.functions", || {
        let names: Vec<&str> = listed().map(|spec| spec.name.as_str()).collect();
        objects::list(py, names.len(), |index| Ok(objects::text(py, names[index])?))
    })
}

/// The specs of all functions that callers see, as a JSON array.
#[pyfunction]
pub fn function_specs_json(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    guard(py, "omega.functions", || {
        let specs: Vec<&FunctionSpec> = listed().collect();
        let json =
            serde_json::to_string(&specs).map_err(|error| Error::internal("omega.functions", error))?;
        Ok(objects::text(py, &json)?)
    })
}
