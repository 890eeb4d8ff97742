//! Rows of one type of key, a block at a time: what came before is noticed and not looked up again.

use std::slice;

use hashbrown::HashMap;

use super::texts::are_same;
use super::types::Stored;
use super::{Groups, Key, Kind};
use crate::column::Bitmap;
use omega_contract::{Error, Result, memory};

/// Rows that are compared at once with those at some distance before them.
pub(super) const BLOCK_ROWS: usize = 64;

/// How far back a repeated order is searched for, and the most rows between two searches: one costs little beside the
/// numbering of so many.
const FARTHEST: usize = 1 << 17;

/// A column's keys.
pub(super) trait Rows {
    /// The number of the key of one row.
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32>;

    /// Whether two rows surely have the same key.
    fn are_same(&self, row: usize, other: usize) -> bool;

    /// Whether a block of rows surely has the keys of an earlier block, which were numbered.
    fn repeats(&self, earlier: usize, from: usize) -> bool;
}

/// Appends the numbers of all rows.
///
/// Sorted rows repeat their key, and interleaved rows mostly repeat their order from one time to the next. Both are seen
/// by one comparison of memory: with the block at the distance at which the last key was met before.
pub(super) fn number_rows(
    rows: &mut impl Rows,
    count: usize,
    groups: &mut Groups,
    numbers: &mut Vec<u32>,
) -> Result<()> {
    let before = numbers.len();
    let (mut from, mut last, mut in_run) = (0, u32::MAX, false);
    let mut distance = None;
    // Rows in no order at all are searched for one ever more seldom.
    let (mut wait, mut next_search) = (BLOCK_ROWS, 0);
    while from < count {
        let to = count.min(from + BLOCK_ROWS);
        if let Some(distance) = distance.filter(|&distance| distance <= from)
            && to - from == BLOCK_ROWS
            && rows.repeats(from - distance, from)
        {
            let earlier = before + from - distance;
            numbers.extend_from_within(earlier..earlier + BLOCK_ROWS);
            last = numbers[before + to - 1];
            (from, wait, next_search) = (to, BLOCK_ROWS, 0);
            continue;
        }
        for row in from..to {
            // Comparing with the row before pays where that one was like its own.
            if in_run && rows.are_same(row - 1, row) {
                numbers.push(last);
                continue;
            }
            let number = rows.number(groups, row)?;
            numbers.push(number);
            in_run = number == last;
            last = number;
        }
        from = to;
        if from >= next_search {
            distance = period(&numbers[before.max(numbers.len().saturating_sub(FARTHEST))..]);
            next_search = from + wait;
            wait = (wait * 2).min(FARTHEST);
        }
    }
    Ok(())
}

/// The rows between a block and the one that it may repeat, by where the last key was met before.
fn period(numbers: &[u32]) -> Option<usize> {
    let (last, earlier) = numbers.split_last()?;
    let is_met = |numbers: &&[u32]| numbers.iter().fold(false, |met, number| met | (number == last));
    // By strides without a branch per row, from the end.
    let mut strides = earlier.rchunks(BLOCK_ROWS);
    let passed = strides.by_ref().position(|stride| is_met(&stride))?;
    let rest = &earlier[..earlier.len() - passed * BLOCK_ROWS];
    let met = rest.iter().rposition(|number| number == last)?;
    let gap = earlier.len() - met;
    // As often as a block takes.
    Some(BLOCK_ROWS.div_ceil(gap) * gap)
}

impl Rows for Box<dyn Rows + '_> {
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        (**self).number(groups, row)
    }

    fn are_same(&self, row: usize, other: usize) -> bool {
        (**self).are_same(row, other)
    }

    fn repeats(&self, earlier: usize, from: usize) -> bool {
        (**self).repeats(earlier, from)
    }
}

/// Which rows of a column have a key.
#[derive(Clone, Copy)]
pub(super) struct Presence<'a> {
    /// Its own bitmap, and that of the record batch it is in.
    pub bitmaps: [Option<Bitmap<'a>>; 2],
}

