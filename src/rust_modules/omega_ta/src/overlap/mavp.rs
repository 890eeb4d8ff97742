//! Moving average with variable period (MAVP): each row says over how many rows it is.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Average, Counts, VariableAverage, VariableAverageState};

/// Moving average with variable period.
#[derive(Clone, Copy)]
pub struct Mavp {
    average: VariableAverage,
}

impl Rowwise<2, 1> for Mavp {
    type State = VariableAverageState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.mavp",
            Kind::Rowwise,
            "bars",
            "Moving average with variable period (MAVP): the average of the last closes, of as many as each row says.",
        )
        .describe(
            "Follows a measured cycle, or any other rule for how far to look back. Of `periods` the whole part is taken, \
             or the nearest bound; a row without a period is a missing row. All rows wait for the longest period, as in \
             TA-Lib. An `sma` or `wma` is the one that a function of that period gives there, with the same bits for \
             `ta.sma`. An exponential one (`ema`, `dema`, `tema`) is kept for every period and from the row on that gives \
             all of them their first value at once, so it differs from `ta.ema` by what its seed still weighs. A row costs as \
             much as its period is long, or if exponential, as there are periods.",
        )
        .reference("Kaufman, Trading Systems and Methods, Wiley 2013, ch. 17")
        .reference("TA-Lib MAVP")
        .series(bars::CLOSE)
        .count("periods", "min_period", "max_period", "Period of each row's average, as a column.")
        .rows("min_period", 2, 1, "Shortest period; a shorter one counts as this.")
        .less_than("max_period")
        .rows("max_period", 30, 2, "Longest period; a longer one counts as this.")
        .choice("average", "sma", &Average::KINDS, "Which moving average it is.")
        .output("mavp", Unit::Price, "Average of the closes over the row's period.")
        .warm_up(
            "The first `max_period - 1` rows have no value, twice as many of `dema`, three times as many of `tema`.",
        )
    }

    fn new(params: &Params) -> Self {
        let periods = Counts::new(params.rows("min_period"), params.rows("max_period"));
        Self { average: VariableAverage::new(params.choice("average"), periods) }
    }

    fn warm_up(&self) -> usize {
        self.average.warm_up()
    }

    fn start(&self) -> VariableAverageState {
        VariableAverageState::default()
    }

    #[inline]
    fn reserve(&self, state: &mut VariableAverageState, rows: usize) -> Result<()> {
        self.average.reserve(state, rows)
    }

    #[inline]
    fn update(&self, state: &mut VariableAverageState, [close, period]: [f64; 2]) -> Option<[f64; 1]> {
        self.average.update(state, close, period).map(|mavp| [mavp])
    }

    fn peek(&self, state: &VariableAverageState, [close, period]: [f64; 2]) -> Result<Option<[f64; 1]>> {
        Ok(self.average.peek(state, close, period).map(|mavp| [mavp]))
    }

    fn batch(
        &self,
        state: &mut VariableAverageState,
        [close, periods]: [&[f64]; 2],
        [mavp]: [&mut [f64]; 1],
    ) {
        self.average.batch(state, close, periods, mavp);
    }

    fn forget(&self, state: &mut VariableAverageState) {
        self.average.forget(state);
    }

    fn is_sound(&self, state: &VariableAverageState) -> bool {
        self.average.is_sound(state)
    }
}
