//! Volatility: annualised deviation of returns.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::Metric;
use omega_kernel::parts::Moments;

use crate::common::{SharedParameters, metric};

/// Annualised volatility.
#[derive(Clone, Copy)]
pub struct Volatility {
    periods: f64,
}

impl Metric<1, 1> for Volatility {
    type Summary = Moments;

    fn spec() -> FunctionSpec {
        metric("risk.volatility", "Volatility: annualised standard deviation of returns.")
            .describe(
                "sqrt(periods) * deviation(returns), the deviation over n - 1. Exactly zero where all returns are equal, \
                 undefined for fewer than two.",
            )
            .reference("Hull, Options, Futures, and Other Derivatives, 11th ed., Pearson 2021, section 15.4")
            .reference("empyrical annual_volatility")
            .periods()
            .output("volatility", Unit::Volatility, "Standard deviation of returns, per square root of a year.")
    }

    fn new(params: &Params) -> Self {
        Self { periods: params.float("periods") }
    }

    fn shape(&self) -> f64 {
        0.0
    }

    fn value(&self, returns: Moments) -> Option<[f64; 1]> {
        returns.deviation().map(|deviation| [deviation * self.periods.sqrt()])
    }
}
