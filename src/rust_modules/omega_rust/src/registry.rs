//! Every function of every language, by name.

use omega_contract::params::nearest;
use omega_contract::spec::{FunctionSpec, Language};
use omega_contract::{Error, Result};
use omega_kernel::{Body, ReductionFactory, RowwiseFactory};
use pyo3::prelude::*;

use crate::errors::guard;
use crate::julia;
use crate::objects;

/// The module of functions that only tests and benchmarks call.
const HIDDEN_MODULE: &str = "probe";

/// One function of any language.
pub struct Entry {
    /// All there is to know about it.
    pub spec: FunctionSpec,
    /// What computes it.
    pub body: EntryBody,
}

/// What computes a function.
pub enum EntryBody {
    /// A kernel of this library.
    Rust(Body),
    /// The function of this number in Julia.
    Julia(i32),
}

/// Every function, in documentation order.
#[expect(clippy::disallowed_types, reason = "the import of the module makes it, before anyone can fork")]
static REGISTRY: std::sync::LazyLock<Vec<Entry>> = std::sync::LazyLock::new(|| {
    let rust = omega_catalog::all().iter().chain(omega_catalog::hidden());
    let rust =
        rust.map(|function| Entry { spec: function.spec.clone(), body: EntryBody::Rust(function.body) });
    let julia = julia::specs().iter().zip(0..);
    let julia = julia.map(|(spec, id)| Entry { spec: spec.clone(), body: EntryBody::Julia(id) });
    rust.chain(julia).collect()
});

/// The function of a name; hidden ones are told apart by their language, as in `probe.identity@julia`.
pub fn find(name: &str) -> Result<&'static Entry> {
    let matches = |entry: &Entry| match name.split_once('@') {
        Some((name, "julia")) => entry.spec.name == name && entry.spec.language == Language::Julia,
        _ => entry.spec.name == name,
    };
    REGISTRY.iter().find(|entry| matches(entry)).ok_or_else(|| {
        let names = REGISTRY.iter().map(|entry| entry.spec.name.as_str()).filter(|name| is_public(name));
        Error::unknown_function(name, nearest(name, names).unwrap_or("none"))
    })
}

fn is_public(name: &str) -> bool {
    name.split('.').next() != Some(HIDDEN_MODULE)
}

/// The entry's rowwise kernel.
pub fn rowwise_factory(entry: &Entry) -> Result<&'static dyn RowwiseFactory> {
    match entry.body {
        EntryBody::Rust(Body::Rowwise(factory)) => Ok(factory),
        _ => Err(Error::invalid_type(
            "the function of a stream",
            "one that answers row by row",
            &entry.spec.name,
        )),
    }
}

/// The entry's reduction.
pub fn reduction_factory(entry: &Entry) -> Result<&'static dyn ReductionFactory> {
    match entry.body {
        EntryBody::Rust(Body::Reduction(factory)) => Ok(factory),
        _ => {
            let allowed = "one that reduces rows to a number";
            Err(Error::invalid_type("the function of an accumulator", allowed, &entry.spec.name))
        }
    }
}

/// The names of all functions that callers see, in documentation order.
#[pyfunction]
pub fn function_names(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    guard(py, "omega.functions", || {
        let names = REGISTRY.iter().map(|entry| entry.spec.name.as_str()).filter(|name| is_public(name));
        let names: Vec<&str> = names.collect();
        objects::list(py, names.len(), |index| Ok(objects::text(py, names[index])?))
    })
}

/// The specs of all functions that callers see, as a JSON array.
#[pyfunction]
pub fn function_specs_json(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    guard(py, "omega.functions", || {
        let specs: Vec<&FunctionSpec> =
            REGISTRY.iter().map(|entry| &entry.spec).filter(|spec| is_public(&spec.name)).collect();
        let json =
            serde_json::to_string(&specs).map_err(|error| Error::internal("omega.functions", error))?;
        Ok(objects::text(py, &json)?)
    })
}
