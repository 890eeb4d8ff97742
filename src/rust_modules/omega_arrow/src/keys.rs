//! Group keys: text or whole numbers, read where they lie and numbered in order of appearance.

/// Columns of keys, by how they lie in memory.
mod columns;
/// Rows of one type of key, a block at a time.
mod rows;
/// Texts by their bytes.
mod texts;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use self::texts::{Digest, Texts};
use super::read::Field;
use omega_contract::{Error, Result, memory};

/// The value that a group shares.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    /// As in a column of symbols.
    Text(String),
    /// As in a column of instrument numbers.
    Int(i64),
}

/// A key where it lies.
#[derive(Clone, Copy, Debug)]
pub enum KeyRef<'a> {
    /// As in a column of symbols.
    Text(&'a str),
    /// As in a column of instrument numbers.
    Int(i64),
}

impl KeyRef<'_> {
    /// The key on its own.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn copy(self) -> Result<Key> {
        Ok(match self {
            Self::Text(text) => Key::Text(memory::text(text)?),
            Self::Int(int) => Key::Int(int),
        })
    }

    /// Whether both are text or both are numbers.
    #[must_use]
    pub fn is_like(self, other: &Key) -> bool {
        matches!((self, other), (Self::Text(_), Key::Text(_)) | (Self::Int(_), Key::Int(_)))
    }
}

/// Which number each key has, in order of first appearance.
#[derive(Debug, Default)]
pub struct Groups {
    texts: Texts,
    ints: HashMap<i64, u32>,
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
        }
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
        }
    }

    /// Forgets the keys from this number on.
    pub fn truncate(&mut self, known: usize) {
        while self.keys.len() > known {
            let Some(key) = self.keys.pop() else { break };
            match key {
                Key::Text(text) => self.texts.remove(text.as_bytes(), self.next()),
                Key::Int(int) => drop(self.ints.remove(&int)),
            }
        }
    }

    /// The number that the next new key will have.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Appends the group number of every row of a column.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE`, `MISSING_VALUE` or `MALFORMED_ARROW`, naming the column.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    pub unsafe fn number(&mut self, field: &Field<'_>, name: &str, numbers: &mut Vec<u32>) -> Result<()> {
        // SAFETY: as the caller vouches, here and below.
        let own = unsafe { field.validity() };
        let absent = [own, field.parent_validity]
            .into_iter()
            .flatten()
            .filter_map(|bits| bits.first_absent(field.rows));
        if let Some(row) = absent.min() {
            let error = Error::missing_value(name, numbers.len() + row, "grouping");
            // Rows before it may have a code whose value is missing: the first one is named.
            let before = Field { rows: row, ..*field };
            // SAFETY: as the caller vouches.
            return unsafe { columns::number(self, &before, name, numbers) }.and(Err(error));
        }
        memory::reserve(numbers, field.rows)?;
        // SAFETY: as the caller vouches.
        unsafe { columns::number(self, field, name, numbers) }
    }
}
