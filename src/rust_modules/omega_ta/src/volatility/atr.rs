//! How far prices move in a bar.

use omega_contract::assert_inputs;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts::{TrueRange, Wilder};
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "high", "low", "close");

/// Average true range.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Atr {
    true_range: TrueRange,
    average: Wilder,
}

impl Rowwise<3, 1> for Atr {
    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.atr",
            Kind::Rowwise,
            "bars",
            "Average true range: how far price moves in a bar, gaps from the previous close included.",
        )
        .describe(
            "True range is the greatest of high - low, |high - previous close| and |low - previous close|; the first bar \
             has none. Averaged by Wilder's smoothing, which starts from the plain mean of the first `period` ranges.",
        )
        .reference("Wilder, New Concepts in Technical Trading Systems, Trend Research 1978, section III")
        .reference("TA-Lib ATR")
        .input("high", "Highest price of each bar.")
        .input("low", "Lowest price of each bar.")
        .input("close", "Closing price of each bar.")
        .rows("period", 14, 1, "Sets the weight of the newest range, 1 / period.")
        .output("atr", "price", "Average true range.")
        .warm_up("period")
    }

    fn new(params: &Params) -> Self {
        Self { true_range: TrueRange::new(), average: Wilder::new(params.rows("period")) }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period")
    }

    #[inline]
    fn update(&mut self, [high, low, close]: [f64; 3]) -> Option<[f64; 1]> {
        let true_range = self.true_range.update(high, low, close)?;
        self.average.update(true_range).map(|atr| [atr])
    }

    fn batch(&mut self, [high, low, close]: [&[f64]; 3], [atr]: [&mut [f64]; 1]) {
        let mut rows = high.iter().zip(low).zip(close).zip(atr);
        while !self.average.is_seeded() {
            let Some((((high, low), close), atr)) = rows.next() else { return };
            *atr = self.update([*high, *low, *close]).map_or(f64::NAN, |[atr]| atr);
        }
        // A copy of its own stays in registers.
        let Self { mut true_range, mut average } = *self;
        for (((high, low), close), atr) in rows {
            *atr = average.step(true_range.update(*high, *low, *close).unwrap_or(0.0));
        }
        *self = Self { true_range, average };
    }

    fn forget(&mut self) {
        self.average.forget();
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.true_range.is_sound()
            && self.average.is_sound(params.rows("period"), 2.0 * LARGEST_INPUT)
            && (self.true_range.has_close() || self.average.taken() == 0)
    }
}
