//! The metrics of a set: what each computes, from which columns, and which summary of them it shares.

use omega_arrow::column::Chunk;
use omega_contract::bounds::MOST_ROWS;
use omega_contract::params::Params;
use omega_contract::spec::Input;
use omega_contract::{Error, Result, memory};
use omega_kernel::{Accumulator, Function, Marks, Nulls, ReductionFactory, SummaryId};

use super::NAME;
use crate::accumulator::reduction;
use crate::compute::answers;
use crate::data::{Data, no_groups, wide};
use crate::feature_set::Definition;
use crate::feature_set::outputs_of;
use crate::stream::MOST_COLUMNS;

/// Rows that all summaries take while they lie in the cache.
const BLOCK_ROWS: usize = 4096;

/// What a set knows of one series: an accumulator for each of its summaries.
pub(super) type Kept = Vec<Box<dyn Accumulator>>;

/// The metrics of a set, without what they remember: what is the same in every copy of it.
pub struct Metrics {
    each: Vec<Metric>,
    summaries: Vec<Shared>,
    names: Vec<String>,
    /// The columns that the metrics read, each once.
    inputs: Vec<Input>,
    /// The columns that tell the group of each row; none where there are no groups.
    by: Vec<String>,
    nulls: Nulls,
    /// Whether its one metric answers for itself, and not under a name.
    pub(super) is_alone: bool,
}

/// One metric of a set.
struct Metric {
    definition: Definition,
    factory: &'static dyn ReductionFactory,
    /// The place of its summary.
    summary: usize,
}

/// A summary of some columns, kept by an accumulator of the first metric that asked for it.
struct Shared {
    id: SummaryId,
    /// Which of the set's inputs it is of.
    columns: Vec<usize>,
    factory: &'static dyn ReductionFactory,
    params: Params,
}

impl Metrics {
    pub(super) fn new(definitions: Vec<Definition>, by: Vec<String>, nulls: Nulls) -> Result<Self> {
        if definitions.is_empty() {
            return Err(Error::invalid_shape("the metrics", "at least one", "none"));
        }
        let names = outputs_of(&definitions, "two metrics")?.into_iter().flatten().collect();
        let mut set = Self {
            each: Vec::new(),
            summaries: Vec::new(),
            names,
            inputs: Vec::new(),
            by,
            nulls,
            is_alone: false,
        };
        for definition in definitions {
            set.add(definition)?;
        }
        Ok(set)
    }

    fn add(&mut self, definition: Definition) -> Result<()> {
        let factory = reduction(definition.function)?;
        definition.check_wires()?;
        let mut columns = Vec::with_capacity(definition.function.spec.inputs.len());
        for input in &definition.function.spec.inputs {
            let source = definition.source(input).unwrap_or_else(|| input.column()).to_owned();
            let known = self.inputs.iter().position(|known| known.name == source);
            columns.push(known.unwrap_or_else(|| {
                let mut input = input.clone();
                input.rename(&source);
                self.inputs.push(input);
                self.inputs.len() - 1
            }));
        }
        let summary = self.summary(factory, &definition.params, columns);
        self.each.push(Metric { definition, factory, summary });
        Ok(())
    }

    /// The place of the summary of these columns that a metric asks for.
    fn summary(
        &mut self,
        factory: &'static dyn ReductionFactory,
        params: &Params,
        columns: Vec<usize>,
    ) -> usize {
        let id = factory.summary(params);
        let known = self.summaries.iter().position(|known| known.id == id && known.columns == columns);
        known.unwrap_or_else(|| {
            self.summaries.push(Shared { id, columns, factory, params: params.clone() });
            self.summaries.len() - 1
        })
    }

