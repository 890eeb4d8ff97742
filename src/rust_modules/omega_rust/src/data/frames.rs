//! Data frames column by column: only what a call reads is exported, and what else is in them does not matter.

use omega_contract::Error;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple};

use super::holders::{Holder, holder_of};
use super::names::{missing, place_of};
use crate::errors::{Outcome, asked};
use crate::words::{shown, tolerated, written};

/// Exporting so many columns more than are needed costs less than leaving them.
const SPARE_COLUMNS: usize = 8;
/// As above for record batches, whose columns cost more.
const SPARE_COLUMNS_OF_BATCH: usize = 3;

/// A frame whose columns are asked for by name.
pub struct Frame<'py> {
    object: Bound<'py, PyAny>,
    holder: Holder,
}

/// What a call reads of its data: some columns, or everything.
pub type Needed = Option<Wanted>;

/// Columns by name.
pub struct Wanted {
    /// What has to be there.
    pub names: Vec<String>,
    /// What tells groups where it is there, and is keys itself where it is not.
    pub keys: Vec<String>,
}

impl Wanted {
    fn len(&self) -> usize {
        self.names.len() + self.keys.len()
    }
}

/// Data as it is to be read: a frame column by column, or an object of which nothing is left to leave out.
pub enum Selected<'py> {
    /// Column by column.
    Frame(Frame<'py>),
    /// As a whole.
    Whole(Bound<'py, PyAny>),
}

/// What is to be read of `data`: what is needed, and a column that is `welcome` where there is one. Queries are narrowed
/// before they run.
pub fn select<'py>(
    data: &Bound<'py, PyAny>,
    needed: impl FnOnce() -> Outcome<Needed>,
    welcome: Option<&str>,
) -> Outcome<Selected<'py>> {
    let py = data.py();
    let whole = || Ok(Selected::Whole(data.clone()));
    let width = |name| -> Outcome<usize> {
        asked("data", data, data.getattr(name).and_then(|width| width.extract()))
    };
    let holder = holder_of(data)?;
    match holder {
        Holder::PandasFrame => Ok(Selected::Frame(Frame { object: data.clone(), holder })),
        Holder::PolarsFrame => match wider(width(intern!(py, "width"))?, SPARE_COLUMNS, needed)? {
            Some(_) => Ok(Selected::Frame(Frame { object: data.clone(), holder })),
            None => whole(),
        },
        Holder::ArrowTable | Holder::ArrowBatch => {
            let spare = if holder == Holder::ArrowTable { SPARE_COLUMNS } else { SPARE_COLUMNS_OF_BATCH };
            match wider(width(intern!(py, "num_columns"))?, spare, needed)? {
                Some(names) => narrowed_table(data, &names, welcome).map(Selected::Whole),
                None => whole(),
            }
        }
        Holder::PolarsQuery => {
            let mut query = data.clone();
            if let Some(wanted) = needed()? {
                let schema = asked("data", data, data.call_method0(intern!(py, "collect_schema")))?;
                let names = asked("data", data, schema.call_method0(intern!(py, "names")))?;
                let names = PyList::new(py, resolved(&wanted, welcome, &labels(data, &names)?)?)?;
                query = asked("data", data, data.call_method1(intern!(py, "select"), (names,)))?;
            }
            asked("data", data, query.call_method0(intern!(py, "collect"))).map(Selected::Whole)
        }
        Holder::DuckRelation => {
            let Some(wanted) = needed()? else { return whole() };
            let names = labels(data, &asked("data", data, data.getattr(intern!(py, "columns")))?)?;
            if wanted.len() == 0 || names.len() <= wanted.len() {
                return whole();
            }
            let quoted = resolved(&wanted, welcome, &names)?.into_iter();
            let quoted: Vec<String> =
                quoted.map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
            let projected = data.call_method1(intern!(py, "project"), (quoted.join(", "),));
            asked("data", data, projected).map(Selected::Whole)
        }
        Holder::PandasSeries | Holder::Other => whole(),
    }
}

/// What is needed of data that is wider than that and `spare`.
fn wider(width: usize, spare: usize, needed: impl FnOnce() -> Outcome<Needed>) -> Outcome<Needed> {
    // Something is needed of every table; what exactly is asked only where it may matter.
    if width <= 1 + spare {
        return Ok(None);
    }
    Ok(needed()?.filter(|wanted| width > wanted.len() + spare))
}

