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

#[cold]
#[inline(never)]
fn forgotten() -> f64 {
    0.0
}
