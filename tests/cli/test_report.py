"""`omega report FILE`: the demo's page on one's own data, from bars, closes or returns."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from omega import data
from omega.cli.app import app
from omega.cli.demo.indicators import daily_returns
from pyarrow import csv, parquet
from typer.testing import CliRunner

from tests.cli.page import Page

OMEGA = str(Path(sys.executable).parent / "omega")
BARS = data.load("index_bars").slice(0, 600)
RETURNS = daily_returns(BARS)


def report(table: pa.Table, folder: Path, *arguments: str) -> str:
    """The page of a table, without Julia, which is the demo's to test."""
    parquet.write_table(table, folder / "mine.parquet")
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true"))}
    command = [OMEGA, "report", "mine.parquet", "-o", "page.html", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["mine.parquet", "page.html"]
    return (folder / "page.html").read_text(encoding="utf-8")


def test_the_numbers_are_there_for_programs(tmp_path: Path) -> None:
    """On standard output nothing but them: the steps are said beside it."""
    parquet.write_table(BARS, tmp_path / "mine.parquet")
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true"))}
    command = [OMEGA, "report", "mine.parquet", "-o", "page.html", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["command"], found["written"], found["rows"]) == ("omega report", ["page.html"], len(BARS))
    assert "report written" in done.stderr
    for symbol, of_symbol in found["symbols"].items():
        own = RETURNS.filter(pc.equal(RETURNS["symbol"], symbol))["returns"]
        assert of_symbol["risk"]["risk.max_drawdown"] == omega.risk.max_drawdown(own)
        assert (
            of_symbol["last"]["rsi"]
            == omega.ta.rsi(BARS.filter(pc.equal(BARS["symbol"], symbol)))[-1].as_py()
        )
        assert {model["status"] for model in of_symbol["models"].values()} == {"unavailable"}


def refused(table: pa.Table, folder: Path, *arguments: str) -> str:
    csv.write_csv(table, folder / "mine.csv")
    command = ["report", str(folder / "mine.csv"), "-o", str(folder / "page.html"), *arguments]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2, done.output
    assert [path.name for path in folder.iterdir()] == ["mine.csv"]
    (line,) = done.output.splitlines()
    return line


def test_bars_are_reported_as_the_demo_does(tmp_path: Path) -> None:
    page = report(BARS, tmp_path)
    charts = Page(page).charts
    assert set(charts) == {"SPX", "IXIC", "*"}
    assert {"price", "volume", "rsi", "atr", "obv"} <= set(charts["SPX"])
    assert "<code>omega report</code>" in page
    assert "mine.parquet" in page
    assert data.SOURCES["index_bars"] not in page


def test_returns_are_enough_and_so_are_closes_by_other_names(tmp_path: Path) -> None:
    spx = pc.equal(RETURNS["symbol"], "SPX")
    returns = RETURNS.filter(spx).select(["timestamp", "returns"])
    (tmp_path / "returns").mkdir()
    of_returns = report(returns, tmp_path / "returns")
    closes = BARS.filter(spx).select(["timestamp", "close"]).rename_columns(["Date", "Adj Close"])
    (tmp_path / "closes").mkdir()
    of_closes = report(closes, tmp_path / "closes", "--close", "Adj Close")
    drawn = [Page(page).rows("mine")["drawdown"] for page in (of_returns, of_closes)]
    assert drawn[0] == pytest.approx(drawn[1], abs=1e-3)
    assert "Value of 100 at the start on" in of_returns
    assert "Price, log scale" in of_closes


@pytest.mark.parametrize(
    ("table", "arguments", "symbol"),
    [
        (BARS, (), "SPX"),
        (BARS.rename_columns({"close": "Adj Close"}), ("--close", "Adj Close"), "IXIC"),
        (RETURNS.filter(pc.equal(RETURNS["symbol"], "SPX")).select(["timestamp", "returns"]), (), "mine"),
    ],
    ids=["bars", "closes by another name", "returns"],
)
def test_the_code_of_the_page_makes_its_bars_and_returns(
    table: pa.Table, arguments: tuple[str, ...], symbol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = report(table, tmp_path, *arguments)
    code = next(
        unescape(text).partition("\n\nshown")[0]
        for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, flags=re.DOTALL)
        if "table = " in text and (symbol == "mine" or f"&#39;{symbol}&#39;" in text)
    )
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    exec(code, scope)
    np.testing.assert_allclose(Page(page).rows(symbol)["close"], scope["bars"]["close"].to_numpy(), rtol=1e-6)
    assert omega.risk.volatility(scope["returns"]) > 0


def test_rows_are_taken_in_the_order_of_time(tmp_path: Path) -> None:
    for name in ("forth", "back"):
        (tmp_path / name).mkdir()
    backwards = BARS.take(list(reversed(range(BARS.num_rows))))
    forth, back = report(BARS, tmp_path / "forth"), report(backwards, tmp_path / "back")
    assert Page(forth).page == Page(back).page


def test_only_the_symbols_that_are_taken_are_in_the_page(tmp_path: Path) -> None:
    assert set(Page(report(BARS, tmp_path, "--take", "SPX")).charts) == {"SPX"}


@pytest.mark.parametrize(
    ("table", "arguments", "said"),
    [
        (
            BARS.drop_columns(["timestamp"]),
            (),
            "MISSING_COLUMN: column `timestamp` is missing; the data has ",
        ),
        (BARS.select(["timestamp", "volume"]), (), "MISSING_COLUMN: column `close or returns` is missing; "),
        (
            BARS,
            ("--close", "clsoe"),
            "MISSING_COLUMN: column `clsoe` is missing; the data has ",
        ),
        (BARS, ("--close", "symbol"), "UNSUPPORTED_TYPE: column `symbol` must be numbers, got `string`"),
        (BARS, ("--timestamp", "volume"), "UNSUPPORTED_TYPE: column `volume` must be a timestamp or a date"),
        (BARS, ("--take", "DAX"), "INVALID_SHAPE: --take must be a symbol of the file, got `DAX`"),
        (BARS.slice(0, 40), (), "NOT_ENOUGH_DATA: omega report needs at least 30 rows"),
        (
            BARS.set_column(5, "close", pa.array([-1.0] * 600)),
            (),
            "INVALID_VALUE: column `close` must be above 0",
        ),
    ],
)
def test_what_is_missing_is_named(
    table: pa.Table, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert refused(table, tmp_path, *arguments).startswith(said)
