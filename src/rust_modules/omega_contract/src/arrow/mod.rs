//! Borrowed Arrow columns, and the C structs they come in.

/// The structs of the Arrow C data, stream and device interfaces, and of Omega's own C ABI.
pub mod c;
/// Columns of float64 as kernels read them: borrowed values and a validity bitmap.
pub mod column;
