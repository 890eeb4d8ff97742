//! What a model answers group by group, put together: the rows back where the data has them, the rest a row per group.

use omega_arrow::keys::Key;
use omega_arrow::write::{Column as ColumnData, Shared};
use omega_contract::spec::{FunctionSpec, Output};
use omega_contract::{Error, Result, memory};
use omega_julia_host::Node;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::answers::{Column, Table};
use crate::data::Grouping;
use crate::errors::Outcome;
use crate::objects;

/// Along these axes an output is a sample of any size, and nothing that a row per group could hold.
const SAMPLES: [&str; 2] = ["replications", "path"];

/// The answers of all groups, as far as they are in.
pub struct Groups<'a> {
    grouping: &'a Grouping,
    /// The rows of the data in the order of groups, and where each group starts in them.
    order: Vec<f64>,
    starts: Vec<usize>,
    /// Row outputs: a column of the data's length each.
    rows: Vec<Vec<Whole>>,
    /// All others that are no samples: a value per group each.
    parameters: Vec<Vec<Whole>>,
}

/// A column on its way, with its name.
struct Whole {
    name: String,
    data_type: String,
    values: Vec<f64>,
}

impl Whole {
    /// A column of an output, in which every value is missing.
    fn missing(name: String, output: &Output, rows: usize) -> Result<Self> {
        Ok(Self { name, data_type: output.data_type.clone(), values: memory::filled(rows, f64::NAN)? })
    }
}

impl<'a> Groups<'a> {
    /// Nothing yet.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn new(spec: &FunctionSpec, grouping: &'a Grouping) -> Result<Self> {
        let numbers = &grouping.numbers;
        let mut starts = memory::filled(grouping.groups.keys().len() + 1, 0)?;
        for &number in numbers {
            starts[number as usize + 1] += 1;
        }
        for group in 1..starts.len() {
            starts[group] += starts[group - 1];
        }
        let mut order = memory::zeros(numbers.len())?;
        let mut next = memory::copied(&starts)?;
        for (row, &number) in numbers.iter().enumerate() {
            let place = &mut next[number as usize];
            order[*place] = row as f64;
            *place += 1;
        }
        // What has one column has it without a group as well.
        let single = |along_rows: bool, rows: usize| {
            let outputs = spec.outputs.iter().map(move |output| {
                let is_one = if along_rows { output.axes == ["row"] } else { output.axes.is_empty() };
                is_one.then(|| Whole::missing(output.name.clone(), output, rows)).into_iter().collect()
            });
            outputs.collect::<Result<Vec<Vec<Whole>>>>()
        };
        let (rows, parameters) = (single(true, numbers.len())?, single(false, starts.len() - 1)?);
        Ok(Self { grouping, order, starts, rows, parameters })
    }

    /// Takes what a group answered: one node per output, which fits its spec.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`, and `CONTRACT_MISMATCH` for an output along rows that has another number of them.
    pub fn take(&mut self, spec: &FunctionSpec, assets: &[Key], group: usize, nodes: &[Node]) -> Result<()> {
        let own = &self.order[self.starts[group]..self.starts[group + 1]];
        for (place, (output, node)) in spec.outputs.iter().zip(nodes).enumerate() {
            let along_rows = output.axes.first().is_some_and(|axis| axis == "row");
            if !along_rows && output.axes.iter().any(|axis| SAMPLES.contains(&axis.as_str())) {
                continue;
            }
            if along_rows && node.rows() != own.len() {
                return Err(Error::contract_mismatch(&output.name, own.len(), node.rows()));
            }
            // Column after column, as Julia has them.
            let values = node.f64_values();
            if along_rows {
                for (index, values) in values.chunks_exact(own.len().max(1)).enumerate() {
                    let column = column(&mut self.rows[place], output, index, self.order.len(), || {
                        name(output, assets, &[index][..output.axes.len() - 1], 1)
                    })?;
                    own.iter().zip(values).for_each(|(&row, &value)| column[row as usize] = value);
                }
                continue;
            }
            let width = if output.axes.len() < 2 { 1 } else { values.len() / node.rows().max(1) };
            for index in 0..values.len() {
                // Row after row, as people read a matrix.
                let (row, across) = (index / width, index % width);
                let groups = self.grouping.groups.keys().len();
                let column = column(&mut self.parameters[place], output, index, groups, || {
                    name(output, assets, &[row, across][..output.axes.len()], 0)
                })?;
                column[group] = values[across * node.rows() + row];
            }
        }
        Ok(())
    }

    /// For Python: the answers by group, a table of a row per group, one of the rows of the data or `None`, the rows of the
    /// data in the order of groups, and how many of them each group has.
    pub fn answer<'py>(self, py: Python<'py>, by_group: Bound<'py, PyDict>) -> Outcome<Bound<'py, PyAny>> {
        let keys = self.grouping.groups.keys();
        let column =
            |whole: Whole| ColumnData::typed(&whole.name, &whole.data_type, Shared::from_vec(whole.values));
        let mut parameters = self.grouping.key_columns()?;
        parameters.extend(self.parameters.into_iter().flatten().map(column));
        let rows: Vec<ColumnData> = self.rows.into_iter().flatten().map(column).collect();
        let rows = match rows.first() {
            Some(_) => Bound::new(py, Table::new(rows, self.order.len()))?.into_any(),
            None => py.None().into_bound(py),
        };
        let sizes = objects::list(py, keys.len(), |group| {
            Ok(objects::count(py, (self.starts[group + 1] - self.starts[group]) as u64)?)
        })?;
        let order = ColumnData::float64("row", Shared::from_vec(self.order));
        let parts = vec![
            by_group.into_any(),
            Bound::new(py, Table::new(parameters, keys.len()))?.into_any(),
            rows,
            Bound::new(py, Column::new(order))?.into_any(),
            sizes,
        ];
        objects::tuple(py, parts)
    }
}

/// The values of the column at `index`, which is added where there is none yet.
fn column<'a>(
    columns: &'a mut Vec<Whole>,
    output: &Output,
    index: usize,
    rows: usize,
    name: impl FnOnce() -> String,
) -> Result<&'a mut [f64]> {
    if columns.len() <= index {
        columns.push(Whole::missing(name(), output, rows)?);
    }
    let last = columns.len() - 1;
    Ok(&mut columns[index.min(last)].values)
}

/// What a column of an output is called: by its places along the axes from `first` on, or by their assets.
fn name(output: &Output, assets: &[Key], places: &[usize], first: usize) -> String {
    let mut name = output.name.clone();
    for (axis, &place) in output.axes[first..].iter().zip(places) {
        name.push('_');
        match assets.get(place) {
            Some(Key::Text(asset)) if axis == super::ASSET => name.push_str(asset),
            _ => name.push_str(&place.to_string()),
        }
    }
    name
}
