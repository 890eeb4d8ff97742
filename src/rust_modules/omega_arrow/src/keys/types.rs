//! Types of keys other than text and whole numbers: how they lie in memory, and which key each value is.

use super::key::{Key, Kind};
use omega_contract::{Error, Result};

/// What columns of keys may hold, in words.
pub const ALLOWED: &str = "text, whole numbers, dates, times, durations, truth values or decimals";

/// As far as floats tell whole numbers from their neighbours.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

const DAY_MILLISECONDS: i128 = 86_400_000;

/// How a type of keys lies in memory: in so many bytes, and read as what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub bytes: usize,
    reads: Reads,
}

#[derive(Clone, Copy, Debug)]
enum Reads {
    Float,
    Unsigned,
    /// A count, multiplied and divided.
    Count {
        kind: Kind,
        times: i128,
        per: i128,
    },
    Decimal {
        scale: i16,
    },
}

impl Stored {
    /// What a format says; `None` for text, whole numbers below 2^63, truth values, and what is no type of keys.
    pub fn of(format: &str) -> Option<Self> {
        let count = |bytes, kind, times| Some(Self { bytes, reads: Reads::Count { kind, times, per: 1 } });
        let plain = |bytes, reads| Some(Self { bytes, reads });
        match format {
            "e" => return plain(2, Reads::Float),
            "f" => return plain(4, Reads::Float),
            "g" => return plain(8, Reads::Float),
            "L" => return plain(8, Reads::Unsigned),
            "tdD" => return count(4, Kind::Date, 1),
            "tdm" => return plain(8, Reads::Count { kind: Kind::Date, times: 1, per: DAY_MILLISECONDS }),
            "tts" => return count(4, Kind::Time, 1_000_000_000),
            "ttm" => return count(4, Kind::Time, 1_000_000),
            "ttu" => return count(8, Kind::Time, 1_000),
            "ttn" => return count(8, Kind::Time, 1),
            _ => {}
        }
        if let Some(rest) = format.strip_prefix("tD") {
            return count(8, Kind::Duration, nanoseconds(rest)?);
        }
        if let Some(rest) = format.strip_prefix("ts") {
            let (unit, zone) = rest.split_once(':')?;
            let kind = if zone.is_empty() { Kind::Local } else { Kind::Instant };
            return count(8, kind, nanoseconds(unit)?);
        }
        let mut numbers = format.strip_prefix("d:")?.split(',');
        let (_, scale) = (numbers.next()?, numbers.next()?);
        let bits: usize = numbers.next().map_or(Some(128), |bits| bits.parse().ok())?;
        let scale = i16::from(scale.parse::<i8>().ok()?);
        [32, 64, 128, 256]
            .contains(&bits)
            .then_some(Self { bytes: bits / 8, reads: Reads::Decimal { scale } })
    }

    /// The key of a value.
    pub fn key(self, name: &str, bytes: &[u8]) -> Result<Key> {
        match self.reads {
            Reads::Float => of_float(name, float(bytes)),
            Reads::Unsigned => {
                let number = u64::try_from(int(bytes) & i128::from(u64::MAX)).unwrap_or_default();
                Ok(i64::try_from(number).map_or(Key::Value(Kind::Unsigned, number.into()), Key::Int))
            }
            Reads::Count { kind, times, per } => {
                let count = int(bytes);
                if count % per != 0 {
                    let allowed = "a whole number of days in each date";
                    return Err(Error::unsupported_type(name, allowed, format!("{count} milliseconds")));
                }
                Ok(Key::Value(kind, count * times / per))
            }
            Reads::Decimal { scale } => {
                let (low, high) = bytes.split_at(bytes.len().min(16));
                let digits = int(low);
                let fills = if digits < 0 { u8::MAX } else { 0 };
                if high.iter().any(|&byte| byte != fills) {
                    let allowed = "decimals of at most 38 digits";
                    return Err(Error::unsupported_type(name, allowed, "one of more"));
                }
                Ok(decimal(digits, scale))
            }
        }
    }

