//! Keys of groups as Python objects, both ways.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use omega_arrow::keys::{Key, KeyRef, Kind, decimal, of_float};
use omega_contract::Error;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyDict, PyFloat, PyInt, PyString, PyTime, PyTzInfo,
};

use crate::errors::{Outcome, asked};
use crate::objects;
use crate::words::{has, kind as name_of_type, text_of, tolerated};

const DAY_NANOSECONDS: i128 = 86_400_000_000_000;
/// The day 1970-01-01 as `datetime.date.toordinal` counts it.
const EPOCH_DAY: i32 = 719_163;

/// A Python object as a group key, `None` where it can be none; `name` is the column, for what is refused.
#[inline]
pub fn key<'a>(item: &'a Bound<'_, PyAny>, name: &str) -> Outcome<Option<KeyRef<'a>>> {
    if let Ok(text) = item.cast::<PyString>() {
        return Ok(text.to_str().ok().map(KeyRef::Text));
    }
    if item.is_exact_instance_of::<PyInt>()
        && let Some(int) = tolerated(item.py(), item.extract())
    {
        return Ok(Some(KeyRef::Int(int)));
    }
    other(item, name)
}

fn other<'a>(item: &'a Bound<'_, PyAny>, name: &str) -> Outcome<Option<KeyRef<'a>>> {
    let py = item.py();
    if item.is_none() {
        return Ok(Some(KeyRef::Missing));
    }
    if let Ok(truth) = item.cast::<PyBool>() {
        return Ok(Some(KeyRef::Value(Kind::Truth, truth.is_true().into())));
    }
    if let Ok(float) = item.cast::<PyFloat>() {
        return Ok(plain(of_float(name, float.value())?));
    }
    if let Some(time) = time(item, name)? {
        return Ok(Some(time));
    }
    match &*name_of_type(item) {
        "Decimal" => return of_decimal(item, name),
        "NAType" => return Ok(Some(KeyRef::Missing)),
        "datetime64" | "timedelta64" => {
            let dtype = dtype(item)?;
            let Some(counted) = Counted::of(&dtype) else { return Ok(None) };
            let count = asked(name, item, item.call_method1(intern!(py, "astype"), ("i8",)))?;
            return Ok(Some(counted.key(asked(name, item, count.extract())?)));
        }
        _ => {}
    }
    // Scalars of NumPy say what they are; arrays of one number are none.
    if has(item, intern!(py, "dtype"))
        && !has(item, intern!(py, "__len__"))
        && let Some(own) = tolerated(py, item.call_method0(intern!(py, "item")))
        && (own.is_instance_of::<PyBool>() || own.is_instance_of::<PyFloat>())
    {
        return Ok(key(&own, name)?.map(KeyRef::copy).transpose()?.and_then(plain));
    }
    if let Some(int) = tolerated(py, item.extract()) {
        return Ok(Some(KeyRef::Int(int)));
    }
    Ok(tolerated(py, item.extract::<u64>()).map(|int| KeyRef::Value(Kind::Unsigned, int.into())))
}

/// A key that is neither text nor several.
fn plain(key: Key) -> Option<KeyRef<'static>> {
    match key {
        Key::Missing => Some(KeyRef::Missing),
        Key::Int(int) => Some(KeyRef::Int(int)),
        Key::Value(kind, number) => Some(KeyRef::Value(kind, number)),
        Key::Text(_) | Key::Several(_) => None,
    }
}

