"""`omega schema …`: the table schemas, and whether a change to them keeps its promises."""

from __future__ import annotations

from typing import Annotated

import typer
from omega.cli.terminal import bold, console, refusal, table
from omega.shared import tables

app = typer.Typer(help="Show table schemas, and check what a change to them breaks.", no_args_is_help=True)

Revision = Annotated[str, typer.Option("--against", help="A git revision, such as HEAD or v0.1.0.")]


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="A table, such as bars; all if none is named.")] = None,
) -> None:
    """Show a table's columns, or list all tables."""
    out = console()
    if name is None:
        shown = table("", "table", "version", "direction", "record", "fingerprint", "what it is")
        for schema in map(tables.load, tables.names()):
            shown.add_row(
                schema.name,
                schema.version,
                schema.direction,
                schema.record,
                schema.fingerprint[:12],
                schema.summary,
            )
        out.print(shown)
        return
    schema = tables.load(name)
    out.print(bold(schema.name), f"{schema.version} ({schema.direction}), one {schema.record} per row")
    out.print(schema.summary)
    columns = table("", "column", "type", "missing", "unit", "constraints", "what it is")
    for field in schema.fields:
        constraints = ", ".join(f"{rule} {value}" for rule, value in field.constraints.items())
        missing = "allowed" if field.nullable else "refused"
        columns.add_row(field.name, field.type, missing, field.unit, constraints, field.summary)
    out.print(columns)
    out.print(f"fingerprint {schema.fingerprint}", soft_wrap=True)


@app.command()
def check(
    against: Annotated[
        str | None, typer.Option("--against", help="Also compare with a git revision, such as HEAD.")
    ] = None,
) -> None:
    """Check the schemas by themselves, and whether changes since a revision break a promise.

    The status is 1 if they do, and each broken rule is named.
    """
    violations = tables.check(against)
    for violation in violations:
        typer.echo(refusal(violation.error()), err=True)
    if violations:
        raise typer.Exit(1)
    compared = f", and keep what {against} promised" if against else ""
    typer.echo(f"{len(tables.names())} tables are in order{compared}")


@app.command()
def diff(
    name: Annotated[str | None, typer.Argument(help="A table, such as bars; all if none is named.")] = None,
    against: Revision = "HEAD",
) -> None:
    """Show what changed in a table, or in all, since a revision, and which promises that breaks."""
    before = {schema.name: schema for schema in tables.at_revision(against)}
    for each in tables.names() if name is None else [name]:
        new, old = tables.load(each), before.get(each)
        if old is None:
            typer.echo(f"{each} is new since {against}")
        elif changes := tables.diff(old, new):
            shown = table(f"{each} since {against}", "column", "what", "was", "is")
            for change in changes:
                shown.add_row(change.field or "", change.what, change.old, change.new)
            out = console()
            out.print(shown)
            for violation in tables.compatibility(old, new):
                out.print(refusal(violation.error()), soft_wrap=True)
        else:
            typer.echo(f"{each} is as it was at {against}")
