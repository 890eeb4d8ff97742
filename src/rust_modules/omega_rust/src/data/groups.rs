//! The groups of rows: which columns tell them, and the number of each row's.

use omega_arrow::float64::Copies;
use omega_arrow::keys::{ALLOWED, Groups, Key, KeyRef, Kind, MOST_KEYS, Numbered, format, together};
use omega_arrow::read::Field;
use omega_arrow::write;
use omega_contract::{Error, ErrorCode, memory};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::capsules::produce;
use super::holders::{Holder, holder_of};
use super::import::{Import, Whole, mapping_item, single};
use super::indexes::Indexes;
use super::kinds::{Kind as Protocol, kind_of};
use super::names::missing;
use super::patience::Patience;
use super::sequences::{is_bytes, items_of};
use crate::arguments::text;
use crate::errors::{Failure, Outcome, asked};
use crate::keys::{Counted, dtype, key};
use crate::words::{has, kind as name_of_type, shown, tolerated, written};

/// Which group each row belongs to.
pub struct Grouping {
    /// The names of the columns of keys.
    pub names: Vec<String>,
    /// The Arrow types of the columns of keys, where they have one.
    formats: Vec<Option<String>>,
    /// The distinct keys, in order of appearance.
    pub groups: Groups,
    /// The group number of each row.
    pub numbers: Vec<u32>,
}

impl Grouping {
    /// The keys as columns of an answer with a row for each group.
    pub fn key_columns(&self) -> omega_contract::Result<Vec<write::Column>> {
        let columns = self.names.iter().zip(&self.formats).enumerate();
        columns
            .map(|(part, (name, format))| {
                write::Column::part_of_keys(name, self.groups.keys(), part, format.as_deref())
            })
            .collect()
    }

    /// A key of a group as Python has it: the key of its column, or a tuple of those of several.
    pub fn object<'py>(&self, py: Python<'py>, key: &Key) -> Outcome<Bound<'py, PyAny>> {
        let parts = key.parts().iter().zip(&self.formats);
        let mut parts = parts
            .map(|(part, format)| crate::keys::object(py, part, format.as_deref()))
            .collect::<Outcome<Vec<_>>>()?;
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                crate::objects::tuple(py, parts)
            }
        }
    }
}

/// What may be names of columns in `by`: a name, or a list of text that is not too long.
pub(super) fn names_in(by: &Bound<'_, PyAny>) -> Vec<String> {
    if let Ok(name) = by.cast::<PyString>() {
        return vec![written(name)];
    }
    if !is_listed(by) || items_of(by) > MOST_KEYS {
        return Vec::new();
    }
    let Some(items) = tolerated(by.py(), by.try_iter()) else { return Vec::new() };
    items.map_while(|item| tolerated(by.py(), item)?.cast::<PyString>().ok().map(written)).collect()
}

/// The columns that `by` names; none where it lists keys row by row.
pub(super) fn names_of_groups<'py>(
    whole: &Whole<'py>,
    by: &Bound<'py, PyAny>,
    indexes: &Indexes<'py>,
) -> Outcome<Vec<String>> {
    let names = names_in(by);
    if by.is_instance_of::<PyString>() {
        return Ok(names);
    }
    for name in &names {
        match named(by.py(), whole, name.clone(), indexes) {
            Ok(_) => {}
            Err(Failure::Omega(_)) => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        }
    }
    Ok(names)
}

fn is_listed(by: &Bound<'_, PyAny>) -> bool {
    by.is_instance_of::<PyList>() || by.is_instance_of::<PyTuple>()
}

/// One column of keys.
struct Keys<'py> {
    name: String,
    from: From<'py>,
}

