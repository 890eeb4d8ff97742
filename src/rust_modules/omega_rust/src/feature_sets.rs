//! Many functions, one native call per bar or batch.
//!
//! The columns that several features share are read once, and so are the groups. `run` computes a table from nothing;
//! `update` and `extend` go on from the live state.

use omega_arrow::keys::{Groups, Key};
use omega_contract::params::Params;
use omega_contract::spec::Input;
use omega_contract::{Error, Result, memory};
use omega_julia_host::{Held, Lock};
use omega_kernel::payload::{bytes, decode, encode, list};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Grouped, Nulls, Stream};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde::{Deserialize, Serialize};

use crate::arguments::{flag, nulls_of, resolve, text};
use crate::compute::{columns, detached, fill};
use crate::data::{Bar, Import, Request, key};
use crate::errors::{Outcome, asked, guard};
use crate::objects;
use crate::registry::{Entry, find, rowwise_factory};
use crate::streams::{MOST_COLUMNS, check_version, reduced, saved_params};
use crate::words::{is_mapping, shown};

const NAME: &str = "omega.FeatureSet";
/// Rises when the payload of its snapshots changes.
const VERSION: &str = "1.0.0";

/// Features by name, each an indicator with its parameters, over one series or one per group.
#[pyclass(frozen, module = "omega._rust")]
pub struct FeatureSet {
    features: Vec<Feature>,
    /// The union of what the features read.
    inputs: Vec<Input>,
    /// The column that tells the group of each row.
    by: Option<String>,
    nulls: Nulls,
    live: Lock<Live>,
}

/// One feature of a set.
struct Feature {
    name: String,
    entry: &'static Entry,
    params: Params,
    /// Which of the set's inputs it reads.
    inputs: Vec<usize>,
    /// The names of its outputs in the answer, made once.
    outputs: Vec<Py<PyString>>,
    /// The same names as Rust text.
    output_names: Vec<String>,
}

/// What the features remember.
struct Live {
    groups: Groups,
    states: Vec<State>,
    /// Rows taken so far, of all groups; the row number in errors.
    rows: u64,
}

/// One feature's memory.
enum State {
    Single(Box<dyn Stream>),
    Grouped(Box<dyn Grouped>),
}

impl Live {
    fn copy(&self) -> Result<Self> {
        let states = self.states.iter().map(State::copy).collect::<Result<_>>()?;
        Ok(Self { groups: self.groups.copy()?, states, rows: self.rows })
    }

    /// The group of a row that every feature, and the groups, have room for; or all of them are left as they are.
    fn reserve(&mut self, key: Option<&Key>) -> Result<u32> {
        let group = key.map_or(0, |key| self.groups.find(key).unwrap_or(self.groups.next()));
        let reserved = self.states.iter_mut().try_for_each(|state| state.reserve(group));
        let reserved = reserved.and_then(|()| key.map_or(Ok(group), |key| self.groups.number_of(key)));
        if reserved.is_err() {
            let known = self.groups.keys().len();
            self.states.iter_mut().for_each(|state| state.truncate(known));
        }
        reserved
    }
}

impl State {
    fn copy(&self) -> Result<Self> {
        Ok(match self {
            Self::Single(stream) => Self::Single(stream.copy()?),
            Self::Grouped(grouped) => Self::Grouped(grouped.copy()?),
        })
    }

    fn reserve(&mut self, group: u32) -> Result<()> {
        match self {
            Self::Single(stream) => stream.reserve(1),
            Self::Grouped(grouped) => grouped.reserve(group),
        }
    }

    fn truncate(&mut self, groups: usize) {
        if let Self::Grouped(grouped) = self {
            grouped.truncate(groups);
        }
    }

    fn save(&self) -> Result<Vec<u8>> {
        match self {
            Self::Single(stream) => stream.save(),
            Self::Grouped(grouped) => grouped.save(),
        }
    }

