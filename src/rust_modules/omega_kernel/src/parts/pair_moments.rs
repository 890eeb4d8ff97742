//! How two series move together over the last rows: covariance, correlation, beta, without drift.
//!
//! Blocks and differences as in the moments of one series, with products beside the squares.

use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::{Result, memory};
use serde::{Deserialize, Serialize};

use super::ROUNDING;
use crate::payload::{State, list};

/// Moments of the last `period` pairs.
#[derive(Clone, Copy, Debug)]
pub struct PairMoments {
    period: usize,
    share: f64,
}

/// Sums of differences: of the first series, of the second, their squares, and their product.
type Sums = [f64; 5];

/// What a [`PairMoments`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct PairMomentsState {
    /// The pairs of the block under way.
    #[serde(with = "list")]
    block: Vec<[f64; 2]>,
    /// Sums from each row of the earlier block to its end; empty until a block has been full.
    #[serde(with = "list")]
    tails: Vec<Sums>,
    /// The last pair of the earlier block.
    shift: [f64; 2],
    /// Sums over the block under way; 0 while there is no earlier one.
    head: Sums,
}

impl State for PairMomentsState {
    fn copy(&self) -> Result<Self> {
        let (block, tails) = (memory::copied(&self.block)?, memory::copied(&self.tails)?);
        Ok(Self { block, tails, ..*self })
    }
}

/// Moments of a window of pairs, over n and not n - 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Of the first series and of the second.
    pub means: [f64; 2],
    /// Of the first series and of the second, never negative.
    pub variances: [f64; 2],
    /// Of the two.
    pub covariance: f64,
}

impl Pair {
    /// From -1 to 1; `None` where one of the two does not vary.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        let deviations = self.variances[0].sqrt() * self.variances[1].sqrt();
        (deviations > 0.0).then(|| (self.covariance / deviations).clamp(-1.0, 1.0))
    }

    /// How much the first moves with the second; `None` where the second does not vary.
    #[must_use]
    pub fn beta(&self) -> Option<f64> {
        (self.variances[1] > 0.0).then(|| self.covariance / self.variances[1])
    }
}

fn plus(sums: Sums, pair: [f64; 2], shift: [f64; 2]) -> Sums {
    let [x, y] = [pair[0] - shift[0], pair[1] - shift[1]];
    [sums[0] + x, sums[1] + y, x.mul_add(x, sums[2]), y.mul_add(y, sums[3]), x.mul_add(y, sums[4])]
}

impl PairMoments {
    /// Moments over a window of `period` rows.
    #[must_use]
    pub fn new(period: usize) -> Self {
        Self { period, share: 1.0 / period as f64 }
    }

    /// Memory for `rows` pairs more, of which never more than `period` are kept.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then, but for room that was had.
    #[inline]
    pub fn reserve(&self, state: &mut PairMomentsState, rows: usize) -> Result<()> {
        if state.tails.len() == self.period {
            return Ok(());
        }
        let missing = self.period - state.block.len();
        memory::reserve_up_to(&mut state.block, rows.min(missing), self.period)?;
        // As many tails as there are pairs, but all at once, when the block is full.
        memory::reserve_exact(&mut state.tails, state.block.capacity().min(self.period))
    }

    /// Takes one pair, for which there is room; the moments once there are `period`.
    #[inline]
    pub fn update(&self, state: &mut PairMomentsState, pair: [f64; 2]) -> Option<Pair> {
        state.block.push(pair);
        if state.block.len() == self.period {
            state.turn(pair);
            return Some(self.moments(state.tails[0], pair));
        }
        if state.tails.is_empty() {
            return None;
        }
        state.head = plus(state.head, pair, state.shift);
        let tail = state.tails[state.block.len()];
        let sums = std::array::from_fn(|place| tail[place] + state.head[place]);
        Some(self.moments(sums, state.shift))
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &PairMomentsState, pair: [f64; 2]) -> Option<Pair> {
        let filled = state.block.len() + 1;
        if filled == self.period {
            let from_the_end = state.block.iter().rev();
            let sums = from_the_end.fold(Sums::default(), |sums, earlier| plus(sums, *earlier, pair));
            return Some(self.moments(sums, pair));
        }
        let tail = state.tails.get(filled)?;
        let head = plus(state.head, pair, state.shift);
        let sums = std::array::from_fn(|place| tail[place] + head[place]);
        Some(self.moments(sums, state.shift))
    }

    fn moments(&self, [x, y, xx, yy, xy]: Sums, shift: [f64; 2]) -> Pair {
        let over =
            |squares: f64, one: f64, other: f64| (-one).mul_add(other * self.share, squares) * self.share;
        Pair {
            means: [x.mul_add(self.share, shift[0]), y.mul_add(self.share, shift[1])],
            variances: [over(xx, x, x).max(0.0), over(yy, y, y).max(0.0)],
            covariance: over(xy, x, y),
        }
    }

    /// Whether pairs up to [`LARGEST_INPUT`] in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &PairMomentsState) -> bool {
        let most = ROUNDING * 2.0 * LARGEST_INPUT * self.period as f64;
        let sound = |sums: &Sums| {
            let squares = 0.0..=most * 2.0 * LARGEST_INPUT;
            sums[..2].iter().all(|sum| sum.abs() <= most)
                && sums[2..4].iter().all(|sum| squares.contains(sum))
                && squares.contains(&sums[4].abs())
        };
        state.block.len() < self.period
            && (state.tails.is_empty() || state.tails.len() == self.period)
            && state.tails.iter().chain([&state.head]).all(sound)
            && state.block.iter().chain([&state.shift]).flatten().all(|value| value.abs() <= LARGEST_INPUT)
    }
}

impl PairMomentsState {
    /// Makes the block that `last` fills the earlier one.
    fn turn(&mut self, last: [f64; 2]) {
        self.tails.resize(self.block.len(), Sums::default());
        let mut sums = Sums::default();
        for (tail, pair) in self.tails.iter_mut().zip(&self.block).rev() {
            sums = plus(sums, *pair, last);
            *tail = sums;
        }
        self.block.clear();
        (self.shift, self.head) = (last, Sums::default());
    }
}
