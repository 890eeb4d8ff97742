//! Each part of a kernel as a function of its own, beside its definition: so every law asks every part, at lengths where
//! words, leaves and blocks end and before there are enough rows.

use std::marker::PhantomData;

use omega_contract::Result;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_kernel::parts::{
    Average, AverageState, BlockMean, BlockMeanState, BlockMoments, BlockMomentsState, BlockWeights,
    BlockWeightsState, Comoments, Exponential, ExponentialState, Extremes, ExtremesState, Lag, Moments,
    Ordered, PairMoments, PairMomentsState, Sample, Window, WindowState,
};
use omega_kernel::{Function, Metric, Rowwise, State};

/// What a part answers by its definition for all rows so far: one number per output.
pub type Definition = fn(&Params, &[&[f64]]) -> Option<Vec<f64>>;

/// Every part as a function.
pub fn functions() -> Vec<Function> {
    let windowed = functions_of::<false>();
    let metrics = [SampleMoments::functions(), Quantile::functions(), Slope::functions()];
    windowed.into_iter().chain(metrics.into_iter().flatten()).collect()
}

/// Every part in a window that is a row too long.
pub fn wrong_functions() -> Vec<Function> {
    functions_of::<true>()
}

fn functions_of<const WRONG: bool>() -> Vec<Function> {
    vec![
        Probe::<LastRows, WRONG, 1, 2>::function(),
        Probe::<Lag, WRONG, 1, 1>::function(),
        Probe::<[Extremes; 2], WRONG, 1, 2>::function(),
        Probe::<BlockMean, WRONG, 1, 1>::function(),
        Probe::<BlockMoments, WRONG, 1, 2>::function(),
        Probe::<BlockWeights, WRONG, 1, 1>::function(),
        Probe::<Exponential, WRONG, 1, 1>::function(),
        Probe::<Average, WRONG, 1, 1>::function(),
        Probe::<PairMoments, WRONG, 2, 5>::function(),
    ]
}

/// What the part of a function answers by its definition.
pub fn definition_of(name: &str) -> Option<Definition> {
    Some(match name {
        "part.window" => LastRows::defined,
        "part.lag" => Lag::defined,
        "part.extremes" => <[Extremes; 2]>::defined,
        "part.block_mean" => BlockMean::defined,
        "part.block_moments" => BlockMoments::defined,
        "part.block_weights" => BlockWeights::defined,
        "part.exponential" => Exponential::defined,
        "part.average" => Average::defined,
        "part.pair_moments" => PairMoments::defined,
        "part.rolling_moments" => SampleMoments::defined,
        "part.rolling_quantile" => Quantile::defined,
        "part.rolling_slope" => Slope::defined,
        _ => return None,
    })
}

/// A part of which there is one for a number of rows.
trait Part<const I: usize, const O: usize>: Clone + Send + Sync + 'static {
    type State: State;

    fn spec() -> FunctionSpec;
    fn of(params: &Params, period: usize) -> Self;
    fn start(&self) -> Self::State;
    fn reserve(&self, state: &mut Self::State, rows: usize) -> Result<()>;
    fn update(&self, state: &mut Self::State, row: [f64; I]) -> Option<[f64; O]>;
    fn is_sound(&self, state: &Self::State) -> bool;
    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>>;

    fn forget(&self, _: &mut Self::State) {}

    /// What `update` would answer, without a copy that takes memory.
    fn look_ahead(&self, state: &Self::State, row: [f64; I]) -> Option<[f64; O]>;

    fn warm_up(params: &Params) -> usize {
        params.rows("period") - 1
    }
}

/// A part as a function; in a window that is a row too long if it is `WRONG`.
struct Probe<P, const WRONG: bool, const I: usize, const O: usize> {
    part: P,
    warm_up: usize,
    wrong: PhantomData<[(); I]>,
}

impl<P: Clone, const WRONG: bool, const I: usize, const O: usize> Clone for Probe<P, WRONG, I, O> {
    fn clone(&self) -> Self {
        Self { part: self.part.clone(), warm_up: self.warm_up, wrong: PhantomData }
    }
}

