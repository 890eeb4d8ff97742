//! What the features of a set remember.

use omega_arrow::keys::{Groups, Key};
use omega_contract::{Result, memory};
use omega_kernel::{Grouped, Looked, Stream};
use serde::{Deserialize, Serialize};

use crate::data::Data;
use crate::groups;
use crate::order::{Follows, Moment, follow};

/// The number of a group that has none yet: there are never so many.
const NEW: u32 = u32::MAX;

/// What the features remember.
pub(super) struct Live {
    pub(super) groups: Groups,
    pub(super) states: Vec<State>,
    /// Which wires have had a value, group after group: before it, a wire warms up.
    pub(super) begun: Vec<bool>,
    /// How many wires there are.
    wires: usize,
    /// What is known of each group, or of the one series that there is without groups.
    pub(super) series: Vec<Series>,
    /// Rows taken so far, of all groups that there are; the row number in errors.
    pub(super) rows: u64,
}

/// What is known of one series beside the states of its features.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Series {
    /// Rows taken so far.
    pub(super) rows: u64,
    /// When its last bar was.
    pub(super) last: Option<Moment>,
}

/// One feature's memory.
pub(super) enum State {
    Single(Box<dyn Stream>),
    Grouped(Box<dyn Grouped>),
}

impl Live {
    pub(super) fn new(states: Vec<State>, wires: usize, series: usize) -> Self {
        let (begun, series) = (vec![false; wires * series], vec![Series::default(); series]);
        Self { groups: Groups::default(), states, begun, wires, series, rows: 0 }
    }

    pub(super) fn copy(&self) -> Result<Self> {
        let states = self.states.iter().map(State::copy).collect::<Result<_>>()?;
        let (begun, series) = (memory::copied(&self.begun)?, memory::copied(&self.series)?);
        Ok(Self { groups: self.groups.copy()?, states, begun, series, ..*self })
    }

    /// Forgets every row, and no group.
    pub(super) fn clear(&mut self) {
        self.states.iter_mut().for_each(State::reset);
        self.begun.fill(false);
        self.series.fill(Series::default());
        self.rows = 0;
    }

    /// Forgets a group and what is remembered of it; those after it move up by one number.
    pub(super) fn remove(&mut self, group: u32) -> Result<()> {
        self.groups = groups::without(&self.groups, group)?;
        self.states.iter_mut().for_each(|state| state.remove(group));
        let from = group as usize * self.wires;
        self.begun.drain(from..from + self.wires);
        self.rows -= self.series.remove(group as usize).rows;
        Ok(())
    }

    /// The numbers of some keys; that of a new one is none's.
    pub(super) fn find(&self, keys: &[Key]) -> Result<Vec<u32>> {
        memory::collected(keys.iter().map(|key| self.groups.find(key).unwrap_or(NEW)))
    }

    /// What is remembered of some groups, which have the numbers 0, 1, … in it.
    pub(super) fn part(&self, groups: &[u32]) -> Result<Self> {
        let states = self.states.iter().map(|state| state.copy_of(groups)).collect::<Result<_>>()?;
        let series = groups.iter().map(|&group| self.series.get(group as usize).copied().unwrap_or_default());
        let series = memory::collected(series)?;
        let mut part = Self { groups: Groups::default(), states, begun: Vec::new(), series, ..*self };
        part.grow_wires(groups.len())?;
        for (place, &group) in groups.iter().enumerate() {
            let begun = self.begun(group);
            part.begun[place * self.wires..][..begun.len()].copy_from_slice(begun);
        }
        Ok(part)
    }

    /// Takes over a [part](Self::part) that has gone on, of groups with these keys; or all is left as it is.
    pub(super) fn adopt(&mut self, keys: &[Key], mut groups: Vec<u32>, part: Self) -> Result<()> {
        let known = self.groups.keys().len();
        if let Err(error) = self.make_room(keys, &mut groups) {
            self.truncate(known);
            return Err(error);
        }
        for (place, &group) in groups.iter().enumerate() {
            let (from, of) = (group as usize * self.wires, place * self.wires);
            self.begun[from..from + self.wires].copy_from_slice(&part.begun[of..of + self.wires]);
            self.series[group as usize] = part.series[place];
        }
        self.rows = part.rows;
        self.states.iter_mut().zip(part.states).try_for_each(|(state, part)| state.adopt(&groups, part))
    }

    /// Numbers new groups, and has a place for each in every feature's memory.
    fn make_room(&mut self, keys: &[Key], groups: &mut [u32]) -> Result<()> {
        for (key, group) in keys.iter().zip(groups).filter(|(_, group)| **group == NEW) {
            *group = self.groups.number_of(key)?;
        }
        let known = self.groups.keys().len();
        self.grow(known)?;
        self.states.iter_mut().try_for_each(|state| state.grow(known))
    }

    /// Counts rows of a table, whose groups are those remembered here, and notes when the last of each group was.
    ///
    /// # Errors
    /// Those of [`follow`]: the first row of a group is later than its last bar, and the others follow as they must.
    pub(super) fn count(
        &mut self,
        field: &str,
        data: &Data<'_>,
        numbers: Option<&[u32]>,
        times: &[Option<Moment>],
        others: Follows,
    ) -> Result<()> {
        match numbers {
            None => self.series[0].rows += data.rows() as u64,
            Some(numbers) => numbers.iter().for_each(|&group| self.series[group as usize].rows += 1),
        }
        let mut begun = memory::filled(if times.is_empty() { 0 } else { self.series.len() }, false)?;
        for (row, now) in times.iter().enumerate() {
            let Some(now) = *now else { continue };
            let group = numbers.map_or(0, |numbers| numbers[row] as usize);
            let key = data.grouping().filter(|_| numbers.is_some()).map(|own| &own.groups.keys()[group]);
            let follows = if begun[group] { others } else { Follows::Later };
            let last = &mut self.series[group].last;
            follow(field, *last, now, follows, key, self.rows + row as u64)?;
            (*last, begun[group]) = (Some(now), true);
        }
        Ok(())
    }

