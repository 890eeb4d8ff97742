//! Names that a spec cannot give, as they mean something else in the Python that is generated from it.

use crate::spec::FunctionSpec;
use crate::{Error, Result};

/// What Python reads as its own.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Python's builtins: `max` in `ta` would hide the other `max` from all of the module.
const BUILTINS: &[&str] = &[
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];

/// What every generated function takes or uses beside its columns and parameters.
const OF_THE_CALL: &[&str] =
    &["by", "columns", "data", "name", "nulls", "out", "run", "strict_zero_copy", "unknown"];

/// What every tuple has, so that a named one cannot have it for another purpose.
const OF_TUPLES: &[&str] = &["count", "index"];

impl FunctionSpec {
    /// Refuses names that Python forbids or that would hide something of the generated module's own.
    ///
    /// A column may be called like a builtin, as `open` is: the table says how, and nothing in the call's body uses it.
    ///
    /// # Errors
    /// `CONTRACT_MISMATCH`, naming the name and what it is of.
    pub fn check_names(&self) -> Result<()> {
        let function = self.name.split_once('.').map_or(self.name.as_str(), |(_, function)| function);
        self.refuse("name", function, &[KEYWORDS, BUILTINS, OF_THE_CALL])?;
        self.inputs.iter().try_for_each(|one| self.refuse("input", &one.name, &[KEYWORDS, OF_THE_CALL]))?;
        self.parameters
            .iter()
            .try_for_each(|one| self.refuse("parameter", &one.name, &[KEYWORDS, BUILTINS, OF_THE_CALL]))?;
        self.outputs
            .iter()
            .try_for_each(|one| self.refuse("output", &one.name, &[KEYWORDS, BUILTINS, OF_TUPLES]))
    }

    fn refuse(&self, what: &str, name: &str, forbidden: &[&[&str]]) -> Result<()> {
        if forbidden.iter().all(|names| !names.contains(&name)) {
            return Ok(());
        }
        let subject = format!("the {what} `{name}` of {}", self.name);
        Err(Error::contract_mismatch(subject, "a name that Python does not use otherwise", name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Kind, Unit};

    fn refused(spec: FunctionSpec) -> Option<String> {
        spec.check_names().err().map(|error| error.to_string())
    }

    #[test]
    fn names_that_python_forbids_or_hides_are_refused() {
        let named = |name: &str| FunctionSpec::new(name, Kind::Rowwise, "bars", "A sum.");
        assert!(refused(named("ta.max")).is_some_and(|error| error.contains("`max` of ta.max")));
        assert!(
            refused(named("ta.ewma").float("lambda", 0.94, 0.0, 1.0, Unit::Number, "Its weight.")).is_some()
        );
        assert!(refused(named("ta.ewma").rows("by", 2, 1, "Its window.")).is_some());
        assert!(refused(named("ta.ewma").output("index", Unit::RowIndex, "Its row.")).is_some());
        assert!(
            refused(named("ta.bop").input("open", "The first price.").rows("period", 2, 1, "Rows."))
                .is_none()
        );
    }
}
