//! What every language agrees on: function specs, errors, table schemas and the Arrow C structs.
//!
//! No Python and no kernels live here, so every other crate can depend on it.

/// Borrowed Arrow columns, and the C structs they come in.
pub mod arrow;
/// How great and how small a number may be, so that no answer overflows and none fades away.
pub mod bounds;
/// The error that crosses languages: a code from the one table, and the fields of its message.
pub mod error;
/// Codes and constructors, one per entry of `schemas/error_codes.toml`. Generated.
mod error_codes;
/// Memory that grows with the caller's data: asked for politely, and refused before it is asked for in vain.
pub mod memory;
/// Parameters, resolved once against a spec so that no kernel checks a range.
pub mod params;
/// One row of each table as a struct, to and from Arrow and JSON.
pub mod records;
/// Arrow schemas as Omega spells them, read from IPC files and from live data.
pub mod schema;
/// What there is to know about a function, as data.
pub mod spec;
/// The table schemas, as static data made from the `.arrow` files when this crate is built.
pub mod tables;
/// How Omega spells Arrow types.
mod type_names;

pub use error::Error;
pub use error_codes::ErrorCode;

/// The result of anything that can be refused.
pub type Result<T> = std::result::Result<T, Error>;
