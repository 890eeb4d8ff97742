//! A moving average by kind and period, for functions that let the caller choose it as TA-Lib's `MA_Type` does.

use omega_contract::Result;
use omega_contract::bounds::LARGEST_INPUT;
use serde::{Deserialize, Serialize};

use super::{
    BlockMean, BlockMeanState, BlockWeights, BlockWeightsState, Exponential, ExponentialState, ROUNDING,
};
use crate::payload::State;

/// The moving average that a word and a period name.
#[derive(Clone, Copy, Debug)]
pub struct Average {
    parts: Parts,
    period: usize,
}

#[derive(Clone, Copy, Debug)]
enum Parts {
    Simple(BlockMean),
    Exponential(Exponential),
    Weighted(BlockWeights),
    DoubleExponential(Exponential),
    TripleExponential(Exponential),
    Triangular([BlockMean; 2]),
}

/// What an [`Average`] remembers.
#[derive(Serialize, Deserialize)]
pub enum AverageState {
    /// Of `sma`.
    Simple(BlockMeanState),
    /// Of `ema`.
    Exponential(ExponentialState),
    /// Of `wma`.
    Weighted(BlockWeightsState),
    /// Of `dema`: the average, and the average of it.
    DoubleExponential([ExponentialState; 2]),
    /// Of `tema`: the average, the average of it, and of that once more.
    TripleExponential([ExponentialState; 3]),
    /// Of `trima`: the mean, and the mean of it.
    Triangular([BlockMeanState; 2]),
}

impl State for AverageState {
    fn copy(&self) -> Result<Self> {
        Ok(match self {
            Self::Simple(state) => Self::Simple(state.copy()?),
            Self::Exponential(state) => Self::Exponential(*state),
            Self::Weighted(state) => Self::Weighted(state.copy()?),
            Self::DoubleExponential(states) => Self::DoubleExponential(*states),
            Self::TripleExponential(states) => Self::TripleExponential(*states),
            Self::Triangular([first, second]) => Self::Triangular([first.copy()?, second.copy()?]),
        })
    }
}

/// A double exponential average, from the average and the average of it.
#[inline]
pub(super) fn doubled([once, twice]: [f64; 2]) -> f64 {
    2.0f64.mul_add(once, -twice)
}

/// A triple exponential average, from the average, the average of it, and of that once more.
#[inline]
pub(super) fn tripled([once, twice, thrice]: [f64; 3]) -> f64 {
    3.0f64.mul_add(once - twice, thrice)
}

