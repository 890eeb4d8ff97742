//! The deepest fall from a peak.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::Reduction;
use serde::{Deserialize, Serialize};

use crate::common::metric;

/// What is left of a peak where the drawdown is -1 to the last digit, and stays so whatever comes later.
const RUINED: f64 = 1e-20;

/// Rows after which one looks whether all is lost.
const BLOCK_ROWS: usize = 1024;

/// Maximum drawdown of a stretch of returns, in a form that stretches can be joined in.
///
/// Wealth is counted from 1 at the start of the stretch, which is its first peak.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct MaxDrawdown {
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

impl Reduction<1, 1> for MaxDrawdown {
    fn spec() -> FunctionSpec {
        metric("risk.max_drawdown", "Maximum drawdown: the deepest fall of compounded returns from their peak.")
            .describe(
                "The least of wealth / highest wealth so far - 1, with wealth compounded from 1 before the first return, \
                 which counts as a peak. 0 where wealth never fell, -0.25 where at worst a quarter of the peak was lost. \
                 A return of -1 or below loses everything: -1.",
            )
            .reference("Magdon-Ismail and Atiya, Maximum Drawdown, Risk Magazine 17(10), 2004")
            .reference("empyrical max_drawdown")
            .output("max_drawdown", "fraction", "Deepest fall from a peak, from -1 to 0.")
            .warm_up("0")
    }

    fn new(_: &Params) -> Self {
        Self { rows: 0, growth: 1.0, peak: 1.0, trough: 1.0, share: 1.0, least_share: 1.0 }
    }

    fn update(&mut self, [returns]: [&[f64]; 1]) {
        for block in returns.chunks(BLOCK_ROWS) {
            let Self { mut growth, mut peak, mut trough, mut share, mut least_share, .. } = *self;
            for value in block {
                let factor = (1.0 + value).max(0.0);
                growth = (growth * factor).min(f64::MAX);
                peak = peak.max(growth);
                trough = trough.min(growth);
                share = (share * factor).min(1.0);
                least_share = least_share.min(share);
            }
            let rows = self.rows + block.len() as u64;
            *self = Self { rows, growth, peak, trough, share, least_share };
            self.settle();
        }
    }

    fn merge(&mut self, other: &Self) {
        self.least_share = self.least_share.min(other.least_share).min(self.share * other.trough);
        // A peak of the later stretch counts if it rises above the earlier peak.
        self.share = if self.share * other.peak >= 1.0 { other.share } else { self.share * other.growth };
        self.peak = self.peak.max((self.growth * other.peak).min(f64::MAX));
        self.trough = self.trough.min(self.growth * other.trough);
        self.growth = (self.growth * other.growth).min(f64::MAX);
        self.rows += other.rows;
        self.settle();
    }

    fn value(&self) -> Result<Option<[f64; 1]>> {
        Ok((self.rows > 0).then_some([self.least_share - 1.0]))
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn is_sound(&self, _: &Params) -> bool {
        let within = |value: f64, least: f64, most: f64| (least..=most).contains(&value);
        within(self.peak, 1.0, f64::MAX)
            && within(self.trough, 0.0, 1.0)
            && within(self.growth, self.trough, self.peak)
            && within(self.share, 0.0, 1.0)
            && within(self.least_share, 0.0, self.share)
            && (self.rows > 0 || [self.peak, self.trough, self.share, self.least_share] == [1.0; 4])
    }
}

impl MaxDrawdown {
    /// Where next to nothing is left it is as after a loss of everything: what fades on and on would soon be among the
    /// numbers with which a processor is a hundred times slower.
    fn settle(&mut self) {
        if self.least_share < RUINED {
            *self =
                Self { rows: self.rows, growth: 0.0, peak: 1.0, trough: 0.0, share: 0.0, least_share: 0.0 };
        }
    }
}
