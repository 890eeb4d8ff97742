//! Inputs of many columns: which columns of the data they are, and what each is called.

use std::ffi::CStr;

use omega_arrow::c::ArrowSchema;
use omega_arrow::float64::RawChunk;
use omega_arrow::read::{Field, Fields, fields};
use omega_contract::Error;
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use super::capsules::{Produced, produce};
use super::frames::{Frame, pandas_numbers};
use super::groups::names_of_groups;
use super::holders::{Holder, holder_of};
use super::import::{Import, Reads, Request, Source, Whole};
use super::indexes::{Indexes, index_names};
use super::names::{missing, place_of};
use super::sequences::matrix;
use crate::errors::{Failure, Outcome, asked};
use crate::words::{shown, text_of, written};

/// What tells rows apart is no value, whatever its type.
const KEYS: [&str; 2] = ["symbol", "timestamp"];

/// A column with its name.
pub type Named = (String, Vec<RawChunk>);

impl Import {
    /// The columns of the input at `index`: those that the keyword holds or names, else all numbers of the data but for
    /// what is an index, a group, another input, `symbol` or `timestamp`. Columns without names go by their places.
    pub(super) fn many<'py>(
        &mut self,
        py: Python<'py>,
        whole: &Whole<'py>,
        request: &Request<'_, 'py>,
        index: usize,
        indexes: &mut Indexes<'py>,
    ) -> Outcome<Vec<Named>> {
        let input = &request.inputs[index].name;
        let keyword = match request.columns {
            Some(columns) => Some(columns.get_item(index)?).filter(|object| !object.is_none()),
            None => None,
        };
        let others = (0..request.inputs.len()).filter(|&other| other != index);
        let mut keys: Vec<String> = KEYS.map(str::to_owned).into();
        for other in others {
            keys.push(request.column_of(other)?);
        }
        if let Some(by) = request.by {
            keys.extend(names_of_groups(whole, by, indexes)?);
        }
        if let Some(object) = &keyword
            && listed(object)?.is_none()
        {
            indexes.add(input, object)?;
            keys.extend(index_names(object)?);
            let own = Whole::of(Some(object), || Ok(None), None)?;
            let columns = self.columns_of(py, &own, input, None, &keys)?;
            self.keep(own);
            return Ok(columns);
        }
        if let Some(data) = request.data {
            keys.extend(index_names(data)?);
        }
        let wanted = keyword.as_ref().map(listed).transpose()?.flatten();
        self.columns_of(py, whole, input, wanted.as_deref(), &keys)
    }

    fn columns_of(
        &mut self,
        py: Python<'_>,
        whole: &Whole<'_>,
        input: &str,
        wanted: Option<&[String]>,
        keys: &[String],
    ) -> Outcome<Vec<Named>> {
        match whole {
            Whole::Produced(produced) => self.produced_columns(py, produced, input, wanted, keys),
            Whole::Mapping(mapping) => {
                let listed = asked(input, mapping, mapping.call_method0(intern!(py, "keys")))?;
                let items = asked(input, mapping, listed.try_iter())?.map(|key| asked(input, mapping, key));
                let items = items.collect::<Outcome<Vec<_>>>()?;
                let called = items.iter().map(|key| match key.cast::<PyString>() {
                    Ok(name) => (written(name), true),
                    Err(_) => (shown(key), true),
                });
                let chosen = chosen(input, called.collect(), wanted, keys)?;
                let columns = chosen.into_iter().map(|(place, name)| {
                    let item = asked(&name, mapping, mapping.get_item(&items[place]))?;
                    let chunks = self.column(py, whole, &Source::Alone(item), &name, Reads::Numbers)?;
                    Ok((name, chunks))
                });
                columns.collect()
            }
            Whole::Frame(frame) => self.frame_columns(py, whole, frame, input, wanted, keys),
            Whole::Alone(_) if wanted.is_some() => {
                let first = wanted.and_then(<[String]>::first).map_or("", String::as_str);
                Err(Error::missing_column(first, "columns without names").into())
            }
            Whole::Alone(object) if holder_of(object)? == Holder::PandasSeries => match produce(object)? {
                Some(produced) => {
                    let columns = self.produced_columns(py, &produced, input, wanted, keys);
                    self.keep(Whole::Produced(produced));
                    columns
                }
                None => Err(Error::missing_column(input, "no column").into()),
            },
            Whole::Alone(object) => {
                if let Some((owner, columns)) = matrix(object, &mut self.copies)? {
                    self._sequences.push(owner);
                    let columns = columns.into_iter().enumerate();
                    return Ok(columns.map(|(place, chunk)| (place.to_string(), vec![chunk])).collect());
                }
                Ok(vec![(
                    "0".into(),
                    self.column(py, whole, &Source::Alone(object.clone()), input, Reads::Numbers)?,
                )])
            }
            Whole::Absent => Err(Error::missing_column(input, "no column").into()),
        }
    }

    fn frame_columns(
        &mut self,
        py: Python<'_>,
        whole: &Whole<'_>,
        frame: &Frame<'_>,
        input: &str,
        wanted: Option<&[String]>,
        keys: &[String],
    ) -> Outcome<Vec<Named>> {
        let names = frame.names()?;
        let mut called = Vec::with_capacity(names.len());
        for (place, name) in names.into_iter().enumerate() {
            let is_value =
                wanted.is_none() && !keys.contains(&name) && could_be_numbers(&name, &frame.at(place)?)?;
            called.push((name, is_value));
        }
        let columns = chosen(input, called, wanted, keys)?.into_iter().map(|(place, name)| {
            let column = Source::Alone(frame.at(place)?);
            let chunks = self.column(py, whole, &column, &name, Reads::Numbers)?;
            Ok((name, chunks))
        });
        columns.collect()
    }

    fn produced_columns(
        &mut self,
        py: Python<'_>,
        produced: &Produced,
        input: &str,
        wanted: Option<&[String]>,
        keys: &[String],
    ) -> Outcome<Vec<Named>> {
        // SAFETY: the capsule protocol vouches for the structs.
        let (schema, arrays) = unsafe { produced.structs(py)? };
        // SAFETY: as above.
        let batches = arrays.into_iter().map(|array| unsafe { fields(schema, array) });
        let batches: Vec<Fields<'_>> = batches.collect::<Result<_, Error>>()?;
        let called = match batches.first() {
            Some(batch) if !batch.is_batch && wanted.is_none() => {
                let own = batch.fields.first().map_or("", |field| field.name);
                let name = if own.is_empty() { "0" } else { own }.to_owned();
                let chunks = batches.iter().flat_map(|batch| &batch.fields);
                let chunks = chunks.map(|field| self.float64(field, &name)).collect::<Outcome<_>>()?;
                return Ok(vec![(name, chunks)]);
            }
            Some(batch) => {
                batch.fields.iter().map(|field| (field.name.to_owned(), is_value(field))).collect()
            }
            // SAFETY: as above.
            None => unsafe { children(schema) },
        };
        let columns = chosen(input, called, wanted, keys)?.into_iter().map(|(place, name)| {
            let chunks = batches.iter().filter_map(|batch| batch.fields.get(place));
            let chunks = chunks.map(|field| self.float64(field, &name)).collect::<Outcome<_>>()?;
            Ok((name, chunks))
        });
        columns.collect()
    }
}

