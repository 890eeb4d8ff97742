//! Python objects, made so that missing memory is an exception: PyO3's own constructors panic.

use omega_contract::memory;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::errors::Outcome;

/// What a list of `rows` numbers takes: a pointer and a float object for each.
const LISTED_BYTES: usize = size_of::<usize>() + 32;

/// A float.
#[inline]
pub fn float(py: Python<'_>, value: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: a new reference, or NULL where an exception is set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyFloat_FromDouble(value)) }
}

/// A float, or `None` for NaN.
pub fn float_or_none(py: Python<'_>, value: f64) -> PyResult<Bound<'_, PyAny>> {
    if value.is_nan() { Ok(py.None().into_bound(py)) } else { float(py, value) }
}

/// A value of the type that a spec says: int64 as an int, bool as a bool.
#[inline]
pub fn value<'py>(py: Python<'py>, data_type: &str, value: f64) -> PyResult<Bound<'py, PyAny>> {
    match data_type {
        "int64" => int(py, value as i64),
        "bool" => Ok(PyBool::new(py, value == 1.0).to_owned().into_any()),
        _ => float(py, value),
    }
}

/// A value of the type that a spec says, or `None` for NaN.
pub fn value_or_none<'py>(py: Python<'py>, data_type: &str, number: f64) -> PyResult<Bound<'py, PyAny>> {
    if number.is_nan() { Ok(py.None().into_bound(py)) } else { value(py, data_type, number) }
}

/// An int.
pub fn int(py: Python<'_>, value: i64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromLongLong(value)) }
}

/// An int that counts something.
pub fn count(py: Python<'_>, value: u64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromUnsignedLongLong(value)) }
}

/// A str.
pub fn text<'py>(py: Python<'py>, value: &str) -> PyResult<Bound<'py, PyAny>> {
    let size = ffi::Py_ssize_t::try_from(value.len())?;
    // SAFETY: as above; the text is read and not kept.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_FromStringAndSize(value.as_ptr().cast(), size)) }
}

/// A list of str.
pub fn texts<'py, 'a>(py: Python<'py>, texts: impl Iterator<Item = &'a str>) -> Outcome<Bound<'py, PyAny>> {
    let texts: Vec<&str> = texts.collect();
    list(py, texts.len(), |index| Ok(text(py, texts[index])?))
}

/// A bytes object with these bytes.
pub fn bytes<'py>(py: Python<'py>, value: &[u8]) -> Outcome<Bound<'py, PyAny>> {
    memory::ask(value.len())?;
    let size = ffi::Py_ssize_t::try_from(value.len()).map_err(PyErr::from)?;
    // SAFETY: as above; the bytes are read and not kept.
    let object = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyBytes_FromStringAndSize(value.as_ptr().cast(), size))
    };
    Ok(object?)
}

/// A list of one item per row.
pub fn list<'py>(
    py: Python<'py>,
    rows: usize,
    mut item: impl FnMut(usize) -> Outcome<Bound<'py, PyAny>>,
) -> Outcome<Bound<'py, PyAny>> {
    memory::ask(rows.saturating_mul(LISTED_BYTES))?;
    let size = ffi::Py_ssize_t::try_from(rows).map_err(PyErr::from)?;
    // SAFETY: as above. Nobody else has seen the list while its items are set; those that never are stay NULL, which
    // the interpreter expects of a list that is given up.
    let list = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyList_New(size))? };
    for (index, row) in (0..size).zip(0..) {
        let item = item(row)?;
        // SAFETY: the index is within the list, which takes over the reference.
        if unsafe { ffi::PyList_SetItem(list.as_ptr(), index, item.into_ptr()) } != 0 {
            return Err(PyErr::fetch(py).into());
        }
    }
    Ok(list)
}

/// A tuple of items.
pub fn tuple<'py>(py: Python<'py>, items: Vec<Bound<'py, PyAny>>) -> Outcome<Bound<'py, PyAny>> {
    let size = ffi::Py_ssize_t::try_from(items.len()).map_err(PyErr::from)?;
    // SAFETY: as for a list.
    let tuple = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(size))? };
    for (index, item) in (0..size).zip(items) {
        // SAFETY: as for a list.
        if unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), index, item.into_ptr()) } != 0 {
            return Err(PyErr::fetch(py).into());
        }
    }
    Ok(tuple)
}
