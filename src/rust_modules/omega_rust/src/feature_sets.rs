//! Many functions, one native call per bar or batch.

mod methods;

pub use methods::add_methods;

use std::sync::Arc;

use omega_catalog::{Definition, Error, FeatureSet as State, Features, Result};
use omega_contract::spec::{FunctionSpec, Input};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::arguments::{columns_of_groups, flag, nulls_of, resolve, text};
use crate::data::{Import, Request};
use crate::errors::{Outcome, asked, guard};
use crate::live::Live;
use crate::objects;
use crate::registry::find;
use crate::run::{columns, data_of, detached};
use crate::words::{is_mapping, shown, written};

const NAME: &str = "omega.FeatureSet";

/// Features by name, each an indicator with its parameters, over one series or one per group.
#[pyclass(frozen, module = "omega._rust")]
pub struct FeatureSet {
    features: Arc<Features>,
    /// The names of the columns, and of those of groups, as bars have them.
    columns: Vec<Py<PyString>>,
    by: Vec<Py<PyString>>,
    /// The names of the outputs as keys of the answer.
    names: Vec<Py<PyString>>,
    /// The Arrow types of the outputs.
    types: Vec<&'static str>,
    /// An answer without values: a copy of it has room for all.
    empty: Py<PyDict>,
    /// Whether `out` is a column, and so no keyword of the call's own.
    reads_out: bool,
    live: Live<State>,
}

impl FeatureSet {
    /// A feature set of the catalogue as a Python object.
    pub fn new(py: Python<'_>, state: State) -> PyResult<Self> {
        let features = Arc::clone(state.features());
        let interned = |name: &str| PyString::intern(py, name).unbind();
        let columns = features.inputs().iter().map(|input| interned(&input.name)).collect();
        let names: Vec<_> = features.names().iter().map(|name| interned(name)).collect();
        let empty = PyDict::new(py);
        for name in &names {
            empty.set_item(name, py.None())?;
        }
        let by = features.by().unwrap_or_default().iter().map(|by| interned(by)).collect();
        let empty = empty.unbind();
        let types = features.types().collect();
        let reads_out = features
            .inputs()
            .iter()
            .map(|input| input.name.as_str())
            .chain(features.by().unwrap_or_default().iter().map(String::as_str))
            .any(|name| name == "out");
        Ok(Self { features, columns, by, names, types, empty, reads_out, live: Live::new(NAME, state) })
    }

    fn import(&self, py: Python<'_>, data: &Bound<'_, PyAny>, strict: bool) -> Outcome<Import> {
        let by = self.features.by().map(|by| names_of(py, by)).transpose()?;
        let inputs = self.features.inputs();
        Import::new(py, &Request { inputs, data: Some(data), columns: None, by: by.as_ref(), strict })
    }

    fn answer<'py>(&self, py: Python<'py>, outputs: Vec<Vec<f64>>) -> Outcome<Bound<'py, PyAny>> {
        let named = self.features.names().iter().zip(&self.types).zip(outputs);
        columns(py, named.map(|((name, data_type), values)| (name.as_str(), *data_type, values)))
    }
}

/// The names of columns of groups, as a call takes them: one as it is, several in a tuple, which never is a column of keys.
pub fn names_of<'py>(py: Python<'py>, by: &[String]) -> Outcome<Bound<'py, PyAny>> {
    match by {
        [only] => Ok(objects::text(py, only)?),
        several => {
            let names = several.iter().map(|name| objects::text(py, name)).collect::<PyResult<_>>()?;
            objects::tuple(py, names)
        }
    }
}

/// What messages call what a set is made of.
pub struct Words {
    /// All of them.
    pub all: &'static str,
    /// One of them.
    pub one: &'static str,
    /// What one may name as the source of an input.
    pub source: &'static str,
    /// The refusal of a function of another language.
    pub refusal: fn(&str) -> Error,
}

/// What messages call the features of a set.
const WORDS: Words = Words {
    all: "the features",
    one: "feature",
    source: "the name of a column or a feature",
    refusal: omega_catalog::not_rowwise,
};