/// The names in a list of names, or one name; `None` for anything else, which is data.
pub(super) fn listed(object: &Bound<'_, PyAny>) -> Outcome<Option<Vec<String>>> {
    if let Ok(name) = object.cast::<PyString>() {
        return Ok(Some(vec![written(name)]));
    }
    if !object.is_instance_of::<PyList>() && !object.is_instance_of::<PyTuple>() {
        return Ok(None);
    }
    let mut names = Vec::new();
    for item in object.try_iter()? {
        let item = item?;
        let Ok(name) = item.cast::<PyString>() else { return Ok(None) };
        names.push(written(name));
    }
    Ok(Some(names).filter(|names| !names.is_empty()))
}

/// The places and names of the columns that were asked for, or else of all that are values.
fn chosen(
    input: &str,
    called: Vec<(String, bool)>,
    wanted: Option<&[String]>,
    keys: &[String],
) -> Outcome<Vec<(usize, String)>> {
    let available = || {
        let names: Vec<&str> = called.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "no column".into() } else { names.join(", ") }
    };
    let chosen: Vec<(usize, String)> = match wanted {
        Some(wanted) => {
            let place = |name: &String| {
                let names: Vec<&str> = called.iter().map(|(name, _)| name.as_str()).collect();
                place_of(name, &names)?.ok_or_else(|| missing(name, &names))
            };
            let found = wanted.iter().map(|name| {
                let place = place(name)?;
                Ok((place, called[place].0.clone()))
            });
            found.collect::<Result<_, Error>>()?
        }
        None => {
            let values = called.iter().enumerate().filter(|(_, (name, is_value))| {
                *is_value && !is_key(name, &called, keys) && !name.starts_with("__index_level_")
            });
            values.map(|(place, (name, _))| (place, name.clone())).collect()
        }
    };
    if chosen.is_empty() {
        return Err(Error::missing_column(input, available()).into());
    }
    let mut seen = std::collections::HashSet::new();
    for (_, name) in &chosen {
        if !seen.insert(name) || called.iter().filter(|(other, _)| other == name).count() > 1 {
            let label = format!("column `{name}`");
            return Err(Error::invalid_shape(label, "in the data once", "several times").into());
        }
    }
    Ok(chosen)
}

