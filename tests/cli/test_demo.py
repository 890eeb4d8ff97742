"""`omega demo`: its files hold what the functions answer, its report loads nothing, Julia may be missing."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import omega
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from omega import data
from omega.cli.app import app
from omega.cli.demo.indicators import daily_returns
from omega.cli.demo.models import MODELS
from omega.cli.demo.risk import METRICS
from omega.functions import julia
from pyarrow import parquet
from typer.testing import CliRunner

SYMBOLS = ["IXIC", "SPX"]
FILES = {"features.parquet", "risk.parquet", "models.parquet", "report.html"}
FEATURES = [
    *("sma", "ema", "rsi", "macd_macd", "macd_signal", "macd_histogram"),
    *("bbands_upper", "bbands_middle", "bbands_lower", "atr", "adx", "obv"),
]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo writes here, with Julia if there is one."""
    folder = tmp_path_factory.mktemp("demo") / "made" / "by it"
    done = CliRunner().invoke(app, ["demo", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    assert "Sharpe ratio" in done.output
    assert "bbands_upper" in done.output
    return folder


@pytest.fixture(scope="module")
def without_julia(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What the demo writes and says where `OMEGA_JULIA` is another program."""
    folder = tmp_path_factory.mktemp("without")
    command = [str(Path(sys.executable).parent / "omega"), "demo", "--out", str(folder)]
    environment = os.environ | {"OMEGA_JULIA": str(shutil.which("true"))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def of(table: pa.Table, symbol: str) -> pa.Table:
    return table.filter(pc.equal(table["symbol"], symbol))


def returns_of(symbol: str) -> list[float | None]:
    closes = of(data.load("index_bars"), symbol)["close"].to_pylist()
    changes = [now / before - 1.0 for before, now in pairwise(closes)]
    return [None, *changes]


def models(folder: Path, symbol: str, model: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of one model of one symbol, by quantity."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in parquet.read_table(folder / "models.parquet").to_pylist():
        if (row["symbol"], row["model"]) == (symbol, model):
            found.setdefault(row["quantity"], []).append(row)
    return found


def estimates(rows: list[dict[str, Any]]) -> list[float | None]:
    return [row["estimate"] for row in rows]


def test_the_demo_writes_its_files_and_leaves_nothing_else(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == FILES


def test_features_have_the_rows_of_the_bars(out: Path) -> None:
    bars, features = data.load("index_bars"), parquet.read_table(out / "features.parquet")
    assert features.column_names == ["timestamp", "symbol", *FEATURES]
    assert features.select(["timestamp", "symbol"]).equals(bars.select(["timestamp", "symbol"]))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_features_are_what_the_functions_answer_for_each_symbol_alone(out: Path, symbol: str) -> None:
    bars = of(data.load("index_bars"), symbol)
    features = of(parquet.read_table(out / "features.parquet"), symbol)
    macd, bands = omega.ta.macd(bars), omega.ta.bbands(bars)
    expected = {
        **{name: omega.call(f"ta.{name}", bars) for name in ("sma", "ema", "rsi", "atr", "adx", "obv")},
        **{f"macd_{name}": macd[name] for name in macd.column_names},
        **{f"bbands_{name}": bands[name] for name in bands.column_names},
    }
    assert set(expected) == set(FEATURES)
    for name, column in expected.items():
        assert features[name].to_pylist() == column.to_pylist(), name


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_returns_are_simple_and_start_with_a_null(symbol: str) -> None:
    returns = daily_returns(data.load("index_bars"))
    assert of(returns, symbol)["returns"].to_pylist() == returns_of(symbol)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_risk_is_what_the_functions_answer(out: Path, symbol: str) -> None:
    rows = of(parquet.read_table(out / "risk.parquet"), symbol).to_pylist()
    assert [row["metric"] for row in rows] == list(METRICS)
    for row in rows:
        assert row["value"] == omega.call(row["metric"], returns_of(symbol))


@pytest.mark.julia
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_garch_is_written_with_errors_and_forecast(out: Path, symbol: str) -> None:
    fit = omega.volatility.garch(returns_of(symbol), **MODELS["volatility.garch"])
    written = models(out, symbol, "volatility.garch")
    for name in ("mu", "omega", "alpha", "beta"):
        (row,) = written[name]
        assert row["estimate"] == getattr(fit, name)
        assert row["standard_error"] == getattr(fit, f"{name}_standard_error")
        assert row["status"] == "ok"
    assert estimates(written["forecast_variance"]) == fit.forecast_variance
    assert estimates(written["conditional_volatility"]) == fit.conditional_volatility
    days = [row["timestamp"] for row in written["conditional_volatility"]]
    assert days == of(data.load("index_bars"), symbol)["timestamp"].to_pylist()


@pytest.mark.julia
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_probability_of_both_states_is_written_for_every_row(out: Path, symbol: str) -> None:
    fit = omega.regimes.hidden_markov(returns_of(symbol), **MODELS["regimes.hidden_markov"])
    written = models(out, symbol, "regimes.hidden_markov")
    for state in (0, 1):
        column = [row[state] for row in fit.posterior]
        assert estimates(written[f"posterior_{state}"]) == column
    calm, turbulent = estimates(written["posterior_0"])[-1], estimates(written["posterior_1"])[-1]
    assert calm is not None
    assert turbulent is not None
    assert math.isclose(calm + turbulent, 1.0)
    assert estimates(written["standard_deviations"]) == fit.standard_deviations


@pytest.mark.julia
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_interval_of_value_at_risk_is_the_seeded_one(out: Path, symbol: str) -> None:
    name = "simulation.stationary_bootstrap"
    answer = omega.simulation.stationary_bootstrap(returns_of(symbol), **MODELS[name])
    written = models(out, symbol, name)
    (row,) = written["value_at_risk"]
    found = (row["estimate"], row["lower"], row["upper"], row["standard_error"])
    assert found == (answer.value_at_risk, answer.lower, answer.upper, answer.standard_error)
    assert estimates(written["replications"]) == answer.replications


def test_without_julia_the_models_say_why_and_what_to_do(without_julia: tuple[Path, str]) -> None:
    folder, printed = without_julia
    rows = parquet.read_table(folder / "models.parquet").to_pylist()
    assert {(row["symbol"], row["model"]) for row in rows} == {
        (symbol, model) for symbol in SYMBOLS for model in MODELS
    }
    for row in rows:
        assert row["status"] == "unavailable"
        assert row["estimate"] is None
        assert row["reason"]
        assert "OMEGA_JULIA" in row["remedy"]
    assert "unavailable" in printed
    assert f"Why: {rows[0]['reason']}" in printed
    assert f"What to do: {rows[0]['remedy']}" in printed
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("volatility.garch is unavailable") == 2 * len(SYMBOLS)


def test_without_julia_the_rest_is_the_same(out: Path, without_julia: tuple[Path, str]) -> None:
    for name in ("features.parquet", "risk.parquet"):
        assert parquet.read_table(without_julia[0] / name).equals(parquet.read_table(out / name))


class Page(HTMLParser):
    """What a page would load, its JSON, and its charts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.panels: list[str] = []
        self.figures: dict[str, Any] = {}
        self._is_figures = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loads += [f"{tag} {value}" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        if tag == "link":
            self.loads.append("link")
        if "data-panel" in named:
            self.panels.append(str(named["data-panel"]))
        self._is_figures = named.get("id") == "figures"

    def handle_endtag(self, tag: str) -> None:
        self._is_figures = False

    def handle_data(self, data: str) -> None:
        if self._is_figures:
            self.figures = json.loads(data)


def test_the_report_loads_nothing(out: Path) -> None:
    text = (out / "report.html").read_text(encoding="utf-8")
    assert Page(text).loads == []
    style = text[: text.index("</style>")]
    assert not re.search(r"url\(|@import", style)
    assert "default-src 'none'" in text


def test_the_report_has_data_for_every_chart_and_a_title_for_every_axis(out: Path) -> None:
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert sorted(page.figures) == SYMBOLS
    drawn = [name for symbol in SYMBOLS for name in page.figures[symbol]["panels"]]
    assert sorted(page.panels) == sorted(drawn)
    assert {"price", "rsi", "drawdown"} <= set(drawn)
    for symbol in SYMBOLS:
        rows = len(page.figures[symbol]["dates"])
        for figure in page.figures[symbol]["panels"].values():
            assert figure["layout"]["yaxis"]["title"]
            assert figure["time"] or figure["layout"]["xaxis"]["title"]
            assert all(len(trace["y"]) == rows for trace in figure["data"] if "x" not in trace)


@pytest.mark.julia
def test_the_report_draws_every_model(out: Path) -> None:
    page = Page((out / "report.html").read_text(encoding="utf-8"))
    assert {"volatility", "forecast", "regimes", "bootstrap"} <= set(page.panels)
    assert f"Julia {julia.start()}" in (out / "report.html").read_text(encoding="utf-8")


def test_the_report_says_where_the_data_come_from(out: Path) -> None:
    text = (out / "report.html").read_text(encoding="utf-8")
    assert data.SOURCES["index_bars"] in text


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here first")
    done = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "file" / "out")])
    assert done.exit_code == 2
    (line,) = done.output.splitlines()
    assert line.startswith(f"FILE_UNWRITABLE: `{tmp_path / 'file' / 'out'}` cannot be written")


def test_a_demo_that_cannot_finish_leaves_the_files_that_were_there(tmp_path: Path) -> None:
    """A folder of the report's name cannot be replaced by a file."""
    from omega.cli.demo.files import staged
    from omega.shared.exceptions import FileUnwritableError

    (tmp_path / "report.html").mkdir()
    with pytest.raises(FileUnwritableError), staged(tmp_path) as stage:
        (stage / "report.html").write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(ZeroDivisionError), staged(tmp_path) as stage:
        (stage / "risk.parquet").write_text(str(1 // 0))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
