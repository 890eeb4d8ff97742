"""The figures of the report.

What runs along the dates takes its numbers from the columns that the page unpacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from typing import Any

import numpy as np
from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    CrosshairTool,
    DatetimeTickFormatter,
    Label,
    LinearScale,
    NumeralTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure
from omega.cli.demo.models import finite
from omega.cli.demo.results import Results, column, of
from omega.cli.demo.screens import long_run_volatility
from omega.cli.page import AMBER, BLUE, GREY, RED, TEAL, VIOLET, narrow

YEAR = 252
#: How much of the past the forecast is drawn next to, in trading days.
RECENT = 180
#: Prices are shown to the cent and keep every digit that 32 bits have.
EXACT = ("open", "high", "low", "close")
#: The hues of the symbols that are compared, in turn.
HUES = (AMBER, BLUE, TEAL, VIOLET, RED, GREY)


@dataclass(frozen=True)
class Key:
    """One line of a panel in words: its column, its hue, and how its number at the pointer is written."""

    column: str
    name: str
    color: str
    form: str = "number"


def series(results: Results, symbol: str) -> dict[str, Sequence[float | None]]:
    """All columns of one symbol that run along its rows, as far as its data and its models have them."""
    bars, features = of(results.bars, symbol), of(results.features, symbol)
    table: dict[str, Sequence[float | None]] = {
        name: column(bars, name).to_pylist()
        for name in ("open", "high", "low", "close", "volume")
        if name in bars.column_names
    }
    for name in features.column_names:
        if name not in {"timestamp", "symbol"}:
            table[name] = column(features, name).to_pylist()
    # It is drawn as the average that it is, beside a shorter one of its kind.
    table.pop("bbands_middle", None)
    table["drawdown"] = drawdowns(table["close"])
    garch, markov = results.fit(symbol, "volatility.garch"), results.fit(symbol, "regimes.hidden_markov")
    if garch.status == "ok":
        table["volatility"] = [_yearly(each) for each in garch.answer.conditional_volatility.to_pylist()]
    if markov.status == "ok":
        posterior = markov.answer.posterior
        turbulent = posterior.column(posterior.num_columns - 1).to_pylist()
        table["turbulent"] = [None if each is None else 100 * each for each in turbulent]
    return table


def moments(results: Results, symbol: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The rows' times, in seconds since 1970."""
    stamps: np.ndarray[Any, np.dtype[np.datetime64]]
    stamps = column(of(results.bars, symbol), "timestamp").to_numpy(zero_copy_only=False)
    return stamps.astype("datetime64[s]").astype(np.int64)


def drawdowns(closes: Sequence[Any]) -> list[float]:
    """How far each close is below the highest one so far, in percent.

    >>> drawdowns([100.0, 75.0, 120.0])
    [0.0, -25.0, 0.0]
    """
    return [100 * (close / peak - 1) for close, peak in zip(closes, accumulate(closes, max), strict=True)]


