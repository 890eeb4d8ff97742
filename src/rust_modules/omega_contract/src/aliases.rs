//! What people call things elsewhere, and what they are called here: the one table of such names.
//!
//! A name of another library is never taken in place of ours, as the two may differ in meaning; it is refused with ours. What
//! the peers call the parameters that are compared with theirs stands here too, which a test makes sure of.

/// Our name, and others for it. Of several that fit, the first that a function has is meant.
const ALIASES: [(&str, &[&str]); 28] = [
    ("period", &["timeperiod", "length", "window", "lookback", "span", "n", "len", "periods"]),
    ("window", &["timeperiod", "length", "period", "lookback", "span", "n", "rolling", "min_periods"]),
    ("fast_period", &["fastperiod", "fast", "fast_length", "fastlength", "n_fast", "short", "window_fast"]),
    ("slow_period", &["slowperiod", "slow", "slow_length", "slowlength", "n_slow", "long", "window_slow"]),
    ("signal_period", &["signalperiod", "signal", "signal_length", "n_signal", "smooth", "window_sign"]),
    ("deviations_up", &["nbdevup", "nbdev", "std", "stddev", "num_std", "multiplier", "alpha", "window_dev"]),
    ("deviations_down", &["nbdevdn", "nbdevdown"]),
    ("periods", &["annualization", "annualisation", "periods_per_year", "trading_days", "ann_factor"]),
    ("risk_free", &["rf", "rfr", "risk_free_rate", "riskfree"]),
    ("required_return", &["mar", "target", "target_return", "minimum_acceptable_return", "risk_free", "rf"]),
    ("cutoff", &["confidence", "confidence_level", "level", "alpha", "quantile", "q", "percentile"]),
    ("confidence", &["confidence_level", "level", "alpha", "size"]),
    ("states", &["n_states", "n_components", "components", "k", "k_regimes", "n_regimes", "regimes"]),
    ("horizon", &["steps", "ahead", "n_ahead", "forecast_horizon"]),
    ("mean", &["mean_model", "trend"]),
    ("covariance", &["cov_type", "covariance_type"]),
    ("max_iterations", &["maxiter", "max_iter", "n_iter", "iterations"]),
    ("decay", &["lam", "lambda_", "lambda", "alpha"]),
    ("seed", &["random_state", "rng", "random_seed"]),
    ("restarts", &["n_init", "n_restarts"]),
    ("tolerance", &["tol", "ftol", "eps"]),
    ("replications", &["reps", "n_bootstrap", "n_samples", "simulations", "n_simulations", "paths"]),
    ("mean_block", &["block_size", "block_length", "block"]),
    ("average", &["matype", "ma_type", "mamode"]),
    ("close", &["price", "prices", "real", "source", "src", "series"]),
    ("returns", &["ret", "rets", "series", "y"]),
    ("benchmark", &["factor_returns", "market", "bench", "index"]),
    ("by", &["groupby", "group_by", "group", "groups", "over", "symbols", "tickers"]),
];

/// The candidate that another name stands for elsewhere, whatever its case.
pub fn alias<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let mut known = ALIASES.iter().filter(|(_, others)| others.contains(&folded.as_str()));
    known.find_map(|(ours, _)| candidates.iter().find(|candidate| *candidate == ours).copied())
}
