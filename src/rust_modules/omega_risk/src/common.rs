//! What specs of this module have in common.

use omega_contract::spec::{FunctionSpec, Kind, Unit};
use omega_contract::tables::{benchmarked_returns, returns};

/// A metric of the column `returns`.
pub(crate) fn metric(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, Kind::Reduction, "returns", summary).series(returns::RETURNS)
}

/// A metric of the columns `returns` and `benchmark`.
pub(crate) fn metric_against_benchmark(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, Kind::Reduction, "benchmarked_returns", summary)
        .series(benchmarked_returns::RETURNS)
        .series(benchmarked_returns::BENCHMARK)
}

/// Parameters that several metrics have.
pub(crate) trait SharedParameters {
    /// What makes a figure annual.
    fn periods(self) -> Self;

    /// How much of the left tail counts.
    fn cutoff(self) -> Self;
}

impl SharedParameters for FunctionSpec {
    fn periods(self) -> Self {
        let summary = "Periods in a year: 252 for trading days, 52 for weeks, 12 for months.";
        self.float("periods", 252.0, 0.0, 1e9, Unit::PerYear, summary).exclusive()
    }

    fn cutoff(self) -> Self {
        self.float("cutoff", 0.05, 0.0, 1.0, Unit::Fraction, "Share of returns in the left tail.").exclusive()
    }
}
