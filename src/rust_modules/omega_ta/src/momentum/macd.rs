//! Moving average convergence and divergence (MACD): how far a fast average has run from a slow one.

use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Exponential, ExponentialState};
use serde::{Deserialize, Serialize};

/// Moving average convergence and divergence.
#[derive(Clone, Copy)]
pub struct Macd {
    slow_period: usize,
    fast_period: usize,
    signal_period: usize,
    fast: Exponential,
    slow: Exponential,
    signal: Exponential,
}

/// What [`Macd`] remembers.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct MacdState {
    /// Rows that the fast average still leaves out, so that both averages start in the same row.
    wait: u32,
    fast: ExponentialState,
    slow: ExponentialState,
    signal: ExponentialState,
}

impl Rowwise<1, 3> for Macd {
    type State = MacdState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.macd",
            Kind::Rowwise,
            "bars",
            "Moving average convergence and divergence (MACD): a fast minus a slow exponential average, and its own average.",
        )
        .describe(
            "Both averages start in row slow_period - 1, each from the plain mean of the closes of its own period that \
             end there. The signal starts from the mean of the first `signal_period` values of the difference, and all \
             three outputs start with it.",
        )
        .reference("Appel, The Moving Average Convergence-Divergence Trading Method, Traders Press 1985")
        .reference("TA-Lib MACD")
        .series(bars::CLOSE)
        .rows("fast_period", 12, 2, "Period of the fast average.")
        .less_than("slow_period")
        .rows("slow_period", 26, 2, "Period of the slow average.")
        .rows("signal_period", 9, 1, "Period of the average of the difference.")
        .output("macd", Unit::PriceChange, "Fast average minus slow average.")
        .output("signal", Unit::PriceChange, "Exponential average of `macd`.")
        .output("histogram", Unit::PriceChange, "`macd` minus `signal`.")
        .warm_up("The first `slow_period + signal_period - 2` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = |name: &str| params.rows(name);
        let (fast, slow, signal) = (period("fast_period"), period("slow_period"), period("signal_period"));
        Self {
            slow_period: slow,
            fast_period: fast,
            signal_period: signal,
            fast: Exponential::new(fast),
            slow: Exponential::new(slow),
            signal: Exponential::new(signal),
        }
    }

    fn warm_up(&self) -> usize {
        self.slow_period + self.signal_period - 2
    }

    fn start(&self) -> MacdState {
        let average = ExponentialState::default();
        let wait = (self.slow_period - self.fast_period) as u32;
        MacdState { wait, fast: average, slow: average, signal: average }
    }

    #[inline]
    fn update(&self, state: &mut MacdState, [close]: [f64; 1]) -> Option<[f64; 3]> {
        let slow = self.slow.update(&mut state.slow, close);
        if state.wait > 0 {
            state.wait -= 1;
            return None;
        }
        let macd = self.fast.update(&mut state.fast, close)? - slow?;
        let signal = self.signal.update(&mut state.signal, macd)?;
        Some([macd, signal, macd - signal])
    }

    #[inline]
    fn is_warm(&self, state: &MacdState) -> bool {
        self.signal.is_seeded(&state.signal)
    }

    #[inline]
    fn step(&self, state: &mut MacdState, [close]: [f64; 1]) -> [f64; 3] {
        let macd = self.fast.step(&mut state.fast, close) - self.slow.step(&mut state.slow, close);
        let signal = self.signal.step(&mut state.signal, macd);
        [macd, signal, macd - signal]
    }

    fn forget(&self, state: &mut MacdState) {
        let mut averages = [&mut state.fast, &mut state.slow, &mut state.signal];
        // All or none: the least difference decides which way a signal is rounded that lies halfway.
        if averages.iter().all(|average| average.is_faded()) {
            averages.iter_mut().for_each(|average| average.forget());
        }
    }

    fn is_sound(&self, state: &MacdState) -> bool {
        let apart = self.slow_period - self.fast_period;
        let closes = state.slow.taken();
        self.fast.is_sound(&state.fast, -LARGEST_INPUT, LARGEST_INPUT)
            && self.slow.is_sound(&state.slow, -LARGEST_INPUT, LARGEST_INPUT)
            && self.signal.is_sound(&state.signal, -4.0 * LARGEST_INPUT, 4.0 * LARGEST_INPUT)
            && state.wait as usize == apart.saturating_sub(closes)
            && state.fast.taken() == closes.saturating_sub(apart)
            && (closes == self.slow_period) == (state.signal.taken() > 0)
    }
}
