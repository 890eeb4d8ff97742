"""Julia's specs are the package's data: without them Rust's functions work, and Julia's say what is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import omega
import pytest

PROGRAM = """
import omega
print(omega.ta.sma([1.0, 2.0], period=2), "volatility.garch" in omega.functions())
for ask in (
    lambda: omega.volatility.garch([0.01, 0.02]),
    lambda: omega.call("regimes.hidden_markov", [0.01]),
    lambda: omega.spec("volatility.garch"),
    lambda: omega.warm_up_rows("volatility.garch"),
):
    try:
        ask()
    except omega.OmegaError as error:
        print(error.code.name, "julia_functions.json" in str(error))
try:
    omega.call("ta.smaa", [1.0])
except omega.OmegaError as error:
    print(error.code.name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, "", "{}", "[{}]", '[{"name": "volatility.garch"}]', "\xff"])
def test_rust_works_where_the_file_is_missing_or_broken(content: str | None, tmp_path: Path) -> None:
    package = tmp_path / "omega"
    source = Path(omega.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("rust_modules", "julia_modules", "data"))
    specs = package / "schemas" / "julia_functions.json"
    specs.unlink()
    if content is not None:
        specs.write_bytes(content.encode("latin-1"))
    # In isolation, so that no other omega is found: the editable one is not on this path.
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *errors, unknown = done.stdout.splitlines()
    assert first == "[None, 1.5] False"
    assert errors == ["CONTRACT_MISMATCH True"] * 4
    assert unknown == "UNKNOWN_FUNCTION"
