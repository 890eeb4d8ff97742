//! A moving average whose period is another in each row.
//!
//! What averages a window of rows, of whatever length, follows from the rows themselves: the last of them are kept, as many as
//! the longest period, and a row costs as much as its period is long. What is recursive remembers all rows, so each period
//! has averages of its own, and a row costs as much as there are periods.

use std::{array, iter};

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS};
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::average::{doubled, tripled};
use super::{BlockMean, BlockWeights, Counts, Exponential, ExponentialState, ROUNDING, Window, WindowState};
use crate::payload::{State, list};

/// Rows that go through four periods at a time, and then through the next four.
const BLOCK_ROWS: usize = 512;

/// Periods whose averages take a row side by side.
const LANES: usize = 4;

/// The average of one of the kinds of [`Average`](super::Average), over any of some periods.
#[derive(Clone, Copy, Debug)]
pub struct VariableAverage {
    kind: Kind,
    periods: Counts,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Simple,
    Weighted,
    Triangular,
    Exponential,
    DoubleExponential,
    TripleExponential,
}

/// What a [`VariableAverage`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct VariableAverageState {
    /// Rows taken.
    rows: u64,
    /// Of a window: the rows that the next one needs beside it.
    window: WindowState,
    /// Of what is recursive: for each period the average, the average of it, and so on.
    #[serde(with = "list")]
    averages: Vec<ExponentialState>,
}

impl State for VariableAverageState {
    fn copy(&self) -> Result<Self> {
        let (window, averages) = (self.window.copy()?, memory::copied(&self.averages)?);
        Ok(Self { rows: self.rows, window, averages })
    }
}

impl VariableAverage {
    /// The average of one of the [`KINDS`](super::Average::KINDS), over periods of which the longest is at least 2.
    ///
    /// # Panics
    /// If there is no such kind: specs list no other.
    #[must_use]
    pub fn new(kind: &str, periods: Counts) -> Self {
        let kind = match kind {
            "sma" => Kind::Simple,
            "ema" => Kind::Exponential,
            "wma" => Kind::Weighted,
            "dema" => Kind::DoubleExponential,
            "tema" => Kind::TripleExponential,
            "trima" => Kind::Triangular,
            _ => panic!("there is no average `{kind}`"),
        };
        Self { kind, periods, window: Window::new(periods.most() - 1) }
    }

    /// How many averages are taken of each other; none of a window.
    fn chained(&self) -> usize {
        match self.kind {
            Kind::Simple | Kind::Weighted | Kind::Triangular => 0,
            Kind::Exponential => 1,
            Kind::DoubleExponential => 2,
            Kind::TripleExponential => 3,
        }
    }

