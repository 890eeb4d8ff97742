//! When a bar was, as its field of order says.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use omega_catalog::Moment;
use omega_contract::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDateTime, PyFloat, PyInt, PyString, PyType, PyTzInfo};

use super::sequences::number;
use super::times::time;
use crate::errors::{Outcome, asked};
use crate::words::{has, kind, shown, tolerated, written};

/// The moment that an object says; none for `None`, NaN and what else says that there is no time.
#[inline]
pub fn moment(item: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<Moment>> {
    match datetimes(item.py()).and_then(|known| known.read(item)) {
        Some(micros) => Ok(Some(Moment::Time(micros))),
        None => any_moment(item, name),
    }
}

#[inline(never)]
fn any_moment(item: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<Moment>> {
    if let Ok(number) = item.cast::<PyFloat>() {
        let number = number.value();
        return Ok((!number.is_nan()).then_some(Moment::Number(number)));
    }
    if item.is_instance_of::<PyInt>() && !item.is_instance_of::<PyBool>() {
        return match item.extract() {
            Ok(count) => Ok(Some(Moment::Count(count))),
            Err(_) => refuse(item, name),
        };
    }
    if let Ok(text) = item.cast::<PyString>() {
        let text = written(text);
        return iso(&text).map_or_else(|| refuse(item, name), |micros| Ok(Some(Moment::Time(micros))));
    }
    if let Some(micros) = time(item, name, 0)? {
        // Whole microseconds, as far as a float64 tells them apart.
        return Ok((!micros.is_nan()).then_some(Moment::Time(micros as i64)));
    }
    if !item.is_instance_of::<PyBool>()
        && has(item, intern!(item.py(), "__index__"))
        && let Some(count) = tolerated(item.py(), item.extract())
    {
        return Ok(Some(Moment::Count(count)));
    }
    match number(item, || name.to_owned())? {
        Some(number) => Ok((!number.is_nan()).then_some(Moment::Number(number))),
        None => refuse(item, name),
    }
}

#[cold]
fn refuse<T>(item: &Bound<'_, PyAny>, name: &str) -> Outcome<T> {
    let allowed =
        "a datetime, a date, a number, an ISO 8601 text or None; with `order=None` nobody looks at it";
    Err(Error::invalid_type(format!("`{name}`"), allowed, shown(item)).into())
}

/// The microseconds since 1970 of a text of ISO 8601; without an offset it counts as UTC.
fn iso(text: &str) -> Option<i64> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_micros());
    }
    let moment = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let moment = moment.or_else(|| {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_time(NaiveTime::MIN))
    })?;
    Some(moment.and_utc().timestamp_micros())
}

/// Where the interpreter keeps what a datetime says: 10 bytes behind a flag that tells whether there is a time zone, and
/// the time zone behind those.
///
/// The stable interface asks for each field by name, which takes longer than ten features. The bytes lie as they have
/// since Python 2.3; whether they still do is tried out, and nobody looks at them where they do not.
struct Datetimes {
    class: Py<PyType>,
    utc: Py<PyTzInfo>,
}

/// Behind what every object has, and a hash.
const HAS_ZONE: usize = 3 * size_of::<usize>();
const BYTES: usize = HAS_ZONE + 1;
/// Behind the bytes and `fold`, where a pointer may lie.
const ZONE: usize = (BYTES + 11).next_multiple_of(size_of::<usize>());

/// How to read datetimes without asking them; none where they do not lie as expected.
#[inline]
fn datetimes(py: Python<'_>) -> Option<&Datetimes> {
    static KNOWN: PyOnceLock<Option<Datetimes>> = PyOnceLock::new();
    KNOWN.get_or_init(py, || tolerated(py, tried(py)).flatten()).as_ref()
}

/// Reads datetimes whose fields are known.
fn tried(py: Python<'_>) -> PyResult<Option<Datetimes>> {
    let utc = PyTzInfo::utc(py)?.to_owned();
    let naive = PyDateTime::new(py, 2024, 2, 29, 23, 58, 57, 987_654, None)?;
    let aware = PyDateTime::new(py, 1, 12, 31, 1, 2, 3, 4, Some(&utc))?;
    let class = naive.get_type();
    let size: usize = class.getattr(intern!(py, "__basicsize__"))?.extract()?;
    if size != ZONE + size_of::<usize>() {
        return Ok(None);
    }
    let known = Datetimes { class: class.unbind(), utc: utc.unbind() };
    let expected = |moment: &Bound<'_, PyDateTime>| -> PyResult<Option<i64>> {
        let fields: Vec<i64> = ["year", "month", "day", "hour", "minute", "second", "microsecond"]
            .iter()
            .map(|name| moment.getattr(*name)?.extract())
            .collect::<PyResult<_>>()?;
        let &[year, month, day, hour, minute, second, micros] = fields.as_slice() else { return Ok(None) };
        let day = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32);
        let moment = day
            .and_then(|day| day.and_hms_micro_opt(hour as u32, minute as u32, second as u32, micros as u32));
        Ok(moment.map(|moment| moment.and_utc().timestamp_micros()))
    };
    for moment in [&naive, &aware] {
        if known.read(moment.as_any()) != expected(moment)? || known.read(moment.as_any()).is_none() {
            return Ok(None);
        }
    }
    Ok(Some(known))
}

