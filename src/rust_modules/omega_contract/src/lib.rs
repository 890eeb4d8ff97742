//! What every language agrees on: function specs, parameters, errors, bounds and table schemas.
//!
//! No Python and no kernels live here, so every other crate can depend on it.

/// What people call things elsewhere, and what they are called here.
pub mod aliases;
/// How great and how small a number may be, so that no answer overflows and none fades away.
pub mod bounds;
/// The error that crosses languages: a code from the one table, and the fields of its message.
pub mod error;
/// Codes and constructors, one per entry of `schemas/error_codes.toml`. Generated.
mod error_codes;
/// Memory that grows with the caller's data: asked for politely, and refused before it is asked for in vain.
pub mod memory;
/// Names that a spec cannot give, as they mean something else in Python.
mod names;
/// Parameters, resolved once against a spec so that no kernel checks a range.
pub mod params;
/// What there is to know about a function, as data.
pub mod spec;
/// The table schemas, as static data.
pub mod tables;
/// What numbers are counted in, and what that says about answers when the data are scaled or moved.
mod unit;

pub use error::Error;
pub use error_codes::ErrorCode;

/// The result of anything that can be refused.
pub type Result<T> = std::result::Result<T, Error>;
