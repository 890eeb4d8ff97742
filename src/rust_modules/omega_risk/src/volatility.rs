//! Annualised deviation of returns.

use omega_contract::Result;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::FunctionSpec;
use omega_kernel::parts::{Blocks, Moments};
use omega_kernel::{Reduction, State};
use serde::{Deserialize, Serialize};

use crate::common::{metric, with_periods};

/// Annualised volatility.
#[derive(Serialize, Deserialize)]
pub struct Volatility {
    returns: Blocks<Moments>,
    periods: f64,
}

impl State for Volatility {
    fn copy(&self) -> Result<Self> {
        Ok(Self { returns: self.returns.copy()?, ..*self })
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        self.returns.reserve(rows)
    }
}

impl Reduction<1, 1> for Volatility {
    fn spec() -> FunctionSpec {
        with_periods(metric("risk.volatility", "Annualised standard deviation of returns."))
            .describe(
                "sqrt(periods) * deviation(returns), the deviation over n - 1. Exactly zero where all returns are equal, \
                 undefined for fewer than two.",
            )
            .reference("Hull, Options, Futures, and Other Derivatives, 11th ed., Pearson 2021, section 15.4")
            .reference("empyrical annual_volatility")
            .output("volatility", "fraction", "Standard deviation of returns, per square root of a year.")
            .warm_up("1")
    }

    fn new(params: &Params) -> Self {
        Self { returns: Blocks::new(), periods: params.float(0) }
    }

    fn update(&mut self, [returns]: [&[f64]; 1]) {
        self.returns.update(returns, |value| value);
    }

    fn merge(&mut self, other: &Self) {
        self.returns.merge(&other.returns);
    }

    fn value(&self) -> Result<Option<[f64; 1]>> {
        let deviation = self.returns.summary().and_then(|returns| returns.deviation());
        Ok(deviation.map(|deviation| [deviation * self.periods.sqrt()]))
    }

    fn rows(&self) -> u64 {
        self.returns.count()
    }

    fn is_sound(&self, params: &Params) -> bool {
        self.returns.is_sound(LARGEST_INPUT) && self.periods.to_bits() == params.float(0).to_bits()
    }
}
