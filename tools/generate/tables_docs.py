"""The page that lists every table, and what its types are called in each language."""

from tools.generate.files import Files, header
from tools.generate.table_schemas import CONSTRAINTS, FOLDER, Field, Table, load

TARGET = "docs/tables.md"

WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "above": "above {}",
    "min_length": "not empty",
    "choices": "one of {}",
}

MAPPING = """\
| Python | Arrow | Rust | Julia |
|---|---|---|---|
| `float` | `float64` | `f64` | `Float64` |
| `int` | `int64` | `i64` | `Int64` |
| `bool` | `bool` | `bool` | `Bool` |
| `str` | `utf8` | `String` | `String` |
| `datetime` in UTC | `timestamp[us, UTC]` | `chrono::DateTime<Utc>` | `OmegaJulia.Timestamp` |
| `Decimal` | `decimal128(38, s)` | `rust_decimal::Decimal` | `OmegaJulia.Decimal` |
| `T \\| None` | nullable | `Option<T>` | `Union{T,Nothing}` |
| `tuple[T, ...]` | `list<T>` | `Vec<T>` | `Vector{T}` |

Julia's own `DateTime` counts milliseconds and would lose the microseconds that exchanges send. A decimal of
a record has at most 16 digits before the point and 12 after it, which `rust_decimal` holds exactly; nothing
is ever rounded. A list has no nulls inside."""


def generate() -> Files:
    """`docs/tables.md`."""
    return {TARGET: "\n".join([_opening(), *map(_section, load())])}


def _opening() -> str:
    return f"""<!-- {header(f"{FOLDER}/*.json")} -->
# Tables and records

Omega reads tables with direction `input` and writes those with direction `output`. One row of a table is a
record: a pydantic model in `omega.shared.protocols`, a struct in `omega_records` (in Python
`omega._rust.records`) and a struct in `OmegaJulia`. Python and Rust write the same JSON for it.

`omega schema show NAME` prints a table; `omega schema check --against REV` says whether a change keeps the
promises that were made: within a major version fields may be added at the end, nullable, and nothing is
removed, renamed, reordered or narrowed; an input may accept more, an output may not.

## Types

{MAPPING}
"""


def _section(table: Table) -> str:
    rows = "\n".join(map(_row, table.fields))
    return f"""## {table.name}

{table.summary} Record `{table.record}`, {table.direction}, version {table.version}.

| field | type | may be missing | unit | meaning |
|---|---|---|---|---|
{rows}
"""


def _row(field: Field) -> str:
    missing = "yes" if field.nullable else ""
    return f"| `{field.name}` | `{field.type}` | {missing} | {field.unit} | {_meaning(field)} |"


def _meaning(field: Field) -> str:
    limits = []
    for name in CONSTRAINTS:
        value = getattr(field, name)
        if value is not None and value != []:
            limits.append(WORDS[name].format(", ".join(value) if isinstance(value, list) else value))
    return field.summary + (f" ({'; '.join(limits)})" if limits else "")
