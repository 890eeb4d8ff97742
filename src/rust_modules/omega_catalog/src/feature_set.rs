//! Many functions, one call per bar or batch.
//!
//! The columns that several features share are read once, and so are the groups. `run` computes a table from nothing;
//! `update` and `extend` go on from the live state.

use std::ops::Range;
use std::sync::Arc;

use omega_arrow::keys::{Groups, Key};
use omega_contract::params::{Given, Params};
use omega_contract::spec::Input;
use omega_contract::{Error, Result, memory};
use omega_kernel::payload::{bytes, decode, encode, list};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use omega_kernel::{Body, Function, Grouped, Nulls, RowwiseFactory, Stream};
use serde::{Deserialize, Serialize};

use crate::compute::fill;
use crate::data::{Data, no_groups, wide};
use crate::find;
use crate::restore::saved;
use crate::stream::MOST_COLUMNS;

const NAME: &str = "omega.FeatureSet";
/// Rises when the payload of its snapshots changes.
const VERSION: &str = "1.0.0";

/// One feature as it is asked for.
#[derive(Clone)]
pub struct Definition {
    /// Its name, which is that of its output, or the start of those of several.
    pub name: String,
    /// What it computes.
    pub function: &'static Function,
    /// What it computes it with.
    pub params: Params,
}

impl Definition {
    /// The function of a name under some parameters; those that are not given have their defaults.
    ///
    /// # Errors
    /// `UNKNOWN_FUNCTION`, and those of [`Params::resolve`].
    pub fn new<'a>(
        name: &str,
        function: &str,
        parameters: impl IntoIterator<Item = (&'a str, Given)>,
    ) -> Result<Self> {
        let function = find(function)?;
        let params = Params::resolve(&function.spec, parameters)?;
        Ok(Self { name: name.to_owned(), function, params })
    }
}

/// Features by name, each an indicator with its parameters, and what they remember of one series or of one per group.
pub struct FeatureSet {
    features: Arc<Features>,
    live: Live,
}

/// The features of a set, without what they remember: what is the same in every copy of it.
pub struct Features {
    features: Vec<Feature>,
    /// The names of all outputs, in order.
    names: Vec<String>,
    /// The union of what the features read.
    inputs: Vec<Input>,
    /// The column that tells the group of each row.
    by: Option<String>,
    nulls: Nulls,
}

