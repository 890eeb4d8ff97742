"""`omega spec NAME`: all there is to know about one function."""

from __future__ import annotations

from typing import Annotated

import omega
import typer
from omega.cli.terminal import bold, console, table
from omega.shared.protocols import Parameter


def spec(
    name: Annotated[str, typer.Argument(help="A function, such as ta.rsi.")],
    json: Annotated[bool, typer.Option("--json", help="Print the spec as JSON.")] = False,
) -> None:
    """Show a function's inputs, parameters, outputs, units and sources."""
    found = omega.spec(name)
    if json:
        typer.echo(found.model_dump_json(indent=2))
        return
    out = console()
    kind = f"{found.group} ({found.kind})" if found.group else found.kind
    out.print(bold(found.name), f"{found.version}, {kind}, in {found.language.capitalize()}")
    out.print(found.summary)
    if found.description:
        out.print(found.description)
    if found.keeps_rows:
        kept = "Every row" if found.kind == "reduction" else "Every row of a window"
        out.print(f"{kept} is kept: memory grows with the rows.")

    inputs = table(f"Inputs (table {found.table})", "column", "type", "may be", "what it is")
    for column in found.inputs:
        may_be = {"column": "this column", "count": "any counts"}.get(column.role, "any series")
        inputs.add_row(column.name, column.type, may_be, column.summary)
    out.print(inputs)

    if found.parameters:
        parameters = table("Parameters", "name", "type", "default", "allowed", "unit", "what it is")
        for each in found.parameters:
            parameters.add_row(
                each.name,
                each.type,
                str(each.default),
                _allowed(each),
                each.unit.replace("_", " "),
                each.summary,
            )
        out.print(parameters)

    outputs = table("Outputs", "name", "along", "unit", "what it is")
    for output in found.outputs:
        outputs.add_row(
            output.name,
            " by ".join(output.axes) or "one number",
            output.unit.replace("_", " "),
            output.summary,
        )
    out.print(outputs)

    for reference in found.references:
        out.print(f"Source: {reference}")


def _allowed(parameter: Parameter) -> str:
    """Which values a parameter takes, in words."""
    if parameter.choices:
        return ", ".join(parameter.choices)
    least, most = ("above", "below") if parameter.exclusive else ("at least", "at most")
    said = [
        f"{word} {bound:.15g}"
        for word, bound in ((least, parameter.minimum), (most, parameter.maximum))
        if bound is not None
    ]
    if parameter.less_than:
        said.append(f"less than {parameter.less_than}")
    return ", ".join(said)