impl<P: Part<I, O>, const WRONG: bool, const I: usize, const O: usize> Rowwise<I, O>
    for Probe<P, WRONG, I, O>
{
    type State = P::State;

    fn spec() -> FunctionSpec {
        P::spec().warm_up("The first rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let part = P::of(params, params.rows("period") + usize::from(WRONG));
        Self { part, warm_up: P::warm_up(params), wrong: PhantomData }
    }

    fn warm_up(&self) -> usize {
        self.warm_up
    }

    fn start(&self) -> P::State {
        self.part.start()
    }

    fn reserve(&self, state: &mut P::State, rows: usize) -> Result<()> {
        self.part.reserve(state, rows)
    }

    fn update(&self, state: &mut P::State, row: [f64; I]) -> Option<[f64; O]> {
        self.part.update(state, row)
    }

    fn peek(&self, state: &P::State, row: [f64; I]) -> Result<Option<[f64; O]>> {
        Ok(self.part.look_ahead(state, row))
    }

    fn forget(&self, state: &mut P::State) {
        self.part.forget(state);
    }

    fn is_sound(&self, state: &P::State) -> bool {
        self.part.is_sound(state)
    }
}

/// A function of closing prices.
fn of_prices(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(&format!("part.{name}"), Kind::Rowwise, "bars", summary)
        .input("close", "Closing price of each bar.")
        .rows("period", 30, 1, "Number of rows.")
}

/// The last rows of each column, as many as the parameter says.
fn last<'a>(params: &Params, rows: &[&'a [f64]]) -> Option<Vec<&'a [f64]>> {
    let from = rows[0].len().checked_sub(params.rows("period"))?;
    Some(rows.iter().map(|column| &column[from..]).collect())
}

