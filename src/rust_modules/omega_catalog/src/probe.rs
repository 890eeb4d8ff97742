//! Hidden functions that the tests and benchmarks of the boundary call.

use omega_contract::bounds::is_input;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_kernel::{Function, Mergeable, Metric, Rowwise};
use serde::{Deserialize, Serialize};

/// `probe.identity`, `probe.extent` with `probe.rolling_extent`, and `probe.panic`.
#[must_use]
pub fn functions() -> Vec<Function> {
    let [extent, rolling_extent] = Extent::functions();
    vec![Identity::function(), extent, rolling_extent, Panic::function()]
}

/// A metric with two answers.
#[derive(Clone, Copy)]
struct Extent;

impl Metric<1, 2> for Extent {
    type Summary = Ends;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.extent", Kind::Reduction, "", "The least and the greatest number.")
            .input("value", "Any number.")
            .output("least", Unit::Number, "The least number.")
            .output("greatest", Unit::Number, "The greatest number.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn shape(&self) {}

    fn value(&self, ends: Ends) -> Option<[f64; 2]> {
        Some([ends.least, ends.greatest])
    }
}

/// The least and the greatest of some numbers.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Ends {
    count: u64,
    least: f64,
    greatest: f64,
}

impl Mergeable<1> for Ends {
    type Shape = ();

    fn of((): (), [values]: [&[f64]; 1]) -> Self {
        // Without the sign of a zero, so that the order of rows makes no difference.
        let each = || values.iter().map(|value| value + 0.0);
        let count = values.len() as u64;
        Self { count, least: each().fold(f64::MAX, f64::min), greatest: each().fold(f64::MIN, f64::max) }
    }

    fn merge(&mut self, later: &Self) {
        self.count += later.count;
        self.least = self.least.min(later.least);
        self.greatest = self.greatest.max(later.greatest);
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn is_sound(&self) -> bool {
        self.count > 0 && self.least <= self.greatest && is_input(self.least) && is_input(self.greatest)
    }
}

/// What a kernel keeps that remembers nothing.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Nothing;

/// The trivial kernel: what a call costs when it computes nothing.
#[derive(Clone, Copy)]
struct Identity;

impl Rowwise<1, 1> for Identity {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.identity", Kind::Rowwise, "", "The input itself.")
            .input("value", "Any number.")
            .output("value", Unit::Number, "The same number.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, row: [f64; 1]) -> Option<[f64; 1]> {
        Some(row)
    }

    fn batch(&self, _: &mut Nothing, [input]: [&[f64]; 1], [output]: [&mut [f64]; 1]) {
        output.copy_from_slice(input);
    }
}

/// A bug on demand: shows that a panic in a kernel reaches callers as a typed error.
#[derive(Clone, Copy)]
struct Panic;

impl Rowwise<1, 1> for Panic {
    type State = Nothing;

    fn spec() -> FunctionSpec {
        FunctionSpec::new("probe.panic", Kind::Rowwise, "", "The input itself, unless it is above zero.")
            .input("value", "A number that panics if it is above zero.")
            .output("value", Unit::Number, "The same number.")
    }

    fn new(_: &Params) -> Self {
        Self
    }

    fn warm_up(&self) -> usize {
        0
    }

    fn start(&self) -> Nothing {
        Nothing
    }

    fn update(&self, _: &mut Nothing, row: [f64; 1]) -> Option<[f64; 1]> {
        assert!(row[0] <= 0.0, "probe.panic met {}", row[0]);
        Some(row)
    }
}
