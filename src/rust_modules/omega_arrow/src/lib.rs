//! Borrowed Arrow columns, and the C structs they come in.

/// The structs of the Arrow C data, stream and device interfaces, and of Omega's own C ABI.
pub mod c;
/// Looks at every pointer and count of a producer's structs before anybody follows them.
pub mod check;
/// Columns of float64 as kernels read them: borrowed values and a validity bitmap.
pub mod column;
/// Whatever numeric type a producer has, as float64: borrowed where it is, copied and counted where it is not.
pub mod float64;
/// Calls a producer's callbacks so that a C++ exception ends here.
mod foreign;
/// Closes the gaps that missing rows leave in a column, and opens them again.
pub mod gaps;
/// Group keys: text or whole numbers, read where they lie and numbered in order of appearance.
pub mod keys;
/// Reads the C structs of a producer without taking or copying what they hold.
pub mod read;
/// Arrays one after the other, taken from a producer until there are no more.
pub mod stream;
/// Timestamps and dates of every unit, as whole microseconds since 1970 in a float64.
pub mod times;
/// Hands columns to a consumer through the C structs.
pub mod write;
