//! What specs of this module have in common.

use omega_contract::assert_inputs;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::spec::{FunctionSpec, Kind};

assert_inputs!("returns", "returns");

/// More than a return can differ from any that it is measured against.
pub(crate) const LARGEST_EXCESS: f64 = 2.0 * LARGEST_INPUT;

/// A metric of the column `returns`.
pub(crate) fn metric(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, Kind::Reduction, "returns", summary)
        .input("returns", "Simple return of each period, as a fraction: 0.01 is one percent.")
}

/// The parameter that makes a figure annual.
pub(crate) fn with_periods(spec: FunctionSpec) -> FunctionSpec {
    let summary = "Periods in a year: 252 for trading days, 52 for weeks, 12 for months.";
    spec.float("periods", 252.0, 0.0, 1e9, "1/year", summary).exclusive()
}

/// The parameter that says how much of the left tail counts.
pub(crate) fn with_cutoff(spec: FunctionSpec) -> FunctionSpec {
    spec.float("cutoff", 0.05, 0.0, 1.0, "fraction", "Share of returns in the left tail.").exclusive()
}
