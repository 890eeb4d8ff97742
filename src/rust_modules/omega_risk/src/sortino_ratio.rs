//! Mean excess return per unit of downside deviation.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::parts::{Blocks, Sums};
use omega_kernel::{Reduction, State};
use serde::{Deserialize, Serialize};

use crate::common::{LARGEST_EXCESS, metric, with_periods};

/// Sortino ratio.
#[derive(Serialize, Deserialize)]
pub struct SortinoRatio {
    excess: Blocks<Sums>,
    /// Squares of the excess where it is below zero, zero elsewhere.
    shortfall: Blocks<Sums>,
    periods: f64,
    required_return: f64,
}

impl State for SortinoRatio {
    fn copy(&self) -> Result<Self> {
        Ok(Self { excess: self.excess.copy()?, shortfall: self.shortfall.copy()?, ..*self })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.excess.reserve(rows)?;
        self.shortfall.reserve(rows)
    }
}

impl Reduction<1, 1> for SortinoRatio {
    fn spec() -> FunctionSpec {
        with_periods(metric("risk.sortino_ratio", "Annualised mean excess return per unit of downside deviation."))
            .describe(
                "sqrt(periods) * mean(e) / sqrt(mean(min(e, 0)^2)) with e = returns - required_return. All returns count \
                 in the lower mean, those above the required one as zero. Undefined where no return fell short.",
            )
            .reference("Sortino and Price, Performance Measurement in a Downside Risk Framework, Journal of Investing 3(3), 1994")
            .reference("empyrical sortino_ratio")
            .float("required_return", 0.0, -1.0, 1e9, "fraction", "Least acceptable return, per period, not per year.")
            .output("sortino_ratio", "", "Annualised Sortino ratio.")
            .warm_up("1")
    }

    fn new(params: &Params) -> Self {
        Self {
            excess: Blocks::new(),
            shortfall: Blocks::new(),
            periods: params.float(0),
            required_return: params.float(1),
        }
    }

    fn update(&mut self, [returns]: [&[f64]; 1]) {
        let required = self.required_return;
        self.excess.update(returns, |value| value - required);
        self.shortfall.update(returns, |value| {
            let short = (value - required).min(0.0);
            short * short
        });
    }

    fn merge(&mut self, other: &Self) {
        self.excess.merge(&other.excess);
        self.shortfall.merge(&other.shortfall);
    }

    fn value(&self) -> Result<Option<[f64; 1]>> {
        let (Some(excess), Some(shortfall)) = (self.excess.summary(), self.shortfall.summary()) else {
            return Ok(None);
        };
        let downside = shortfall.mean().sqrt();
        Ok((downside > 0.0).then(|| [excess.mean() / downside * self.periods.sqrt()]))
    }

    fn rows(&self) -> u64 {
        self.excess.count()
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.excess.is_sound(LARGEST_EXCESS)
            && self.shortfall.is_sound(LARGEST_EXCESS * LARGEST_EXCESS)
            && self.excess.count() == self.shortfall.count()
            && self.shortfall.summary().is_none_or(|squares| squares.mean() >= 0.0)
            && self.periods.to_bits() == params.float(0).to_bits()
            && self.required_return.to_bits() == params.float(1).to_bits()
    }
}
