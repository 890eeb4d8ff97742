//! Average directional movement index (ADX): how strongly prices trend, whichever way.

use omega_contract::bounds::{LARGEST_INPUT, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Exponential, ExponentialState, STILL, WilderSums, WilderSumsState};
use serde::{Deserialize, Serialize};

/// Average directional movement index.
///
/// True range cancels: with +DI = +DM / TR and -DI = -DM / TR, DX = |+DM - -DM| / (+DM + -DM). So the close decides
/// nothing here; it stays an input because a bar without one is missing.
#[derive(Clone, Copy)]
pub struct Adx {
    period: usize,
    movements: WilderSums,
    average: Exponential,
}

/// What [`Adx`] remembers.
///
/// High and low lie apart: side by side they would be written one by one and read as a pair, for which a processor has
/// to wait until both have reached the cache.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[repr(C)]
pub struct AdxState {
    previous_high: f64,
    /// Movements that are still added up plainly: the first `period - 1`.
    adding: u32,
    /// Whether there was a bar.
    started: bool,
    /// Upward and downward movement.
    movements: WilderSumsState,
    average: ExponentialState,
    previous_low: f64,
}

impl Rowwise<3, 1> for Adx {
    type State = AdxState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.adx",
            Kind::Rowwise,
            "bars",
            "Average directional movement index (ADX): how strongly price trends, up or down.",
        )
        .describe(
            "Directional movement is the larger of the reach above the previous high and below the previous low. Upward \
             and downward movement are summed plainly over period - 1 bars and by Wilder's smoothing from then on, and \
             DX = 100 * |up - down| / (up + down). ADX starts from the plain mean of the first `period` values of DX and \
             is then Wilder's average of it. Where DX is undefined, as nothing has moved, it counts as 0 in that mean \
             and leaves the average as it is afterwards, as in TA-Lib. True range divides both movements alike and so \
             cancels out: closes do not matter, but a bar without one is a missing bar.",
        )
        .reference("Wilder, New Concepts in Technical Trading Systems, Trend Research 1978, section IV")
        .reference("TA-Lib ADX")
        .reads(bars::HIGH)
        .reads(bars::LOW)
        .reads(bars::CLOSE)
        .rows("period", 14, 2, "Sets the weight of the newest movement, 1 / period.")
        .output("adx", Unit::Percent, "From 0, no trend, to 100, movement in one direction only.")
        .warm_up("The first `2 * period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, movements: WilderSums::new(period), average: Exponential::wilder(period) }
    }

    fn warm_up(&self) -> usize {
        2 * self.period - 1
    }

    fn start(&self) -> AdxState {
        AdxState {
            previous_high: 0.0,
            adding: self.period as u32 - 1,
            started: false,
            movements: WilderSumsState::default(),
            average: ExponentialState::default(),
            previous_low: 0.0,
        }
    }

    #[inline]
    fn update(&self, state: &mut AdxState, row: [f64; 3]) -> Option<[f64; 1]> {
        if self.is_warm(state) {
            return Some(self.step(state, row));
        }
        let moved = state.move_to(row);
        if !state.started {
            state.started = true;
            return None;
        }
        if state.adding > 0 {
            state.adding -= 1;
            WilderSums::add(&mut state.movements, moved);
            return None;
        }
        let index = index(self.movements.update(&mut state.movements, moved)).unwrap_or(0.0);
        self.average.update(&mut state.average, index).map(|adx| [adx])
    }

    #[inline]
    fn is_warm(&self, state: &AdxState) -> bool {
        self.average.is_seeded(&state.average)
    }

    #[inline]
    fn step(&self, state: &mut AdxState, row: [f64; 3]) -> [f64; 1] {
        let moved = state.move_to(row);
        match index(self.movements.update(&mut state.movements, moved)) {
            Some(index) => [self.average.step(&mut state.average, index)],
            None => [state.average.value()],
        }
    }

    fn forget(&self, state: &mut AdxState) {
        // Where one of the movements has faded beside the other, DX is 100 to the last digit.
        state.movements.forget();
        state.average.forget();
    }

    fn is_sound(&self, state: &AdxState) -> bool {
        let adding = state.adding as usize;
        is_input(state.previous_high)
            && is_input(state.previous_low)
            && (state.started || adding == self.period - 1)
            && adding < self.period
            && (adding == 0 || state.average.taken() == 0)
            && self.movements.is_sound(&state.movements, 2.0 * LARGEST_INPUT)
            && self.average.is_sound(&state.average, 0.0, 100.0)
    }
}

impl AdxState {
    /// Directional movement up and down: the larger of two reaches if it is above zero, and zero for the other.
    ///
    /// Selections rather than branches: nobody can guess which way the next bar goes.
    #[inline]
    fn move_to(&mut self, [high, low, _]: [f64; 3]) -> [f64; 2] {
        let up = (high - self.previous_high).max(0.0);
        let down = (self.previous_low - low).max(0.0);
        (self.previous_high, self.previous_low) = (high, low);
        [if up > down { up } else { 0.0 }, if down > up { down } else { 0.0 }]
    }
}

/// DX, in percent; `None` where nothing has moved for long.
#[inline]
fn index([plus, minus]: [f64; 2]) -> Option<f64> {
    let both = plus + minus;
    (both >= STILL).then(|| 100.0 * ((plus - minus).abs() / both))
}