/// One feature of a set.
struct Feature {
    name: String,
    function: &'static Function,
    factory: &'static dyn RowwiseFactory,
    params: Params,
    /// Which of the set's inputs it reads.
    inputs: Vec<usize>,
    /// Which of the set's outputs it writes.
    outputs: Range<usize>,
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
        let group = self.group(key);
        let reserved = self.states.iter_mut().try_for_each(|state| state.reserve(group));
        let reserved = reserved.and_then(|()| key.map_or(Ok(group), |key| self.groups.number_of(key)));
        if reserved.is_err() {
            let known = self.groups.keys().len();
            self.states.iter_mut().for_each(|state| state.truncate(known));
        }
        reserved
    }

    /// The group of a key; the next one where the key is new.
    fn group(&self, key: Option<&Key>) -> u32 {
        key.map_or(0, |key| self.groups.find(key).unwrap_or(self.groups.next()))
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

impl Features {
    fn new(definitions: Vec<Definition>, by: Option<String>, nulls: Nulls) -> Result<Self> {
        if definitions.is_empty() {
            return Err(Error::invalid_shape("the features", "at least one", "none"));
        }
        let mut inputs: Vec<Input> = Vec::new();
        let mut features = Vec::with_capacity(definitions.len());
        let mut names: Vec<String> = Vec::new();
        for Definition { name, function, params } in definitions {
            let factory = match function.body {
                Body::Rowwise(factory) => factory,
                // A metric answers for all rows so far; over the last ones its rolling function does.
                Body::Reduction(factory) => factory.expanding(),
            };
            let places = function.spec.inputs.iter().map(|input| {
                inputs.iter().position(|known| known.name == input.name).unwrap_or_else(|| {
                    inputs.push(input.clone());
                    inputs.len() - 1
                })
            });
            let places = places.collect();
            let from = names.len();
            for output in &function.spec.outputs {
                let one = function.spec.outputs.len() == 1;
                let output = if one { name.clone() } else { format!("{name}_{}", output.name) };
                if names.contains(&output) {
                    let subject = format!("output `{output}`");
                    return Err(Error::invalid_shape(subject, "named once", "two features"));
                }
                names.push(output);
            }
            features.push(Feature {
                name,
                function,
                factory,
                params,
                inputs: places,
                outputs: from..names.len(),
            });
        }
        Ok(Self { features, names, inputs, by, nulls })
    }

    /// States that have seen no rows.
    fn fresh(&self) -> Live {
        let states = self.features.iter().map(|feature| {
            if self.by.is_some() {
                State::Grouped(feature.factory.grouped(&feature.params, self.nulls))
            } else {
                State::Single(feature.factory.stream(&feature.params, self.nulls))
            }
        });
        Live { groups: Groups::default(), states: states.collect(), rows: 0 }
    }

    /// The columns that rows must have, in order; the one of groups aside.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The names of the outputs, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column that tells the group of each row.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// What a missing input does.
    #[must_use]
    pub fn nulls(&self) -> Nulls {
        self.nulls
    }

    /// All features over a table, from nothing: one column for each name.
    ///
    /// # Errors
    /// As [`run`](crate::run), and `MISSING_COLUMN` if there are no groups where the features are by group.
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.compute(data, &mut self.fresh())
    }

    /// Runs all features over a table, from `live` on.
    fn compute(&self, data: &Data<'_>, live: &mut Live) -> Result<Vec<Vec<f64>>> {
        wide(NAME, self.inputs.len(), data.columns())?;
        let numbers = self.numbers(data, live)?;
        let mut answers = Vec::with_capacity(self.names.len());
        for (feature, state) in self.features.iter().zip(&mut live.states) {
            let outputs = fill(feature.outputs.len(), data, |from, chunk, outputs| {
                let inputs: Vec<_> = feature.inputs.iter().map(|&input| chunk[input]).collect();
                match (state as &mut State, &numbers) {
                    (State::Single(stream), _) => stream.batch(&inputs, outputs),
                    (State::Grouped(grouped), Some(numbers)) => {
                        grouped.batch(&numbers[from..from + inputs[0].values.len()], &inputs, outputs)
                    }
                    (State::Grouped(_), None) => Err(no_groups()),
                }
            })?;
            answers.extend(outputs);
        }
        live.rows += data.rows() as u64;
        Ok(answers)
    }

    /// The live group of each row. Groups of the data are numbered from 0; the live state may know some of them already.
    fn numbers(&self, data: &Data<'_>, live: &mut Live) -> Result<Option<Vec<u32>>> {
        let Some(grouping) = data.grouping().filter(|_| self.by.is_some()) else { return Ok(None) };
        let keys = grouping.groups.keys();
        let mut known = memory::room(keys.len())?;
        for key in keys {
            known.push(live.groups.number_of(key)?);
        }
        memory::collected(grouping.numbers.iter().map(|&number| known[number as usize])).map(Some)
    }

    /// Refuses a row that some feature would refuse, before any of them has taken it.
    fn check(&self, row: &[f64], key: Option<&Key>, outputs: &[f64], rows: u64) -> Result<()> {
        wide(NAME, self.inputs.len(), row.len())?;
        wide(NAME, self.names.len(), outputs.len())?;
        match (key, &self.by) {
            (None, Some(_)) => return Err(no_groups()),
            (Some(_), None) => return Err(Error::invalid_shape("a row", "of no group", "of a group")),
            _ => {}
        }
        omega_kernel::check_row(&self.inputs, row, self.nulls, rows)
    }
}

impl FeatureSet {
    /// A set that has seen no rows. `by` names the column that tells the group of each row.
    ///
    /// # Errors
    /// `INVALID_SHAPE` if there are no features, or two outputs have one name; `INVALID_TYPE` if a function does not
    /// answer row by row.
    pub fn new(definitions: Vec<Definition>, by: Option<String>, nulls: Nulls) -> Result<Self> {
        let features = Features::new(definitions, by, nulls)?;
        Ok(Self { live: features.fresh(), features: Arc::new(features) })
    }

