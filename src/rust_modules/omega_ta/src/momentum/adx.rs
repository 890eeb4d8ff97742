//! How strongly prices trend, whichever way.

use omega_contract::assert_inputs;
use omega_contract::bounds::{LARGEST_INPUT, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::Rowwise;
use omega_kernel::parts::{STILL, Wilder, WilderSums};
use serde::{Deserialize, Serialize};

assert_inputs!("bars", "high", "low", "close");

/// Average directional movement index.
///
/// True range cancels: with +DI = +DM / TR and -DI = -DM / TR, DX = |+DM - -DM| / (+DM + -DM). So the close decides
/// nothing here; it stays an input because a bar without one is missing.
///
/// High and low lie apart: side by side they would be written one by one and read as a pair, for which a processor has
/// to wait until both have reached the cache.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[repr(C)]
pub struct Adx {
    previous_high: f64,
    /// Whether there was a bar.
    started: bool,
    /// Movements that are still added up plainly: the first `period - 1`.
    adding: usize,
    /// Upward and downward movement.
    movements: WilderSums,
    average: Wilder,
    previous_low: f64,
}

impl Rowwise<3, 1> for Adx {
    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.adx",
            Kind::Rowwise,
            "bars",
            "Average directional movement index: how strongly price trends, up or down.",
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
        .input("high", "Highest price of each bar.")
        .input("low", "Lowest price of each bar.")
        .input("close", "Closing price of each bar.")
        .rows("period", 14, 2, "Sets the weight of the newest movement, 1 / period.")
        .output("adx", "percent", "From 0, no trend, to 100, movement in one direction only.")
        .warm_up("2 * period - 1")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self {
            previous_high: 0.0,
            started: false,
            adding: period - 1,
            movements: WilderSums::new(period),
            average: Wilder::new(period),
            previous_low: 0.0,
        }
    }

    fn warm_up(params: &Params) -> usize {
        2 * params.rows("period") - 1
    }

    #[inline]
    fn update(&mut self, [high, low, _]: [f64; 3]) -> Option<[f64; 1]> {
        if self.average.is_seeded() {
            return Some([self.step(high, low)]);
        }
        let moved = self.move_to(high, low);
        if !self.started {
            self.started = true;
            return None;
        }
        if self.adding > 0 {
            self.adding -= 1;
            self.movements.add(moved);
            return None;
        }
        let index = index(self.movements.update(moved)).unwrap_or(0.0);
        self.average.update(index).map(|adx| [adx])
    }

    fn batch(&mut self, [high, low, close]: [&[f64]; 3], [adx]: [&mut [f64]; 1]) {
        let mut rows = high.iter().zip(low).zip(close).zip(adx);
        while !self.average.is_seeded() {
            let Some((((high, low), close), adx)) = rows.next() else { return };
            *adx = self.update([*high, *low, *close]).map_or(f64::NAN, |[adx]| adx);
        }
        // A copy of its own stays in registers.
        let mut kernel = *self;
        for (((high, low), _), adx) in rows {
            *adx = kernel.step(*high, *low);
        }
        *self = kernel;
    }

    fn forget(&mut self) {
        // Where one of the movements has faded beside the other, DX is 100 to the last digit.
        self.movements.forget();
        self.average.forget();
    }

    fn is_sound(&self, params: &Params) -> bool {
        let period = params.rows("period");
        is_input(self.previous_high)
            && is_input(self.previous_low)
            && (self.started || self.adding == period - 1)
            && self.adding < period
            && (self.adding == 0 || self.average.taken() == 0)
            && self.movements.is_sound(period, 2.0 * LARGEST_INPUT)
            && self.average.is_sound(period, 100.0)
    }
}

impl Adx {
    /// `update` once the average is seeded.
    #[inline]
    fn step(&mut self, high: f64, low: f64) -> f64 {
        let moved = self.move_to(high, low);
        match index(self.movements.update(moved)) {
            Some(index) => self.average.step(index),
            None => self.average.value(),
        }
    }

    /// Directional movement up and down: the larger of two reaches if it is above zero, and zero for the other.
    ///
    /// Selections rather than branches: nobody can guess which way the next bar goes.
    #[inline]
    fn move_to(&mut self, high: f64, low: f64) -> [f64; 2] {
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
