//! What is left of a number that fades, and when it counts as nothing.

use omega_contract::bounds::SMALLEST_INPUT;

/// A fading state below this is forgotten: a processor is a hundred times slower with numbers that have no digits to
/// lose any more. Whatever comes in later is so much greater that no digit tells the difference.
const FORGOTTEN: f64 = 1e-270;

/// Where two fading states are below this together, nothing has gone in for thousands of rows.
///
/// It is so far above where a state is forgotten that an answer made of their ratio is 0 by then.
pub const STILL: f64 = 1e-160;

const _: () = assert!(FORGOTTEN < STILL * SMALLEST_INPUT * 1e-3);

/// Whether next to nothing is left of a state.
#[inline]
pub(crate) fn is_faded(state: f64) -> bool {
    state.abs() < FORGOTTEN
}

/// The state, or 0 where it has faded away.
#[inline]
pub(crate) fn kept(state: f64) -> f64 {
    if is_faded(state) { 0.0 } else { state }
}
