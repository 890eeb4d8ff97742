"""The report: one page that holds all it needs and loads nothing."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import omega
from bokeh.plotting import figure
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from omega.cli.demo.charts import EXACT, Charts, Key, moments, series
from omega.cli.demo.models import MODELS
from omega.cli.demo.panels import MODEL_PANELS, PANES, Panel, default
from omega.cli.demo.periods import OPENS_ON, PERIODS, PeriodRisk, risk_by_period
from omega.cli.demo.results import Results, of, shown, spelled, title
from omega.cli.demo.screens import summary
from omega.cli.page import columns, document, part, plotting_library
from omega.shared.distribution import version

_SHARE = default("risk.value_at_risk", "cutoff")
#: What a number on a card says, shorter than the first sentence of its spec.
_MEANINGS = {
    "risk.sharpe_ratio": "Mean return per unit of deviation, a year.",
    "risk.sortino_ratio": "The same, counting only deviation below zero.",
    "risk.volatility": "Deviation of daily returns, as a yearly rate.",
    "risk.max_drawdown": "Deepest fall from a peak.",
    "risk.value_at_risk": f"The worst {_SHARE:.0%} of days fall below this.",
    "risk.conditional_value_at_risk": f"Mean return of the worst {_SHARE:.0%} of days.",
}
_NAMES = {"risk.conditional_value_at_risk": "Expected shortfall"}


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
    risks = risk_by_period(results)
    charts = {symbol: Charts(results) for symbol in results.symbols}
    compared = Charts(results)
    documents = {symbol: document(_figures(results, symbol, charts[symbol])) for symbol in results.symbols}
    documents[_BOTH] = document([compared.growth(), compared.drawdown()])
    return environment.get_template("report.html.jinja").render(
        title=" and ".join(title(symbol) for symbol in results.symbols),
        first=dates[0].as_py(),
        last=dates[-1].as_py(),
        rows=results.bars.num_rows,
        made=datetime.now(UTC),
        periods=PERIODS,
        sections=[_section(results, symbol, risks[symbol]) for symbol in results.symbols],
        compared=_compared(results, risks, compared),
        both=_BOTH,
        documents=documents,
        page=_embedded(
            {
                "opens_on": OPENS_ON,
                "rows": {symbol: _rows(results, symbol) for symbol in results.symbols},
                "risk": {symbol: [_spoken(each) for each in risks[symbol]] for symbol in results.symbols},
            }
        ),
        library=plotting_library(),
        versions=_versions(results),
        source=results.source,
        points=_capitalised(results.points),
        command=results.command,
        shared_style=part("page.css"),
        shared_script=part("page.js"),
        script=(folder / "report.js").read_text(encoding="utf-8"),
        style=(folder / "report.css").read_text(encoding="utf-8"),
    )


#: The name of the section that compares; no symbol has it.
_BOTH = "*"


def _section(results: Results, symbol: str, risks: list[PeriodRisk]) -> dict[str, Any]:
    """What the page says about one symbol in words and numbers."""
    close = of(results.bars, symbol)["close"][-1].as_py()
    have = set(series(results, symbol))
    return {
        "symbol": symbol,
        "title": title(symbol),
        "close": shown(close),
        "metrics": [_card(metric) for metric in risks[-1].metrics],
        "panes": [_panel(results, symbol, panel, have) for panel in _panes(results, symbol)],
        "panels": [_panel(results, symbol, panel, have) for panel in MODEL_PANELS],
        "models": [
            {"name": model, "facts": list(summary(results.fit(symbol, model))), "meaning": _meaning(model)}
            for model in MODELS
        ],
        "loading": results.loading.replace("{symbol}", symbol),
    }


def _meaning(function: str) -> str:
    return omega.spec(function).summary


def _card(metric: str) -> dict[str, str]:
    return {
        "metric": metric,
        "name": _NAMES.get(metric, spelled(metric)),
        "meaning": _MEANINGS.get(metric) or _meaning(metric),
    }


def _panel(results: Results, symbol: str, panel: Panel, have: set[str]) -> dict[str, Any]:
    fit = results.fit(symbol, panel.model) if panel.model else None
    return {
        "panel": panel,
        "caption": panel.caption.replace("{points}", _capitalised(results.points)),
        "keys": [key for key in panel.keys if key.column in have],
        "missing": fit if fit and fit.status != "ok" else None,
    }


def _capitalised(words: str) -> str:
    return words[0].upper() + words[1:]


def _figures(results: Results, symbol: str, charts: Charts) -> Iterator[figure]:
    """Those figures of a symbol that can be drawn."""
    panes = _panes(results, symbol)
    for panel in panes:
        drawn = panel.draw(charts, symbol)
        # The dates stand below the first pane and the last.
        drawn.xaxis.visible = panel in {panes[0], panes[-1]}
        yield drawn
    for panel in MODEL_PANELS:
        if panel.model and results.fit(symbol, panel.model).status == "ok":
            yield panel.draw(charts, symbol)


def _panes(results: Results, symbol: str) -> list[Panel]:
    have = set(series(results, symbol))
    return [each for each in PANES if set(each.needs) <= have]


def _compared(results: Results, risks: Mapping[str, list[PeriodRisk]], charts: Charts) -> dict[str, Any]:
    """The symbols side by side: their lines, and a row for each metric."""
    hues = charts.hues()
    return {
        "symbols": [(symbol, title(symbol)) for symbol in results.symbols],
        "growth": [(symbol, Key("growth", title(symbol), hue)) for symbol, hue in hues],
        "drawdown": [(symbol, Key("drawdown", title(symbol), hue, "percent")) for symbol, hue in hues],
        "metrics": [_card(metric) for metric in risks[results.symbols[0]][-1].metrics],
    }


def _rows(results: Results, symbol: str) -> dict[str, Any]:
    """The columns of a symbol; its times as days since 1970 and seconds since midnight: both fit."""
    days, seconds = np.divmod(moments(results, symbol), 86_400)
    table = {"day": days.tolist(), "second": seconds.tolist(), **series(results, symbol)}
    return columns(table, exact=("day", "second", *EXACT))


def _spoken(each: PeriodRisk) -> dict[str, Any]:
    """The risk of one period as the page writes it."""
    return {
        "months": each.period.months,
        "start": each.start.isoformat(),
        "returns": each.returns,
        "words": each.period.words,
        "values": {metric: shown(row["value"], row["unit"]) for metric, row in each.metrics.items()},
    }


def _embedded(value: Any) -> str:
    """JSON that cannot end the script that holds it."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _versions(results: Results) -> str:
    return ", ".join(_each_version(results))


def _each_version(results: Results) -> Iterator[str]:
    yield f"Omega {version()}"
    yield f"Python {platform.python_version()}"
    yield f"Julia {results.julia}" if results.julia else "no Julia"
    for library in ("pyarrow", "bokeh"):
        yield f"{library} {version(library)}"
