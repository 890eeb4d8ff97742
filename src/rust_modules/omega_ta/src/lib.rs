//! Technical indicators, with TA-Lib's conventions.

/// How strongly prices trend, whichever way.
pub mod adx;
/// How far prices move in a bar.
pub mod atr;
/// A band around the average, as wide as prices have been restless.
pub mod bbands;
/// Average that forgets exponentially.
pub mod ema;
/// How far a fast average has run from a slow one.
pub mod macd;
/// Volume of rising bars less volume of falling ones.
pub mod obv;
/// How much of the recent movement was upward.
pub mod rsi;
/// Mean of the last rows.
pub mod sma;

use omega_kernel::{Function, Rowwise};

/// Every indicator, in the order of the documentation.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![
        sma::Sma::function(),
        ema::Ema::function(),
        rsi::Rsi::function(),
        macd::Macd::function(),
        bbands::Bbands::function(),
        atr::Atr::function(),
        adx::Adx::function(),
        obv::Obv::function(),
    ]
}
