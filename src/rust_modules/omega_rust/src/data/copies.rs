//! Lets a caller see the copies that types forced.

use std::cell::RefCell;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use omega_arrow::float64::Copied;
use pyo3::prelude::*;

/// What one log has collected.
#[expect(clippy::disallowed_types, reason = "held for a moment and with the GIL, as who forks holds it")]
type Collected = std::sync::Mutex<Vec<Copied>>;

thread_local! {
    /// The logs that are open on this thread, innermost last. One that nobody holds any more, as that of a generator
    /// that was abandoned, is gone.
    static OPEN: RefCell<Vec<Weak<Collected>>> = const { RefCell::new(Vec::new()) };
}

/// Adds what one call copied to every log that is open on this thread.
pub fn record(copied: &[Copied]) {
    if !copied.is_empty() {
        OPEN.with_borrow_mut(|open| {
            open.retain(|log| {
                log.upgrade().is_some_and(|log| {
                    lock(&log).extend_from_slice(copied);
                    true
                })
            });
        });
    }
}

fn lock(log: &Collected) -> MutexGuard<'_, Vec<Copied>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A context manager that collects the copies made by this thread's calls.
#[pyclass(frozen, module = "omega._rust")]
#[derive(Default)]
pub struct CopyLog {
    copied: Arc<Collected>,
}

#[pymethods]
impl CopyLog {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        OPEN.with_borrow_mut(|open| {
            open.retain(|log| log.strong_count() > 0);
            open.push(Arc::downgrade(&slf.get().copied));
        });
        slf
    }

    fn __exit__(&self, _kind: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>, _traceback: &Bound<'_, PyAny>) {
        // Its own, not the innermost: logs of interleaved tasks close in any order.
        OPEN.with_borrow_mut(|open| {
            let own = open.iter().rposition(|log| std::ptr::eq(log.as_ptr(), Arc::as_ptr(&self.copied)));
            own.map(|place| open.remove(place));
        });
    }

    /// One `(column, reason, bytes)` for each copy, in order.
    #[getter]
    fn copies(&self) -> Vec<(String, String, usize)> {
        lock(&self.copied).iter().map(|copy| (copy.name.clone(), copy.reason.clone(), copy.bytes)).collect()
    }

    /// How many bytes were copied in all.
    #[getter]
    fn bytes(&self) -> usize {
        lock(&self.copied).iter().map(|copy| copy.bytes).sum()
    }

    fn __len__(&self) -> usize {
        lock(&self.copied).len()
    }

    fn __repr__(&self) -> String {
        format!("CopyLog({} copies, {} bytes)", self.__len__(), self.bytes())
    }
}
