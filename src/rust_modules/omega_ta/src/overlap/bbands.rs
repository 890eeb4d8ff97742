//! Bollinger bands: an average, and lines some deviations above and below.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{BlockMoments, BlockMomentsState};

/// Bollinger bands.
#[derive(Clone, Copy)]
pub struct Bbands {
    period: usize,
    close: BlockMoments,
    up: f64,
    down: f64,
}

impl Rowwise<1, 3> for Bbands {
    type State = BlockMomentsState;

    fn spec() -> FunctionSpec {
        let bound = "Half-width in deviations.";
        FunctionSpec::new(
            "ta.bbands",
            Kind::Rowwise,
            "bars",
            "Bollinger bands (BBANDS): the mean of the last closes, and lines some deviations above and below.",
        )
        .version("1.1.0")
        .describe(
            "The deviation is that of the population, over n and not n - 1, as Bollinger and TA-Lib have it. Mean and \
             deviation are free of drift and cancellation; the middle is the same bits as `ta.sma`, and bands around \
             equal closes have no width at all.",
        )
        .reference("Bollinger, Bollinger on Bollinger Bands, McGraw-Hill 2002, ch. 7")
        .reference("TA-Lib BBANDS")
        .series(bars::CLOSE)
        .rows("period", 20, 2, "Length of the window.")
        .float("deviations_up", 2.0, 0.0, 1e3, Unit::Deviations, bound)
        .float("deviations_down", 2.0, 0.0, 1e3, Unit::Deviations, bound)
        .output("upper", Unit::Price, "`middle` plus `deviations_up` deviations.")
        .output("middle", Unit::Price, "Mean of the last `period` closes.")
        .output("lower", Unit::Price, "`middle` minus `deviations_down` deviations.")
        .warm_up("The first `period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        let (up, down) = (params.float("deviations_up"), params.float("deviations_down"));
        Self { period, close: BlockMoments::new(period), up, down }
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }

    fn start(&self) -> BlockMomentsState {
        BlockMomentsState::default()
    }

    #[inline]
    fn reserve(&self, state: &mut BlockMomentsState, rows: usize) -> Result<()> {
        self.close.reserve(state, rows)
    }

    #[inline]
    fn update(&self, state: &mut BlockMomentsState, [close]: [f64; 1]) -> Option<[f64; 3]> {
        self.close.update(state, close).map(|moments| self.bands(moments))
    }

    fn peek(&self, state: &BlockMomentsState, [close]: [f64; 1]) -> Result<Option<[f64; 3]>> {
        Ok(self.close.peek(state, close).map(|moments| self.bands(moments)))
    }

    fn batch(
        &self,
        state: &mut BlockMomentsState,
        [close]: [&[f64]; 1],
        [upper, middle, lower]: [&mut [f64]; 3],
    ) {
        self.close.batch(state, close, middle, upper);
        for ((upper, middle), lower) in upper.iter_mut().zip(middle).zip(lower) {
            [*upper, _, *lower] = self.bands((*middle, *upper));
        }
    }

    fn is_sound(&self, state: &BlockMomentsState) -> bool {
        self.close.is_sound(state)
    }
}

impl Bbands {
    #[inline]
    fn bands(&self, (mean, deviation): (f64, f64)) -> [f64; 3] {
        [deviation.mul_add(self.up, mean), mean, deviation.mul_add(-self.down, mean)]
    }
}
