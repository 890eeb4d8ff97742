//! Exponential moving average (EMA): the newest row weighs most.

use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Exponential, ExponentialState};

/// Exponential moving average.
#[derive(Clone, Copy)]
pub struct Ema {
    period: usize,
    close: Exponential,
}

impl Rowwise<1, 1> for Ema {
    type State = ExponentialState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.ema",
            Kind::Rowwise,
            "bars",
            "Exponential moving average (EMA): the mean of all closes, the older the lighter.",
        )
        .describe(
            "The first value is the mean of the first `period` closes; from then on \
             ema = (1 - k) * ema + k * close with k = 2 / (period + 1), in one fused multiply-add.",
        )
        .reference(
            "Murphy, Technical Analysis of the Financial Markets, New York Institute of Finance 1999, ch. 9",
        )
        .reference("TA-Lib EMA")
        .series(bars::CLOSE)
        .rows("period", 30, 1, "Sets the weight of the newest close, 2 / (period + 1).")
        .output("ema", Unit::Price, "Exponential moving average of the closes.")
        .warm_up("The first `period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, close: Exponential::new(period) }
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }

    fn start(&self) -> ExponentialState {
        ExponentialState::default()
    }

    #[inline]
    fn update(&self, state: &mut ExponentialState, [close]: [f64; 1]) -> Option<[f64; 1]> {
        self.close.update(state, close).map(|ema| [ema])
    }

    #[inline]
    fn is_warm(&self, state: &ExponentialState) -> bool {
        self.close.is_seeded(state)
    }

    #[inline]
    fn step(&self, state: &mut ExponentialState, [close]: [f64; 1]) -> [f64; 1] {
        [self.close.step(state, close)]
    }

    fn forget(&self, state: &mut ExponentialState) {
        state.forget();
    }

    fn is_sound(&self, state: &ExponentialState) -> bool {
        self.close.is_sound(state, -LARGEST_INPUT, LARGEST_INPUT)
    }
}
