//! `update` and `peek` of a feature set as CPython's fast calls.

use std::ffi::CStr;

use omega_catalog::Key;
use omega_contract::memory;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::{FeatureSet, NAME, State};
use crate::data::{Bar, key, one_value};
use crate::errors::{Outcome, asked, guard};
use crate::fastcalls::{self, Passed};
use crate::objects;
use crate::words::shown;

const UPDATE: &CStr = c"update($self, bar=None, /, **columns)
--

Takes one bar; a dict with every feature's value, None where there is none.";
const PEEK: &CStr = c"peek($self, bar=None, /, **columns)
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
    fn of(call: Passed<'a, 'py>) -> Outcome<Self> {
        let several = match (call.given, call.keywords()) {
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
}

impl FeatureSet {
    /// One value for each output; `step` is `update` or `peek`.
    #[inline]
    fn step<'py>(
        &self,
        call: Passed<'_, 'py>,
        step: impl FnOnce(&mut State, &[f64], Option<&Key>, &mut [f64]) -> super::Result<()>,
    ) -> Outcome<Bound<'py, PyDict>> {
        let py = call.py;
        with_numbers(self.columns.len(), |row| {
            // Reading may run Python code, which may come back to this set: the lock is taken after it.
            let key = self.read(call, row)?;
            with_numbers(self.names.len(), |values| {
                step(&mut *self.live.lock()?, row, key.as_ref(), values)?;
                let answer = self.empty.bind(py).copy()?;
                for ((name, data_type), &value) in self.names.iter().zip(&self.types).zip(&*values) {
                    if !value.is_nan() {
                        answer.set_item(name.bind(py), objects::value(py, data_type, value)?)?;
                    }
                }
                Ok(answer)
            })
        })
    }

    /// Reads a bar: one value per column, and the group's key.
    #[inline]
    fn read(&self, call: Passed<'_, '_>, row: &mut [f64]) -> Outcome<Option<Key>> {
        let (py, given) = (call.py, Given::of(call)?);
        for ((slot, name), input) in row.iter_mut().zip(&self.columns).zip(self.features.inputs()) {
            let item = given.item(name.bind(py), &input.name)?;
            *slot = one_value(&item, input, &input.name)?;
        }
        let (Some(name), Some(by)) = (&self.by, self.features.by()) else { return Ok(None) };
        let item = given.item(name.bind(py), by)?;
        match key(&item) {
            Some(key) => Ok(Some(key.copy()?)),
            None => Err(super::Error::invalid_type(by, "text or a whole number", shown(&item)).into()),
        }
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
