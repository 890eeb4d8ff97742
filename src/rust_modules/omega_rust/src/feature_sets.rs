//! Many functions, one native call per bar or batch.

mod methods;

pub use methods::add_methods;

use std::sync::Arc;

use omega_catalog::{Definition, Error, FeatureSet as State, Features, Follows, Function, Params};
use omega_contract::spec::{FunctionSpec, Input};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::arguments::{columns_of_groups, flag, nulls_of, resolve, text};
use crate::data::{BarOrder, Import, Request};
use crate::descriptions::parameters;
use crate::errors::{Outcome, asked, guard};
use crate::groups::{closed_list, group_of, listed};
use crate::live::Live;
use crate::objects;
use crate::registry::{find, name_of_function};
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
    /// The field that tells the order of bars.
    order: Option<BarOrder>,
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
        let order = state.order_field().map(|field| BarOrder::new(py, field));
        let live = Live::new(NAME, state);
        Ok(Self { features, columns, by, names, types, empty, reads_out, order, live })
    }

    fn import(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        order: Option<&BarOrder>,
        strict: bool,
    ) -> Outcome<Import> {
        let order = order.map(|order| order.field.as_str());
        let by = self.features.by().map(|by| names_of(py, by)).transpose()?;
        let inputs = self.features.inputs();
        Import::new(
            py,
            &Request { inputs, data: Some(data), columns: None, by: by.as_ref(), timed_by: order, strict },
        )
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

/// The names of columns of groups as callers read them: one as it is, several in a list.
pub fn by_of<'py>(py: Python<'py>, by: &[String]) -> Outcome<Bound<'py, PyAny>> {
    match by {
        [only] => Ok(objects::text(py, only)?),
        several => objects::texts(py, several.iter().map(String::as_str)),
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

/// The features or metrics that a caller asked for: by name, or in a list under the names of their functions.
pub fn definitions_of(definitions: &Bound<'_, PyAny>, words: &Words) -> Outcome<Vec<Definition>> {
    let py = definitions.py();
    let Words { all, one, .. } = *words;
    let mut resolved: Vec<Definition> = Vec::new();
    if definitions.is_instance_of::<PyList>() || definitions.is_instance_of::<PyTuple>() {
        for given in asked(all, definitions, definitions.try_iter())? {
            let (mut definition, function) = definition_of("", &asked(all, definitions, given)?, words)?;
            let own = function.rsplit('.').next().unwrap_or(&function);
            if resolved.iter().any(|known| known.name == own) {
                let allowed = format!(
                    "of one name each: in a mapping, as {{\"{own}_fast\": (\"{function}\", {{…}}), \"{own}_slow\": …}}"
                );
                return Err(Error::invalid_shape(all, allowed, format!("{function} twice")).into());
            }
            own.clone_into(&mut definition.name);
            resolved.push(definition);
        }
        return Ok(resolved);
    }
    if !asked(all, definitions, is_mapping(definitions))? {
        let allowed = "a list of functions, or a mapping of names to functions or to (function, parameters)";
        return Err(Error::invalid_type(all, allowed, shown(definitions)).into());
    }
    let items = asked(all, definitions, definitions.call_method0(intern!(py, "items")))?;
    for item in asked(all, definitions, items.try_iter())? {
        let item = asked(all, definitions, item)?;
        let (name, given): (Bound<'_, PyAny>, Bound<'_, PyAny>) = asked(all, definitions, item.extract())?;
        let name = text(&name, &format!("the {one}'s name"))?;
        resolved.push(definition_of(&name, &given, words)?.0);
    }
    Ok(resolved)
}

/// One feature or metric, and the name of its function: a function alone, or with its parameters.
fn definition_of(name: &str, given: &Bound<'_, PyAny>, words: &Words) -> Outcome<(Definition, String)> {
    let py = given.py();
    let Words { one, source, refusal, .. } = *words;
    let label = if name.is_empty() { format!("a {one}") } else { format!("{one} `{name}`") };
    let refuse = || Error::invalid_type(&label, "a function, or a pair (function, parameters)", shown(given));
    let pair = given
        .cast::<PyTuple>()
        .map_or_else(|_| given.cast::<PyList>().ok().map(|list| list.to_tuple()), |pair| Some(pair.clone()));
    let (function, parameters) = match pair {
        Some(pair) if pair.len() == 2 => (pair.get_item(0)?, pair.get_item(1)?),
        None => (given.clone(), PyDict::new(py).into_any()),
        Some(_) => return Err(refuse().into()),
    };
    let Ok(function) = name_of_function(&function) else { return Err(refuse().into()) };
    if !asked(&label, &parameters, is_mapping(&parameters))? {
        return Err(refuse().into());
    }
    let entry = find(&function)?;
    let parameters = asked(&label, &parameters, py.get_type::<PyDict>().call1((&parameters,)))?;
    let parameters = asked(&label, parameters.as_any(), parameters.cast::<PyDict>().map_err(PyErr::from))?;
    let wires = wires_of(entry.spec(), parameters, &label, source)?;
    let params = resolve(entry.spec(), parameters)?;
    let definition = Definition { name: name.to_owned(), function: entry.rust(refusal)?, params, wires };
    Ok((definition, function))
}

/// What a set computes, as it could be asked for again: by name, each function and what it is given.
pub fn described<'py, 'a>(
    py: Python<'py>,
    each: impl Iterator<Item = (&'a str, &'static Function, &'a Params, &'a [(String, String)])>,
) -> Outcome<Bound<'py, PyAny>> {
    let by_name = PyDict::new(py);
    for (name, function, params, wires) in each {
        let given = parameters(py, &function.spec, params)?;
        for (input, source) in wires {
            given.set_item(input, source)?;
        }
        let pair = vec![objects::text(py, &function.spec.name)?, given.into_any()];
        by_name.set_item(name, objects::tuple(py, pair)?)?;
    }
    Ok(by_name.into_any())
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
    #[pyo3(signature = (definitions, by=None, nulls=None, groups=None, order=None))]
    fn from_definitions(
        py: Python<'_>,
        definitions: &Bound<'_, PyAny>,
        by: Option<&Bound<'_, PyAny>>,
        nulls: Option<&Bound<'_, PyAny>>,
        groups: Option<&Bound<'_, PyAny>>,
        order: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(py, NAME, || {
            let definitions = definitions_of(definitions, &WORDS)?;
            let by = by.map(columns_of_groups).transpose()?.unwrap_or_default();
            let set = State::new(definitions, by, nulls_of(nulls)?)?.ordered_by(BarOrder::field_of(order)?);
            let set = match groups {
                Some(groups) => {
                    let groups = closed_list(groups, set.features().by())?;
                    set.closed_to(&groups)?
                }
                None => set,
            };
            Ok(Self::new(py, set)?)
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
            let import = self.import(py, data, None, flag(strict_zero_copy, "strict_zero_copy")?)?;
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
            let strict = flag(strict_zero_copy, "strict_zero_copy")?;
            let import = self.import(py, data, self.order.as_ref(), strict)?;
            let outputs = detached(py, import.rows, || {
                let data = data_of(&import)?;
                self.live.lock()?.extend_at(&data, &import.times, Follows::NotEarlier)
            })?;
            self.answer(py, outputs)
        })
    }

    /// What the set computes: a function and what it is given, by name.
    #[getter]
    fn definitions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || described(py, self.features.definitions()))
    }

    /// The column that tells the group of each row, a list of several, or None.
    #[getter]
    #[pyo3(name = "by")]
    fn column_of_groups<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guard(py, NAME, || self.features.by().map(|by| by_of(py, by)).transpose())
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || Ok(objects::text(py, self.features.nulls().as_str())?))
    }

    /// The field by which bars are in order, or None.
    #[getter]
    #[pyo3(name = "order")]
    fn field_of_order<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guard(py, NAME, || {
            let field = self.order.as_ref().map(|order| objects::text(py, &order.field));
            Ok(field.transpose()?)
        })
    }

    /// The number of rows taken so far, of all groups.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.rows(py)
    }

    /// The keys of the groups.
    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let groups = self.live.lock()?.groups().copy()?;
            listed(py, groups.keys())
        })
    }

    /// Whether bars of other groups are refused.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        guard(py, NAME, || Ok(self.live.lock()?.is_closed()))
    }

    /// The number of rows taken so far of one group.
    #[pyo3(signature = (group, /))]
    fn rows_of<'py>(&self, py: Python<'py>, group: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let key = group_of(group, self.features.by(), "group")?;
            Ok(objects::count(py, self.live.lock()?.rows_of(&key)?)?)
        })
    }

    /// Forgets a group.
    #[pyo3(signature = (group, /))]
    fn drop(&self, py: Python<'_>, group: &Bound<'_, PyAny>) -> PyResult<()> {
        guard(py, NAME, || {
            let key = group_of(group, self.features.by(), "group")?;
            Ok(self.live.lock()?.forget(&key)?)
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
}
