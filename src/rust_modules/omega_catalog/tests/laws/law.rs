//! A law, and the kind of function that must obey it.

use omega_kernel::{Body, Function};

use crate::support::{Case, ReductionCase, RowwiseCase, cases_of, reduction_cases_of, rowwise_cases_of};

/// What must hold, whatever a function computes; it panics where it does not.
#[derive(Clone, Copy)]
pub enum Law {
    /// Of what a function says about itself.
    Spec(fn(&Function)),
    /// Of every function, under each of its parameters.
    Each(fn(&Case)),
    /// Of every rowwise function, and of every metric after each row, under each of its parameters.
    Rowwise(fn(&RowwiseCase)),
    /// Of a rowwise function's parameters beside each other.
    Rowwises(fn(&[RowwiseCase])),
    /// Of every reduction, under each of its parameters.
    Reduction(fn(&ReductionCase)),
}

/// A law by the name of its function.
pub type Named = (&'static str, Law);

/// Laws of one kind by their names: `laws!(Rowwise: law, another)`.
macro_rules! laws {
    ($kind:ident: $($law:ident),+ $(,)?) => {
        &[$((stringify!($law), $crate::law::Law::$kind($law))),+]
    };
}
pub(crate) use laws;

impl Law {
    /// Whether it says anything of a function of this kind.
    pub fn concerns(self, function: &Function) -> bool {
        match self {
            Self::Spec(_) | Self::Each(_) | Self::Rowwise(_) | Self::Rowwises(_) => true,
            Self::Reduction(_) => matches!(function.body, Body::Reduction(_)),
        }
    }

    /// Panics where a function breaks it.
    pub fn check(self, function: &Function) {
        match self {
            Self::Spec(law) => law(function),
            Self::Each(law) => cases_of(function).iter().for_each(law),
            Self::Rowwise(law) => rowwise_cases_of(function).iter().for_each(law),
            Self::Rowwises(law) => law(&rowwise_cases_of(function)),
            Self::Reduction(law) => reduction_cases_of(function).iter().for_each(law),
        }
    }
}
