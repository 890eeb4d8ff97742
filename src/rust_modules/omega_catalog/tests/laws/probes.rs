//! Functions of the shapes that laws have to know, whether or not a published function has them yet.

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS, is_input};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory, Unit};
use omega_contract::tables::bars;
use omega_kernel::parts::Counts;
use omega_kernel::{Function, Mergeable, Metric, Rowwise};
use serde::{Deserialize, Serialize};

/// A function without a state, one with a choice and a flag, one that is undefined by nature, one of signals, one of row
/// numbers that never forgets, one of times that forgets with the session, one of a parameter that is a column, and a
/// reduction of two inputs and two outputs.
pub fn functions() -> Vec<Function> {
    let [beta, rolling_beta] = Beta::functions();
    vec![
        MidPrice::function(),
        Change::function(),
        LogVolume::function(),
        Direction::function(),
        HighestRow::function(),
        HourlyVolume::function(),
        Steps::function(),
        beta,
        rolling_beta,
    ]
}

/// What a kernel keeps that remembers nothing.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Nothing;

/// The middle of a bar: no state at all.
#[derive(Clone, Copy)]
struct MidPrice;

impl Rowwise<2, 1> for MidPrice {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.mid_price", Kind::Rowwise, "bars", "Middle of open and low.")
            .input("open", "Opening price of each bar.")
            .input("low", "Lowest price of each bar.")
            .output("mid_price", Unit::Price, "Middle of open and low.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, [open, low]: [f64; 2]) -> Option<[f64; 1]> {
        Some([0.5 * open + 0.5 * low])
    }
}

/// A change that is measured from one of two prices, as it is or turned round.
#[derive(Clone, Copy)]
struct Change {
    from_open: bool,
    inverted: bool,
}

impl Rowwise<2, 2> for Change {
    type State = Option<f64>;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.change", Kind::Rowwise, "bars", "Change of price from bar to bar.")
            .input("open", "Opening price of each bar.")
            .input("close", "Closing price of each bar.")
            .choice("base", "close", &["open", "close"], "Price of the previous bar to measure from.")
            .flag("inverted", false, "Whether a fall counts as positive.")
            .output("change", Unit::PriceChange, "Change of price.")
            .output("squared", Unit::PriceSquared, "Square of the change.")
            .warm_up("The first row has no value.")
    }

    fn new(params: &Params) -> Self {
        Self { from_open: params.choice("base") == "open", inverted: params.flag("inverted") }
    }

    fn warm_up(&self) -> usize {
        1
    }

    fn start(&self) -> Option<f64> {
        None
    }

    fn update(&self, state: &mut Option<f64>, [open, close]: [f64; 2]) -> Option<[f64; 2]> {
        let base = if self.from_open { open } else { close };
        let change = close - state.replace(base)?;
        let change = if self.inverted { -change } else { change };
        Some([change, change * change])
    }

    fn is_sound(&self, state: &Option<f64>) -> bool {
        state.is_none_or(is_input)
    }
}

/// Undefined by nature: there is no logarithm of nothing.
#[derive(Clone, Copy)]
struct LogVolume;

impl Rowwise<2, 2> for LogVolume {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "probe.log_volume",
            Kind::Rowwise,
            "bars",
            "Logarithm of volume, and price per volume.",
        )
        .input("close", "Closing price of each bar.")
        .input("volume", "Volume traded in each bar.")
        .output("log_volume", Unit::Number, "Logarithm of the volume.")
        .undefined()
        .output("volume", Unit::Volume, "The volume.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, [_, volume]: [f64; 2]) -> Option<[f64; 2]> {
        let log = if volume > 0.0 { volume.ln() } else { f64::NAN };
        Some([log, volume])
    }
}

/// A signal: whether a bar rose or fell.
#[derive(Clone, Copy)]
struct Direction;

impl Rowwise<2, 2> for Direction {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "probe.direction",
            Kind::Rowwise,
            "bars",
            "Direction of a bar, and the change in percent.",
        )
        .input("open", "Opening price of each bar.")
        .input("close", "Closing price of each bar.")
        .output("direction", Unit::Signal, "1 for a bar that rose, -1 for one that fell, else 0.")
        .output("change", Unit::PercentOfPrice, "Change in percent of the open.")
        .undefined()
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, [open, close]: [f64; 2]) -> Option<[f64; 2]> {
        let direction = f64::from(i8::from(close > open) - i8::from(close < open));
        let change = if open == 0.0 { f64::NAN } else { 100.0 * ((close - open) / open) };
        Some([direction, change])
    }
}

/// A row number, of a state that remembers every row.
#[derive(Clone, Copy)]
struct HighestRow;

/// How many rows there were, and the first highest of them.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Highest {
    rows: u32,
    highest: Option<(f64, u32)>,
}

impl Rowwise<1, 1> for HighestRow {
    type State = Highest;

    const MEMORY: Memory = Memory::Cumulative;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.highest_row", Kind::Rowwise, "bars", "Row of the highest price so far.")
            .input("high", "Highest price of each bar.")
            .output("highest_row", Unit::RowIndex, "Number of the first row with the highest price so far.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Highest {
        Highest { rows: 0, highest: None }
    }

