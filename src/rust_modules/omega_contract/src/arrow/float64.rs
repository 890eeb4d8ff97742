//! Whatever numeric type a producer has, as float64: borrowed where it is, copied and counted where it is not.

use super::column::{Bitmap, Chunk};
use super::read::Field;
use crate::{Error, Result};

/// Consecutive rows of a float64 column, somewhere that its owner keeps alive.
///
/// Row `i` is `base[offset + i]`, and its presence bit `offset + i` of `validity`, as the C data interface has it.
#[derive(Clone, Copy, Debug)]
pub struct RawChunk {
    /// The values buffer, 8-byte aligned; dangling where there are no rows.
    pub base: *const f64,
    /// The validity bitmap; NULL where all rows are present.
    pub validity: *const u8,
    /// Rows to leave out at the front.
    pub offset: usize,
    /// Rows that follow.
    pub rows: usize,
}

/// A column that could not be borrowed: which, why, and how much was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The column.
    pub name: String,
    /// Why: its type, or how it lies in memory.
    pub reason: String,
    /// The size of the copy.
    pub bytes: usize,
}

/// Owns the copies that types force, and counts them.
#[derive(Default)]
pub struct Copies {
    owned: Vec<Vec<f64>>,
    /// Every copy made, in order.
    pub made: Vec<Copied>,
    /// Whether a copy is refused instead.
    pub strict: bool,
}

impl Copies {
    /// Copies that are refused if `strict`.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Says that a copy is about to be made.
    ///
    /// # Errors
    /// `ZERO_COPY_REFUSED` where copies are.
    pub fn allow(&self, name: &str, reason: &str) -> Result<()> {
        if self.strict {
            return Err(Error::zero_copy_refused(name, reason, "float64, contiguous and 8-byte aligned"));
        }
        Ok(())
    }

    /// Keeps a copy for as long as `self` lives.
    pub fn keep(&mut self, name: &str, reason: &str, values: Vec<f64>) -> RawChunk {
        self.made.push(Copied {
            name: name.into(),
            reason: reason.into(),
            bytes: values.len() * size_of::<f64>(),
        });
        let chunk =
            RawChunk { base: values.as_ptr(), validity: std::ptr::null(), offset: 0, rows: values.len() };
        self.owned.push(values);
        chunk
    }

    /// The column as float64.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE`, `ZERO_COPY_REFUSED` or `MALFORMED_ARROW`, naming the column.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks, and outlive the chunk.
    pub unsafe fn float64(&mut self, field: &Field<'_>, name: &str) -> Result<RawChunk> {
        // SAFETY: as the caller vouches.
        let validity = unsafe { field.validity() };
        if field.format == "g" && !field.array.dictionary_present() {
            // SAFETY: as the caller vouches.
            let values = unsafe { field.values(size_of::<f64>())? };
            if field.parent_validity.is_none() && values.cast::<f64>().is_aligned() {
                return Ok(RawChunk {
                    base: values.wrapping_sub(field.offset * size_of::<f64>()).cast(),
                    // SAFETY: as the caller vouches.
                    validity: if validity.is_some() { unsafe { field.buffer(0) } } else { std::ptr::null() },
                    offset: field.offset,
                    rows: field.rows,
                });
            }
        }
        let reason = copy_reason(field);
        let Some(read) = reader(field) else {
            let allowed = "a number (float, integer or decimal)";
            return Err(Error::unsupported_type(name, allowed, field.type_name()));
        };
        self.allow(name, &reason)?;
        let start = if field.format == "n" {
            std::ptr::null()
        } else {
            // SAFETY: as the caller vouches.
            unsafe { field.values(read.width)? }
        };
        let present = |row: usize| {
            validity.is_none_or(|bits| bits.get(row))
                && field.parent_validity.is_none_or(|bits| bits.get(row))
        };
        let value = |row: usize| {
            if !present(row) {
                return f64::NAN;
            }
            // SAFETY: the buffer covers `rows` values of `width` bytes from `start`.
            unsafe { (read.value)(start.wrapping_add(row * read.width), read.scale) }
        };
        let values = (0..field.rows).map(value).collect();
        Ok(self.keep(name, &reason, values))
    }
}

