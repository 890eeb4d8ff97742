//! Metrics after each row: over all rows so far, and over the last of them.

use std::marker::PhantomData;

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use serde::{Deserialize, Serialize};

use crate::payload::State;
use crate::reduction::Metric;
use crate::rowwise::Rowwise;
use crate::summary::{Series, Summary};

/// Which rows count.
pub(crate) trait Rows: Sized + 'static {
    /// Whether none of them is ever forgotten.
    const CUMULATIVE: bool;

    /// How a summary keeps them.
    type Kept<S: Summary<I>, const I: usize>: Series<I, S>;

    /// The spec of the metric after each row.
    fn spec(metric: FunctionSpec) -> FunctionSpec;

    /// How many rows there have to be.
    fn window(params: &Params) -> usize;
}

/// All rows so far. A metric's value after a row is that of an accumulator that has taken it.
pub(crate) struct All;

impl Rows for All {
    const CUMULATIVE: bool = true;

    type Kept<S: Summary<I>, const I: usize> = S::Growing;

    fn spec(metric: FunctionSpec) -> FunctionSpec {
        FunctionSpec { kind: Kind::Rowwise, ..metric }
    }

    fn window(_: &Params) -> usize {
        1
    }
}

/// The last rows, as many as the parameter `window` says.
pub(crate) struct Last;

impl Rows for Last {
    const CUMULATIVE: bool = false;

    type Kept<S: Summary<I>, const I: usize> = S::Window;

    fn spec(metric: FunctionSpec) -> FunctionSpec {
        rolling_spec(&metric)
    }

    fn window(params: &Params) -> usize {
        params.rows("window")
    }
}

/// The spec of a metric over a window, from that of the metric.
fn rolling_spec(metric: &FunctionSpec) -> FunctionSpec {
    let (module, name) = metric.name.split_once('.').unwrap_or(("", &metric.name));
    let rolling_name = format!("rolling_{name}");
    let mut spec = FunctionSpec::new(
        &format!("{module}.{rolling_name}"),
        Kind::Rowwise,
        &metric.table,
        &format!("{}, over the last `window` rows.", metric.summary.trim_end_matches('.')),
    );
    spec.description = format!(
        "What `{}` answers for the rows of each window, up to rounding. {} Windows are summed up from parts of their \
         own rows and never corrected by subtraction: nothing drifts, and what has left a window leaves no trace.",
        metric.name, metric.description,
    );
    spec.version.clone_from(&metric.version);
    spec.references.clone_from(&metric.references);
    spec.inputs.clone_from(&metric.inputs);
    spec.parameters.clone_from(&metric.parameters);
    spec = spec.rows("window", 60, 2, "Length of the window.");
    for output in &metric.outputs {
        let name = if output.name == name { &rolling_name } else { &output.name };
        spec = spec.output(name, &output.unit, &output.summary);
    }
    spec.warm_up("window - 1")
}

/// A metric with a value after each row.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct AfterEach<R: Rows, M: Metric<I, O>, const I: usize, const O: usize> {
    metric: M,
    kept: R::Kept<M::Summary, I>,
    #[serde(skip)]
    which: PhantomData<fn() -> R>,
}

impl<R: Rows, M: Metric<I, O>, const I: usize, const O: usize> AfterEach<R, M, I, O> {
    /// The value once `row` will have come.
    #[inline]
    fn look(&self, row: [f64; I]) -> Option<[f64; O]> {
        self.kept.look(self.metric.shape(), row, |known| self.metric.value(known)).flatten()
    }
}

impl<R: Rows, M: Metric<I, O>, const I: usize, const O: usize> State for AfterEach<R, M, I, O> {
    fn copy(&self) -> Result<Self> {
        Ok(Self { metric: self.metric, kept: self.kept.copy()?, which: PhantomData })
    }

    #[inline]
    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.kept.reserve(rows)
    }
}

impl<R: Rows, M: Metric<I, O>, const I: usize, const O: usize> Rowwise<I, O> for AfterEach<R, M, I, O> {
    const CUMULATIVE: bool = R::CUMULATIVE;

    fn spec() -> FunctionSpec {
        R::spec(M::spec())
    }

    fn new(params: &Params) -> Self {
        Self { metric: M::new(params), kept: Series::start(R::window(params)), which: PhantomData }
    }

    fn warm_up(params: &Params) -> usize {
        R::window(params) - 1
    }

    #[inline]
    fn update(&mut self, row: [f64; I]) -> Option<[f64; O]> {
        let values = self.look(row);
        self.kept.push(self.metric.shape(), row);
        values
    }

    fn peek(&self, row: [f64; I]) -> Result<Option<[f64; O]>> {
        Ok(self.look(row))
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.metric == M::new(params) && self.kept.is_sound(self.metric.shape(), R::window(params))
    }
}
