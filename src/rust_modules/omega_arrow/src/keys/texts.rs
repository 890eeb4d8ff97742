//! Texts by their bytes: which number a known one has.
//!
//! Symbols are short. Up to 16 bytes are compared as two words beside the number, without a look at the key itself. Words are
//! hashed from a seed of the process's own, so that nobody can prepare texts that all fall into one place.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Key;
use omega_contract::{Result, memory};

/// The longest text that its words hold whole.
const SHORT: usize = 16;

/// A text as two words: its bytes where it is short, else a hash of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    start: u64,
    end: u64,
    /// Its length, or the most that fits.
    length: u32,
}

/// A known text: its digest's words and its number, in 24 bytes.
#[derive(Debug)]
struct Known {
    start: u64,
    end: u64,
    length: u32,
    number: u32,
}

impl Known {
    #[inline]
    fn digest(&self) -> Digest {
        Digest { start: self.start, end: self.end, length: self.length }
    }
}

/// Known texts.
#[derive(Debug, Default)]
pub(super) struct Texts {
    table: HashTable<Known>,
    seed: Seed,
}

/// What makes the places of texts the process's own.
#[derive(Debug)]
struct Seed {
    long: DefaultHashBuilder,
    start: u64,
    end: u64,
}

impl Default for Seed {
    fn default() -> Self {
        let long = DefaultHashBuilder::default();
        Self { start: long.hash_one(0), end: long.hash_one(1), long }
    }
}

impl Seed {
    /// Where a text has its place: one product of its words, of which the seed makes no number that is known outside.
    #[inline(always)]
    fn hash(&self, digest: &Digest) -> u64 {
        let end = digest.end.wrapping_add(u64::from(digest.length));
        let product = u128::from(digest.start ^ self.start) * u128::from(end ^ self.end);
        product as u64 ^ (product >> 64) as u64
    }
}

impl Texts {
    /// A text as words.
    #[inline(always)]
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (start, end) = words(bytes).unwrap_or_else(|| {
            let mut hasher = self.seed.long.build_hasher();
            hasher.write(bytes);
            (hasher.finish(), 0)
        });
        Digest { start, end, length }
    }

    /// The number of a known text.
    #[inline(always)]
    pub fn find(&self, digest: &Digest, bytes: &[u8], keys: &[Key]) -> Option<u32> {
        let is_same = |known: &Known| {
            known.digest() == *digest
                && (bytes.len() <= SHORT
                    || matches!(&keys[known.number as usize], Key::Text(text) if text.as_bytes() == bytes))
        };
        self.table.find(self.seed.hash(digest), is_same).map(|known| known.number)
    }

    /// Adds a text that is not known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; nothing is added then.
    pub fn add(&mut self, digest: &Digest, number: u32) -> Result<()> {
        let Self { table, seed } = self;
        let rehash = |known: &Known| seed.hash(&known.digest());
        memory::reserve_slots(table, rehash)?;
        let Digest { start, end, length } = *digest;
        table.insert_unique(seed.hash(digest), Known { start, end, length, number }, rehash);
        Ok(())
    }

    /// Removes a text of this number.
    pub fn remove(&mut self, bytes: &[u8], number: u32) {
        let hash = self.seed.hash(&self.digest(bytes));
        if let Ok(known) = self.table.find_entry(hash, |known| known.number == number) {
            known.remove();
        }
    }
}

/// Whether two texts are the same.
#[inline]
pub(super) fn are_same(bytes: &[u8], other: &[u8]) -> bool {
    bytes.len() == other.len()
        && if bytes.len() <= SHORT { words(bytes) == words(other) } else { bytes == other }
}

/// A short text as two words, which overlap where it does not fill them.
#[inline(always)]
fn words(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.len() {
        0 => Some((0, 0)),
        length @ 1..4 => {
            // The first, the middle and the last: each of up to three bytes.
            let word = [bytes[0], bytes[length / 2], bytes[length - 1], 0];
            Some((u64::from(u32::from_le_bytes(word)), 0))
        }
        4..8 => Some((half(bytes.first_chunk()), half(bytes.last_chunk()))),
        8..=SHORT => Some((word(bytes.first_chunk()), word(bytes.last_chunk()))),
        _ => None,
    }
}

#[inline]
fn half(bytes: Option<&[u8; 4]>) -> u64 {
    bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
}

#[inline]
fn word(bytes: Option<&[u8; 8]>) -> u64 {
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
