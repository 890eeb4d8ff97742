//! Many metrics of the same rows, one call per chunk.
//!
//! Columns are checked once for all metrics, and those that ask for the same summary of the same columns share it. `run`
//! computes a table from nothing; `update` and `merge` go on from the live state, of one series or of one per group.

/// What the metrics remember.
mod live;
/// What each metric computes, from which columns and summaries.
mod metrics;
/// The form of snapshots.
mod saved;

use std::sync::Arc;

use omega_arrow::keys::{Groups, Key};
use omega_contract::{Error, Result, memory};
use omega_kernel::Nulls;
use omega_kernel::payload::{load, save};
use omega_kernel::snapshot::{Snapshot, SnapshotKind};

use crate::data::{Data, columns_of_groups};
use crate::feature_set::{Definition, closed_by};
use crate::groups::{same_types, unknown};
use live::Live;
pub use metrics::Metrics;
use saved::{Saved, Saving};

const NAME: &str = "omega.MetricSet";
/// The numbers are those of the metrics, which have versions of their own; the payload tells its structure by itself.
const VERSION: &str = "1.0.0";

/// Metrics by name, each with its parameters, and what they remember of one series or of one per group.
pub struct MetricSet {
    metrics: Arc<Metrics>,
    live: Live,
    /// Whether there are to be no other groups than those that there are.
    is_closed: bool,
}

impl MetricSet {
    /// A set that has seen no rows. `by` names the columns that tell the group of each row.
    ///
    /// # Errors
    /// `INVALID_TYPE` if a function is no metric; `INVALID_SHAPE` if there are no metrics, too many columns of groups, or two outputs have one name;
    /// `UNKNOWN_PARAMETER` if a function has no such input.
    pub fn new(
        definitions: Vec<Definition>,
        by: impl IntoIterator<Item = String>,
        nulls: Nulls,
    ) -> Result<Self> {
        let metrics = Metrics::new(definitions, columns_of_groups(by)?, nulls)?;
        Ok(Self { live: Live::new(&metrics), metrics: Arc::new(metrics), is_closed: false })
    }

    /// The same set by groups, which holds one metric that answers for itself and not under a name.
    ///
    /// # Errors
    /// `INVALID_SHAPE` if there are several, or no groups.
    pub fn alone(mut self) -> Result<Self> {
        let metrics = self.metrics.definitions().count();
        if metrics != 1 {
            return Err(Error::invalid_shape("a metric alone", "one metric", metrics));
        }
        if self.metrics.by().is_none() {
            return Err(Error::invalid_shape("a metric alone", "by groups", "one series"));
        }
        if let Some(metrics) = Arc::get_mut(&mut self.metrics) {
            metrics.is_alone = true;
        }
        Ok(self)
    }

    /// The same set, to which these are all the groups that there will ever be.
    ///
    /// # Errors
    /// `INVALID_SHAPE` if the metrics are not by group, or a group has not one key for each column; `UNSUPPORTED_TYPE` if keys of one
    /// column are of several types; `OUT_OF_MEMORY`
    pub fn closed_to(mut self, groups: &Groups) -> Result<Self> {
        closed_by(self.metrics.by(), groups)?;
        same_types(self.metrics.by(), groups)?;
        self.live = Live::of(&self.metrics, groups.copy()?)?;
        Ok(Self { is_closed: true, ..self })
    }

    pub(crate) fn restore(snapshot: &Snapshot<'_>) -> Result<Self> {
        if snapshot.function != NAME {
            return Err(Error::snapshot_mismatch(snapshot.function, NAME));
        }
        if snapshot.version != VERSION {
            return Err(Error::snapshot_version(NAME, snapshot.version, format!("version {VERSION}")));
        }
        let content: Saved<'_> = load(snapshot.payload)?;
        let definitions = content.metrics.iter().map(saved::definition).collect::<Result<_>>()?;
        let mut set = Self::new(definitions, content.by.iter().map(|by| (*by).to_owned()), snapshot.nulls)
            .map_err(|error| Error::snapshot_corrupt(error, "metrics that make a set", "others"))?;
        if content.is_alone {
            set = set.alone().map_err(|_| contradicts_itself())?;
        }
        set.live = Live::restore(&set.metrics, &content)?;
        Ok(Self { is_closed: content.is_closed, ..set })
    }

