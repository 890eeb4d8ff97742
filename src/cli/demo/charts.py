"""The charts of the report, as plotly figures in plain data; the page adds fonts and colours of its own.

A trace without `x` runs along the dates of its symbol, which the page holds once.
"""

from __future__ import annotations

from itertools import accumulate
from math import sqrt
from typing import Any

from omega.cli.demo.models import finite
from omega.cli.demo.results import Results, column, of, shown
from omega.cli.demo.screens import long_run_volatility

Figure = dict[str, Any]

BLUE, AMBER, RED, TEAL, GREY = "#3f7fe8", "#e0931f", "#e0524d", "#1aa38c", "#8b95a5"
YEAR = 252
#: How much of the past the forecast is drawn next to, in trading days.
RECENT = 180


def price(results: Results, symbol: str) -> Figure:
    """Closes, two averages, and the Bollinger bands, on a logarithmic scale."""
    features = of(results.features, symbol)
    return {
        "data": [
            _line("Upper band", _values(features, "bbands_upper"), BLUE, width=0.5, showlegend=False),
            _line(
                "Bollinger bands",
                _values(features, "bbands_lower"),
                BLUE,
                width=0.5,
                fill="tonexty",
                fillcolor=_faint(BLUE, 0.18),
            ),
            _line("SMA 30", _values(features, "sma"), TEAL, width=1.2),
            _line("EMA 30", _values(features, "ema"), AMBER, width=1.2),
            _line("Close", _values(of(results.bars, symbol), "close"), BLUE, width=1.6),
        ],
        "layout": {"yaxis": {"title": f"{results.points}, log scale", "type": "log", "tickformat": ","}},
    }


def rsi(results: Results, symbol: str) -> Figure:
    """The relative strength index, with its usual bounds."""
    return {
        "data": [_line("RSI 14", _values(of(results.features, symbol), "rsi"), BLUE, unit=" %")],
        "layout": {
            "yaxis": {"title": "RSI, %", "range": [0, 100], "tickvals": [0, 30, 50, 70, 100]},
            "shapes": [
                _band(70, 100, RED),
                _band(0, 30, TEAL),
            ],
            "showlegend": False,
        },
    }


def drawdown(results: Results, symbol: str) -> Figure:
    """How far the index is below its highest close so far."""
    closes = _values(of(results.bars, symbol), "close")
    below = [100 * (close / peak - 1) for close, peak in zip(closes, accumulate(closes, max), strict=True)]
    deepest = results.metrics(symbol)["risk.max_drawdown"]["value"]
    return {
        "data": [
            _line(
                "Below the peak",
                below,
                RED,
                unit=" %",
                width=1.2,
                fill="tozeroy",
                fillcolor=_faint(RED, 0.22),
            )
        ],
        "layout": {
            "yaxis": {"title": "below the peak, %", "rangemode": "tozero"},
            "shapes": [_level(100 * deepest, RED)],
            "annotations": [_note(100 * deepest, f"maximum {shown(deepest, 'fraction')}")],
            "showlegend": False,
        },
    }


def volatility(results: Results, symbol: str) -> Figure:
    """Conditional volatility of the GARCH model, a year, and where it tends to."""
    fit = results.fit(symbol, "volatility.garch")
    past = [_yearly(value) for value in fit.answer.conditional_volatility.to_pylist()]
    figure: Figure = {
        "data": [_line("Conditional volatility", past, AMBER, unit=" %", width=1.3)],
        "layout": {"yaxis": {"title": "volatility a year, %", "rangemode": "tozero"}, "showlegend": False},
    }
    level = long_run_volatility(fit)
    if level is not None:
        figure["layout"]["shapes"] = [_level(100 * level, GREY)]
        figure["layout"]["annotations"] = [_note(100 * level, f"long run {shown(level, 'fraction')}")]
    return figure


def forecast(results: Results, symbol: str) -> Figure:
    """The end of the conditional volatility, and the forecast that follows it."""
    fit = results.fit(symbol, "volatility.garch")
    past = [_yearly(value) for value in fit.answer.conditional_volatility.to_pylist()][-RECENT:]
    ahead = [_yearly(sqrt(value)) for value in fit.answer.forecast_variance.to_pylist()]
    figure: Figure = {
        "data": [
            _line("Fitted", past, AMBER, unit=" %", x=list(range(1 - len(past), 1))),
            _line(
                "Forecast",
                [past[-1], *ahead],
                BLUE,
                unit=" %",
                dash="dot",
                width=2.4,
                x=list(range(len(ahead) + 1)),
            ),
        ],
        "layout": {
            "xaxis": {"title": "trading days after the last row", "type": "linear", "zeroline": True},
            "yaxis": {"title": "volatility a year, %", "rangemode": "tozero"},
        },
    }
    level = long_run_volatility(fit)
    if level is not None:
        figure["layout"]["shapes"] = [_level(100 * level, GREY)]
        figure["layout"]["annotations"] = [_note(100 * level, f"long run {shown(level, 'fraction')}")]
    return figure


