"""`omega doctor`: what Omega found on this machine, and what is missing for what."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Annotated, Any

import omega
import typer
from omega import _rust
from omega.cli.terminal import Json, console, definitions, print_json
from omega.functions import julia
from omega.shared import distribution
from omega.shared.cpu import require_baseline
from omega.shared.exceptions import JuliaUnavailableError, UnsupportedCpuError

#: Libraries whose data Omega takes and gives back, and those that commands need, as pip calls them.
LIBRARIES = (
    *("numpy", "pyarrow", "pandas", "polars", "duckdb", "arro3-core", "nanoarrow"),
    *("pydantic", "typer", "rich", "bokeh", "jinja2"),
)


def doctor(
    start_julia: Annotated[
        bool, typer.Option("--julia/--no-julia", help="Start Julia to see that it runs.")
    ] = True,
    json: Json = False,
) -> None:
    """Show what Omega found: processor, Julia, libraries, memory. The status is 1 if models cannot run."""
    found = examination(start_julia)
    if json:
        print_json(found)
    else:
        out = console()
        for heading, facts in found.items():
            out.print(definitions(heading, ((name, _said(value)) for name, value in facts.items())))
            out.print()
    if found["julia"]["problem"] is not None:
        raise typer.Exit(1)


def examination(start_julia: bool) -> dict[str, dict[str, Any]]:
    """All that is shown, as data; None for what is not there."""
    return {
        "omega": {
            "version": distribution.version(),
            "folder": str(Path(omega.__file__).resolve().parent),
            "extension": str(Path(_rust.__file__).resolve()),
            "functions": len(omega.functions()),
        },
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "executable": sys.executable,
        },
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "baseline": _baseline(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory_bytes": _memory("SC_PHYS_PAGES"),
            "free_memory_bytes": _memory("SC_AVPHYS_PAGES"),
        },
        "julia": _julia(start_julia),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "paths": {
            "data": str(omega.data.path("index_bars").resolve().parent),
            "julia_depot": os.environ.get("JULIA_DEPOT_PATH") or str(Path.home() / ".julia"),
        },
    }


def _julia(start: bool) -> dict[str, Any]:
    """Which Julia there is; why not, and what to do, where there is none."""
    named = os.environ.get("OMEGA_JULIA")
    facts: dict[str, Any] = {"OMEGA_JULIA": named, "on_the_path": shutil.which("julia"), "version": None}
    facts |= {"problem": None, "remedy": None}
    if start:
        try:
            facts["version"] = julia.start("omega doctor")
        except JuliaUnavailableError as error:
            remedy = f"omega julia install, or {error.fields['allowed']}"
            facts |= {"problem": error.fields["reason"], "remedy": remedy}
    return facts


def _baseline() -> str:
    try:
        require_baseline()
    except UnsupportedCpuError as error:
        return str(error)
    return "met: x86-64-v3" if platform.machine() in {"x86_64", "AMD64"} else "met"


def _memory(pages: str) -> int | None:
    try:
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _version(name: str) -> str | None:
    try:
        return distribution.version(name)
    except PackageNotFoundError:
        return None


def _said(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)