fn mean(values: &[f64]) -> f64 {
    let first = values[0];
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// The mean product of differences from the means.
fn product(one: &[f64], other: &[f64]) -> f64 {
    let (mean_of_one, mean_of_other) = (mean(one), mean(other));
    let products = one.iter().zip(other).map(|(one, other)| (one - mean_of_one) * (other - mean_of_other));
    products.sum::<f64>() / one.len() as f64
}

/// Implements the methods that most parts have by the same names.
macro_rules! usual {
    ($state:ty) => {
        type State = $state;

        fn start(&self) -> $state {
            Default::default()
        }

        fn reserve(&self, state: &mut $state, rows: usize) -> Result<()> {
            self.reserve(state, rows)
        }
    };
}

/// A [`Window`], and how many rows it is to have.
#[derive(Clone)]
struct LastRows(Window, usize);

impl Part<1, 2> for LastRows {
    type State = WindowState;

    fn spec() -> FunctionSpec {
        of_prices("window", "Window: the oldest and the newest of the last rows.")
            .output("oldest", Unit::Price, "The oldest price.")
            .output("newest", Unit::Price, "The newest price.")
    }

    fn of(_: &Params, period: usize) -> Self {
        Self(Window::new(period), period)
    }

    fn start(&self) -> WindowState {
        WindowState::default()
    }

    fn reserve(&self, state: &mut WindowState, rows: usize) -> Result<()> {
        self.0.reserve(state, rows)
    }

    fn update(&self, state: &mut WindowState, [row]: [f64; 1]) -> Option<[f64; 2]> {
        self.0.push(state, row);
        if !self.0.is_full(state) {
            return None;
        }
        Some([state.oldest()?, state.in_order().next_back()?])
    }

    fn look_ahead(&self, state: &WindowState, [row]: [f64; 1]) -> Option<[f64; 2]> {
        // Of a full window the oldest goes, and the one after it is then the oldest.
        let gone = (state.values().len() + 1).checked_sub(self.1)?;
        Some([state.in_order().chain([row]).nth(gone)?, row])
    }

    fn is_sound(&self, state: &WindowState) -> bool {
        self.0.is_sound(state, LARGEST_INPUT)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = last(params, rows)?[0];
        Some(vec![rows[0], rows[rows.len() - 1]])
    }
}

impl Part<1, 1> for Lag {
    usual!(WindowState);

    fn spec() -> FunctionSpec {
        of_prices("lag", "Lag: the price of so many rows ago.").output("lag", Unit::Price, "The price.")
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn update(&self, state: &mut WindowState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.update(state, row).map(|before| [before])
    }

    fn look_ahead(&self, state: &WindowState, _: [f64; 1]) -> Option<[f64; 1]> {
        self.peek(state).map(|before| [before])
    }

    fn is_sound(&self, state: &WindowState) -> bool {
        self.is_sound(state, LARGEST_INPUT)
    }

    fn warm_up(params: &Params) -> usize {
        params.rows("period")
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let place = rows[0].len().checked_sub(params.rows("period") + 1)?;
        Some(vec![rows[0][place]])
    }
}

impl Part<1, 2> for [Extremes; 2] {
    type State = Pair<ExtremesState>;

    fn spec() -> FunctionSpec {
        of_prices("extremes", "Extremes: the highest and the lowest of the last rows.")
            .output("greatest", Unit::Price, "The highest price.")
            .output("least", Unit::Price, "The lowest price.")
    }

    fn of(_: &Params, period: usize) -> Self {
        [Extremes::greatest(period), Extremes::least(period)]
    }

    fn start(&self) -> Self::State {
        Pair(ExtremesState::default(), ExtremesState::default())
    }

    fn reserve(&self, state: &mut Self::State, rows: usize) -> Result<()> {
        self[0].reserve(&mut state.0, rows)?;
        self[1].reserve(&mut state.1, rows)
    }

    fn update(&self, Pair(high, low): &mut Self::State, [row]: [f64; 1]) -> Option<[f64; 2]> {
        let both = [self[0].update(high, row), self[1].update(low, row)];
        Some([both[0]?, both[1]?])
    }

    fn look_ahead(&self, Pair(high, low): &Self::State, [row]: [f64; 1]) -> Option<[f64; 2]> {
        Some([self[0].peek(high, row)?, self[1].peek(low, row)?])
    }

    fn is_sound(&self, Pair(high, low): &Self::State) -> bool {
        self[0].is_sound(high, LARGEST_INPUT) && self[1].is_sound(low, LARGEST_INPUT)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = last(params, rows)?[0];
        let of = |of: fn(f64, f64) -> f64| rows.iter().copied().reduce(of);
        Some(vec![of(f64::max)?, of(f64::min)?])
    }
}

/// Two states of parts side by side.
#[derive(serde::Serialize, serde::Deserialize)]
struct Pair<S>(S, S);

impl<S: State> State for Pair<S> {
    fn copy(&self) -> Result<Self> {
        Ok(Self(self.0.copy()?, self.1.copy()?))
    }
}

impl Part<1, 1> for BlockMean {
    usual!(BlockMeanState);

    fn spec() -> FunctionSpec {
        of_prices("block_mean", "Block mean: the mean of the last rows.").output(
            "block_mean",
            Unit::Price,
            "The mean price.",
        )
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn update(&self, state: &mut BlockMeanState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.update(state, row).map(|mean| [mean])
    }

    fn look_ahead(&self, state: &BlockMeanState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.peek(state, row).map(|mean| [mean])
    }

    fn is_sound(&self, state: &BlockMeanState) -> bool {
        self.is_sound(state)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        Some(vec![mean(last(params, rows)?[0])])
    }
}

impl Part<1, 2> for BlockMoments {
    usual!(BlockMomentsState);

    fn spec() -> FunctionSpec {
        of_prices("block_moments", "Block moments: mean and deviation of the last rows.")
            .output("mean", Unit::Price, "The mean price.")
            .output("deviation", Unit::PriceChange, "The deviation, over n.")
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn update(&self, state: &mut BlockMomentsState, [row]: [f64; 1]) -> Option<[f64; 2]> {
        self.update(state, row).map(|(mean, deviation)| [mean, deviation])
    }

    fn look_ahead(&self, state: &BlockMomentsState, [row]: [f64; 1]) -> Option<[f64; 2]> {
        self.peek(state, row).map(|(mean, deviation)| [mean, deviation])
    }

    fn is_sound(&self, state: &BlockMomentsState) -> bool {
        self.is_sound(state)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = last(params, rows)?[0];
        Some(vec![mean(rows), product(rows, rows).sqrt()])
    }
}

impl Part<1, 1> for BlockWeights {
    usual!(BlockWeightsState);

    fn spec() -> FunctionSpec {
        of_prices("block_weights", "Block weights: the linearly weighted mean of the last rows.").output(
            "block_weights",
            Unit::Price,
            "The mean price.",
        )
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn update(&self, state: &mut BlockWeightsState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.update(state, row).map(|mean| [mean])
    }

    fn look_ahead(&self, state: &BlockWeightsState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.peek(state, row).map(|mean| [mean])
    }

    fn is_sound(&self, state: &BlockWeightsState) -> bool {
        self.is_sound(state)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        weighted(last(params, rows)?[0], |place, _| place as f64 + 1.0)
    }
}

/// The mean of rows of which each has a weight by its place.
fn weighted(rows: &[f64], weight: impl Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let weights: Vec<f64> = (0..rows.len()).map(|place| weight(place, rows.len())).collect();
    let sum: f64 = rows.iter().zip(&weights).map(|(row, weight)| (row - rows[0]) * weight).sum();
    Some(vec![rows[0] + sum / weights.iter().sum::<f64>()])
}

impl Part<1, 1> for Exponential {
    type State = ExponentialState;

    fn spec() -> FunctionSpec {
        of_prices("exponential", "Exponential: the average in which old rows fade.").output(
            "exponential",
            Unit::Price,
            "The average price.",
        )
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn start(&self) -> ExponentialState {
        ExponentialState::default()
    }

    fn reserve(&self, _: &mut ExponentialState, _: usize) -> Result<()> {
        Ok(())
    }

    fn update(&self, state: &mut ExponentialState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.update(state, row).map(|average| [average])
    }

    fn forget(&self, state: &mut ExponentialState) {
        if self.is_seeded(state) {
            state.forget();
        }
    }

    fn look_ahead(&self, state: &ExponentialState, row: [f64; 1]) -> Option<[f64; 1]> {
        Part::update(self, &mut { *state }, row)
    }

    fn is_sound(&self, state: &ExponentialState) -> bool {
        self.is_sound(state, -LARGEST_INPUT, LARGEST_INPUT)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        exponential(rows[0], params.rows("period")).last().map(|average| vec![*average])
    }
}

/// Exponential averages of rows, from the first that there is.
fn exponential(rows: &[f64], period: usize) -> Vec<f64> {
    let Some((seed, rest)) = rows.split_at_checked(period) else { return Vec::new() };
    let mut averages = vec![mean(seed)];
    for row in rest {
        let average = averages[averages.len() - 1];
        averages.push(average + (row - average) * 2.0 / (period as f64 + 1.0));
    }
    averages
}

impl Part<1, 1> for Average {
    type State = AverageState;

    fn spec() -> FunctionSpec {
        of_prices("average", "Average: a mean of the last rows, of any kind.")
            .choice("kind", Self::KINDS[0], &Self::KINDS, "How rows weigh.")
            .output("average", Unit::Price, "The average price.")
    }

    fn of(params: &Params, period: usize) -> Self {
        Self::new(params.choice("kind"), period)
    }

    fn start(&self) -> AverageState {
        self.start()
    }

    fn reserve(&self, state: &mut AverageState, rows: usize) -> Result<()> {
        self.reserve(state, rows)
    }

    fn update(&self, state: &mut AverageState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.update(state, row).map(|average| [average])
    }

    fn forget(&self, state: &mut AverageState) {
        self.forget(state);
    }

    fn look_ahead(&self, state: &AverageState, [row]: [f64; 1]) -> Option<[f64; 1]> {
        self.peek(state, row).map(|average| [average])
    }

    fn is_sound(&self, state: &AverageState) -> bool {
        self.is_sound(state)
    }

    fn warm_up(params: &Params) -> usize {
        <Self as Part<1, 1>>::of(params, params.rows("period")).warm_up()
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let period = params.rows("period");
        let once = || exponential(rows[0], period);
        let again = |averages: &[f64]| exponential(averages, period);
        match Self::KINDS.iter().position(|kind| *kind == params.choice("kind"))? {
            0 => BlockMean::defined(params, rows),
            1 => Exponential::defined(params, rows),
            2 => BlockWeights::defined(params, rows),
            3 => {
                let (once, twice) = (once(), again(&once()));
                Some(vec![2.0 * once.last()? - twice.last()?])
            }
            4 => {
                let (once, twice) = (once(), again(&once()));
                let thrice = again(&twice);
                Some(vec![3.0 * once.last()? - 3.0 * twice.last()? + thrice.last()?])
            }
            _ => weighted(last(params, rows)?[0], |place, rows| (place + 1).min(rows - place) as f64),
        }
    }
}

impl Part<2, 5> for PairMoments {
    usual!(PairMomentsState);

    fn spec() -> FunctionSpec {
        of_prices("pair_moments", "Pair moments: how two series move together over the last rows.")
            .input("open", "Opening price of each bar.")
            .output("mean", Unit::Price, "Mean of the first.")
            .output("other_mean", Unit::Price, "Mean of the second.")
            .output("variance", Unit::PriceSquared, "Variance of the first, over n.")
            .output("other_variance", Unit::PriceSquared, "Variance of the second, over n.")
            .output("covariance", Unit::PriceSquared, "Covariance of both, over n.")
    }

    fn of(_: &Params, period: usize) -> Self {
        Self::new(period)
    }

    fn update(&self, state: &mut PairMomentsState, pair: [f64; 2]) -> Option<[f64; 5]> {
        self.update(state, pair).map(listed)
    }

    fn look_ahead(&self, state: &PairMomentsState, pair: [f64; 2]) -> Option<[f64; 5]> {
        self.peek(state, pair).map(listed)
    }

    fn is_sound(&self, state: &PairMomentsState) -> bool {
        self.is_sound(state)
    }

    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = last(params, rows)?;
        let of = |one: usize, other: usize| product(rows[one], rows[other]);
        Some(vec![mean(rows[0]), mean(rows[1]), of(0, 0), of(1, 1), of(0, 1)])
    }
}

/// The moments of a pair, one after the other.
fn listed(known: omega_kernel::parts::Pair) -> [f64; 5] {
    let ([mean, other], [variance, other_variance]) = (known.means, known.variances);
    [mean, other, variance, other_variance, known.covariance]
}

/// Returns of the last rows, as a window of a metric has them.
fn window<'a>(params: &Params, rows: &[&'a [f64]]) -> Option<Vec<&'a [f64]>> {
    let from = rows[0].len().checked_sub(params.rows("window"))?;
    Some(rows.iter().map(|column| &column[from..]).collect())
}

/// Mean and deviation: [`Moments`] in blocks, in leaves and in windows.
#[derive(Clone, Copy)]
struct SampleMoments;

impl SampleMoments {
    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = window(params, rows)?[0];
        let (n, variance) = (rows.len() as f64, product(rows, rows));
        Some(vec![mean(rows), (variance * n / (n - 1.0)).sqrt()])
    }
}

impl Metric<1, 2> for SampleMoments {
    type Summary = Moments;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("part.moments", Kind::Reduction, "returns", "Moments: mean and deviation.")
            .input("returns", "Return of each period.")
            .output("mean", Unit::Return, "Mean return.")
            .output("deviation", Unit::Volatility, "Deviation, over n - 1.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) -> f64 {
        0.0
    }

    fn value(&self, known: Moments) -> Option<[f64; 2]> {
        Some([known.mean() + 0.0, known.deviation().unwrap_or(f64::NAN)])
    }
}

/// A quantile: a [`Sample`] as it came, in order, and in windows.
#[derive(Clone, Copy)]
struct Quantile {
    share: f64,
}

impl Quantile {
    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let mut rows = window(params, rows)?[0].to_vec();
        rows.sort_by(f64::total_cmp);
        let place = params.float("share") * (rows.len() - 1) as f64;
        let (low, high) = (rows[place as usize], rows[(place as usize + 1).min(rows.len() - 1)]);
        Some(vec![low + (high - low) * place.fract()])
    }
}

