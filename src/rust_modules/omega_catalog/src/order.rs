//! The order of time: each bar of a series comes after the one before it.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, SecondsFormat};
use omega_arrow::keys::Key;
use omega_contract::{Error, Result};
use serde::{Deserialize, Serialize};

/// When a bar was, or its number, as its field of order says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Moment {
    /// Microseconds since 1970.
    Time(i64),
    /// A whole number: of a sequence, or of some unit of time since whenever.
    Count(i64),
    /// Any other number, such as seconds since 1970.
    Number(f64),
}

impl Moment {
    /// How it lies to another one; unknown where one is a time and the other a number.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(one), Self::Time(other)) | (Self::Count(one), Self::Count(other)) => {
                Some(one.cmp(&other))
            }
            (Self::Time(_), _) | (_, Self::Time(_)) => None,
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(&other),
            (Self::Count(one), Self::Number(other)) => (one as f64).partial_cmp(&other),
            (Self::Number(one), Self::Count(other)) => one.partial_cmp(&(other as f64)),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(micros) => match DateTime::from_timestamp_micros(*micros) {
                Some(time) => to.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
                None => write!(to, "{micros} microseconds since 1970"),
            },
            Self::Count(count) => write!(to, "{count}"),
            Self::Number(number) => write!(to, "{number}"),
        }
    }
}

/// How a moment must lie to the last one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// Later: a bar that arrives.
    Later,
    /// Not earlier: a row of a batch, beside another of the same time.
    NotEarlier,
}

/// Refuses a moment that does not follow the last one of its series.
#[inline]
pub(crate) fn follow(
    field: &str,
    last: Option<Moment>,
    now: Moment,
    follows: Follows,
    key: Option<&Key>,
    row: u64,
) -> Result<()> {
    let Some(last) = last else { return Ok(()) };
    let order = now.compare(last);
    if order == Some(Ordering::Greater) || order == Some(Ordering::Equal) && follows == Follows::NotEarlier {
        return Ok(());
    }
    Err(refusal(field, last, now, order, follows, key, row))
}

#[cold]
#[inline(never)]
fn refusal(
    field: &str,
    last: Moment,
    now: Moment,
    order: Option<Ordering>,
    follows: Follows,
    key: Option<&Key>,
    row: u64,
) -> Error {
    let of = key.map_or_else(String::new, |key| format!(" of group {}", key.text()));
    if order.is_none() {
        let allowed = format!("of the same kind as the last{of}, {last}");
        return Error::invalid_type(format!("`{field}`"), allowed, now);
    }
    let words = if follows == Follows::Later { "later than" } else { "not earlier than" };
    Error::invalid_value(field, format!("{words} the last{of}, {last}"), now, row)
}
