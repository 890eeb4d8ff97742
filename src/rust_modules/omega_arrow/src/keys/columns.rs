//! Columns of keys, by how they lie in memory: what can be checked of all rows at once is, and the rest row by row.

use super::Groups;
use super::rows::{Codes, Ints, Rows, Texts, Values, Views, Whole, number_rows};
use crate::read::{Field, dictionary_values};
use omega_contract::{Error, Result, memory};

/// Runs an expression with the type that a format of whole numbers has in memory, or another for anything else.
macro_rules! with_ints {
    ($format:expr, $type:ident => $ints:expr, _ => $other:expr) => {
        match $format {
            "c" => {
                type $type = i8;
                $ints
            }
            "C" => {
                type $type = u8;
                $ints
            }
            "s" => {
                type $type = i16;
                $ints
            }
            "S" => {
                type $type = u16;
                $ints
            }
            "i" => {
                type $type = i32;
                $ints
            }
            "I" => {
                type $type = u32;
                $ints
            }
            "l" => {
                type $type = i64;
                $ints
            }
            "L" => {
                type $type = u64;
                $ints
            }
            _ => $other,
        }
    };
}

/// Appends the group number of every row, none of which is missing.
///
/// # Safety
/// The array must be as the Arrow C data interface asks.
pub(super) unsafe fn number(
    groups: &mut Groups,
    field: &Field<'_>,
    name: &str,
    numbers: &mut Vec<u32>,
) -> Result<()> {
    if field.array.dictionary_present() {
        // SAFETY: as the caller vouches.
        return unsafe { number_dictionary(groups, field, name, numbers) };
    }
    refuse_extension(field, name)?;
    with_ints!(field.format,
        // SAFETY: as the caller vouches.
        T => number_ints(groups, unsafe { ints::<T>(field, name)? }, numbers),
        _ => match field.format {
            // SAFETY: as the caller vouches.
            "u" => number_rows(&mut unsafe { texts::<i32>(field, name)? }, field.rows, groups, numbers),
            // SAFETY: as the caller vouches.
            "U" => number_rows(&mut unsafe { texts::<i64>(field, name)? }, field.rows, groups, numbers),
            // SAFETY: as the caller vouches.
            "vu" => number_rows(&mut unsafe { views(field, name)? }, field.rows, groups, numbers),
            _ => Err(unsupported(field, name)),
        }
    )
}

fn unsupported(field: &Field<'_>, name: &str) -> Error {
    Error::unsupported_type(name, "text or whole numbers", field.type_name())
}

fn refuse_extension(field: &Field<'_>, name: &str) -> Result<()> {
    if field.extension.is_some() { Err(unsupported(field, name)) } else { Ok(()) }
}

/// Whole numbers: through a table where they lie as close together as rows, else each looked up.
fn number_ints<T: Whole>(groups: &mut Groups, ints: Values<'_, T>, numbers: &mut Vec<u32>) -> Result<()> {
    if let Some((least, most)) = span(ints)
        && let Ok(span) = usize::try_from(i128::from(most) - i128::from(least))
        && span < ints.len()
    {
        let look_up = |groups: &mut Groups, code, _| groups.int(code);
        return number_rows(&mut Codes::new(ints, least, span + 1, look_up)?, ints.len(), groups, numbers);
    }
    number_rows(&mut Ints(ints), ints.len(), groups, numbers)
}

/// The values of a dictionary, each looked up once, and for each row the number of its value.
///
/// # Safety
/// As for [`number`].
unsafe fn number_dictionary(
    groups: &mut Groups,
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
    let values = unsafe { dictionary_values(schema, values)? };
    refuse_extension(field, name)?;
    // SAFETY: as the caller vouches.
    let (present, mut keys) = unsafe { (values.validity(), rows(&values, name)?) };
    let before = numbers.len();
    let look_up = |groups: &mut Groups, code: i64, row: usize| {
        let place = usize::try_from(code).unwrap_or(usize::MAX);
        if present.is_some_and(|bits| !bits.get(place)) {
            return Err(Error::missing_value(name, before + row, "grouping"));
        }
        keys.number(groups, place)
    };
    with_ints!(field.format,
        T => {
            // SAFETY: as the caller vouches.
            let codes = unsafe { ints::<T>(field, name)? };
            let is_outside = |code: i64| usize::try_from(code).map_or(true, |code| code >= values.rows);
            if let Some((least, most)) = span(codes) && (is_outside(least) || is_outside(most)) {
                let allowed = format!("below {}, the dictionary's length", values.rows);
                let code = codes.iter().map(T::widened).find(|&code| is_outside(code)).unwrap_or(least);
                return Err(Error::malformed_arrow(name, "a dictionary index", allowed, code));
            }
            number_rows(&mut Codes::new(codes, 0, values.rows, look_up)?, field.rows, groups, numbers)
        },
        _ => Err(Error::unsupported_type(name, "text or whole numbers", field.format))
    )
}

