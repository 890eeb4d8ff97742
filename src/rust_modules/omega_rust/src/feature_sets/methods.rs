//! `update` and `peek` of a feature set as CPython's fast calls.

use std::ffi::CStr;

use omega_arrow::keys::ALLOWED;
use omega_catalog::Key;
use omega_contract::memory;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::{FeatureSet, NAME, State};
use crate::data::{Bar, one_value};
use crate::errors::{Outcome, asked, guard};
use crate::fastcalls::{self, Passed};
use crate::keys::key;
use crate::objects;
use crate::outputs::Buffer;
use crate::words::shown;

const UPDATE: &CStr = c"update($self, bar=None, /, *, out=None, **columns)
--

Takes one bar; a dict with every feature's value, None where there is none; or `out`, a buffer for them.";
const PEEK: &CStr = c"peek($self, bar=None, /, *, out=None, **columns)
--

What `update` would return, leaving the live state as it is.";

/// Numbers that fit on the stack.
const FEW: usize = 64;

/// Gives the class `FeatureSet` its methods `update` and `peek`.
pub fn add_methods(py: Python<'_>) -> PyResult<()> {
    fastcalls::add_methods(&py.get_type::<FeatureSet>(), [(c"update", update, UPDATE), (c"peek", peek, PEEK)])
}

unsafe extern "C" fn update(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a feature set, `given` arguments, and the names of those that follow.
    unsafe { step(set, arguments, given, names, |state, row, key, values| state.update(row, key, values)) }
}

unsafe extern "C" fn peek(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { step(set, arguments, given, names, |state, row, key, values| state.peek(row, key, values)) }
}

/// # Safety
/// As for a method that CPython calls with `METH_FASTCALL | METH_KEYWORDS`; the descriptor has checked the class.
#[inline]
unsafe fn step(
    set: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
    step: impl FnOnce(&mut State, &[f64], Option<&Key>, &mut [f64]) -> super::Result<()>,
) -> *mut ffi::PyObject {
    Python::attach(|py| {
        // SAFETY: the interpreter holds a reference to the set during the call.
        let set = unsafe { Borrowed::from_ptr(py, set).cast_unchecked::<FeatureSet>() };
        // SAFETY: as the caller promises.
        let call = unsafe { Passed::new(py, arguments, given, names) };
        match guard(py, NAME, || set.get().step(call, step)) {
            Ok(answer) => answer.into_ptr(),
            Err(error) => {
                error.restore(py);
                std::ptr::null_mut()
            }
        }
    })
}

/// The keyword of the buffer for an answer.
const OUT: &CStr = c"out";

/// What a caller passed as a bar.
enum Given<'a, 'py> {
    /// Numbers by keyword.
    Keywords(Passed<'a, 'py>),
    /// A dict, asked without detours.
    Dict(Borrowed<'a, 'py, PyDict>),
    /// Another mapping, or a record.
    Bar(Borrowed<'a, 'py, PyAny>),
}

impl<'a, 'py> Given<'a, 'py> {
    /// `is_out` says that one of the keywords was no column.
    fn of(call: Passed<'a, 'py>, is_out: bool) -> Outcome<Self> {
        let several = match (call.given, call.keywords() - usize::from(is_out)) {
            (0, _) => return Ok(Self::Keywords(call)),
            (1, 0) => None,
            (1, _) => Some("both".to_owned()),
            (given, _) => Some(format!("{given} objects")),
        };
        if let Some(several) = several {
            let allowed = "one object or numbers by keyword";
            return Err(super::Error::invalid_shape("a bar", allowed, several).into());
        }
        let bar = call.argument(0);
        Ok(bar.cast_exact::<PyDict>().map_or(Self::Bar(bar), Self::Dict))
    }

