//! Sortino ratio: mean excess return per unit of downside deviation.

use omega_contract::bounds::{LARGEST_INPUT, MOST_ROWS};
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Unit};
use omega_kernel::parts::Sum;
use omega_kernel::{Mergeable, Metric};
use serde::{Deserialize, Serialize};

use crate::common::{SharedParameters, metric};

/// Sortino ratio.
#[derive(Clone, Copy)]
pub struct SortinoRatio {
    periods: f64,
    required_return: f64,
}

impl Metric<1, 1> for SortinoRatio {
    type Summary = Shortfall;

    fn spec() -> FunctionSpec {
        metric("risk.sortino_ratio", "Sortino ratio: annualised mean excess return per unit of downside deviation.")
            .describe(
                "sqrt(periods) * mean(e) / sqrt(mean(min(e, 0)^2)) with e = returns - required_return. All returns count \
                 in the lower mean, those above the required one as zero. Undefined where no return fell short.",
            )
            .reference("Sortino and Price, Performance Measurement in a Downside Risk Framework, Journal of Investing 3(3), 1994")
            .reference("empyrical sortino_ratio")
            .periods()
            .float("required_return", 0.0, -1.0, 1e9, Unit::Return, "Least acceptable return, per period, not per year.")
            .output("sortino_ratio", Unit::Ratio, "Annualised Sortino ratio.")
            .undefined()
    }

    fn new(params: &Params) -> Self {
        Self { periods: params.float("periods"), required_return: params.float("required_return") }
    }

    fn shape(&self) -> f64 {
        self.required_return
    }

    fn value(&self, known: Shortfall) -> Option<[f64; 1]> {
        let downside = known.downside_deviation();
        (downside > 0.0).then(|| [known.mean_excess() / downside * self.periods.sqrt()])
    }
}

/// By how much returns exceed a required one, and how far they fall short of it.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shortfall {
    count: u64,
    excess: Sum,
    /// Squares of the excess where it is below zero, zero elsewhere.
    squares: Sum,
}

impl Shortfall {
    /// The mean of what returns exceed the required one by.
    pub fn mean_excess(&self) -> f64 {
        self.excess.value() / self.count as f64
    }

    /// The square root of the mean of squares, where returns that do not fall short count as zero.
    pub fn downside_deviation(&self) -> f64 {
        (self.squares.value() / self.count as f64).sqrt()
    }
}

impl Mergeable<1> for Shortfall {
    /// The required return.
    type Shape = f64;

    fn of(required: f64, [returns]: [&[f64]; 1]) -> Self {
        let square = |value: f64| {
            let short = (value - required).min(0.0);
            short * short
        };
        Self {
            count: returns.len() as u64,
            excess: Sum::of(returns, |value| value - required),
            squares: Sum::of(returns, square),
        }
    }

    fn merge(&mut self, later: &Self) {
        self.count += later.count;
        self.excess.merge(&later.excess);
        self.squares.merge(&later.squares);
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn is_sound(&self) -> bool {
        // More than a return can differ from any that it is measured against.
        let farthest = 2.0 * LARGEST_INPUT;
        (1..=MOST_ROWS).contains(&self.count)
            && self.excess.is_sound(self.count, farthest)
            && self.squares.is_sound(self.count, farthest * farthest)
            && self.squares.value() >= 0.0
    }
}
