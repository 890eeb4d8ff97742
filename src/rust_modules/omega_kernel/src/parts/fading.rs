//! What is left of a number that fades, and when it counts as nothing.

use omega_contract::bounds::SMALLEST_INPUT;

/// A fading state below this is forgotten: a processor is a hundred times slower with numbers that have no digits to
/// lose any more. Whatever comes in later is so much greater that no digit tells the difference.
const FORGOTTEN: f64 = 1e-270;

/// Where two fading states are below this together, nothing has gone in for thousands of rows.
///
/// It is so far above where a state is forgotten that their ratio is settled to 0 by then.
pub const STILL: f64 = 1e-160;

const _: () = assert!(FORGOTTEN < STILL * SMALLEST_INPUT * 1e-3);

/// An answer that has become too small to be an input again is 0, and never -0.
#[inline]
#[must_use]
pub fn settled(answer: f64) -> f64 {
    if answer.abs() < SMALLEST_INPUT { 0.0 } else { answer }
}

/// The state, or 0 where it has faded away.
///
/// A branch that is hardly ever taken, rather than a selection: the next row does not wait for it.
#[inline]
pub(crate) fn kept(state: f64) -> f64 {
    if state.abs() < FORGOTTEN { forgotten() } else { state }
}

/// [`kept`] for two states of at least zero.
#[inline]
pub(crate) fn both_kept(states: [f64; 2]) -> [f64; 2] {
    if states[0].min(states[1]) < FORGOTTEN { without_forgotten(states) } else { states }
}

#[cold]
#[inline(never)]
fn forgotten() -> f64 {
    0.0
}

#[cold]
#[inline(never)]
fn without_forgotten(states: [f64; 2]) -> [f64; 2] {
    states.map(|state| if state < FORGOTTEN { 0.0 } else { state })
}
