//! Groups as messages name them.

use omega_arrow::keys::{Groups, Key};
use omega_contract::params::near;
use omega_contract::{Error, Result};

/// The refusal of a key that is none of these, with the one that was probably meant.
#[cold]
pub(crate) fn unknown(key: &Key, groups: &Groups) -> Error {
    let (name, known) = (key.text(), groups.keys().iter().map(Key::text).collect::<Vec<_>>());
    let nearest = near(&name, known.iter().map(String::as_str)).unwrap_or_default();
    Error::unknown_group(&name, nearest)
}

/// Refuses groups whose keys are of several types in one column: no table could hold them.
///
/// # Errors
/// `UNSUPPORTED_TYPE`
pub(crate) fn same_types(by: Option<&[String]>, groups: &Groups) -> Result<()> {
    let Some((part, key)) = groups.stranger() else { return Ok(()) };
    let name = by.and_then(|by| by.get(part)).map_or("by", String::as_str);
    Err(Error::unsupported_type(name, "of the type of the keys before it", key.text()))
}

/// The same groups but for one.
///
/// # Errors
/// `OUT_OF_MEMORY`
pub(crate) fn without(groups: &Groups, gone: u32) -> Result<Groups> {
    let mut left = Groups::default();
    for (number, key) in groups.keys().iter().enumerate() {
        if number != gone as usize {
            left.number_of(key)?;
        }
    }
    Ok(left)
}
