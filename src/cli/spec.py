"""`omega spec NAME`: all there is to know about one function."""

from __future__ import annotations

from typing import Annotated

import omega
import typer
from omega.cli.names import complete_function
from omega.cli.terminal import Json, bold, console, definitions
from omega.shared import _spec_text


def spec(
    name: Annotated[
        str, typer.Argument(help="A function, such as ta.rsi.", autocompletion=complete_function)
    ],
    json: Json = False,
) -> None:
    """Show a function's inputs, parameters, outputs, units and sources."""
    found = omega.spec(name)
    if json:
        typer.echo(found.model_dump_json(indent=2))
        return
    out = console()
    out.print(bold(found.name), _spec_text.head(found))
    for words in (found.summary, *_spec_text.facts(found)):
        out.print(words)
    for heading, entries in _spec_text.sections(found):
        out.print()
        out.print(definitions(heading, entries))
    out.print()
    for reference in found.references:
        out.print(f"Source: {reference}")