    /// What the bar has under a name.
    #[inline]
    fn item(&self, name: &Bound<'py, PyString>, text: &str) -> Outcome<Bound<'py, PyAny>> {
        match self {
            Self::Keywords(call) => match call.by_keyword(name)? {
                Some(item) => Ok(item.to_owned()),
                None => {
                    let names: Vec<String> = call.names().collect();
                    let available = if names.is_empty() { "no column".into() } else { names.join(", ") };
                    Err(super::Error::missing_column(text, available).into())
                }
            },
            Self::Dict(dict) => match asked(text, dict, dict.get_item(name))? {
                Some(item) => Ok(item),
                None => Bar::of(dict)?.item(text),
            },
            Self::Bar(bar) => Bar::of(bar)?.item(text),
        }
    }

    /// The float that lies under a name where nothing has to be asked for it, which is nearly always.
    #[inline]
    fn float(&self, name: &Bound<'py, PyString>, text: &str) -> Outcome<Option<f64>> {
        let item = match self {
            // SAFETY: the dict and the key are alive. The item is borrowed, and looked at before anything else can run.
            Self::Dict(dict) => unsafe { ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr()) },
            Self::Keywords(call) => {
                call.by_same_keyword(name).map_or(std::ptr::null_mut(), |item| item.as_ptr())
            }
            Self::Bar(_) => return Ok(None),
        };
        if item.is_null() {
            // Keys of other types are asked whether they are this one, and may raise.
            return match (self, PyErr::take(name.py())) {
                (Self::Dict(dict), Some(raised)) => asked(text, dict, Err(raised)),
                _ => Ok(None),
            };
        }
        // SAFETY: as above; a float answers with its value.
        Ok(unsafe { (ffi::PyFloat_CheckExact(item) != 0).then(|| ffi::PyFloat_AsDouble(item)) })
    }
}

impl FeatureSet {
    /// One value for each output; `step` is `update` or `peek`.
    #[inline]
    fn step<'py>(
        &self,
        call: Passed<'_, 'py>,
        step: impl FnOnce(&mut State, &[f64], Option<&Key>, &mut [f64]) -> super::Result<()>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let out = if self.reads_out { None } else { call.by_rare_keyword(OUT) };
        let given = Given::of(call, out.is_some())?;
        with_numbers(self.columns.len(), |row| {
            // Reading may run Python code, which may come back to this set: the lock is taken after it.
            let key = self.read(call.py, &given, row)?;
            with_numbers(self.names.len(), |values| {
                let Some(out) = out.filter(|out| !out.is_none()) else {
                    step(&mut *self.live.lock()?, row, key.as_ref(), values)?;
                    return Ok(self.by_name(call.py, values)?.into_any());
                };
                let mut buffer = Buffer::of(&out, "out".into(), "float64", values.len())?;
                step(&mut *self.live.lock()?, row, key.as_ref(), values)?;
                buffer.write(values)?;
                Ok(out.to_owned())
            })
        })
    }

    /// A dict of values. What it costs is the interpreter's: a float object and a place in the dict for each.
    fn by_name<'py>(&self, py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyDict>> {
        let answer = self.empty.bind(py).copy()?;
        for ((name, data_type), &value) in self.names.iter().zip(&self.types).zip(values) {
            if value.is_nan() {
                continue;
            }
            let item = objects::value(py, data_type, value)?;
            // SAFETY: a dict, a key that it has, and a value are alive; each is counted anew where it is kept.
            if unsafe { ffi::PyDict_SetItem(answer.as_ptr(), name.as_ptr(), item.as_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
        }
        Ok(answer)
    }

    /// Reads a bar: one value per column, and the group's key.
    #[inline]
    fn read<'py>(&self, py: Python<'py>, given: &Given<'_, 'py>, row: &mut [f64]) -> Outcome<Option<Key>> {
        for ((slot, name), input) in row.iter_mut().zip(&self.columns).zip(self.features.inputs()) {
            let name = name.bind(py);
            *slot = match given.float(name, &input.name)? {
                Some(value) if !input.is_time() => value,
                _ => one_value(&given.item(name, &input.name)?, input, &input.name)?,
            };
        }
        let Some(by) = self.features.by() else { return Ok(None) };
        if let ([name], [by]) = (&*self.by, by) {
            return key_in(py, given, name, by).map(Some);
        }
        let parts = self.by.iter().zip(by).map(|(name, by)| key_in(py, given, name, by));
        Ok(Some(Key::of(parts.collect::<Outcome<_>>()?)))
    }
}

/// What a bar has as a key.
#[inline]
fn key_in<'py>(py: Python<'py>, given: &Given<'_, 'py>, name: &Py<PyString>, by: &str) -> Outcome<Key> {
    let item = given.item(name.bind(py), by)?;
    match key(&item, by)? {
        Some(key) => Ok(key.copy()?),
        None => Err(super::Error::invalid_type(by, ALLOWED, shown(&item)).into()),
    }
}

/// Hands room for so many numbers to `work`, from the stack where they are few.
#[inline]
fn with_numbers<T>(count: usize, work: impl FnOnce(&mut [f64]) -> Outcome<T>) -> Outcome<T> {
    let mut few = [f64::NAN; FEW];
    match few.get_mut(..count) {
        Some(few) => work(few),
        None => work(&mut memory::filled(count, f64::NAN)?),
    }
}
