//! Keys of groups as Arrow lays out their type.

use std::any::Any;
use std::ffi::c_void;

use super::{array, bits_of};
use crate::c::ArrowArray;
use crate::keys::Key;
use crate::keys::types::{Stored, format_of};
use omega_contract::{Error, Result, memory};

/// Keys of one column, and the type that they leave in.
pub struct Keys {
    format: String,
    keys: Vec<Key>,
}

impl Keys {
    /// Keys in the type of a format, or in one that holds them all.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn new<'a>(keys: impl ExactSizeIterator<Item = &'a Key>, format: Option<&str>) -> Result<Self> {
        let mut own = memory::room(keys.len())?;
        for key in keys {
            own.push(key.copy()?);
        }
        let mut format = format.map_or_else(|| format_of(&own), str::to_owned);
        // Views leave as plain text: nanoarrow writes the buffers that they have more than others beyond its memory.
        if matches!(&*format, "u" | "vu") {
            format = if bytes_of(&own) > i32::MAX as usize { "U" } else { "u" }.into();
        }
        Ok(Self { format, keys: own })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Their type.
    #[must_use]
    pub fn format(&self) -> &str {
        &self.format
    }

    /// Whether one of them is missing.
    #[must_use]
    pub fn has_missing(&self) -> bool {
        self.keys.contains(&Key::Missing)
    }

    /// Moments or durations as counts of their unit, none where missing; `None` for any other type.
    #[must_use]
    pub fn counts(&self) -> Option<Vec<Option<i64>>> {
        if !self.format.starts_with("ts") && !self.format.starts_with("tD") {
            return None;
        }
        let stored = Stored::of(&self.format)?;
        let count = |key: &Key| match key {
            Key::Missing => None,
            key => stored.value(key).map(|[low, _]| low as u64 as i64),
        };
        Some(self.keys.iter().map(count).collect())
    }

    /// As an array.
    pub(super) fn array(&self, name: &str) -> Result<ArrowArray> {
        let missing = self.keys.iter().filter(|key| **key == Key::Missing).count();
        let bitmap = if missing == 0 { None } else { Some(bits_of(&self.keys, |key| *key != Key::Missing)?) };
        let made = |buffers: Vec<*const c_void>, owner: Box<dyn Any + Send + Sync>| {
            let first = bitmap.as_ref().map_or(std::ptr::null(), |words| words.as_ptr().cast());
            let buffers = std::iter::once(first).chain(buffers).collect();
            let owner = Box::new((owner, bitmap));
            array(self.keys.len(), missing, buffers, Vec::new(), owner)
        };
        let refuse = |key: &Key| Error::unsupported_type(name, &self.format, format!("{key:?}"));
        Ok(match &*self.format {
            "n" => array(self.keys.len(), missing, Vec::new(), Vec::new(), Box::new(())),
            "b" => {
                let bits = bits_of(&self.keys, |key| matches!(key, Key::Value(_, number) if *number != 0))?;
                made(vec![bits.as_ptr().cast()], Box::new(bits))
            }
            "u" | "U" => self.texts(made)?,
            format => {
                let ints = match format {
                    "c" | "C" => Some(1),
                    "s" | "S" => Some(2),
                    "i" | "I" => Some(4),
                    "l" => Some(8),
                    _ => None,
                };
                let words = if let Some(bytes) = ints {
                    let value = |key: &Key| match key {
                        Key::Int(int) => Ok([(*int as u128) & (u128::MAX >> (128 - 8 * bytes)), 0]),
                        Key::Missing => Ok([0; 2]),
                        other => Err(refuse(other)),
                    };
                    packed(&self.keys, bytes, value)?
                } else {
                    let stored = Stored::of(format).ok_or_else(|| refuse(&Key::Missing))?;
                    packed(&self.keys, stored.bytes, |key| stored.value(key).ok_or_else(|| refuse(key)))?
                };
                made(vec![words.as_ptr().cast()], Box::new(words))
            }
        })
    }

    fn texts(
        &self,
        made: impl FnOnce(Vec<*const c_void>, Box<dyn Any + Send + Sync>) -> ArrowArray,
    ) -> Result<ArrowArray> {
        let texts = || self.keys.iter().map(text_of);
        let mut bytes: Vec<u8> = memory::room(bytes_of(&self.keys))?;
        texts().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
        let ends = texts().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        });
        let ends = std::iter::once(0).chain(ends);
        if self.format == "U" {
            let ends: Vec<i64> = memory::collected(ends.map(|end| end as i64))?;
            return Ok(made(vec![ends.as_ptr().cast(), bytes.as_ptr().cast()], Box::new((ends, bytes))));
        }
        let ends: Vec<i32> = memory::collected(ends.map(|end| end as i32))?;
        Ok(made(vec![ends.as_ptr().cast(), bytes.as_ptr().cast()], Box::new((ends, bytes))))
    }
}

fn text_of(key: &Key) -> &str {
    if let Key::Text(text) = key { text } else { "" }
}

fn bytes_of(keys: &[Key]) -> usize {
    keys.iter().map(|key| text_of(key).len()).sum()
}

/// Values of so many bytes, side by side and aligned for any type.
fn packed(keys: &[Key], bytes: usize, value: impl Fn(&Key) -> Result<[u128; 2]>) -> Result<Vec<u128>> {
    let mut words: Vec<u128> = memory::filled((keys.len() * bytes).div_ceil(16), 0)?;
    for (row, key) in keys.iter().enumerate() {
        let [low, high] = value(key)?;
        let (word, shift) = (row * bytes / 16, row * bytes % 16 * 8);
        words[word] |= low << shift;
        if bytes > 16 {
            words[word + 1] = high;
        }
    }
    Ok(words)
}