impl RawChunk {
    /// The rows as a kernel reads them.
    ///
    /// # Safety
    /// The owner of the memory must outlive `'a`, and nobody may write to it meanwhile.
    #[must_use]
    pub unsafe fn borrow<'a>(&self) -> Chunk<'a> {
        if self.rows == 0 {
            return Chunk::dense(&[]);
        }
        // SAFETY: as the caller vouches, and `base` covers `offset + rows` values.
        let values = unsafe { std::slice::from_raw_parts(self.base.add(self.offset), self.rows) };
        let validity = (!self.validity.is_null()).then(|| {
            // SAFETY: a validity bitmap covers `offset + rows` bits.
            let bytes =
                unsafe { std::slice::from_raw_parts(self.validity, (self.offset + self.rows).div_ceil(8)) };
            Bitmap::new(bytes, self.offset)
        });
        Chunk { values, validity }
    }

    /// The rows from `from` up to, not including, `to`.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Self {
        Self { offset: self.offset + from, rows: to - from, ..*self }
    }
}

/// Cuts columns at each other's chunk borders, so that chunk `i` is equally long in all of them.
#[must_use]
pub fn align(columns: &[Vec<RawChunk>]) -> Vec<Vec<RawChunk>> {
    let borders = |chunks: &[RawChunk]| {
        chunks
            .iter()
            .scan(0, |end, chunk| {
                *end += chunk.rows;
                Some(*end)
            })
            .collect::<Vec<_>>()
    };
    let mut ends: Vec<usize> = columns.iter().flat_map(|chunks| borders(chunks)).collect();
    ends.sort_unstable();
    ends.dedup();
    ends.retain(|&end| end > 0);
    columns
        .iter()
        .map(|chunks| {
            let mut cut = Vec::with_capacity(ends.len());
            let mut rest = chunks.iter().copied().filter(|chunk| chunk.rows > 0);
            let mut current = rest.next();
            let mut from = 0;
            for &end in &ends {
                let Some(chunk) = current else { break };
                let (head, tail) = (chunk.slice(0, end - from), chunk.slice(end - from, chunk.rows));
                cut.push(head);
                current = if tail.rows > 0 { Some(tail) } else { rest.next() };
                from = end;
            }
            cut
        })
        .collect()
}

/// How one value of a type becomes a float64.
struct Reader {
    width: usize,
    scale: f64,
    value: unsafe fn(*const u8, f64) -> f64,
}

macro_rules! read_as {
    ($type:ty) => {
        Reader {
            width: size_of::<$type>(),
            scale: 1.0,
            // SAFETY: the caller passes a pointer to one value of this type, aligned or not.
            value: |pointer, _| unsafe { pointer.cast::<$type>().read_unaligned() as f64 },
        }
    };
}

fn reader(field: &Field<'_>) -> Option<Reader> {
    if field.array.dictionary_present() {
        return None;
    }
    Some(match field.format {
        "g" => read_as!(f64),
        "f" => read_as!(f32),
        "c" => read_as!(i8),
        "C" => read_as!(u8),
        "s" => read_as!(i16),
        "S" => read_as!(u16),
        "i" => read_as!(i32),
        "I" => read_as!(u32),
        "l" => read_as!(i64),
        "L" => read_as!(u64),
        // A column of nothing but missing rows has no buffers and is never read.
        "n" => Reader { width: 0, scale: 1.0, value: |_, _| f64::NAN },
        format => {
            let mut parts = format.strip_prefix("d:")?.split(',');
            let scale: i32 = parts.nth(1)?.parse().ok()?;
            if parts.next().is_some_and(|bits| bits != "128") {
                return None;
            }
            Reader {
                width: size_of::<i128>(),
                scale: 10f64.powi(scale),
                // SAFETY: the caller passes a pointer to one 16-byte value, aligned or not.
                value: |pointer, scale| unsafe { pointer.cast::<i128>().read_unaligned() as f64 / scale },
            }
        }
    })
}

/// Why a column cannot be borrowed, in the field's words.
fn copy_reason(field: &Field<'_>) -> String {
    match field.format {
        "g" if field.parent_validity.is_some() => "float64 under missing rows of a struct".into(),
        "g" => "misaligned float64".into(),
        "f" => "float32".into(),
        "c" => "int8".into(),
        "C" => "uint8".into(),
        "s" => "int16".into(),
        "S" => "uint16".into(),
        "i" => "int32".into(),
        "I" => "uint32".into(),
        "l" => "int64".into(),
        "L" => "uint64".into(),
        "n" => "null".into(),
        other => other.into(),
    }
}