impl Metric<1, 1> for Quantile {
    type Summary = Sample;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("part.quantile", Kind::Reduction, "returns", "Quantile: what a share is below.")
            .input("returns", "Return of each period.")
            .float("share", 0.25, 0.0, 1.0, Unit::Fraction, "Share of the returns.")
            .output("quantile", Unit::Return, "The quantile.")
    }

    fn new(params: &Params) -> Self {
        Self { share: params.float("share") }
    }

    fn shape(&self) {}

    fn value(&self, returns: Ordered<'_>) -> Option<[f64; 1]> {
        Some([returns.quantile(self.share) + 0.0])
    }
}

/// Means and slope of two columns: [`Comoments`].
#[derive(Clone, Copy)]
struct Slope;

impl Slope {
    fn defined(params: &Params, rows: &[&[f64]]) -> Option<Vec<f64>> {
        let rows = window(params, rows)?;
        let slope = product(rows[0], rows[1]) / product(rows[1], rows[1]);
        Some(vec![mean(rows[0]), slope])
    }
}

impl Metric<2, 2> for Slope {
    type Summary = Comoments;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("part.slope", Kind::Reduction, "returns", "Slope: how much one moves with another.")
            .input("returns", "Return of each period.")
            .input("others", "Return of something else.")
            .output("mean", Unit::Return, "Mean return.")
            .output("slope", Unit::Ratio, "Covariance over the variance of the other.")
            .undefined()
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) {}

    fn value(&self, known: Comoments) -> Option<[f64; 2]> {
        let slope = known.slope().map_or(f64::NAN, |slope| slope + 0.0);
        Some([known.means()[0] + 0.0, slope])
    }
}
