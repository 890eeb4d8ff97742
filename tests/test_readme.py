"""The README's example runs as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)
    assert float(capsys.readouterr().out) == pytest.approx(0.98 * 1.015 * 0.97 - 1)
    assert len(names["rsi"]) == len(names["bars"])
    assert names["table"].schema.names == ["rsi", "signal", "atr"]
    assert names["later"].peek(symbol="SPX", high=2520.0, low=2490.0, close=2500.0)["atr"] > 0
