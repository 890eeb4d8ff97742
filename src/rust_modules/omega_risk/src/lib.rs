//! Risk and performance metrics over returns, with empyrical's definitions, each also over a window.

/// What specs of this module have in common.
mod common;

omega_kernel::functions! {
    sharpe_ratio::SharpeRatio,
    sortino_ratio::SortinoRatio,
    volatility::Volatility,
    max_drawdown::MaxDrawdown,
    calmar_ratio::CalmarRatio,
    value_at_risk::ValueAtRisk,
    conditional_value_at_risk::ConditionalValueAtRisk,
    beta::Beta,
}
