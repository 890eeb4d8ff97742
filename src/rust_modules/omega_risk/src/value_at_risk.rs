//! Value at risk (VaR): the loss that only few returns exceed.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::Metric;
use omega_kernel::parts::{Ordered, Sample};

use crate::common::{SharedParameters, metric};

/// Historical value at risk.
#[derive(Clone, Copy)]
pub struct ValueAtRisk {
    cutoff: f64,
}

impl Metric<1, 1> for ValueAtRisk {
    type Summary = Sample;

    fn spec() -> FunctionSpec {
        metric("risk.value_at_risk", "Value at risk, historical: the return that a share of all returns is below.")
            .describe(
                "The quantile `cutoff` of the returns, exactly, between two of them on the line through them. No \
                 distribution is assumed. Negative for a loss.",
            )
            .reference("Jorion, Value at Risk, 3rd ed., McGraw-Hill 2007, ch. 10")
            .reference("empyrical value_at_risk; Hyndman and Fan, Sample Quantiles in Statistical Packages, American Statistician 50(4), 1996, type 7")
            .cutoff()
            .output("value_at_risk", Unit::Return, "The quantile `cutoff` of the returns, negative for a loss.")
    }

    fn new(params: &Params) -> Self {
        Self { cutoff: params.float("cutoff") }
    }

    fn shape(&self) {}

    fn value(&self, returns: Ordered<'_>) -> Option<[f64; 1]> {
        Some([returns.quantile(self.cutoff)])
    }
}
