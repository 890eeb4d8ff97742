//! Volume of rising bars less volume of falling ones.

use omega_contract::assert_inputs;
use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close", "volume");

/// On-balance volume.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Obv {
    previous: Option<f64>,
    total: f64,
}

impl Rowwise<2, 1> for Obv {
    const CUMULATIVE: bool = true;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.obv",
            Kind::Rowwise,
            "bars",
            "On-balance volume: all volume so far, that of falling bars taken away.",
        )
        .describe(
            "A running total: volume is added where the close is above the previous one, subtracted where it is below, \
             and left out where it is equal. It starts with the volume of the first bar, as in TA-Lib, so only its \
             changes mean anything. Totals never forget: with nulls=\"propagate\" all is missing after a missing bar.",
        )
        .reference("Granville, Granville's New Key to Stock Market Profits, Prentice-Hall 1963")
        .reference("TA-Lib OBV")
        .input("close", "Closing price of each bar.")
        .input("volume", "Volume traded in each bar.")
        .output("obv", "volume", "On-balance volume.")
        .warm_up("0")
    }

    fn new(_: &Params) -> Self {
        Self { previous: None, total: 0.0 }
    }

    fn warm_up(_: &Params) -> usize {
        0
    }

    #[inline]
    fn update(&mut self, [close, volume]: [f64; 2]) -> Option<[f64; 1]> {
        let previous = self.previous.replace(close);
        self.total += signed(close, previous.unwrap_or(f64::NEG_INFINITY), volume);
        Some([self.total])
    }

    fn is_sound(&self, _: &Params) -> bool {
        self.previous.is_none_or(is_input)
            && self.total.abs() <= LARGEST_INPUT * MOST_ROWS as f64
            && (self.previous.is_some() || self.total == 0.0)
    }
}

/// Volume with the sign of the move. Arithmetic rather than branches: nobody can guess which way the next bar goes.
#[inline]
fn signed(close: f64, previous: f64, volume: f64) -> f64 {
    volume * f64::from(i8::from(close > previous) - i8::from(close < previous))
}
