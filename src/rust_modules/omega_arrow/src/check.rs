//! Looks at every pointer and count of a producer's structs before anybody follows them.
//!
//! For what reads whole trees of structs and trusts them: arrow-rs. Functions read columns only, and check as they go.

use super::c::{ArrowArray, ArrowSchema};
use super::read::{buffer_counts, extent, pairs, text};
use omega_contract::{Error, Result};

/// More children than any table or type has.
pub const MOST_CHILDREN: i64 = 1 << 20;

/// Deeper than any type nests.
const MOST_LEVELS: usize = 64;

/// Checks a type with everything below it.
///
/// # Errors
/// `MALFORMED_ARROW`, naming the field.
///
/// # Safety
/// What the pointers point to, where they are not NULL, must be as the Arrow C data interface asks.
pub unsafe fn schema(schema: &ArrowSchema) -> Result<()> {
    // SAFETY: as the caller vouches.
    unsafe { schema_at(schema, 0) }
}

/// Checks an array with everything below it, against its type.
///
/// # Errors
/// `MALFORMED_ARROW`, naming the field.
///
/// # Safety
/// As for [`schema`], which the type has passed.
pub unsafe fn array(schema: &ArrowSchema, array: &ArrowArray) -> Result<()> {
    // SAFETY: as the caller vouches, here and below.
    let (name, format) = unsafe { (text(schema.name), text(schema.format)) };
    let (length, offset) = extent(name, array)?;
    // SAFETY: as above.
    unsafe { buffer_counts(name, format, array)? };
    if array.n_children != schema.n_children || (array.n_children > 0 && array.children.is_null()) {
        let allowed = format!("{}, as in its type", schema.n_children);
        return Err(Error::malformed_arrow(name, "the number of children", allowed, array.n_children));
    }
    if array.dictionary.is_null() != schema.dictionary.is_null() {
        return Err(dictionary_mismatch(name, schema));
    }
    let needed: usize = match format {
        "n" | "" => 0,
        _ if format.starts_with("+s") || format.starts_with("+r") || format.starts_with("+w") => 0,
        _ if format.starts_with("+u") => 1,
        "+vl" | "+vL" => 3,
        _ => 2,
    };
    let first = usize::from(!format.starts_with("+u"));
    for index in first..needed {
        // SAFETY: `buffer_counts` found as many as the format has.
        if length + offset > 0 && unsafe { (*array.buffers.add(index)).is_null() } {
            return Err(Error::malformed_arrow(name, format!("buffer {index}"), "present", "NULL"));
        }
    }
    let last = match format {
        _ if length + offset == 0 => 0,
        // SAFETY: the offsets are there, one more than the rows.
        "u" | "z" => unsafe {
            i64::from((*array.buffers.add(1)).cast::<i32>().add(length + offset).read_unaligned())
        },
        // SAFETY: as above.
        "U" | "Z" => unsafe { (*array.buffers.add(1)).cast::<i64>().add(length + offset).read_unaligned() },
        _ => 0,
    };
    // SAFETY: a format with offsets has three buffers.
    if last != 0 && (last < 0 || unsafe { (*array.buffers.add(2)).is_null() }) {
        return Err(Error::malformed_arrow(name, "the text buffer", "present, and offsets at least 0", last));
    }
    for index in 0..usize::try_from(array.n_children).unwrap_or(0) {
        // SAFETY: both have this many, and the type was checked.
        let (child_schema, child) = unsafe { (&**schema.children.add(index), *array.children.add(index)) };
        // SAFETY: NULL, or as the caller vouches.
        let Some(child) = (unsafe { child.as_ref() }).filter(|child| child.release.is_some()) else {
            return Err(Error::malformed_arrow(name, "each child", "present", "NULL"));
        };
        // SAFETY: as the caller vouches.
        unsafe { self::array(child_schema, child)? };
    }
    // SAFETY: both are NULL, or as the caller vouches.
    let dictionary = unsafe { (schema.dictionary.as_ref(), array.dictionary.as_ref()) };
    if let (Some(values_schema), Some(values)) = dictionary {
        // SAFETY: as the caller vouches.
        unsafe { self::array(values_schema, values)? };
    }
    Ok(())
}

/// Says that only one of a type and its array has a dictionary.
pub fn dictionary_mismatch(name: &str, schema: &ArrowSchema) -> Error {
    let (allowed, value) = if schema.dictionary.is_null() {
        ("NULL, as in its type", "present")
    } else {
        ("present, as in its type", "NULL")
    };
    Error::malformed_arrow(name, "the array's dictionary", allowed, value)
}

unsafe fn schema_at(schema: &ArrowSchema, level: usize) -> Result<()> {
    // SAFETY: as the caller vouches, here and below.
    let (name, format) = unsafe { (text(schema.name), text(schema.format)) };
    let refuse = |reason: &str, allowed: &str, value: &dyn std::fmt::Display| {
        Err(Error::malformed_arrow(name, reason, allowed, value))
    };
    if level > MOST_LEVELS {
        return refuse("the type", "at most 64 levels deep", &level);
    }
    if format.is_empty() {
        return refuse("the format", "text", &"NULL or no UTF-8");
    }
    // SAFETY: as above.
    unsafe { pairs(name, schema, |_, _| ())? };
    let children = match format {
        _ if format.starts_with("+s") || format.starts_with("+u") => 0..=MOST_CHILDREN,
        _ if format.starts_with("+r") => 2..=2,
        _ if format.starts_with('+') => 1..=1,
        _ => 0..=0,
    };
    if !children.contains(&schema.n_children) || (schema.n_children > 0 && schema.children.is_null()) {
        return refuse("the number of children", "as the type asks", &schema.n_children);
    }
    for index in 0..usize::try_from(schema.n_children).unwrap_or(0) {
        // SAFETY: `children` holds `n_children` pointers, each NULL or as the caller vouches.
        match unsafe { (*schema.children.add(index)).as_ref() } {
            // SAFETY: as above.
            Some(child) if child.release.is_some() => unsafe { schema_at(child, level + 1)? },
            _ => return refuse("each child", "present", &"NULL"),
        }
    }
    // SAFETY: NULL, or as the caller vouches.
    match unsafe { schema.dictionary.as_ref() } {
        // SAFETY: as above.
        Some(values) => unsafe { schema_at(values, level + 1) },
        None => Ok(()),
    }
}
