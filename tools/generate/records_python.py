"""The record models in Python."""

from tools.generate.files import Files, header, ruff
from tools.generate.table_schemas import DECIMAL, FOLDER, Field, Table, load

TARGET = "src/shared/_records.py"

_SCALARS = {
    "float64": "Finite",
    "int64": "Int64",
    "bool": "bool",
    "utf8": "str",
    "timestamp[us, UTC]": "UtcDatetime",
}


def generate() -> Files:
    """`omega.shared.protocols.Bar` and its like."""
    tables = load()
    names = "\n".join(f'    "{name}",' for name in sorted(table.record for table in tables))
    text = f'''# {header(f"{FOLDER}/*.json")}
"""One row of each table as a model."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from omega.shared._record import ExactDecimal, Finite, Int64, Record, UtcDatetime

__all__ = [
{names}
]
{"".join(map(_model, tables))}'''
    if "Decimal(" not in text:
        text = text.replace("from decimal import Decimal\n", "")
    return {TARGET: ruff(text, TARGET)}


def _model(table: Table) -> str:
    fields = "".join(
        f"    {each.name}: {_annotation(each)}\n    {_docstring(each.summary)}\n" for each in table.fields
    )
    return f'''

class {table.record}(Record):
    """{table.summary}"""

    table: ClassVar[str] = "{table.name}"

{fields}'''


def _docstring(text: str) -> str:
    return f'"""{text}"""'


def _annotation(field: Field) -> str:
    scalar = field.item or field.type
    decimal = DECIMAL.fullmatch(scalar) is not None
    name = "ExactDecimal" if decimal else _SCALARS[scalar]
    if field.choices:
        name = f"Literal[{', '.join(repr(choice) for choice in field.choices)}]"
    limits = {
        "ge": _limit(field.minimum, decimal),
        "le": _limit(field.maximum, decimal),
        "gt": _limit(field.above, decimal),
        "min_length": _limit(field.min_length, False),
    }
    given = ", ".join(f"{key}={value}" for key, value in limits.items() if value is not None)
    if given:
        name = f"Annotated[{name}, Field({given})]"
    # Lenient about the container only: a list is as good as a tuple, and is kept as a tuple.
    name = f"Annotated[tuple[{name}, ...], Field(strict=False)]" if field.item else name
    return f"{name} | None = None" if field.nullable else name


def _limit(value: float | None, decimal: bool) -> str | None:
    if value is None:
        return None
    return f"Decimal({value})" if decimal else str(value)
