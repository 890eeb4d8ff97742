//! A set of metrics as the payload of a snapshot.

use omega_arrow::keys::Key;
use omega_contract::Result;
use omega_kernel::payload::{bytes, list};
use serde::{Deserialize, Serialize};

use crate::feature_set::Definition;
use crate::restore;

/// The payload as it is written; read as [`Saved`].
#[derive(Serialize)]
pub(super) struct Saving<'a> {
    pub(super) by: &'a [String],
    pub(super) groups: &'a [Key],
    pub(super) is_closed: bool,
    pub(super) is_alone: bool,
    pub(super) rows: u64,
    pub(super) metrics: Vec<SavedMetric<'a>>,
    pub(super) states: Vec<State<'a>>,
}

/// The payload as it is read.
#[derive(Deserialize)]
pub(super) struct Saved<'a> {
    #[serde(borrow, with = "list")]
    pub(super) by: Vec<&'a str>,
    #[serde(with = "list")]
    pub(super) groups: Vec<Key>,
    pub(super) is_closed: bool,
    pub(super) is_alone: bool,
    pub(super) rows: u64,
    #[serde(borrow, with = "list")]
    pub(super) metrics: Vec<SavedMetric<'a>>,
    /// Of each summary, group after group.
    #[serde(borrow, with = "list")]
    pub(super) states: Vec<State<'a>>,
}

/// One metric's definition.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedMetric<'a> {
    name: &'a str,
    function: &'a str,
    version: &'a str,
    #[serde(with = "list")]
    params: Vec<f64>,
    #[serde(borrow, with = "list")]
    wires: Vec<(&'a str, &'a str)>,
}

/// What one summary of one group knows.
#[derive(Serialize, Deserialize)]
pub(super) struct State<'a>(#[serde(borrow, with = "bytes")] pub(super) &'a [u8]);

/// A metric as a snapshot names it.
pub(super) fn saved(metric: &Definition) -> SavedMetric<'_> {
    let Definition { name, function, params, wires } = metric;
    SavedMetric {
        name,
        function: &function.spec.name,
        version: &function.spec.version,
        params: params.values().to_vec(),
        wires: wires.iter().map(|(input, source)| (input.as_str(), source.as_str())).collect(),
    }
}

/// The metric that a snapshot names.
pub(super) fn definition(metric: &SavedMetric<'_>) -> Result<Definition> {
    let (function, params) = restore::saved(metric.function, metric.version, &metric.params)?;
    let wires = metric.wires.iter().map(|(input, source)| ((*input).into(), (*source).into())).collect();
    Ok(Definition { name: metric.name.to_owned(), function, params, wires })
}
