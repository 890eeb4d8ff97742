//! The constraints of a field, each refused as `INVALID_RECORD`.

use std::fmt::Display;

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;

use omega_contract::{Error, Result};

/// The smallest mantissa, as a whole number of 10^-12, that has more than 28 digits.
const TOO_MANY_DIGITS: i128 = 10_i128.pow(28);

/// Where a value stands, for the message.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub record: &'static str,
    pub field: &'static str,
}

impl Place {
    /// Refuses a value.
    pub(super) fn refuse(self, allowed: impl Display, value: impl Display) -> Error {
        Error::invalid_record(self.field, self.record, allowed, value)
    }

    /// `Ok` when a condition holds.
    pub(super) fn ensure(self, holds: bool, allowed: impl Display, value: impl Display) -> Result<()> {
        if holds { Ok(()) } else { Err(self.refuse(allowed, value)) }
    }

    /// Neither NaN nor infinite: JSON has neither, and a missing value is null.
    pub(super) fn finite(self, value: f64) -> Result<()> {
        self.ensure(value.is_finite(), "finite", value)
    }

    /// In the years that every language can show, and in whole microseconds.
    pub(super) fn time(self, value: DateTime<Utc>) -> Result<()> {
        self.ensure((1..=9999).contains(&value.year()), "in the years 1 to 9999", value)?;
        self.ensure(value.timestamp_subsec_nanos().is_multiple_of(1000), "in whole microseconds", value)
    }

    /// At most 28 digits, 12 of them after the point.
    pub(super) fn digits(self, value: Decimal) -> Result<()> {
        let scaled = super::values::scaled(value, 12);
        self.ensure(
            scaled.is_some_and(|scaled| scaled.abs() < TOO_MANY_DIGITS),
            "a decimal with at most 16 digits before the point and 12 after it",
            value,
        )
    }
}