/// Whether a column of pandas could be one of numbers. One of objects is looked at, and refused where nobody can tell.
fn could_be_numbers(name: &str, column: &Bound<'_, PyAny>) -> Outcome<bool> {
    let py = column.py();
    if pandas_numbers(column)?.is_some() {
        return Ok(true);
    }
    let kind = asked(name, column, column.getattr(intern!(py, "dtype")))?;
    let called = asked(name, column, text_of(&kind))?;
    if ["str", "category", "bool", "datetime", "timedelta", "period", "interval"]
        .iter()
        .any(|text| called.starts_with(text))
    {
        return Ok(false);
    }
    let produced = match produce(column) {
        Ok(produced) => produced,
        Err(Failure::Python(failure)) if !failure.is_instance_of::<PyException>(py) => {
            return Err(failure.into());
        }
        Err(_) => {
            let allowed = "numbers, or left out by naming the columns that are meant";
            return Err(Error::unsupported_type(name, allowed, called).into());
        }
    };
    let Some(produced) = produced else { return Ok(false) };
    // SAFETY: the capsule protocol vouches for the structs.
    let (schema, _) = unsafe { produced.structs(py)? };
    Ok(schema.dictionary.is_null() && is_value_format(&text_at(schema.format)))
}

/// Whether a column is what a key names: exactly, or by case alone where no other column has the exact name.
fn is_key(name: &str, called: &[(String, bool)], keys: &[String]) -> bool {
    let is_there = |key: &String| called.iter().any(|(other, _)| other == key);
    keys.iter().any(|key| key == name || (key.to_lowercase() == name.to_lowercase() && !is_there(key)))
}

/// Whether a column could be one of numbers: text, times, truth values and bytes are not, and are left out; of what remains,
/// a type that cannot be read is refused by the column's name.
fn is_value(field: &Field<'_>) -> bool {
    field.array.dictionary.is_null() && is_value_format(field.format)
}

fn is_value_format(format: &str) -> bool {
    !matches!(format, "u" | "U" | "vu" | "z" | "Z" | "vz" | "b") && !format.starts_with(['t', 'w'])
}

/// The names of a table's columns, and whether each is one of values, where there is no row of it.
///
/// # Safety
/// The schema must be as the Arrow C data interface asks.
unsafe fn children(schema: &ArrowSchema) -> Vec<(String, bool)> {
    let count = if schema.children.is_null() { 0 } else { usize::try_from(schema.n_children).unwrap_or(0) };
    let text = text_at;
    // SAFETY: there are so many pointers, as the caller vouches.
    let children = (0..count).filter_map(|place| unsafe { (*schema.children.add(place)).as_ref() });
    children
        .map(|child| (text(child.name), child.dictionary.is_null() && is_value_format(&text(child.format))))
        .collect()
}

/// A text of a schema.
fn text_at(start: *const std::ffi::c_char) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: not NULL, and a text that ends with a zero byte, as the producer of the schema vouches.
    let text = unsafe { CStr::from_ptr(start) };
    text.to_string_lossy().into_owned()
}
