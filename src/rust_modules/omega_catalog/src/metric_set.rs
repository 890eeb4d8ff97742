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
use crate::feature_set::Definition;
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
        Ok(Self { live: Live::new(&metrics), metrics: Arc::new(metrics) })
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
        set.live = Live::restore(&set.metrics, &content)?;
        Ok(set)
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
    /// `INVALID_VALUE`, `MISSING_VALUE`, `MISSING_COLUMN`, `INVALID_SHAPE` or `OUT_OF_MEMORY`
    pub fn update(&mut self, data: &Data<'_>) -> Result<()> {
        self.metrics.check(data, self.live.rows)?;
        self.live.take(&self.metrics, data)
    }

    /// Takes over the rows of another set of the same metrics, as if they came after this one's: of each group those of
    /// its key.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if the other has other metrics, groups or another policy; `INVALID_SHAPE` if there are more
    /// rows than can be counted; `OUT_OF_MEMORY`. The state is unchanged then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if !Arc::ptr_eq(&self.metrics, &other.metrics) && !self.metrics.is_like(&other.metrics) {
            return Err(Error::snapshot_mismatch(other.metrics.label(), self.metrics.label()));
        }
        self.live.merge(&self.metrics, &other.live)
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

    /// The keys of the groups so far, in the order of their first rows; none where the metrics are not by group.
    #[must_use]
    pub fn groups(&self) -> &[Key] {
        self.live.groups.keys()
    }

    /// Forgets every row of every group.
    pub fn reset(&mut self) {
        self.live = Live::new(&self.metrics);
    }

    /// An independent copy.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Ok(Self { metrics: Arc::clone(&self.metrics), live: self.live.copy()? })
    }

    /// The number of rows taken so far, of all groups, missing ones included.
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
