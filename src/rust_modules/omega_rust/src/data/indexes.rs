//! pandas objects that meet in one call must be about the same rows: their labels are compared, never ignored.
//!
//! Numbers go by position, as everywhere, and answers carry the labels of the first object. Two objects whose labels
//! differ would be paired wrongly, and the answer would look right.

use omega_contract::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::frames::{labels_called, level_names};
use super::kinds::{Kind, kind_of};
use crate::errors::{Outcome, asked};
use crate::words::{shown, written};

/// The first pandas object of a call.
#[derive(Default)]
pub struct Indexes<'py> {
    first: Option<(String, Bound<'py, PyAny>)>,
}

impl<'py> Indexes<'py> {
    /// Takes note of an object; refuses it where its labels are others than those of the first.
    pub fn add(&mut self, name: &str, object: &Bound<'py, PyAny>) -> Outcome<()> {
        let py = object.py();
        if kind_of(object)? != Kind::ArrowStream || !is_pandas(object)? {
            return Ok(());
        }
        let index = asked(name, object, object.getattr(intern!(py, "index")))?;
        let Some((first, known)) = &self.first else {
            self.first = Some((name.to_owned(), index));
            return Ok(());
        };
        // Where even the lengths differ, that is said instead.
        let same = index.is(known)
            || index.len()? != known.len()?
            || asked(name, object, index.call_method1(intern!(py, "equals"), (known,)))?.is_truthy()?;
        if same {
            return Ok(());
        }
        let allowed = format!(
            "that of `{first}`: align them first, with .reindex(), or go by position, with .to_numpy()"
        );
        Err(Error::invalid_shape(format!("the index of `{name}`"), allowed, "other labels").into())
    }
}

impl<'py> Indexes<'py> {
    /// The labels of the first object that have a name, as a column.
    pub fn level(&self, name: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
        self.first.as_ref().map_or(Ok(None), |(_, index)| labels_called(index, name))
    }

    /// What the labels of the first object are called.
    pub fn names(&self) -> Outcome<Vec<String>> {
        self.first.as_ref().map_or(Ok(Vec::new()), |(_, index)| level_names(index))
    }
}

/// What the labels of a pandas object are called, under which its Arrow data has them as columns; none of anything else.
pub fn index_names(object: &Bound<'_, PyAny>) -> Outcome<Vec<String>> {
    let py = object.py();
    if kind_of(object)? != Kind::ArrowStream || !is_pandas(object)? {
        return Ok(Vec::new());
    }
    let index = asked("data", object, object.getattr(intern!(py, "index")))?;
    let names = asked("data", object, index.getattr(intern!(py, "names")))?;
    let mut called = Vec::new();
    for name in asked("data", object, names.try_iter())? {
        let name = asked("data", object, name)?;
        called.push(name.cast::<PyString>().map_or_else(|_| shown(&name), written));
    }
    Ok(called)
}

/// Whether it is a Series or a DataFrame. Where pandas was never imported, nothing is.
fn is_pandas(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let Some(pandas) = modules.cast::<PyDict>()?.get_item(intern!(py, "pandas"))? else { return Ok(false) };
    for class in [intern!(py, "Series"), intern!(py, "DataFrame")] {
        if let Some(class) = pandas.getattr_opt(class)?
            && object.is_instance(&class)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