    /// The number of rows before the first value: those of the longest period, whichever is asked for.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        self.chained().max(1) * (self.periods.most() - 1)
    }

    /// Memory for `rows` rows more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then.
    #[inline]
    pub fn reserve(&self, state: &mut VariableAverageState, rows: usize) -> Result<()> {
        let chained = self.chained();
        if chained == 0 {
            return self.window.reserve(&mut state.window, rows);
        }
        if state.averages.is_empty() {
            memory::reserve_exact(&mut state.averages, chained * self.periods.all().count())?;
        }
        Ok(())
    }

    /// Takes one row, for which there is room; the average over the period, once there are rows for the longest one.
    #[inline]
    pub fn update(&self, state: &mut VariableAverageState, value: f64, period: f64) -> Option<f64> {
        let period = self.periods.of(period);
        match self.kind {
            Kind::Simple | Kind::Weighted | Kind::Triangular => {
                let average = self.next_of_window(state, value, period);
                self.window.push(&mut state.window, value);
                state.rows += 1;
                average
            }
            Kind::Exponential => self.chain(state, value, period).map(|[average]| average),
            Kind::DoubleExponential => self.chain(state, value, period).map(doubled),
            Kind::TripleExponential => self.chain(state, value, period).map(tripled),
        }
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &VariableAverageState, value: f64, period: f64) -> Option<f64> {
        let period = self.periods.of(period);
        match self.kind {
            Kind::Simple | Kind::Weighted | Kind::Triangular => self.next_of_window(state, value, period),
            Kind::Exponential => self.next_of_chain(state, value, period).map(|[average]| average),
            Kind::DoubleExponential => self.next_of_chain(state, value, period).map(doubled),
            Kind::TripleExponential => self.next_of_chain(state, value, period).map(tripled),
        }
    }

    /// [`update`](Self::update) for consecutive rows, NaN while there is no value.
    pub fn batch(
        &self,
        state: &mut VariableAverageState,
        values: &[f64],
        periods: &[f64],
        averages: &mut [f64],
    ) {
        match self.kind {
            Kind::Simple | Kind::Weighted | Kind::Triangular => {
                self.windows(state, values, periods, averages);
            }
            Kind::Exponential => self.chains(state, values, periods, averages, |[average]| average),
            Kind::DoubleExponential => self.chains(state, values, periods, averages, doubled),
            Kind::TripleExponential => self.chains(state, values, periods, averages, tripled),
        }
    }

    /// The average with a value more, which is not taken.
    fn next_of_window(&self, state: &VariableAverageState, value: f64, period: usize) -> Option<f64> {
        let earlier = state.window.in_order();
        let oldest = self.periods.most() - period;
        self.window.is_full(&state.window).then(|| {
            let newest_first = iter::once(value).chain(earlier.clone().rev().take(period - 1));
            let oldest_first = earlier.skip(oldest).chain([value]);
            self.of_window(newest_first, oldest_first, period, state.rows + 1)
        })
    }

    /// The average of a window, which is given in both orders, and is the last of so many rows.
    #[inline]
    fn of_window(
        &self,
        newest_first: impl Iterator<Item = f64>,
        oldest_first: impl Iterator<Item = f64>,
        period: usize,
        rows: u64,
    ) -> f64 {
        match self.kind {
            Kind::Simple => BlockMean::new(period).of_window(newest_first, oldest_first, rows),
            Kind::Weighted => BlockWeights::new(period).of_window(newest_first, oldest_first, rows),
            _ => triangular(newest_first, period),
        }
    }

    /// Windows that lie whole in the batch are looked at where they lie.
    fn windows(
        &self,
        state: &mut VariableAverageState,
        values: &[f64],
        periods: &[f64],
        averages: &mut [f64],
    ) {
        let reaching_back = values.len().min(self.periods.most() - 1);
        for row in 0..reaching_back {
            averages[row] = self.update(state, values[row], periods[row]).unwrap_or(f64::NAN);
        }
        let before = state.rows - reaching_back as u64;
        for row in reaching_back..values.len() {
            let (rows, period) = (row + 1, self.periods.of(periods[row]));
            let window = values[rows - period..rows].iter().copied();
            averages[row] = self.of_window(window.clone().rev(), window, period, before + rows as u64);
        }
        state.rows = before + values.len() as u64;
        self.window.extend(&mut state.window, &values[reaching_back..]);
    }

    /// Takes one row into the averages of all periods. The shorter a period, the later it starts, so that all have their
    /// first value in the same row, as in TA-Lib.
    #[inline]
    fn chain<const N: usize>(
        &self,
        state: &mut VariableAverageState,
        value: f64,
        period: usize,
    ) -> Option<[f64; N]> {
        let VariableAverageState { rows, averages, .. } = state;
        if averages.is_empty() {
            averages.resize(N * self.periods.all().count(), ExponentialState::default());
        }
        let mut found = None;
        for (each, states) in self.periods.all().zip(averages.as_chunks_mut::<N>().0) {
            if *rows >= self.start_of(each) {
                let known = Exponential::new(each).update_chain(states.each_mut(), value);
                found = if each == period { known } else { found };
            }
        }
        *rows += 1;
        found
    }

    /// The averages of one period with a value more, which is not taken.
    fn next_of_chain<const N: usize>(
        &self,
        state: &VariableAverageState,
        value: f64,
        period: usize,
    ) -> Option<[f64; N]> {
        let place = period - self.periods.all().start();
        let states = state.averages.as_chunks::<N>().0.get(place);
        let mut states = states.copied().unwrap_or([ExponentialState::default(); N]);
        let takes = state.rows >= self.start_of(period);
        takes.then(|| Exponential::new(period).update_chain(states.each_mut(), value)).flatten()
    }

    /// The row from which on a period takes values.
    fn start_of(&self, period: usize) -> u64 {
        (self.chained() * (self.periods.most() - period)) as u64
    }

    fn chains<const N: usize>(
        &self,
        state: &mut VariableAverageState,
        values: &[f64],
        periods: &[f64],
        averages: &mut [f64],
        of: impl Fn([f64; N]) -> f64,
    ) {
        let missing = (self.warm_up() as u64 + 1).saturating_sub(state.rows);
        let seeding = usize::try_from(missing).map_or(values.len(), |missing| missing.min(values.len()));
        for row in 0..seeding {
            let known = self.chain(state, values[row], self.periods.of(periods[row]));
            averages[row] = known.map_or(f64::NAN, &of);
        }
        let blocks = values[seeding..].chunks(BLOCK_ROWS).zip(periods[seeding..].chunks(BLOCK_ROWS));
        for ((values, periods), averages) in blocks.zip(averages[seeding..].chunks_mut(BLOCK_ROWS)) {
            let mut chosen = [0; BLOCK_ROWS];
            for (chosen, period) in chosen.iter_mut().zip(periods) {
                *chosen = self.periods.of(*period);
            }
            let firsts = self.periods.all().step_by(LANES);
            for (first, states) in firsts.zip(state.averages.chunks_mut(N * LANES)) {
                step_side_by_side(first, states, values, &chosen, averages, &of);
            }
            self.forget(state);
        }
        state.rows += (values.len() - seeding) as u64;
    }

    /// Sets to 0 what has faded; of a period all of it or none, as of an [`Average`](super::Average).
    pub fn forget(&self, state: &mut VariableAverageState) {
        for states in state.averages.chunks_mut(self.chained().max(1)) {
            if states.iter().all(ExponentialState::is_faded) {
                states.iter_mut().for_each(ExponentialState::forget);
            }
        }
    }

    /// Whether values up to [`LARGEST_INPUT`] in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &VariableAverageState) -> bool {
        let VariableAverageState { rows, window, averages } = state;
        let (chained, kept) = (self.chained(), window.values().len() as u64);
        let right = if chained == 0 {
            averages.is_empty() && kept == (*rows).min(self.periods.most() as u64 - 1)
        } else {
            let expected = if *rows == 0 { 0 } else { chained * self.periods.all().count() };
            kept == 0
                && averages.len() == expected
                && self.periods.all().zip(averages.chunks(chained)).all(|(period, states)| {
                    let taken = rows.saturating_sub(self.start_of(period));
                    are_sound(period, taken, states)
                })
        };
        right && *rows <= MOST_ROWS && self.window.is_sound(window, LARGEST_INPUT)
    }
}

