//! Reads the C structs of a producer without taking or copying what they hold.
//!
//! A producer is not trusted: lengths, offsets and child counts are checked before a buffer is touched. The C data
//! interface carries no buffer sizes, so an array that lies about those alone cannot be told from an honest one.

use std::ffi::{CStr, c_char};

use super::c::{ArrowArray, ArrowSchema};
use super::check::{MOST_CHILDREN, dictionary_mismatch};
use super::column::Bitmap;
use omega_contract::{Error, Result};

/// More rows than fit in the 47 bits of a process's addresses at the widest type's 16 bytes each.
const MOST_ROWS: usize = 1 << 43;

/// More buffers than any column has; those of text views number as the producer likes.
const MOST_BUFFERS: i64 = 1 << 20;

/// More than any field's metadata holds: pairs, and bytes in each half of a pair.
const MOST_METADATA: usize = 1 << 24;

/// One column of a producer, checked and not yet interpreted.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// Its name; empty where the producer gave none.
    pub name: &'a str,
    /// Its type as the specification's format string.
    pub format: &'a str,
    /// Its type, with metadata and children.
    pub schema: &'a ArrowSchema,
    /// Its buffers.
    pub array: &'a ArrowArray,
    /// Rows to leave out at the front of every buffer.
    pub offset: usize,
    /// Rows that follow them.
    pub rows: usize,
    /// Presence of the whole rows of a record batch, where it says that some are missing.
    pub parent_validity: Option<Bitmap<'a>>,
    /// The name of its extension type, where it is one.
    pub extension: Option<&'a str>,
}

/// What the columns of a producer are: those of a record batch, or one column alone.
pub struct Fields<'a> {
    /// The columns, in the producer's order.
    pub fields: Vec<Field<'a>>,
    /// Whether they came as a record batch (a struct).
    pub is_batch: bool,
    /// Rows of each.
    pub rows: usize,
}

/// The columns behind a pair of C structs.
///
/// # Errors
/// `RELEASED_CAPSULE` or `MALFORMED_ARROW`, naming the column.
///
/// # Safety
/// Both structs and what they point to must be as the Arrow C data interface asks, and stay so for `'a`.
pub unsafe fn fields<'a>(schema: &'a ArrowSchema, array: &'a ArrowArray) -> Result<Fields<'a>> {
    if schema.release.is_none() {
        return Err(Error::released_capsule("arrow_schema", "a schema that nobody has imported yet"));
    }
    if array.release.is_none() {
        return Err(Error::released_capsule("arrow_array", "an array that nobody has imported yet"));
    }
    // SAFETY: the caller vouches for the structs.
    let whole = unsafe { field(schema, array, 0, None, None)? };
    if whole.format != "+s" || whole.extension.is_some() {
        return Ok(Fields { rows: whole.rows, fields: vec![whole], is_batch: false });
    }
    if !(0..=MOST_CHILDREN).contains(&array.n_children) {
        let allowed = format!("from 0 to {MOST_CHILDREN}");
        return Err(Error::malformed_arrow(whole.name, "the number of children", allowed, array.n_children));
    }
    let n_children = usize::try_from(array.n_children).unwrap_or(0);
    if array.n_children != schema.n_children
        || (n_children > 0 && (array.children.is_null() || schema.children.is_null()))
    {
        let allowed = format!("{}, as in its schema", schema.n_children);
        return Err(Error::malformed_arrow(whole.name, "the number of children", allowed, array.n_children));
    }
    let parent_validity = if array.null_count == 0 {
        None
    } else {
        // SAFETY: the caller vouches for the structs, and `field` has checked the buffer count.
        unsafe { whole.validity() }
    };
    let mut fields = Vec::with_capacity(n_children);
    for index in 0..n_children {
        // SAFETY: `children` holds `n_children` pointers, as the caller vouches.
        let (schema, array) = unsafe { (*schema.children.add(index), *array.children.add(index)) };
        // SAFETY: a child is NULL or as the caller vouches.
        let (Some(schema), Some(array)) = (unsafe { schema.as_ref() }, unsafe { array.as_ref() }) else {
            return Err(Error::malformed_arrow(whole.name, "each child", "present", "NULL"));
        };
        if schema.release.is_none() || array.release.is_none() {
            return Err(Error::malformed_arrow(
                whole.name,
                "each child",
                "present",
                "one that was moved away",
            ));
        }
        // SAFETY: as above.
        fields.push(unsafe { field(schema, array, whole.offset, Some(whole.rows), parent_validity)? });
    }
    Ok(Fields { fields, is_batch: true, rows: whole.rows })
}

