//! Which protocol an object speaks, remembered by its type: asking for an attribute that is not there is slow.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

/// How an object hands out its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `__arrow_c_array__`: one array, borrowed.
    ArrowArray,
    /// `__arrow_c_stream__`: arrays one after the other.
    ArrowStream,
    /// A plain NumPy array: a buffer, and nothing else to ask it.
    NumPy,
    /// A list or a tuple of numbers.
    List,
    /// A dict of columns.
    Dict,
    /// Anything else: asked one protocol after the other.
    Other,
}

type Known = Option<HashMap<usize, (Py<PyType>, Kind)>>;

/// Types that were met, kept alive so that another cannot take their address.
static KNOWN: Mutex<Known> = Mutex::new(None);

/// How `object` hands out its data.
pub fn kind_of(object: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let class = object.get_type();
    let address = class.as_ptr().addr();
    // The lock is never held while Python code runs.
    let known = |known: &Known| Some(known.as_ref()?.get(&address)?.1);
    if let Some(kind) = known(&KNOWN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(kind);
    }
    let kind = classify(object, &class)?;
    if kind != Kind::Other {
        let mut table = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        table.get_or_insert_default().insert(address, (class.unbind(), kind));
    }
    Ok(kind)
}

/// The array interface comes first where there is a choice: borrowing one array costs less than reading a stream.
fn classify(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> PyResult<Kind> {
    let py = object.py();
    if class.hasattr(intern!(py, "__arrow_c_array__"))? {
        return Ok(Kind::ArrowArray);
    }
    if class.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Ok(Kind::ArrowStream);
    }
    if object.is_exact_instance_of::<PyList>() || object.is_exact_instance_of::<PyTuple>() {
        return Ok(Kind::List);
    }
    if object.is_exact_instance_of::<PyDict>() {
        return Ok(Kind::Dict);
    }
    let is_numpy = class.name()? == "ndarray" && class.module()? == "numpy";
    Ok(if is_numpy { Kind::NumPy } else { Kind::Other })
}
