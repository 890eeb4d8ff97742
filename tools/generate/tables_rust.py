"""The tables as static data in Rust, so that a wrong column name fails the build."""

import json

from tools.generate.files import Files, header, rustfmt
from tools.generate.table_schemas import FOLDER, Field, Table, load

TARGET = "src/rust_modules/omega_contract/src/tables/generated.rs"


def generate() -> Files:
    """`omega_contract::tables::TABLES`."""
    text = f"""// {header(f"{FOLDER}/*.json")}
//! Every table schema as static data.

use super::{{Field, Table}};

/// Every table, by name.
pub const TABLES: &[Table] = &[{"".join(map(_table, load()))}];
"""
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


def _field(field: Field) -> str:
    nullable = "true" if field.nullable else "false"
    return f"""Field {{
    name: {_text(field.name)},
    type_name: {_text(field.type)},
    nullable: {nullable},
    unit: {_text(field.unit)},
}},"""


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
