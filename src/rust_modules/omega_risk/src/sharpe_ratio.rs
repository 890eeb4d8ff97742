//! Mean excess return per unit of deviation.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::parts::{Blocks, Moments};
use omega_kernel::{Reduction, State};
use serde::{Deserialize, Serialize};

use crate::common::{LARGEST_EXCESS, metric, with_periods};

/// Sharpe ratio.
#[derive(Serialize, Deserialize)]
pub struct SharpeRatio {
    excess: Blocks<Moments>,
    periods: f64,
    risk_free: f64,
}

impl State for SharpeRatio {
    fn copy(&self) -> Result<Self> {
        Ok(Self { excess: self.excess.copy()?, ..*self })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.excess.reserve(rows)
    }
}

impl Reduction<1, 1> for SharpeRatio {
    fn spec() -> FunctionSpec {
        with_periods(metric("risk.sharpe_ratio", "Annualised mean excess return per unit of deviation."))
            .describe(
                "sqrt(periods) * mean(returns - risk_free) / deviation(returns - risk_free), the deviation over n - 1. \
                 Undefined for fewer than two returns and where nothing varied: equal returns have a deviation of \
                 exactly zero here, never one of rounding errors.",
            )
            .reference("Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21(1), 1994")
            .reference("empyrical sharpe_ratio")
            .float("risk_free", 0.0, -1.0, 1e9, "fraction", "Return without risk, per period, not per year.")
            .output("sharpe_ratio", "", "Annualised Sharpe ratio.")
            .warm_up("1")
    }

    fn new(params: &Params) -> Self {
        Self { excess: Blocks::new(), periods: params.float(0), risk_free: params.float(1) }
    }

    fn update(&mut self, [returns]: [&[f64]; 1]) {
        self.excess.update(returns, |value| value - self.risk_free);
    }

    fn merge(&mut self, other: &Self) {
        self.excess.merge(&other.excess);
    }

    fn value(&self) -> Result<Option<[f64; 1]>> {
        let Some(excess) = self.excess.summary() else { return Ok(None) };
        let deviation = excess.deviation().filter(|deviation| *deviation > 0.0);
        Ok(deviation.map(|deviation| [excess.mean() / deviation * self.periods.sqrt()]))
    }

    fn rows(&self) -> u64 {
        self.excess.count()
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.excess.is_sound(LARGEST_EXCESS)
            && self.periods.to_bits() == params.float(0).to_bits()
            && self.risk_free.to_bits() == params.float(1).to_bits()
    }
}