    pub(crate) fn restore(snapshot: &Snapshot<'_>) -> Result<Self> {
        if snapshot.function != NAME {
            return Err(Error::snapshot_mismatch(snapshot.function, NAME));
        }
        if snapshot.version != VERSION {
            return Err(Error::snapshot_version(NAME, snapshot.version, format!("version {VERSION}")));
        }
        let corrupt =
            |reason: &str| Error::snapshot_corrupt(reason, "the state of a feature set", "other bytes");
        let content: Saved<'_> = decode(snapshot.payload)?;
        let groups = Groups::from_keys(&content.groups)?;
        if content.features.is_empty() || groups.keys().len() != content.groups.len() {
            return Err(corrupt("it contradicts itself"));
        }
        if content.by.is_none() && !content.groups.is_empty() {
            return Err(corrupt("it has groups and no column of groups"));
        }
        let mut definitions = Vec::with_capacity(content.features.len());
        for feature in &content.features {
            let (function, params) = saved(feature.function, feature.version, &feature.params)?;
            definitions.push(Definition { name: feature.name.to_owned(), function, params });
        }
        let mut set = Self::new(definitions, content.by.map(str::to_owned), snapshot.nulls)?;
        set.live.groups = groups;
        set.live.rows = content.rows;
        for (state, feature) in set.live.states.iter_mut().zip(&content.features) {
            state.load(feature.state)?;
        }
        Ok(set)
    }

    /// The features, without what they remember; shared by all copies.
    #[must_use]
    pub fn features(&self) -> &Arc<Features> {
        &self.features
    }

    /// All features over a table, from nothing: the live state stays as it is. One column for each name.
    ///
    /// # Errors
    /// As [`Features::run`].
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.features.run(data)
    }

    /// As [`run`](Self::run), going on from the live state and keeping it: history before the first live bar.
    ///
    /// # Errors
    /// As `run`; the state is unchanged then.
    pub fn extend(&mut self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        let mut next = self.live.copy()?;
        let outputs = self.features.compute(data, &mut next)?;
        self.live = next;
        Ok(outputs)
    }

    /// Takes one row, in the order of [`Features::inputs`], of the group of a key where the features are by group. Writes
    /// one value for each of [`Features::names`], NaN where there is none.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `MISSING_COLUMN`, `INVALID_SHAPE` or `OUT_OF_MEMORY`; no feature has taken the row
    /// then.
    pub fn update(&mut self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        self.features.check(row, key, outputs, self.live.rows)?;
        // What the features may need is there before any of them, or the groups, have taken the row.
        let group = self.live.reserve(key)?;
        for (feature, state) in self.features.features.iter().zip(&mut self.live.states) {
            let input = feature.gather(row);
            let output = &mut outputs[feature.outputs.clone()];
            state.update(group, &input[..feature.inputs.len()], output)?;
        }
        self.live.rows += 1;
        Ok(())
    }

    /// What [`update`](Self::update) would write, leaving the live state as it is.
    ///
    /// # Errors
    /// As `update`.
    pub fn peek(&self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        self.features.check(row, key, outputs, self.live.rows)?;
        let group = self.live.group(key);
        for (feature, state) in self.features.features.iter().zip(&self.live.states) {
            let input = feature.gather(row);
            let output = &mut outputs[feature.outputs.clone()];
            state.peek(group, &input[..feature.inputs.len()], output)?;
        }
        Ok(())
    }

    /// Forgets every row of every group.
    pub fn reset(&mut self) {
        self.live = self.features.fresh();
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { features: Arc::clone(&self.features), live: self.live.copy()? })
    }

    /// The number of rows taken so far, of all groups.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.live.rows
    }

    /// The features and their live state as bytes, for [`restore`](crate::restore()).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let states = self.live.states.iter().map(State::save).collect::<Result<Vec<_>>>()?;
        let features = self.features.features.iter().zip(&states).map(|(feature, state)| SavedFeature {
            name: &feature.name,
            function: &feature.function.spec.name,
            version: &feature.function.spec.version,
            params: feature.params.values().to_vec(),
            state,
        });
        let by = self.features.by();
        let (groups, rows) = (self.live.groups.keys(), self.live.rows);
        let payload = encode(&Saving { by, groups, rows, features: features.collect() })?;
        let snapshot = Snapshot {
            kind: SnapshotKind::FeatureSet,
            function: NAME,
            version: VERSION,
            params: Vec::new(),
            nulls: self.features.nulls,
            payload: &payload,
        };
        snapshot.encode()
    }
}

impl Feature {
    /// The feature's inputs out of a row of the set's.
    #[inline]
    fn gather(&self, row: &[f64]) -> [f64; MOST_COLUMNS] {
        let mut input = [f64::NAN; MOST_COLUMNS];
        for (slot, &place) in input.iter_mut().zip(&self.inputs) {
            *slot = row[place];
        }
        input
    }
}
