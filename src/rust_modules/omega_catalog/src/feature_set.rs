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
use omega_contract::bounds::MOST_ROWS;
use omega_contract::{Error, Result};
use omega_kernel::Nulls;
use omega_kernel::payload::{decode, encode};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};

use crate::data::{Data, columns_of_groups, keyed_by, wide};
use crate::groups::unknown;
use crate::order::{Follows, Moment, follow};
use crate::restore::saved;

pub use definition::Definition;
pub(crate) use definition::outputs_of;
pub use features::Features;
use live::{Live, State};
use saved::{Saved, SavedFeature, Saving};
use walk::Threads;

const NAME: &str = "omega.FeatureSet";
/// Rises when the payload of its snapshots changes.
const VERSION: &str = "4.0.0";

/// Features by name, each an indicator with its parameters, and what they remember of one series or of one per group.
pub struct FeatureSet {
    features: Arc<Features>,
    live: Live,
    /// The field by which bars are in order.
    order: Option<String>,
    /// Whether there are to be no other groups than those that there are.
    is_closed: bool,
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
        Ok(Self { live: features.fresh(), features: Arc::new(features), order: None, is_closed: false })
    }

    /// The same set with the name of the field by which bars are in order; for messages, as moments come beside rows.
    #[must_use]
    pub fn ordered_by(self, field: Option<String>) -> Self {
        Self { order: field, ..self }
    }

    /// The same set, to which these are all the groups that there will ever be.
    ///
    /// # Errors
    /// `INVALID_SHAPE` if the features are not by group, or a group has not one key for each column, `OUT_OF_MEMORY`
    pub fn closed_to(mut self, groups: &Groups) -> Result<Self> {
        closed_by(self.features.by(), groups)?;
        self.live.groups = groups.copy()?;
        self.live.grow(groups.keys().len())?;
        Ok(Self { is_closed: true, ..self })
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
        set.live.grow(content.groups.len())?;
        if set.live.begun.len() != content.begun.len() {
            return Err(corrupt("its wires are not those of its features"));
        }
        if set.live.series.len() != content.series.len() {
            return Err(corrupt("its series are not those of its groups"));
        }
        let rows = content.series.iter().try_fold(0u64, |rows, series| rows.checked_add(series.rows));
        set.live.rows =
            rows.filter(|rows| *rows <= MOST_ROWS).ok_or_else(|| corrupt("it counts too many rows"))?;
        (set.live.begun, set.live.series) = (content.begun, content.series);
        (set.order, set.is_closed) = (content.order.map(str::to_owned), content.is_closed);
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
        self.extend_at(data, &[], Follows::NotEarlier)
    }

    /// [`extend`](Self::extend) by rows of some moments, or of none. The first row of a group is later than its last bar;
    /// `others` says how those after it follow the one before.
    ///
    /// # Errors
    /// As `extend`; `INVALID_VALUE` for a row that does not follow, `INVALID_TYPE` for a moment of another kind than the
    /// last, `UNKNOWN_GROUP` for a group of which the set is not to know.
    pub fn extend_at(
        &mut self,
        data: &Data<'_>,
        times: &[Option<Moment>],
        others: Follows,
    ) -> Result<Vec<Vec<f64>>> {
        let (outputs, groups, next) = self.ahead(data, times, others)?;
        match data.grouping().filter(|_| self.features.by().is_some()) {
            Some(grouping) => self.live.adopt(grouping.groups.keys(), groups, next)?,
            None => self.live = next,
        }
        Ok(outputs)
    }

    /// What [`extend_at`](Self::extend_at) would answer, leaving the live state as it is.
    ///
    /// # Errors
    /// As `extend_at`.
    pub fn look_ahead(
        &self,
        data: &Data<'_>,
        times: &[Option<Moment>],
        others: Follows,
    ) -> Result<Vec<Vec<f64>>> {
        Ok(self.ahead(data, times, others)?.0)
    }

    /// What a table gives, and what is remembered after it of the groups that it touches, with their numbers.
    ///
    /// The rows go to copies of what they touch: whatever stops them, the live state is as before.
    fn ahead(
        &self,
        data: &Data<'_>,
        times: &[Option<Moment>],
        others: Follows,
    ) -> Result<(Vec<Vec<f64>>, Vec<u32>, Live)> {
        let Self { features, live, .. } = self;
        let numbers = features.groups(data)?;
        let (groups, mut next) = match data.grouping().filter(|_| numbers.is_some()) {
            None => (Vec::new(), live.copy()?),
            Some(grouping) => {
                let keys = grouping.groups.keys();
                let stranger = keys.iter().find(|key| self.is_stranger(key));
                if let Some(stranger) = stranger {
                    return Err(unknown(stranger, &live.groups));
                }
                let groups = live.find(keys)?;
                let part = live.part(&groups)?;
                (groups, part)
            }
        };
        next.count(self.order(), data, numbers, times, others)?;
        let outputs = features.compute(data, &mut next, Threads::Worthwhile)?;
        Ok((outputs, groups, next))
    }

    /// Takes one row, in the order of [`Features::inputs`], of the group of a key where the features are by group. Writes
    /// one value for each of [`Features::names`], NaN where there is none.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `MISSING_COLUMN`, `INVALID_SHAPE` or `OUT_OF_MEMORY`; no feature has taken the row
    /// then.
    pub fn update(&mut self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        self.update_at(row, key, None, outputs)
    }

    /// [`update`](Self::update) by a bar of some moment, which must be later than the last of its group where both are
    /// known.
    ///
    /// # Errors
    /// As `update`; `INVALID_VALUE` for a bar that is not later, `INVALID_TYPE` for a moment of another kind than the last,
    /// `UNKNOWN_GROUP` for a group of which the set is not to know.
    pub fn update_at(
        &mut self,
        row: &[f64],
        key: Option<&Key>,
        time: Option<Moment>,
        outputs: &mut [f64],
    ) -> Result<()> {
        let group = self.admit(row, key, time, outputs)?;
        let Self { features, live, .. } = self;
        if !features.wires.is_empty() {
            // What a wire will carry is known before any feature has taken the row: it may be refused.
            try_wires(features, live, row, group, outputs)?;
        }
        // What the features may need is there before any of them, or the groups, have taken the row.
        let group = live.reserve(group, key)?;
        let from = live.place(group, 0);
        let Live { states, begun, rows, series, .. } = live;
        let begun = &mut begun[from..from + features.wires.len()];
        features.lead(row, begun, *rows, outputs, |place, input, output| {
            states[place].update(group, input, output)
        })?;
        for (begun, &output) in begun.iter_mut().zip(&features.wires) {
            *begun |= !outputs[output].is_nan();
        }
        *rows += 1;
        let own = &mut series[group as usize];
        own.rows += 1;
        own.last = time.or(own.last);
        Ok(())
    }

    /// What [`update`](Self::update) would write, leaving the live state as it is.
    ///
    /// # Errors
    /// As `update`.
    pub fn peek(&self, row: &[f64], key: Option<&Key>, outputs: &mut [f64]) -> Result<()> {
        self.peek_at(row, key, None, outputs)
    }

    /// What [`update_at`](Self::update_at) would write, leaving the live state as it is.
    ///
    /// # Errors
    /// As `update_at`.
    pub fn peek_at(
        &self,
        row: &[f64],
        key: Option<&Key>,
        time: Option<Moment>,
        outputs: &mut [f64],
    ) -> Result<()> {
        let group = self.admit(row, key, time, outputs)?;
        let Self { features, live, .. } = self;
        features.lead(row, live.begun(group), live.rows, outputs, |place, input, output| {
            live.states[place].peek(group, input, output)
        })
    }

    /// The number of a bar's group, if nothing about the bar is to be refused but what a wire will carry.
    #[inline]
    fn admit(&self, row: &[f64], key: Option<&Key>, time: Option<Moment>, outputs: &[f64]) -> Result<u32> {
        let Self { features, live, .. } = self;
        fits(features, row, outputs)?;
        features.check(row, key, live.rows)?;
        let group = live.group(key);
        if let Some(key) = key.filter(|_| self.is_closed && group == live.groups.next()) {
            return Err(unknown(key, &live.groups));
        }
        if let (Some(now), Some(own)) = (time, live.series.get(group as usize)) {
            follow(self.order(), own.last, now, Follows::Later, key, live.rows)?;
        }
        Ok(group)
    }

    /// Whether the set is not to know of a group.
    fn is_stranger(&self, key: &Key) -> bool {
        self.is_closed && self.live.groups.find(key).is_none()
    }

    fn order(&self) -> &str {
        self.order.as_deref().unwrap_or("the time")
    }

    /// The field by which bars are in order.
    #[must_use]
    pub fn order_field(&self) -> Option<&str> {
        self.order.as_deref()
    }

    /// Whether there are to be no other groups than those that there are.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The groups, in the order of their first rows, or in that of the list to which the set is closed.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.live.groups
    }

    /// The number of rows taken so far of one group.
    ///
    /// # Errors
    /// `UNKNOWN_GROUP`
    pub fn rows_of(&self, key: &Key) -> Result<u64> {
        let group = self.live.groups.find(key).ok_or_else(|| unknown(key, &self.live.groups))?;
        Ok(self.live.series[group as usize].rows)
    }

    /// Forgets a group, and gives back the memory that its states take.
    ///
    /// # Errors
    /// `UNKNOWN_GROUP` or `OUT_OF_MEMORY`; nothing is forgotten then.
    pub fn forget(&mut self, key: &Key) -> Result<()> {
        let group = self.live.groups.find(key).ok_or_else(|| unknown(key, &self.live.groups))?;
        self.live.remove(group)
    }

    /// Forgets every row of every group; a set that is closed to others keeps its groups.
    pub fn reset(&mut self) {
        if self.is_closed {
            self.live.clear();
        } else {
            self.live = self.features.fresh();
        }
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        let features = Arc::clone(&self.features);
        Ok(Self { features, live: self.live.copy()?, order: self.order.clone(), is_closed: self.is_closed })
    }

    /// The number of rows taken so far, of all groups that there are.
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
        let Live { groups, begun, series, .. } = &self.live;
        let (groups, order, is_closed) = (groups.keys(), self.order.as_deref(), self.is_closed);
        let payload = encode(&Saving { by, groups, order, is_closed, series, begun, features })?;
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
fn try_wires(features: &Features, live: &Live, row: &[f64], group: u32, outputs: &mut [f64]) -> Result<()> {
    features.lead(row, live.begun(group), live.rows, outputs, |place, input, output| {
        if features.each[place].feeds.is_empty() {
            Ok(false)
        } else {
            live.states[place].peek(group, input, output)
        }
    })
}

/// Refuses a closed list of groups where there are none, or of groups by other columns.
pub(crate) fn closed_by(by: Option<&[String]>, groups: &Groups) -> Result<()> {
    if let Some(by) = by {
        return groups.keys().iter().try_for_each(|key| keyed_by(by, key));
    }
    Err(Error::invalid_shape(
        "groups",
        "given with `by`, the column that tells the group of each row",
        "no `by`",
    ))
}