/// A table of pyarrow with the columns that are needed; with all where some are not there, for the words of the refusal.
fn narrowed_table<'py>(
    table: &Bound<'py, PyAny>,
    wanted: &Wanted,
    welcome: Option<&str>,
) -> Outcome<Bound<'py, PyAny>> {
    let py = table.py();
    let all: Vec<&String> = wanted.names.iter().chain(&wanted.keys).collect();
    if welcome.is_none()
        && let Some(narrow) = tolerated(py, table.call_method1(intern!(py, "select"), (all,)))
    {
        return Ok(narrow);
    }
    let schema = asked("data", table, table.getattr(intern!(py, "schema")))?;
    let names = labels(table, &asked("data", table, schema.getattr(intern!(py, "names")))?)?;
    let names = PyList::new(py, resolved(wanted, welcome, &names)?)?;
    asked("data", table, table.call_method1(intern!(py, "select"), (names,)))
}

/// The names of columns as they are in the data, each once.
fn resolved(wanted: &Wanted, welcome: Option<&str>, names: &[String]) -> Outcome<Vec<String>> {
    let mut found: Vec<String> = Vec::with_capacity(wanted.len());
    let mut find = |place: usize| {
        if !found.contains(&names[place]) {
            found.push(names[place].clone());
        }
    };
    for name in &wanted.names {
        find(place_of(name, names)?.ok_or_else(|| missing(name, names))?);
    }
    for name in &wanted.keys {
        place_of(name, names).ok().flatten().into_iter().for_each(&mut find);
    }
    let welcome = welcome.filter(|welcome| names.iter().any(|name| name == welcome));
    found.extend(welcome.map(str::to_owned).filter(|welcome| !found.contains(welcome)));
    Ok(found)
}

/// Labels of columns as text.
fn labels(data: &Bound<'_, PyAny>, labels: &Bound<'_, PyAny>) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for label in asked("data", data, labels.try_iter())? {
        let label = asked("data", data, label)?;
        names.push(label.cast::<PyString>().map_or_else(|_| shown(&label), written));
    }
    Ok(names)
}

impl<'py> Frame<'py> {
    /// A frame of polars of which not all can be exported, as where a column holds Python objects.
    pub fn of_polars(data: &Bound<'py, PyAny>) -> Outcome<Option<Self>> {
        let holder = holder_of(data)?;
        Ok((holder == Holder::PolarsFrame).then(|| Self { object: data.clone(), holder }))
    }

    /// Whether it is one of pandas.
    pub fn is_pandas(&self) -> bool {
        self.holder == Holder::PandasFrame
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Outcome<Bound<'py, PyAny>> {
        let py = self.object.py();
        if self.is_pandas() {
            return self.pandas_column(name);
        }
        let method = intern!(py, "get_column");
        if let Some(column) = tolerated(py, self.object.call_method1(method, (name,))) {
            return Ok(column);
        }
        let names = self.names()?;
        let place = place_of(name, &names)?.ok_or_else(|| missing(name, &names))?;
        self.ask(self.object.call_method1(method, (&names[place],)))
    }

    /// What its columns are called, in order.
    pub fn names(&self) -> Outcome<Vec<String>> {
        labels(&self.object, &self.ask(self.object.getattr(intern!(self.object.py(), "columns")))?)
    }

