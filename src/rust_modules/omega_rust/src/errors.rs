//! One place that turns errors and panics into Python exceptions.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::thread;

use omega_contract::{Error, ErrorCode, memory};
use pyo3::exceptions::{PyException, PyMemoryError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::words::{interrupted, kind, said};

/// Why a door call failed: by Omega's own rules, or because Python code it ran raised.
pub enum Failure {
    /// An error of the table.
    Omega(Error),
    /// An exception that a producer or a conversion raised.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Omega(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// What code of the door returns inside [`guard`].
pub type Outcome<T> = Result<T, Failure>;

thread_local! {
    /// How many guarded calls are under way on this thread.
    static GUARDED: Cell<u32> = const { Cell::new(0) };
    /// Where and why the last guarded call on this thread panicked.
    static REASON: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `body` for `function`; whatever goes wrong, a panic included, leaves as one typed exception.
pub fn guard<T>(py: Python<'_>, function: &str, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
    let failure = match catch(function, body) {
        Ok(value) => return Ok(value),
        Err(failure) => failure,
    };
    if let Some(interrupt) = interrupted() {
        return Err(interrupt);
    }
    Err(match failure {
        Failure::Omega(error) => raise(py, &named(error, function), Some(function)),
        // Whatever Python code of the caller's raised on the way: nothing leaves untyped.
        Failure::Python(failure) => typed(py, failure, Some(function), |raised| {
            Error::invalid_type(
                "what was passed",
                "objects that can be read",
                format!("one that raised {raised}"),
            )
        }),
    })
}

/// The error with the name of the function called, which whoever was refused memory does not know.
fn named(error: Error, function: &str) -> Error {
    let unnamed = error.field("function") == Some(memory::SOME_FUNCTION);
    if error.code() == ErrorCode::OutOfMemory && unnamed {
        return error.with_field("function", function);
    }
    error
}

/// Runs `body`, turning a panic into INTERNAL.
pub fn catch<T>(function: &str, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    GUARDED.set(GUARDED.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(body));
    GUARDED.set(GUARDED.get() - 1);
    outcome.unwrap_or_else(|panic| {
        // A panic of another thread goes on in this one, which was told no reason.
        let reason = Some(REASON.take()).filter(|reason| !reason.is_empty());
        let reason = reason.or_else(|| panic.downcast_ref::<String>().cloned());
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().map(|reason| (*reason).to_owned()));
        Err(Error::internal(function, reason.unwrap_or_else(|| "a panic".into())).into())
    })
}

/// Whether this thread works for a call that another thread guards.
fn is_worker() -> bool {
    thread::current().name() == Some(omega_catalog::THREAD_NAME)
}

/// What Python code of the caller's object returned; what it raised becomes the cause of a typed error about `name`.
///
/// KeyboardInterrupt and its like pass, and so does an error that is typed already.
#[inline]
pub fn asked<T>(name: &str, object: &Bound<'_, PyAny>, answer: PyResult<T>) -> Outcome<T> {
    match answer {
        Ok(value) => Ok(value),
        Err(failure) => Err(unreadable(name, object, failure)),
    }
}

#[cold]
fn unreadable(name: &str, object: &Bound<'_, PyAny>, failure: PyErr) -> Failure {
    failed(object.py(), failure, |raised| {
        let value = format!("{} that raised {raised}", kind(object));
        Error::invalid_type(name, "an object that can be read", value)
    })
}

/// A typed error with `failure` as its cause; `error` makes it from the words of the failure.
pub fn failed(py: Python<'_>, failure: PyErr, error: impl FnOnce(String) -> Error) -> Failure {
    Failure::Python(typed(py, failure, None, error))
}

fn typed(
    py: Python<'_>,
    failure: PyErr,
    function: Option<&str>,
    error: impl FnOnce(String) -> Error,
) -> PyErr {
    if !failure.is_instance_of::<PyException>(py) || is_typed(py, &failure) {
        return failure;
    }
    let error = if failure.is_instance_of::<PyMemoryError>(py) {
        let refusal = memory::refusal_of_unknown();
        if let Some(function) = function { named(refusal, function) } else { refusal }
    } else {
        error(said(&failure, py))
    };
    let typed = raise(py, &error, function);
    typed.set_cause(py, Some(failure));
    typed
}

fn is_typed(py: Python<'_>, failure: &PyErr) -> bool {
    static OMEGA_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = OMEGA_ERROR.get_or_try_init(py, || {
        py.import("omega.shared.exceptions")?.getattr("OmegaError").map(Bound::unbind)
    });
    class.is_ok_and(|class| failure.matches(py, class.bind(py)).unwrap_or(false))
}

/// Keeps a guarded panic from printing: its message travels in the error instead.
pub fn install_panic_hook() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if is_worker() {
            // The caller hears of it.
        } else if GUARDED.get() > 0 {
            REASON.set(info.to_string().replace('\n', " "));
        } else {
            default(info);
        }
    }));
}

/// The Python exception of an error.
pub fn raise(py: Python<'_>, error: &Error, function: Option<&str>) -> PyErr {
    static FROM_CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let build = || -> PyResult<Py<PyAny>> {
        let from_code = FROM_CODE.get_or_try_init(py, || {
            py.import("omega.shared.exceptions")?.getattr("from_code").map(Bound::unbind)
        })?;
        let fields = PyDict::new(py);
        for (name, value) in error.fields() {
            fields.set_item(name, value)?;
        }
        from_code.call1(py, (error.code().number(), fields, function, error.to_string()))
    };
    match build() {
        Ok(exception) => PyErr::from_value(exception.into_bound(py)),
        Err(failure) => failure,
    }
}
