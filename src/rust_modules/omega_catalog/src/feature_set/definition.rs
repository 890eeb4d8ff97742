//! One feature as it is asked for.

use omega_contract::Result;
use omega_contract::params::{Given, Params};
use omega_kernel::Function;

use crate::find;

/// One feature as it is asked for.
#[derive(Clone)]
pub struct Definition {
    /// Its name, which is that of its output, or the start of those of several.
    pub name: String,
    /// What it computes.
    pub function: &'static Function,
    /// What it computes it with.
    pub params: Params,
    /// Inputs that are not read from the columns of their own names, each with what it is read from.
    pub wires: Vec<(String, String)>,
}

impl Definition {
    /// The function of a name under some parameters; those that are not given have their defaults.
    ///
    /// # Errors
    /// `UNKNOWN_FUNCTION`, and those of [`Params::resolve`].
    pub fn new<'a>(
        name: &str,
        function: &str,
        parameters: impl IntoIterator<Item = (&'a str, Given)>,
    ) -> Result<Self> {
        let function = find(function)?;
        let params = Params::resolve(&function.spec, parameters)?;
        Ok(Self { name: name.to_owned(), function, params, wires: Vec::new() })
    }

    /// Reads an input from another column, or from an output of a feature before this one.
    #[must_use]
    pub fn wire(mut self, input: &str, source: &str) -> Self {
        self.wires.push((input.to_owned(), source.to_owned()));
        self
    }
}
