//! Risk and performance metrics over returns, with empyrical's definitions.

/// What specs of this module have in common.
mod common;
/// The mean loss on the worst days.
pub mod conditional_value_at_risk;
/// The deepest fall from a peak.
pub mod max_drawdown;
/// Mean excess return per unit of deviation.
pub mod sharpe_ratio;
/// Mean excess return per unit of downside deviation.
pub mod sortino_ratio;
/// The loss that only few returns exceed.
pub mod value_at_risk;
/// Annualised deviation of returns.
pub mod volatility;

use omega_kernel::{Function, Reduction};

/// Every metric, in the order of the documentation.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![
        sharpe_ratio::SharpeRatio::function(),
        sortino_ratio::SortinoRatio::function(),
        volatility::Volatility::function(),
        max_drawdown::MaxDrawdown::function(),
        value_at_risk::ValueAtRisk::function(),
        conditional_value_at_risk::ConditionalValueAtRisk::function(),
    ]
}
