//! Many series of a rowwise function, their rows in any interleaving.

use std::any::Any;

use omega_arrow::column::Chunk;
use omega_contract::bounds::MOST_ROWS;
use omega_contract::spec::Memory;
use omega_contract::{Error, Result, memory};
use serde::{Deserialize, Serialize};

use super::stretches::{Batch, Looked, Taker, take, walk};
use super::{FORGET_ROWS, Rowwise, Rules, as_row, refusal, write};
use crate::checks::Checked;
use crate::function::Grouped;
use crate::payload::{self, State, list};

/// The least rows of one group in a row that are worth a batch of their own.
const SHORTEST_RUN: usize = 8;

pub(super) struct ManySeries<K: Rowwise<I, O>, const I: usize, const O: usize> {
    rules: Rules<K, I, O>,
    states: Vec<K::State>,
    /// Which series a missing row has spoilt for ever; empty where none can do so.
    spoilt: Vec<bool>,
    rows: u64,
}

/// The payload of many series.
#[derive(Serialize, Deserialize)]
#[serde(bound = "S: State")]
struct Saved<S> {
    rows: u64,
    #[serde(with = "list")]
    states: Vec<S>,
    #[serde(with = "list")]
    spoilt: Vec<bool>,
}

/// The same as it is written.
#[derive(Serialize)]
struct Saving<'a, S> {
    rows: u64,
    states: &'a [S],
    spoilt: &'a [bool],
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> ManySeries<K, I, O> {
    pub(super) fn new(rules: Rules<K, I, O>) -> Self {
        Self { rules, states: Vec::new(), spoilt: Vec::new(), rows: 0 }
    }

    #[inline]
    fn grow_to(&mut self, groups: usize) -> Result<()> {
        let known = self.states.len();
        if groups > known {
            if self.rules.can_spoil() {
                memory::reserve(&mut self.spoilt, groups - known)?;
            }
            memory::reserve(&mut self.states, groups - known)?;
            self.states.resize_with(groups, || self.rules.kernel.start());
            if self.rules.can_spoil() {
                self.spoilt.resize(groups, false);
            }
        }
        Ok(())
    }

    #[inline]
    fn is_spoilt(&self, group: usize) -> bool {
        K::MEMORY == Memory::Cumulative && self.spoilt.get(group).is_some_and(|spoilt| *spoilt)
    }

    fn miss(&mut self, group: usize) {
        let mut spoilt = false;
        self.rules.miss(&mut self.states[group], &mut spoilt);
        if spoilt {
            self.spoilt[group] = true;
        }
    }

    /// Takes rows that belong to one group.
    fn take_run(&mut self, group: usize, inputs: [&[f64]; I], mut outputs: [&mut [f64]; O]) -> Result<()> {
        if self.is_spoilt(group) {
            outputs.iter_mut().for_each(|output| output.fill(f64::NAN));
            return Ok(());
        }
        let (kernel, state) = (&self.rules.kernel, &mut self.states[group]);
        kernel.reserve(state, inputs[0].len())?;
        kernel.batch(state, inputs, outputs);
        kernel.forget(state);
        Ok(())
    }

    /// Takes one clean row.
    #[inline(always)]
    fn take_row(&mut self, group: usize, row: [f64; I]) -> Result<Option<[f64; O]>> {
        let spoilt = self.is_spoilt(group);
        let (kernel, state) = (&self.rules.kernel, &mut self.states[group]);
        kernel.reserve(state, 1)?;
        let values = kernel.update(state, row);
        Ok(if spoilt { None } else { values })
    }
}

/// How many of the first rows belong to the group of the first.
#[inline]
fn run_of(groups: &[u32]) -> usize {
    let first = groups[0];
    // By strides without a branch per row, as runs worth a batch are long.
    let strides = groups.chunks_exact(16);
    let same = |stride: &&[u32]| stride.iter().fold(0, |other, group| other | (group ^ first)) == 0;
    let whole = 16 * strides.take_while(same).count();
    whole + groups[whole..].iter().take_while(|group| **group == first).count()
}

