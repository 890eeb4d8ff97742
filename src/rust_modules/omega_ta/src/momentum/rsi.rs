//! Relative strength index (RSI): how much of the recent movement was upward.

use omega_contract::bounds::{LARGEST_INPUT, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Exponential, ExponentialState, STILL};
use serde::{Deserialize, Serialize};

/// Relative strength index.
#[derive(Clone, Copy)]
pub struct Rsi {
    period: usize,
    average: Exponential,
}

/// What [`Rsi`] remembers.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct RsiState {
    previous: Option<f64>,
    gain: ExponentialState,
    loss: ExponentialState,
}

impl Rowwise<1, 1> for Rsi {
    type State = RsiState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.rsi",
            Kind::Rowwise,
            "bars",
            "Relative strength index (RSI): average gain as a percentage of average gain and loss together.",
        )
        .describe(
            "Gains and losses from close to close, each averaged by Wilder's smoothing, which starts from the plain \
             mean of the first `period` changes. 0 where nothing has moved at all, as in TA-Lib.",
        )
        .reference("Wilder, New Concepts in Technical Trading Systems, Trend Research 1978, section VI")
        .reference("TA-Lib RSI")
        .series(bars::CLOSE)
        .rows("period", 14, 2, "Sets the weight of the newest change, 1 / period.")
        .output("rsi", Unit::Percent, "From 0, only losses, to 100, only gains.")
        .warm_up("The first `period` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, average: Exponential::wilder(period) }
    }

    fn warm_up(&self) -> usize {
        self.period
    }

    fn start(&self) -> RsiState {
        RsiState::default()
    }

    #[inline]
    fn update(&self, state: &mut RsiState, [close]: [f64; 1]) -> Option<[f64; 1]> {
        let change = close - state.previous.replace(close)?;
        // Both fade alike through bars without a change; leaving them as they are keeps their ratio for ever.
        let still = self.is_warm(state) && state.gain.value() + state.loss.value() < STILL;
        if !still || change != 0.0 {
            self.average.update(&mut state.gain, change.max(0.0));
            self.average.update(&mut state.loss, (-change).max(0.0));
        }
        let (gain, loss) = (state.gain.value(), state.loss.value());
        let both = gain + loss;
        self.is_warm(state).then(|| [if both > 0.0 { 100.0 * (gain / both) } else { 0.0 }])
    }

    #[inline]
    fn is_warm(&self, state: &RsiState) -> bool {
        self.average.is_seeded(&state.gain)
    }

    fn forget(&self, state: &mut RsiState) {
        // They never fade together, and the ratio to the other is settled long before one has faded.
        state.gain.forget();
        state.loss.forget();
    }

    fn is_sound(&self, state: &RsiState) -> bool {
        let changes = state.gain.taken();
        state.previous.is_none_or(is_input)
            && (state.previous.is_some() || changes == 0)
            && state.loss.taken() == changes
            && self.average.is_sound(&state.gain, 0.0, 2.0 * LARGEST_INPUT)
            && self.average.is_sound(&state.loss, 0.0, 2.0 * LARGEST_INPUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsi(closes: impl Iterator<Item = f64>) -> Option<[f64; 1]> {
        let rsi = Rsi::new(&Params::resolve(&Rsi::spec(), []).unwrap());
        let mut state = rsi.start();
        closes.fold(None, |_, close| rsi.update(&mut state, [close]))
    }

    #[test]
    fn a_market_without_any_change_reads_zero() {
        assert_eq!(rsi(std::iter::repeat_n(5.0, 100)), Some([0.0]));
    }

    #[test]
    fn a_market_gone_flat_keeps_its_reading_for_ever() {
        let moving = || [10.0, 11.0, 10.5, 12.0].into_iter().cycle().take(40);
        let [before] = rsi(moving()).unwrap_or([f64::NAN]);
        let [after] = rsi(moving().chain(std::iter::repeat_n(12.0, 30_000))).unwrap_or([f64::NAN]);
        assert!((after - before).abs() < 1e-9, "{before} {after}");
    }
}
