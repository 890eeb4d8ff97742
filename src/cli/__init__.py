"""`omega …` on the command line."""

from __future__ import annotations

import sys

from omega.shared.exceptions import MissingDependencyError

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name: the entry point `omega`."""
    try:
        import rich
        import typer

        del rich, typer
    except ImportError as missing:
        error = MissingDependencyError(
            feature="The command `omega`", value=missing.name, allowed="pip install 'omega[cli]'"
        )
        sys.exit(f"{error.code.name}: {error}")
    from omega.cli.app import app

    app(prog_name="omega")