    /// Forgets the groups from this number on.
    fn truncate(&mut self, known: usize) {
        self.groups.truncate(known);
        self.states.iter_mut().for_each(|state| state.truncate(known));
        self.begun.truncate(self.wires * known);
        self.series.truncate(known);
    }

    /// Of which groups a wire has had a value.
    pub(super) fn begun_of(&self, wire: usize) -> Result<Vec<bool>> {
        memory::collected(self.begun.iter().skip(wire).step_by(self.wires.max(1)).copied())
    }

    /// Says of which groups a wire has had a value.
    pub(super) fn begin(&mut self, wire: usize, begun: &[bool]) {
        let places = self.begun.iter_mut().skip(wire).step_by(self.wires.max(1));
        places.zip(begun).for_each(|(place, begun)| *place = *begun);
    }

    /// The group of a row that every feature, and the groups, have room for; or all of them are left as they are.
    #[inline]
    pub(super) fn reserve(&mut self, group: u32, key: Option<&Key>) -> Result<u32> {
        let reserved = self.reserve_states(group);
        let reserved = reserved.and_then(|()| key.map_or(Ok(group), |key| self.groups.number_of(key)));
        if reserved.is_err() {
            let known = self.groups.keys().len();
            self.states.iter_mut().for_each(|state| state.truncate(known));
            let series = known.max(usize::from(key.is_none()));
            self.begun.truncate(self.wires * series);
            self.series.truncate(series);
        }
        reserved
    }

    fn reserve_states(&mut self, group: u32) -> Result<()> {
        self.grow(group as usize + 1)?;
        self.states.iter_mut().try_for_each(|state| state.reserve(group))
    }

    /// Places for all groups below `groups`, but for the states of their features.
    pub(super) fn grow(&mut self, groups: usize) -> Result<()> {
        let known = self.series.len();
        if groups > known {
            memory::reserve(&mut self.series, groups - known)?;
            self.series.resize(groups, Series::default());
        }
        self.grow_wires(groups)
    }

    /// Wires that warm up for all groups below `groups`.
    pub(super) fn grow_wires(&mut self, groups: usize) -> Result<()> {
        let (wires, known) = (self.wires * groups, self.begun.len());
        if wires > known {
            memory::reserve(&mut self.begun, wires - known)?;
            self.begun.resize(wires, false);
        }
        Ok(())
    }

    /// The group of a key; the next one where the key is new.
    #[inline]
    pub(super) fn group(&self, key: Option<&Key>) -> u32 {
        key.map_or(0, |key| self.groups.find(key).unwrap_or(self.groups.next()))
    }

    /// Which wires of a group have had a value; none are listed of a group that is new.
    #[inline]
    pub(super) fn begun(&self, group: u32) -> &[bool] {
        let from = group as usize * self.wires;
        self.begun.get(from..from + self.wires).unwrap_or_default()
    }

    /// Where a wire of a group has its place.
    #[inline]
    pub(super) fn place(&self, group: u32, wire: usize) -> usize {
        group as usize * self.wires + wire
    }
}

impl State {
    fn copy(&self) -> Result<Self> {
        Ok(match self {
            Self::Single(stream) => Self::Single(stream.copy()?),
            Self::Grouped(grouped) => Self::Grouped(grouped.copy()?),
        })
    }

    /// Of one series there is no part.
    fn copy_of(&self, groups: &[u32]) -> Result<Self> {
        match self {
            Self::Single(_) => self.copy(),
            Self::Grouped(grouped) => grouped.copy_of(groups).map(Self::Grouped),
        }
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        match self {
            Self::Single(_) => Ok(()),
            Self::Grouped(grouped) => grouped.grow(groups),
        }
    }

    fn adopt(&mut self, groups: &[u32], part: Self) -> Result<()> {
        match (self, part) {
            (Self::Grouped(grouped), Self::Grouped(part)) => grouped.adopt(groups, part)?,
            (single, part) => *single = part,
        }
        Ok(())
    }

    fn reset(&mut self) {
        match self {
            Self::Single(stream) => stream.reset(),
            Self::Grouped(grouped) => grouped.reset(),
        }
    }

    /// The only series stays.
    fn remove(&mut self, group: u32) {
        if let Self::Grouped(grouped) = self {
            grouped.remove(group);
        }
    }

    #[inline]
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

    pub(super) fn save(&self) -> Result<Vec<u8>> {
        match self {
            Self::Single(stream) => stream.save(),
            Self::Grouped(grouped) => grouped.save(),
        }
    }

    pub(super) fn load(&mut self, payload: &[u8]) -> Result<()> {
        match self {
            Self::Single(stream) => stream.load(payload),
            Self::Grouped(grouped) => grouped.load(payload),
        }
    }

    #[inline]
    pub(super) fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        match self {
            Self::Single(stream) => stream.update(input, output),
            Self::Grouped(grouped) => grouped.update(group, input, output),
        }
    }

    pub(super) fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        match self {
            Self::Single(stream) => stream.peek(input, output),
            Self::Grouped(grouped) => grouped.peek(group, input, output),
        }
    }

    pub(super) fn take(&mut self, rows: Looked<'_, '_>) -> Result<()> {
        match self {
            Self::Single(stream) => stream.take(rows),
            Self::Grouped(grouped) => grouped.take(rows),
        }
    }
}
