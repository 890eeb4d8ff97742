"""`omega doctor` and `omega julia`: what is there, what is missing, and how to bring it."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import omega
import pytest
from omega.cli import julia
from omega.cli.app import app
from typer.testing import CliRunner

OMEGA = str(Path(sys.executable).parent / "omega")


def without_julia(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What a command says where `OMEGA_JULIA` is another program."""
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true"))}
    return subprocess.run([OMEGA, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_doctor_names_what_is_there_and_how_to_bring_what_is_not() -> None:
    done = without_julia("doctor", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["omega"]["version"] == omega.__version__
    assert found["omega"]["functions"] == len(omega.functions())
    assert found["machine"]["baseline"].startswith("met")
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["memory_bytes"] > found["machine"]["free_memory_bytes"] > 0
    assert found["libraries"]["pyarrow"]
    assert found["julia"]["problem"]
    assert found["julia"]["remedy"].startswith("omega julia install, or ")


def test_doctor_without_julia_asked_for_is_well_and_readable() -> None:
    done = CliRunner().invoke(app, ["doctor", "--no-julia"])
    assert done.exit_code == 0
    assert f"\n  version    {omega.__version__}" in done.output
    assert "\n  pyarrow" in done.output


@pytest.mark.julia
def test_doctor_starts_julia() -> None:
    done = subprocess.run([OMEGA, "doctor", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["julia"]["version"]
    assert done.stderr == ""


@pytest.mark.julia
def test_a_terminal_is_told_that_julia_starts_and_told_once() -> None:
    script = (
        "import omega\n"
        "returns = [0.01 * (-1) ** row * (row % 7) for row in range(200)]\n"
        "for _ in range(2): omega.volatility.garch(returns)\n"
    )
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", script], stderr=theirs, check=True)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert said.splitlines() == [
        "omega: starting Julia for volatility.garch, which takes some seconds in every process"
    ]


def test_the_installer_ships_with_the_package_and_puts_julia_where_omega_looks() -> None:
    script = Path(omega.__file__).parent / "julia_modules" / "install_julia.sh"
    assert script.is_file()
    assert julia.home().parent.parent == Path(sys.executable).parent.parent


@pytest.mark.julia
def test_a_julia_that_is_there_is_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [OMEGA, "julia", "install", "--prefix", str(tmp_path / "julia")],
        env=os.environ
        | {
            "OMEGA_JULIA": os.environ.get("OMEGA_JULIA")
            or str(shutil.which("julia") or julia.home() / "bin/julia")
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("julia: using ")
    assert list(tmp_path.iterdir()) == []


def test_an_install_that_cannot_be_says_what_to_do_in_one_line_of_ours(tmp_path: Path) -> None:
    (tmp_path / "julia").mkdir()
    (tmp_path / "julia" / "something").write_text("here first")
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true")), "PATH": "/usr/bin:/bin"}
    if shutil.which("julia", path=environment["PATH"]):
        pytest.skip("this system has a Julia of its own")
    command = [OMEGA, "julia", "install", "--prefix", str(tmp_path / "julia")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "holds no usable Julia; remove it first" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("JULIA_UNAVAILABLE: omega julia install needs Julia")
