//! Metrics after each row: over all rows so far, and over the last of them.

use std::marker::PhantomData;

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory};

use crate::reduction::{Metric, spec_of};
use crate::rowwise::Rowwise;
use crate::summary::{Chosen, Series, Summary};

/// Which rows count.
pub(crate) trait Rows: Sized + 'static {
    /// Which of them are remembered.
    const MEMORY: Memory;

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
    const MEMORY: Memory = Memory::Cumulative;

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
    const MEMORY: Memory = Memory::Fading;

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
        &format!("Rolling {}, over the last `window` rows.", lower(metric.summary.trim_end_matches('.'))),
    );
    spec.description = format!(
        "What `{}` answers for the rows of each window, up to rounding. {} Windows are summed up from parts of their \
         own rows and never corrected by subtraction: nothing drifts, and what has left a window leaves no trace.",
        metric.name, metric.description,
    );
    spec.keeps_rows = metric.keeps_rows;
    spec.version.clone_from(&metric.version);
    spec.references.clone_from(&metric.references);
    spec.inputs.clone_from(&metric.inputs);
    spec.parameters.clone_from(&metric.parameters);
    spec = spec.rows("window", 60, 2, "Length of the window.");
    for output in &metric.outputs {
        let name = if output.name == name { &rolling_name } else { &output.name };
        spec = spec.output(name, output.unit, &output.summary);
        spec = if output.undefined { spec.undefined() } else { spec };
    }
    spec.warm_up("The first `window - 1` rows have no value.")
}

/// A sentence without its capital, to follow another word.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// A metric with a value after each row.
pub(crate) struct AfterEach<R, M> {
    metric: M,
    window: usize,
    which: PhantomData<fn() -> R>,
}

impl<R, M: Copy> Clone for AfterEach<R, M> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<R, M> AfterEach<R, M> {
    /// What the summary is told of what was chosen.
    #[inline]
    fn chosen<const I: usize, const O: usize>(&self) -> Chosen<<M::Summary as Summary<I>>::Shape>
    where
        M: Metric<I, O>,
    {
        Chosen { shape: self.metric.shape(), window: self.window }
    }

    /// The value once `row` will have come.
    #[inline]
    fn look<S, const I: usize, const O: usize>(&self, kept: &S, row: [f64; I]) -> Option<[f64; O]>
    where
        S: Series<I, M::Summary>,
        M: Metric<I, O>,
    {
        kept.look(self.chosen(), row, |known| self.metric.value(known)).flatten()
    }
}

impl<R: Rows, M: Metric<I, O>, const I: usize, const O: usize> Rowwise<I, O> for AfterEach<R, M> {
    type State = R::Kept<M::Summary, I>;

    const MEMORY: Memory = R::MEMORY;

    fn spec() -> FunctionSpec {
        R::spec(spec_of::<M, I, O>())
    }

    fn new(params: &Params) -> Self {
        Self { metric: M::new(params), window: R::window(params), which: PhantomData }
    }

    fn warm_up(&self) -> usize {
        self.window - 1
    }

    fn start(&self) -> Self::State {
        Series::start()
    }

    #[inline]
    fn reserve(&self, kept: &mut Self::State, rows: usize) -> Result<()> {
        kept.make_room(self.window, rows)
    }

    #[inline]
    fn update(&self, kept: &mut Self::State, row: [f64; I]) -> Option<[f64; O]> {
        let values = self.look(kept, row);
        kept.push(self.chosen(), row);
        values
    }

    fn peek(&self, kept: &Self::State, row: [f64; I]) -> Result<Option<[f64; O]>> {
        Ok(self.look(kept, row))
    }

    fn is_sound(&self, kept: &Self::State) -> bool {
        kept.is_sound(self.chosen())
    }
}