impl Datetimes {
    /// The microseconds since 1970 of a datetime of UTC or without a time zone, which counts as UTC.
    #[inline]
    fn read(&self, item: &Bound<'_, PyAny>) -> Option<i64> {
        if !item.get_type_ptr().cast::<pyo3::ffi::PyObject>().eq(&self.class.as_ptr()) {
            return None;
        }
        let object = item.as_ptr().cast::<u8>().cast_const();
        // SAFETY: a datetime itself, and none of a class that derives from it, is alive and so large that these bytes are
        // its own; that of the time zone is there where the flag says so.
        let bytes = unsafe {
            if *object.add(HAS_ZONE) != 0
                && object.add(ZONE).cast::<*mut pyo3::ffi::PyObject>().read() != self.utc.as_ptr()
            {
                return None;
            }
            object.add(BYTES).cast::<[u8; 10]>().read()
        };
        let [century, year, month, day, hour, minute, second, high, middle, low] = bytes.map(i64::from);
        let days = days_before(century << 8 | year, month, day);
        let seconds = (days * 24 + hour) * 3_600 + minute * 60 + second;
        Some(seconds * 1_000_000 + (high << 16 | middle << 8 | low))
    }
}

/// Days since 1970 of a date of the Gregorian calendar, by the years that begin in March.
///
/// Howard Hinnant, `chrono`-Compatible Low-Level Date Algorithms, `days_from_civil`.
#[inline]
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Whatever a bar has under the field of order, as a moment; refused where the field must be there and is not.
pub struct BarOrder {
    /// The name of the field.
    pub field: String,
    /// The same as Python's.
    pub name: Py<PyString>,
    /// Whether a bar without it is refused: one that was named, and is not the usual one.
    pub is_needed: bool,
}

/// The field that tells the order of bars, where callers name no other.
const USUAL: &str = "timestamp";

impl BarOrder {
    /// The order by a field.
    pub fn new(py: Python<'_>, field: &str) -> Self {
        let name = PyString::intern(py, field).unbind();
        Self { field: field.to_owned(), name, is_needed: field != USUAL }
    }

    /// The moment of a bar that has this in the field.
    #[inline]
    pub fn moment(&self, item: &Bound<'_, PyAny>) -> Outcome<Option<Moment>> {
        let moment = moment(item, &self.field)?;
        if moment.is_none() && self.is_needed { refuse(item, &self.field) } else { Ok(moment) }
    }

    /// The moment of a bar without the field; `available` says what it has.
    pub fn absent(&self, available: impl FnOnce() -> String) -> Outcome<Option<Moment>> {
        if self.is_needed {
            return Err(Error::missing_column(&self.field, available()).into());
        }
        Ok(None)
    }

    /// Which field callers named by `order`: nothing for `None`.
    pub fn field_of(order: Option<&Bound<'_, PyAny>>) -> Outcome<Option<String>> {
        let Some(order) = order.filter(|order| !order.is_none()) else { return Ok(None) };
        match order.cast::<PyString>() {
            Ok(field) => Ok(Some(written(field))),
            Err(_) => {
                let allowed = "the name of a field, or None";
                Err(Error::invalid_type("order", allowed, shown(order)).into())
            }
        }
    }
}

impl super::Bar<'_, '_> {
    /// The bar's moment.
    pub fn moment(&self, order: &BarOrder) -> Outcome<Option<Moment>> {
        match self {
            Self::Mapping(mapping) => {
                let field = order.field.as_str();
                if asked(field, mapping, mapping.contains(field))? {
                    return order.moment(&asked(field, mapping, mapping.get_item(field))?);
                }
                if order.is_needed { order.moment(&self.item(field)?) } else { Ok(None) }
            }
            Self::Record(record) => match asked(&order.field, record, record.getattr_opt(&order.name))? {
                Some(item) => order.moment(&item),
                None => order.absent(|| format!("a {}", kind(record))),
            },
        }
    }
}
