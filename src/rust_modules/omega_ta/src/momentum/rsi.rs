//! How much of the recent movement was upward.

use omega_contract::assert_inputs;
use omega_contract::bounds::{LARGEST_INPUT, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts::{STILL, Wilder};
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Relative strength index.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Rsi {
    previous: Option<f64>,
    gain: Wilder,
    loss: Wilder,
}

impl Rowwise<1, 1> for Rsi {
    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.rsi",
            Kind::Rowwise,
            "bars",
            "Relative strength index: average gain as a percentage of average gain and loss together.",
        )
        .describe(
            "Gains and losses from close to close, each averaged by Wilder's smoothing, which starts from the plain \
             mean of the first `period` changes. 0 where nothing has moved at all, as in TA-Lib.",
        )
        .reference("Wilder, New Concepts in Technical Trading Systems, Trend Research 1978, section VI")
        .reference("TA-Lib RSI")
        .input("close", "Closing price of each bar.")
        .rows("period", 14, 2, "Sets the weight of the newest change, 1 / period.")
        .output("rsi", "percent", "From 0, only losses, to 100, only gains.")
        .warm_up("period")
    }

    fn new(params: &Params) -> Self {
        let average = Wilder::new(params.rows("period"));
        Self { previous: None, gain: average, loss: average }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period")
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 1]> {
        let change = close - self.previous.replace(close)?;
        // Both fade alike through bars without a change; leaving them as they are keeps their ratio for ever.
        let still = self.gain.is_seeded() && self.gain.value() + self.loss.value() < STILL;
        if !still || change != 0.0 {
            self.gain.update(change.max(0.0));
            self.loss.update((-change).max(0.0));
        }
        let (gain, loss) = (self.gain.value(), self.loss.value());
        let both = gain + loss;
        self.gain.is_seeded().then(|| [if both > 0.0 { 100.0 * (gain / both) } else { 0.0 }])
    }

    fn batch(&mut self, [close]: [&[f64]; 1], [rsi]: [&mut [f64]; 1]) {
        // A copy of its own stays in registers.
        let mut kernel = *self;
        for (close, rsi) in close.iter().zip(rsi) {
            *rsi = kernel.update([*close]).map_or(f64::NAN, |[rsi]| rsi);
        }
        *self = kernel;
    }

    fn forget(&mut self) {
        // They never fade together, and the ratio to the other is settled long before one has faded.
        self.gain.forget();
        self.loss.forget();
    }

    fn is_sound(&self, params: &Params) -> bool {
        let changes = self.gain.taken();
        self.previous.is_none_or(is_input)
            && (self.previous.is_some() || changes == 0)
            && self.loss.taken() == changes
            && self.gain.is_sound(params.rows("period"), 2.0 * LARGEST_INPUT)
            && self.loss.is_sound(params.rows("period"), 2.0 * LARGEST_INPUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsi(closes: impl Iterator<Item = f64>) -> Option<[f64; 1]> {
        let params = Params::resolve(&Rsi::spec(), []).ok();
        let mut rsi = params.map(|params| Rsi::new(&params));
        closes.fold(None, |_, close| rsi.as_mut().and_then(|rsi| rsi.update([close])))
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