    /// The columns that rows must have, in order; the one of groups aside.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The names of the outputs, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The Arrow types of the outputs, in order.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        let outputs = self.each.iter().flat_map(|metric| &metric.definition.function.spec.outputs);
        outputs.map(|output| output.data_type.as_str())
    }

    /// The columns that tell the group of each row.
    #[must_use]
    pub fn by(&self) -> Option<&[String]> {
        (!self.by.is_empty()).then_some(&*self.by)
    }

    /// What a missing input does.
    #[must_use]
    pub fn nulls(&self) -> Nulls {
        self.nulls
    }

    /// Whether the set holds one metric that answers for itself, and not under a name.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// How many summaries are kept for all metrics.
    #[must_use]
    pub fn summaries(&self) -> usize {
        self.summaries.len()
    }

    /// The metrics as they were asked for, in order.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.each.iter().map(|metric| &metric.definition)
    }

    /// All metrics over a table, from nothing: one column for each name, of one row, or of one for each group in the order
    /// of the keys. NaN where a metric is undefined.
    ///
    /// # Errors
    /// As [`run`](crate::run), and `MISSING_COLUMN` if there are no groups where the metrics are by group.
    pub fn run(&self, data: &Data<'_>) -> Result<Vec<Vec<f64>>> {
        self.check(data, 0)?;
        let mut kept = self.fresh();
        let Some(grouping) = data.grouping().filter(|_| self.by().is_some()) else {
            self.reserve(&mut kept, data.rows())?;
            data.chunks().for_each(|chunk| self.take(&mut kept, chunk));
            let mut values = memory::filled(self.names.len(), f64::NAN)?;
            self.values(&kept, &mut values)?;
            return Ok(values.into_iter().map(|value| vec![value]).collect());
        };
        let gathered = data.gather()?;
        let groups = grouping.groups.keys().len();
        let mut answers = answers(self.names.len(), groups)?;
        let mut values = memory::filled(self.names.len(), f64::NAN)?;
        for group in 0..groups {
            let rows = gathered.group(group);
            self.reserve(&mut kept, rows[0].values.len())?;
            self.take(&mut kept, &rows);
            self.values(&kept, &mut values)?;
            answers.iter_mut().zip(&values).for_each(|(column, value)| column[group] = *value);
            kept.iter_mut().for_each(|kept| kept.reset());
        }
        Ok(answers)
    }

    /// Accumulators that have seen no rows.
    pub(super) fn fresh(&self) -> Kept {
        self.summaries.iter().map(|shared| shared.factory.accumulator(&shared.params, self.nulls)).collect()
    }

    /// Refuses rows that some metric would refuse, before any of them has taken one.
    pub(super) fn check(&self, data: &Data<'_>, before: u64) -> Result<()> {
        wide(NAME, self.inputs.len(), data.columns())?;
        if self.by().is_some() && data.grouping().is_none() {
            return Err(no_groups());
        }
        count(before, data.rows() as u64)?;
        let (mut marks, mut number) = (Marks::default(), before);
        for chunk in data.chunks() {
            let mut refused: Option<usize> = None;
            for column in chunk {
                marks.look(*column)?;
                refused = refused.into_iter().chain(marks.first_refused(self.nulls)).min();
            }
            if let Some(row) = refused {
                let values: Vec<f64> = chunk.iter().map(|column| column.get(row)).collect();
                return Err(omega_kernel::refusal(&self.inputs, &values, number + row as u64));
            }
            number += chunk.first().map_or(0, |column| column.values.len()) as u64;
        }
        Ok(())
    }

    /// Memory for `rows` rows more.
    pub(super) fn reserve(&self, kept: &mut Kept, rows: usize) -> Result<()> {
        kept.iter_mut().try_for_each(|kept| kept.reserve(rows))
    }

    /// Takes rows that are checked, for which there is room: block by block, so that a column which several summaries
    /// read is fetched once.
    pub(super) fn take(&self, kept: &mut Kept, chunk: &[Chunk<'_>]) {
        let rows = chunk[0].values.len();
        for from in (0..rows).step_by(BLOCK_ROWS) {
            let to = rows.min(from + BLOCK_ROWS);
            for (kept, shared) in kept.iter_mut().zip(&self.summaries) {
                let mut own = [Chunk::dense(&[]); MOST_COLUMNS];
                for (slot, &column) in own.iter_mut().zip(&shared.columns) {
                    *slot = chunk[column].slice(from, to);
                }
                kept.take(&own[..shared.columns.len()]);
            }
        }
    }

    /// Writes the answers of all metrics, NaN where there is none.
    pub(super) fn values(&self, kept: &Kept, mut output: &mut [f64]) -> Result<()> {
        for Metric { definition, factory, summary } in &self.each {
            let (own, rest) = output.split_at_mut(definition.function.spec.outputs.len());
            factory.value_of(&definition.params, kept[*summary].summary(), own)?;
            output = rest;
        }
        Ok(())
    }

    /// Whether another set asks for the same of the same columns.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = |one: &Definition, other: &Definition| {
            let function = |function: &Function| function.spec.name.clone();
            one.name == other.name
                && function(one.function) == function(other.function)
                && one.params == other.params
                && one.wires == other.wires
        };
        self.by == other.by
            && self.is_alone == other.is_alone
            && self.nulls == other.nulls
            && self.each.len() == other.each.len()
            && self.definitions().zip(other.definitions()).all(|(one, other)| same(one, other))
    }

    /// What it computes, in words.
    pub(super) fn label(&self) -> String {
        let metric = |metric: &Definition| {
            let Definition { name, function, params, wires } = metric;
            let wires: Vec<String> =
                wires.iter().map(|(input, source)| format!(", {input}={source}")).collect();
            format!("{name}: {} {:?}{}", function.spec.name, params.values(), wires.concat())
        };
        let metrics: Vec<String> = self.definitions().map(metric).collect();
        let by = self.by().map_or(String::new(), |by| format!(" by={}", by.join(",")));
        format!("{}{by} nulls={}", metrics.join(", "), self.nulls.as_str())
    }
}

/// So many rows and so many more, if they can be counted.
pub(super) fn count(rows: u64, more: u64) -> Result<u64> {
    let all = rows.saturating_add(more);
    if all > MOST_ROWS {
        let allowed = format!("at most {MOST_ROWS} rows in all");
        return Err(Error::invalid_shape("data", allowed, format!("{rows} and {more} more")));
    }
    Ok(all)
}
