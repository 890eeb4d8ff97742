//! Simple moving average (SMA): the mean of the last rows.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{BlockMean, BlockMeanState};

/// Simple moving average.
#[derive(Clone, Copy)]
pub struct Sma {
    period: usize,
    close: BlockMean,
}

impl Rowwise<1, 1> for Sma {
    type State = BlockMeanState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("ta.sma", Kind::Rowwise, "bars", "Simple moving average (SMA): the mean of the last closes.")
            .version("1.1.0")
            .describe(
                "Every close of the window weighs the same. Sums are taken anew per block of `period` rows and never \
                 corrected by subtraction, so they do not drift: once an outlier has left the window, no trace of \
                 it is left in the average. The average of equal closes is that close exactly.",
            )
            .reference("Murphy, Technical Analysis of the Financial Markets, New York Institute of Finance 1999, ch. 9")
            .reference("TA-Lib SMA")
            .series(bars::CLOSE)
            .rows("period", 30, 1, "Length of the window.")
            .output("sma", Unit::Price, "Mean of the last `period` closes.")
            .warm_up("The first `period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, close: BlockMean::new(period) }
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }

    fn start(&self) -> BlockMeanState {
        BlockMeanState::default()
    }

    #[inline]
    fn reserve(&self, state: &mut BlockMeanState, rows: usize) -> Result<()> {
        self.close.reserve(state, rows)
    }

    #[inline]
    fn update(&self, state: &mut BlockMeanState, [close]: [f64; 1]) -> Option<[f64; 1]> {
        self.close.update(state, close).map(|sma| [sma])
    }

    fn peek(&self, state: &BlockMeanState, [close]: [f64; 1]) -> Result<Option<[f64; 1]>> {
        Ok(self.close.peek(state, close).map(|sma| [sma]))
    }

    fn batch(&self, state: &mut BlockMeanState, [close]: [&[f64]; 1], [sma]: [&mut [f64]; 1]) {
        self.close.batch(state, close, sma);
    }

    fn is_sound(&self, state: &BlockMeanState) -> bool {
        self.close.is_sound(state)
    }
}
