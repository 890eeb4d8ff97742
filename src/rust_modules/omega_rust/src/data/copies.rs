//! Lets a caller see the copies that types forced.

use std::cell::RefCell;

use omega_contract::arrow::float64::Copied;
use pyo3::prelude::*;

thread_local! {
    /// The logs that are open on this thread, innermost last.
    static OPEN: RefCell<Vec<(usize, Vec<Copied>)>> = const { RefCell::new(Vec::new()) };
}

/// Adds what one call copied to every log that is open on this thread.
pub fn record(copied: &[Copied]) {
    if !copied.is_empty() {
        OPEN.with_borrow_mut(|open| open.iter_mut().for_each(|(_, log)| log.extend_from_slice(copied)));
    }
}

/// A context manager that collects the copies made by this thread's calls.
#[pyclass(module = "omega._rust")]
#[derive(Default)]
pub struct CopyLog {
    copied: Vec<Copied>,
}

#[pymethods]
impl CopyLog {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        OPEN.with_borrow_mut(|open| open.push((slf.as_ptr().addr(), Vec::new())));
        slf
    }

    fn __exit__(
        slf: &Bound<'_, Self>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        // Its own, not the innermost: logs of interleaved tasks close in any order.
        let own = OPEN.with_borrow_mut(|open| {
            let place = open.iter().rposition(|(log, _)| *log == slf.as_ptr().addr())?;
            Some(open.remove(place).1)
        });
        slf.borrow_mut().copied.extend(own.unwrap_or_default());
    }

    /// One `(column, reason, bytes)` for each copy, in order.
    #[getter]
    fn copies(&self) -> Vec<(String, String, usize)> {
        self.copied.iter().map(|copy| (copy.name.clone(), copy.reason.clone(), copy.bytes)).collect()
    }

    /// How many bytes were copied in all.
    #[getter]
    fn bytes(&self) -> usize {
        self.copied.iter().map(|copy| copy.bytes).sum()
    }

    fn __len__(&self) -> usize {
        self.copied.len()
    }

    fn __repr__(&self) -> String {
        format!("CopyLog({} copies, {} bytes)", self.copied.len(), self.bytes())
    }
}