/// The values of a dictionary, which may be of any type but are never a batch.
///
/// # Errors
/// `MALFORMED_ARROW`.
///
/// # Safety
/// As for [`fields`].
pub unsafe fn dictionary_values<'a>(schema: &'a ArrowSchema, array: &'a ArrowArray) -> Result<Field<'a>> {
    // SAFETY: as the caller vouches.
    unsafe { field(schema, array, 0, None, None) }
}

/// One checked column; a child counts from its parent's offset and is as long as its parent.
unsafe fn field<'a>(
    schema: &'a ArrowSchema,
    array: &'a ArrowArray,
    parent_offset: usize,
    parent_rows: Option<usize>,
    parent_validity: Option<Bitmap<'a>>,
) -> Result<Field<'a>> {
    // SAFETY: name and format are NULL or C strings, as the caller vouches.
    let (name, format) = unsafe { (text(schema.name), text(schema.format)) };
    let (length, offset) = extent(name, array)?;
    // SAFETY: as the caller vouches.
    unsafe { buffer_counts(name, format, array)? };
    if array.dictionary.is_null() != schema.dictionary.is_null() {
        return Err(dictionary_mismatch(name, schema));
    }
    let mut extension = None;
    let note = |key: &'a [u8], value: &'a [u8]| {
        if key == b"ARROW:extension:name" {
            extension = Some(std::str::from_utf8(value).unwrap_or("a name that is no text"));
        }
    };
    // SAFETY: as the caller vouches.
    unsafe { pairs(name, schema, note)? };
    let rows = parent_rows.unwrap_or(length);
    if length < parent_offset + rows {
        let allowed = format!("at least {}, the end of the batch's rows", parent_offset + rows);
        return Err(Error::malformed_arrow(name, "length", allowed, length));
    }
    Ok(Field {
        name,
        format,
        schema,
        array,
        offset: parent_offset + offset,
        rows,
        parent_validity,
        extension,
    })
}

/// The rows of an array and those before them, checked along with the number that are missing.
pub(super) fn extent(name: &str, array: &ArrowArray) -> Result<(usize, usize)> {
    let refuse =
        |reason: &str, allowed: &str, value: i64| Error::malformed_arrow(name, reason, allowed, value);
    let length = usize::try_from(array.length).map_err(|_| refuse("length", "at least 0", array.length))?;
    let offset = usize::try_from(array.offset).map_err(|_| refuse("offset", "at least 0", array.offset))?;
    if length.checked_add(offset).is_none_or(|end| end > MOST_ROWS) {
        return Err(refuse("offset + length", "within the address space", array.offset));
    }
    if array.null_count < -1 || array.null_count > array.length {
        return Err(refuse("null_count", "-1, or from 0 to the length", array.null_count));
    }
    Ok((length, offset))
}

/// How many buffers an array of this format has, at the least.
pub(super) fn least_buffers(format: &str) -> i64 {
    match format {
        "n" | "" => 0,
        "u" | "U" | "z" | "Z" | "vu" | "vz" | "+vl" | "+vL" => 3,
        "+s" => 1,
        _ if format.starts_with("+w") || format.starts_with("+us") => 1,
        _ if format.starts_with("+r") => 0,
        _ => 2,
    }
}

/// Refuses an array that has not as many buffers as its format asks for, or missing rows and no bitmap.
///
/// # Safety
/// `buffers` is NULL or holds `n_buffers` pointers.
pub(super) unsafe fn buffer_counts(name: &str, format: &str, array: &ArrowArray) -> Result<()> {
    let least = least_buffers(format);
    let refuse = |value: &dyn std::fmt::Display| {
        let allowed = format!("at least {least} for format {format}, and at most {MOST_BUFFERS}");
        Err(Error::malformed_arrow(name, "the number of buffers", allowed, value))
    };
    if array.n_buffers < least || array.n_buffers > MOST_BUFFERS {
        return refuse(&array.n_buffers);
    }
    if array.n_buffers > 0 && array.buffers.is_null() {
        return refuse(&"NULL");
    }
    let keeps_no_bitmap = format == "n" || format.starts_with("+u") || format.starts_with("+r");
    // SAFETY: `buffers` was just checked to hold its first pointer where there is one.
    let has_bitmap = array.n_buffers > 0 && unsafe { !(*array.buffers).is_null() };
    if array.null_count > 0 && !has_bitmap && !keeps_no_bitmap {
        let allowed = "0 without a validity bitmap";
        return Err(Error::malformed_arrow(name, "null_count", allowed, array.null_count));
    }
    Ok(())
}