/// Where a column of keys is.
enum From<'py> {
    /// In Arrow data, under its name.
    Field,
    /// A column of the data, or labels of its rows.
    Data(Bound<'py, PyAny>),
    /// An object of its own, whose labels must be those of the data.
    Alone(Bound<'py, PyAny>),
}

impl Import {
    /// Numbers the group of every row.
    pub(super) fn group<'py>(
        &mut self,
        py: Python<'py>,
        whole: &Whole<'py>,
        by: &Bound<'py, PyAny>,
        indexes: &mut Indexes<'py>,
    ) -> Outcome<()> {
        if let Whole::Alone(object) = whole
            && holder_of(object)? == Holder::PandasSeries
        {
            indexes.add("data", object)?;
        }
        let columns = self.columns_of_keys(whole, by, indexes)?;
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].iter().any(|other| other.name == column.name) {
                let value = format!("`{}` again", column.name);
                return Err(Error::invalid_shape("by", "columns that differ", value).into());
            }
        }
        let (mut names, mut formats, mut numbered) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let mut part = Part { name: column.name, format: None, numbered: Numbered::default() };
            match &column.from {
                From::Field => {
                    let fields = whole.fields(py, &part.name, false)?;
                    part.extend(&fields)?;
                }
                From::Data(object) | From::Alone(object) => {
                    if matches!(column.from, From::Alone(_)) {
                        indexes.add(&part.name, object)?;
                    }
                    match produce(object)? {
                        Some(produced) => part.extend(&single(py, &produced, &part.name.clone())?)?,
                        None => part.extend_from_list(object, &mut self.copies)?,
                    }
                }
            }
            let rows = part.numbered.1.len();
            if rows != self.rows {
                let allowed = format!("{} (as the data)", self.rows);
                return Err(Error::length_mismatch(&part.name, allowed, rows).into());
            }
            names.push(part.name);
            formats.push(part.format);
            numbered.push(part.numbered);
        }
        let (groups, numbers) = together(numbered)?;
        self.grouping = Some(Grouping { names, formats, groups, numbers });
        Ok(())
    }

    /// The columns of keys that `by` says: those of its names, or itself, or those that it lists.
    fn columns_of_keys<'py>(
        &self,
        whole: &Whole<'py>,
        by: &Bound<'py, PyAny>,
        indexes: &Indexes<'py>,
    ) -> Outcome<Vec<Keys<'py>>> {
        if by.is_instance_of::<PyString>() {
            return Ok(vec![named(by.py(), whole, text(by, "by")?, indexes)?]);
        }
        let py = by.py();
        let alone = |name: &str, object: &Bound<'py, PyAny>| Keys {
            name: name.into(),
            from: From::Alone(object.clone()),
        };
        if !is_listed(by) {
            return Ok(vec![alone("by", by)]);
        }
        let items = asked("by", by, by.try_iter())?.take(MOST_KEYS + 1);
        let items = items.map(|item| asked("by", by, item)).collect::<Outcome<Vec<_>>>()?;
        let n_items = items_of(by);
        let names = names_in(by);
        if !names.is_empty() && names.len() == n_items {
            let mut found = Vec::with_capacity(n_items);
            let mut lacking = None;
            for name in names {
                match named(py, whole, name, indexes) {
                    Ok(column) => found.push(column),
                    Err(Failure::Omega(error)) if error.code() == ErrorCode::MissingColumn => {
                        lacking = Some(error);
                    }
                    Err(failure) => return Err(failure),
                }
            }
            return match lacking {
                None if n_items == self.rows && by.is_instance_of::<PyList>() => {
                    let allowed = "a tuple, where names of columns are meant, or an array, where it is a column of keys: \
                                   it is as long as the data and names columns of it";
                    Err(Error::invalid_type("by", allowed, shown(by)).into())
                }
                None => Ok(found),
                Some(error) if n_items != self.rows && !found.is_empty() => Err(error.into()),
                Some(_) => Ok(vec![alone("by", by)]),
            };
        }
        let mut is_any_column = false;
        for item in &items {
            is_any_column |= is_column(item)?;
        }
        if !is_any_column {
            return Ok(vec![alone("by", by)]);
        }
        if n_items > MOST_KEYS {
            return Err(Error::invalid_shape("by", format!("at most {MOST_KEYS} columns"), n_items).into());
        }
        let mut columns = Vec::with_capacity(n_items);
        for (place, item) in items.iter().enumerate() {
            columns.push(if item.is_instance_of::<PyString>() {
                named(py, whole, text(item, "by")?, indexes)?
            } else if is_column(item)? {
                alone(&format!("by_{place}"), item)
            } else {
                let allowed = "names of columns, or columns as long as the data";
                return Err(Error::invalid_type(format!("item {place} of by"), allowed, shown(item)).into());
            });
        }
        Ok(columns)
    }
}

/// The column of keys that a name says: a column of the data, or a level of its labels.
fn named<'py>(
    py: Python<'py>,
    whole: &Whole<'py>,
    name: String,
    indexes: &Indexes<'py>,
) -> Outcome<Keys<'py>> {
    let found = match whole {
        Whole::Mapping(mapping) => mapping_item(mapping, &name).map(From::Alone),
        Whole::Frame(frame) => frame.column(&name).map(From::Data),
        Whole::Produced(_) => whole.fields(py, &name, false).map(|_| From::Field),
        Whole::Alone(_) | Whole::Absent => match indexes.level(&name)? {
            Some(level) => return Ok(Keys { name, from: From::Data(level) }),
            None => Err(missing(&name, &indexes.names()?).into()),
        },
    };
    match found {
        Err(Failure::Omega(error)) if error.code() == ErrorCode::MissingColumn => {
            match indexes.level(&name)? {
                Some(level) => Ok(Keys { name, from: From::Data(level) }),
                None => Err(error.into()),
            }
        }
        found => Ok(Keys { name, from: found? }),
    }
}

