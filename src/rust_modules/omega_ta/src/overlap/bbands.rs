//! A band around the average, as wide as prices have been restless.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_contract::{Result, assert_inputs};
use omega_kernel::parts::BlockMoments;
use omega_kernel::{Rowwise, State};
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "close");

/// Bollinger bands.
#[derive(Serialize, Deserialize)]
pub struct Bbands {
    close: BlockMoments,
    up: f64,
    down: f64,
}

impl State for Bbands {
    fn copy(&self) -> Result<Self> {
        Ok(Self { close: self.close.copy()?, ..*self })
    }

    #[inline]
    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.close.reserve(rows)
    }
}

impl Rowwise<1, 3> for Bbands {
    fn spec() -> FunctionSpec {
        let bound = "Half-width in deviations.";
        FunctionSpec::new(
            "ta.bbands",
            Kind::Rowwise,
            "bars",
            "Bollinger bands: the mean of the last closes, and lines some deviations above and below it.",
        )
        .version("1.1.0")
        .describe(
            "The deviation is that of the population, over n and not n - 1, as Bollinger and TA-Lib have it. Mean and \
             deviation are free of drift and cancellation; the middle is the same bits as `ta.sma`, and bands around \
             equal closes have no width at all.",
        )
        .reference("Bollinger, Bollinger on Bollinger Bands, McGraw-Hill 2002, ch. 7")
        .reference("TA-Lib BBANDS")
        .input("close", "Closing price of each bar.")
        .rows("period", 20, 2, "Length of the window.")
        .float("deviations_up", 2.0, 0.0, 1e3, "deviations", bound)
        .float("deviations_down", 2.0, 0.0, 1e3, "deviations", bound)
        .output("upper", "price", "`middle` plus `deviations_up` deviations.")
        .output("middle", "price", "Mean of the last `period` closes.")
        .output("lower", "price", "`middle` minus `deviations_down` deviations.")
        .warm_up("period - 1")
    }

    fn new(params: &Params) -> Self {
        Self {
            close: BlockMoments::new(params.rows("period")),
            up: params.float("deviations_up"),
            down: params.float("deviations_down"),
        }
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period") - 1
    }

    #[inline]
    fn update(&mut self, [close]: [f64; 1]) -> Option<[f64; 3]> {
        self.close.update(close).map(|moments| self.bands(moments))
    }

    fn peek(&self, [close]: [f64; 1]) -> Result<Option<[f64; 3]>> {
        Ok(self.close.peek(close).map(|moments| self.bands(moments)))
    }

    fn batch(&mut self, [close]: [&[f64]; 1], [upper, middle, lower]: [&mut [f64]; 3]) {
        self.close.batch(close, middle, upper);
        for ((upper, middle), lower) in upper.iter_mut().zip(middle).zip(lower) {
            [*upper, _, *lower] = self.bands((*middle, *upper));
        }
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.close.is_sound(params.rows("period"))
            && self.up.to_bits() == params.float("deviations_up").to_bits()
            && self.down.to_bits() == params.float("deviations_down").to_bits()
    }
}

impl Bbands {
    #[inline]
    fn bands(&self, (mean, deviation): (f64, f64)) -> [f64; 3] {
        [deviation.mul_add(self.up, mean), mean, deviation.mul_add(-self.down, mean)]
    }
}
