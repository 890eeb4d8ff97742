"""The README's command lines run as they stand; its programs are `test_docs.py`'s."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from omega import data
from omega.cli.demo.indicators import daily_returns
from pyarrow import parquet

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_command_lines_of_the_readme_run(tmp_path: Path) -> None:
    """On bars and returns under the names that they use; the models of the report are the demo's to test."""
    (example,) = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    bars = data.load("index_bars")
    parquet.write_table(bars, tmp_path / "bars.parquet")
    parquet.write_table(daily_returns(bars), tmp_path / "returns.parquet")
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true"))}
    lines = example.splitlines()
    assert len(lines) == 6
    for line in lines:
        _, *arguments = shlex.split(line, comments=True)
        command = [sys.executable, "-m", "omega", *arguments]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert parquet.read_table(tmp_path / "rsi.parquet").column_names == [*bars.column_names, "rsi"]
    assert (tmp_path / "report.html").is_file()
