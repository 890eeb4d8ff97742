"""The record structs and the table schemas in Julia."""

from tools.generate.files import Files, header
from tools.generate.table_schemas import DECIMAL, FOLDER, Field, Table, load

RECORDS = "src/julia_modules/omega_julia/src/generated/records.jl"
TABLES = "src/julia_modules/omega_julia/src/generated/tables.jl"

_SCALARS = {
    "float64": "Float64",
    "int64": "Int64",
    "bool": "Bool",
    "utf8": "String",
    "timestamp[us, UTC]": "Timestamp",
}


def generate() -> Files:
    """`OmegaJulia.Bar` and its like, and the columns of every table."""
    tables = load()
    first_line = f"# {header(f'{FOLDER}/*.json')}"
    by_columns = "\n".join(
        f"    [{', '.join(_quoted(each.name) for each in table.fields)}] => {table.record},"
        for table in tables
    )
    records = f"""{first_line}

{"".join(map(_struct, tables))}"Column names to the struct that holds such a row."
const RECORDS = Dict{{Vector{{String}},Type{{<:Record}}}}(
{by_columns}
)
"""
    constants = f"""{first_line}

"Every table, by name."
const TABLES = TableSchema[
{"".join(map(_constant, tables))}]
"""
    return {RECORDS: records, TABLES: constants}


def julia_type(field: Field) -> str:
    """The Julia type of a column."""
    scalar = field.item or field.type
    name = "Decimal" if DECIMAL.fullmatch(scalar) else _SCALARS[scalar]
    name = f"Vector{{{name}}}" if field.item else name
    return f"Union{{{name},Nothing}}" if field.nullable else name


def _struct(table: Table) -> str:
    members = "".join(f"    {_member(each)}\n" for each in table.fields)
    names = ", ".join(each.name for each in table.fields)
    checks = "".join(_checks(table, each) for each in table.fields)
    meanings = "\n".join(f"- `{each.name}`: {each.summary}" for each in table.fields)
    return f'''"""
{table.summary}

{_escape(meanings)}
"""
Base.@kwdef struct {table.record} <: Record
{members}    function {table.record}({names})
{checks}        return new({names})
    end
end

table_name(::Type{{{table.record}}}) = "{table.name}"

'''


def _member(field: Field) -> str:
    default = " = nothing" if field.nullable else ""
    return f"{field.name}::{julia_type(field)}{default}"


def _checks(table: Table, field: Field) -> str:
    scalar = field.item or field.type
    place = f'"{table.record}", "{field.name}"'
    value = "x" if field.item else field.name
    lines = []
    if scalar in ("float64", "timestamp[us, UTC]") or DECIMAL.fullmatch(scalar):
        lines.append(f"check_value({place}, {value})")
    for name, sign, words in (
        ("minimum", ">=", "at least"),
        ("maximum", "<=", "at most"),
        ("above", ">", "above"),
    ):
        limit = getattr(field, name)
        if limit is not None:
            lines.append(f'ensure({value} {sign} {limit}, {place}, "{words} {limit}", {value})')
    if field.min_length is not None:
        lines.append(f'ensure(length({value}) >= {field.min_length}, {place}, "not empty", {value})')
    if field.choices:
        choices = ", ".join(_quoted(choice) for choice in field.choices)
        words = ", ".join(field.choices)
        lines.append(f'ensure({value} in ({choices}), {place}, "one of {words}", {value})')
    if field.item:
        source = f"something({field.name}, ())" if field.nullable else field.name
        opening = f"for x in {source}"
    else:
        opening = f"if {field.name} !== nothing" if field.nullable else ""
    if not lines or not opening:
        return "".join(f"        {line}\n" for line in lines)
    return f"        {opening}\n" + "".join(f"            {line}\n" for line in lines) + "        end\n"


def _constant(table: Table) -> str:
    fields = "".join(
        f"        TableField({_quoted(each.name)}, {_quoted(each.type)}, {str(each.nullable).lower()}, "
        f"{_quoted(each.summary)}),\n"
        for each in table.fields
    )
    return f'''    TableSchema(
        {_quoted(table.name)}, {_quoted(table.version)},
        "{table.fingerprint}",
        TableField[
{fields.replace("        Table", "            Table")}        ],
    ),
'''


def _quoted(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
