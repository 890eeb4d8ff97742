//! Group keys: text or whole numbers, read where they lie and numbered in order of appearance.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

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
    texts: HashMap<String, u32>,
    ints: HashMap<i64, u32>,
    keys: Vec<Key>,
    /// For each group, the one whose row came after its last row.
    followers: Vec<u32>,
    /// The group of the last row.
    last: u32,
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
        let mut copy = Self::from_keys(&self.keys)?;
        copy.followers.copy_from_slice(&self.followers);
        copy.last = self.last;
        Ok(copy)
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
        if let Some((number, Key::Text(known))) = self.guess()
            && known == text
        {
            self.last = number;
            return Ok(number);
        }
        let number = match self.texts.get(text) {
            Some(&number) => number,
            None => self.add_text(text)?,
        };
        Ok(self.follow(number))
    }

    /// The number of a whole number, new or known.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`; the groups are unchanged then.
    pub fn int(&mut self, int: i64) -> Result<u32> {
        if let Some((number, Key::Int(known))) = self.guess()
            && *known == int
        {
            self.last = number;
            return Ok(number);
        }
        let number = match self.ints.get(&int) {
            Some(&number) => number,
            None => self.add_int(int)?,
        };
        Ok(self.follow(number))
    }

    fn add_text(&mut self, text: &str) -> Result<u32> {
        let (key, name) = (memory::text(text)?, memory::text(text)?);
        let number = self.reserve()?;
        memory::reserve_entries(&mut self.texts)?;
        self.texts.insert(name, number);
        Ok(self.add(Key::Text(key)))
    }

    fn add_int(&mut self, int: i64) -> Result<u32> {
        let number = self.reserve()?;
        memory::reserve_entries(&mut self.ints)?;
        self.ints.insert(int, number);
        Ok(self.add(Key::Int(int)))
    }

    /// The number of the next key, once there is room for it.
    fn reserve(&mut self) -> Result<u32> {
        memory::reserve(&mut self.keys, 1)?;
        memory::reserve(&mut self.followers, 1)?;
        Ok(self.next())
    }

    /// Adds a key that there is room for.
    fn add(&mut self, key: Key) -> u32 {
        let number = self.next();
        self.keys.push(key);
        self.followers.push(0);
        number
    }

    /// The group that came next last time. Interleaved rows mostly keep their order from one time to the next, and
    /// comparing a key costs less than looking it up.
    fn guess(&self) -> Option<(u32, &Key)> {
        let number = *self.followers.get(self.last as usize)?;
        Some((number, &self.keys[number as usize]))
    }

    /// Remembers that a row of `number` came after the last one.
    fn follow(&mut self, number: u32) -> u32 {
        self.followers[self.last as usize] = number;
        self.last = number;
        number
    }

    /// The number of a known key.
    #[must_use]
    pub fn find(&self, key: &Key) -> Option<u32> {
        match key {
            Key::Text(text) => self.texts.get(text.as_str()).copied(),
            Key::Int(int) => self.ints.get(int).copied(),
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
        let validity = unsafe { field.validity() };
        let absent = |row: usize| {
            !(validity.is_none_or(|bits| bits.get(row))
                && field.parent_validity.is_none_or(|bits| bits.get(row)))
        };
        if let Some(row) = (0..field.rows)
            .find(|&row| (validity.is_some() || field.parent_validity.is_some()) && absent(row))
        {
            return Err(Error::missing_value(name, numbers.len() + row, "grouping"));
        }
        if field.array.dictionary_present() {
            memory::reserve(numbers, field.rows)?;
            // SAFETY: as the caller vouches.
            return unsafe { self.number_dictionary(field, name, numbers) };
        }
        memory::reserve(numbers, field.rows)?;
        let kind = KeyType::of(field, name)?;
        for row in 0..field.rows {
            // SAFETY: as the caller vouches.
            let key = unsafe { read_key(field, kind, name, row)? };
            numbers.push(self.number_of_ref(key)?);
        }
        Ok(())
    }

    /// As `number`, looking each distinct value up once.
    unsafe fn number_dictionary(
        &mut self,
        field: &Field<'_>,
        name: &str,
        numbers: &mut Vec<u32>,
    ) -> Result<()> {
        // SAFETY: `dictionary_present` was checked; a schema with a dictionary array has its type.
        let (Some(values), Some(schema)) =
            (unsafe { field.array.dictionary.as_ref() }, unsafe { field.schema.dictionary.as_ref() })
        else {
            return Err(Error::malformed_arrow(name, "the dictionary's type", "present", "NULL"));
        };
        // SAFETY: as the caller vouches.
        let values = unsafe { super::read::dictionary_values(schema, values)? };
        // SAFETY: as the caller vouches.
        let present = unsafe { values.validity() };
        let (index_kind, value_kind) = (KeyType::of(field, name)?, KeyType::of(&values, name)?);
        let mut known: Vec<Option<u32>> = memory::filled(values.rows, None)?;
        for row in 0..field.rows {
            // SAFETY: as the caller vouches.
            let KeyRef::Int(index) = (unsafe { read_key(field, index_kind, name, row)? }) else {
                return Err(Error::unsupported_type(name, "text or whole numbers", field.format));
            };
            let Some(slot) = usize::try_from(index).ok().and_then(|index| known.get_mut(index)) else {
                let allowed = format!("below {}, the dictionary's length", values.rows);
                return Err(Error::malformed_arrow(name, "a dictionary index", allowed, index));
            };
            let number = match *slot {
                Some(number) => number,
                None if present.is_some_and(|bits| !bits.get(usize::try_from(index).unwrap_or(0))) => {
                    return Err(Error::missing_value(name, numbers.len(), "grouping"));
                }
                None => {
                    // SAFETY: as the caller vouches; `index` is below the dictionary's length.
                    let key =
                        unsafe { read_key(&values, value_kind, name, usize::try_from(index).unwrap_or(0))? };
                    let number = self.number_of_ref(key)?;
                    *slot.insert(number)
                }
            };
            numbers.push(number);
        }
        Ok(())
    }
}

