//! Which protocol an object speaks, asked in the order that makes the common ones cheap.

use std::sync::PoisonError;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use crate::words::name_of;

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

/// NumPy's array type, once one was met: asking for an attribute that is not there is slow.
static NDARRAY: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// How `object` hands out its data. Of two Arrow interfaces the array comes first: borrowing one costs less than
/// reading a stream.
pub fn kind_of(object: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let py = object.py();
    let class = object.get_type();
    if NDARRAY.get(py).is_some_and(|ndarray| class.is(ndarray)) {
        return Ok(Kind::NumPy);
    }
    if object.is_exact_instance_of::<PyList>() || object.is_exact_instance_of::<PyTuple>() {
        return Ok(Kind::List);
    }
    if object.is_exact_instance_of::<PyDict>() {
        return Ok(Kind::Dict);
    }
    if class.hasattr(intern!(py, "__arrow_c_array__"))? {
        return Ok(Kind::ArrowArray);
    }
    if class.hasattr(intern!(py, "__arrow_c_stream__"))? {
        return Ok(Kind::ArrowStream);
    }
    if is_named(&class, "numpy", "ndarray")? {
        NDARRAY.get_or_init(py, || class.unbind());
        return Ok(Kind::NumPy);
    }
    Ok(Kind::Other)
}

fn is_named(class: &Bound<'_, PyType>, module: &str, name: &str) -> PyResult<bool> {
    Ok(name_of(class) == name && class.module()? == module)
}

/// Types whose streams hand out what is in memory already, by module and name.
const IN_MEMORY: [(&str, &str); 8] = [
    ("polars.dataframe.frame", "DataFrame"),
    ("polars.series.series", "Series"),
    ("pyarrow.lib", "Table"),
    ("pyarrow.lib", "ChunkedArray"),
    ("pandas", "DataFrame"),
    ("pandas", "Series"),
    ("arro3.core._core", "Table"),
    ("arro3.core._core", "ChunkedArray"),
];

/// The types of that list that were met so far. Who holds one keeps its address from being used again.
#[expect(clippy::disallowed_types, reason = "held for a moment and with the GIL, as who forks holds it")]
static MET: std::sync::Mutex<Vec<Py<PyType>>> = std::sync::Mutex::new(Vec::new());

/// Whether streams of this type never wait: for a file, a query, or another thread. Readers, relations and whatever is
/// not known may. Subclasses are not known.
pub fn is_in_memory(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let met = || MET.lock().unwrap_or_else(PoisonError::into_inner);
    if met().iter().any(|known| known.is(class)) {
        return Ok(true);
    }
    for (module, name) in IN_MEMORY {
        if is_named(class, module, name)? {
            met().push(class.clone().unbind());
            return Ok(true);
        }
    }
    Ok(false)
}
