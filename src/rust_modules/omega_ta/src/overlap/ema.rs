//! Average that forgets exponentially.

use omega_contract::assert_inputs;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts;
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Exponential moving average.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Ema {
    close: parts::Ema,
}

impl Rowwise<1, 1> for Ema {
    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.ema",
            Kind::Rowwise,
            "bars",
            "Exponential moving average: the mean of all closes, the older the lighter.",
        )
        .describe(
            "The first value is the mean of the first `period` closes; from then on \
             ema = (1 - k) * ema + k * close with k = 2 / (period + 1), in one fused multiply-add.",
        )
        .reference(
            "Murphy, Technical Analysis of the Financial Markets, New York Institute of Finance 1999, ch. 9",
        )
        .reference("TA-Lib EMA")
        .input("close", "Closing price of each bar.")
        .rows("period", 30, 1, "Sets the weight of the newest close, 2 / (period + 1).")
        .output("ema", "price", "Exponential moving average of the closes.")
        .warm_up("period - 1")
    }

    fn new(params: &Params) -> Self {
        Self { close: parts::Ema::new(params.rows("period")) }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period") - 1
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 1]> {
        self.close.update(close).map(|ema| [ema])
    }

    fn batch(&mut self, [close]: [&[f64]; 1], [ema]: [&mut [f64]; 1]) {
        self.close.batch(close, ema);
    }

    fn forget(&mut self) {
        self.close.forget();
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.close.is_sound(params.rows("period"), LARGEST_INPUT)
    }
}
