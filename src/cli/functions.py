"""`omega functions`: what there is to call."""

from __future__ import annotations

import omega
from omega.cli.terminal import console, table
from omega.shared.protocols import Parameter


def functions() -> None:
    """List all functions with their parameters and the language that computes them."""
    shown = table("", "function", "group", "language", "kind", "parameters", "what it is")
    for name in omega.functions():
        spec = omega.spec(name)
        parameters = ", ".join(_with_default(each) for each in spec.parameters)
        shown.add_row(name, spec.group, spec.language.capitalize(), spec.kind, parameters, spec.summary)
    console().print(shown)


def _with_default(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.default}"
