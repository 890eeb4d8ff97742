//! Timestamps and dates of every unit, as whole microseconds since 1970 in a float64.

use omega_contract::{Error, Result, memory};

use crate::float64::{Copies, RawChunk};
use crate::read::Field;

/// As far from 1970 as a float64 tells a microsecond from its neighbours: until June 2255.
const FURTHEST: u64 = 1 << 53;

/// What one count of a timestamp or date stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 24 hours.
    Day,
    /// 60 minutes.
    Hour,
    /// 60 seconds.
    Minute,
    /// A second.
    Second,
    /// A thousandth of it.
    Millisecond,
    /// A millionth of it.
    Microsecond,
    /// A billionth of it.
    Nanosecond,
}

impl Unit {
    /// The whole microseconds of so many units, of a fraction the microsecond in which it lies; `None` where a float64
    /// cannot tell it from its neighbours.
    #[must_use]
    pub fn microseconds(self, count: i64) -> Option<f64> {
        let each = match self {
            Self::Day => 86_400_000_000,
            Self::Hour => 3_600_000_000,
            Self::Minute => 60_000_000,
            Self::Second => 1_000_000,
            Self::Millisecond => 1_000,
            Self::Microsecond => 1,
            // Down and not towards zero, so that a time before 1970 does not move into the next microsecond.
            Self::Nanosecond => return exact(count.div_euclid(1_000)),
        };
        count.checked_mul(each).and_then(exact)
    }
}

fn exact(microseconds: i64) -> Option<f64> {
    (microseconds.unsigned_abs() <= FURTHEST).then_some(microseconds as f64)
}

/// The refusal of a time that is too far away.
#[must_use]
pub fn too_far(name: &str, count: i64, unit: Unit, row: usize) -> Error {
    let allowed = "within 2^53 microseconds of 1970, which ends in 2255";
    Error::invalid_value(name, allowed, format!("{count} {unit:?}s").to_lowercase(), row)
}

impl Copies {
    /// A column of timestamps or dates as microseconds since 1970, which is always a copy. A timestamp without a time zone
    /// counts as UTC.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE`, `INVALID_VALUE`, `ZERO_COPY_REFUSED` or `MALFORMED_ARROW`, naming the column.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    pub unsafe fn times(&mut self, field: &Field<'_>, name: &str) -> Result<RawChunk> {
        let known = if field.array.dictionary_present() || field.extension.is_some() {
            None
        } else {
            unit_of(field.format)
        };
        let Some((unit, width)) = known else {
            return Err(Error::unsupported_type(name, "a timestamp or a date", field.type_name()));
        };
        let reason = field.type_name();
        self.allow(name, reason)?;
        // SAFETY: as the caller vouches.
        let validity = unsafe { field.validity() };
        // SAFETY: as the caller vouches; a column of nothing but missing rows has no buffers and is never read.
        let start = if width == 0 { std::ptr::null() } else { unsafe { field.values(width)? } };
        let mut values = memory::room(field.rows)?;
        for row in 0..field.rows {
            let present = width > 0
                && validity.is_none_or(|bits| bits.get(row))
                && field.parent_validity.is_none_or(|bits| bits.get(row));
            if !present {
                values.push(f64::NAN);
                continue;
            }
            let place = start.wrapping_add(row * width);
            let count = if width == size_of::<i32>() {
                // SAFETY: the buffer covers `rows` values of `width` bytes from `start`.
                i64::from(unsafe { place.cast::<i32>().read_unaligned() })
            } else {
                // SAFETY: as above.
                unsafe { place.cast::<i64>().read_unaligned() }
            };
            values.push(unit.microseconds(count).ok_or_else(|| too_far(name, count, unit, row))?);
        }
        Ok(self.keep(name, reason, values))
    }
}

/// The unit of a type of times, and how many bytes a value has: none where every row is missing.
fn unit_of(format: &str) -> Option<(Unit, usize)> {
    if format == "n" {
        return Some((Unit::Microsecond, 0));
    }
    Some(match format.get(..3)? {
        "tdD" => (Unit::Day, size_of::<i32>()),
        "tdm" => (Unit::Millisecond, size_of::<i64>()),
        "tss" => (Unit::Second, size_of::<i64>()),
        "tsm" => (Unit::Millisecond, size_of::<i64>()),
        "tsu" => (Unit::Microsecond, size_of::<i64>()),
        "tsn" => (Unit::Nanosecond, size_of::<i64>()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn every_unit_counts_microseconds_and_a_fraction_is_the_one_it_lies_in() {
        assert_eq!(Unit::Day.microseconds(-1), Some(-86_400_000_000.0));
        assert_eq!(Unit::Second.microseconds(1), Some(1e6));
        assert_eq!(Unit::Nanosecond.microseconds(1_999), Some(1.0));
        assert_eq!(Unit::Nanosecond.microseconds(-1), Some(-1.0));
        assert_eq!(Unit::Microsecond.microseconds(0), Some(0.0));
    }

    #[test]
    fn a_time_that_float64_does_not_tell_from_its_neighbours_has_no_number() {
        assert_eq!(Unit::Microsecond.microseconds(1 << 53), Some(9_007_199_254_740_992.0));
        assert_eq!(Unit::Microsecond.microseconds((1 << 53) + 1), None);
        assert_eq!(Unit::Microsecond.microseconds(i64::MIN), None);
        assert_eq!(Unit::Second.microseconds(i64::MAX), None);
    }
}
