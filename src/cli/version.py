"""`omega version`: what is installed."""

from __future__ import annotations

import platform

import omega
import typer
from omega.cli.terminal import Json, print_json
from omega.shared import distribution


def line() -> str:
    """The version of Omega and of what it runs on."""
    return f"omega {distribution.version()} on Python {platform.python_version()}, {platform.machine()}"


def version(json: Json = False) -> None:
    """Show the version of Omega, and how many functions it has in each language."""
    count = {language: len(omega.functions(language=language)) for language in ("rust", "julia")}
    if json:
        print_json(
            {
                "omega": distribution.version(),
                "python": platform.python_version(),
                "machine": platform.machine(),
                "functions": count,
            }
        )
        return
    typer.echo(line())
    typer.echo(f"{count['rust']} functions in Rust, {count['julia']} in Julia")