/// Whether so many values can have led to the averages of a period.
fn are_sound(period: usize, taken: u64, states: &[ExponentialState]) -> bool {
    let (part, most) = (Exponential::new(period), ROUNDING * LARGEST_INPUT);
    (0..).zip(states).all(|(place, state)| {
        let own = taken.saturating_sub(place * (period as u64 - 1)).min(period as u64);
        state.taken() as u64 == own && part.is_sound(state, -most, most)
    })
}

/// A few periods take some rows: side by side, so that one does not wait for the other.
#[inline]
fn step_side_by_side<const N: usize>(
    first: usize,
    states: &mut [ExponentialState],
    values: &[f64],
    chosen: &[usize],
    averages: &mut [f64],
    of: impl Fn([f64; N]) -> f64,
) {
    let mut known = [[0.0; LANES]; N];
    let (mut keep, mut weight) = ([0.0; LANES], [0.0; LANES]);
    for (lane, states) in states.as_chunks::<N>().0.iter().enumerate() {
        (keep[lane], weight[lane]) = Exponential::new(first + lane).weights();
        (0..N).for_each(|place| known[place][lane] = states[place].value());
    }
    for ((value, chosen), average) in values.iter().zip(chosen).zip(averages) {
        let mut next = [*value; LANES];
        for known in &mut known {
            for lane in 0..LANES {
                known[lane] = known[lane].mul_add(keep[lane], next[lane] * weight[lane]);
            }
            next = *known;
        }
        let lane = chosen.wrapping_sub(first);
        if lane < LANES {
            *average = of(array::from_fn(|place| known[place][lane]));
        }
    }
    for (lane, states) in states.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        (0..N).for_each(|place| states[place].set(known[place][lane]));
    }
}

/// The mean of a window in which rows weigh the more, the nearer to its middle. Its sum is over differences from the newest
/// value, so the average of equal values is that value exactly.
fn triangular(mut newest_first: impl Iterator<Item = f64>, n: usize) -> f64 {
    let newest = newest_first.next().unwrap_or(f64::NAN);
    let weighted = |sum: f64, (place, value): (usize, f64)| {
        (value - newest).mul_add((place + 1).min(n - place) as f64, sum)
    };
    let sum = (1..).zip(newest_first).fold(0.0, weighted);
    sum.mul_add(1.0 / ((n / 2 + 1) * n.div_ceil(2)) as f64, newest)
}