def regimes(results: Results, symbol: str) -> Figure:
    """Closes over the probability that the day belongs to the turbulent state."""
    posterior = results.fit(symbol, "regimes.hidden_markov").answer.posterior
    turbulent = posterior.column(posterior.num_columns - 1).to_pylist()
    percent = [None if value is None else _round(100 * value) for value in turbulent]
    area = {
        "type": "scatter",
        "name": "Probability of turbulence",
        "y": percent,
        "yaxis": "y2",
        "line": {"width": 0, "color": RED},
        "fill": "tozeroy",
        "fillcolor": _faint(RED, 0.3),
        "hovertemplate": "%{y:.0f} %",
    }
    return {
        "data": [area, _line("Close", _values(of(results.bars, symbol), "close"), BLUE)],
        "layout": {
            "yaxis": {
                "title": f"{results.points}, log scale",
                "type": "log",
                "tickformat": ",",
                "overlaying": "y2",
                "tickmode": "auto",
            },
            "yaxis2": {"title": "probability, %", "range": [0, 100], "side": "right", "showgrid": False},
        },
    }


def bootstrap(results: Results, symbol: str) -> Figure:
    """How value at risk varies over resampled histories, and the interval that holds most of it."""
    answer = results.fit(symbol, "simulation.stationary_bootstrap").answer
    replications = [_round(100 * value) for value in answer.replications.to_pylist()]
    lower, upper, estimate = 100 * answer.lower, 100 * answer.upper, 100 * answer.value_at_risk
    return {
        "data": [
            {
                "type": "histogram",
                "name": "Replications",
                "x": replications,
                "nbinsx": 60,
                "marker": {"color": _faint(BLUE, 0.75), "line": {"width": 0}},
                "hovertemplate": "%{y} of " + f"{len(replications):,}" + " between %{x} %<extra></extra>",
            }
        ],
        "layout": {
            "xaxis": {"title": "value at risk a day, %", "type": "linear"},
            "yaxis": {"title": "replications"},
            "bargap": 0.04,
            "hovermode": "closest",
            "showlegend": False,
            "shapes": [
                {
                    "type": "rect",
                    "x0": lower,
                    "x1": upper,
                    "y0": 0,
                    "y1": 1,
                    "yref": "paper",
                    "fillcolor": _faint(TEAL, 0.14),
                    "line": {"color": TEAL, "width": 1, "dash": "dot"},
                    "layer": "below",
                },
                {
                    "type": "line",
                    "x0": estimate,
                    "x1": estimate,
                    "y0": 0,
                    "y1": 1,
                    "yref": "paper",
                    "line": {"color": RED, "width": 2},
                },
            ],
            "annotations": [
                _mark(lower, f"{lower:.2f} %", "right"),
                _mark(estimate, f"estimate {estimate:.2f} %", "center"),
                _mark(upper, f"{upper:.2f} %", "left"),
            ],
        },
    }


def _line(
    name: str,
    values: list[float | None],
    color: str,
    *,
    width: float = 1.4,
    dash: str = "solid",
    unit: str = "",
    **more: Any,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "y": [None if value is None else _round(value) for value in values],
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": "%{y:,.2f}" + unit,
        **more,
    }


def _band(low: float, high: float, color: str) -> dict[str, Any]:
    edges = {"y0": low, "y1": high, "x0": 0, "x1": 1, "xref": "paper"}
    return {
        "type": "rect",
        **edges,
        "fillcolor": _faint(color, 0.1),
        "line": {"width": 0},
        "layer": "below",
    }


def _level(height: float, color: str) -> dict[str, Any]:
    edges = {"y0": height, "y1": height, "x0": 0, "x1": 1, "xref": "paper"}
    return {"type": "line", **edges, "line": {"color": color, "width": 1, "dash": "dash"}}


def _note(height: float, text: str) -> dict[str, Any]:
    """Words at the right end of a level."""
    place = {"x": 1, "xref": "paper", "xanchor": "right", "y": height, "yanchor": "bottom"}
    return {**place, "text": text, "showarrow": False}


def _mark(x: float, text: str, anchor: str) -> dict[str, Any]:
    """Words above a place on the horizontal axis."""
    place = {"x": x, "xanchor": anchor, "y": 1, "yref": "paper", "yanchor": "bottom"}
    return {**place, "text": text, "showarrow": False}


def _values(table: Any, name: str) -> list[Any]:
    values: list[Any] = column(table, name).to_pylist()
    return values


def _yearly(deviation: float | None) -> float | None:
    """The deviation of a day's return as a volatility a year, in percent."""
    known = finite(deviation)
    return None if known is None else 100 * sqrt(YEAR) * known


def _faint(color: str, opacity: float) -> str:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _round(value: float) -> float:
    """Six digits: more than a screen shows, and a page of half the size."""
    return float(f"{value:.6g}")
