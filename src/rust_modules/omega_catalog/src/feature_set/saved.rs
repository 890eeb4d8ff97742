//! A feature set as the payload of a snapshot.

use omega_arrow::keys::Key;
use omega_kernel::payload::{bytes, list};
use serde::{Deserialize, Serialize};

use super::live::Series;

/// The payload as it is written; read as [`Saved`].
#[derive(Serialize)]
pub(super) struct Saving<'a> {
    pub(super) by: &'a [String],
    pub(super) groups: &'a [Key],
    pub(super) order: Option<&'a str>,
    pub(super) is_closed: bool,
    pub(super) series: &'a [Series],
    pub(super) begun: &'a [bool],
    pub(super) features: Vec<SavedFeature<'a>>,
}

/// The payload as it is read.
#[derive(Deserialize)]
pub(super) struct Saved<'a> {
    #[serde(borrow, with = "list")]
    pub(super) by: Vec<&'a str>,
    #[serde(with = "list")]
    pub(super) groups: Vec<Key>,
    pub(super) order: Option<&'a str>,
    pub(super) is_closed: bool,
    #[serde(with = "list")]
    pub(super) series: Vec<Series>,
    #[serde(with = "list")]
    pub(super) begun: Vec<bool>,
    #[serde(borrow, with = "list")]
    pub(super) features: Vec<SavedFeature<'a>>,
}

/// One feature's definition and state.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedFeature<'a> {
    pub(super) name: &'a str,
    pub(super) function: &'a str,
    pub(super) version: &'a str,
    #[serde(with = "list")]
    pub(super) params: Vec<f64>,
    #[serde(borrow, with = "list")]
    pub(super) wires: Vec<(&'a str, &'a str)>,
    #[serde(with = "bytes")]
    pub(super) state: &'a [u8],
}
