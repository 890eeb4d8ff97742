//! How much of the recent movement was upward.

use omega_contract::assert_inputs;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts::Wilder;
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Averages below this have lost digits to underflow: the market has been flat for thousands of bars.
const FLAT: f64 = f64::MIN_POSITIVE / f64::EPSILON;

/// Relative strength index.
#[derive(Clone, Serialize, Deserialize)]
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
        let average = Wilder::new(params.rows(0));
        Self { previous: None, gain: average.clone(), loss: average }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows(0)
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 1]> {
        let change = close - self.previous.replace(close)?;
        let gain = self.gain.update(change.max(0.0));
        let loss = self.loss.update((-change).max(0.0));
        let (gain, loss) = (gain?, loss?);
        let both = gain + loss;
        Some([if both < FLAT { 0.0 } else { 100.0 * (gain / both) }])
    }

    fn is_sound(&self, params: &Params) -> bool {
        let changes = self.gain.taken();
        self.previous.is_none_or(f64::is_finite)
            && (self.previous.is_some() || changes == 0)
            && self.loss.taken() == changes
            && self.gain.is_sound(params.rows(0))
            && self.loss.is_sound(params.rows(0))
    }
}
