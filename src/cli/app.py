"""All commands, and how they end: a refusal is one line and status 2, an interrupt is one line and 130."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from omega.cli import INTERRUPTED, bench, doctor, functions, julia, schema, spec, version
from omega.cli.demo import command as demo
from omega.cli.run import command as run
from omega.cli.terminal import refusal
from omega.shared.exceptions import CallInterruptedError, OmegaError
from typer.core import TyperGroup


class _Commands(TyperGroup):
    """Commands whose refusals are for people: no traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CallInterruptedError as error:
            raise _interrupted() from error
        except OmegaError as error:
            typer.echo(refusal(error), err=True)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as interrupt:
            raise _interrupted() from interrupt


def _interrupted() -> typer.Exit:
    typer.echo("interrupted", err=True)
    return typer.Exit(INTERRUPTED)


#: Said by `omega --help`, and kept by every command.
ENDS = (
    "Exit status: 0 done; 1 a check found something, or the output could not be written; "
    "2 refused, with the reason in one line; 130 interrupted. No command leaves half a file."
)


app = typer.Typer(
    name="omega",
    help="Analytics for markets: indicators and risk in Rust, models in Julia.",
    cls=_Commands,
    no_args_is_help=True,
    epilog=ENDS,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(version.line())
        raise typer.Exit


@app.callback()
def options(
    show: Annotated[
        bool,
        typer.Option("--version", help="Show the version and stop.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Analytics for markets: indicators and risk in Rust, models in Julia."""


app.command("demo")(demo.demo)
app.command("report")(demo.report)
app.command("functions")(functions.functions)
app.command("spec")(spec.spec)
app.command("run", context_settings=run.PASS_ON)(run.run)
app.add_typer(schema.app, name="schema")
app.command("bench", context_settings=bench.PASS_ON, add_help_option=False)(bench.bench)
app.add_typer(julia.app, name="julia")
app.command("doctor")(doctor.doctor)
app.command("version")(version.version)
