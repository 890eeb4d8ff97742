"""The tables as static data in Rust, so that a wrong column name fails the build."""

import json

from tools.generate.files import Files, header, rustfmt
from tools.generate.table_schemas import FOLDER, Field, Table, load

TARGET = "src/rust_modules/omega_contract/src/tables/generated.rs"

#: Types whose values reach a kernel.
READABLE = ("float64", "timestamp[us, UTC]")


def generate() -> Files:
    """`omega_contract::tables::TABLES`, and a constant for every column that a kernel can read."""
    text = f"""// {header(f"{FOLDER}/*.json")}
//! Every table schema as static data.

use super::{{Field, Table, field}};

/// Every table, by name.
pub const TABLES: &[Table] = &[{"".join(map(_table, load()))}];
{"".join(map(_columns, load()))}"""
    return {TARGET: rustfmt(text)}


def _table(table: Table) -> str:
    return f"""Table {{
    name: {_text(table.name)},
    version: {_text(table.version)},
    fingerprint: {_text(table.fingerprint)},
    direction: {_text(table.direction)},
    record: {_text(table.record)},
    fields: &[{"".join(map(_field, table.fields))}],
}},"""


def _columns(table: Table) -> str:
    """A module of constants, as `bars::CLOSE`, for the inputs of functions."""
    readable = [each for each in table.fields if each.type in READABLE]
    if table.direction != "input" or not readable:
        return ""
    constants = "\n".join(
        f"/// {each.summary}\npub const {each.name.upper()}: Field = "
        f"field({_text(table.name)}, {_text(each.name)});"
        for each in readable
    )
    return f"""
/// {table.summary}
pub mod {table.name} {{
    use super::{{Field, field}};

{constants}
}}
"""


def _field(field: Field) -> str:
    nullable = "true" if field.nullable else "false"
    return f"""Field {{
    name: {_text(field.name)},
    type_name: {_text(field.type)},
    nullable: {nullable},
    unit: {_text(field.unit)},
    summary: {_text(field.summary)},
}},"""


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