    fn load(&mut self, payload: &[u8]) -> Result<()> {
        match self {
            Self::Single(stream) => stream.load(payload),
            Self::Grouped(grouped) => grouped.load(payload),
        }
    }

    fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        match self {
            Self::Single(stream) => stream.update(input, output),
            Self::Grouped(grouped) => grouped.update(group, input, output),
        }
    }

    fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        match self {
            Self::Single(stream) => stream.peek(input, output),
            Self::Grouped(grouped) => grouped.peek(group, input, output),
        }
    }
}

/// The payload of a snapshot as it is written; read as [`Saved`].
#[derive(Serialize)]
struct Saving<'a> {
    by: Option<&'a str>,
    groups: &'a [Key],
    rows: u64,
    features: Vec<SavedFeature<'a>>,
}

/// The payload of a snapshot as it is read.
#[derive(Deserialize)]
struct Saved<'a> {
    by: Option<&'a str>,
    #[serde(with = "list")]
    groups: Vec<Key>,
    rows: u64,
    #[serde(borrow, with = "list")]
    features: Vec<SavedFeature<'a>>,
}

/// One feature's definition and state.
#[derive(Serialize, Deserialize)]
struct SavedFeature<'a> {
    name: &'a str,
    function: &'a str,
    version: &'a str,
    #[serde(with = "list")]
    params: Vec<f64>,
    #[serde(with = "bytes")]
    state: &'a [u8],
}

impl FeatureSet {
    fn build(py: Python<'_>, definitions: Vec<Definition>, by: Option<String>, nulls: Nulls) -> Result<Self> {
        let mut inputs: Vec<Input> = Vec::new();
        let mut features = Vec::with_capacity(definitions.len());
        let mut taken: Vec<String> = Vec::new();
        for (name, entry, params) in definitions {
            rowwise_factory(entry)?;
            let places = entry.spec.inputs.iter().map(|input| {
                inputs.iter().position(|known| known.name == input.name).unwrap_or_else(|| {
                    inputs.push(input.clone());
                    inputs.len() - 1
                })
            });
            let places = places.collect();
            let output_names: Vec<String> = match entry.spec.outputs.as_slice() {
                [_] => vec![name.clone()],
                outputs => outputs.iter().map(|output| format!("{name}_{}", output.name)).collect(),
            };
            if let Some(twice) = output_names.iter().find(|output| taken.contains(output)) {
                return Err(Error::invalid_shape(format!("output `{twice}`"), "named once", "two features"));
            }
            taken.extend(output_names.iter().cloned());
            let outputs = output_names.iter().map(|output| PyString::intern(py, output).unbind()).collect();
            features.push(Feature { name, entry, params, inputs: places, outputs, output_names });
        }
        let live = Lock::new(fresh(&features, by.is_some(), nulls)?);
        Ok(Self { features, inputs, by, nulls, live })
    }

    /// The feature set that a snapshot holds.
    pub fn restore(py: Python<'_>, snapshot: &Snapshot<'_>) -> Result<Self> {
        if snapshot.function != NAME {
            return Err(Error::snapshot_mismatch(snapshot.function, NAME));
        }
        if snapshot.version != VERSION {
            return Err(Error::snapshot_version(NAME, snapshot.version, format!("version {VERSION}")));
        }
        let corrupt =
            |reason: &str| Error::snapshot_corrupt(reason, "the state of a feature set", "other bytes");
        let saved: Saved<'_> = decode(snapshot.payload)?;
        let groups = Groups::from_keys(&saved.groups)?;
        if saved.features.is_empty() || groups.keys().len() != saved.groups.len() {
            return Err(corrupt("it contradicts itself"));
        }
        if saved.by.is_none() && !saved.groups.is_empty() {
            return Err(corrupt("it has groups and no column of groups"));
        }
        let mut definitions = Vec::with_capacity(saved.features.len());
        for feature in &saved.features {
            let entry = find(feature.function)?;
            check_version(&entry.spec, feature.version)?;
            let params = saved_params(&entry.spec, &feature.params)?;
            definitions.push((feature.name.to_owned(), entry, params));
        }
        let set = Self::build(py, definitions, saved.by.map(str::to_owned), snapshot.nulls)?;
        {
            let mut live = set.lock()?;
            live.groups = groups;
            live.rows = saved.rows;
            for (state, feature) in live.states.iter_mut().zip(&saved.features) {
                state.load(feature.state)?;
            }
        }
        Ok(set)
    }

