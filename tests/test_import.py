"""`import omega` brings what computes and no more, and shows what there is to use."""

import subprocess
import sys
from pathlib import Path

import omega
import pytest

#: What a first call of most programs never needs, and which takes longer to import than all of Omega.
LATE = {
    *("pydantic", "importlib.metadata", "email", "inspect", "pathlib", "dataclasses", "subprocess", "urllib"),
    *("numpy", "pandas", "polars", "pyarrow", "duckdb", "arro3", "nanoarrow", "typer", "rich"),
}

ADDED = """
import sys
before = set(sys.modules)
import omega
{}
print(*sorted(set(sys.modules) - before))
"""


def added_by(statement: str) -> set[str]:
    """The modules that importing Omega and a statement bring."""
    script = ADDED.format(statement)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["", "omega.ta.rsi([1.0, 2.0], period=2)", "omega.stream('ta.rsi').update(1.0)", "omega.functions()"],
)
def test_importing_and_calling_brings_no_library_that_they_do_without(statement: str) -> None:
    assert added_by(statement) & LATE == set()


def test_what_costs_to_import_is_imported_when_asked_for() -> None:
    assert "pydantic" in added_by("omega.spec('ta.rsi')")
    assert "pydantic" in added_by("omega.Bar")
    assert "importlib.metadata" in added_by("omega.__version__")
    assert "omega.data" in added_by("omega.data.names()")


def test_an_editor_is_offered_what_there_is_to_use_and_nothing_else() -> None:
    assert dir(omega) == sorted(omega.__all__)


def test_a_name_that_there_is_not_is_an_attribute_error_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'omega' has no attribute 'nothing'"):
        _ = omega.nothing  # type: ignore[attr-defined]
    assert not hasattr(omega, "nothing")


SCRIPT = """import omega
reveal_type(omega.ta.rsi([1.0, 2.0], period=2))
omega.ta.rsi(perod=2)
omega.ta.rsj([1.0])
"""


@pytest.mark.slow
def test_mypy_sees_omega_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path / 'cache'}", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert 'Module has no attribute "rsj"' in done.stdout
    assert "import-untyped" not in done.stdout
    assert "import-not-found" not in done.stdout