impl Presence<'_> {
    /// Whether a row has one.
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        self.bitmaps.iter().flatten().all(|bits| bits.get(row))
    }

    /// Whether any of `rows` rows has none.
    pub fn lacks_any(&self, rows: usize) -> bool {
        self.bitmaps.iter().flatten().any(|bits| bits.first_absent(rows).is_some())
    }

    /// The rows of a block, as bits.
    #[inline]
    fn block(&self, from: usize) -> u64 {
        self.bitmaps.iter().flatten().fold(u64::MAX, |word, bits| word & bits.word(from, from + BLOCK_ROWS))
    }
}

/// Rows of which some have no key: what lies there in its place is never looked at.
pub(super) struct Gapped<'a, R> {
    pub rows: R,
    pub presence: Presence<'a>,
}

impl<R: Rows> Rows for Gapped<'_, R> {
    #[inline]
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        if self.presence.has(row) { self.rows.number(groups, row) } else { groups.number_of(&Key::Missing) }
    }

    #[inline]
    fn are_same(&self, row: usize, other: usize) -> bool {
        match (self.presence.has(row), self.presence.has(other)) {
            (true, true) => self.rows.are_same(row, other),
            (has, other_has) => has == other_has,
        }
    }

    #[inline]
    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.presence.block(earlier) == self.presence.block(from) && self.rows.repeats(earlier, from)
    }
}

/// Truth values, a bit each.
pub(super) struct Truths<'a>(pub Bitmap<'a>);

impl Rows for Truths<'_> {
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        groups.number_of(&Key::Value(Kind::Truth, self.0.get(row).into()))
    }

    fn are_same(&self, row: usize, other: usize) -> bool {
        self.0.get(row) == self.0.get(other)
    }

    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.0.word(earlier, earlier + BLOCK_ROWS) == self.0.word(from, from + BLOCK_ROWS)
    }
}

/// Nothing at all: rows of the type null.
pub(super) struct Nothing;

impl Rows for Nothing {
    fn number(&mut self, groups: &mut Groups, _: usize) -> Result<u32> {
        groups.number_of(&Key::Missing)
    }

    fn are_same(&self, _: usize, _: usize) -> bool {
        true
    }

    fn repeats(&self, _: usize, _: usize) -> bool {
        true
    }
}

/// Values of `N` bytes of a type that is made keys; each is looked at once.
pub(super) struct Typed<'a, const N: usize> {
    values: Values<'a, [u8; N]>,
    stored: Stored,
    known: HashMap<[u8; N], u32>,
    name: &'a str,
}

impl<'a, const N: usize> Typed<'a, N> {
    /// The values of a column of this name.
    pub fn new(values: Values<'a, [u8; N]>, stored: Stored, name: &'a str) -> Self {
        Self { values, stored, known: HashMap::new(), name }
    }
}

impl<const N: usize> Rows for Typed<'_, N> {
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        let value = self.values.get(row);
        if let Some(&number) = self.known.get(&value) {
            return Ok(number);
        }
        let number = groups.number_of(&self.stored.key(self.name, &value)?)?;
        memory::reserve_entries(&mut self.known)?;
        self.known.insert(value, number);
        Ok(number)
    }

    fn are_same(&self, row: usize, other: usize) -> bool {
        self.values.get(row) == self.values.get(other)
    }

    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.values.block(earlier) == self.values.block(from)
    }
}

/// A whole number of any width.
pub(super) trait Whole: Copy {
    /// The same bits, extended as the type says.
    fn widened(self) -> i64;
}

macro_rules! whole {
    ($($type:ty),*) => {
        $(impl Whole for $type {
            #[inline(always)]
            fn widened(self) -> i64 {
                self as i64
            }
        })*
    };
}
whole!(i8, u8, i16, u16, i32, u32, i64, u64);

