//! Commodity channel index (CCI): how far the price is from its average, in mean deviations.

use omega_contract::Result;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Window, WindowState};

use crate::typical_price::typical_price;

/// Lambert's factor, by which most values lie between -100 and 100.
const FACTOR: f64 = 0.015;

/// Commodity channel index.
#[derive(Clone, Copy)]
pub struct Cci {
    period: usize,
    prices: Window,
}

impl Rowwise<3, 1> for Cci {
    type State = WindowState;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.cci",
            Kind::Rowwise,
            "bars",
            "Commodity channel index (CCI): the distance of the typical price from its mean, in mean deviations.",
        )
        .describe(
            "The typical price of a bar is (high + low + close) / 3. With its mean and its mean absolute deviation from \
             that mean over the last `period` bars, cci = (price - mean) / (0.015 * deviation). 0 where the typical \
             prices are all equal, as in TA-Lib.",
        )
        .reference("Lambert, Commodity Channel Index: Tool for Trading Cyclic Trends, Commodities, October 1980")
        .reference("TA-Lib CCI")
        .reads(bars::HIGH)
        .reads(bars::LOW)
        .reads(bars::CLOSE)
        .rows("period", 14, 2, "Length of the window.")
        .output("cci", Unit::Ratio, "Above 100 or below -100 where the price is unusually far from its mean.")
        .warm_up("The first `period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, prices: Window::new(period) }
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }

    fn start(&self) -> WindowState {
        WindowState::default()
    }

    #[inline]
    fn reserve(&self, state: &mut WindowState, rows: usize) -> Result<()> {
        self.prices.reserve(state, rows)
    }

    #[inline]
    fn update(&self, state: &mut WindowState, bar: [f64; 3]) -> Option<[f64; 1]> {
        let price = typical_price(bar);
        self.prices.push(state, price);
        self.prices.is_full(state).then(|| [self.index(price, state.in_order())])
    }

    fn peek(&self, state: &WindowState, bar: [f64; 3]) -> Result<Option<[f64; 1]>> {
        let price = typical_price(bar);
        let earlier = state.in_order().skip(usize::from(self.prices.is_full(state)));
        let prices = earlier.chain([price]);
        Ok((state.values().len() + 1 >= self.period).then(|| [self.index(price, prices)]))
    }

    fn is_sound(&self, state: &WindowState) -> bool {
        self.prices.is_sound(state, LARGEST_INPUT)
    }
}

impl Cci {
    /// Differences are from the newest price, so that they are exactly 0 where all prices are equal.
    #[inline]
    fn index(&self, newest: f64, prices: impl Iterator<Item = f64> + Clone) -> f64 {
        let n = self.period as f64;
        let mean = prices.clone().map(|price| price - newest).sum::<f64>() / n;
        let deviation = prices.map(|price| ((price - newest) - mean).abs()).sum::<f64>() / n;
        if deviation > 0.0 { -mean / (FACTOR * deviation) } else { 0.0 }
    }
}
