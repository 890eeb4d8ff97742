//! Group keys as Python has them.

use omega_arrow::keys::ALLOWED;
use omega_catalog::{Error, Groups, Key};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::errors::{Outcome, asked};
use crate::keys::{self, key};
use crate::objects;
use crate::words::shown;

/// A Python object as the key of one column; `name` is what messages call it.
#[inline]
pub fn key_of(item: &Bound<'_, PyAny>, name: &str) -> Outcome<Key> {
    match key(item, name)? {
        Some(key) => Ok(key.copy()?),
        None => Err(Error::invalid_type(name, ALLOWED, shown(item)).into()),
    }
}

/// What a caller calls a group: its key, or the tuple of its keys where there are several columns.
pub fn group_of(item: &Bound<'_, PyAny>, by: Option<&[String]>, name: &str) -> Outcome<Key> {
    let Some(by) = by.filter(|by| by.len() > 1) else { return key_of(item, name) };
    let refuse = || {
        let allowed = format!("a tuple of the keys of {}", by.join(", "));
        Error::invalid_type(name, allowed, shown(item))
    };
    let keys = item.cast::<PyTuple>().map_err(|_| refuse())?;
    if keys.len() != by.len() {
        return Err(refuse().into());
    }
    let parts = keys.iter_borrowed().zip(by).map(|(item, by)| key_of(&item, by));
    Ok(Key::of(parts.collect::<Outcome<_>>()?))
}

/// Keys as a list.
pub fn listed<'py>(py: Python<'py>, keys: &[Key]) -> Outcome<Bound<'py, PyAny>> {
    objects::list(py, keys.len(), |index| keys::object(py, &keys[index], None))
}

/// The groups to which a set is to be closed.
pub fn closed_list(groups: &Bound<'_, PyAny>, by: Option<&[String]>) -> Outcome<Groups> {
    let refuse = || Error::invalid_type("groups", "a list of keys, or None", shown(groups));
    if groups.is_instance_of::<PyString>() || groups.is_instance_of::<PyBytes>() {
        return Err(refuse().into());
    }
    let mut known = Groups::default();
    for item in groups.try_iter().map_err(|_| refuse())? {
        known.number_of(&group_of(&asked("groups", groups, item)?, by, "a group")?)?;
    }
    Ok(known)
}
