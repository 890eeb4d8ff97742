//! Conditional value at risk (CVaR), or expected shortfall: the mean loss on the worst days.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::Metric;
use omega_kernel::parts::{Ordered, Sample};

use crate::common::{SharedParameters, metric};

/// Historical conditional value at risk.
#[derive(Clone, Copy)]
pub struct ConditionalValueAtRisk {
    cutoff: f64,
}

impl Metric<1, 1> for ConditionalValueAtRisk {
    type Summary = Sample;

    fn spec() -> FunctionSpec {
        metric(
            "risk.conditional_value_at_risk",
            "Conditional value at risk, historical, or expected shortfall: the mean of the worst returns.",
        )
        .describe(
            "The mean of the floor((n - 1) * cutoff) + 1 least returns. No distribution is assumed. Negative for a \
             loss, and never above the value at risk.",
        )
        .reference("Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2(3), 2000")
        .reference("empyrical conditional_value_at_risk")
        .cutoff()
        .output("conditional_value_at_risk", Unit::Return, "Mean of the worst returns, negative for a loss.")
    }

    fn new(params: &Params) -> Self {
        Self { cutoff: params.float("cutoff") }
    }

    fn shape(&self) {}

    fn value(&self, returns: Ordered<'_>) -> Option<[f64; 1]> {
        Some([returns.mean_of_least(self.cutoff)])
    }
}
