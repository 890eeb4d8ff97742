//! On-balance volume (OBV): volume of rising bars less volume of falling ones.

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use serde::{Deserialize, Serialize};

/// On-balance volume.
#[derive(Clone, Copy)]
pub struct Obv;

/// What [`Obv`] remembers.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct ObvState {
    previous: Option<f64>,
    total: f64,
}

impl Rowwise<2, 1> for Obv {
    type State = ObvState;

    const MEMORY: Memory = Memory::Cumulative;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.obv",
            Kind::Rowwise,
            "bars",
            "On-balance volume (OBV): all volume so far, that of falling bars taken away.",
        )
        .describe(
            "A running total: volume is added where the close is above the previous one, subtracted where it is below, \
             and left out where it is equal. It starts with the volume of the first bar, as in TA-Lib, so only its \
             changes mean anything. Totals never forget: with nulls=\"propagate\" all is missing after a missing bar.",
        )
        .reference("Granville, Granville's New Key to Stock Market Profits, Prentice-Hall 1963")
        .reference("TA-Lib OBV")
        .series(bars::CLOSE)
        .reads(bars::VOLUME)
        .output("obv", Unit::Volume, "On-balance volume.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> ObvState {
        ObvState::default()
    }

    #[inline]
    fn update(&self, state: &mut ObvState, [close, volume]: [f64; 2]) -> Option<[f64; 1]> {
        let previous = state.previous.replace(close);
        state.total += signed(close, previous.unwrap_or(f64::NEG_INFINITY), volume);
        Some([state.total])
    }

    #[inline]
    fn is_warm(&self, state: &ObvState) -> bool {
        state.previous.is_some()
    }

    fn is_sound(&self, state: &ObvState) -> bool {
        state.previous.is_none_or(is_input)
            && state.total.abs() <= LARGEST_INPUT * MOST_ROWS as f64
            && (state.previous.is_some() || state.total == 0.0)
    }
}

/// Volume with the sign of the move. Arithmetic rather than branches: nobody can guess which way the next bar goes.
#[inline]
fn signed(close: f64, previous: f64, volume: f64) -> f64 {
    volume * f64::from(i8::from(close > previous) - i8::from(close < previous))
}
