//! Hidden functions that the tests and benchmarks of the boundary call.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::{Function, Rowwise};
use serde::{Deserialize, Serialize};

/// `probe.identity` and `probe.panic`.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![Identity::function(), Panic::function()]
}

/// The trivial kernel: what a call costs when it computes nothing.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Identity;

impl Rowwise<1, 1> for Identity {
    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.identity", Kind::Rowwise, "", "The input itself.")
            .input("value", "Any number.")
            .output("value", "", "The same number.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(_: &Params) -> usize {
        0
    }

    fn update(&mut self, row: [f64; 1]) -> Option<[f64; 1]> {
        Some(row)
    }

    fn batch(&mut self, [input]: [&[f64]; 1], [output]: [&mut [f64]; 1]) {
        output.copy_from_slice(input);
    }

    fn is_sound(&self, _: &Params) -> bool {
        true
    }
}

/// A bug on demand: shows that a panic in a kernel reaches callers as a typed error.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Panic;

impl Rowwise<1, 1> for Panic {
    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.panic", Kind::Rowwise, "", "The input itself, unless it is above zero.")
            .input("value", "A number that panics if it is above zero.")
            .output("value", "", "The same number.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(_: &Params) -> usize {
        0
    }

    fn update(&mut self, row: [f64; 1]) -> Option<[f64; 1]> {
        assert!(row[0] <= 0.0, "probe.panic met {}", row[0]);
        Some(row)
    }

    fn is_sound(&self, _: &Params) -> bool {
        true
    }
}