    /// A panic in a kernel was reported when it happened; the state it left is still a state.
    fn lock(&self) -> Result<Held<'_, Live>> {
        self.live.lock().map_err(|left| left.error(NAME))
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let payload = {
            let live = self.lock()?;
            let states = live.states.iter().map(State::save).collect::<Result<Vec<_>>>()?;
            let features = self.features.iter().zip(&states).map(|(feature, state)| SavedFeature {
                name: &feature.name,
                function: &feature.entry.spec.name,
                version: &feature.entry.spec.version,
                params: feature.params.values().to_vec(),
                state,
            });
            let by = self.by.as_deref();
            encode(&Saving { by, groups: live.groups.keys(), rows: live.rows, features: features.collect() })?
        };
        let snapshot = Snapshot {
            kind: SnapshotKind::FeatureSet,
            function: NAME,
            version: VERSION,
            params: Vec::new(),
            nulls: self.nulls,
            payload: &payload,
        };
        snapshot.encode()
    }

    /// Runs all features over an import, from `live` on.
    fn compute(&self, import: &Import, live: &mut Live) -> Result<Vec<Vec<f64>>> {
        // Groups of the data are numbered from 0; the live state may know some of them already.
        let numbers: Option<Vec<u32>> = match &import.grouping {
            None => None,
            Some(grouping) => {
                let keys = grouping.groups.keys();
                let known = {
                    let mut known = memory::room(keys.len())?;
                    for key in keys {
                        known.push(live.groups.number_of(key)?);
                    }
                    known
                };
                Some(memory::collected(grouping.numbers.iter().map(|&number| known[number as usize]))?)
            }
        };
        let mut answers = Vec::new();
        for (feature, state) in self.features.iter().zip(&mut live.states) {
            let outputs = fill(feature.outputs.len(), import, |from, chunk, outputs| {
                let inputs: Vec<_> = feature.inputs.iter().map(|&input| chunk[input]).collect();
                match (state as &mut State, &numbers) {
                    (State::Single(stream), _) => stream.batch(&inputs, outputs),
                    (State::Grouped(grouped), Some(numbers)) => {
                        grouped.batch(&numbers[from..from + inputs[0].values.len()], &inputs, outputs)
                    }
                    (State::Grouped(_), None) => Err(Error::missing_column("by", "no column of groups")),
                }
            })?;
            answers.extend(outputs);
        }
        live.rows += import.rows as u64;
        Ok(answers)
    }

    fn import(&self, py: Python<'_>, data: &Bound<'_, PyAny>, strict: bool) -> Outcome<Import> {
        let by = self.by.as_ref().map(|by| PyString::new(py, by).into_any());
        Import::new(
            py,
            &Request { inputs: &self.inputs, data: Some(data), columns: None, by: by.as_ref(), strict },
        )
    }

    fn names(&self) -> Vec<&str> {
        self.features.iter().flat_map(|feature| feature.output_names.iter().map(String::as_str)).collect()
    }

    fn answer<'py>(&self, py: Python<'py>, outputs: Vec<Vec<f64>>) -> Outcome<Bound<'py, PyAny>> {
        columns(py, self.names().into_iter().zip(outputs))
    }

    /// Reads a bar: one value per input, and the group's key.
    fn read<'py>(
        &self,
        py: Python<'py>,
        bar: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyDict>>,
        row: &mut [f64],
    ) -> Outcome<Option<Key>> {
        let empty;
        let bar = match (bar, columns) {
            (Some(_), Some(columns)) if !columns.is_empty() => {
                return Err(Error::invalid_shape("a bar", "one object or numbers by keyword", "both").into());
            }
            (Some(bar), _) => bar,
            (None, Some(columns)) => columns.as_any(),
            (None, None) => {
                empty = PyDict::new(py).into_any();
                &empty
            }
        };
        let bar = Bar::of(bar)?;
        for (slot, input) in row.iter_mut().zip(&self.inputs) {
            *slot = bar.number(&input.name)?;
        }
        let Some(by) = &self.by else { return Ok(None) };
        let item = bar.item(by)?;
        match key(&item) {
            Some(key) => Ok(Some(key.copy()?)),
            None => Err(Error::invalid_type(by, "text or a whole number", shown(&item)).into()),
        }
    }

    /// One value for each output; `update` says whether the live state takes the row.
    fn step<'py>(
        &self,
        py: Python<'py>,
        bar: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyDict>>,
        update: bool,
    ) -> Outcome<Bound<'py, PyDict>> {
        let mut row = vec![f64::NAN; self.inputs.len()];
        let key = self.read(py, bar, columns, &mut row)?;
        let mut live = self.lock()?;
        // One refused value refuses the whole row, before any feature has taken it.
        omega_kernel::check_row(&self.inputs, &row, self.nulls, live.rows)?;
        let mut outputs = memory::filled(self.features.len(), [f64::NAN; MOST_COLUMNS])?;
        let group = if update {
            // What the features may need is there before any of them, or the groups, have taken the row.
            live.reserve(key.as_ref())?
        } else {
            key.as_ref().map_or(0, |key| live.groups.find(key).unwrap_or(live.groups.next()))
        };
        for ((feature, state), output) in self.features.iter().zip(&mut live.states).zip(&mut outputs) {
            let input = feature.gather(&row);
            let (input, output) = (&input[..feature.inputs.len()], &mut output[..feature.outputs.len()]);
            if update {
                state.update(group, input, output)?;
            } else {
                state.peek(group, input, output)?;
            }
        }
        live.rows += u64::from(update);
        drop(live);
        let answer = PyDict::new(py);
        for (feature, values) in self.features.iter().zip(&outputs) {
            for (name, &value) in feature.outputs.iter().zip(values) {
                answer.set_item(name, objects::float_or_none(py, value)?)?;
            }
        }
        Ok(answer)
    }
}

