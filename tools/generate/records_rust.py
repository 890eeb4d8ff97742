"""The record structs in Rust."""

from tools.generate.files import Files, header, rustfmt
from tools.generate.table_schemas import DECIMAL, FOLDER, Field, Table, load

TARGET = "src/rust_modules/omega_records/src/generated.rs"

_SCALARS = {
    "float64": "f64",
    "int64": "i64",
    "bool": "bool",
    "utf8": "String",
    "timestamp[us, UTC]": "DateTime<Utc>",
}


def generate() -> Files:
    """`omega_records`: one struct per table, and a macro that hands all of them to another one."""
    tables = load()
    text = f"""// {header(f"{FOLDER}/*.json")}
//! One row of each table as a struct.

use arrow_array::ArrayRef;
use arrow_schema::DataType;
use chrono::{{DateTime, Utc}};
use omega_contract::Result;
use rust_decimal::Decimal;
use serde::{{Deserialize, Serialize}};

use super::check::Place;
use super::{{Column, Record, exact, read, utc, write}};

{"".join(map(_struct, tables))}
/// Calls a macro with every record: `Name {{ field: Type, … }} …`, each with its summary as a doc comment.
#[macro_export]
macro_rules! for_each_record {{
    ($callback:ident) => {{
        $callback! {{
            {"".join(map(_listed, tables))}
        }}
    }};
}}
"""
    return {TARGET: rustfmt(text)}


def rust_type(field: Field) -> str:
    """The Rust type of a column."""
    scalar = field.item or field.type
    name = "Decimal" if DECIMAL.fullmatch(scalar) else _SCALARS[scalar]
    name = f"Vec<{name}>" if field.item else name
    return f"Option<{name}>" if field.nullable else name


def _struct(table: Table) -> str:
    members = "".join(
        f"    /// {each.summary}\n{_serde(each)}    pub {each.name}: {rust_type(each)},\n"
        for each in table.fields
    )
    checks = "".join(_check(each) for each in table.fields)
    writes = ", ".join(
        f"write(rows, |row| &row.{each.name}, &types[{index}])?" for index, each in enumerate(table.fields)
    )
    reads = "".join(
        f"let {'mut ' if index else ''}{each.name} = read::<{rust_type(each)}>"
        f'(Column {{ table: Self::TABLE, name: "{each.name}" }}, &columns[{index}])?;\n'
        for index, each in enumerate(table.fields)
    )
    first, *rest = [each.name for each in table.fields]
    nexts = "".join(f"{name}: {name}.next()?," for name in rest)
    equality = "PartialEq" if any("float64" in each.type for each in table.fields) else "PartialEq, Eq"
    return f"""
/// {table.summary}
#[derive(Clone, Debug, {equality}, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct {table.record} {{
{members}}}

impl Record for {table.record} {{
    const NAME: &'static str = "{table.record}";
    const TABLE: &'static str = "{table.name}";

    fn check(&self) -> Result<()> {{
        {checks}
        Ok(())
    }}

    fn columns(rows: &[Self], types: &[DataType]) -> Result<Vec<ArrayRef>> {{
        Ok(vec![{writes}])
    }}

    fn rows(columns: &[ArrayRef]) -> Result<Vec<Self>> {{
        {reads}
        Ok({first}.map_while(|{first}| Some(Self {{ {first}, {nexts} }})).collect())
    }}
}}
"""


def _serde(field: Field) -> str:
    scalar = field.item or field.type
    module = "utc" if scalar == "timestamp[us, UTC]" else "exact" if DECIMAL.fullmatch(scalar) else None
    if module is None:
        return ""
    if field.item:
        raise SystemExit(f"{field.name}: {field.type} needs a JSON form of its own first")
    return (
        f'#[serde(default, with = "{module}::option")]\n'
        if field.nullable
        else f'#[serde(with = "{module}")]\n'
    )


def _check(field: Field) -> str:
    lines = []
    scalar = field.item or field.type
    if scalar == "float64":
        lines.append("place.finite(value)?;")
    elif scalar == "timestamp[us, UTC]":
        lines.append("place.time(value)?;")
    elif DECIMAL.fullmatch(scalar):
        lines.append("place.digits(value)?;")
    for name, sign, words in (
        ("minimum", ">=", "at least"),
        ("maximum", "<=", "at most"),
        ("above", ">", "above"),
    ):
        limit = getattr(field, name)
        if limit is not None:
            lines.append(f'place.ensure(value {sign} {_number(scalar, limit)}, "{words} {limit}", value)?;')
    if field.min_length is not None:
        lines.append(f'place.ensure(value.chars().count() >= {field.min_length}, "not empty", value)?;')
    if field.choices:
        choices = ", ".join(f'"{choice}"' for choice in field.choices)
        words = ", ".join(field.choices)
        lines.append(f'place.ensure([{choices}].contains(&value.as_str()), "one of {words}", value)?;')
    if not lines:
        return ""
    place = f'let place = Place {{ record: Self::NAME, field: "{field.name}" }};\n'
    body = "\n".join(lines)
    text = scalar == "utf8"
    if field.item:
        source = f"self.{field.name}.iter().flatten()" if field.nullable else f"&self.{field.name}"
        return f"{place}for {'value' if text else '&value'} in {source} {{ {body} }}\n"
    if field.nullable:
        source = f"&self.{field.name}" if text else f"self.{field.name}"
        return f"{place}if let Some(value) = {source} {{ {body} }}\n"
    value = f"&self.{field.name}" if text else f"self.{field.name}"
    return f"{place}let value = {value};\n{body}\n"


def _number(scalar: str, value: float) -> str:
    if scalar == "float64":
        return repr(float(value))
    if DECIMAL.fullmatch(scalar):
        return f"Decimal::from({int(value)})"
    return str(value)


def _listed(table: Table) -> str:
    members = ", ".join(f"{each.name}: {_public_type(each)}" for each in table.fields)
    return f"#[doc = {_quoted(table.summary)}] {table.record} {{ {members} }}\n"


def _public_type(field: Field) -> str:
    return (
        rust_type(field)
        .replace("DateTime<Utc>", "chrono::DateTime<chrono::Utc>")
        .replace("Decimal", "rust_decimal::Decimal")
    )


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
