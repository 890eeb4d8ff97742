"""Starts Julia when the first function written in it is called."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

import omega
from omega import _rust

_said = False


def start(function: str = "omega") -> str:
    """Start Julia in this process for a function that needs it; its version.

    Julia is `OMEGA_JULIA`, else `julia` on the path, else beside this Python's executable. As it takes some
    seconds, a terminal that watches standard error is told so, once.

    Raises JuliaUnavailableError, saying why and what to do.
    """
    package = Path(omega.__file__).parent / "julia_modules" / "omega_julia"
    atexit.register(_rust.julia_stop)
    _say(f"omega: starting Julia for {function}, which takes some seconds in every process")
    return _rust.julia_start(str(package), str(Path(sys.executable).parent), function)


def _say(words: str) -> None:
    """Tell a person who waits; nobody else reads standard error for news."""
    global _said  # noqa: PLW0603 - once per process, as is what it speaks of
    stderr = sys.stderr
    if _said or stderr is None:
        return
    _said = True
    try:
        if stderr.isatty():
            stderr.write(f"{words}\n")
            stderr.flush()
    except (OSError, ValueError, AttributeError):
        # A closed or replaced stream is no reason not to compute.
        return
