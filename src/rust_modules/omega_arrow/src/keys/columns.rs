//! Columns of keys, by how they lie in memory: what can be checked of all rows at once is, and the rest row by row.

use super::rows::{
    Codes, Gapped, Ints, Nothing, Presence, Rows, Texts, Truths, Typed, Values, Views, Whole, number_rows,
};
use super::types::{ALLOWED, Stored};
use super::{Groups, Key};
use crate::column::Bitmap;
use crate::read::{Field, dictionary_values, text};
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

/// The type of the keys of a column, as a format; of a dictionary, that of its values.
///
/// # Safety
/// The schema must be as the Arrow C data interface asks.
#[must_use]
pub unsafe fn format<'a>(field: &Field<'a>) -> &'a str {
    // SAFETY: as the caller vouches.
    unsafe { field.schema.dictionary.as_ref().map_or(field.format, |values| text(values.format)) }
}

/// Appends the group number of every row.
///
/// # Safety
/// The array must be as the Arrow C data interface asks.
pub(super) unsafe fn number(
    groups: &mut Groups,
    field: &Field<'_>,
    name: &str,
    numbers: &mut Vec<u32>,
) -> Result<()> {
    // SAFETY: as the caller vouches.
    let presence = Presence { bitmaps: [unsafe { field.validity() }, field.parent_validity] };
    let mut target = Target { groups, numbers, rows: field.rows, presence: None };
    target.presence = presence.lacks_any(field.rows).then_some(presence);
    if field.array.dictionary_present() {
        // SAFETY: as the caller vouches.
        return unsafe { number_dictionary(target, field, name) };
    }
    refuse_extension(field, name)?;
    with_ints!(field.format,
        T => {
            // SAFETY: as the caller vouches.
            let ints = unsafe { ints::<T>(field)? };
            if is_too_large(field, ints) {
                // SAFETY: as the caller vouches.
                return target.number(unsafe { rows(field, name)? });
            }
            number_ints(target, ints)
        },
        _ => match field.format {
            // SAFETY: as the caller vouches.
            "u" => target.number(unsafe { texts::<i32>(field, name)? }),
            // SAFETY: as the caller vouches.
            "U" => target.number(unsafe { texts::<i64>(field, name)? }),
            // SAFETY: as the caller vouches.
            "vu" => target.number(unsafe { views(field, name)? }),
            // SAFETY: as the caller vouches.
            _ => target.number(unsafe { rows(field, name)? }),
        }
    )
}

/// Where the numbers of a column's rows go.
struct Target<'a> {
    groups: &'a mut Groups,
    numbers: &'a mut Vec<u32>,
    rows: usize,
    /// Which rows have a key, where not all have.
    presence: Option<Presence<'a>>,
}

impl Target<'_> {
    /// Appends the numbers of all rows.
    #[inline]
    fn number(self, mut rows: impl Rows) -> Result<()> {
        match self.presence {
            None => number_rows(&mut rows, self.rows, self.groups, self.numbers),
            Some(presence) => {
                number_rows(&mut Gapped { rows, presence }, self.rows, self.groups, self.numbers)
            }
        }
    }

    /// Whether a row has a key.
    fn has(&self, row: usize) -> bool {
        self.presence.is_none_or(|presence| presence.has(row))
    }
}

fn unsupported(field: &Field<'_>, name: &str) -> Error {
    Error::unsupported_type(name, ALLOWED, field.type_name())
}

fn refuse_extension(field: &Field<'_>, name: &str) -> Result<()> {
    if field.extension.is_some() { Err(unsupported(field, name)) } else { Ok(()) }
}

/// Whole numbers: through a table where they lie as close together as rows, else each looked up.
fn number_ints<T: Whole>(target: Target<'_>, ints: Values<'_, T>) -> Result<()> {
    if let Some((least, most)) = span(ints)
        && let Ok(span) = usize::try_from(i128::from(most) - i128::from(least))
        && span < ints.len()
    {
        let look_up = |groups: &mut Groups, code, _| groups.int(code);
        return target.number(Codes::new(ints, least, span + 1, look_up)?);
    }
    target.number(Ints(ints))
}

