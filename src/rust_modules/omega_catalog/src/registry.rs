//! Every function by name. A module of functions is one line here, and nowhere else.

use omega_contract::params::near_function;
use omega_contract::{Error, Result};
use omega_kernel::Function;

use crate::probe;

/// The functions of every module, and how many of them are not hidden.
struct Registry {
    functions: Vec<Function>,
    listed: usize,
}

#[expect(
    clippy::disallowed_types,
    reason = "who forks with threads has looked a function up before, as `_rust` does"
)]
static REGISTRY: std::sync::LazyLock<Registry> = std::sync::LazyLock::new(|| {
    let mut functions = Vec::new();
    functions.extend(omega_ta::functions());
    functions.extend(omega_risk::functions());
    let listed = functions.len();
    functions.extend(probe::functions());
    Registry { functions, listed }
});

/// Every function, in the order of the documentation.
#[must_use]
pub fn all() -> &'static [Function] {
    &REGISTRY.functions[..REGISTRY.listed]
}

/// The functions that only tests and benchmarks call; [`find`] knows them, and [`all`] does not list them.
#[must_use]
pub fn hidden() -> &'static [Function] {
    &REGISTRY.functions[REGISTRY.listed..]
}

/// The function of a name, as in `ta.rsi`.
///
/// # Errors
/// `UNKNOWN_FUNCTION`, with the nearest name.
pub fn find(name: &str) -> Result<&'static Function> {
    REGISTRY.functions.iter().find(|function| function.spec.name == name).ok_or_else(|| {
        let names = all().iter().map(|function| function.spec.name.as_str());
        Error::unknown_function(name, near_function(name, names).unwrap_or_default())
    })
}
