//! What a group is called: one key of any type, or several together.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use omega_contract::{Result, memory};

/// More columns than any grouping has.
pub const MOST_KEYS: usize = 16;

/// The value that a group shares.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// Of rows that have no key: together they are a group of their own.
    Missing,
    /// As in a column of symbols.
    Text(String),
    /// As in a column of instrument numbers, or of floats that are whole.
    Int(i64),
    /// As in a column of another type.
    Value(Kind, i128),
    /// One key of each column, where there are several.
    Several(Several),
}

/// What the number of a key stands for. It is the same whatever unit or width a column has: a second is a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// 1 for true and 0 for false.
    Truth,
    /// A whole number of 2^63 or more.
    Unsigned,
    /// Days since 1970.
    Date,
    /// Nanoseconds since midnight.
    Time,
    /// Nanoseconds.
    Duration,
    /// Nanoseconds since 1970 in UTC.
    Instant,
    /// Nanoseconds since 1970 on a clock whose time zone nobody has said.
    Local,
    /// Digits, the last of which is not 0, with so many of them behind the point.
    Decimal(i16),
}

/// Keys that are one together; none of them is several itself.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Several(Box<[Key]>);

/// A key where it lies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum KeyRef<'a> {
    /// Of rows that have no key.
    Missing,
    /// As in a column of symbols.
    Text(#[serde(borrow)] &'a str),
    /// As in a column of instrument numbers.
    Int(i64),
    /// As in a column of another type.
    Value(Kind, i128),
}

impl KeyRef<'_> {
    /// The key on its own.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(self) -> Result<Key> {
        Ok(match self {
            Self::Missing => Key::Missing,
            Self::Text(text) => Key::Text(memory::text(text)?),
            Self::Int(int) => Key::Int(int),
            Self::Value(kind, number) => Key::Value(kind, number),
        })
    }
}

impl Key {
    /// One key out of one for each column; out of one alone, that one. What is several already is taken apart.
    #[must_use]
    pub fn of(mut keys: Vec<Self>) -> Self {
        if keys.len() == 1
            && let Some(only) = keys.pop()
        {
            return only;
        }
        if keys.iter().any(|key| matches!(key, Self::Several(_))) {
            let apart = |key| match key {
                Self::Several(several) => several.0.into_vec(),
                one => vec![one],
            };
            keys = keys.into_iter().flat_map(apart).collect();
        }
        Self::Several(Several(keys.into_boxed_slice()))
    }

    /// The keys of each column.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Several(several) => &several.0,
            one => std::slice::from_ref(one),
        }
    }

    /// The same key.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        match self {
            Self::Several(several) => {
                let mut keys = memory::room(several.0.len())?;
                for key in &several.0 {
                    keys.push(key.copy()?);
                }
                Ok(Self::Several(Several(keys.into_boxed_slice())))
            }
            one => one.as_ref().copy(),
        }
    }

    /// The key where it lies; of several, none.
    fn as_ref(&self) -> KeyRef<'_> {
        match self {
            Self::Missing | Self::Several(_) => KeyRef::Missing,
            Self::Text(text) => KeyRef::Text(text),
            Self::Int(int) => KeyRef::Int(*int),
            Self::Value(kind, number) => KeyRef::Value(*kind, *number),
        }
    }

    /// The key as messages show it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Missing => "None".into(),
            Self::Text(text) => text.clone(),
            Self::Int(int) => int.to_string(),
            Self::Value(Kind::Truth, number) => if *number == 0 { "False" } else { "True" }.into(),
            Self::Value(Kind::Decimal(scale), digits) => format!("{digits}e{}", -i32::from(*scale)),
            Self::Value(kind, number) => format!("{kind:?} {number}").to_lowercase(),
            Self::Several(several) => {
                let texts: Vec<String> = several.0.iter().map(Self::text).collect();
                format!("({})", texts.join(", "))
            }
        }
    }

    /// Whether both can be keys of one column: of one type, or missing.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        use Kind::{Decimal, Unsigned};
        match (self, other) {
            (Self::Missing, Self::Several(_)) | (Self::Several(_), Self::Missing) => false,
            (Self::Missing, _)
            | (_, Self::Missing)
            | (Self::Text(_), Self::Text(_))
            | (Self::Int(_) | Self::Value(Unsigned, _), Self::Int(_) | Self::Value(Unsigned, _))
            | (Self::Value(Decimal(_), _), Self::Value(Decimal(_), _)) => true,
            (Self::Value(one, _), Self::Value(other, _)) => one == other,
            (Self::Several(one), Self::Several(other)) => {
                one.0.len() == other.0.len()
                    && one.0.iter().zip(&other.0).all(|(one, other)| one.is_like(other))
            }
            _ => false,
        }
    }
}

impl Serialize for Several {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Key::as_ref))
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Parts)
    }
}

/// Reads the keys of several columns: not more of them than there can be, whatever the bytes say.
struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Several;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST_KEYS} keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Several, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = items.next_element::<KeyRef<'de>>()? {
            if keys.len() == MOST_KEYS {
                return Err(serde::de::Error::custom("more keys than a group has"));
            }
            keys.push(key.copy().map_err(serde::de::Error::custom)?);
        }
        Ok(Several(keys.into_boxed_slice()))
    }
}
