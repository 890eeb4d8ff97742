//! One feature as it is asked for.

use omega_contract::params::{Given, Params, near};
use omega_contract::spec::Input;
use omega_contract::{Error, Result};
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

    /// What an input is read from, if it is not the column of its own name.
    pub(crate) fn source(&self, input: &Input) -> Option<&str> {
        let wire = self.wires.iter().rev().find(|(wired, _)| *wired == input.name);
        wire.map(|(_, source)| source.as_str())
    }

    /// Refuses the source of an input that the function does not have.
    pub(crate) fn check_wires(&self) -> Result<()> {
        let spec = &self.function.spec;
        let known = || spec.inputs.iter().map(|input| input.name.as_str());
        let Some((wrong, _)) = self.wires.iter().find(|(input, _)| known().all(|known| known != input))
        else {
            return Ok(());
        };
        let nearest = near(wrong, known()).unwrap_or_default();
        let allowed = known().collect::<Vec<_>>().join(", ");
        Err(Error::unknown_parameter(&spec.name, wrong, nearest, allowed))
    }
}

/// The names of each definition's outputs; `twice` is what messages call two of them with one name.
pub(crate) fn outputs_of(definitions: &[Definition], twice: &str) -> Result<Vec<Vec<String>>> {
    let mut all: Vec<Vec<String>> = Vec::with_capacity(definitions.len());
    for Definition { name, function, .. } in definitions {
        let mut own: Vec<String> = Vec::with_capacity(function.spec.outputs.len());
        for output in &function.spec.outputs {
            let one = function.spec.outputs.len() == 1;
            let output = if one { name.clone() } else { format!("{name}_{}", output.name) };
            if all.iter().flatten().chain(&own).any(|known| *known == output) {
                let subject = format!("output `{output}`");
                return Err(Error::invalid_shape(subject, "named once", twice));
            }
            own.push(output);
        }
        all.push(own);
    }
    Ok(all)
}
