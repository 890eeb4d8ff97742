//! Volume-weighted average price (VWAP) of the session so far.

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use serde::{Deserialize, Serialize};

use crate::typical_price::typical_price;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Volume-weighted average price.
#[derive(Clone, Copy)]
pub struct Vwap {
    /// Microseconds from 1970 to the start of one session, and from there to that of the next.
    start: i64,
    length: i64,
}

/// What [`Vwap`] remembers of a session.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct VwapState {
    /// Microseconds from 1970 to its start; `None` before its first row.
    session: Option<i64>,
    /// Whether none of its rows was missing.
    is_whole: bool,
    /// Its first typical price. The others are taken as differences from it, which are smaller, and 0 where no price moved.
    first: f64,
    /// Those differences, each by its volume; and the volume.
    money: f64,
    volume: f64,
}

impl VwapState {
    /// Before the first row of a session.
    fn before(is_whole: bool) -> Self {
        Self { session: None, is_whole, first: 0.0, money: 0.0, volume: 0.0 }
    }
}

impl Rowwise<5, 1> for Vwap {
    type State = VwapState;

    const MEMORY: Memory = Memory::Session;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.vwap",
            Kind::Rowwise,
            "bars",
            "Volume-weighted average price (VWAP): what was paid on average since the session began.",
        )
        .describe(
            "The sum of typical price by volume over the sum of volume, with typical price = (high + low + close) / 3, \
             over the rows of the session so far. Sessions are equally long and follow each other without a gap: without \
             parameters they are days from midnight UTC. For futures that open at 22:00 UTC say session_start=1320; for \
             stocks any minute will do at which nobody trades; for weeks from Monday on say session_length=10080 and \
             session_start=5760. A row whose time is in another session than that of the row before starts anew, be it \
             later or earlier. Undefined while no volume was traded in the session. With nulls=\"propagate\" a missing row \
             takes with it the session in which it may have been: all is missing until one begins of which no row can be \
             missing.",
        )
        .reference("Berkowitz, Logue and Noser, The Total Cost of Transactions on the NYSE, Journal of Finance 43(1), 1988")
        .reference("pandas cumsum of groupby, of price by volume and of volume")
        .reads(bars::HIGH)
        .reads(bars::LOW)
        .reads(bars::CLOSE)
        .reads(bars::VOLUME)
        .reads(bars::TIMESTAMP)
        .int("session_start", 0, 0, 10_079, Unit::Minutes, "From midnight UTC of 1970-01-01, a Thursday, to the start of a session.")
        .less_than("session_length")
        .int("session_length", 1440, 1, 10_080, Unit::Minutes, "From the start of a session to that of the next.")
        .output("vwap", Unit::Price, "Average price of the session so far, weighted by volume.")
        .undefined()
    }

    fn new(params: &Params) -> Self {
        let [start, length] = ["session_start", "session_length"].map(|name| MINUTE * params.int(name));
        Self { start, length }
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> VwapState {
        VwapState::before(true)
    }

    /// The missing row was in the session of the rows before, or in that of the next row; which of them, nobody knows.
    fn start_after_missing(&self) -> VwapState {
        VwapState::before(false)
    }

    #[inline]
    fn update(&self, state: &mut VwapState, [high, low, close, volume, time]: [f64; 5]) -> Option<[f64; 1]> {
        let (price, time) = (typical_price([high, low, close]), time as i64);
        if !state.session.is_some_and(|start| self.reaches(start, time)) {
            let is_whole = state.is_whole || state.session.is_some();
            let session = Some(self.session_of(time));
            *state = VwapState { session, first: price, ..VwapState::before(is_whole) };
        }
        state.money += (price - state.first) * volume;
        state.volume += volume;
        let average = state.first + state.money / state.volume;
        (state.is_whole && state.volume > 0.0 && average.is_finite()).then_some([average])
    }

    fn is_sound(&self, state: &VwapState) -> bool {
        let most = LARGEST_INPUT * MOST_ROWS as f64;
        let sums = [state.first, state.money, state.volume];
        state.first.abs() <= 2.0 * LARGEST_INPUT
            && state.money.abs() <= 4.0 * LARGEST_INPUT * most
            && state.volume.abs() <= most
            && (state.session.is_some() || sums == [0.0; 3])
    }
}

impl Vwap {
    /// Whether a time is in the session that starts then. One comparison for both ends: what is before them wraps round.
    #[inline]
    fn reaches(&self, start: i64, time: i64) -> bool {
        (time.wrapping_sub(start) as u64) < self.length as u64
    }

    /// The start of the session that a time is in, before 1970 as after it.
    fn session_of(&self, time: i64) -> i64 {
        time.saturating_sub(time.saturating_sub(self.start).rem_euclid(self.length))
    }
}
