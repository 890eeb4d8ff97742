//! Rows of interleaved groups, laid side by side for what takes a whole group at once.

use omega_contract::Error;
use omega_contract::arrow::column::Chunk;

use crate::data::Import;

/// The rows of each group side by side, in order.
pub struct Gathered {
    columns: Vec<Vec<f64>>,
    /// Where each group starts, and the end of the last.
    starts: Vec<usize>,
    /// The row that each gathered row was.
    rows: Vec<usize>,
}

/// Sorts rows by group, keeping their order (a counting sort).
pub fn gather(import: &Import, numbers: &[u32], groups: usize) -> Gathered {
    let mut starts = vec![0; groups + 1];
    for &number in numbers {
        starts[number as usize + 1] += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut rows = vec![0; numbers.len()];
    for (row, &number) in numbers.iter().enumerate() {
        rows[next[number as usize]] = row;
        next[number as usize] += 1;
    }
    let flat: Vec<Vec<f64>> = (0..import.raw().len())
        .map(|column| {
            import
                .chunks()
                .flat_map(|chunk| (0..chunk[column].values.len()).map(move |row| chunk[column].get(row)))
                .collect()
        })
        .collect();
    let columns = flat.iter().map(|values| rows.iter().map(|&row| values[row]).collect()).collect();
    Gathered { columns, starts, rows }
}

impl Gathered {
    /// The rows of one group, one chunk per input.
    pub fn group(&self, group: usize) -> Vec<Chunk<'_>> {
        let (from, to) = (self.starts[group], self.starts[group + 1]);
        self.columns.iter().map(|values| Chunk::dense(&values[from..to])).collect()
    }

    /// The rows of a group, as numbers of rows of the data.
    pub fn rows(&self, group: usize) -> &[usize] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }

    /// The same error, naming the row of the data instead of the row of the group.
    pub fn restore_row(&self, error: Error, group: usize) -> Error {
        let row = error.field("row").and_then(|row| row.parse::<usize>().ok());
        match row.and_then(|row| self.rows(group).get(row)) {
            Some(&original) => error.with_field("row", original),
            None => error,
        }
    }
}
