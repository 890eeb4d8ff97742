//! Many metrics of the same rows: those that ask for equal summaries of equal columns share one.

use omega_arrow::column::Chunk;
use omega_contract::params::Params;
use omega_contract::spec::Input;
use omega_contract::{Error, Result};

use crate::Nulls;
use crate::function::{Accumulator, Body, Function, ReductionFactory, SummaryId};

/// Many metrics, and the summaries that they share.
pub struct MetricSet {
    inputs: Vec<Input>,
    summaries: Vec<Shared>,
    metrics: Vec<Member>,
    outputs: usize,
}

/// A summary of some columns, kept by an accumulator of the first metric that asked for it.
struct Shared {
    id: SummaryId,
    /// Which of the set's inputs it is of.
    columns: Vec<usize>,
    factory: &'static dyn ReductionFactory,
    params: Params,
}

/// One metric of a set.
struct Member {
    factory: &'static dyn ReductionFactory,
    params: Params,
    /// The place of its summary.
    summary: usize,
    outputs: usize,
}

impl MetricSet {
    /// These metrics, each under its parameters.
    ///
    /// # Errors
    /// `INVALID_TYPE` if a function is no metric.
    pub fn new<'a>(metrics: impl IntoIterator<Item = (&'a Function, Params)>) -> Result<Self> {
        let mut set = Self { inputs: Vec::new(), summaries: Vec::new(), metrics: Vec::new(), outputs: 0 };
        for (function, params) in metrics {
            let Body::Reduction(factory) = function.body else {
                let allowed = "one that reduces rows to a number";
                return Err(Error::invalid_type("the function of a metric", allowed, &function.spec.name));
            };
            let columns = function.spec.inputs.iter().map(|input| set.column(input)).collect();
            let summary = set.summary(factory, &params, columns);
            let outputs = function.spec.outputs.len();
            set.outputs += outputs;
            set.metrics.push(Member { factory, params, summary, outputs });
        }
        Ok(set)
    }

    /// The place of an input among those of the set.
    fn column(&mut self, input: &Input) -> usize {
        let known = self.inputs.iter().position(|known| known.name == input.name);
        known.unwrap_or_else(|| {
            self.inputs.push(input.clone());
            self.inputs.len() - 1
        })
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

    /// All columns that the metrics read, in the order in which rows bring them.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// How many numbers the metrics answer together.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many summaries are kept for all metrics.
    #[must_use]
    pub fn summaries(&self) -> usize {
        self.summaries.len()
    }

    /// The set over rows that are to come.
    #[must_use]
    pub fn accumulator(&self, nulls: Nulls) -> MetricSetAccumulator<'_> {
        let kept = self.summaries.iter().map(|shared| shared.factory.accumulator(&shared.params, nulls));
        MetricSetAccumulator { set: self, kept: kept.collect() }
    }
}

/// Many metrics over the rows so far.
pub struct MetricSetAccumulator<'a> {
    set: &'a MetricSet,
    /// One for each summary.
    kept: Vec<Box<dyn Accumulator>>,
}

impl MetricSetAccumulator<'_> {
    /// Takes consecutive rows, one chunk per input of the set. A row counts for a metric unless it is missing in a
    /// column that this metric reads.
    ///
    /// # Errors
    /// `INVALID_VALUE`, `MISSING_VALUE` or `OUT_OF_MEMORY`; no metric has taken a row then.
    pub fn update(&mut self, inputs: &[Chunk<'_>]) -> Result<()> {
        let rows = inputs.first().map_or(0, |column| column.values.len());
        let of = |shared: &Shared| shared.columns.iter().map(|&column| inputs[column]).collect::<Vec<_>>();
        let chunks: Vec<Vec<Chunk<'_>>> = self.set.summaries.iter().map(of).collect();
        self.kept.iter().zip(&chunks).try_for_each(|(kept, chunk)| kept.check(0, chunk))?;
        self.kept.iter_mut().try_for_each(|kept| kept.reserve(rows))?;
        self.kept.iter_mut().zip(&chunks).for_each(|(kept, chunk)| kept.take(chunk));
        Ok(())
    }

    /// Takes over the rows of another accumulator of this set, as if they had come after this one's.
    ///
    /// # Errors
    /// `SNAPSHOT_MISMATCH` if the other one is of another set or policy; `OUT_OF_MEMORY`.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if !std::ptr::eq(self.set, other.set) {
            return Err(Error::snapshot_mismatch("another set of metrics", "this set of metrics"));
        }
        self.kept.iter_mut().zip(&other.kept).try_for_each(|(kept, other)| kept.merge(other.as_ref()))
    }

    /// Writes the answers of all metrics for the rows so far, one metric after the other; NaN where there is none.
    ///
    /// # Errors
    /// `OUT_OF_MEMORY`
    pub fn values(&self, mut output: &mut [f64]) -> Result<()> {
        for Member { factory, params, summary, outputs } in &self.set.metrics {
            let (own, rest) = output.split_at_mut(*outputs);
            factory.value_of(params, self.kept[*summary].summary(), own)?;
            output = rest;
        }
        Ok(())
    }
}
