//! Mean of the last rows.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_contract::{Result, assert_inputs};
use omega_kernel::parts::BlockMean;
use omega_kernel::{Rowwise, State};
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Simple moving average.
#[derive(Serialize, Deserialize)]
pub struct Sma {
    close: BlockMean,
}

impl State for Sma {
    fn copy(&self) -> Result<Self> {
        Ok(Self { close: self.close.copy()? })
    }

    #[inline]
    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.close.reserve(rows)
    }
}

impl Rowwise<1, 1> for Sma {
    fn spec() -> FunctionSpec {
        FunctionSpec::new("ta.sma", Kind::Rowwise, "bars", "Simple moving average: the mean of the last closes.")
            .version("1.1.0")
            .describe(
                "Every close of the window weighs the same. Sums are taken anew per block of `period` rows and never \
                 corrected by subtraction, so they do not drift: once an outlier has left the window, no trace of \
                 it is left in the average. The average of equal closes is that close exactly.",
            )
            .reference("Murphy, Technical Analysis of the Financial Markets, New York Institute of Finance 1999, ch. 9")
            .reference("TA-Lib SMA")
            .input("close", "Closing price of each bar.")
            .rows("period", 30, 1, "Length of the window.")
            .output("sma", "price", "Mean of the last `period` closes.")
            .warm_up("period - 1")
    }

    fn new(params: &Params) -> Self {
        Self { close: BlockMean::new(params.rows("period")) }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period") - 1
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 1]> {
        self.close.update(close).map(|sma| [sma])
    }

    fn peek(&self, [close]: [f64; 1]) -> Result<Option<[f64; 1]>> {
        Ok(self.close.peek(close).map(|sma| [sma]))
    }

    fn batch(&mut self, [close]: [&[f64]; 1], [sma]: [&mut [f64]; 1]) {
        self.close.batch(close, sma);
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.close.is_sound(params.rows("period"))
    }
}