/// Whether an object in a list is a column, and no key itself.
fn is_column(item: &Bound<'_, PyAny>) -> Outcome<bool> {
    let py = item.py();
    Ok(match kind_of(item)? {
        Protocol::ArrowArray | Protocol::ArrowStream | Protocol::NumPy => true,
        Protocol::List | Protocol::Dict => item.is_instance_of::<PyList>(),
        Protocol::Other => has(item, intern!(py, "tolist")) && has(item, intern!(py, "__len__")),
    })
}

/// A column of keys on its way in.
struct Part {
    name: String,
    format: Option<String>,
    numbered: Numbered,
}

impl Part {
    fn extend(&mut self, fields: &[Field<'_>]) -> Outcome<()> {
        for field in fields {
            // SAFETY: the capsule protocol vouches for the struct, and its producer is alive in the caller.
            unsafe {
                self.numbered.0.number(field, &self.name, &mut self.numbered.1)?;
                self.format.get_or_insert_with(|| format(field).to_owned());
            }
        }
        Ok(())
    }

    /// Keys of a list, or of anything that makes one of itself, such as a NumPy array of text.
    fn extend_from_list(&mut self, object: &Bound<'_, PyAny>, copies: &mut Copies) -> Outcome<()> {
        let py = object.py();
        let refuse = || -> Outcome<()> {
            let allowed = "the name of a column, a list of such names, or a column of groups";
            Err(Error::invalid_type("by", allowed, shown(object)).into())
        };
        let is_array = kind_of(object)? == Protocol::NumPy;
        let counted = if is_array { Counted::of(&dtype(object)?) } else { None };
        let counts = match counted {
            Some(_) => {
                let order = if dtype(object)?.starts_with('>') { ">i8" } else { "<i8" };
                Some(asked("by", object, object.call_method1(intern!(py, "view"), (order,)))?)
            }
            None => None,
        };
        let source = counts.as_ref().unwrap_or(object);
        // A NumPy scalar makes a number of itself, and what has no order or stands for bytes is no column.
        let list = match source.getattr_opt(intern!(py, "tolist"))? {
            Some(method) => asked("by", object, method.call0())?,
            None => object.clone(),
        };
        if !list.is_instance_of::<PyList>() && !list.is_instance_of::<PyTuple>() {
            return refuse();
        }
        if is_bytes(object)? {
            return Err(Error::unsupported_type(&self.name, ALLOWED, "bytes").into());
        }
        let reason = name_of_type(object);
        copies.allow(&self.name, &reason)?;
        let (groups, numbers) = &mut self.numbered;
        memory::reserve_exact(numbers, items_of(&list))?;
        let mut patience = Patience::new(py);
        let mut first: Option<Key> = None;
        let (mut has_float, mut has_negative, mut has_large) = (false, false, false);
        for item in asked("by", object, list.try_iter())? {
            patience.check()?;
            let item = asked("by", object, item)?;
            let key = match counted {
                Some(counted) => Some(counted.key(asked("by", object, item.extract())?)),
                None => key(&item, &self.name)?,
            };
            let Some(key) = key else {
                return Err(Error::unsupported_type(&self.name, ALLOWED, shown(&item)).into());
            };
            let before = groups.next();
            let number = groups.number_of_ref(key)?;
            if number == before && !matches!(key, KeyRef::Missing) {
                let own = &groups.keys()[number as usize];
                if first.as_ref().is_some_and(|first| !own.is_like(first)) {
                    let allowed = "all of one type, such as all text or all whole numbers";
                    return Err(Error::unsupported_type(&self.name, allowed, shown(&item)).into());
                }
                first = first.map_or_else(|| own.copy().map(Some), |first| Ok(Some(first)))?;
                has_float |= item.is_instance_of::<pyo3::types::PyFloat>();
                has_negative |= matches!(key, KeyRef::Int(..0));
                has_large |= matches!(key, KeyRef::Value(Kind::Unsigned, _));
            }
            memory::push(numbers, number)?;
        }
        if has_large && has_negative {
            let allowed = "all below 2^63, or none negative";
            return Err(Error::unsupported_type(&self.name, allowed, "both").into());
        }
        if has_float {
            self.format = Some("g".into());
        } else if is_array && let Some(counted) = counted {
            self.format = Some(counted.format());
        }
        Ok(())
    }
}
