//! Average true range (ATR): how far prices move in a bar.

use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Exponential, ExponentialState, TrueRange};
use serde::{Deserialize, Serialize};

/// Average true range.
#[derive(Clone, Copy)]
pub struct Atr {
    period: usize,
    average: Exponential,
}

/// What [`Atr`] remembers.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct AtrState {
    true_range: TrueRange,
    average: ExponentialState,
}

impl Rowwise<3, 1> for Atr {
    type State = AtrState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.atr",
            Kind::Rowwise,
            "bars",
            "Average true range (ATR): how far price moves in a bar, gaps from the previous close included.",
        )
        .describe(
            "True range is the greatest of high - low, |high - previous close| and |low - previous close|; the first bar \
             has none. Averaged by Wilder's smoothing, which starts from the plain mean of the first `period` ranges.",
        )
        .reference("Wilder, New Concepts in Technical Trading Systems, Trend Research 1978, section III")
        .reference("TA-Lib ATR")
        .reads(bars::HIGH)
        .reads(bars::LOW)
        .reads(bars::CLOSE)
        .rows("period", 14, 1, "Sets the weight of the newest range, 1 / period.")
        .output("atr", Unit::PriceChange, "Average true range.")
        .warm_up("The first `period` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, average: Exponential::wilder(period) }
    }

    fn warm_up(&self) -> usize {
        self.period
    }

    fn start(&self) -> AtrState {
        AtrState::default()
    }

    #[inline]
    fn update(&self, state: &mut AtrState, [high, low, close]: [f64; 3]) -> Option<[f64; 1]> {
        let true_range = state.true_range.update(high, low, close)?;
        self.average.update(&mut state.average, true_range).map(|atr| [atr])
    }

    #[inline]
    fn is_warm(&self, state: &AtrState) -> bool {
        self.average.is_seeded(&state.average)
    }

    #[inline]
    fn step(&self, state: &mut AtrState, [high, low, close]: [f64; 3]) -> [f64; 1] {
        let true_range = state.true_range.update(high, low, close).unwrap_or(0.0);
        [self.average.step(&mut state.average, true_range)]
    }

    fn forget(&self, state: &mut AtrState) {
        state.average.forget();
    }

    fn is_sound(&self, state: &AtrState) -> bool {
        state.true_range.is_sound()
            && self.average.is_sound(&state.average, 0.0, 2.0 * LARGEST_INPUT)
            && (state.true_range.has_close() || state.average.taken() == 0)
    }
}
