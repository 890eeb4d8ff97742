//! Times that are not Arrow: NumPy arrays of datetime64, and lists of datetimes and dates.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use omega_arrow::float64::{Copies, RawChunk};
use omega_arrow::times::{Unit, too_far};
use omega_contract::{Error, memory};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyList, PyTuple, PyTzInfo};

use super::kinds::{Kind, kind_of};
use super::patience::Patience;
use super::sequences::items_of;
use crate::errors::{Outcome, asked};
use crate::words::{has, kind as name_of_type, shown, text_of};

const ACCEPTED: &str = "a timestamp or a date";

/// A column of times as microseconds since 1970, always a copy; `None` if `data` is neither a NumPy array nor a list.
pub fn times(data: &Bound<'_, PyAny>, name: &str, copies: &mut Copies) -> Outcome<Option<RawChunk>> {
    if data.is_instance_of::<PyList>() || data.is_instance_of::<PyTuple>() {
        return listed(data, name, copies).map(Some);
    }
    if kind_of(data)? != Kind::NumPy {
        return Ok(None);
    }
    let kind = dtype(data)?;
    let Some(unit) = numpy_unit(&kind) else {
        return Err(Error::unsupported_type(name, ACCEPTED, kind).into());
    };
    copies.allow(name, &kind)?;
    let counts = if kind.starts_with('>') { ">i8" } else { "<i8" };
    let counts = data.call_method1(intern!(data.py(), "view"), (counts,))?;
    let buffer = PyUntypedBuffer::get(&counts)?;
    let &[stride] = buffer.strides() else {
        let value = format!("{} dimensions", buffer.dimensions());
        return Err(Error::invalid_shape(format!("column `{name}`"), "one-dimensional", value).into());
    };
    let start = buffer.buf_ptr().cast::<u8>();
    let mut values = memory::room(buffer.item_count())?;
    for row in 0..buffer.item_count() {
        // SAFETY: the array has one whole number of 8 bytes at each stride.
        let bytes =
            unsafe { start.wrapping_offset(stride * row.cast_signed()).cast::<[u8; 8]>().read_unaligned() };
        let count = if kind.starts_with('>') { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
        values.push(instant(unit, count, name, row)?);
    }
    Ok(Some(copies.keep(name, &kind, values)))
}

/// The microseconds of a count of NumPy, whose smallest one says that there is no time.
fn instant(unit: Unit, count: i64, name: &str, row: usize) -> Outcome<f64> {
    if count == i64::MIN {
        return Ok(f64::NAN);
    }
    Ok(unit.microseconds(count).ok_or_else(|| too_far(name, count, unit, row))?)
}

fn listed(data: &Bound<'_, PyAny>, name: &str, copies: &mut Copies) -> Outcome<RawChunk> {
    let reason = name_of_type(data);
    copies.allow(name, &reason)?;
    let mut values = memory::room(items_of(data))?;
    let mut patience = Patience::new(data.py());
    for (row, item) in asked(name, data, data.try_iter())?.enumerate() {
        patience.check()?;
        let item = asked(name, data, item)?;
        let value = time(&item, name, row)?.ok_or_else(|| {
            let place = format!("column `{name}`, row {row},");
            Error::invalid_type(place, "a datetime, a date or None", shown(&item))
        })?;
        memory::push(&mut values, value)?;
    }
    Ok(copies.keep(name, &reason, values))
}

/// A Python or NumPy time as microseconds since 1970, NaN for `None` and for what says that there is no time; nothing for
/// anything else. Without a time zone it counts as UTC.
pub fn time(item: &Bound<'_, PyAny>, name: &str, row: usize) -> Outcome<Option<f64>> {
    let py = item.py();
    if item.is_none() {
        return Ok(Some(f64::NAN));
    }
    if let Ok(moment) = item.cast::<PyDateTime>() {
        // pandas' NaT is a datetime, too, and not equal to itself.
        if !asked(name, item, item.eq(item))? {
            return Ok(Some(f64::NAN));
        }
        let micros = if asked(name, item, moment.getattr(intern!(py, "tzinfo")))?.is_none() {
            asked(name, item, moment.extract::<NaiveDateTime>())?.and_utc().timestamp_micros()
        } else {
            let utc = PyTzInfo::utc(py)?;
            let moment = asked(name, item, moment.call_method1(intern!(py, "astimezone"), (utc,)))?;
            asked(name, item, moment.extract::<DateTime<Utc>>())?.timestamp_micros()
        };
        return instant(Unit::Microsecond, micros, name, row).map(Some);
    }
    if item.is_instance_of::<PyDate>() {
        let day = asked(name, item, item.extract::<NaiveDate>())?.and_time(NaiveTime::MIN);
        return instant(Unit::Microsecond, day.and_utc().timestamp_micros(), name, row).map(Some);
    }
    if has(item, intern!(py, "dtype"))
        && let Some(unit) = numpy_unit(&dtype(item)?)
    {
        let count = asked(name, item, item.call_method1(intern!(py, "astype"), ("i8",)))?;
        return instant(unit, asked(name, item, count.extract())?, name, row).map(Some);
    }
    Ok(None)
}

/// What NumPy calls the type of an array, as in `<M8[us]`.
fn dtype(array: &Bound<'_, PyAny>) -> Outcome<String> {
    let kind = array.getattr(intern!(array.py(), "dtype"))?.getattr(intern!(array.py(), "str"))?;
    asked("dtype", array, text_of(&kind))
}

/// The unit of NumPy's datetime64; none for other types and for months and years, which have no one length.
fn numpy_unit(kind: &str) -> Option<Unit> {
    Some(match kind.trim_start_matches(['<', '>', '=', '|']) {
        "M8[D]" => Unit::Day,
        "M8[h]" => Unit::Hour,
        "M8[m]" => Unit::Minute,
        "M8[s]" => Unit::Second,
        "M8[ms]" => Unit::Millisecond,
        "M8[us]" => Unit::Microsecond,
        "M8[ns]" => Unit::Nanosecond,
        _ => return None,
    })
}