    /// A key as a value of this type, in the low bytes; `None` where it is none.
    pub fn value(self, key: &Key) -> Option<[u128; 2]> {
        let number = match (self.reads, key) {
            (_, Key::Missing) => 0,
            (Reads::Float, &Key::Int(int)) => {
                let value = int as f64;
                match self.bytes {
                    2 => i128::from(half_of(value)),
                    4 => i128::from((value as f32).to_bits()),
                    _ => i128::from(value.to_bits()),
                }
            }
            (Reads::Unsigned, &Key::Int(int)) => i128::from(int),
            (Reads::Unsigned, &Key::Value(Kind::Unsigned, number)) => number,
            (Reads::Count { kind, times, per }, &Key::Value(own, number)) if own == kind => {
                number.checked_mul(per)?.checked_div(times)?
            }
            (Reads::Decimal { scale }, &Key::Value(Kind::Decimal(own), digits)) => {
                digits.checked_mul(10_i128.checked_pow(u32::try_from(scale - own).ok()?)?)?
            }
            _ => return None,
        };
        let high = if number < 0 { u128::MAX } else { 0 };
        let low = number.cast_unsigned();
        Some([if self.bytes < 16 { low & (u128::MAX >> (128 - 8 * self.bytes)) } else { low }, high])
    }
}

/// The key of a float: whole numbers name something exactly, and NaN is missing.
///
/// # Errors
/// `UNSUPPORTED_TYPE` for any other number.
pub fn of_float(name: &str, value: f64) -> Result<Key> {
    if value.is_nan() {
        return Ok(Key::Missing);
    }
    if value.fract() != 0.0 || value.abs() > MOST_WHOLE {
        let allowed =
            "whole, where keys are floats: others name no group exactly, so cast them to text or decimals";
        return Err(Error::unsupported_type(name, allowed, value));
    }
    Ok(Key::Int(value as i64))
}

/// The key of a decimal number: of equal ones it is the same, whatever zeros they end with.
#[must_use]
pub fn decimal(mut digits: i128, mut scale: i16) -> Key {
    if digits == 0 {
        scale = 0;
    }
    while digits != 0 && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale.saturating_sub(1));
    }
    Key::Value(Kind::Decimal(scale), digits)
}

/// How long a unit is.
fn nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "s" => 1_000_000_000,
        "m" => 1_000_000,
        "u" => 1_000,
        "n" => 1,
        _ => return None,
    })
}

/// A number of up to 16 bytes with its sign.
fn int(bytes: &[u8]) -> i128 {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut whole = [if negative { u8::MAX } else { 0 }; 16];
    whole[..bytes.len()].copy_from_slice(bytes);
    i128::from_le_bytes(whole)
}

fn float(bytes: &[u8]) -> f64 {
    let bits = int(bytes);
    match bytes.len() {
        2 => of_half(bits as u16),
        4 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits as u64),
    }
}

/// A float of 16 bits.
fn of_half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The 16 bits of a whole number that was read from as many.
fn half_of(value: f64) -> u16 {
    let sign = if value < 0.0 { 0x8000 } else { 0 };
    let size = value.abs();
    if size == 0.0 {
        return sign;
    }
    let exponent = size.log2().floor() as i32;
    let fraction = (size / 2f64.powi(exponent - 10)) as u16 & 1023;
    sign | ((exponent + 15) as u16) << 10 | fraction
}

/// The format that keys leave in where no column has said one: the type that holds all of them.
#[must_use]
pub fn format_of(keys: &[Key]) -> String {
    let Some(first) = keys.iter().find(|key| !matches!(key, Key::Missing)) else {
        // Without rows keys have no type of their own, and are texts.
        return if keys.is_empty() { "u" } else { "n" }.into();
    };
    let values = || {
        keys.iter()
            .filter_map(|key| if let Key::Value(kind, number) = key { Some((kind, number)) } else { None })
    };
    let unit = || if values().all(|(_, number)| number % 1_000 == 0) { "u" } else { "n" };
    let Some((kind, _)) = values().next() else {
        return if matches!(first, Key::Int(_)) { "l" } else { "u" }.into();
    };
    match kind {
        Kind::Truth => "b".into(),
        Kind::Unsigned => "L".into(),
        Kind::Date => "tdD".into(),
        Kind::Time => format!("tt{}", unit()),
        Kind::Duration => format!("tD{}", unit()),
        Kind::Instant => format!("ts{}:UTC", unit()),
        Kind::Local => format!("ts{}:", unit()),
        Kind::Decimal(_) => {
            let scale = |kind: &Kind| if let Kind::Decimal(scale) = kind { *scale } else { 0 };
            format!("d:38,{}", values().map(|(kind, _)| scale(kind)).max().unwrap_or(0).max(0))
        }
    }
}
