//! How great and how small a number may be, so that no answer overflows and none fades away.

/// The greatest magnitude that is taken: its square, summed over all the rows there can be, is finite.
pub const LARGEST_INPUT: f64 = 1e100;

/// The least magnitude that is taken, but for 0: the square of the least difference of two such numbers keeps all its
/// digits. Anything below is no price, return or volume but other bytes, or what is left of an underflow.
pub const SMALLEST_INPUT: f64 = 1e-100;

/// What is taken, in the words of an error.
pub const ALLOWED_INPUT: &str = "0, or from 1e-100 to 1e100 in magnitude";

/// The most rows that anything counts.
pub const MOST_ROWS: u64 = i64::MAX as u64;

/// Whether a number may go in; NaN may not. Without a branch, so that it vectorises.
#[inline]
#[must_use]
#[expect(
    clippy::manual_range_contains,
    reason = "a range asks for its ends one after the other, by a branch"
)]
pub fn is_input(value: f64) -> bool {
    let magnitude = value.abs();
    (magnitude == 0.0) | ((magnitude >= SMALLEST_INPUT) & (magnitude <= LARGEST_INPUT))
}

/// A number as an error shows it: with a power of ten where it would be a long row of zeros.
#[must_use]
pub fn shown(value: f64) -> String {
    let magnitude = value.abs();
    let short = magnitude == 0.0 || !magnitude.is_finite() || (1e-5..1e16).contains(&magnitude);
    if short { value.to_string() } else { format!("{value:e}") }
}
