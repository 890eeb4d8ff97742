//! What a missing input does: one policy, the same in batch and per bar.

use std::str::FromStr;

use omega_contract::{Error, Result};

/// What a missing input does to its row and to those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// The row's output is missing and the state stays as it was.
    Skip,
    /// Everything the row may have touched is missing: until a fading state has warmed up anew, for ever
    /// where it is cumulative, and the whole answer of a reduction.
    Propagate,
    /// `MISSING_VALUE`, naming the column and the row.
    Raise,
}

impl Nulls {
    /// All policies, in the order of their numbers at the boundary to Julia.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Propagate, Self::Raise];

    /// The word that callers write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Propagate => "propagate",
            Self::Raise => "raise",
        }
    }

    /// The number that stands for it in snapshots and at the boundary to Julia.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The policy of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl FromStr for Nulls {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|nulls| nulls.as_str() == word)
            .ok_or_else(|| Error::parameter_out_of_range("nulls", "one of skip, propagate, raise", word))
    }
}
