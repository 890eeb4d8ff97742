//! Columns of equal length that a state keeps between rows.

use std::array;
use std::fmt;
use std::ops::Range;

use omega_contract::bounds::is_input;
use omega_contract::memory;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::payload::list;

/// One vector per column, in which a stretch of rows lies side by side.
pub(crate) struct Columns<const I: usize>([Vec<f64>; I]);

impl<const I: usize> Columns<I> {
    pub fn new() -> Self {
        Self(array::from_fn(|_| Vec::new()))
    }

    pub fn copy(&self) -> omega_contract::Result<Self> {
        let mut copy = Self::new();
        for (copy, column) in copy.0.iter_mut().zip(&self.0) {
            *copy = memory::copied(column)?;
        }
        Ok(copy)
    }

    /// Memory for `rows` rows more, of which never more than `most` are kept.
    #[inline]
    pub fn reserve_up_to(&mut self, rows: usize, most: usize) -> omega_contract::Result<()> {
        self.0.iter_mut().try_for_each(|column| memory::reserve_up_to(column, rows, most))
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.0[0].len()
    }

    #[inline]
    pub fn push(&mut self, row: [f64; I]) {
        for (column, value) in self.0.iter_mut().zip(row) {
            column.push(value);
        }
    }

    #[inline]
    pub fn set(&mut self, place: usize, row: [f64; I]) {
        for (column, value) in self.0.iter_mut().zip(row) {
            column[place] = value;
        }
    }

    pub fn extend(&mut self, rows: [&[f64]; I]) {
        for (column, rows) in self.0.iter_mut().zip(rows) {
            column.extend_from_slice(rows);
        }
    }

    pub fn clear(&mut self) {
        self.0.iter_mut().for_each(Vec::clear);
    }

    pub fn all(&self) -> [&[f64]; I] {
        self.0.each_ref().map(Vec::as_slice)
    }

    #[inline]
    pub fn rows(&self, rows: Range<usize>) -> [&[f64]; I] {
        self.0.each_ref().map(|column| &column[rows.clone()])
    }

    /// Whether the columns are equally long, and hold no value but those that are taken.
    pub fn are_sound(&self) -> bool {
        let alike = self.0.iter().all(|column| column.len() == self.len());
        alike && self.0.iter().flatten().all(|value| is_input(*value))
    }
}

/// One column in a payload, as it is written.
#[derive(Serialize)]
struct Saving<'a>(#[serde(serialize_with = "list::serialize")] &'a [f64]);

/// One column in a payload, as it is read.
#[derive(Deserialize)]
struct Saved(#[serde(deserialize_with = "list::deserialize")] Vec<f64>);

impl<const I: usize> Serialize for Columns<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut columns = serializer.serialize_tuple(I)?;
        self.0.iter().try_for_each(|column| columns.serialize_element(&Saving(column)))?;
        columns.end()
    }
}

impl<'de, const I: usize> Deserialize<'de> for Columns<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(I, ColumnsVisitor)
    }
}

struct ColumnsVisitor<const I: usize>;

impl<'de, const I: usize> Visitor<'de> for ColumnsVisitor<I> {
    type Value = Columns<I>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{I} columns")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Columns<I>, A::Error> {
        let mut columns = Columns::new();
        for (place, column) in columns.0.iter_mut().enumerate() {
            let Saved(values) =
                items.next_element()?.ok_or_else(|| A::Error::invalid_length(place, &self))?;
            *column = values;
        }
        Ok(columns)
    }
}
