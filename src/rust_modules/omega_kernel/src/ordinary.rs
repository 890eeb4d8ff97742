//! A quick look at numbers: nearly all are ordinary, and those need no closer one.

use omega_contract::bounds::{LARGEST_INPUT, SMALLEST_INPUT};

/// Ordinary magnitudes lie from 2^-256 up to 2^256. That is well within the bounds of inputs, so a number that is not
/// ordinary may still be one.
const LEAST: f64 = f64::from_bits((1023 - 256) << 52);
const GREATEST: f64 = f64::from_bits((1023 + 255) << 52);

/// Moves the exponents of ordinary numbers to 0 up to 511, all others to above that.
const SHIFT: u64 = LEAST.to_bits().wrapping_neg();

/// The bits of an exponent that are 0 below 512. The sign is above them, and takes the carry.
const ABOVE: u64 = 0b11 << 61;

const _: () = assert!(SMALLEST_INPUT < LEAST && 2.0 * GREATEST < LARGEST_INPUT);

/// Where the exponent of a number lies; several numbers are put together by a disjunction of their places.
#[inline]
pub(crate) fn place(value: f64) -> u64 {
    value.to_bits().wrapping_add(SHIFT)
}

/// Whether all numbers that were put together are ordinary.
#[inline]
pub(crate) fn are_in_place(places: u64) -> bool {
    places & ABOVE == 0
}

/// Whether a number is ordinary; 0, infinity and NaN are not.
#[inline]
pub(crate) fn is_ordinary(value: f64) -> bool {
    are_in_place(place(value))
}

/// Whether all numbers are. An addition and a disjunction for four of them, fewer steps than any comparison takes.
#[inline]
pub(crate) fn are_ordinary(values: &[f64]) -> bool {
    are_in_place(values.iter().fold(0, |places, value| places | place(*value)))
}

/// An answer as it is given: 0 where it is too small to be an input again, and never -0.
#[inline]
pub(crate) fn settled(answer: f64) -> f64 {
    if answer.abs() < SMALLEST_INPUT { 0.0 } else { answer }
}

/// Settles answers that are still in the cache.
#[inline]
pub(crate) fn settle(answers: &mut [f64]) {
    if !are_ordinary(answers) {
        answers.iter_mut().for_each(|answer| *answer = settled(*answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_numbers_are_those_from_least_to_greatest() {
        let below = |value: f64| f64::from_bits(value.to_bits() - 1);
        for sign in [1.0, -1.0] {
            for value in [LEAST, 1e-50, 0.3, 1.0, 1e50, GREATEST, below(2.0 * GREATEST)] {
                assert!(is_ordinary(sign * value), "{value}");
            }
            let extremes = [below(LEAST), 2.0 * GREATEST, f64::MAX, f64::MIN_POSITIVE, 5e-324];
            for value in extremes.into_iter().chain([0.0, f64::INFINITY, f64::NAN]) {
                assert!(!is_ordinary(sign * value), "{value}");
                assert!(!are_ordinary(&[1.0, sign * value, -1.0]), "{value}");
            }
        }
        assert!(are_ordinary(&[1.0, -2.0, LEAST]));
    }

    #[test]
    fn answers_are_settled_one_by_one() {
        let mut answers = [f64::NAN, -0.0, 1e-101, -1e-101, SMALLEST_INPUT, -1.0, 1e300];
        settle(&mut answers);
        let expected = [f64::NAN, 0.0, 0.0, 0.0, SMALLEST_INPUT, -1.0, 1e300];
        assert_eq!(answers.map(f64::to_bits), expected.map(f64::to_bits));
    }
}
