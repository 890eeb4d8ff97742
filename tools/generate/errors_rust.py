"""Error codes and constructors in Rust."""

from collections.abc import Callable

from tools.generate.error_table import SOURCE, Code, load
from tools.generate.files import Files, header, rustfmt

TARGET = "src/rust_modules/omega_contract/src/error_codes.rs"


def generate() -> Files:
    """`omega_contract::ErrorCode` and one constructor per code on `omega_contract::Error`."""
    codes = load()
    text = f"""// {header(SOURCE)}
//! Codes and constructors, one per entry of the one error table.

use std::fmt::Display;

use crate::Error;

/// A code of the one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum ErrorCode {{
{"".join(f"    /// {code.message}{chr(10)}    {code.camel} = {code.number},{chr(10)}" for code in codes)}}}

impl ErrorCode {{
    /// Every code, by number.
    pub const ALL: [Self; {len(codes)}] = [{", ".join(f"Self::{code.camel}" for code in codes)}];

    /// The template of the message, with its fields in braces.
    #[must_use]
    pub const fn message(self) -> &'static str {{
        match self {{ {_arms(codes, lambda code: _text(code.message))} }}
    }}

    /// UPPER_SNAKE.
    #[must_use]
    pub const fn name(self) -> &'static str {{
        match self {{ {_arms(codes, lambda code: _text(code.name))} }}
    }}

    /// The named values of the message, in order of appearance.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {{
        match self {{ {_arms(codes, lambda code: "&[" + ", ".join(map(_text, code.fields)) + "]")} }}
    }}

    /// The number in the table.
    #[must_use]
    pub const fn number(self) -> i32 {{
        self as i32
    }}

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {{
        Self::ALL.into_iter().find(|code| code.number() == number)
    }}

    /// An error whose fields hold their own names in angle brackets, so that languages can be compared.
    #[must_use]
    pub fn example(self) -> Error {{
        let fields = self.fields().iter().map(|name| ((*name).to_owned(), format!("<{{name}}>")));
        Error::new(self, fields.collect())
    }}
}}

impl Error {{
{"".join(_constructor(code) for code in codes)}}}
"""
    return {TARGET: rustfmt(text)}


def _arms(codes: list[Code], value: Callable[[Code], str]) -> str:
    return " ".join(f"Self::{code.camel} => {value(code)}," for code in codes)


def _constructor(code: Code) -> str:
    arguments = ", ".join(f"{field}: impl Display" for field in code.fields)
    pairs = ", ".join(f"({_text(field)}.into(), {field}.to_string())" for field in code.fields)
    return f"""
    /// {code.message}
    #[must_use]
    pub fn {code.name.lower()}({arguments}) -> Self {{
        Self::new(ErrorCode::{code.camel}, vec![{pairs}])
    }}
"""


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
