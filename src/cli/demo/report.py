"""The report: one page that holds all it needs and loads nothing."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import omega
import plotly.offline
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from omega.cli.demo import charts
from omega.cli.demo.models import MODELS
from omega.cli.demo.results import Results, column, of, shown, spelled, title
from omega.cli.demo.screens import summary
from omega.shared.distribution import version


@dataclass(frozen=True)
class Panel:
    """One chart of the report: which model it draws, if it is one, and whether it runs along the dates."""

    name: str
    heading: str
    caption: str
    draw: Callable[[Results, str], charts.Figure]
    model: str | None = None
    time: bool = True
    wide: bool = False


PANELS = (
    Panel(
        "price",
        "Price",
        "Daily close with its 30-day averages and Bollinger bands (20 days, 2 deviations). "
        "A shorter period shows them apart.",
        charts.price,
        wide=True,
    ),
    Panel(
        "rsi",
        "Relative strength",
        "Share of gains in the moves of 14 days. Above 70 counts as overbought, below 30 as oversold.",
        charts.rsi,
    ),
    Panel("drawdown", "Drawdown", "Loss since the highest close so far.", charts.drawdown),
    Panel(
        "regimes",
        "Calm and turbulent regimes",
        "Shaded: probability that the day belongs to the turbulent state of a two-state hidden Markov model, "
        "given all days.",
        charts.regimes,
        model="regimes.hidden_markov",
        wide=True,
    ),
    Panel(
        "volatility",
        "Conditional volatility",
        "GARCH(1,1): deviation of the day's return given the days before, as a yearly rate.",
        charts.volatility,
        model="volatility.garch",
    ),
    Panel(
        "forecast",
        "Volatility forecast",
        "The last fitted days, and the forecast on its way to the long-run level.",
        charts.forecast,
        model="volatility.garch",
        time=False,
    ),
    Panel(
        "bootstrap",
        "How sure is value at risk?",
        "The 5 % quantile of daily returns over resampled histories (stationary bootstrap). "
        "Shaded: 95 % of them.",
        charts.bootstrap,
        model="simulation.stationary_bootstrap",
        time=False,
    ),
)


def report(results: Results) -> str:
    """The page, as HTML."""
    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    dates = results.bars["timestamp"]
    return environment.get_template("report.html.jinja").render(
        title=" and ".join(title(symbol) for symbol in results.symbols),
        first=dates[0].as_py(),
        last=dates[-1].as_py(),
        rows=results.bars.num_rows,
        made=datetime.now(UTC),
        sections=[_section(results, symbol) for symbol in results.symbols],
        figures={symbol: _figures(results, symbol) for symbol in results.symbols},
        versions=_versions(results),
        source=results.source,
        points=results.points,
        command=results.command,
        script=(folder / "report.js").read_text(encoding="utf-8"),
        style=(folder / "report.css").read_text(encoding="utf-8"),
        plotly=plotly.offline.get_plotlyjs(),
    )


def _section(results: Results, symbol: str) -> dict[str, Any]:
    """What the page says about one symbol in words and numbers."""
    last = results.last_features(symbol)
    close = of(results.bars, symbol)["close"][-1].as_py()
    return {
        "symbol": symbol,
        "title": title(symbol),
        "close": shown(close),
        "metrics": [
            {
                "name": spelled(metric),
                "value": shown(row["value"], row["unit"]),
                "meaning": omega.spec(metric).summary,
            }
            for metric, row in results.metrics(symbol).items()
        ],
        "panels": [_panel(results, symbol, panel) for panel in PANELS],
        "features": [(name, shown(value)) for name, value in last.items() if name != "timestamp"],
        "models": [
            {"name": model, "facts": list(summary(results.fit(symbol, model))), "meaning": _meaning(model)}
            for model in MODELS
        ],
    }


def _meaning(model: str) -> str:
    return omega.spec(model).summary


def _panel(results: Results, symbol: str, panel: Panel) -> dict[str, Any]:
    fit = results.fit(symbol, panel.model) if panel.model else None
    return {"panel": panel, "missing": fit if fit and fit.status != "ok" else None}


def _figures(results: Results, symbol: str) -> dict[str, Any]:
    """The dates of a symbol, and those of its charts that can be drawn."""
    dates = [each.strftime("%Y-%m-%d") for each in column(of(results.bars, symbol), "timestamp").to_pylist()]
    drawn = {}
    for panel in PANELS:
        if panel.model is None or results.fit(symbol, panel.model).status == "ok":
            drawn[panel.name] = {**panel.draw(results, symbol), "time": panel.time}
    return {"dates": dates, "panels": drawn}


def _versions(results: Results) -> str:
    return ", ".join(_each_version(results))


def _each_version(results: Results) -> Iterator[str]:
    yield f"Omega {version()}"
    yield f"Python {platform.python_version()}"
    yield f"Julia {results.julia}" if results.julia else "no Julia"
    for library in ("pyarrow", "plotly"):
        yield f"{library} {version(library)}"
