//! `update` and `peek` as CPython's fast calls.
//!
//! PyO3 packs the arguments of a method that takes any keyword into a tuple and a dict first, which costs more than an
//! indicator's step. These two take them where the interpreter has them.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::{Arguments, Stream, read_row};
use crate::data::number;
use crate::words::{shown, written};

const UPDATE: &CStr = c"update(*row, **columns)
--

Takes one row and returns its value, or None while warming up or where the row is missing.

The row is the inputs in the order of the spec, or by keyword, or a bar: a record or a mapping.";
const PEEK: &CStr = c"peek(*row, **columns)
--

What `update` would return, leaving the state as it is: the value of a bar that is still forming.";

/// Gives the class `Stream` its methods `update` and `peek`.
pub fn add_methods(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<Stream>();
    for (name, function, doc) in
        [(c"update", update as ffi::PyCFunctionFastWithKeywords, UPDATE), (c"peek", peek, PEEK)]
    {
        // The interpreter keeps the definition for as long as the class, which is as long as the process.
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: doc.as_ptr(),
        }));
        // SAFETY: the class is alive and the definition never goes away.
        let method = unsafe {
            Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(class.as_type_ptr(), definition))?
        };
        class.setattr(PyString::from_bytes(py, name.to_bytes())?, method)?;
    }
    Ok(())
}

unsafe extern "C" fn update(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a stream, `given` arguments, and the names of those that follow.
    unsafe { step(stream, arguments, given, names, |state, row, output| state.update(row, output)) }
}

unsafe extern "C" fn peek(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { step(stream, arguments, given, names, |state, row, output| state.peek(row, output)) }
}

/// # Safety
/// As for a method that CPython calls with `METH_FASTCALL | METH_KEYWORDS`; the descriptor has checked the class.
#[inline]
unsafe fn step(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
    step: impl FnOnce(&mut super::State, &[f64], &mut [f64]) -> super::Result<bool>,
) -> *mut ffi::PyObject {
    Python::attach(|py| {
        // SAFETY: the interpreter holds a reference to the stream during the call.
        let stream = unsafe { Borrowed::from_ptr(py, stream).cast_unchecked::<Stream>() };
        let given = usize::try_from(given).unwrap_or(0);
        // SAFETY: `arguments` holds at least `given` borrowed references.
        let argument = |index: usize| unsafe { Borrowed::<PyAny>::from_ptr(py, *arguments.add(index)) };
        let outcome = stream.get().step(
            py,
            |spec, row| {
                if names.is_null() && given == row.len() {
                    let mut read = 0;
                    while let Some(slot) = row.get_mut(read) {
                        let Some(value) = number(&argument(read), || spec.inputs[read].name.clone())? else {
                            break;
                        };
                        *slot = value;
                        read += 1;
                    }
                    if read == given {
                        return Ok(());
                    }
                }
                let mut call =
                    Arguments { positional: (0..given).map(argument).collect(), keywords: Vec::new() };
                if !names.is_null() {
                    // SAFETY: the interpreter passes a tuple of str, and a value behind the positional ones for each.
                    let names = unsafe { Borrowed::from_ptr(py, names).cast_unchecked::<PyTuple>() };
                    for (index, name) in names.iter_borrowed().enumerate() {
                        call.keywords.push((
                            name.cast::<PyString>().map_or_else(|_| shown(&name), |name| written(&name)),
                            argument(given + index),
                        ));
                    }
                }
                read_row(spec, &call, row)
            },
            step,
        );
        match outcome {
            Ok(Some(answer)) => answer.into_ptr(),
            Ok(None) => py.None().into_ptr(),
            Err(error) => {
                error.restore(py);
                std::ptr::null_mut()
            }
        }
    })
}
