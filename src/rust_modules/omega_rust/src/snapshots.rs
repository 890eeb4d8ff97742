//! Snapshots back into live objects.

use omega_contract::Error;
use omega_kernel::snapshot::{Snapshot, SnapshotKind};
use pyo3::prelude::*;

use crate::accumulators::Accumulator;
use crate::errors::guard;
use crate::feature_sets::FeatureSet;
use crate::streams::Stream;
use crate::words::kind;

/// The stream, accumulator or feature set that a snapshot holds.
#[pyfunction]
#[pyo3(signature = (snapshot, /))]
pub fn restore<'py>(py: Python<'py>, snapshot: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(py, "omega.restore", || {
        let Ok(bytes) = snapshot.extract::<&[u8]>() else {
            return Err(Error::invalid_type("a snapshot", "bytes", kind(snapshot)).into());
        };
        let snapshot = Snapshot::decode(bytes)?;
        Ok(match snapshot.kind {
            SnapshotKind::Stream => Bound::new(py, Stream::restore(py, &snapshot)?)?.into_any(),
            SnapshotKind::Accumulator => Bound::new(py, Accumulator::restore(&snapshot)?)?.into_any(),
            SnapshotKind::FeatureSet => Bound::new(py, FeatureSet::restore(py, &snapshot)?)?.into_any(),
            SnapshotKind::Grouped => {
                let allowed = "a stream, an accumulator or a feature set";
                return Err(Error::snapshot_mismatch("the groups of a feature", allowed).into());
            }
        })
    })
}
