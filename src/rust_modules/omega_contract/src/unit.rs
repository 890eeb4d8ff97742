//! What numbers are counted in, and what that says about answers when the data are scaled or moved.

use serde::{Deserialize, Serialize};

/// What a number is counted in.
///
/// A unit is a promise that laws test on every function: by [`Unit::scale`], how an answer changes when all prices,
/// volumes or returns are multiplied, and by [`Unit::shift`], whether it moves when a constant is added to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of which nothing more is known, as of a logarithm, or of a product of unlike things.
    #[serde(rename = "")]
    Number,
    /// A price, or a line that is drawn over prices, as an average: scales with prices and moves with them.
    Price,
    /// A difference of prices, as a range: scales with prices, and does not care how high they are.
    PriceChange,
    /// The square of a difference of prices, as a variance: scales with their square.
    PriceSquared,
    /// A number of units traded, whatever their price: scales with volume.
    Volume,
    /// A relative change of value, 0.01 for one percent: scales with returns and moves with them.
    Return,
    /// A deviation of returns: scales with them, and does not care around what they vary.
    Volatility,
    /// The square of a deviation of returns, as a variance: scales with their square.
    ReturnSquared,
    /// A share of a whole from 0 to 1, as a probability: the same whatever the data are counted in.
    Fraction,
    /// A share of wealth, which compounds: it neither scales with returns nor stays.
    FractionOfWealth,
    /// A share in percent, as of upward movement in all movement: neither scales nor moves.
    Percent,
    /// A change in percent of a price: the same if prices are scaled, and another if they are moved.
    PercentOfPrice,
    /// One thing over another of its kind: neither scales nor moves.
    Ratio,
    /// A verdict, as 1 for up, -1 for down and 0 for neither: neither scales nor moves.
    Signal,
    /// The number of a row: neither scales nor moves.
    RowIndex,
    /// A number of rows: neither scales nor moves.
    Rows,
    /// A number of minutes: neither scales nor moves.
    Minutes,
    /// A number in a year: neither scales nor moves.
    PerYear,
    /// A number of standard deviations: neither scales nor moves.
    Deviations,
}

/// The power of each factor by which an answer is multiplied when all prices, all volumes or all returns are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// Of the factor of prices.
    pub price: i32,
    /// Of the factor of volumes.
    pub volume: i32,
    /// Of the factor of returns.
    pub returns: i32,
}

/// What an answer does when a constant is added to all prices, or to all returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// It moves by the same constant.
    Moves,
    /// It stays as it is.
    Stays,
    /// Nothing is known.
    Unknown,
}

impl Unit {
    /// How an answer scales; `None` where nothing is known.
    #[must_use]
    pub fn scale(self) -> Option<Powers> {
        let plain = Powers::default();
        match self {
            Self::Price | Self::PriceChange => Some(Powers { price: 1, ..plain }),
            Self::PriceSquared => Some(Powers { price: 2, ..plain }),
            Self::Volume => Some(Powers { volume: 1, ..plain }),
            Self::Return | Self::Volatility => Some(Powers { returns: 1, ..plain }),
            Self::ReturnSquared => Some(Powers { returns: 2, ..plain }),
            Self::Fraction
            | Self::Percent
            | Self::PercentOfPrice
            | Self::Ratio
            | Self::Signal
            | Self::RowIndex
            | Self::Rows
            | Self::Minutes
            | Self::PerYear
            | Self::Deviations => Some(plain),
            Self::Number | Self::FractionOfWealth => None,
        }
    }

    /// Whether an answer moves with prices or returns.
    #[must_use]
    pub fn shift(self) -> Shift {
        match self {
            Self::Price | Self::Return => Shift::Moves,
            Self::Number | Self::FractionOfWealth | Self::PercentOfPrice => Shift::Unknown,
            _ => Shift::Stays,
        }
    }

    /// The unit of a column, by what the schema of its table says.
    #[must_use]
    pub fn of_field(unit: &str) -> Self {
        match unit {
            "price" | "currency" => Self::Price,
            "quantity" => Self::Volume,
            "fraction" => Self::Return,
            _ => Self::Number,
        }
    }
}

impl Powers {
    /// What an answer is multiplied by.
    #[must_use]
    pub fn factor(self, price: f64, volume: f64, returns: f64) -> f64 {
        price.powi(self.price) * volume.powi(self.volume) * returns.powi(self.returns)
    }
}
