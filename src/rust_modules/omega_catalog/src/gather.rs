//! Rows of interleaved groups, laid side by side for what takes a whole group at once.

use omega_arrow::column::Chunk;
use omega_contract::{Error, Result, memory};

use crate::data::{Data, Grouping, no_groups};

/// The rows of each group side by side, in order.
pub struct Gathered {
    columns: Vec<Vec<f64>>,
    /// Where each group starts, and the end of the last.
    starts: Vec<usize>,
    /// The row that each gathered row was.
    rows: Vec<usize>,
}

impl Data<'_> {
    /// Sorts the rows by group, keeping their order (a counting sort).
    ///
    /// # Errors
    /// `MISSING_COLUMN` if the rows have no groups, `OUT_OF_MEMORY`.
    pub fn gather(&self) -> Result<Gathered> {
        let Some(Grouping { groups, numbers }) = self.grouping() else { return Err(no_groups()) };
        let groups = groups.keys().len();
        let mut starts = memory::filled(groups + 1, 0)?;
        for &number in numbers {
            starts[number as usize + 1] += 1;
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let rows = placed(numbers, &starts, 0..numbers.len())?;
        let mut columns = Vec::with_capacity(self.columns());
        for column in 0..self.columns() {
            let chunks = self.chunks().map(|chunk| chunk[column]);
            let values = chunks.flat_map(|chunk| (0..chunk.values.len()).map(move |row| chunk.get(row)));
            columns.push(placed(numbers, &starts, values)?);
        }
        Ok(Gathered { columns, starts, rows })
    }
}

/// The values of all rows, each behind those of its group that came before it.
fn placed<T: Copy + Default>(
    numbers: &[u32],
    starts: &[usize],
    values: impl Iterator<Item = T>,
) -> Result<Vec<T>> {
    let mut next = memory::copied(starts)?;
    let mut placed = memory::filled(numbers.len(), T::default())?;
    for (&number, value) in numbers.iter().zip(values) {
        let next = &mut next[number as usize];
        placed[*next] = value;
        *next += 1;
    }
    Ok(placed)
}

impl Gathered {
    /// The rows of one group, one chunk per input.
    #[must_use]
    pub fn group(&self, group: usize) -> Vec<Chunk<'_>> {
        let (from, to) = (self.starts[group], self.starts[group + 1]);
        self.columns.iter().map(|values| Chunk::dense(&values[from..to])).collect()
    }

    /// The rows of a group, as numbers of rows of the data.
    #[must_use]
    pub fn rows(&self, group: usize) -> &[usize] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }

    /// The same error, naming the row of the data instead of the row of the group.
    #[must_use]
    pub fn restore_row(&self, error: Error, group: usize) -> Error {
        let row = error.field("row").and_then(|row| row.parse::<usize>().ok());
        match row.and_then(|row| self.rows(group).get(row)) {
            Some(&original) => error.with_field("row", original),
            None => error,
        }
    }
}