/// Reads the pairs of a field's metadata: a count, then for each half its length and its bytes.
///
/// # Safety
/// The metadata are NULL, or as long as they say where that is credible.
pub(super) unsafe fn pairs<'a>(
    name: &str,
    schema: &'a ArrowSchema,
    mut each: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<()> {
    if schema.metadata.is_null() {
        return Ok(());
    }
    let mut rest: *const u8 = schema.metadata.cast();
    // SAFETY: a count comes first, and a length before each half.
    let count = unsafe { length(name, &mut rest)? };
    for _ in 0..count {
        let mut halves = [&[][..]; 2];
        for half in &mut halves {
            // SAFETY: as above, and as many bytes follow as it says.
            *half = unsafe {
                let bytes = length(name, &mut rest)?;
                std::slice::from_raw_parts(rest, bytes)
            };
            rest = rest.wrapping_add(half.len());
        }
        each(halves[0], halves[1]);
    }
    Ok(())
}

/// Reads one number of a field's metadata, and steps over it.
///
/// # Safety
/// Four bytes follow.
unsafe fn length(name: &str, rest: &mut *const u8) -> Result<usize> {
    // SAFETY: as the caller vouches.
    let number = unsafe { rest.cast::<i32>().read_unaligned() };
    *rest = rest.wrapping_add(4);
    let allowed = || format!("from 0 to {MOST_METADATA}");
    usize::try_from(number)
        .ok()
        .filter(|&number| number <= MOST_METADATA)
        .ok_or_else(|| Error::malformed_arrow(name, "a length in the metadata", allowed(), number))
}

impl<'a> Field<'a> {
    /// The start of a buffer, before `offset`; NULL where the producer has none.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    #[must_use]
    pub unsafe fn buffer(&self, index: usize) -> *const u8 {
        if i64::try_from(index).is_ok_and(|index| index < self.array.n_buffers) {
            // SAFETY: `buffers` holds `n_buffers` pointers.
            unsafe { (*self.array.buffers.add(index)).cast() }
        } else {
            std::ptr::null()
        }
    }

    /// The type in words, where it is one that data come in; the format string where it is not; an extension type's name.
    #[must_use]
    pub fn type_name(&self) -> &'a str {
        if let Some(extension) = self.extension {
            return extension;
        }
        if self.array.dictionary_present() {
            return "dictionary";
        }
        match self.format {
            "b" => "bool",
            "u" | "U" | "vu" => "string",
            "z" | "Z" | "vz" => "binary",
            "e" => "float16",
            "n" => "null",
            format if format.starts_with("ts") => "timestamp",
            format if format.starts_with("td") => "date",
            format if format.starts_with("tt") => "time",
            format if format.starts_with("tD") => "duration",
            format if format.starts_with("+s") => "struct",
            format if format.starts_with("+l") || format.starts_with("+L") || format.starts_with("+w") => {
                "list"
            }
            format => format,
        }
    }

    /// Which rows are present; `None` where all are.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    #[must_use]
    pub unsafe fn validity(&self) -> Option<Bitmap<'a>> {
        // SAFETY: as the caller vouches.
        let bits = unsafe { self.buffer(0) };
        if bits.is_null() || self.array.null_count == 0 || self.rows == 0 {
            return None;
        }
        // SAFETY: a validity bitmap covers `offset + rows` bits.
        let bytes = unsafe { std::slice::from_raw_parts(bits, (self.offset + self.rows).div_ceil(8)) };
        Some(Bitmap::new(bytes, self.offset))
    }

    /// The first row of a fixed-width buffer.
    ///
    /// # Errors
    /// `MALFORMED_ARROW` where rows have no buffer.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks.
    pub unsafe fn values(&self, width: usize) -> Result<*const u8> {
        // SAFETY: as the caller vouches.
        let base = unsafe { self.buffer(1) };
        if base.is_null() && self.rows > 0 {
            return Err(Error::malformed_arrow(self.name, "the values buffer", "present", "NULL"));
        }
        Ok(base.wrapping_add(self.offset * width))
    }
}

/// A C string as text; empty where it is NULL or not UTF-8.
///
/// # Safety
/// `pointer` is NULL or a C string that lives for `'a`.
pub(super) unsafe fn text<'a>(pointer: *const c_char) -> &'a str {
    if pointer.is_null() {
        return "";
    }
    // SAFETY: as the caller vouches.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("")
}
