//! Annual growth per deepest fall.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::{Mergeable, Metric};

use crate::common::{SharedParameters, metric};
use crate::max_drawdown::Drawdown;

/// Calmar ratio.
#[derive(Clone, Copy)]
pub struct CalmarRatio {
    periods: f64,
}

impl Metric<1, 1> for CalmarRatio {
    type Summary = Drawdown;

    fn spec() -> FunctionSpec {
        metric("risk.calmar_ratio", "Calmar ratio: annual growth per deepest fall of compounded returns.")
            .describe(
                "With wealth compounded from 1, (wealth ** (periods / n) - 1) / -max_drawdown, the drawdown as in \
                 `risk.max_drawdown`. Undefined where wealth never fell, and where annual growth is beyond all bounds.",
            )
            .reference("Young, Calmar Ratio: A Smoother Tool, Futures, October 1991")
            .reference("empyrical calmar_ratio")
            .periods()
            .output("calmar_ratio", Unit::Number, "Annual growth over deepest fall.")
            .undefined()
    }

    fn new(params: &Params) -> Self {
        Self { periods: params.float("periods") }
    }

    fn shape(&self) {}

    fn value(&self, known: Drawdown) -> Option<[f64; 1]> {
        let growth = (known.growth().ln() * (self.periods / known.count() as f64)).exp_m1();
        let ratio = growth / -known.deepest();
        (known.deepest() < 0.0 && ratio.is_finite()).then_some([ratio])
    }
}
