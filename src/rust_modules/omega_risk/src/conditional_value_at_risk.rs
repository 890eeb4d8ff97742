//! The mean loss on the worst days.

use omega_contract::Result;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::parts::Sample;
use omega_kernel::{Reduction, State};
use serde::{Deserialize, Serialize};

use crate::common::{metric, with_cutoff};

/// Historical conditional value at risk.
#[derive(Serialize, Deserialize)]
pub struct ConditionalValueAtRisk {
    returns: Sample,
    cutoff: f64,
}

impl State for ConditionalValueAtRisk {
    fn copy(&self) -> Result<Self> {
        Ok(Self { returns: self.returns.copy()?, ..*self })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.returns.reserve(rows)
    }
}

impl Reduction<1, 1> for ConditionalValueAtRisk {
    fn spec() -> FunctionSpec {
        with_cutoff(metric(
            "risk.conditional_value_at_risk",
            "Historical conditional value at risk, or expected shortfall: the mean of the worst returns.",
        ))
        .describe(
            "The mean of the floor((n - 1) * cutoff) + 1 least returns. No distribution is assumed. Negative for a \
             loss, and never above the value at risk. Memory grows with the number of returns.",
        )
        .reference("Rockafellar and Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2(3), 2000")
        .reference("empyrical conditional_value_at_risk")
        .output("conditional_value_at_risk", "fraction", "Mean of the worst returns, negative for a loss.")
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
        Ok(self.returns.mean_of_least(self.cutoff)?.map(|value| [value]))
    }

    fn rows(&self) -> u64 {
        self.returns.count()
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.returns.is_sound() && self.cutoff.to_bits() == params.float(0).to_bits()
    }
}