/// The least and the greatest of whole numbers.
fn span<T: Whole>(ints: Values<'_, T>) -> Option<(i64, i64)> {
    let first = ints.iter().next()?.widened();
    let widen = |(least, most): (i64, i64), int: T| (least.min(int.widened()), most.max(int.widened()));
    Some(ints.iter().fold((first, first), widen))
}

/// The keys of a dictionary's values.
///
/// # Safety
/// As for [`number`].
unsafe fn rows<'a>(field: &Field<'a>, name: &'a str) -> Result<Box<dyn Rows + 'a>> {
    if field.array.dictionary_present() {
        return Err(unsupported(field, name));
    }
    refuse_extension(field, name)?;
    with_ints!(field.format,
        // SAFETY: as the caller vouches.
        T => Ok(Box::new(Ints(unsafe { ints::<T>(field, name)? }))),
        _ => Ok(match field.format {
            // SAFETY: as the caller vouches.
            "u" => Box::new(unsafe { texts::<i32>(field, name)? }),
            // SAFETY: as the caller vouches.
            "U" => Box::new(unsafe { texts::<i64>(field, name)? }),
            // SAFETY: as the caller vouches.
            "vu" => Box::new(unsafe { views(field, name)? }),
            _ => return Err(unsupported(field, name)),
        })
    )
}

/// The values of a column of whole numbers, none of which is too large for a key.
///
/// # Safety
/// As for [`number`].
unsafe fn ints<'a, T: Whole>(field: &Field<'a>, name: &str) -> Result<Values<'a, T>> {
    // SAFETY: the values buffer covers the rows.
    let ints = unsafe { Values::<T>::new(field.values(size_of::<T>())?, field.rows) };
    if field.format == "L" && span(ints).is_some_and(|(least, _)| least < 0) {
        let large = ints.iter().map(T::widened).find(|&int| int < 0).unwrap_or(-1);
        return Err(Error::unsupported_type(name, "below 2^63", large.cast_unsigned()));
    }
    Ok(ints)
}

/// The texts of a column, whose offsets go on from 0 or more and never back.
///
/// # Safety
/// As for [`number`].
unsafe fn texts<'a, T: Whole>(field: &Field<'a>, name: &'a str) -> Result<Texts<'a, T>> {
    let count = if field.rows == 0 { 0 } else { field.rows + 1 };
    // SAFETY: the offsets buffer covers one more than the rows.
    let offsets = unsafe { Values::<T>::new(field.values(size_of::<T>())?, count) };
    let steps = || offsets.iter().map(T::widened).zip(offsets.skip(1).iter().map(T::widened));
    let goes_back = steps().fold(false, |back, (from, to)| back | (to < from));
    if goes_back || steps().next().is_some_and(|(first, _)| first < 0) {
        let (from, to) = steps().find(|&(from, to)| from < 0 || to < from).unwrap_or((0, 0));
        return Err(if from.min(to) < 0 {
            Error::malformed_arrow(name, "a text offset", "at least 0", from.min(to))
        } else {
            Error::malformed_arrow(name, "a text offset", format!("at least {from}"), to)
        });
    }
    let at = |row: usize| if count == 0 { 0 } else { offsets.get(row).widened() as usize };
    let (first, last) = (at(0), at(field.rows));
    // SAFETY: as the caller vouches.
    let data = unsafe { field.buffer(2) };
    if data.is_null() && last > first {
        return Err(Error::malformed_arrow(name, "the text buffer", "present", "NULL"));
    }
    // SAFETY: the data buffer covers what the offsets say.
    let bytes = unsafe { Values::<u8>::new(data.wrapping_add(first), last - first) }.bytes();
    Ok(Texts { offsets, bytes, first, name })
}

/// The texts of a column of views, and the buffers of those that are longer than a view.
///
/// # Safety
/// As for [`number`].
unsafe fn views<'a>(field: &Field<'a>, name: &'a str) -> Result<Views<'a>> {
    // SAFETY: the views buffer covers the rows with 16 bytes each.
    let views = unsafe { Values::new(field.values(16)?, field.rows) };
    // Data buffers follow validity and views; the last buffer holds their sizes.
    let count = usize::try_from(field.array.n_buffers).unwrap_or(0).saturating_sub(3);
    // SAFETY: as the caller vouches.
    let sizes = unsafe { field.buffer(count + 2).cast::<i64>() };
    let mut buffers = memory::room(count)?;
    for index in 0..count {
        let size = if sizes.is_null() {
            0
        } else {
            // SAFETY: the sizes buffer has one int64 for each data buffer.
            unsafe { sizes.add(index).read_unaligned() }
        };
        // SAFETY: as the caller vouches.
        buffers.push((unsafe { field.buffer(index + 2) }, usize::try_from(size).unwrap_or(0)));
    }
    Ok(Views { views, buffers, is_without_sizes: sizes.is_null(), name })
}
