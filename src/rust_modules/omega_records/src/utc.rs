//! Times as JSON text, in UTC only.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// `2024-01-02T03:04:05.678901Z`, with as many digits as the time needs.
pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    text(time).serialize(serializer)
}

/// RFC 3339 text whose offset is zero.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A time that may be missing.
pub(super) mod option {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    /// Text, or null.
    #[expect(clippy::ref_option, reason = "serde decides the signature")]
    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.as_ref().map(super::text).serialize(serializer)
    }

    /// Text whose offset is zero, or null.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text)).transpose().map_err(D::Error::custom)
    }
}

fn text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn parse(text: &str) -> Result<DateTime<Utc>, String> {
    let time: DateTime<FixedOffset> =
        DateTime::parse_from_rfc3339(text).map_err(|reason| format!("`{text}` is not a time: {reason}"))?;
    if time.offset().local_minus_utc() == 0 {
        Ok(time.to_utc())
    } else {
        Err(format!("`{text}` is not in UTC"))
    }
}
