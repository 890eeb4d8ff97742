//! What the metrics of a set remember.

use omega_arrow::keys::{Groups, Key};
use omega_contract::{Result, memory};

use super::metrics::{Kept, Metrics, count};
use super::saved::Saved;
use super::{contradicts_itself, groups_of};
use crate::data::{Data, keyed_by, no_groups};
use crate::groups::{same_types, without};

/// What the metrics remember.
pub(super) struct Live {
    pub(super) groups: Groups,
    /// Of each group, or of the one series that there is without groups.
    pub(super) series: Vec<Kept>,
    /// Rows taken so far, of all groups; the row number in errors.
    pub(super) rows: u64,
}

impl Live {
    /// Before the first row.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let series = if metrics.by().is_some() { Vec::new() } else { vec![metrics.fresh()] };
        Self { groups: Groups::default(), series, rows: 0 }
    }

    /// Before the first row of some groups.
    pub(super) fn of(metrics: &Metrics, groups: Groups) -> Result<Self> {
        let mut series = memory::room(groups.keys().len())?;
        groups.keys().iter().for_each(|_| series.push(metrics.fresh()));
        Ok(Self { groups, series, rows: 0 })
    }

    /// Forgets every row, and no group.
    pub(super) fn clear(&mut self) {
        self.series.iter_mut().flatten().for_each(|kept| kept.reset());
        self.rows = 0;
    }

    /// Forgets a group and what is remembered of it; those after it move up by one number.
    pub(super) fn remove(&mut self, group: u32) -> Result<()> {
        self.groups = without(&self.groups, group)?;
        self.rows -= self.rows_of(group);
        self.series.remove(group as usize);
        Ok(())
    }

    /// The rows of one group.
    pub(super) fn rows_of(&self, group: u32) -> u64 {
        self.series[group as usize].first().map_or(0, |kept| kept.rows())
    }

    pub(super) fn restore(metrics: &Metrics, content: &Saved<'_>) -> Result<Self> {
        let groups = groups_of(&content.groups)?;
        let series = if metrics.by().is_some() { content.groups.len() } else { 1 };
        let surplus = metrics.by().is_none() && !content.groups.is_empty();
        let by = metrics.by().unwrap_or_default();
        if content.groups.iter().any(|key| key.parts().len() != by.len()) || groups.stranger().is_some() {
            return Err(contradicts_itself());
        }
        if surplus || Some(content.states.len()) != series.checked_mul(metrics.summaries()) {
            return Err(contradicts_itself());
        }
        let mut live = Self { groups, series: memory::room(series)?, rows: content.rows };
        let mut rows = Some(0u64);
        for states in content.states.chunks(metrics.summaries()) {
            let mut kept = metrics.fresh();
            for (kept, state) in kept.iter_mut().zip(states) {
                kept.load(state.0)?;
            }
            if kept.iter().any(|one| one.rows() != kept[0].rows()) {
                return Err(contradicts_itself());
            }
            rows = rows.and_then(|rows| rows.checked_add(kept[0].rows()));
            live.series.push(kept);
        }
        if rows != Some(content.rows) {
            return Err(contradicts_itself());
        }
        count(content.rows, 0).map_err(|_| contradicts_itself())?;
        Ok(live)
    }

    pub(super) fn copy(&self) -> Result<Self> {
        let mut series = memory::room(self.series.len())?;
        for kept in &self.series {
            series.push(copied(kept)?);
        }
        Ok(Self { groups: self.groups.copy()?, series, rows: self.rows })
    }

    /// Takes rows that are checked; nothing is taken where memory is refused.
    pub(super) fn take(&mut self, metrics: &Metrics, data: &Data<'_>) -> Result<()> {
        if metrics.by().is_none() {
            let only = &mut self.series[0];
            metrics.reserve(only, data.rows())?;
            data.chunks().for_each(|chunk| metrics.take(only, chunk));
            self.rows += data.rows() as u64;
            return Ok(());
        }
        let grouping = data.grouping().ok_or_else(no_groups)?;
        let by = metrics.by().unwrap_or_default();
        grouping.groups.keys().iter().try_for_each(|key| keyed_by(by, key))?;
        let gathered = data.gather()?;
        let mut more = More::default();
        for (group, key) in grouping.groups.keys().iter().enumerate() {
            let rows = gathered.group(group)[0].values.len();
            match self.groups.find(key) {
                Some(known) => metrics.reserve(&mut self.series[known as usize], rows)?,
                None => {
                    let mut kept = metrics.fresh();
                    metrics.reserve(&mut kept, rows)?;
                    more.add(self, key, kept)?;
                }
            }
        }
        more.keep(metrics, self)?;
        for (group, key) in grouping.groups.keys().iter().enumerate() {
            if let Some(known) = self.groups.find(key) {
                metrics.take(&mut self.series[known as usize], &gathered.group(group));
            }
        }
        self.rows += data.rows() as u64;
        Ok(())
    }

    /// Takes over the rows of another one of the same metrics; nothing is taken where something is refused.
    pub(super) fn merge(&mut self, metrics: &Metrics, other: &Self) -> Result<()> {
        let rows = count(self.rows, other.rows)?;
        let mut more = More::default();
        let keys = || other.groups.keys().iter().map(Some).chain([None]);
        for (key, theirs) in keys().zip(&other.series) {
            match self.place(key) {
                Some(known) => {
                    let own = self.series[known].iter_mut().zip(theirs);
                    own.into_iter().try_for_each(|(own, their)| own.reserve_for(their.as_ref()))?;
                }
                None => {
                    if let Some(key) = key {
                        more.add(self, key, copied(theirs)?)?;
                    }
                }
            }
        }
        let known = self.series.len();
        more.keep(metrics, self)?;
        for (key, theirs) in keys().zip(&other.series) {
            // What is new was copied whole.
            let Some(place) = self.place(key).filter(|place| *place < known) else { continue };
            for (own, their) in self.series[place].iter_mut().zip(theirs) {
                own.merge(their.as_ref())?;
            }
        }
        self.rows = rows;
        Ok(())
    }

    /// The place of a key's series, or of the only one.
    fn place(&self, key: Option<&Key>) -> Option<usize> {
        key.map_or(Some(0), |key| self.groups.find(key).map(|group| group as usize))
    }
}

/// Groups that are to come beside those there are, once there is memory for all of them.
#[derive(Default)]
struct More {
    /// The groups with the new ones; none while there is no new one.
    groups: Option<Groups>,
    series: Vec<Kept>,
}

impl More {
    fn add(&mut self, live: &Live, key: &Key, kept: Kept) -> Result<()> {
        if self.groups.is_none() {
            self.groups = Some(live.groups.copy()?);
        }
        if let Some(groups) = &mut self.groups {
            groups.number_of(key)?;
        }
        memory::push(&mut self.series, kept)
    }

    fn keep(self, metrics: &Metrics, live: &mut Live) -> Result<()> {
        let Some(groups) = self.groups else { return Ok(()) };
        same_types(metrics.by(), &groups)?;
        memory::reserve(&mut live.series, self.series.len())?;
        live.series.extend(self.series);
        live.groups = groups;
        Ok(())
    }
}

fn copied(kept: &Kept) -> Result<Kept> {
    kept.iter().map(|kept| kept.copy()).collect()
}