/// Values somewhere in memory, aligned or not.
#[derive(Clone, Copy)]
pub(super) struct Values<'a, T> {
    bytes: &'a [u8],
    kind: std::marker::PhantomData<T>,
}

impl<'a, T: Copy> Values<'a, T> {
    /// `count` values at `start`.
    ///
    /// # Safety
    /// They must be there, of a type that any bits are a value of.
    pub unsafe fn new(start: *const u8, count: usize) -> Self {
        if count == 0 {
            return Self { bytes: &[], kind: std::marker::PhantomData };
        }
        // SAFETY: as the caller vouches.
        let bytes = unsafe { slice::from_raw_parts(start, count * size_of::<T>()) };
        Self { bytes, kind: std::marker::PhantomData }
    }

    /// Their memory.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All but the first `count`, or none where there are fewer.
    pub fn skip(self, count: usize) -> Self {
        Self { bytes: self.bytes.get(count * size_of::<T>()..).unwrap_or(&[]), ..self }
    }

    /// How many there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.bytes.len() / size_of::<T>()
    }

    /// The value of a row.
    #[inline(always)]
    pub fn get(&self, row: usize) -> T {
        assert!(row < self.len());
        // SAFETY: it is one of the values, as just asked.
        unsafe { self.bytes.as_ptr().cast::<T>().add(row).read_unaligned() }
    }

    /// All of them.
    #[inline(always)]
    pub fn iter(self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        self.bytes.chunks_exact(size_of::<T>()).map(|bytes| {
            // SAFETY: as many bytes as the type has.
            unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
        })
    }

    /// The memory of a block of rows.
    #[inline(always)]
    pub fn block(&self, from: usize) -> &'a [u8] {
        &self.bytes[from * size_of::<T>()..(from + BLOCK_ROWS) * size_of::<T>()]
    }
}

/// Whole numbers.
pub(super) struct Ints<'a, T>(pub Values<'a, T>);

impl<T: Whole> Rows for Ints<'_, T> {
    #[inline(always)]
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        groups.int(self.0.get(row).widened())
    }

    #[inline]
    fn are_same(&self, row: usize, other: usize) -> bool {
        self.0.get(row).widened() == self.0.get(other).widened()
    }

    #[inline]
    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.0.block(earlier) == self.0.block(from)
    }
}

/// Whole numbers that lie close together, or places in a dictionary: each is looked up once.
pub(super) struct Codes<'a, T, F> {
    codes: Values<'a, T>,
    least: i64,
    known: Vec<u32>,
    look_up: F,
}

/// What no group has as its number: a code that was not met yet.
const UNKNOWN: u32 = u32::MAX;

impl<'a, T, F> Codes<'a, T, F> {
    /// Codes from `least` on, of which there are `span`; `look_up` is given the code and the first row that has it.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn new(codes: Values<'a, T>, least: i64, span: usize, look_up: F) -> Result<Self> {
        Ok(Self { codes, least, known: memory::filled(span, UNKNOWN)?, look_up })
    }
}

impl<T: Whole, F: FnMut(&mut Groups, i64, usize) -> Result<u32>> Rows for Codes<'_, T, F> {
    #[inline(always)]
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        let code = self.codes.get(row).widened();
        let known = &mut self.known[code.wrapping_sub(self.least) as usize];
        if *known == UNKNOWN {
            *known = (self.look_up)(groups, code, row)?;
        }
        Ok(*known)
    }

    #[inline]
    fn are_same(&self, row: usize, other: usize) -> bool {
        self.codes.get(row).widened() == self.codes.get(other).widened()
    }

    #[inline]
    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.codes.block(earlier) == self.codes.block(from)
    }
}

/// Texts one behind the other.
pub(super) struct Texts<'a, T> {
    /// Where each text starts, and the end of the last; none is less than the one before it, and the first at least 0.
    pub offsets: Values<'a, T>,
    /// All characters, from the first text's on.
    pub bytes: &'a [u8],
    /// What the first offset is.
    pub first: usize,
    /// The column, for errors.
    pub name: &'a str,
}

