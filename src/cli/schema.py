"""`omega schema …`: the table schemas, what a change to them breaks, and files held against them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from omega.cli.names import complete_table
from omega.cli.terminal import (
    Json,
    bold,
    console,
    definitions,
    listing,
    print_json,
    refusal,
    refusal_as_data,
    table,
)
from omega.shared import tables
from omega.shared._table_rows import Fault, RowCheck
from omega.shared.exceptions import InvalidTypeError, MissingColumnError, OmegaError, SchemaMismatchError

app = typer.Typer(help="Show table schemas, and check files and changes against them.", no_args_is_help=True)

Revision = Annotated[str, typer.Option("--against", help="A git revision, such as HEAD or v0.1.0.")]
Name = Annotated[
    str | None,
    typer.Argument(help="A table, such as bars; all if none is named.", autocompletion=complete_table),
]


@app.command()
def show(name: Name = None, json: Json = False) -> None:
    """Show a table's columns, or list all tables."""
    if json:
        shown = [tables.show(each) for each in (tables.names() if name is None else [name])]
        print_json(shown if name is None else shown[0])
        return
    if name is None:
        rows = [
            {
                "table": schema.name,
                "version": schema.version,
                "direction": schema.direction,
                "record": schema.record,
                "fingerprint": schema.fingerprint[:12],
                "what it is": schema.summary,
            }
            for schema in map(tables.load, tables.names())
        ]
        listing(rows, ("table", "version", "direction", "record", "what it is"))
        return
    out = console()
    schema = tables.load(name)
    out.print(bold(schema.name), f"{schema.version} ({schema.direction}), one {schema.record} per row")
    out.print(schema.summary)
    out.print()
    out.print(definitions("Columns", ((field.name, _about(field)) for field in schema.fields)))
    out.print()
    out.print(f"fingerprint {schema.fingerprint}", soft_wrap=True)


def _about(field: tables.TableField) -> str:
    constraints = [f"{rule} {value}" for rule, value in field.constraints.items()]
    missing = "may be missing" if field.nullable else "never missing"
    facts = ", ".join(filter(None, [field.unit.replace("_", " "), *constraints, missing]))
    return f"{field.type} {facts}. {field.summary}"


@app.command()
def check(
    file: Annotated[str | None, typer.Argument(help="A file to check; else the schemas themselves.")] = None,
    name: Annotated[
        str | None,
        typer.Option("--table", help="The table it holds, such as bars.", autocompletion=complete_table),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="parquet, arrow, arrows or csv; else the file's ending says it."),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Also compare with a git revision, such as HEAD.")
    ] = None,
    json: Json = False,
) -> None:
    """Check a file against a table, row by row; or the schemas, and whether changes break a promise.

    The status is 1 if something is found, and each broken rule is named.
    """
    if file is not None:
        _check_file(file, from_, name, json)
        return
    if name is not None:
        raise InvalidTypeError(
            name="the file", allowed="named, as in `bars.parquet --table bars`", value="nothing"
        )
    violations = tables.check(against)
    if json:
        print_json([{"rule": each.rule, **refusal_as_data(each.error())} for each in violations])
    else:
        for violation in violations:
            typer.echo(refusal(violation.error()), err=True)
    if violations:
        raise typer.Exit(1)
    if not json:
        compared = f", and keep what {against} promised" if against else ""
        typer.echo(f"{len(tables.names())} tables are in order{compared}")


def _check_file(file: str, kind: str | None, name: str | None, json: bool) -> None:
    from omega.cli.files import reading

    if name is None:
        allowed = f"one of {', '.join(tables.names())}"
        raise InvalidTypeError(name="--table", allowed=allowed, value="nothing")
    schema = tables.load(name)
    faults: list[Fault] = []
    rows = RowCheck(schema)
    with reading(file, kind, types=_types(schema)) as source:
        try:
            tables.conversions(source.schema.empty_table(), name)
        except (MissingColumnError, SchemaMismatchError) as error:
            faults = [Fault(error.fields["name"], "shape", error)]
        else:
            for batch in source.batches:
                rows.look(batch)
            faults = rows.faults
    if json:
        print_json(
            {"file": file, "table": name, "rows": rows.rows, "faults": [_as_data(each) for each in faults]}
        )
    else:
        for fault in faults:
            typer.echo(refusal(fault.error) + _where(fault), err=True)
    if faults:
        raise typer.Exit(1)
    if not json:
        typer.echo(f"{file}: {rows.rows:,} rows are a table of {name}")


def _types(schema: tables.TableSchema) -> dict[str, Any]:
    """What a file without types holds, as far as texts can be read as that."""
    from omega.cli.files import require_pyarrow

    pa = require_pyarrow("omega schema check")
    known = {
        "float64": pa.float64(),
        "int64": pa.int64(),
        "utf8": pa.string(),
        "bool": pa.bool_(),
        "decimal128(38, 12)": pa.decimal128(38, 12),
        "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
    }
    return {each.name: known[each.type] for each in schema.fields if each.type in known}


def _where(fault: Fault) -> str:
    """The further rows, where there are any."""
    if fault.count < 2:
        return ""
    named = ", ".join(map(str, fault.rows))
    more = ", …" if fault.count > len(fault.rows) else ""
    return f" ({fault.count:,} rows: {named}{more})"


def _as_data(fault: Fault) -> dict[str, Any]:
    shown = {key: value for key, value in vars(fault).items() if key != "error"}
    return {**shown, **refusal_as_data(fault.error)}


@app.command()
def diff(name: Name = None, against: Revision = "HEAD", json: Json = False) -> None:
    """Show what changed in a table, or in all, since a revision, and which promises that breaks."""
    before = {schema.name: schema for schema in tables.at_revision(against)}
    pairs = [(before.get(each), tables.load(each)) for each in (tables.names() if name is None else [name])]
    if json:
        print_json([_difference(old, new) for old, new in pairs])
        return
    for old, new in pairs:
        if old is None:
            typer.echo(f"{new.name} is new since {against}")
        elif changes := tables.diff(old, new):
            shown = table(f"{new.name} since {against}", "column", "what", "was", "is")
            for change in changes:
                shown.add_row(change.field or "", change.what, change.old, change.new)
            out = console()
            out.print(shown)
            for violation in tables.compatibility(old, new):
                out.print(refusal(violation.error()), soft_wrap=True)
        else:
            typer.echo(f"{new.name} is as it was at {against}")


def _difference(old: tables.TableSchema | None, new: tables.TableSchema) -> dict[str, Any]:
    if old is None:
        return {"table": new.name, "new": True, "changes": [], "breaks": []}
    broken: list[OmegaError] = [each.error() for each in tables.compatibility(old, new)]
    changes = [asdict(each) for each in tables.diff(old, new)]
    return {
        "table": new.name,
        "new": False,
        "changes": changes,
        "breaks": [refusal_as_data(each) for each in broken],
    }