/// A moment, a date, a time of day or a duration.
fn time(item: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<KeyRef<'static>>> {
    let py = item.py();
    // pandas knows nanoseconds beside what its classes inherit.
    let beyond = |attribute| -> Outcome<i128> {
        match asked(name, item, item.getattr_opt(attribute))? {
            Some(count) => Ok(tolerated(py, count.extract::<i64>()).unwrap_or(0).into()),
            None => Ok(0),
        }
    };
    if let Ok(moment) = item.cast::<PyDateTime>() {
        // pandas' NaT is a datetime, too, and not equal to itself.
        if !asked(name, item, item.eq(item))? {
            return Ok(Some(KeyRef::Missing));
        }
        let nanoseconds = beyond(intern!(py, "nanosecond"))?;
        let (kind, micros) = if asked(name, item, moment.getattr(intern!(py, "tzinfo")))?.is_none() {
            let local = asked(name, item, moment.extract::<NaiveDateTime>())?;
            (Kind::Local, local.and_utc().timestamp_micros())
        } else {
            let utc = PyTzInfo::utc(py)?;
            let moment = asked(name, item, moment.call_method1(intern!(py, "astimezone"), (utc,)))?;
            (Kind::Instant, asked(name, item, moment.extract::<DateTime<Utc>>())?.timestamp_micros())
        };
        return Ok(Some(KeyRef::Value(kind, i128::from(micros) * 1_000 + nanoseconds)));
    }
    if item.is_instance_of::<PyDate>() {
        let day = asked(name, item, item.extract::<NaiveDate>())?.num_days_from_ce() - EPOCH_DAY;
        return Ok(Some(KeyRef::Value(Kind::Date, day.into())));
    }
    if let Ok(time) = item.cast::<PyTime>() {
        if !asked(name, item, time.getattr(intern!(py, "tzinfo")))?.is_none() {
            return Ok(None);
        }
        let time = asked(name, item, time.extract::<NaiveTime>())?;
        let nanoseconds = i128::from(time.num_seconds_from_midnight()) * 1_000_000_000;
        return Ok(Some(KeyRef::Value(Kind::Time, nanoseconds + i128::from(time.nanosecond()))));
    }
    if let Ok(duration) = item.cast::<PyDelta>() {
        let days = i128::from(duration.get_days()) * DAY_NANOSECONDS;
        let seconds = i128::from(duration.get_seconds()) * 1_000_000_000;
        let micros = i128::from(duration.get_microseconds()) * 1_000;
        let nanoseconds = beyond(intern!(py, "nanoseconds"))?;
        return Ok(Some(KeyRef::Value(Kind::Duration, days + seconds + micros + nanoseconds)));
    }
    Ok(None)
}

/// A `decimal.Decimal` by its digits.
fn of_decimal(item: &Bound<'_, PyAny>, name: &str) -> Outcome<Option<KeyRef<'static>>> {
    let parts = asked(name, item, item.call_method0(intern!(item.py(), "as_tuple")))?;
    type Parts = (u8, Vec<u8>, Py<PyAny>);
    let Some((sign, digits, exponent)) = tolerated(item.py(), parts.extract::<Parts>()) else {
        return Ok(None);
    };
    let exponent = exponent.bind(item.py());
    if let Ok(special) = exponent.cast::<PyString>() {
        // Infinity is a key no more than it is a number.
        let is_nan = matches!(special.to_str(), Ok("n" | "N"));
        return Ok(is_nan.then_some(KeyRef::Missing));
    }
    let Some(exponent) = tolerated(item.py(), exponent.extract::<i16>()).filter(|at| at.abs() < 10_000)
    else {
        return Ok(None);
    };
    let mut number = 0_i128;
    for digit in digits {
        let Some(next) = number.checked_mul(10).and_then(|number| number.checked_add(digit.into())) else {
            let allowed = "decimals of at most 38 digits";
            return Err(Error::unsupported_type(name, allowed, text_of(item).unwrap_or_default()).into());
        };
        number = next;
    }
    Ok(plain(decimal(if sign == 1 { -number } else { number }, -exponent)))
}

/// What NumPy calls the type of an array or scalar, as in `<M8[us]`.
pub fn dtype(array: &Bound<'_, PyAny>) -> Outcome<String> {
    let kind = array.getattr(intern!(array.py(), "dtype"))?.getattr(intern!(array.py(), "str"))?;
    asked("dtype", array, text_of(&kind))
}

/// A type of NumPy's whose values are counts of time.
#[derive(Clone, Copy)]
pub struct Counted {
    kind: Kind,
    each: i128,
}

impl Counted {
    /// What NumPy's name of the type says; `None` for other types, and for months and years, which have no one length.
    pub fn of(dtype: &str) -> Option<Self> {
        let (name, unit) = dtype.trim_start_matches(['<', '>', '=', '|']).split_once('[')?;
        let (is_moment, unit) = (name == "M8", unit.strip_suffix(']')?);
        let each = match unit {
            "W" => 7 * DAY_NANOSECONDS,
            "D" => DAY_NANOSECONDS,
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        match (is_moment, unit) {
            (true, "W" | "D") => Some(Self { kind: Kind::Date, each: each / DAY_NANOSECONDS }),
            (true, _) => Some(Self { kind: Kind::Local, each }),
            (false, _) => (name == "m8").then_some(Self { kind: Kind::Duration, each }),
        }
    }

    /// The Arrow type that holds every such key.
    pub fn format(self) -> String {
        let unit = match self.each {
            1 => "n",
            1_000 => "u",
            1_000_000 => "m",
            _ => "s",
        };
        match self.kind {
            Kind::Date => "tdD".into(),
            Kind::Duration => format!("tD{unit}"),
            _ => format!("ts{unit}:"),
        }
    }

    /// The key of a count, the smallest of which says that there is none.
    pub fn key(self, count: i64) -> KeyRef<'static> {
        if count == i64::MIN {
            return KeyRef::Missing;
        }
        KeyRef::Value(self.kind, i128::from(count) * self.each)
    }
}

/// A key as Python has it, moments in UTC; `format` is the type of its column where that is known.
pub fn object<'py>(py: Python<'py>, key: &Key, format: Option<&str>) -> Outcome<Bound<'py, PyAny>> {
    if let Key::Several(_) = key {
        let parts = key.parts().iter().map(|part| object(py, part, None));
        return objects::tuple(py, parts.collect::<Outcome<_>>()?);
    }
    // Years go from 1 to 9999 in Python, and durations to some millions of years.
    single(py, key, format).map_err(|failure| {
        if failure.is_instance_of::<PyOverflowError>(py) || failure.is_instance_of::<PyValueError>(py) {
            return Error::unsupported_type("by", "dates and times as Python has them", key.text()).into();
        }
        failure.into()
    })
}

