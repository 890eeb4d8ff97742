//! Snapshots back into live objects.

use omega_catalog::{Error, Restored};
use pyo3::prelude::*;

use crate::accumulators::Accumulator;
use crate::errors::guard;
use crate::feature_sets::FeatureSet;
use crate::metric_sets::MetricSet;
use crate::streams::Stream;
use crate::words::kind;

/// The stream, accumulator or set that a snapshot holds.
#[pyfunction]
#[pyo3(signature = (snapshot, /))]
pub fn restore<'py>(py: Python<'py>, snapshot: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(py, "omega.restore", || {
        let Ok(bytes) = snapshot.extract::<&[u8]>() else {
            return Err(Error::invalid_type("a snapshot", "bytes", kind(snapshot)).into());
        };
        Ok(match omega_catalog::restore(bytes)? {
            Restored::Stream(stream) => Bound::new(py, Stream::new(py, stream)?)?.into_any(),
            Restored::Accumulator(state) => Bound::new(py, Accumulator::new(state))?.into_any(),
            Restored::MetricSet(set) => Bound::new(py, MetricSet::new(set))?.into_any(),
            Restored::FeatureSet(set) => Bound::new(py, FeatureSet::new(py, set)?)?.into_any(),
        })
    })
}
