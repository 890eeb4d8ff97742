//! Sharpe ratio: mean excess return per unit of deviation.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::Metric;
use omega_kernel::parts::Moments;

use crate::common::{SharedParameters, metric};

/// Sharpe ratio.
#[derive(Clone, Copy)]
pub struct SharpeRatio {
    periods: f64,
    risk_free: f64,
}

impl Metric<1, 1> for SharpeRatio {
    type Summary = Moments;

    fn spec() -> FunctionSpec {
        metric("risk.sharpe_ratio", "Sharpe ratio: annualised mean excess return per unit of deviation.")
            .describe(
                "sqrt(periods) * mean(returns - risk_free) / deviation(returns - risk_free), the deviation over n - 1. \
                 Undefined for fewer than two returns and where nothing varied: equal returns have a deviation of \
                 exactly zero here, never one of rounding errors.",
            )
            .reference("Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21(1), 1994")
            .reference("empyrical sharpe_ratio")
            .periods()
            .float("risk_free", 0.0, -1.0, 1e9, Unit::Return, "Return without risk, per period, not per year.")
            .output("sharpe_ratio", Unit::Ratio, "Annualised Sharpe ratio.")
            .undefined()
    }

    fn new(params: &Params) -> Self {
        Self { periods: params.float("periods"), risk_free: params.float("risk_free") }
    }

    fn shape(&self) -> f64 {
        self.risk_free
    }

    fn value(&self, excess: Moments) -> Option<[f64; 1]> {
        let deviation = excess.deviation().filter(|deviation| *deviation > 0.0)?;
        Some([excess.mean() / deviation * self.periods.sqrt()])
    }
}