impl Feature {
    /// The feature's inputs out of a row of the set's.
    fn gather(&self, row: &[f64]) -> [f64; MOST_COLUMNS] {
        let mut input = [f64::NAN; MOST_COLUMNS];
        for (slot, &place) in input.iter_mut().zip(&self.inputs) {
            *slot = row[place];
        }
        input
    }
}

/// States that have seen no rows.
fn fresh(features: &[Feature], grouped: bool, nulls: Nulls) -> Result<Live> {
    let states = features.iter().map(|feature| {
        let factory = rowwise_factory(feature.entry)?;
        Ok(if grouped {
            State::Grouped(factory.grouped(&feature.params, nulls))
        } else {
            State::Single(factory.stream(&feature.params, nulls))
        })
    });
    Ok(Live { groups: Groups::default(), states: states.collect::<Result<_>>()?, rows: 0 })
}

/// A feature as it is built: its name, its function and its parameters.
type Definition = (String, &'static Entry, Params);

/// The features that a caller asked for.
fn definitions_of(definitions: &Bound<'_, PyAny>) -> Outcome<Vec<Definition>> {
    const NAME: &str = "the features";
    let py = definitions.py();
    if !asked(NAME, definitions, is_mapping(definitions))? {
        let allowed = "a mapping of names to (function, parameters)";
        return Err(Error::invalid_type(NAME, allowed, shown(definitions)).into());
    }
    let items = asked(NAME, definitions, definitions.call_method0(intern!(py, "items")))?;
    let mut resolved = Vec::new();
    for item in asked(NAME, definitions, items.try_iter())? {
        let item = asked(NAME, definitions, item)?;
        let (name, given): (Bound<'_, PyAny>, Bound<'_, PyAny>) = asked(NAME, definitions, item.extract())?;
        let name = text(&name, "the feature's name")?;
        let label = format!("feature `{name}`");
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
        resolved.push((name, entry, resolve(&entry.spec, &parameters)?));
    }
    if resolved.is_empty() {
        return Err(Error::invalid_shape(NAME, "at least one", "none").into());
    }
    Ok(resolved)
}

#[pymethods]
impl FeatureSet {
    /// A set from a mapping of names to `(function, parameters)`.
    #[new]
    #[pyo3(signature = (definitions, by=None, nulls=None))]
    fn new(
        py: Python<'_>,
        definitions: &Bound<'_, PyAny>,
        by: Option<&Bound<'_, PyAny>>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(py, NAME, || {
            let definitions = definitions_of(definitions)?;
            let by = by.map(|by| text(by, "by")).transpose()?;
            Ok(Self::build(py, definitions, by, nulls_of(nulls)?)?)
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
            let outputs = detached(py, import.rows, || {
                self.compute(&import, &mut fresh(&self.features, self.by.is_some(), self.nulls)?)
            })?;
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
            // Who holds the lock never waits for the GIL, so two threads cannot each wait for what the other holds.
            let outputs = detached(py, import.rows, || {
                let mut live = self.lock()?;
                let mut next = live.copy()?;
                let outputs = self.compute(&import, &mut next)?;
                *live = next;
                Ok::<_, Error>(outputs)
            })?;
            self.answer(py, outputs)
        })
    }

    /// Takes one bar; a dict with every feature's value, None where there is none.
    #[pyo3(signature = (bar=None, /, **columns))]
    fn update<'py>(
        &self,
        py: Python<'py>,
        bar: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        guard(py, NAME, || self.step(py, bar, columns, true))
    }

    /// What `update` would return, leaving the live state as it is.
    #[pyo3(signature = (bar=None, /, **columns))]
    fn peek<'py>(
        &self,
        py: Python<'py>,
        bar: Option<&Bound<'py, PyAny>>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        guard(py, NAME, || self.step(py, bar, columns, false))
    }

    /// Forgets every row of every group.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        guard(py, NAME, || {
            *self.lock()? = fresh(&self.features, self.by.is_some(), self.nulls)?;
            Ok(())
        })
    }

    /// The features and their live state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || objects::bytes(py, &self.encode()?))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        let features = self.features.iter().map(|feature| Feature {
            name: feature.name.clone(),
            entry: feature.entry,
            params: feature.params.clone(),
            inputs: feature.inputs.clone(),
            outputs: feature.outputs.iter().map(|output| output.clone_ref(py)).collect(),
            output_names: feature.output_names.clone(),
        });
        guard(py, NAME, || {
            Ok(Self {
                features: features.collect(),
                inputs: self.inputs.clone(),
                by: self.by.clone(),
                nulls: self.nulls,
                live: Lock::new(self.lock()?.copy()?),
            })
        })
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || reduced(py, objects::bytes(py, &self.encode()?)?))
    }

    /// The names of the outputs, in order.
    #[getter]
    #[pyo3(name = "names")]
    fn output_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let names = self.names();
            objects::list(py, names.len(), |index| Ok(objects::text(py, names[index])?))
        })
    }

    /// The columns that a table or a bar must have.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || {
            let inputs = self.inputs.iter().map(|input| input.name.as_str()).chain(self.by.as_deref());
            let inputs: Vec<&str> = inputs.collect();
            objects::list(py, inputs.len(), |index| Ok(objects::text(py, inputs[index])?))
        })
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guard(py, NAME, || Ok(objects::text(py, &format!("FeatureSet({})", self.names().join(", ")))?))
    }
}
