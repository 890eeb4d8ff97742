"""`omega demo`: its files hold what the functions answer, its report loads nothing, Julia may be missing."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from omega import data
from omega.cli.app import app
from omega.cli.demo.indicators import LOADING, daily_returns
from omega.cli.demo.models import MODELS
from omega.cli.demo.panels import MODEL_PANELS, PANES
from omega.cli.demo.results import shown
from omega.cli.demo.risk import METRICS
from omega.functions import julia
from pyarrow import parquet
from typer.testing import CliRunner

from tests import browser
from tests.cli.page import Page

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


@pytest.fixture(scope="module")
def page(out: Path) -> Page:
    return Page((out / "report.html").read_text(encoding="utf-8"))


def test_the_report_loads_nothing(out: Path) -> None:
    text = (out / "report.html").read_text(encoding="utf-8")
    assert Page(text).loads == []
    style = text[: text.index("</style>")]
    assert not re.search(r"url\(|@import", style)
    assert "default-src 'none'" in text


def test_the_report_is_small_enough_to_be_sent(out: Path) -> None:
    """Two indices, twenty years of days, and the library: an attachment, not a download."""
    assert (out / "report.html").stat().st_size < 1_500_000


def test_the_report_has_a_figure_for_every_chart_and_a_chart_for_every_figure(page: Page) -> None:
    assert sorted(page.documents) == ["*", *SYMBOLS]
    for section, document in page.documents.items():
        figures = [root["attributes"]["name"] for root in document["roots"]]
        assert figures == page.charts[section]
    for symbol in SYMBOLS:
        assert {"price", "volume", "rsi", "macd", "adx", "atr", "obv"} <= set(page.charts[symbol])
    assert page.charts["*"] == ["growth", "drawdown"]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_column_that_a_figure_reads_is_in_the_page(page: Page, symbol: str) -> None:
    columns = set(page.rows(symbol)) | {"time", "bar", "growth", "direction"}
    written = json.dumps(page.documents[symbol])
    fields = set(re.findall(r'"type": "field", "field": "(\w+)"', written))
    of_models = {"day", "count", "left", "right"}
    assert {"close", "rsi", "macd_macd", "obv"} <= fields <= columns | of_models


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_report_shows_the_numbers_of_the_files(out: Path, page: Page, symbol: str) -> None:
    """Closes to the cent, indicators to five digits."""
    bars = of(data.load("index_bars"), symbol)
    features = of(parquet.read_table(out / "features.parquet"), symbol)
    rows = page.rows(symbol)
    days = [
        stamp.date().toordinal() - date(1970, 1, 1).toordinal() for stamp in bars["timestamp"].to_pylist()
    ]
    assert rows["day"].tolist() == days
    assert not rows["second"].any()
    for name in ("open", "high", "low", "close"):
        assert np.abs(rows[name] - bars[name].to_numpy()).max() < 0.005
    for name in set(FEATURES) - {"bbands_middle"}:
        expected = features[name].to_numpy()
        assert np.array_equal(np.isnan(rows[name]), np.isnan(expected)), name
        np.testing.assert_allclose(rows[name], expected, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_risk_of_each_period_is_that_of_its_returns(page: Page, symbol: str) -> None:
    returns = returns_of(symbol)
    periods = {each["months"]: each for each in page.page["risk"][symbol]}
    assert set(periods) == {1, 6, 12, 60, 0}
    assert periods[0]["returns"] == len(returns) - 1
    for each in periods.values():
        within = returns[-each["returns"] :]
        for metric, said in each["values"].items():
            unit = omega.spec(metric).outputs[0].unit
            assert said == shown(omega.call(metric, within), unit), (metric, each["words"])


@pytest.mark.julia
def test_the_code_of_every_panel_runs_and_makes_the_numbers_beside_it(page: Page) -> None:
    symbol = SYMBOLS[-1]
    scope: dict[str, Any] = {}
    exec(LOADING.format(symbol=symbol), scope)
    rows = page.rows(symbol)
    answers: dict[str, Any] = {}
    for panel in (*PANES, *MODEL_PANELS):
        *before, last = panel.code.splitlines()
        exec("\n".join(before), scope)
        answers[panel.name] = eval(last, scope)
    for name in ("rsi", "adx", "atr", "obv"):
        np.testing.assert_allclose(rows[name], answers[name].to_numpy(zero_copy_only=False), rtol=1e-5)
    turbulent = 100 * answers["regimes"].to_numpy(zero_copy_only=False)
    np.testing.assert_allclose(rows["turbulent"], turbulent, rtol=1e-5)
    yearly = 100 * math.sqrt(252) * answers["volatility"].to_numpy(zero_copy_only=False)
    np.testing.assert_allclose(rows["volatility"], yearly, rtol=1e-5)


@pytest.mark.julia
def test_the_report_draws_every_model(out: Path, page: Page) -> None:
    for symbol in SYMBOLS:
        assert {"volatility", "forecast", "regimes", "bootstrap"} <= set(page.charts[symbol])
    assert f"Julia {julia.start()}" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [browser.PHONE, browser.DESKTOP])
def test_a_browser_draws_the_report_without_a_complaint_or_a_sideways_scroll(
    out: Path, tmp_path: Path, width: int
) -> None:
    """It opens on a year, and every section and period can be chosen."""
    opened = browser.shown(out / "report.html", tmp_path, width)
    assert opened.problems == []
    assert "last 1 year" in opened.text
    assert "29 Dec 2017 to 31 Dec 2018 (251 days)" in opened.text
    assert opened.empty == []
    clicks = [f'#sections [data-section="{section}"]' for section in ("IXIC", "*", "SPX")]
    clicks += [f'#periods [data-months="{months}"]' for months in (1, 6, 60, 0)]
    clicked = browser.shown(out / "report.html", tmp_path, width, clicks)
    assert clicked.problems == []
    assert clicked.drawn == 3
    assert clicked.empty == []
    assert "4 Jan 1999 to 31 Dec 2018 (5,030 days)" in clicked.text
    assert max(opened.width, clicked.width) <= width


def test_without_julia_a_browser_draws_the_rest(without_julia: tuple[Path, str], tmp_path: Path) -> None:
    opened = browser.shown(without_julia[0] / "report.html", tmp_path, browser.PHONE)
    assert (opened.problems, opened.empty) == ([], [])
    assert opened.width <= browser.PHONE


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
