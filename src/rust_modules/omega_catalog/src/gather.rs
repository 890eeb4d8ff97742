//! Rows of interleaved groups, laid side by side for what takes a whole group at once.

use omega_arrow::column::Chunk;
use omega_contract::{Error, Result, memory};

use crate::data::{Data, Grouping, no_groups};

/// The rows of each group side by side, in order.
pub struct Gathered<'a> {
    columns: Columns<'a>,
    /// Where each group starts, and the end of the last.
    starts: Vec<usize>,
    /// The group of each row of the data.
    numbers: &'a [u32],
}

/// One column per input.
enum Columns<'a> {
    /// As they came, in one piece and without a bitmap: the rows of each group lie side by side already.
    Borrowed(Vec<Chunk<'a>>),
    /// In the order of groups.
    Sorted(Vec<Vec<f64>>),
}

impl<'a> Data<'a> {
    /// Sorts the rows by group, keeping their order (a counting sort); where they are sorted, nothing is copied.
    ///
    /// # Errors
    /// `MISSING_COLUMN` if the rows have no groups, `OUT_OF_MEMORY`.
    pub fn gather(&self) -> Result<Gathered<'a>> {
        let Some(Grouping { groups, numbers }) = self.grouping() else { return Err(no_groups()) };
        let groups = groups.keys().len();
        let starts = starts(numbers, groups)?;
        let mut chunks = self.chunks();
        if let (Some(whole), None) = (chunks.next(), chunks.next())
            && whole.iter().all(|column| column.validity.is_none())
            && numbers.is_sorted()
        {
            return Ok(Gathered { columns: Columns::Borrowed(whole.to_vec()), starts, numbers });
        }
        let mut columns = Vec::with_capacity(self.columns());
        let mut next = memory::room(groups)?;
        for column in 0..self.columns() {
            next.clear();
            next.extend_from_slice(&starts[..groups]);
            let mut sorted = memory::zeros(numbers.len())?;
            let mut rest = numbers;
            for chunk in self.chunks() {
                let chunk = chunk[column];
                let (here, behind) = rest.split_at(chunk.values.len());
                if chunk.validity.is_none() {
                    place(here, chunk.values.iter().copied(), &mut next, &mut sorted);
                } else {
                    place(here, (0..here.len()).map(|row| chunk.get(row)), &mut next, &mut sorted);
                }
                rest = behind;
            }
            columns.push(sorted);
        }
        Ok(Gathered { columns: Columns::Sorted(columns), starts, numbers })
    }
}

/// Where the rows of each group start in the order of groups, and the end of the last.
fn starts(numbers: &[u32], groups: usize) -> Result<Vec<usize>> {
    let mut starts = memory::filled(groups + 1, 0)?;
    for &number in numbers {
        starts[number as usize + 1] += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    Ok(starts)
}

/// Puts each value behind those of its group that came before it.
fn place(numbers: &[u32], values: impl Iterator<Item = f64>, next: &mut [usize], sorted: &mut [f64]) {
    for (&number, value) in numbers.iter().zip(values) {
        let next = &mut next[number as usize];
        sorted[*next] = value;
        *next += 1;
    }
}

impl Gathered<'_> {
    /// The rows of one group, one chunk without a bitmap per input.
    #[must_use]
    pub fn group(&self, group: usize) -> Vec<Chunk<'_>> {
        let (from, to) = (self.starts[group], self.starts[group + 1]);
        match &self.columns {
            Columns::Borrowed(columns) => columns.iter().map(|column| column.slice(from, to)).collect(),
            Columns::Sorted(columns) => {
                columns.iter().map(|values| Chunk::dense(&values[from..to])).collect()
            }
        }
    }

    /// The rows of a group, as numbers of rows of the data.
    pub fn rows(&self, group: usize) -> impl Iterator<Item = usize> {
        let rows = self.numbers.iter().enumerate();
        rows.filter(move |&(_, &number)| number as usize == group).map(|(row, _)| row)
    }

    /// The same error, naming the row of the data instead of the row of the group.
    #[must_use]
    pub fn restore_row(&self, error: Error, group: usize) -> Error {
        let row = error.field("row").and_then(|row| row.parse().ok());
        match row.and_then(|row| self.rows(group).nth(row)) {
            Some(original) => error.with_field("row", original),
            None => error,
        }
    }
}
