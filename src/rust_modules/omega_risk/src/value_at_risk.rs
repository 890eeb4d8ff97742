//! The loss that only few returns exceed.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::parts::Sample;
use omega_kernel::{Reduction, State};
use serde::{Deserialize, Serialize};

use crate::common::{metric, with_cutoff};

/// Historical value at risk.
#[derive(Serialize, Deserialize)]
pub struct ValueAtRisk {
    returns: Sample,
    cutoff: f64,
}

impl State for ValueAtRisk {
    fn copy(&self) -> Result<Self> {
        Ok(Self { returns: self.returns.copy()?, ..*self })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.returns.reserve(rows)
    }
}

impl Reduction<1, 1> for ValueAtRisk {
    fn spec() -> FunctionSpec {
        with_cutoff(metric("risk.value_at_risk", "Historical value at risk: the return that a share of all returns is below."))
            .describe(
                "The quantile `cutoff` of the returns, exactly, between two of them on the line through them. No \
                 distribution is assumed. Negative for a loss. Memory grows with the number of returns.",
            )
            .reference("Jorion, Value at Risk, 3rd ed., McGraw-Hill 2007, ch. 10")
            .reference("empyrical value_at_risk; Hyndman and Fan, Sample Quantiles in Statistical Packages, American Statistician 50(4), 1996, type 7")
            .output("value_at_risk", "fraction", "The quantile `cutoff` of the returns, negative for a loss.")
            .warm_up("0")
    }

    fn new(params: &Params) -> Self {
        Self { returns: Sample::default(), cutoff: params.float(0) }
    }

    fn update(&mut self, [returns]: [&[f64]; 1]) {
        self.returns.update(returns);
    }

    fn merge(&mut self, other: &Self) {
        self.returns.merge(&other.returns);
    }

    fn value(&self) -> Result<Option<[f64; 1]>> {
        Ok(self.returns.quantile(self.cutoff)?.map(|value| [value]))
    }

    fn rows(&self) -> u64 {
        self.returns.count()
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.returns.is_sound() && self.cutoff.to_bits() == params.float(0).to_bits()
    }
}
