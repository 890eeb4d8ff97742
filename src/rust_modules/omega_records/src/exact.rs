//! Decimals as JSON text, never rounded: `rust_decimal`'s own reader drops digits that do not fit.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// `"12.50"`.
pub(super) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    value.to_string().serialize(serializer)
}

/// Decimal text that fits.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A decimal that may be missing.
pub(super) mod option {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    /// Text, or null.
    #[expect(clippy::ref_option, reason = "serde decides the signature")]
    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(|value| value.to_string()).serialize(serializer)
    }

    /// Text that fits, or null.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text)).transpose().map_err(D::Error::custom)
    }
}

fn parse(text: &str) -> Result<Decimal, String> {
    read(text).ok_or_else(|| format!("`{text}` is not a decimal with at most 28 digits"))
}

/// Decimal text, with an exponent as Python writes small and large ones: `1E-12`.
fn read(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let mut value = Decimal::from_str_exact(digits).ok()?;
    let scale = i64::from(value.scale()).checked_sub(exponent.parse().ok()?)?;
    if let Ok(scale) = u32::try_from(scale) {
        value.set_scale(scale).ok()?;
        return Some(value);
    }
    value.set_scale(0).ok()?;
    let power = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
    value.checked_mul(Decimal::try_from_i128_with_scale(power, 0).ok()?)
}
