//! Technical indicators, with TA-Lib's conventions.

/// Mean of the last rows.
mod sma;

use omega_kernel::{Function, Rowwise};

/// Every indicator, in the order of the documentation.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![sma::Sma::function()]
}