fn single<'py>(py: Python<'py>, key: &Key, format: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    let datetime = || py.import(intern!(py, "datetime"));
    let delta = |nanoseconds: i128| -> PyResult<Bound<'py, PyAny>> {
        let microseconds = i64::try_from(nanoseconds / 1_000)?;
        let keywords = PyDict::new(py);
        keywords.set_item(intern!(py, "microseconds"), microseconds)?;
        datetime()?.call_method("timedelta", (), Some(&keywords))
    };
    match key {
        Key::Missing | Key::Several(_) => Ok(py.None().into_bound(py)),
        Key::Text(text) => objects::text(py, text),
        Key::Int(int) if matches!(format, Some("e" | "f" | "g")) => objects::float(py, *int as f64),
        Key::Int(int) => objects::int(py, *int),
        Key::Value(Kind::Truth, number) => Ok(PyBool::new(py, *number != 0).to_owned().into_any()),
        Key::Value(Kind::Unsigned, number) => objects::count(py, u64::try_from(*number)?),
        Key::Value(Kind::Date, days) => {
            let ordinal = i64::try_from(days.saturating_add(EPOCH_DAY.into()))?;
            datetime()?.getattr("date")?.call_method1("fromordinal", (ordinal,))
        }
        Key::Value(Kind::Decimal(scale), digits) => {
            let class = py.import(intern!(py, "decimal"))?.getattr(intern!(py, "Decimal"))?;
            let number = class.call1((format!("{digits}e{}", -i32::from(*scale)),))?;
            // Without an exponent, as people write it.
            class.call1((py.import(intern!(py, "builtins"))?.call_method1("format", (number, "f"))?,))
        }
        // Python's times end with microseconds.
        Key::Value(Kind::Time | Kind::Duration, number) if number % 1_000 != 0 => {
            counted(py, "timedelta64", *number)
        }
        Key::Value(Kind::Local | Kind::Instant, number) if number % 1_000 != 0 => {
            counted(py, "datetime64", *number)
        }
        Key::Value(Kind::Time, number) => {
            let midnight = datetime()?.getattr("datetime")?.getattr("min")?;
            midnight.call_method1("__add__", (delta(*number)?,))?.call_method0("time")
        }
        Key::Value(Kind::Duration, number) => delta(*number),
        Key::Value(kind @ (Kind::Local | Kind::Instant), number) => {
            let epoch = PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, None)?.into_any();
            let moment = epoch.call_method1("__add__", (delta(*number)?,))?;
            if *kind == Kind::Local {
                return Ok(moment);
            }
            let keywords = PyDict::new(py);
            keywords.set_item(intern!(py, "tzinfo"), PyTzInfo::utc(py)?)?;
            // In its own zone, moments of the hour that comes twice would be equal, and two groups one.
            moment.call_method("replace", (), Some(&keywords))
        }
    }
}

/// A moment or a duration that only NumPy tells exactly.
fn counted<'py>(py: Python<'py>, class: &str, number: i128) -> PyResult<Bound<'py, PyAny>> {
    py.import("numpy")?.call_method1(class, (i64::try_from(number)?, "ns"))
}
