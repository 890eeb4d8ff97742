//! Many functions, one native call per bar or batch.
//!
//! The columns that several features share are read once, and so are the groups. `run` computes a table from nothing;
//! `update` and `extend` go on from the live state.

use omega_contract::arrow::keys::{Groups, Key};
use omega_contract::params::Params;
use omega_contract::spec::Input;
use omega_contract::{Error, Result};
use omega_julia_host::{Held, Lock};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Grouped, Nulls, Stream};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use serde::{Deserialize, Serialize};

use crate::arguments::{flag, nulls_of, resolve, text};
use crate::compute::{columns, detached, fill};
use crate::data::{Bar, Import, Request, key};
use crate::errors::{Outcome, guard};
use crate::registry::{Entry, find, rowwise_factory};
use crate::streams::{MOST_COLUMNS, check_version, saved_params};

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
#[derive(Clone)]
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

impl Clone for State {
    fn clone(&self) -> Self {
        match self {
            Self::Single(stream) => Self::Single(stream.clone_box()),
            Self::Grouped(grouped) => Self::Grouped(grouped.clone_box()),
        }
    }
}

impl State {
    fn save(&self) -> Vec<u8> {
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

/// The payload of a snapshot.
#[derive(Serialize, Deserialize)]
struct Saved {
    by: Option<String>,
    groups: Vec<Key>,
    rows: u64,
    features: Vec<SavedFeature>,
}

/// One feature's definition and state.
#[derive(Serialize, Deserialize)]
struct SavedFeature {
    name: String,
    function: String,
    version: String,
    params: Vec<f64>,
    state: Vec<u8>,
}

impl FeatureSet {
    fn build(
        py: Python<'_>,
        definitions: Vec<(String, &'static Entry, Params)>,
        by: Option<String>,
        nulls: Nulls,
    ) -> Result<Self> {
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
    pub fn restore(py: Python<'_>, snapshot: &Snapshot) -> Result<Self> {
        if snapshot.function != NAME {
            return Err(Error::snapshot_mismatch(&snapshot.function, NAME));
        }
        if snapshot.version != VERSION {
            return Err(Error::snapshot_version(NAME, &snapshot.version, format!("version {VERSION}")));
        }
        let corrupt = |reason: &dyn std::fmt::Display| {
            Error::snapshot_corrupt(reason, "the state of a feature set", "other bytes")
        };
        let (saved, rest): (Saved, _) =
            postcard::take_from_bytes(&snapshot.payload).map_err(|error| corrupt(&error))?;
        let distinct = Groups::from_keys(&saved.groups).keys().len();
        if !rest.is_empty() || saved.features.is_empty() || distinct != saved.groups.len() {
            return Err(corrupt(&"it contradicts itself"));
        }
        if saved.by.is_none() && !saved.groups.is_empty() {
            return Err(corrupt(&"it has groups and no column of groups"));
        }
        let mut definitions = Vec::with_capacity(saved.features.len());
        for feature in &saved.features {
            let entry = find(&feature.function)?;
            check_version(&entry.spec, &feature.version)?;
            let params = saved_params(&entry.spec, &feature.params)?;
            definitions.push((feature.name.clone(), entry, params));
        }
        let set = Self::build(py, definitions, saved.by, snapshot.nulls)?;
        {
            let mut live = set.lock()?;
            live.groups = Groups::from_keys(&saved.groups);
            live.rows = saved.rows;
            for (state, feature) in live.states.iter_mut().zip(&saved.features) {
                state.load(&feature.state)?;
            }
        }
        Ok(set)
    }

    /// A panic in a kernel was reported when it happened; the state it left is still a state.
    fn lock(&self) -> Result<Held<'_, Live>> {
        self.live.lock().map_err(|left| left.error(NAME))
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let live = self.lock()?;
        let features = self.features.iter().zip(&live.states).map(|(feature, state)| {
            let spec = &feature.entry.spec;
            SavedFeature {
                name: feature.name.clone(),
                function: spec.name.clone(),
                version: spec.version.clone(),
                params: feature.params.values().to_vec(),
                state: state.save(),
            }
        });
        let saved = Saved {
            by: self.by.clone(),
            groups: live.groups.keys().to_vec(),
            rows: live.rows,
            features: features.collect(),
        };
        let snapshot = Snapshot {
            kind: SnapshotKind::FeatureSet,
            function: NAME.into(),
            version: VERSION.into(),
            params: Vec::new(),
            nulls: self.nulls,
            payload: postcard::to_stdvec(&saved).unwrap_or_default(),
        };
        Ok(snapshot.encode())
    }

    /// Runs all features over an import, from `live` on.
    fn compute(&self, import: &Import, live: &mut Live) -> Result<Vec<Vec<f64>>> {
        // Groups of the data are numbered from 0; the live state may know some of them already.
        let numbers: Option<Vec<u32>> = import.grouping.as_ref().map(|grouping| {
            let known: Vec<u32> =
                grouping.groups.keys().iter().map(|key| live.groups.number_of(key)).collect();
            grouping.numbers.iter().map(|&number| known[number as usize]).collect()
        });
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

    fn answer<'py>(&self, py: Python<'py>, outputs: Vec<Vec<f64>>) -> Outcome<Bound<'py, PyAny>> {
        let names = self.features.iter().flat_map(|feature| feature.output_names.iter().map(String::as_str));
        columns(py, names.zip(outputs))
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
        let bar = Bar::of(bar);
        for (slot, input) in row.iter_mut().zip(&self.inputs) {
            *slot = bar.number(&input.name)?;
        }
        let Some(by) = &self.by else { return Ok(None) };
        let item = bar.item(by)?;
        match key(&item) {
            Some(key) => Ok(Some(key)),
            None => Err(Error::invalid_type(by, "text or a whole number", item.repr()?).into()),
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
        let mut outputs = vec![[f64::NAN; MOST_COLUMNS]; self.features.len()];
        let group = match &key {
            None => 0,
            Some(key) if update => live.groups.number_of(key),
            Some(key) => live.groups.find(key).unwrap_or(live.groups.next()),
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
                answer.set_item(name, (!value.is_nan()).then_some(value))?;
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

#[pymethods]
impl FeatureSet {
    /// A set from `(name, function, parameters)` triples.
    #[new]
    #[pyo3(signature = (definitions, by=None, nulls=None))]
    fn new(
        py: Python<'_>,
        definitions: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyDict>)>,
        by: Option<&Bound<'_, PyAny>>,
        nulls: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(py, NAME, || {
            if definitions.is_empty() {
                return Err(Error::invalid_shape("the features", "at least one", "none").into());
            }
            let mut resolved = Vec::with_capacity(definitions.len());
            for (name, function, parameters) in definitions {
                let entry = find(&text(&function, "the function's name")?)?;
                let params = resolve(&entry.spec, parameters.as_any())?;
                resolved.push((text(&name, "the feature's name")?, entry, params));
            }
            let by = by.map(|by| text(by, "by")).transpose()?;
            Ok(Self::build(py, resolved, by, nulls_of(nulls)?)?)
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
                let mut next = live.clone();
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
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        guard(py, NAME, || Ok(PyBytes::new(py, &self.encode()?)))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        let live = guard(py, NAME, || Ok(Lock::new(self.lock()?.clone())))?;
        let features = self.features.iter().map(|feature| Feature {
            name: feature.name.clone(),
            entry: feature.entry,
            params: feature.params.clone(),
            inputs: feature.inputs.clone(),
            outputs: feature.outputs.iter().map(|output| output.clone_ref(py)).collect(),
            output_names: feature.output_names.clone(),
        });
        Ok(Self {
            features: features.collect(),
            inputs: self.inputs.clone(),
            by: self.by.clone(),
            nulls: self.nulls,
            live,
        })
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.import("omega._rust")?.getattr("restore")?, (self.snapshot(py)?,)))
    }

    /// The names of the outputs, in order.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.features.iter().flat_map(|feature| feature.output_names.iter().map(String::as_str)).collect()
    }

    /// The columns that a table or a bar must have.
    #[getter]
    fn inputs(&self) -> Vec<&str> {
        self.inputs.iter().map(|input| input.name.as_str()).chain(self.by.as_deref()).collect()
    }

    fn __repr__(&self) -> String {
        format!("FeatureSet({})", self.names().join(", "))
    }
}
