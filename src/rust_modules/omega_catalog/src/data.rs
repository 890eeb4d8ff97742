//! Rows on their way into functions: borrowed columns, and the group of each row.

use omega_arrow::column::Chunk;
use omega_arrow::keys::{Groups, Key, MOST_KEYS};
use omega_contract::spec::FunctionSpec;
use omega_contract::{Error, Result};

/// Columns of equally many rows, cut into chunks at the same rows, and the groups of the rows where there are any.
pub struct Data<'a> {
    columns: usize,
    rows: usize,
    /// Chunk after chunk, one of each column.
    chunks: Vec<Chunk<'a>>,
    groups: Option<Grouping<'a>>,
}

/// Which group each row belongs to.
#[derive(Clone, Copy)]
pub struct Grouping<'a> {
    /// The distinct keys.
    pub groups: &'a Groups,
    /// The number of each row's key.
    pub numbers: &'a [u32],
}

impl<'a> Data<'a> {
    /// Whole columns, in which NaN is missing.
    ///
    /// # Errors
    /// `LENGTH_MISMATCH` if one is longer than the other.
    pub fn new(columns: &[&'a [f64]]) -> Result<Self> {
        Self::from_chunks(columns.len(), columns.iter().map(|column| Chunk::dense(column)).collect())
    }

    /// Columns in chunks: one chunk of each column, then the next of each.
    ///
    /// # Errors
    /// `LENGTH_MISMATCH` if chunks side by side differ in length, `INVALID_SHAPE` if a column lacks one.
    pub fn from_chunks(columns: usize, chunks: Vec<Chunk<'a>>) -> Result<Self> {
        if !chunks.len().is_multiple_of(columns.max(1)) {
            let allowed = format!("as many as {columns} columns need");
            return Err(Error::invalid_shape("the number of chunks", allowed, chunks.len()));
        }
        let mut rows = 0;
        for abreast in chunks.chunks(columns.max(1)) {
            let first = abreast[0].values.len();
            if let Some(place) = abreast.iter().position(|chunk| chunk.values.len() != first) {
                let (name, allowed) = (format!("column {place}"), format!("{first} (as column 0)"));
                return Err(Error::length_mismatch(name, allowed, abreast[place].values.len()));
            }
            rows += first;
        }
        Ok(Self { columns, rows, chunks, groups: None })
    }

    /// The same rows by group; row `i` belongs to the key of number `numbers[i]`.
    ///
    /// # Errors
    /// `LENGTH_MISMATCH` unless there is a number for each row.
    pub fn by(self, groups: &'a Groups, numbers: &'a [u32]) -> Result<Self> {
        if numbers.len() != self.rows {
            let allowed = format!("{} (as the data)", self.rows);
            return Err(Error::length_mismatch("the groups", allowed, numbers.len()));
        }
        Ok(Self { groups: Some(Grouping { groups, numbers }), ..self })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The groups of the rows.
    #[must_use]
    pub fn grouping(&self) -> Option<Grouping<'a>> {
        self.groups
    }

    /// Chunk after chunk: for each, one [`Chunk`] per column.
    pub fn chunks(&self) -> impl Iterator<Item = &[Chunk<'a>]> {
        self.chunks.chunks(self.columns.max(1))
    }

    /// Refuses data that has not as many columns as a function reads.
    pub(crate) fn fits(&self, spec: &FunctionSpec) -> Result<()> {
        wide(&spec.name, spec.inputs.len(), self.columns)
    }
}

/// Refuses columns, or a row, that are not as many as a function reads.
#[inline]
pub(crate) fn wide(function: &str, inputs: usize, given: usize) -> Result<()> {
    if inputs == given { Ok(()) } else { Err(refusal(function, inputs, given)) }
}

#[cold]
fn refusal(function: &str, inputs: usize, given: usize) -> Error {
    let subject = format!("what {function} reads or writes");
    Error::invalid_shape(subject, format!("{inputs} columns"), format!("{given} columns"))
}

/// The refusal of rows that do not say which groups they belong to.
#[cold]
pub(crate) fn no_groups() -> Error {
    Error::missing_column("by", "no column of groups")
}

/// The columns that tell the group of each row, each once; none where there are no groups.
pub(crate) fn columns_of_groups(by: impl IntoIterator<Item = String>) -> Result<Vec<String>> {
    let by: Vec<String> = by.into_iter().collect();
    if by.len() > MOST_KEYS {
        return Err(Error::invalid_shape("by", format!("at most {MOST_KEYS} columns"), by.len()));
    }
    match by.iter().enumerate().find(|(place, name)| by[..*place].contains(name)) {
        Some((_, name)) => Err(Error::invalid_shape("by", "columns that differ", format!("{name} twice"))),
        None => Ok(by),
    }
}

/// Refuses a key that is not made of as many as there are columns of groups.
#[inline]
pub(crate) fn keyed_by(by: &[String], key: &Key) -> Result<()> {
    if key.parts().len() == by.len() {
        return Ok(());
    }
    let value = format!("{} of them", key.parts().len());
    Err(Error::invalid_shape("a group", format!("keys of {}", by.join(", ")), value))
}
