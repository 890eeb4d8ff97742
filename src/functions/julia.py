"""Starts Julia when the first function written in it is called."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

import omega
from omega import _rust


def start(function: str = "omega") -> str:
    """Start Julia in this process for a function that needs it; its version.

    Julia is `OMEGA_JULIA`, else `julia` on the path, else beside this Python's executable.

    Raises JuliaUnavailableError, saying why and what to do.
    """
    package = Path(omega.__file__).parent / "julia_modules" / "omega_julia"
    atexit.register(_rust.julia_stop)
    return _rust.julia_start(str(package), str(Path(sys.executable).parent), function)
