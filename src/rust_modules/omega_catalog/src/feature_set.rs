//! Many functions, one call per bar or batch.
//!
//! The columns that several features share are read and checked once, and so are the groups. A feature may read what one
//! before it answers. `run` computes a table from nothing; `update` and `extend` go on from the live state.

/// One feature as it is asked for.
mod definition;
/// What each feature computes, from which columns and wires.
mod features;
/// What the features remember.
mod live;
/// The form of snapshots.
mod saved;
/// Tables, block by block.
mod walk;

use std::sync::Arc;

use omega_arrow::keys::{Groups, Key};
use omega_contract::{Error, Result};
use omega_kernel::Nulls;
use omega_kernel::payload::{decode, encode};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};

use crate::data::{Data, columns_of_groups, wide};
use crate::restore::saved;

pub use definition::Definition;
pub(crate) use definition::outputs_of;
pub use features::Features;
use live::{Live, State};
use saved::{Saved, SavedFeature, Saving};
use walk::Threads;

const NAME: &str = "omega.FeatureSet";
/// Rises when the payload of its snapshots changes.
const VERSION: &str = "3.0.0";

/// Features by name, each an indicator with its parameters, and what they remember of one series or of one per group.
pub struct FeatureSet {
    features: Arc<Features>,
    live: Live,
}

impl FeatureSet {
    /// A set that has seen no rows. `by` names the columns that tell the group of each row.
    ///
    /// # Errors
    /// `INVALID_SHAPE` if there are no features, too many columns of groups, two outputs have one name, or a wire comes from a feature that is not
    /// before its own or could as well be a column; `UNKNOWN_PARAMETER` if a function has no such input.
    pub fn new(
        definitions: Vec<Definition>,
        by: impl IntoIterator<Item = String>,
        nulls: Nulls,
    ) -> Result<Self> {
        let features = Features::new(definitions, columns_of_groups(by)?, nulls)?;
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
        if content.by.is_empty() && !content.groups.is_empty() {
            return Err(corrupt("it has groups and no column of groups"));
        }
        if content.groups.iter().any(|key| key.parts().len() != content.by.len()) {
            return Err(corrupt("its groups are not those of its columns"));
        }
        let mut definitions = Vec::with_capacity(content.features.len());
        for feature in &content.features {
            let (function, params) = saved(feature.function, feature.version, &feature.params)?;
            let wires = feature.wires.iter().map(|(input, source)| ((*input).into(), (*source).into()));
            let (name, wires) = (feature.name.to_owned(), wires.collect());
            definitions.push(Definition { name, function, params, wires });
        }
        let mut set = Self::new(definitions, content.by.iter().map(|by| (*by).to_owned()), snapshot.nulls)
            .map_err(|error| Error::snapshot_corrupt(error, "features that make a set", "others"))?;
        set.live.groups = groups;
        set.live.grow_wires(content.groups.len())?;
        if set.live.begun.len() != content.begun.len() {
            return Err(corrupt("its wires are not those of its features"));
        }
        set.live.begun = content.begun;
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
        let Self { features, live } = self;
        // The rows go to copies of what they touch: whatever stops them, the live state is as before.
        features.groups(data)?;
        let Some(grouping) = data.grouping().filter(|_| features.by().is_some()) else {
            let mut next = live.copy()?;
            let outputs = features.compute(data, &mut next, Threads::Worthwhile)?;
            *live = next;
            return Ok(outputs);
        };
        let keys = grouping.groups.keys();
        let groups = live.find(keys)?;
        let mut next = live.part(&groups)?;
        let outputs = features.compute(data, &mut next, Threads::Worthwhile)?;
        live.adopt(keys, groups, next)?;
        Ok(outputs)
    }

    /// Takes one row, in the order of [`Features::inputs`], of the group of a key where the features are by group. Writes
    /// one value for each of [`Features::names`], NaN where there is none.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `MISSING_COLUMN`, `INVALID_SHAPE` or `OUT_OF_MEMORY`; no feature has taken the row
    /// then.
    pub fn update(&mut self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        let Self { features, live } = self;
        fits(features, row, outputs)?;
        features.check(row, key, live.rows)?;
        if !features.wires.is_empty() {
            // What a wire will carry is known before any feature has taken the row: it may be refused.
            try_wires(features, live, row, key, outputs)?;
        }
        // What the features may need is there before any of them, or the groups, have taken the row.
        let group = live.reserve(key)?;
        let from = live.place(group, 0);
        let Live { states, begun, rows, .. } = live;
        let begun = &mut begun[from..from + features.wires.len()];
        features.lead(row, begun, *rows, outputs, |place, input, output| {
            states[place].update(group, input, output)
        })?;
        for (begun, &output) in begun.iter_mut().zip(&features.wires) {
            *begun |= !outputs[output].is_nan();
        }
        *rows += 1;
        Ok(())
    }

    /// What [`update`](Self::update) would write, leaving the live state as it is.
    ///
    /// # Errors
    /// As `update`.
    pub fn peek(&self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        let Self { features, live } = self;
        fits(features, row, outputs)?;
        features.check(row, key, live.rows)?;
        let group = live.group(key);
        features.lead(row, live.begun(group), live.rows, outputs, |place, input, output| {
            live.states[place].peek(group, input, output)
        })
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
        let features = self.features.each.iter().zip(&states).map(|(feature, state)| SavedFeature {
            name: &feature.name,
            function: &feature.function.spec.name,
            version: &feature.function.spec.version,
            params: feature.params.values().to_vec(),
            wires: feature.wires.iter().map(|(input, source)| (input.as_str(), source.as_str())).collect(),
            state,
        });
        let (by, features) = (self.features.by().unwrap_or_default(), features.collect());
        let Live { groups, begun, rows, .. } = &self.live;
        let payload = encode(&Saving { by, groups: groups.keys(), rows: *rows, begun, features })?;
        let snapshot = Snapshot {
            kind: SnapshotKind::FeatureSet,
            function: NAME,
            version: VERSION,
            params: Vec::new(),
            nulls: self.features.nulls(),
            payload: &payload,
        };
        snapshot.encode()
    }
}

fn fits(features: &Features, row: &[f64], outputs: &[f64]) -> Result<()> {
    wide(NAME, features.inputs().len(), row.len())?;
    wide(NAME, features.names().len(), outputs.len())
}

/// Refuses a row that some feature would refuse for what a wire brings it.
fn try_wires(
    features: &Features,
    live: &Live,
    row: &[f64],
    key: Option<&Key>,
    outputs: &mut [f64],
) -> Result<()> {
    let group = live.group(key);
    features.lead(row, live.begun(group), live.rows, outputs, |place, input, output| {
        if features.each[place].feeds.is_empty() {
            Ok(false)
        } else {
            live.states[place].peek(group, input, output)
        }
    })
}
