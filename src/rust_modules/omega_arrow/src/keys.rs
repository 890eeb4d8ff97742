//! Group keys of any type, read where they lie and numbered in order of appearance.

/// Columns of keys, by how they lie in memory.
mod columns;
/// What a group is called.
mod key;
/// Rows of one type of key, a block at a time.
mod rows;
/// Texts by their bytes.
mod texts;
/// Several columns of keys as one.
mod together;
/// Types other than text and whole numbers.
pub(crate) mod types;

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

pub use self::columns::format;
pub use self::key::{Key, KeyRef, Kind, MOST_KEYS, Several};
use self::texts::{Digest, Texts};
pub use self::together::{Numbered, together};
pub use self::types::{ALLOWED, decimal, of_float};
use super::read::Field;
use omega_contract::{Result, memory};

/// Which number each key has, in order of first appearance.
#[derive(Debug, Default)]
pub struct Groups {
    texts: Texts,
    ints: HashMap<i64, u32>,
    /// Numbers of keys that are neither.
    others: HashTable<u32>,
    hasher: DefaultHashBuilder,
    keys: Vec<Key>,
}

impl Groups {
    /// The keys, by number.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The same groups.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(&self) -> Result<Self> {
        Self::from_keys(&self.keys)
    }

    /// Groups with these keys, numbered in this order.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn from_keys(keys: &[Key]) -> Result<Self> {
        let mut groups = Self::default();
        for key in keys {
            groups.number_of(key)?;
        }
        Ok(groups)
    }

    /// The number of a key, new or known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the groups are unchanged then.
    pub fn number_of(&mut self, key: &Key) -> Result<u32> {
        match key {
            Key::Text(text) => self.text(text),
            Key::Int(int) => self.int(*int),
            other => self.other(other),
        }
    }

    /// The number of a key, new or known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the groups are unchanged then.
    #[inline]
    pub fn number_of_ref(&mut self, key: KeyRef<'_>) -> Result<u32> {
        match key {
            KeyRef::Text(text) => self.text(text),
            KeyRef::Int(int) => self.int(int),
            KeyRef::Missing => self.other(&Key::Missing),
            KeyRef::Value(kind, number) => self.other(&Key::Value(kind, number)),
        }
    }

    /// The number of a key that is neither text nor a whole number, new or known.
    fn other(&mut self, key: &Key) -> Result<u32> {
        if let Some(number) = self.find_other(key) {
            return Ok(number);
        }
        let own = key.copy()?;
        let number = self.reserve()?;
        let Self { others, hasher, keys, .. } = self;
        let rehash = |number: &u32| hasher.hash_one(&keys[*number as usize]);
        memory::reserve_slots(others, rehash)?;
        others.insert_unique(hasher.hash_one(key), number, rehash);
        Ok(self.add(own))
    }

    fn find_other(&self, key: &Key) -> Option<u32> {
        let is_same = |number: &u32| self.keys[*number as usize] == *key;
        self.others.find(self.hasher.hash_one(key), is_same).copied()
    }

    /// The number of a text, new or known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the groups are unchanged then.
    pub fn text(&mut self, text: &str) -> Result<u32> {
        self.bytes(text.as_bytes(), |_| Ok(text))
    }

    /// The number of a text whose bytes are only looked at by `read` where they are new: those of a known text are text.
    #[inline(always)]
    fn bytes<'a>(&mut self, bytes: &'a [u8], read: impl FnOnce(&'a [u8]) -> Result<&'a str>) -> Result<u32> {
        let digest = self.texts.digest(bytes);
        match self.texts.find(&digest, bytes, &self.keys) {
            Some(number) => Ok(number),
            None => self.add_text(&digest, read(bytes)?),
        }
    }

    /// The number of a whole number, new or known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the groups are unchanged then.
    #[inline]
    pub fn int(&mut self, int: i64) -> Result<u32> {
        match self.ints.get(&int) {
            Some(&number) => Ok(number),
            None => self.add_int(int),
        }
    }

    #[cold]
    #[inline(never)]
    fn add_text(&mut self, digest: &Digest, text: &str) -> Result<u32> {
        let key = memory::text(text)?;
        let number = self.reserve()?;
        self.texts.add(digest, number)?;
        Ok(self.add(Key::Text(key)))
    }

    #[cold]
    #[inline(never)]
    fn add_int(&mut self, int: i64) -> Result<u32> {
        let number = self.reserve()?;
        memory::reserve_entries(&mut self.ints)?;
        self.ints.insert(int, number);
        Ok(self.add(Key::Int(int)))
    }

    /// The number of the next key, once there is room for it.
    fn reserve(&mut self) -> Result<u32> {
        memory::reserve(&mut self.keys, 1)?;
        Ok(self.next())
    }

    /// Adds a key that there is room for.
    fn add(&mut self, key: Key) -> u32 {
        let number = self.next();
        self.keys.push(key);
        number
    }

    /// The number of a known key.
    #[must_use]
    pub fn find(&self, key: &Key) -> Option<u32> {
        match key {
            Key::Text(text) => {
                self.texts.find(&self.texts.digest(text.as_bytes()), text.as_bytes(), &self.keys)
            }
            Key::Int(int) => self.ints.get(int).copied(),
            other => self.find_other(other),
        }
    }

    /// Forgets the keys from this number on.
    pub fn truncate(&mut self, known: usize) {
        while self.keys.len() > known {
            let Some(key) = self.keys.pop() else { break };
            match key {
                Key::Text(text) => self.texts.remove(text.as_bytes(), self.next()),
                Key::Int(int) => drop(self.ints.remove(&int)),
                other => {
                    let (hash, next) = (self.hasher.hash_one(&other), self.next());
                    if let Ok(known) = self.others.find_entry(hash, |number| *number == next) {
                        known.remove();
                    }
                }
            }
        }
    }

    /// The first key that is of another type than those before it in its column, and the column's place.
    #[must_use]
    pub fn stranger(&self) -> Option<(usize, &Key)> {
        let columns = self.keys.first().map_or(0, |key| key.parts().len());
        (0..columns).find_map(|place| {
            let mut own = self.keys.iter().filter_map(|key| key.parts().get(place));
            let first = own.find(|key| **key != Key::Missing)?;
            own.find(|key| !key.is_like(first)).map(|key| (place, key))
        })
    }

    /// The number that the next new key will have.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Appends the group number of every row of a column. Rows without a key are a group.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE` or `MALFORMED_ARROW`, naming the column.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    pub unsafe fn number(&mut self, field: &Field<'_>, name: &str, numbers: &mut Vec<u32>) -> Result<()> {
        memory::reserve(numbers, field.rows)?;
        // SAFETY: as the caller vouches.
        unsafe { columns::number(self, field, name, numbers) }
    }
}