/// How keys lie in memory; told from the format once, not once per row.
#[derive(Clone, Copy)]
enum KeyType {
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Text,
    LargeText,
    TextView,
}

impl KeyType {
    fn of(field: &Field<'_>, name: &str) -> Result<Self> {
        if field.extension.is_some() {
            return Err(Error::unsupported_type(name, "text or whole numbers", field.type_name()));
        }
        Ok(match field.format {
            "c" => Self::Int8,
            "C" => Self::UInt8,
            "s" => Self::Int16,
            "S" => Self::UInt16,
            "i" => Self::Int32,
            "I" => Self::UInt32,
            "l" => Self::Int64,
            "L" => Self::UInt64,
            "u" => Self::Text,
            "U" => Self::LargeText,
            "vu" => Self::TextView,
            _ => return Err(Error::unsupported_type(name, "text or whole numbers", field.type_name())),
        })
    }
}

/// The key in one row.
#[inline]
unsafe fn read_key<'a>(field: &Field<'a>, kind: KeyType, name: &str, row: usize) -> Result<KeyRef<'a>> {
    macro_rules! int {
        ($type:ty) => {{
            let value = {
                // SAFETY: the values buffer covers the row.
                unsafe { field.values(size_of::<$type>())?.cast::<$type>().add(row).read_unaligned() }
            };
            i64::try_from(value)
                .map(KeyRef::Int)
                .map_err(|_| Error::unsupported_type(name, "below 2^63", value))
        }};
    }
    macro_rules! text {
        ($type:ty) => {{
            // SAFETY: the offsets buffer covers one more than the rows.
            let (from, to) = unsafe {
                let offsets = field.values(size_of::<$type>())?.cast::<$type>().add(row);
                (offsets.read_unaligned(), offsets.add(1).read_unaligned())
            };
            let (Ok(start), Ok(end)) = (usize::try_from(from), usize::try_from(to)) else {
                return Err(Error::malformed_arrow(name, "a text offset", "at least 0", from.min(to)));
            };
            if end < start {
                return Err(Error::malformed_arrow(name, "a text offset", format!("at least {from}"), to));
            }
            // SAFETY: as the caller vouches.
            let data = unsafe { field.buffer(2) };
            if data.is_null() && end > start {
                return Err(Error::malformed_arrow(name, "the text buffer", "present", "NULL"));
            }
            let bytes = if end == start {
                &[]
            } else {
                // SAFETY: the data buffer covers what the offsets say.
                unsafe { std::slice::from_raw_parts(data.add(start), end - start) }
            };
            utf8(name, bytes)
        }};
    }
    match kind {
        KeyType::Int8 => int!(i8),
        KeyType::UInt8 => int!(u8),
        KeyType::Int16 => int!(i16),
        KeyType::UInt16 => int!(u16),
        KeyType::Int32 => int!(i32),
        KeyType::UInt32 => int!(u32),
        KeyType::Int64 => int!(i64),
        KeyType::UInt64 => int!(u64),
        KeyType::Text => text!(i32),
        KeyType::LargeText => text!(i64),
        // SAFETY: as the caller vouches.
        KeyType::TextView => unsafe { read_view(field, name, row) },
    }
}

/// A `string_view`: 4 bytes of length, then up to 12 bytes of text, or a prefix, a buffer's number and an offset.
unsafe fn read_view<'a>(field: &Field<'a>, name: &str, row: usize) -> Result<KeyRef<'a>> {
    // SAFETY: the views buffer covers the row with 16 bytes each.
    let view = unsafe { std::slice::from_raw_parts(field.values(16)?.add(row * 16), 16) };
    let int = |at: usize| i32::from_le_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
    let refuse =
        |reason: &str, allowed: &str, value: i32| Error::malformed_arrow(name, reason, allowed, value);
    let length = usize::try_from(int(0)).map_err(|_| refuse("a text length", "at least 0", int(0)))?;
    if length <= 12 {
        return utf8(name, &view[4..4 + length]);
    }
    // Data buffers follow validity and views; the last buffer holds their sizes.
    let buffers = usize::try_from(field.array.n_buffers).unwrap_or(0).saturating_sub(3);
    let index = usize::try_from(int(8)).ok().filter(|&index| index < buffers);
    let index = index.ok_or_else(|| refuse("a text buffer's number", "one of the array's", int(8)))?;
    let start = usize::try_from(int(12)).map_err(|_| refuse("a text offset", "at least 0", int(12)))?;
    // SAFETY: as the caller vouches.
    let (sizes, data) = unsafe { (field.buffer(buffers + 2).cast::<i64>(), field.buffer(index + 2)) };
    if sizes.is_null() || data.is_null() {
        let which = if sizes.is_null() { "the buffer of sizes" } else { "the text buffer" };
        return Err(Error::malformed_arrow(name, which, "present", "NULL"));
    }
    // SAFETY: the sizes buffer has one int64 for each data buffer.
    let size = unsafe { sizes.add(index).read_unaligned() };
    if usize::try_from(size).is_ok_and(|size| start + length <= size) {
        // SAFETY: just checked against the buffer's size.
        return utf8(name, unsafe { std::slice::from_raw_parts(data.add(start), length) });
    }
    Err(refuse("a text offset", "within its buffer", int(12)))
}

fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<KeyRef<'a>> {
    std::str::from_utf8(bytes)
        .map(KeyRef::Text)
        .map_err(|error| Error::malformed_arrow(name, "text", "UTF-8", format!("{error}")))
}