class Charts:
    """The figures of one document. Those along the dates share their period and the line at the pointer."""

    def __init__(self, results: Results) -> None:
        self.results = results
        # Set by the page before anything is drawn.
        self._window = Range1d(start=0, end=1, name="window")
        self._pointer = Span(dimension="height", line_color=GREY, line_width=1, line_dash="dotted")
        self._rows: dict[str, ColumnDataSource] = {}

    def rows(self, symbol: str) -> ColumnDataSource:
        """The columns of a symbol: empty here, filled by the page.

        `bar` is the time where it is in the period: bars outside would be painted as a line on the edge.
        """
        if symbol not in self._rows:
            names = ["time", "bar", "growth", "direction", *series(self.results, symbol)]
            self._rows[symbol] = ColumnDataSource({name: [] for name in names}, name=f"rows:{symbol}")
        return self._rows[symbol]

    def _width(self, symbol: str) -> float:
        """The width of a bar, in milliseconds: two thirds of the time from one row to the next, as a rule."""
        gaps = np.diff(moments(self.results, symbol))
        return 0.66 * 1e3 * float(np.median(gaps)) if len(gaps) else 1.0

    def _over_time(self, name: str, form: str = "0,0", **more: Any) -> figure:
        along = {"x_range": self._window, "x_axis_type": "datetime", "window_axis": "x"}
        plot = figure(name=name, tools="xbox_zoom", **along, **more)
        plot.add_tools(CrosshairTool(dimensions="height", overlay=self._pointer))
        plot.xaxis.formatter = DatetimeTickFormatter(days="%-d %b", months="%b %Y", years="%Y")
        plot.yaxis.formatter = NumeralTickFormatter(format=form)
        plot.xgrid.grid_line_color = None
        plot.yaxis.ticker.desired_num_ticks = 4
        # As wide as the widest label, so that panes stand exactly below each other.
        plot.min_border_left = 58
        return plot

    def _log_scale(self, name: str, holds: list[str]) -> figure:
        """A figure whose heights hold some columns. The page finds them, as the library does not here."""
        plot = self._over_time(name, y_axis_type="log", y_range=Range1d(1, 2, tags=holds))
        plot.yaxis.ticker.desired_num_ticks = 6
        return plot

    def _without_dates(self, name: str, **more: Any) -> figure:
        plot = figure(name=name, tools="", **more)
        plot.xgrid.grid_line_color = None
        plot.min_border_left = 58
        return plot

    def price(self, symbol: str) -> figure:
        """Closes or, where there is room, candles; two averages, and the Bollinger bands."""
        source = self.rows(symbol)
        names = source.column_names
        averages = [(name, color) for name, color in (("sma", TEAL), ("ema", AMBER)) if name in names]
        bands = [name for name in ("bbands_lower", "bbands_upper") if name in names]
        extremes = ["low", "high"] if {"open", "high", "low"} <= set(names) else []
        plot = self._log_scale("price", ["close", *extremes, *bands, *(name for name, _ in averages)])
        if bands:
            plot.varea("time", *bands, source=source, fill_color=BLUE, fill_alpha=0.10)
        for band in bands:
            plot.line("time", band, source=source, color=BLUE, alpha=0.35, line_width=1)
        if extremes:
            candles = {"source": source, "name": "candles"}
            plot.segment("time", "high", "time", "low", color="direction", **candles)
            body = {"fill_color": "direction", "line_color": None}
            plot.vbar("bar", self._width(symbol), "open", "close", **body, **candles)
        plot.line("time", "close", source=source, color=BLUE, line_width=1.7, name="close")
        for average, color in averages:
            plot.line("time", average, source=source, color=color, line_width=1.5)
        return plot

    def volume(self, symbol: str) -> figure:
        """Volume a day, in the hue of the day's candle."""
        plot = self._over_time("volume", "0.[0]a")
        plot.vbar(
            "bar",
            self._width(symbol),
            "volume",
            source=self.rows(symbol),
            fill_color="direction",
            line_color=None,
        )
        plot.y_range.start = 0
        plot.yaxis.ticker.desired_num_ticks = 3
        return plot

    def rsi(self, symbol: str) -> figure:
        """The relative strength index, with its usual bounds."""
        plot = self._over_time("rsi", "0", y_range=Range1d(0, 100))
        plot.add_layout(BoxAnnotation(bottom=70, top=100, fill_color=RED, fill_alpha=0.10, line_color=None))
        plot.add_layout(BoxAnnotation(bottom=0, top=30, fill_color=TEAL, fill_alpha=0.12, line_color=None))
        plot.yaxis.ticker = [30, 50, 70]
        plot.line("time", "rsi", source=self.rows(symbol), color=VIOLET, line_width=1.5)
        return plot

    def macd(self, symbol: str) -> figure:
        """The two lines of MACD over their difference."""
        source = self.rows(symbol)
        plot = self._over_time("macd")
        grey = {"fill_color": GREY, "fill_alpha": 0.7, "line_color": None}
        plot.vbar("bar", self._width(symbol), "macd_histogram", source=source, **grey)
        plot.line("time", "macd_signal", source=source, color=AMBER, line_width=1.4)
        plot.line("time", "macd_macd", source=source, color=BLUE, line_width=1.5)
        return plot

    def adx(self, symbol: str) -> figure:
        """Strength of the trend, with the level above which one speaks of a trend."""
        plot = self._line("adx", symbol, VIOLET, "0")
        plot.add_layout(_level(25))
        return plot

    def atr(self, symbol: str) -> figure:
        """How far price moves in a day."""
        return self._line("atr", symbol, AMBER)

    def obv(self, symbol: str) -> figure:
        """All volume so far, that of falling days taken away."""
        return self._line("obv", symbol, TEAL, "0.[00]a")

    def _line(self, name: str, symbol: str, color: str, form: str = "0,0") -> figure:
        plot = self._over_time(name, form)
        plot.line("time", name, source=self.rows(symbol), color=color, line_width=1.5)
        return plot

    def volatility(self, symbol: str) -> figure:
        """Conditional volatility of the GARCH model, a year, and where it tends to."""
        plot = self._over_time("volatility", "0")
        plot.xaxis.ticker.desired_num_ticks = 3
        plot.line("time", "volatility", source=self.rows(symbol), color=AMBER, line_width=1.5)
        self._long_run(plot, symbol)
        return plot

    def forecast(self, symbol: str) -> figure:
        """The end of the conditional volatility, and the forecast that follows it."""
        answer = self.results.fit(symbol, "volatility.garch").answer
        past = [_yearly(value) for value in answer.conditional_volatility.to_pylist()][-RECENT:]
        ahead = [past[-1], *(_yearly(sqrt(value)) for value in answer.forecast_variance.to_pylist())]
        plot = self._without_dates("forecast", x_axis_label="trading days from the last one")
        plot.yaxis.formatter = NumeralTickFormatter(format="0")
        fitted = {"day": np.arange(1 - len(past), 1, dtype=np.int32), "volatility": narrow(past)}
        coming = {"day": np.arange(len(ahead), dtype=np.int32), "volatility": narrow(ahead)}
        plot.line("day", "volatility", source=ColumnDataSource(fitted), color=AMBER, line_width=1.5)
        dashes = {"color": BLUE, "line_width": 2.5, "line_dash": "dashed"}
        plot.line("day", "volatility", source=ColumnDataSource(coming), **dashes)
        plot.y_range.start = 0
        self._long_run(plot, symbol)
        return plot

    def _long_run(self, plot: figure, symbol: str) -> None:
        level = long_run_volatility(self.results.fit(symbol, "volatility.garch"))
        if level is not None:
            plot.add_layout(_level(100 * level))

    def regimes(self, symbol: str) -> figure:
        """Closes over the probability that the day belongs to the turbulent state."""
        source = self.rows(symbol)
        plot = self._log_scale("regimes", ["close"])
        plot.extra_y_ranges = {"probability": Range1d(0, 100)}
        plot.extra_y_scales = {"probability": LinearScale()}
        shade = {"y_range_name": "probability", "fill_color": RED, "fill_alpha": 0.28}
        plot.varea("time", 0, "turbulent", source=source, **shade)
        plot.line("time", "close", source=source, color=BLUE, line_width=1.6)
        return plot

    def bootstrap(self, symbol: str) -> figure:
        """How value at risk varies over resampled histories, and the interval that holds most of it."""
        answer = self.results.fit(symbol, "simulation.stationary_bootstrap").answer
        replications = [100 * value for value in answer.replications.to_pylist()]
        lower, upper, estimate = 100 * answer.lower, 100 * answer.upper, 100 * answer.value_at_risk
        counts, edges = np.histogram(replications, bins=60)
        plot = self._without_dates("bootstrap", x_axis_label="value at risk a day, %")
        plot.y_range = Range1d(0, 1.2 * max(counts))
        interval = {"left": lower, "right": upper}
        plot.add_layout(BoxAnnotation(**interval, fill_color=TEAL, fill_alpha=0.14, line_color=None))
        bars = {"left": np.float32(edges[:-1]), "right": np.float32(edges[1:]), "count": np.int32(counts)}
        plot.quad(
            "left", "right", "count", 0, source=ColumnDataSource(bars), fill_color=BLUE, line_color=None
        )
        plot.add_layout(Span(location=estimate, dimension="height", line_color=RED, line_width=2))
        for place, align in ((lower, "left"), (upper, "right")):
            plot.add_layout(Span(location=place, dimension="height", line_color=TEAL, line_dash="dashed"))
            words = {"text": f"{place:.2f} %", "text_align": align, "text_font_size": "12px"}
            aside = 4 if align == "left" else -4
            plot.add_layout(Label(x=place, y=1.08 * max(counts), x_offset=aside, **words))
        return plot

    def growth(self) -> figure:
        """Every symbol's closes, from 100 at the start of the period; the page divides."""
        plot = self._log_scale("growth", ["growth"])
        plot.add_layout(_level(100))
        return self._each(plot, "growth")

    def drawdown(self) -> figure:
        """How far every symbol is below its highest close so far."""
        plot = self._over_time("drawdown", "0")
        plot.y_range.end = 0
        for symbol, color in self.hues():
            plot.varea("time", 0, "drawdown", source=self.rows(symbol), fill_color=color, fill_alpha=0.12)
        return self._each(plot, "drawdown")

    def _each(self, plot: figure, what: str) -> figure:
        for symbol, color in self.hues():
            plot.line("time", what, source=self.rows(symbol), color=color, line_width=1.6)
        return plot

    def hues(self) -> list[tuple[str, str]]:
        """Each symbol with the hue that it is compared in."""
        return [(symbol, HUES[place % len(HUES)]) for place, symbol in enumerate(self.results.symbols)]


def _level(height: float) -> Span:
    return Span(location=height, dimension="width", line_color=GREY, line_dash="dashed")


def _yearly(deviation: float | None) -> float | None:
    """The deviation of a day's return as a volatility a year, in percent."""
    known = finite(deviation)
    return None if known is None else 100 * sqrt(YEAR) * known


Draw = Callable[[Charts, str], figure]
