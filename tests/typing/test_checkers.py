"""mypy and pyright, both strict, accept scripts as people write them, and see every mistake in others.

They run in a folder outside the checkout, where only the installed package can be found.
"""

import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent
ROOT = SCRIPTS.parents[1]
RIGHT = ["right_calls.py", "handed_on.py"]
WRONG = "wrong_calls.py"
WITHOUT_LIBRARIES = """
from typing import assert_type
import omega
from omega.volatility import Garch

assert_type(omega.ta.rsi([1.0, 2.0]), list[float | None])
assert_type(omega.ta.macd(close=[1.0, 2.0]).signal, list[float | None])
assert_type(omega.risk.sharpe_ratio([0.1, 0.2]), float | None)
assert_type(omega.volatility.garch([0.1, 0.2]), Garch)
"""
#: Lines of a script, each with what was said of it.
Reported = dict[str, dict[int, str]]


def mypy(folder: Path, python: Path = Path(sys.executable)) -> Reported:
    options = ("--strict", "--python-executable", str(python))
    scripts = sorted(map(str, folder.glob("*.py")))
    command = [sys.executable, "-m", "mypy", *options, *scripts]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found: Reported = {}
    for path, line, said in re.findall(r"^(.+?):(\d+): error: (.*)$", done.stdout, re.MULTILINE):
        found.setdefault(Path(path).name, {}).setdefault(int(line), said)
    return found


def pyright(folder: Path, python: Path = Path(sys.executable)) -> Reported:
    pytest.importorskip("basedpyright")
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", str(python), "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found: Reported = {}
    for each in json.loads(done.stdout)["generalDiagnostics"]:
        if each["severity"] == "error":
            lines = found.setdefault(Path(each["file"]).name, {})
            lines.setdefault(each["range"]["start"]["line"] + 1, each["message"])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_right_calls_are_accepted_and_every_wrong_one_is_seen(
    checker: Callable[[Path], Reported], tmp_path: Path
) -> None:
    pytest.importorskip("polars")
    for script in (*RIGHT, WRONG):
        shutil.copy(SCRIPTS / script, tmp_path)
    found = checker(tmp_path)
    marked = (SCRIPTS / WRONG).read_text().splitlines()
    wrong = {number for number, line in enumerate(marked, start=1) if line.endswith("# wrong")}
    assert {script: found[script] for script in found if script != WRONG} == {}
    assert set(found[WRONG]) == wrong


@pytest.mark.slow
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_where_no_library_is_installed_lists_have_their_types(
    checker: Callable[..., Reported], tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(WITHOUT_LIBRARIES)
    environment = tmp_path / ".venv"
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    # As an editable install is: a path file. What it leads to is the package alone.
    (packages / "omega.pth").write_text(str(ROOT / "typings"))
    assert checker(tmp_path, environment / "bin" / "python") == {}