    /// The column at a place.
    pub fn at(&self, place: usize) -> Outcome<Bound<'py, PyAny>> {
        let py = self.object.py();
        if !self.is_pandas() {
            return self.ask(self.object.call_method1(intern!(py, "to_series"), (place,)));
        }
        let by_place = self.ask(self.object.getattr(intern!(py, "iloc")))?;
        self.ask(by_place.get_item((pyo3::types::PySlice::full(py), place)))
    }

    fn pandas_column(&self, name: &str) -> Outcome<Bound<'py, PyAny>> {
        let py = self.object.py();
        let columns = self.ask(self.object.getattr(intern!(py, "columns")))?;
        let place = tolerated(py, columns.call_method1(intern!(py, "get_loc"), (name,)));
        if place.is_some_and(|place| place.is_exact_instance_of::<PyInt>()) {
            return self.ask(self.object.get_item(name));
        }
        let depth: usize =
            self.ask(columns.getattr(intern!(py, "nlevels")).and_then(|depth| depth.extract()))?;
        if depth > 1 {
            return self.column_of_levels(&columns, name);
        }
        let names = self.names()?;
        match place_of(name, &names)? {
            Some(place) => self.at(place),
            None => level_of(&self.object, name)?.ok_or_else(|| missing(name, &names).into()),
        }
    }

    /// The column that is the only one with a name among its labels, where each column has several.
    fn column_of_levels(&self, columns: &Bound<'py, PyAny>, name: &str) -> Outcome<Bound<'py, PyAny>> {
        let folded = name.to_lowercase();
        let mut all = Vec::new();
        let mut exact = Vec::new();
        let mut alike = Vec::new();
        for (place, label) in self.ask(columns.try_iter())?.enumerate() {
            let label = self.ask(label)?;
            all.push(shown(&label));
            let Ok(parts) = label.cast::<PyTuple>() else { continue };
            for (level, part) in parts.iter_borrowed().enumerate() {
                let part = part.cast::<PyString>().map_or_else(|_| shown(&part), |part| written(&part));
                if part == name {
                    exact.push((place, level, label.clone()));
                } else if part.to_lowercase() == folded {
                    alike.push((place, level, label.clone()));
                }
            }
        }
        match if exact.is_empty() { &alike } else { &exact }.as_slice() {
            [] => level_of(&self.object, name)?.ok_or_else(|| missing(name, &all).into()),
            [(place, ..)] => self.at(*place),
            [(_, level, label), ..] => {
                let other = usize::from(*level == 0);
                let one = label.get_item(other).map_or_else(|_| "…".into(), |one| shown(&one));
                let names = self.ask(columns.getattr(intern!(self.object.py(), "names")))?;
                let called = names.get_item(other).ok().filter(|called| !called.is_none());
                let called = called.map_or_else(|| other.to_string(), |called| shown(&called));
                let allowed = format!(
                    "one column: columns have several levels here, so take one of the other level, as with \
                     .xs({one}, axis=1, level={called}), or turn that level into rows, with .stack({called}), and group by it"
                );
                Err(Error::invalid_shape(format!("column `{name}`"), allowed, "several of that label").into())
            }
        }
    }

    fn ask<T>(&self, answer: PyResult<T>) -> Outcome<T> {
        asked("data", &self.object, answer)
    }
}

/// The labels of rows of a pandas object that have a name, as a column.
fn level_of<'py>(object: &Bound<'py, PyAny>, name: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
    let index = asked("data", object, object.getattr(intern!(object.py(), "index")))?;
    labels_called(&index, name)
}

/// What the levels of an index are called.
pub fn level_names(index: &Bound<'_, PyAny>) -> Outcome<Vec<String>> {
    labels(index, &asked("data", index, index.getattr(intern!(index.py(), "names")))?)
}

/// The labels of an index that have a name, as a column.
pub fn labels_called<'py>(index: &Bound<'py, PyAny>, name: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
    let py = index.py();
    let Some(level) = place_of(name, &level_names(index)?)? else { return Ok(None) };
    let level = asked("data", index, index.call_method1(intern!(py, "get_level_values"), (level,)))?;
    asked("data", index, level.call_method0(intern!(py, "to_series"))).map(Some)
}

/// Whether it is a column of Python objects of pandas, which are made numbers one by one.
pub fn holds_objects(column: &Bound<'_, PyAny>) -> Outcome<bool> {
    if holder_of(column)? != Holder::PandasSeries {
        return Ok(false);
    }
    let kind = asked("data", column, column.getattr(intern!(column.py(), "dtype")))?;
    asked("data", column, kind.eq("object"))
}

/// The numbers of a column of pandas where they lie in memory; `None` for what is not one, or keeps them otherwise.
pub fn pandas_numbers<'py>(column: &Bound<'py, PyAny>) -> Outcome<Option<Bound<'py, PyAny>>> {
    let py = column.py();
    if holder_of(column)? != Holder::PandasSeries {
        return Ok(None);
    }
    let values = asked("data", column, column.getattr(intern!(py, "values")))?;
    let kind = asked("data", column, values.getattr(intern!(py, "dtype")))?;
    let Some(code) = kind.getattr_opt(intern!(py, "char"))? else { return Ok(None) };
    let is_number = code.cast::<PyString>().is_ok_and(|code| "bBhHiIlLqQfd".contains(&*written(code)));
    Ok((is_number && super::kinds::kind_of(&values)? == super::kinds::Kind::NumPy).then_some(values))
}