    fn update(&self, state: &mut Highest, [high]: [f64; 1]) -> Option<[f64; 1]> {
        let row = state.rows;
        state.rows = state.rows.saturating_add(1);
        let highest = state.highest.filter(|(highest, _)| *highest >= high).unwrap_or((high, row));
        state.highest = Some(highest);
        Some([f64::from(highest.1)])
    }

    fn is_sound(&self, state: &Highest) -> bool {
        state.highest.is_none_or(|(highest, row)| is_input(highest) && row < state.rows)
            && state.highest.is_some() == (state.rows > 0)
    }
}

/// A sum over the session, which is the hour.
#[derive(Clone, Copy)]
struct HourlyVolume;

/// The number of an hour and its volume so far, and whether none of its rows is missing.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    known: Option<(i64, f64)>,
    is_whole: bool,
}

impl Rowwise<2, 1> for HourlyVolume {
    type State = Hour;

    const MEMORY: Memory = Memory::Session;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.hourly_volume", Kind::Rowwise, "bars", "Volume of the hour so far.")
            .reads(bars::VOLUME)
            .reads(bars::TIMESTAMP)
            .output("hourly_volume", Unit::Volume, "Volume of the hour so far.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Hour {
        Hour { known: None, is_whole: true }
    }

    fn start_after_missing(&self) -> Hour {
        Hour { known: None, is_whole: false }
    }

    fn update(&self, state: &mut Hour, [volume, time]: [f64; 2]) -> Option<[f64; 1]> {
        let hour = (time as i64).div_euclid(3_600_000_000);
        let before = match state.known {
            Some((known, volume)) if known == hour => volume,
            known => {
                state.is_whole |= known.is_some();
                0.0
            }
        };
        state.known = Some((hour, before + volume));
        state.is_whole.then_some([before + volume])
    }

    fn is_sound(&self, state: &Hour) -> bool {
        state.known.is_none_or(|(_, volume)| volume.abs() <= LARGEST_INPUT * MOST_ROWS as f64)
    }
}

/// A parameter that is a column, as it is understood.
#[derive(Clone, Copy)]
struct Steps {
    counts: Counts,
}

impl Rowwise<1, 1> for Steps {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.steps", Kind::Rowwise, "bars", "Number of steps.")
            .count("steps", "least", "most", "Number of steps in each row.")
            .rows("least", 3, 1, "Fewest steps.")
            .less_than("most")
            .rows("most", 9, 2, "Most steps.")
            .output("steps", Unit::Rows, "Number of steps.")
    }

    fn new(params: &Params) -> Self {
        Self { counts: Counts::new(params.rows("least"), params.rows("most")) }
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, [steps]: [f64; 1]) -> Option<[f64; 1]> {
        Some([self.counts.of(steps) as f64])
    }
}

/// How far returns follow others: two inputs and two outputs.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Beta;

impl Metric<2, 2> for Beta {
    type Summary = Pairs;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.beta", Kind::Reduction, "returns", "Beta, and the mean return.")
            .input("returns", "Return of each period.")
            .input("others", "Return of something else.")
            .output("slope", Unit::Ratio, "Covariance over the variance of the other.")
            .undefined()
            .output("mean", Unit::Return, "Mean return.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) {}

    fn value(&self, pairs: Pairs) -> Option<[f64; 2]> {
        let beta = pairs.products[0] / pairs.products[1];
        let beta = if beta.is_finite() { beta + 0.0 } else { f64::NAN };
        Some([beta, pairs.means[0] + 0.0])
    }
}

/// Means of two columns, and sums of products of deviations: of both, and of the second with itself.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Pairs {
    rows: u64,
    means: [f64; 2],
    products: [f64; 2],
}

impl Mergeable<2> for Pairs {
    type Shape = ();

    fn of((): (), [own, others]: [&[f64]; 2]) -> Self {
        let pair = |row: usize| Self { rows: 1, means: [own[row], others[row]], products: [0.0; 2] };
        let mut pairs = pair(0);
        (1..own.len()).for_each(|row| pairs.merge(&pair(row)));
        pairs
    }

    fn merge(&mut self, later: &Self) {
        let rows = self.rows + later.rows;
        let share = later.rows as f64 / rows as f64;
        let by = [later.means[0] - self.means[0], later.means[1] - self.means[1]];
        let weight = self.rows as f64 * share;
        self.products[0] += later.products[0] + by[0] * by[1] * weight;
        self.products[1] += later.products[1] + by[1] * by[1] * weight;
        self.means = [self.means[0] + by[0] * share, self.means[1] + by[1] * share];
        self.rows = rows;
    }

    fn count(&self) -> u64 {
        self.rows
    }

    fn is_sound(&self) -> bool {
        self.rows > 0
            && self.products[1] >= 0.0
            && self.means.iter().all(|mean| mean.abs() <= 1e101)
            && self.products.iter().all(|product| product.abs() <= 1e250)
            && (self.rows > 1 || self.products == [0.0; 2])
    }
}
