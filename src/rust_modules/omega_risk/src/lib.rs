//! Risk and performance metrics over returns, with empyrical's definitions.

/// What specs of this module have in common.
mod common;
/// Mean excess return per unit of deviation.
mod sharpe_ratio;

use omega_kernel::{Function, Reduction};

/// Every metric, in the order of the documentation.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![sharpe_ratio::SharpeRatio::function()]
}
