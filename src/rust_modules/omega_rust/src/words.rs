//! What Python objects are called in messages, whatever their own code does when it is asked.
//!
//! PyO3's own `Display` hands an exception that it meets to the interpreter's hook and goes on: Ctrl-C would be lost.
//! An object whose `__repr__` fails has no better words than its type, but an interruption on the way is kept for
//! `guard`, which raises it in place of the error that was being worded.

use std::cell::Cell;

use pyo3::exceptions::PyException;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

/// More of an object than this says nothing to a reader.
const SHOWN_CHARACTERS: usize = 200;

thread_local! {
    /// What interrupted the wording of an error on this thread.
    static INTERRUPT: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// The interruption that was met since the last call, if there was one.
pub fn interrupted() -> Option<PyErr> {
    INTERRUPT.take()
}

/// An answer that can be done without: an exception counts as none, an interruption is kept.
pub fn tolerated<T>(py: Python<'_>, answer: PyResult<T>) -> Option<T> {
    answer
        .map_err(|failure| {
            if !failure.is_instance_of::<PyException>(py) {
                keep(failure)
            }
        })
        .ok()
}

fn keep(interrupt: PyErr) {
    INTERRUPT.set(Some(INTERRUPT.take().unwrap_or(interrupt)));
}

/// An object as messages show it: as Python would write it, or its type where that fails.
pub fn shown(value: &Bound<'_, PyAny>) -> String {
    let py = value.py();
    // The interpreter looks at signals before it asks the object; what a handler raised is not the object's.
    if let Err(interrupt) = py.check_signals() {
        keep(interrupt);
    }
    let Some(text) = tolerated(py, repr_of(value)) else {
        return format!("an object of type {}", kind(value));
    };
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What an exception says of itself.
pub fn said(failure: &PyErr, py: Python<'_>) -> String {
    let value = failure.value(py);
    let text = tolerated(py, text_of(value)).unwrap_or_else(|| "?".into());
    format!("{}: {text}", kind(value))
}

/// An object as Python would write it.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn repr_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.repr().map(|text| written(&text))
}

/// An object as text.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn text_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.str().map(|text| written(&text))
}

/// The name of an object's type.
pub fn kind(object: &Bound<'_, PyAny>) -> String {
    name_of(&object.get_type())
}

/// The name of a type.
#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
pub fn name_of(class: &Bound<'_, PyType>) -> String {
    tolerated(class.py(), class.name()).map_or_else(|| "an unnamed type".into(), |name| written(&name))
}

/// A Python text as Rust's; what UTF-8 cannot write (half a surrogate pair) is written as Python escapes it.
pub fn written(text: &Bound<'_, PyString>) -> String {
    let py = text.py();
    if let Ok(text) = text.to_str() {
        return text.to_owned();
    }
    // SAFETY: both names end with NUL; a new reference, or NULL where an exception is set.
    let bytes = unsafe {
        let bytes =
            ffi::PyUnicode_AsEncodedString(text.as_ptr(), c"utf-8".as_ptr(), c"backslashreplace".as_ptr());
        Bound::<PyAny>::from_owned_ptr_or_err(py, bytes)
    };
    let bytes = bytes.ok().and_then(|bytes| bytes.cast_into::<PyBytes>().ok());
    bytes.map_or_else(|| "?".into(), |bytes| String::from_utf8_lossy(bytes.as_bytes()).into_owned())
}

/// Whether an object or a type has an attribute; one that fails to answer has none.
pub fn has(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> bool {
    tolerated(object.py(), object.hasattr(name)).unwrap_or(false)
}

/// `collections.abc.Mapping`'s word on an object. PyO3's cast would drop what the object raises when it is asked.
pub fn is_mapping(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static MAPPING: pyo3::sync::PyOnceLock<Py<PyType>> = pyo3::sync::PyOnceLock::new();
    let py = object.py();
    let class = MAPPING.get_or_try_init(py, || {
        py.import(intern!(py, "collections.abc"))?
            .getattr(intern!(py, "Mapping"))?
            .cast_into::<PyType>()
            .map(Bound::unbind)
            .map_err(PyErr::from)
    })?;
    object.is_instance(class.bind(py).as_any())
}
