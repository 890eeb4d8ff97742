//! How far a fast average has run from a slow one.

use omega_contract::assert_inputs;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts::Ema;
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Moving average convergence and divergence.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Macd {
    /// Rows that the fast average still leaves out, so that both averages start in the same row.
    wait: usize,
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Rowwise<1, 3> for Macd {
    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.macd",
            Kind::Rowwise,
            "bars",
            "Moving average convergence and divergence: a fast minus a slow exponential average, and its own average.",
        )
        .describe(
            "Both averages start in row slow_period - 1, each from the plain mean of the closes of its own period that \
             end there. The signal starts from the mean of the first `signal_period` values of the difference, and all \
             three outputs start with it.",
        )
        .reference("Appel, The Moving Average Convergence-Divergence Trading Method, Traders Press 1985")
        .reference("TA-Lib MACD")
        .input("close", "Closing price of each bar.")
        .rows("fast_period", 12, 2, "Period of the fast average.")
        .less_than("slow_period")
        .rows("slow_period", 26, 2, "Period of the slow average.")
        .rows("signal_period", 9, 1, "Period of the average of the difference.")
        .output("macd", "price", "Fast average minus slow average.")
        .output("signal", "price", "Exponential average of `macd`.")
        .output("histogram", "price", "`macd` minus `signal`.")
        .warm_up("slow_period + signal_period - 2")
    }

    fn new(params: &Params) -> Self {
        let (fast, slow) = (params.rows("fast_period"), params.rows("slow_period"));
        Self {
            wait: slow - fast,
            fast: Ema::new(fast),
            slow: Ema::new(slow),
            signal: Ema::new(params.rows("signal_period")),
        }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("slow_period") + params.rows("signal_period") - 2
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 3]> {
        let slow = self.slow.update(close);
        if self.wait > 0 {
            self.wait -= 1;
            return None;
        }
        let macd = self.fast.update(close)? - slow?;
        let signal = self.signal.update(macd)?;
        Some([macd, signal, macd - signal])
    }

    fn batch(&mut self, [close]: [&[f64]; 1], outputs: [&mut [f64]; 3]) {
        let [lines, signals, histograms] = outputs;
        let mut rows = close.iter().zip(lines).zip(signals).zip(histograms);
        while !self.signal.is_seeded() {
            let Some((((close, line), signal), histogram)) = rows.next() else { return };
            [*line, *signal, *histogram] = self.update([*close]).unwrap_or([f64::NAN; 3]);
        }
        // Copies of their own stay in registers.
        let mut kernel = *self;
        for (((close, line), signal), histogram) in rows {
            *line = kernel.fast.step(*close) - kernel.slow.step(*close);
            *signal = kernel.signal.step(*line);
            *histogram = *line - *signal;
        }
        *self = kernel;
    }

    fn forget(&mut self) {
        // All or none: the least difference decides which way a signal is rounded that lies halfway.
        if self.fast.is_faded() && self.slow.is_faded() && self.signal.is_faded() {
            [&mut self.fast, &mut self.slow, &mut self.signal].into_iter().for_each(Ema::forget);
        }
    }

    fn is_sound(&self, params: &Params) -> bool {
        let (fast, slow, signal) =
            (params.rows("fast_period"), params.rows("slow_period"), params.rows("signal_period"));
        let closes = self.slow.taken();
        self.fast.is_sound(fast, LARGEST_INPUT)
            && self.slow.is_sound(slow, LARGEST_INPUT)
            && self.signal.is_sound(signal, 4.0 * LARGEST_INPUT)
            && self.wait == (slow - fast).saturating_sub(closes)
            && self.fast.taken() == closes.saturating_sub(slow - fast)
            && (closes == slow || self.signal.taken() == 0)
            && (closes < slow || self.signal.taken() > 0)
    }
}