/// The values of a dictionary, each looked up once, and for each row the number of its value.
///
/// # Safety
/// As for [`number`].
unsafe fn number_dictionary(target: Target<'_>, field: &Field<'_>, name: &str) -> Result<()> {
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
    let look_up = |groups: &mut Groups, code: i64, _| {
        let place = usize::try_from(code).unwrap_or(usize::MAX);
        if present.is_some_and(|bits| !bits.get(place)) {
            return groups.number_of(&Key::Missing);
        }
        keys.number(groups, place)
    };
    with_ints!(field.format,
        T => {
            // SAFETY: as the caller vouches.
            let codes = unsafe { ints::<T>(field)? };
            let is_outside = |code: i64| usize::try_from(code).map_or(true, |code| code >= values.rows);
            if let Some((least, most)) = span(codes) && (is_outside(least) || is_outside(most)) {
                // Rows without a key may have any code.
                let mut own = codes.iter().map(T::widened).enumerate();
                if let Some((_, code)) = own.find(|&(row, code)| is_outside(code) && target.has(row)) {
                    let allowed = format!("below {}, the dictionary's length", values.rows);
                    return Err(Error::malformed_arrow(name, "a dictionary index", allowed, code));
                }
            }
            target.number(Codes::new(codes, 0, values.rows, look_up)?)
        },
        _ => Err(Error::unsupported_type(name, ALLOWED, field.format))
    )
}

/// The least and the greatest of whole numbers.
fn span<T: Whole>(ints: Values<'_, T>) -> Option<(i64, i64)> {
    let first = ints.iter().next()?.widened();
    let widen = |(least, most): (i64, i64), int: T| (least.min(int.widened()), most.max(int.widened()));
    Some(ints.iter().fold((first, first), widen))
}

/// The keys of a column of any type, or of a dictionary's values.
///
/// # Safety
/// As for [`number`].
unsafe fn rows<'a>(field: &Field<'a>, name: &'a str) -> Result<Box<dyn Rows + 'a>> {
    if field.array.dictionary_present() {
        return Err(unsupported(field, name));
    }
    refuse_extension(field, name)?;
    with_ints!(field.format,
        T => {
            // SAFETY: as the caller vouches.
            let ints = unsafe { ints::<T>(field)? };
            if !is_too_large(field, ints) {
                return Ok(Box::new(Ints(ints)));
            }
        },
        _ => match field.format {
            // SAFETY: as the caller vouches.
            "u" => return Ok(Box::new(unsafe { texts::<i32>(field, name)? })),
            // SAFETY: as the caller vouches.
            "U" => return Ok(Box::new(unsafe { texts::<i64>(field, name)? })),
            // SAFETY: as the caller vouches.
            "vu" => return Ok(Box::new(unsafe { views(field, name)? })),
            // SAFETY: as the caller vouches.
            "b" => return Ok(Box::new(unsafe { truths(field)? })),
            "n" => return Ok(Box::new(Nothing)),
            _ => {}
        }
    );
    let Some(stored) = Stored::of(field.format) else { return Err(unsupported(field, name)) };
    // SAFETY: as the caller vouches; the type has as many bytes.
    Ok(unsafe {
        match stored.bytes {
            2 => Box::new(typed::<2>(field, stored, name)?),
            4 => Box::new(typed::<4>(field, stored, name)?),
            8 => Box::new(typed::<8>(field, stored, name)?),
            16 => Box::new(typed::<16>(field, stored, name)?),
            _ => Box::new(typed::<32>(field, stored, name)?),
        }
    })
}

/// The values of a column of whole numbers.
///
/// # Safety
/// As for [`number`].
unsafe fn ints<'a, T: Whole>(field: &Field<'a>) -> Result<Values<'a, T>> {
    // SAFETY: the values buffer covers the rows.
    Ok(unsafe { Values::<T>::new(field.values(size_of::<T>())?, field.rows) })
}

/// Whether some are more than an int64 holds; those of rows without a key count as well.
fn is_too_large<T: Whole>(field: &Field<'_>, ints: Values<'_, T>) -> bool {
    field.format == "L" && span(ints).is_some_and(|(least, _)| least < 0)
}

/// The values of a column of another type.
///
/// # Safety
/// As for [`number`]; the type has `N` bytes.
unsafe fn typed<'a, const N: usize>(
    field: &Field<'a>,
    stored: Stored,
    name: &'a str,
) -> Result<Typed<'a, N>> {
    // SAFETY: the values buffer covers the rows.
    Ok(Typed::new(unsafe { Values::new(field.values(N)?, field.rows) }, stored, name))
}

/// The bits of a column of truth values.
///
/// # Safety
/// As for [`number`].
unsafe fn truths<'a>(field: &Field<'a>) -> Result<Truths<'a>> {
    let bits = field.offset + field.rows;
    // SAFETY: as the caller vouches.
    let start = unsafe { field.buffer(1) };
    if field.rows == 0 {
        return Ok(Truths(Bitmap::new(&[], 0)));
    }
    if start.is_null() {
        return Err(Error::malformed_arrow(field.name, "the values buffer", "present", "NULL"));
    }
    // SAFETY: the values buffer has a bit for each row.
    let bytes = unsafe { std::slice::from_raw_parts(start, bits.div_ceil(8)) };
    Ok(Truths(Bitmap::new(bytes, field.offset)))
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
