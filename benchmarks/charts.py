"""The figures of the reports.

Names stand on the left and durations run to the right, so that a phone has room for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Span
from bokeh.plotting import figure
from omega.cli.page import AMBER, BLUE, GREY, RED, TEAL, VIOLET

from benchmarks.paths import TRIVIAL
from benchmarks.results import Comparison, FfiResults, Measurement

HUES = (BLUE, AMBER, TEAL, VIOLET, RED, GREY)
#: Further series have the same hues and other marks.
MARKS = ("circle", "diamond")


@dataclass(frozen=True)
class Chart:
    """A figure, the height that its names need, and what its hues mean."""

    name: str
    drawn: figure
    height: int
    keys: Sequence[tuple[str, str]]
    label: str


def ffi(results: FfiResults) -> dict[str, Chart]:
    """What crossing the border costs."""
    single = [each for each in results.calls if each.rows == 1]
    built = {each.builder: each.p50_ns / 1e3 for each in results.building if each.rows == 1}
    crossed = {
        f"{each.path}, {each.language}": each.p50_ns / 1e3
        for each in single
        if each.function in TRIVIAL.values()
    }
    made = (
        _dots("single", _by(single, "path", lambda each: each.p50_ns / 1e3), "microseconds a call"),
        _scaling(results.calls),
        _dots("amortisation", _by(results.amortisation, "path", lambda each: each.factor), "times faster"),
        _dots("updates", _by(results.updates, "path", lambda each: each.p50_ns), "nanoseconds a bar"),
        _dots(
            "throughput",
            {
                language: {f"{each.threads} threads": each.calls_per_second for each in of_language}
                for language, of_language in _groups(results.throughput, "language").items()
            },
            "calls a second",
        ),
        _dots("building", {"building it": built, "handing it over": crossed}, "microseconds"),
    )
    return {each.name: each for each in made}


def ratios(name: str, compared: Sequence[Comparison]) -> Chart:
    """Omega's time over each peer's."""
    chart = _dots(name, _by(compared, "data", lambda each: each.ratio), "Omega's time over the peer's")
    chart.drawn.add_layout(Span(location=1, dimension="height", line_color=GREY, line_dash="dashed"))
    return chart


def _scaling(calls: Iterable[Measurement]) -> Chart:
    on_numpy = [each for each in calls if each.path == "numpy" and each.refused is None]
    families = dict.fromkeys(_family(each.function) for each in on_numpy)
    hues = dict(zip(families, HUES * len(families), strict=False))
    axes = {"x_axis_type": "log", "y_axis_type": "log", "x_axis_label": "rows", "y_axis_label": "ns a row"}
    plot = _figure("scaling", **axes)
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0")
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0")
    for function, points in _groups(on_numpy, "function").items():
        points.sort(key=lambda each: each.rows)
        rows = {
            "x": [each.rows for each in points],
            "y": [each.ns_per_row for each in points],
            "name": [function] * len(points),
        }
        hue = hues[_family(function)]
        plot.line("x", "y", source=ColumnDataSource(rows), color=hue, line_width=1.5, alpha=0.8)
    plot.add_tools(HoverTool(tooltips="@name: @y{0,0.0} ns a row at @x{0,0} rows", line_policy="nearest"))
    return Chart("scaling", plot, 420, list(hues.items()), "Nanoseconds per row against the number of rows")


def _dots(name: str, series: Mapping[str, Mapping[str, float]], label: str) -> Chart:
    """One dot per name and series: on a logarithmic axis a bar would have no foot to stand on."""
    names = list(dict.fromkeys(each for points in series.values() for each in points))
    plot = _figure(name, x_axis_type="log", y_range=names[::-1], x_axis_label=label)
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    plot.ygrid.grid_line_color = None
    hues = {each: HUES[place % len(HUES)] for place, each in enumerate(series)}
    for place, (each, points) in enumerate(series.items()):
        rows = {"x": list(points.values()), "y": list(points), "series": [each] * len(points)}
        plot.scatter(
            "x",
            "y",
            source=ColumnDataSource(rows),
            marker=MARKS[place // len(HUES) % len(MARKS)],
            size=9,
            fill_color=hues[each],
            fill_alpha=0.85,
            line_color=None,
        )
    plot.add_tools(HoverTool(tooltips=f"@y, @series: @x{{0,0.[000]}} {label}"))
    # A single series needs no name.
    keys = list(hues.items()) if len(hues) > 1 else []
    return Chart(name, plot, 70 + 21 * len(names), keys, label)


def _figure(name: str, **more: Any) -> figure:
    return figure(name=name, tools="", **more)


def _by(rows: Iterable[Any], series: str, value: Any) -> dict[str, dict[str, float]]:
    """For each series, the value of each function."""
    return {
        each: {_short(row.function): value(row) for row in of_it}
        for each, of_it in _groups(rows, series).items()
    }


def _groups(rows: Iterable[Any], by: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, by), []).append(row)
    return found


def _family(function: str) -> str:
    return function.partition(".")[0] if "." in function else "other"


def _short(function: str) -> str:
    """A function without its group, but for the kernels that do nothing: a phone is narrow."""
    family, _, name = function.partition(".")
    return name if name and family != "probe" else function
