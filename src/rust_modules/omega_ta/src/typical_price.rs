//! The price that stands for a whole bar.

/// The middle of a bar's high, low and close.
#[inline]
pub(crate) fn typical_price([high, low, close]: [f64; 3]) -> f64 {
    (high + low + close) / 3.0
}
