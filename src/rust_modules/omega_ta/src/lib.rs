//! Technical indicators, with TA-Lib's conventions and in TA-Lib's groups.

/// The price that stands for a whole bar.
mod typical_price;

omega_kernel::functions! {
    /// Lines drawn over prices: averages and bands.
    overlap { sma::Sma, ema::Ema, bbands::Bbands, mavp::Mavp }
    /// How fast and how steadily prices move.
    momentum { rsi::Rsi, macd::Macd, adx::Adx, cci::Cci }
    /// How far prices move.
    volatility { atr::Atr }
    /// What volume adds to price.
    volume { obv::Obv, vwap::Vwap }
    /// Numbers about a window of prices.
    math { maxindex::Maxindex }
}
