"""`omega version`: what is installed, and which Julia would be used."""

from __future__ import annotations

import platform

import omega
from omega.cli.terminal import console
from omega.shared import distribution


def line() -> str:
    """The version of Omega and of what it runs on."""
    return f"omega {distribution.version()} on Python {platform.python_version()}, {platform.machine()}"


def version() -> None:
    """Show the version of Omega, and how many functions it has in each language."""
    languages = [omega.spec(name).language for name in omega.functions()]
    out = console()
    out.print(line())
    out.print(f"{languages.count('rust')} functions in Rust, {languages.count('julia')} in Julia")