/// The features or metrics that a caller asked for.
pub fn definitions_of(definitions: &Bound<'_, PyAny>, words: &Words) -> Outcome<Vec<Definition>> {
    let py = definitions.py();
    let Words { all, one, source, refusal } = *words;
    if !asked(all, definitions, is_mapping(definitions))? {
        let allowed = "a mapping of names to (function, parameters)";
        return Err(Error::invalid_type(all, allowed, shown(definitions)).into());
    }
    let items = asked(all, definitions, definitions.call_method0(intern!(py, "items")))?;
    let mut resolved = Vec::new();
    for item in asked(all, definitions, items.try_iter())? {
        let item = asked(all, definitions, item)?;
        let (name, given): (Bound<'_, PyAny>, Bound<'_, PyAny>) = asked(all, definitions, item.extract())?;
        let name = text(&name, &format!("the {one}'s name"))?;
        let label = format!("{one} `{name}`");
        let refuse = || Error::invalid_type(&label, "a pair (function, parameters)", shown(&given));
        let pair = given.cast::<PyTuple>().map_or_else(
            |_| given.cast::<PyList>().ok().map(|list| list.to_tuple()),
            |pair| Some(pair.clone()),
        );
        let pair = pair.filter(|pair| pair.len() == 2).ok_or_else(refuse)?;
        let (function, parameters) = (pair.get_item(0)?, pair.get_item(1)?);
        if !function.is_instance_of::<PyString>() || !asked(&label, &parameters, is_mapping(&parameters))? {
            return Err(refuse().into());
        }
        let entry = find(&text(&function, "the function's name")?)?;
        let parameters = asked(&label, &parameters, py.get_type::<PyDict>().call1((&parameters,)))?;
        let parameters =
            asked(&label, parameters.as_any(), parameters.cast::<PyDict>().map_err(PyErr::from))?;
        let wires = wires_of(entry.spec(), parameters, &label, source)?;
        let params = resolve(entry.spec(), parameters)?;
        resolved.push(Definition { name, function: entry.rust(refusal)?, params, wires });
    }
    Ok(resolved)
}

/// Takes out of the parameters what names the source of an input.
fn wires_of(
    spec: &FunctionSpec,
    parameters: &Bound<'_, PyDict>,
    label: &str,
    allowed: &str,
) -> Outcome<Vec<(String, String)>> {
    let mut wires = Vec::new();
    for Input { name, .. } in &spec.inputs {
        let Some(source) = parameters.get_item(name)? else { continue };
        let Ok(source) = source.cast::<PyString>() else {
            let subject = format!("`{name}` of {label}");
            return Err(Error::invalid_type(subject, allowed, shown(&source)).into());
        };
        wires.push((name.clone(), written(source)));
        parameters.del_item(name)?;
    }
    Ok(wires)
}

#[pymethods]
impl FeatureSet {
    /// A set from a mapping of names to `(function, parameters)`.
    #[new]
    #[pyo3(signature = (definitions, by=None, nulls=None))]
    fn from_definitions(
        py: Python<'_>,
        definitions: &Bound<'_, PyAny>,
        by: Option<&Bound<'_, PyAny>>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(py, NAME, || {
            let definitions = definitions_of(definitions, &WORDS)?;
            let by = by.map(columns_of_groups).transpose()?.unwrap_or_default();
            Ok(Self::new(py, State::new(definitions, by, nulls_of(nulls)?)?)?)
        })
    }

    /// All features over a table, from nothing: the live state stays as it is. A tuple of columns.
    #[pyo3(signature = (data, strict_zero_copy=None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        strict_zero_copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let import = self.import(py, data, flag(strict_zero_copy, "strict_zero_copy")?)?;
            let outputs = detached(py, import.rows, || self.features.run(&data_of(&import)?))?;
            self.answer(py, outputs)
        })
    }

    /// As `run`, going on from the live state and keeping it: history before the first live bar.
    #[pyo3(signature = (data, strict_zero_copy=None))]
    fn extend<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        strict_zero_copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let import = self.import(py, data, flag(strict_zero_copy, "strict_zero_copy")?)?;
            let outputs = detached(py, import.rows, || {
                let data = data_of(&import)?;
                self.live.lock()?.extend(&data)
            })?;
            self.answer(py, outputs)
        })
    }

    /// Forgets every row of every group.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.live.reset(py)
    }

    /// The features and their live state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.snapshot(py)
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        Self::new(py, self.live.copy(py)?)
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.reduce(py)
    }

    /// The names of the outputs, in order.
    #[getter]
    #[pyo3(name = "names")]
    fn output_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || objects::texts(py, self.features.names().iter().map(String::as_str)))
    }

    /// The columns that a table or a bar must have.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let inputs = self.features.inputs().iter().map(|input| input.name.as_str());
            objects::texts(
                py,
                inputs.chain(self.features.by().unwrap_or_default().iter().map(String::as_str)),
            )
        })
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            Ok(objects::text(py, &format!("FeatureSet({})", self.features.names().join(", ")))?)
        })
    }
}
