//! Many metrics of the same rows, one native call per chunk.

use std::sync::Arc;

use omega_arrow::write;
use omega_catalog::{Error, Groups, Key, MetricSet as State, Metrics, Result};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::accumulators::constant;
use crate::answers::Table;
use crate::arguments::{columns_of_groups, flag, nulls_of};
use crate::data::{Import, Request};
use crate::errors::{Outcome, asked, guard};
use crate::feature_sets::{Words, by_of, definitions_of, described, names_of};
use crate::groups::{closed_list, group_of, listed};
use crate::keys::key;
use crate::live::Live;
use crate::objects;
use crate::run::{column, data_of, detached};
use crate::words::kind;

const NAME: &str = "omega.MetricSet";

/// What messages call the metrics of a set.
const WORDS: Words = Words {
    all: "the metrics",
    one: "metric",
    source: "the name of a column",
    refusal: omega_catalog::not_reduction,
};

/// Metrics by name, each with its parameters, over one series or one per group.
#[pyclass(frozen, module = "omega._rust")]
pub struct MetricSet {
    metrics: Arc<Metrics>,
    live: Live<State>,
}

impl MetricSet {
    /// A set of the catalogue as a Python object.
    pub fn new(state: State) -> Self {
        Self { metrics: Arc::clone(state.metrics()), live: Live::new(NAME, state) }
    }

    fn import(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        strict: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Import> {
        let by = self.metrics.by().map(|by| names_of(py, by)).transpose()?;
        let (inputs, strict) = (self.metrics.inputs(), flag(strict, "strict_zero_copy")?);
        Import::new(
            py,
            &Request { inputs, data: Some(data), columns: None, by: by.as_ref(), timed_by: None, strict },
        )
    }

    /// A dict that holds one row as one of columns of that row; `None` for other data.
    fn one_row<'py>(&self, data: &Bound<'py, PyAny>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let Ok(row) = data.cast::<PyDict>() else { return Ok(None) };
        let columns = PyDict::new(data.py());
        for input in self.metrics.inputs() {
            match asked(&input.name, row, row.get_item(&input.name))? {
                Some(value) if value.is_none() || constant(&value).is_some() => {
                    columns.set_item(&input.name, PyList::new(data.py(), [value])?)?;
                }
                _ => return Ok(None),
            }
        }
        for by in self.metrics.by().unwrap_or_default() {
            let Some(value) = asked(by, row, row.get_item(by))? else { continue };
            if key(&value, by)?.is_none() {
                return Ok(None);
            }
            columns.set_item(by, PyList::new(data.py(), [value])?)?;
        }
        Ok(Some(columns.into_any()))
    }

    /// A dict of numbers, or a table of one row per group.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        groups: Option<&[Key]>,
        keys: impl FnOnce(&[String], &[Key]) -> Result<Vec<write::Column>>,
        columns: Vec<Vec<f64>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let named = self.metrics.names().iter().zip(self.metrics.types()).zip(columns);
        let (Some(by), Some(groups)) = (self.metrics.by(), groups) else {
            let answer = PyDict::new(py);
            for ((name, data_type), values) in named {
                for value in values {
                    answer.set_item(name, objects::value_or_none(py, data_type, value)?)?;
                }
            }
            return Ok(answer.into_any());
        };
        let mut columns = keys(by, groups)?;
        columns.extend(named.map(|((name, data_type), values)| column(name, data_type, values)));
        Ok(Bound::new(py, Table::new(columns, groups.len()))?.into_any())
    }
}

#[pymethods]
impl MetricSet {
    /// A set from a mapping of names to `(function, parameters)`.
    #[new]
    #[pyo3(signature = (definitions, by=None, nulls=None, groups=None, alone=None))]
    fn from_definitions(
        py: Python<'_>,
        definitions: &Bound<'_, PyAny>,
        by: Option<&Bound<'_, PyAny>>,
        nulls: Option<&Bound<'_, PyAny>>,
        groups: Option<&Bound<'_, PyAny>>,
        alone: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        guard(py, NAME, || {
            let definitions = definitions_of(definitions, &WORDS)?;
            let by = by.map(columns_of_groups).transpose()?.unwrap_or_default();
            let mut set = State::new(definitions, by, nulls_of(nulls)?)?;
            if flag(alone, "alone")? {
                set = set.alone()?;
            }
            if let Some(groups) = groups {
                let groups = closed_list(groups, set.metrics().by())?;
                set = set.closed_to(&groups)?;
            }
            Ok(Self::new(set))
        })
    }

