//! Beta: how much returns move with those of a benchmark.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::Metric;
use omega_kernel::parts::Comoments;

use crate::common::metric_against_benchmark;

/// Beta.
#[derive(Clone, Copy)]
pub struct Beta;

impl Metric<2, 1> for Beta {
    type Summary = Comoments;

    fn spec() -> FunctionSpec {
        metric_against_benchmark("risk.beta", "Beta: how much returns move with those of a benchmark.")
            .describe(
                "covariance(returns, benchmark) / variance(benchmark), the slope of the line of least squares through \
                 both. A return without risk that is the same in all periods makes no difference. Undefined for fewer \
                 than two rows and where the benchmark did not vary.",
            )
            .reference("Sharpe, Capital Asset Prices, Journal of Finance 19(3), 1964")
            .reference("empyrical beta")
            .output("beta", Unit::Ratio, "Change of the return for each unit of the benchmark's.")
            .undefined()
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) {}

    fn value(&self, known: Comoments) -> Option<[f64; 1]> {
        known.slope().map(|slope| [slope])
    }
}