    /// The metrics, without what they remember; shared by all copies.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// All metrics over a table, from nothing: the live state stays as it is.
    ///
    /// # Errors
    /// As [`Metrics::run`].
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.metrics.run(data)
    }

    /// Takes all rows or, on an error, none. A row counts for a metric unless it is missing in a column that this metric
    /// reads.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE`, `MISSING_COLUMN`, `INVALID_SHAPE`, `UNKNOWN_GROUP` or `OUT_OF_MEMORY`
    pub fn update(&mut self, data: &Data<'_>) -> Result<()> {
        self.metrics.check(data, self.live.rows)?;
        if let Some(grouping) = data.grouping().filter(|_| self.is_closed) {
            self.refuse_strangers(grouping.groups)?;
        }
        self.live.take(&self.metrics, data)
    }

    /// Takes over the rows of another set of the same metrics, as if they came after this one's: of each group those of
    /// its key.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if the other has other metrics, another column of groups or another policy; `UNKNOWN_GROUP` if it
    /// has a group of which this one is not to know; `INVALID_SHAPE` if there are more
    /// rows than can be counted; `OUT_OF_MEMORY`. The state is unchanged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if !Arc::ptr_eq(&self.metrics, &other.metrics) && !self.metrics.is_like(&other.metrics) {
            return Err(Error::snapshot_mismatch(other.metrics.label(), self.metrics.label()));
        }
        if self.is_closed {
            self.refuse_strangers(&other.live.groups)?;
        }
        self.live.merge(&self.metrics, &other.live)
    }

    /// Refuses groups of which the set is not to know.
    fn refuse_strangers(&self, groups: &Groups) -> Result<()> {
        let known = &self.live.groups;
        match groups.keys().iter().find(|key| known.find(key).is_none()) {
            Some(stranger) => Err(unknown(stranger, known)),
            None => Ok(()),
        }
    }

    /// The metrics of the rows so far: one column for each of [`Metrics::names`], of one row, or of one for each of
    /// [`groups`](Self::groups). NaN where a metric is undefined.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn values(&self) -> Result<Vec<Vec<f64>>> {
        let mut answers = crate::compute::answers(self.metrics.names().len(), self.live.series.len())?;
        let mut row = memory::filled(self.metrics.names().len(), f64::NAN)?;
        for (place, kept) in self.live.series.iter().enumerate() {
            self.metrics.values(kept, &mut row)?;
            answers.iter_mut().zip(&row).for_each(|(column, value)| column[place] = *value);
        }
        Ok(answers)
    }

    /// The keys of the groups so far, in the order of their first rows, or in that of the list to which the set is closed;
    /// none where the metrics are not by group.
    #[must_use]
    pub fn groups(&self) -> &[Key] {
        self.live.groups.keys()
    }

    /// Whether there are to be no other groups than those that there are.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The number of rows taken so far of one group.
    ///
    /// # Errors
    /// `UNKNOWN_GROUP`
    pub fn rows_of(&self, key: &Key) -> Result<u64> {
        let groups = &self.live.groups;
        let group = groups.find(key).ok_or_else(|| unknown(key, groups))?;
        Ok(self.live.rows_of(group))
    }

    /// Forgets a group, and gives back the memory that it takes.
    ///
    /// # Errors
    /// `UNKNOWN_GROUP` or `OUT_OF_MEMORY`; nothing is forgotten then.
    pub fn forget(&mut self, key: &Key) -> Result<()> {
        let groups = &self.live.groups;
        let group = groups.find(key).ok_or_else(|| unknown(key, groups))?;
        self.live.remove(group)
    }

    /// Forgets every row of every group; a set that is closed to others keeps its groups.
    pub fn reset(&mut self) {
        if self.is_closed {
            self.live.clear();
        } else {
            self.live = Live::new(&self.metrics);
        }
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        let metrics = Arc::clone(&self.metrics);
        Ok(Self { metrics, live: self.live.copy()?, is_closed: self.is_closed })
    }

    /// The number of rows taken so far, of all groups that there are, missing ones included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.live.rows
    }

    /// The metrics and their live state as bytes, for [`restore`](crate::restore()).
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let mut states = memory::room(self.live.series.len() * self.metrics.summaries())?;
        for kept in self.live.series.iter().flatten() {
            states.push(kept.save()?);
        }
        let saving = Saving {
            by: self.metrics.by().unwrap_or_default(),
            groups: self.groups(),
            is_closed: self.is_closed,
            is_alone: self.metrics.is_alone,
            rows: self.live.rows,
            metrics: self.metrics.definitions().map(saved::saved).collect(),
            states: memory::collected(states.iter().map(|state| saved::State(state)))?,
        };
        let snapshot = Snapshot {
            kind: SnapshotKind::MetricSet,
            function: NAME,
            version: VERSION,
            params: Vec::new(),
            nulls: self.metrics.nulls(),
            payload: &save::<Saved<'_>>(&saving)?,
        };
        snapshot.encode()
    }
}

/// The refusal of a state that can be read and that no rows lead to.
fn contradicts_itself() -> Error {
    Error::snapshot_corrupt("it contradicts itself", "the state of a set of metrics", "other bytes")
}

/// The groups with these keys, none of them twice.
fn groups_of(keys: &[Key]) -> Result<Groups> {
    let groups = Groups::from_keys(keys)?;
    if groups.keys().len() == keys.len() { Ok(groups) } else { Err(contradicts_itself()) }
}
