//! `update` and `peek` of a stream as CPython's fast calls.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;

use omega_catalog::Moment;

use super::{Arguments, Stream, read_row};
use crate::data::number;
use crate::fastcalls::{self, Passed};

const UPDATE: &CStr = c"update($self, /, *row, **columns)
--

Takes one row and returns its value, or None while warming up or where the row is missing.

The row is the inputs in the order of the spec, or by keyword, or a bar: a record, or a mapping, which may
hold more than the inputs. A bar that is not later than the last one is refused: see `omega.stream`.

>>> import omega
>>> range = omega.stream('ta.atr', period=1)
>>> range.update(3.0, 1.0, 2.0), range.update(high=4.0, low=2.5, close=3.0)
(None, 2.0)
>>> range.update({'high': 5.0, 'low': 3.0, 'close': 4.0, 'volume': 100.0})
2.0";
const PEEK: &CStr = c"peek($self, /, *row, **columns)
--

What `update` would return, leaving the state as it is: the value of a bar that is still forming.

>>> import omega
>>> mean = omega.stream('ta.sma', period=2)
>>> mean.update(1.0)
>>> mean.peek(2.0), mean.peek(3.0), mean.rows
(1.5, 2.0, 1)";

/// Gives the class `Stream` its methods `update` and `peek`.
pub fn add_methods(py: Python<'_>) -> PyResult<()> {
    fastcalls::add_methods(&py.get_type::<Stream>(), [(c"update", update, UPDATE), (c"peek", peek, PEEK)])
}

unsafe extern "C" fn update(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls with a stream, `given` arguments, and the names of those that follow.
    unsafe {
        step(stream, arguments, given, names, |state, row, time, output| state.update_at(row, time, output))
    }
}

unsafe extern "C" fn peek(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe {
        step(stream, arguments, given, names, |state, row, time, output| state.peek_at(row, time, output))
    }
}

/// # Safety
/// As for a method that CPython calls with `METH_FASTCALL | METH_KEYWORDS`; the descriptor has checked the class.
#[inline]
unsafe fn step(
    stream: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    given: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
    step: impl FnOnce(&mut super::State, &[f64], Option<Moment>, &mut [f64]) -> super::Result<bool>,
) -> *mut ffi::PyObject {
    Python::attach(|py| {
        // SAFETY: the interpreter holds a reference to the stream during the call.
        let stream = unsafe { Borrowed::from_ptr(py, stream).cast_unchecked::<Stream>() };
        // SAFETY: as the caller promises.
        let call = unsafe { Passed::new(py, arguments, given, names) };
        let order = stream.get().order.as_ref();
        let outcome = stream.get().step(
            py,
            |spec, row| {
                // Numbers alone do not say when they were.
                let is_needed = order.is_some_and(|order| order.is_needed);
                if call.keywords() == 0 && call.given == row.len() && !is_needed {
                    let mut read = 0;
                    while let Some(slot) = row.get_mut(read) {
                        let input = &spec.inputs[read];
                        if input.is_time() {
                            break;
                        }
                        let name = || input.name.clone();
                        let Some(value) = number(&call.argument(read), name)? else { break };
                        *slot = value;
                        read += 1;
                    }
                    if read == call.given {
                        return Ok(None);
                    }
                }
                let given = call.given;
                let call = Arguments {
                    positional: (0..given).map(|index| call.argument(index)).collect(),
                    keywords: call.names().zip((given..).map(|index| call.argument(index))).collect(),
                };
                read_row(spec, order, &call, row)
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