impl<T: Whole> Texts<'_, T> {
    #[inline]
    fn bytes(&self, row: usize) -> &[u8] {
        let at = |row| self.offsets.get(row).widened() as usize - self.first;
        &self.bytes[at(row)..at(row + 1)]
    }
}

impl<T: Whole> Rows for Texts<'_, T> {
    #[inline(always)]
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        groups.bytes(self.bytes(row), |bytes| utf8(self.name, bytes))
    }

    #[inline]
    fn are_same(&self, row: usize, other: usize) -> bool {
        are_same(self.bytes(row), self.bytes(other))
    }

    #[inline]
    fn repeats(&self, earlier: usize, from: usize) -> bool {
        let start = |row| self.offsets.get(row).widened();
        let distance = start(from) - start(earlier);
        let is_as_far = |ahead| start(from + ahead) - start(earlier + ahead) == distance;
        if !(1..=BLOCK_ROWS).fold(true, |all, ahead| all & is_as_far(ahead)) {
            return false;
        }
        let block = |row| {
            &self.bytes[start(row) as usize - self.first..start(row + BLOCK_ROWS) as usize - self.first]
        };
        block(earlier) == block(from)
    }
}

/// Texts in views: 4 bytes of length, then up to 12 bytes of text, or a prefix, a buffer's number and an offset.
pub(super) struct Views<'a> {
    /// One for each row.
    pub views: Values<'a, [u8; 16]>,
    /// Where the buffers of longer texts are, NULL where one is missing, and how long they are said to be.
    pub buffers: Vec<(*const u8, usize)>,
    /// Whether the buffer that says how far they reach is missing.
    pub is_without_sizes: bool,
    /// The column, for errors.
    pub name: &'a str,
}

impl Views<'_> {
    fn bytes<'a>(&'a self, view: &'a [u8; 16]) -> Result<&'a [u8]> {
        let int = |at: usize| i32::from_le_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
        let refuse = |reason: &str, allowed: &str, value: i32| {
            Error::malformed_arrow(self.name, reason, allowed, value)
        };
        let length = usize::try_from(int(0)).map_err(|_| refuse("a text length", "at least 0", int(0)))?;
        if length <= 12 {
            return Ok(&view[4..4 + length]);
        }
        let buffer = usize::try_from(int(8)).ok().and_then(|index| self.buffers.get(index));
        let buffer = buffer.ok_or_else(|| refuse("a text buffer's number", "one of the array's", int(8)))?;
        let start = usize::try_from(int(12)).map_err(|_| refuse("a text offset", "at least 0", int(12)))?;
        if self.is_without_sizes {
            return Err(Error::malformed_arrow(self.name, "the buffer of sizes", "present", "NULL"));
        }
        let (data, size) = *buffer;
        if data.is_null() {
            return Err(Error::malformed_arrow(self.name, "the text buffer", "present", "NULL"));
        }
        if start + length > size {
            return Err(refuse("a text offset", "within its buffer", int(12)));
        }
        // SAFETY: the buffer is as long as was just asked; whoever made `self` vouches for it.
        Ok(unsafe { slice::from_raw_parts(data.add(start), length) })
    }
}

impl Rows for Views<'_> {
    #[inline(always)]
    fn number(&mut self, groups: &mut Groups, row: usize) -> Result<u32> {
        let view = self.views.get(row);
        groups.bytes(self.bytes(&view)?, |bytes| utf8(self.name, bytes))
    }

    #[inline]
    fn are_same(&self, row: usize, other: usize) -> bool {
        self.views.get(row) == self.views.get(other)
    }

    #[inline]
    fn repeats(&self, earlier: usize, from: usize) -> bool {
        self.views.block(earlier) == self.views.block(from)
    }
}

#[cold]
#[inline(never)]
fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes)
        .map_err(|error| Error::malformed_arrow(name, "text", "UTF-8", format!("{error}")))
}