/// Lets one of many series forget, each in its turn: the more there are, the fewer are the rows of each.
#[cold]
#[inline(never)]
fn forget_in_turn<K: Rowwise<I, O>, const I: usize, const O: usize>(
    kernel: &K,
    states: &mut [K::State],
    rows: u64,
) {
    // Of groups that were all removed nothing is left to forget.
    if let Some(place) = (rows / FORGET_ROWS as u64).checked_rem(states.len() as u64) {
        kernel.forget(&mut states[place as usize]);
    }
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Taker<I, O> for ManySeries<K, I, O> {
    fn take(&mut self, groups: &[u32], inputs: [&[f64]; I], mut outputs: [&mut [f64]; O]) -> Result<()> {
        let mut row = 0;
        while row < groups.len() {
            let group = groups[row] as usize;
            let next = groups.get(row + SHORTEST_RUN - 1);
            let run = if next == Some(&groups[row]) { run_of(&groups[row..]) } else { 1 };
            let rows = row..row + run;
            row += run;
            if run >= SHORTEST_RUN {
                let outputs = outputs.each_mut().map(|output| &mut output[rows.clone()]);
                self.take_run(group, inputs.map(|column| &column[rows.clone()]), outputs)?;
                continue;
            }
            for row in rows {
                let values = self.take_row(group, inputs.map(|column| column[row]))?;
                let values = values.unwrap_or([f64::NAN; O]);
                (0..O).for_each(|place| outputs[place][row] = values[place]);
            }
        }
        Ok(())
    }

    fn miss(&mut self, group: Option<u32>) {
        if let Some(group) = group {
            self.miss(group as usize);
        }
    }

    fn count(&mut self, rows: usize) {
        let before = self.rows;
        self.rows += rows as u64;
        let turns = before / FORGET_ROWS as u64..self.rows.div_ceil(FORGET_ROWS as u64);
        for turn in turns {
            forget_in_turn(&self.rules.kernel, &mut self.states, turn * FORGET_ROWS as u64);
        }
    }

    fn number(&self) -> u64 {
        self.rows
    }
}

impl<K: Rowwise<I, O>, const I: usize, const O: usize> Grouped for ManySeries<K, I, O> {
    fn update(&mut self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let (group, row) = (group as usize, as_row(input));
        self.grow_to(group + 1)?;
        let values = if self.rules.check(row, self.rows)? == Checked::Clean {
            let spoilt = self.is_spoilt(group);
            self.rules.take(&mut self.states[group], spoilt, row)?
        } else {
            self.miss(group);
            None
        };
        self.rows += 1;
        if self.rows.is_multiple_of(FORGET_ROWS as u64) {
            forget_in_turn(&self.rules.kernel, &mut self.states, self.rows);
        }
        Ok(write(values, output))
    }

    fn peek(&self, group: u32, input: &[f64], output: &mut [f64]) -> Result<bool> {
        let (group, row) = (group as usize, as_row(input));
        let values = match self.states.get(group) {
            Some(state) => self.rules.peek(state, self.is_spoilt(group), row, self.rows)?,
            None => self.rules.peek(&self.rules.kernel.start(), false, row, self.rows)?,
        };
        Ok(write(values, output))
    }

    fn batch(&mut self, groups: &[u32], inputs: &[Chunk<'_>], outputs: &mut [&mut [f64]]) -> Result<()> {
        self.grow_to(groups.iter().max().map_or(0, |&group| group as usize + 1))?;
        let nulls = self.rules.nulls;
        walk(Batch { groups, inputs, outputs }, nulls, self, refusal::<K, I, O>)
    }

    fn take(&mut self, rows: Looked<'_, '_>) -> Result<()> {
        self.grow_to(rows.groups.iter().max().map_or(0, |&group| group as usize + 1))?;
        take(rows, self.rules.nulls, self)
    }

    fn save(&self) -> Result<Vec<u8>> {
        let Self { states, spoilt, rows, .. } = self;
        payload::save::<Saved<K::State>>(&Saving { rows: *rows, states, spoilt })
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let Saved { rows, states, spoilt }: Saved<K::State> = payload::load(bytes)?;
        if rows > MOST_ROWS {
            return Err(payload::impossible(format!("{rows} rows")));
        }
        if let Some(group) = states.iter().position(|state| !self.rules.kernel.is_sound(state)) {
            return Err(payload::impossible(format!("a state of group {group} that no rows lead to")));
        }
        if spoilt.len() != if self.rules.can_spoil() { states.len() } else { 0 } {
            return Err(payload::impossible(format!("{} groups that may be spoilt", spoilt.len())));
        }
        (self.rows, self.states, self.spoilt) = (rows, states, spoilt);
        Ok(())
    }

    fn reserve(&mut self, group: u32) -> Result<()> {
        self.grow_to(group as usize + 1)?;
        self.rules.kernel.reserve(&mut self.states[group as usize], 1)
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.grow_to(groups)
    }

    fn copy_of(&self, groups: &[u32]) -> Result<Box<dyn Grouped>> {
        let mut states = memory::room(groups.len())?;
        for &group in groups {
            let known = self.states.get(group as usize);
            states.push(known.map_or_else(|| Ok(self.rules.kernel.start()), State::copy)?);
        }
        let can_spoil = self.rules.can_spoil();
        let spoilt = groups.iter().filter(|_| can_spoil).map(|&group| self.is_spoilt(group as usize));
        let spoilt = memory::collected(spoilt)?;
        Ok(Box::new(Self { rules: self.rules.clone(), states, spoilt, rows: self.rows }))
    }

    fn adopt(&mut self, groups: &[u32], copy: Box<dyn Grouped>) -> Result<()> {
        let copy: Box<dyn Any> = copy;
        let Ok(copy) = copy.downcast::<Self>() else {
            return Err(Error::internal(K::spec().name, "states of another function"));
        };
        let Self { states, spoilt, rows, .. } = *copy;
        for (&group, state) in groups.iter().zip(states) {
            self.states[group as usize] = state;
        }
        for (&group, spoilt) in groups.iter().zip(spoilt) {
            self.spoilt[group as usize] = spoilt;
        }
        self.rows = rows;
        Ok(())
    }

    fn truncate(&mut self, groups: usize) {
        self.states.truncate(groups);
        self.spoilt.truncate(groups);
    }

    fn remove(&mut self, group: u32) {
        let group = group as usize;
        // A group of a closed list has no state before its first row.
        if group < self.states.len() {
            self.states.remove(group);
        }
        if group < self.spoilt.len() {
            self.spoilt.remove(group);
        }
    }

    fn reset(&mut self) {
        self.states.clear();
        self.spoilt.clear();
        self.rows = 0;
    }

    fn copy(&self) -> Result<Box<dyn Grouped>> {
        let mut states = memory::room(self.states.len())?;
        for state in &self.states {
            states.push(state.copy()?);
        }
        let spoilt = memory::copied(&self.spoilt)?;
        Ok(Box::new(Self { rules: self.rules.clone(), states, spoilt, rows: self.rows }))
    }

    fn rows(&self) -> u64 {
        self.rows
    }
}
