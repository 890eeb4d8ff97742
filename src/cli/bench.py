"""`omega bench …`: the benchmarks of a checkout. They are not part of the installed package."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import omega
import typer
from omega.shared.exceptions import FileUnreadableError

#: The benchmarks know their own options and help.
PASS_ON: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def bench(context: typer.Context) -> None:
    """Measure: `bench ffi` what crossing the language border costs, `bench peers` against other libraries."""
    checkout = _checkout()
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    commands = import_module("benchmarks.commands").app
    # Not its own `standalone` mode: refusals are shown by the group that this command belongs to.
    status = commands(context.args or ["--help"], prog_name="omega bench", standalone_mode=False)
    if isinstance(status, int) and status:
        raise typer.Exit(status)


def _checkout() -> Path:
    """The folder that holds `benchmarks/`: where the user is, or where an editable install comes from."""
    here = Path.cwd()
    candidates = [here, *here.parents, Path(omega.__file__).resolve().parents[1]]
    for folder in candidates:
        if (folder / "benchmarks" / "commands.py").is_file():
            return folder
    raise FileUnreadableError(
        path=here / "benchmarks",
        reason="the benchmarks are not part of the installed package",
        allowed="in the checkout of Omega that you are in",
    )
