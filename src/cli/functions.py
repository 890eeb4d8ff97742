"""`omega functions`: what there is to call."""

from __future__ import annotations

from typing import Annotated, Any

import omega
import typer
from omega.cli.terminal import Json, listing, print_json
from omega.shared.protocols import Parameter


def functions(
    module: Annotated[str | None, typer.Argument(help="A module, such as ta; all if none is named.")] = None,
    kind: Annotated[str | None, typer.Option(help="rowwise, reduction, model or simulation.")] = None,
    group: Annotated[str | None, typer.Option(help="A group, such as momentum.")] = None,
    language: Annotated[str | None, typer.Option(help="rust or julia.")] = None,
    json: Json = False,
) -> None:
    """List functions with their parameters, one line each; with tabs where no terminal shows them."""
    asked: dict[str, Any] = {"kind": kind, "group": group, "language": language}
    specs = [omega.spec(name) for name in omega.functions(module, **asked)]
    rows = [
        {
            "function": spec.name,
            "group": spec.group,
            "language": spec.language.capitalize(),
            "kind": spec.kind,
            "parameters": ", ".join(_with_default(each) for each in spec.parameters),
            "what it is": spec.summary,
        }
        for spec in specs
    ]
    if json:
        print_json(
            [
                {
                    "name": spec.name,
                    "group": spec.group,
                    "language": spec.language,
                    "kind": spec.kind,
                    "inputs": [each.name for each in spec.inputs],
                    "parameters": {each.name: each.default for each in spec.parameters},
                    "outputs": [each.name for each in spec.outputs],
                    "summary": spec.summary,
                }
                for spec in specs
            ]
        )
        return
    listing(rows, ("function", "parameters", "what it is"))


def _with_default(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.default}"
