//! The error that crosses languages: a code from the one table, and the fields of its message.

use std::fmt;

use crate::ErrorCode;

/// What went wrong, as a code and the named values its message is made of.
///
/// Made by the constructors beside [`ErrorCode`], one per code: `Error::missing_column(name, available)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: ErrorCode,
    fields: Vec<(String, String)>,
}

impl Error {
    /// An error from a code and its fields, in the order of the message.
    #[must_use]
    pub fn new(code: ErrorCode, fields: Vec<(String, String)>) -> Self {
        Self(Box::new(Inner { code, fields }))
    }

    /// The code from the one table.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The named values of the message.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        &self.0.fields
    }

    /// The value of one field, if the message has it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same error with one field replaced: an outer layer knows a better name for it.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl fmt::Display) -> Self {
        if let Some(slot) = self.0.fields.iter_mut().find(|(key, _)| key == name) {
            slot.1 = value.to_string();
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.code.message();
        // What stands in brackets is left out where a field in it is empty.
        while let Some((before, after)) = rest.split_once('[') {
            let (optional, after) = after.split_once(']').unwrap_or((after, ""));
            self.write_filled(before, f)?;
            let mut names =
                optional.split('{').skip(1).map(|part| part.split('}').next().unwrap_or_default());
            if names.all(|name| self.field(name) != Some("")) {
                self.write_filled(optional, f)?;
            }
            rest = after;
        }
        self.write_filled(rest, f)
    }
}

impl Error {
    /// Writes a part of the message with its fields filled in.
    fn write_filled(&self, part: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = part;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            f.write_str(before)?;
            f.write_str(self.field(name).unwrap_or("?"))?;
            rest = after;
        }
        f.write_str(rest)
    }
}

impl std::error::Error for Error {}
