//! The table schemas, as static data: what a spec or a kernel says about a column is checked while it compiles.

/// The tables. Generated.
mod generated;

/// Each table has a module with a constant for every column that a kernel can read, so that a spec with another does not
/// compile.
///
/// ```
/// use omega_contract::tables::bars;
/// assert_eq!(bars::CLOSE.name, "close");
/// ```
///
/// A column that the schema does not have, and one of a type that no kernel reads:
///
/// ```compile_fail,E0425
/// let _ = omega_contract::tables::bars::LAST;
/// ```
///
/// ```compile_fail,E0425
/// let _ = omega_contract::tables::bars::SYMBOL;
/// ```
pub use generated::*;

use crate::params::near;
use crate::{Error, Result};

/// A table schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// As in `bars`.
    pub name: &'static str,
    /// Its semantic version.
    pub version: &'static str,
    /// SHA-256 over the canonical text of its fields, in hex.
    pub fingerprint: &'static str,
    /// `input` for what Omega reads, `output` for what it writes.
    pub direction: &'static str,
    /// The struct that holds one row, as in `Bar`.
    pub record: &'static str,
    /// Its columns, in order.
    pub fields: &'static [Field],
}

/// A column of a table schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its Arrow type, as in `timestamp[us, UTC]`.
    pub type_name: &'static str,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// price, quantity, fraction …; empty for a pure number or text.
    pub unit: &'static str,
    /// What it means, in a sentence.
    pub summary: &'static str,
}

/// A table by name.
///
/// # Errors
/// `UNKNOWN_TABLE`, with the nearest name.
pub fn get(name: &str) -> Result<&'static Table> {
    TABLES.iter().find(|table| table.name == name).ok_or_else(|| {
        let nearest = near(name, TABLES.iter().map(|table| table.name)).unwrap_or_default();
        Error::unknown_table(name, nearest)
    })
}

/// Name, version and fingerprint of every table, one line each: equal in two builds that have the same tables.
#[must_use]
pub fn fingerprints() -> String {
    let lines = TABLES.iter().map(|table| format!("{} {} {}", table.name, table.version, table.fingerprint));
    lines.collect::<Vec<_>>().join("\n")
}

/// A column by table and name; only a column that a kernel can read has a constant, so that no other compiles.
const fn field(table: &str, name: &str) -> Field {
    let mut index = 0;
    while !equal(TABLES[index].name, table) {
        index += 1;
    }
    let fields = TABLES[index].fields;
    index = 0;
    while !equal(fields[index].name, name) {
        index += 1;
    }
    fields[index]
}

/// `==` on strings, which is not yet a `const fn`.
const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
