//! What all live objects do alike: they are locked, emptied, saved, copied and merged.

use omega_catalog::{Accumulator, FeatureSet, MetricSet, Result, Stream};
use omega_julia_host::{Held, Lock};
use pyo3::prelude::*;

use crate::errors::{Outcome, guard};
use crate::objects;

/// A live object of the catalogue.
pub trait State: Sized {
    /// An independent copy.
    fn copy(&self) -> Result<Self>;
    /// The state as bytes.
    fn snapshot(&self) -> Result<Vec<u8>>;
    /// Forgets every row.
    fn reset(&mut self);
    /// The number of rows taken so far.
    fn rows(&self) -> u64;
}

macro_rules! states {
    ($($state:ident),+) => {$(
        impl State for $state {
            fn copy(&self) -> Result<Self> {
                $state::copy(self)
            }

            fn snapshot(&self) -> Result<Vec<u8>> {
                $state::snapshot(self)
            }

            fn reset(&mut self) {
                $state::reset(self);
            }

            fn rows(&self) -> u64 {
                $state::rows(self)
            }
        }
    )+};
}

states!(Stream, Accumulator, FeatureSet, MetricSet);

/// A live object as Python holds it, under its lock. Who holds the lock never waits for the GIL, so two threads cannot each
/// wait for what the other holds.
pub struct Live<S> {
    /// What messages call it.
    name: &'static str,
    state: Lock<S>,
}

impl<S: State> Live<S> {
    /// Under a lock of its own.
    pub fn new(name: &'static str, state: S) -> Self {
        Self { name, state: Lock::new(state) }
    }

    /// A panic in a kernel was reported when it happened; the state it left is still a state.
    #[inline]
    pub fn lock(&self) -> Result<Held<'_, S>> {
        self.state.lock().map_err(|left| left.error(self.name))
    }

    /// Runs what may fail.
    pub fn guard<T>(&self, py: Python<'_>, body: impl FnOnce() -> Outcome<T>) -> PyResult<T> {
        guard(py, self.name, body)
    }

    /// Forgets every row.
    pub fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.guard(py, || {
            self.lock()?.reset();
            Ok(())
        })
    }

    /// The state as bytes, for `omega.restore`.
    pub fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || objects::bytes(py, &self.lock()?.snapshot()?))
    }

    /// An independent copy.
    pub fn copy(&self, py: Python<'_>) -> PyResult<S> {
        self.guard(py, || Ok(self.lock()?.copy()?))
    }

    /// The number of rows taken so far, as Python counts.
    pub fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.guard(py, || Ok(objects::count(py, self.lock()?.rows())?))
    }

    /// What `__reduce__` answers: who brings the object back, and from which snapshot.
    pub fn reduce<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let snapshot = self.snapshot(py)?;
        self.guard(py, || {
            let restore = py.import("omega._rust")?.getattr("restore")?;
            objects::tuple(py, vec![restore, objects::tuple(py, vec![snapshot])?])
        })
    }

    /// Takes over what another one knows, which may be this one itself.
    pub fn merge(&self, other: &Self, merge: impl FnOnce(&mut S, &S) -> Result<()>) -> Result<()> {
        // One lock cannot be taken twice, so what is merged with itself is copied first.
        if std::ptr::eq(self, other) {
            let mut state = self.lock()?;
            let copy = state.copy()?;
            return merge(&mut state, &copy);
        }
        // Always in the same order: two threads that merge the same two cannot each wait for the other.
        let own_first = std::ptr::from_ref(self) < std::ptr::from_ref(other);
        let (mut state, other) = if own_first {
            let state = self.lock()?;
            (state, other.lock()?)
        } else {
            let other = other.lock()?;
            (self.lock()?, other)
        };
        merge(&mut state, &other)
    }
}
