//! Snapshots back into live objects.

use omega_contract::params::Params;
use omega_contract::{Error, Result};
use omega_kernel::Function;
use omega_kernel::snapshot::{Snapshot, SnapshotKind};

use crate::{Accumulator, FeatureSet, MetricSet, Stream, find};

/// What a snapshot held.
pub enum Restored {
    /// One indicator over one series.
    Stream(Stream),
    /// One metric.
    Accumulator(Accumulator),
    /// Many features.
    FeatureSet(FeatureSet),
    /// Many metrics.
    MetricSet(MetricSet),
}

/// The stream, accumulator or set that a snapshot holds.
///
/// # Errors
/// `SNAPSHOT_CORRUPT`, `SNAPSHOT_VERSION`, `SNAPSHOT_MISMATCH`, `UNKNOWN_FUNCTION` or `OUT_OF_MEMORY`
pub fn restore(snapshot: &[u8]) -> Result<Restored> {
    let snapshot = Snapshot::decode(snapshot)?;
    match snapshot.kind {
        SnapshotKind::Stream => Stream::restore(&snapshot).map(Restored::Stream),
        SnapshotKind::Accumulator => Accumulator::restore(&snapshot).map(Restored::Accumulator),
        SnapshotKind::FeatureSet => FeatureSet::restore(&snapshot).map(Restored::FeatureSet),
        SnapshotKind::MetricSet => MetricSet::restore(&snapshot).map(Restored::MetricSet),
        SnapshotKind::Grouped => {
            let allowed = "a stream, an accumulator or a set";
            Err(Error::snapshot_mismatch("the groups of a feature", allowed))
        }
    }
}

/// The function and the parameters that a snapshot names, if the function's numbers are still what they were: of the same
/// major version. Whether the form of its state is, the payload tells.
pub(crate) fn saved(name: &str, version: &str, values: &[f64]) -> Result<(&'static Function, Params)> {
    let function = find(name)?;
    let spec = &function.spec;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&spec.version) != major(version) {
        return Err(Error::snapshot_version(&spec.name, version, format!("version {}", spec.version)));
    }
    let params = Params::from_values(spec, values.to_vec()).map_err(|error| {
        Error::snapshot_corrupt(error, format!("the parameters of {}", spec.name), format!("{values:?}"))
    })?;
    Ok((function, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omega_contract::ErrorCode;

    #[test]
    fn only_another_major_version_is_refused() {
        assert!(saved("ta.sma", "1.99.3", &[30.0]).is_ok());
        for version in ["2.0.0", "0.9.9", "11.0.0", ""] {
            let refused = saved("ta.sma", version, &[30.0]).err().map(|error| error.code());
            assert_eq!(refused, Some(ErrorCode::SnapshotVersion), "{version}");
        }
    }
}