    /// All metrics over a table, from nothing: the live state stays as it is.
    #[pyo3(signature = (data, strict_zero_copy=None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        strict_zero_copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let import = self.import(py, data, strict_zero_copy)?;
            let columns = detached(py, import.rows, || self.metrics.run(&data_of(&import)?))?;
            let Some(grouping) = &import.grouping else {
                return self.answer(py, None, |_, _| Ok(Vec::new()), columns);
            };
            self.answer(py, Some(grouping.groups.keys()), |_, _| grouping.key_columns(), columns)
        })
    }

    /// Takes the rows of a chunk of data; on an error, none of them.
    #[pyo3(signature = (data, strict_zero_copy=None))]
    fn update(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        strict_zero_copy: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.live.guard(py, || {
            let row = self.one_row(data)?;
            let import = self.import(py, row.as_ref().unwrap_or(data), strict_zero_copy)?;
            detached(py, import.rows, || {
                let data = data_of(&import)?;
                self.live.lock()?.update(&data)
            })?;
            Ok(())
        })
    }

    /// Takes over the rows of another set of the same metrics, as if they came after this one's.
    fn merge(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<()> {
        self.live.guard(py, || {
            let Ok(other) = other.cast::<Self>() else {
                return Err(Error::invalid_type("what is merged", "a MetricSet", kind(other)).into());
            };
            Ok(self.live.merge(&other.get().live, State::merge)?)
        })
    }

    /// The metrics of the rows so far.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            // What is answered is made without the lock: making Python objects may run other Python code.
            let (groups, columns) = {
                let state = self.live.lock()?;
                (Groups::from_keys(state.groups())?, state.values()?)
            };
            let keys = |by: &[String], keys: &[Key]| {
                let each = by.iter().enumerate();
                each.map(|(part, by)| write::Column::part_of_keys(by, keys, part, None)).collect()
            };
            self.answer(py, Some(groups.keys()), keys, columns)
        })
    }

    /// What the set computes: a function and what it is given, by name.
    #[getter]
    fn definitions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let each = self.metrics.definitions();
            described(
                py,
                each.map(|one| (one.name.as_str(), one.function, &one.params, one.wires.as_slice())),
            )
        })
    }

    /// Whether the set holds one metric that answers for itself.
    #[getter]
    fn alone(&self, py: Python<'_>) -> PyResult<bool> {
        self.live.guard(py, || Ok(self.metrics.is_alone()))
    }

    /// The column that tells the group of each row, a list of several, or None.
    #[getter]
    fn by<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.live.guard(py, || self.metrics.by().map(|by| by_of(py, by)).transpose())
    }

    /// The keys of the groups.
    #[getter]
    fn groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let groups = Groups::from_keys(self.live.lock()?.groups())?;
            listed(py, groups.keys())
        })
    }

    /// Whether rows of other groups are refused.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        self.live.guard(py, || Ok(self.live.lock()?.is_closed()))
    }

    /// The number of rows taken so far of one group.
    #[pyo3(signature = (group, /))]
    fn rows_of<'py>(&self, py: Python<'py>, group: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let key = group_of(group, self.metrics.by(), "group")?;
            Ok(objects::count(py, self.live.lock()?.rows_of(&key)?)?)
        })
    }

    /// Forgets a group.
    #[pyo3(signature = (group, /))]
    fn drop(&self, py: Python<'_>, group: &Bound<'_, PyAny>) -> PyResult<()> {
        self.live.guard(py, || {
            let key = group_of(group, self.metrics.by(), "group")?;
            Ok(self.live.lock()?.forget(&key)?)
        })
    }

    /// Forgets every row of every group.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.live.reset(py)
    }

    /// The metrics and their live state as bytes, for `omega.restore`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.snapshot(py)
    }

    /// The number of rows taken so far, of all groups, missing ones included.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.rows(py)
    }

    /// The policy for missing inputs.
    #[getter]
    fn nulls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || Ok(objects::text(py, self.metrics.nulls().as_str())?))
    }

    /// The names of the outputs, in order.
    #[getter]
    #[pyo3(name = "names")]
    fn output_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || objects::texts(py, self.metrics.names().iter().map(String::as_str)))
    }

    /// The columns that a table must have.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.guard(py, || {
            let inputs = self.metrics.inputs().iter().map(|input| input.name.as_str());
            objects::texts(py, inputs.chain(self.metrics.by().unwrap_or_default().iter().map(String::as_str)))
        })
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(self.live.copy(py)?))
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.__copy__(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.live.reduce(py)
    }
}