impl Average {
    /// The kinds, as a [choice](omega_contract::spec::FunctionSpec::choice) lists them: simple, exponential, weighted, double and
    /// triple exponential, triangular.
    pub const KINDS: [&'static str; 6] = ["sma", "ema", "wma", "dema", "tema", "trima"];

    /// The average of one of the [`KINDS`](Self::KINDS), over at least one row.
    ///
    /// # Panics
    /// If there is no such kind: specs list no other.
    #[must_use]
    pub fn new(kind: &str, period: usize) -> Self {
        let parts = match kind {
            "sma" => Parts::Simple(BlockMean::new(period)),
            "ema" => Parts::Exponential(Exponential::new(period)),
            "wma" => Parts::Weighted(BlockWeights::new(period)),
            "dema" => Parts::DoubleExponential(Exponential::new(period)),
            "tema" => Parts::TripleExponential(Exponential::new(period)),
            // A triangle of weights is a mean of means; together they reach over `period` rows.
            "trima" => Parts::Triangular([period / 2 + 1, period.div_ceil(2)].map(BlockMean::new)),
            _ => panic!("there is no average `{kind}`"),
        };
        Self { parts, period }
    }

    /// The number of rows before the first value.
    #[must_use]
    pub fn warm_up(&self) -> usize {
        let once = self.period - 1;
        match self.parts {
            Parts::DoubleExponential(_) => 2 * once,
            Parts::TripleExponential(_) => 3 * once,
            _ => once,
        }
    }

    /// The state before the first row.
    #[must_use]
    pub fn start(&self) -> AverageState {
        let average = ExponentialState::default();
        match self.parts {
            Parts::Simple(_) => AverageState::Simple(BlockMeanState::default()),
            Parts::Exponential(_) => AverageState::Exponential(average),
            Parts::Weighted(_) => AverageState::Weighted(BlockWeightsState::default()),
            Parts::DoubleExponential(_) => AverageState::DoubleExponential([average; 2]),
            Parts::TripleExponential(_) => AverageState::TripleExponential([average; 3]),
            Parts::Triangular(_) => AverageState::Triangular(Default::default()),
        }
    }

    /// Memory for `rows` values more.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is changed then, but for room that was had.
    #[inline]
    pub fn reserve(&self, state: &mut AverageState, rows: usize) -> Result<()> {
        match (&self.parts, state) {
            (Parts::Simple(part), AverageState::Simple(state)) => part.reserve(state, rows),
            (Parts::Weighted(part), AverageState::Weighted(state)) => part.reserve(state, rows),
            (Parts::Triangular([one, other]), AverageState::Triangular([first, second])) => {
                one.reserve(first, rows)?;
                other.reserve(second, rows)
            }
            _ => Ok(()),
        }
    }

    /// Takes one value, for which there is room; the average once there is one.
    #[inline]
    pub fn update(&self, state: &mut AverageState, value: f64) -> Option<f64> {
        match (&self.parts, state) {
            (Parts::Simple(part), AverageState::Simple(state)) => part.update(state, value),
            (Parts::Exponential(part), AverageState::Exponential(state)) => part.update(state, value),
            (Parts::Weighted(part), AverageState::Weighted(state)) => part.update(state, value),
            (Parts::DoubleExponential(part), AverageState::DoubleExponential([first, second])) => {
                part.update_chain([first, second], value).map(doubled)
            }
            (Parts::TripleExponential(part), AverageState::TripleExponential([first, second, third])) => {
                part.update_chain([first, second, third], value).map(tripled)
            }
            (Parts::Triangular([one, other]), AverageState::Triangular([first, second])) => {
                other.update(second, one.update(first, value)?)
            }
            // A state is always the one that `start` made, or that was found sound.
            _ => None,
        }
    }

    /// What `update` would answer.
    #[must_use]
    pub fn peek(&self, state: &AverageState, value: f64) -> Option<f64> {
        match (&self.parts, state) {
            (Parts::Simple(part), AverageState::Simple(state)) => part.peek(state, value),
            (Parts::Weighted(part), AverageState::Weighted(state)) => part.peek(state, value),
            (Parts::Triangular([one, other]), AverageState::Triangular([first, second])) => {
                other.peek(second, one.peek(first, value)?)
            }
            // The others are a few numbers, of which a copy takes no memory.
            (_, AverageState::Exponential(state)) => {
                self.update(&mut AverageState::Exponential(*state), value)
            }
            (_, AverageState::DoubleExponential(states)) => {
                self.update(&mut AverageState::DoubleExponential(*states), value)
            }
            (_, AverageState::TripleExponential(states)) => {
                self.update(&mut AverageState::TripleExponential(*states), value)
            }
            _ => None,
        }
    }

    /// Sets to 0 what has faded; all of it or none, as the least differences decide what is rounded which way.
    pub fn forget(&self, state: &mut AverageState) {
        let averages = match state {
            AverageState::Exponential(state) => std::slice::from_mut(state),
            AverageState::DoubleExponential(states) => states.as_mut_slice(),
            AverageState::TripleExponential(states) => states.as_mut_slice(),
            _ => return,
        };
        if averages.iter().all(ExponentialState::is_faded) {
            averages.iter_mut().for_each(ExponentialState::forget);
        }
    }

    /// Whether values up to [`LARGEST_INPUT`] in magnitude can lead to this state.
    #[must_use]
    pub fn is_sound(&self, state: &AverageState) -> bool {
        let all = |part: &Exponential, states: &[ExponentialState]| {
            let most = ROUNDING * LARGEST_INPUT;
            let next_waits = |pair: &[ExponentialState]| part.is_seeded(&pair[0]) || pair[1].taken() == 0;
            states.iter().all(|state| part.is_sound(state, -most, most)) && states.windows(2).all(next_waits)
        };
        match (&self.parts, state) {
            (Parts::Simple(part), AverageState::Simple(state)) => part.is_sound(state),
            (Parts::Exponential(part), AverageState::Exponential(state)) => all(part, &[*state]),
            (Parts::Weighted(part), AverageState::Weighted(state)) => part.is_sound(state),
            (Parts::DoubleExponential(part), AverageState::DoubleExponential(states)) => all(part, states),
            (Parts::TripleExponential(part), AverageState::TripleExponential(states)) => all(part, states),
            (Parts::Triangular([one, other]), AverageState::Triangular([first, second])) => {
                one.is_sound(first) && other.is_sound(second)
            }
            _ => false,
        }
    }
}
