//! Maximum drawdown: the deepest fall from a peak.

use omega_contract::bounds::MOST_ROWS;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::{Mergeable, Metric};
use serde::{Deserialize, Serialize};

use crate::common::metric;

/// Maximum drawdown.
#[derive(Clone, Copy)]
pub struct MaxDrawdown;

impl Metric<1, 1> for MaxDrawdown {
    type Summary = Drawdown;

    fn spec() -> FunctionSpec {
        metric("risk.max_drawdown", "Maximum drawdown (max drawdown): the deepest fall of compounded returns from their peak.")
            .describe(
                "The least of wealth / highest wealth so far - 1, with wealth compounded from 1 before the first return, \
                 which counts as a peak. 0 where wealth never fell, -0.25 where at worst a quarter of the peak was lost. \
                 A return of -1 or below loses everything: -1.",
            )
            .reference("Magdon-Ismail and Atiya, Maximum Drawdown, Risk Magazine 17(10), 2004")
            .reference("empyrical max_drawdown")
            .output("max_drawdown", Unit::FractionOfWealth, "Deepest fall from a peak, from -1 to 0.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) {}

    fn value(&self, known: Drawdown) -> Option<[f64; 1]> {
        Some([known.deepest()])
    }
}

/// What is left of a peak where the drawdown is -1 to the last digit, and stays so whatever comes later.
const RUINED: f64 = 1e-20;

/// Wealth over a stretch of returns, and its deepest fall.
///
/// Wealth is counted from 1 at the start of the stretch, which is its first peak.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drawdown {
    rows: u64,
    /// Wealth at the end.
    growth: f64,
    /// The most wealth there was.
    peak: f64,
    /// The least wealth there was.
    trough: f64,
    /// Wealth at the end as a share of `peak`. Kept apart, so that it is exact however much `growth` has rounded.
    share: f64,
    /// The least share of the peak before it that wealth ever was.
    least_share: f64,
}

impl Drawdown {
    /// The deepest fall from a peak, from -1 to 0.
    pub fn deepest(&self) -> f64 {
        self.least_share - 1.0
    }

    /// What wealth of 1 has become; at most the largest number there is, and 0 once next to nothing was left of a peak.
    pub fn growth(&self) -> f64 {
        self.growth
    }

    /// Where next to nothing is left it is as after a loss of everything: what fades on and on would soon be among the
    /// numbers with which a processor is a hundred times slower.
    fn settle(&mut self) {
        if self.least_share < RUINED {
            *self =
                Self { rows: self.rows, growth: 0.0, peak: 1.0, trough: 0.0, share: 0.0, least_share: 0.0 };
        }
    }
}

impl Mergeable<1> for Drawdown {
    type Shape = ();

    #[inline]
    fn of((): (), [returns]: [&[f64]; 1]) -> Self {
        let [mut growth, mut peak, mut trough, mut share, mut least_share] = [1.0_f64; 5];
        for value in returns {
            let factor = (1.0 + value).max(0.0);
            growth = (growth * factor).min(f64::MAX);
            peak = peak.max(growth);
            trough = trough.min(growth);
            share = (share * factor).min(1.0);
            least_share = least_share.min(share);
        }
        let mut drawdown = Self { rows: returns.len() as u64, growth, peak, trough, share, least_share };
        drawdown.settle();
        drawdown
    }

    #[inline]
    fn merge(&mut self, later: &Self) {
        self.least_share = self.least_share.min(later.least_share).min(self.share * later.trough);
        // A peak of the later stretch counts if it rises above the earlier peak.
        self.share = if self.share * later.peak >= 1.0 { later.share } else { self.share * later.growth };
        self.peak = self.peak.max((self.growth * later.peak).min(f64::MAX));
        self.trough = self.trough.min(self.growth * later.trough);
        self.growth = (self.growth * later.growth).min(f64::MAX);
        self.rows += later.rows;
        self.settle();
    }

    fn count(&self) -> u64 {
        self.rows
    }

    fn is_sound(&self) -> bool {
        let within = |value: f64, least: f64, most: f64| (least..=most).contains(&value);
        (1..=MOST_ROWS).contains(&self.rows)
            && within(self.peak, 1.0, f64::MAX)
            && within(self.trough, 0.0, 1.0)
            && within(self.growth, self.trough, self.peak)
            && within(self.share, 0.0, 1.0)
            && within(self.least_share, 0.0, self.share)
    }
}
