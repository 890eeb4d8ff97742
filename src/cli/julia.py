"""`omega julia …`: Julia, for who came by a wheel and has none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import omega
import typer
from omega.cli.terminal import Json, print_json
from omega.functions import julia
from omega.shared.exceptions import JuliaUnavailableError

app = typer.Typer(help="Bring the Julia that models need.", no_args_is_help=True)

#: What the installer ends with where it can do nothing on this system.
_NOT_HERE = 3


@app.command()
def install(
    prefix: Annotated[
        Path | None,
        typer.Option(help="The folder to install into; else beside this Python, where Omega looks."),
    ] = None,
) -> None:
    """Bring Julia, unless a usable one is there: Debian's own, unpacked beside this Python; without root.

    On other systems it says how to get Julia. Nothing on the system is changed.
    """
    folder = prefix or home()
    script = Path(omega.__file__).parent / "julia_modules" / "install_julia.sh"
    status = subprocess.run(["sh", str(script), str(folder)], check=False).returncode
    if status == _NOT_HERE:
        raise JuliaUnavailableError(
            function="omega julia install",
            reason="none is installed, and none could be brought",
            allowed="what to do instead is said above",
        )
    if status:
        raise typer.Exit(status)


@app.command()
def start(json: Json = False) -> None:
    """Start Julia as a model would, and show its version."""
    version = julia.start("omega julia start")
    if json:
        print_json({"julia": version})
    else:
        typer.echo(f"Julia {version}")


def home() -> Path:
    """Where Omega looks for the Julia of this Python, after `OMEGA_JULIA` and the path."""
    return Path(sys.executable).parent.parent / "opt" / "julia"
