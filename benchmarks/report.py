"""The results as one HTML page that needs nothing from anywhere, and as JSON beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from benchmarks.paths import TRIVIAL
from benchmarks.results import Comparison, FfiResults, Machine, Measurement, PeersResults

COLOURS = ("#2a6fbb", "#e08a1e", "#2e9e6b", "#a34aa8", "#c2413a", "#6b7785")


def write(results: FfiResults | PeersResults, out: Path) -> list[Path]:
    """The files written: `<suite>.json` and `<suite>.html` in the folder `out`, which is made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    numbers, page = out / f"{results.suite}.json", out / f"{results.suite}.html"
    numbers.write_text(results.model_dump_json(indent=2) + "\n")
    page.write_text(ffi_page(results) if isinstance(results, FfiResults) else peers_page(results))
    return [numbers, page]


def ffi_page(results: FfiResults) -> str:
    """What crossing the border costs, drawn."""
    failed = [each for each in results.gates if not each.passed]
    nearest = sorted(results.gates, key=lambda each: each.figure / each.limit, reverse=True)[:5]
    return _render(
        "ffi.html.j2",
        results.machine,
        title="Omega: what crossing the language border costs",
        results=results,
        failed=failed,
        holding=len(results.gates) - len(failed),
        nearest=nearest,
        aims=[
            (
                each.name,
                duration(each.figure_ns),
                duration(each.aim_ns),
                "reached" if each.reached else "missed",
            )
            for each in results.aims
        ],
        charts={
            "single": _single_chart(results.calls),
            "scaling": _scaling_chart(results.calls),
            "amortisation": _amortisation_chart(results),
            "updates": _updates_chart(results),
            "throughput": _throughput_chart(results),
            "building": _building_chart(results),
        },
        calls=[
            (
                each.function + (f" ({each.refused})" if each.refused else ""),
                each.path,
                f"{each.rows:,}",
                f"{each.calls:,}",
                duration(each.p50_ns),
                duration(each.p99_ns),
                duration(each.p99_of_all_ns),
                f"{each.ns_per_row:,.2f}",
            )
            for each in results.calls
        ],
    )


def peers_page(results: PeersResults) -> str:
    """Omega beside its peers, drawn."""
    failed = [each for each in results.parity if not each.passed]
    sections = [
        ("Whole columns", results.batches, True),
        ("One bar at a time", results.updates, False),
        ("Models", results.models, False),
    ]
    return _render(
        "peers.html.j2",
        results.machine,
        title="Omega beside other libraries",
        results=results,
        failed=failed,
        agreeing=len(results.parity) - len(failed),
        sections=[
            (heading, _ratio_chart(compared), *_comparison_table(compared, per_row))
            for heading, compared, per_row in sections
            if compared
        ],
    )


def duration(nanoseconds: float) -> str:
    """A duration in the unit that suits its size.

    >>> duration(62.0), duration(3_210.0), duration(4_500_000.0)
    ('62 ns', '3.21 us', '4.5 ms')
    """
    for limit, unit in ((1e3, "ns"), (1e6, "us"), (1e9, "ms")):
        if nanoseconds < limit:
            return f"{nanoseconds / limit * 1e3:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def _render(template: str, machine: Machine, **values: Any) -> str:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(template)
    return page.render(plotly_js=Markup(get_plotlyjs()), us=duration, machine=_rows_of(machine), **values)


def _rows_of(machine: Machine) -> list[tuple[str, str]]:
    """What the page says of the machine, one line each."""
    facts = machine.model_dump()
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [(name.replace("_", " "), str(value)) for name, value in facts.items()]


def _draw(traces: Iterable[Any], height: int = 420, **layout: Any) -> Markup:
    figure = go.Figure(list(traces))
    figure.update_layout(
        template="plotly_white",
        height=height,
        colorway=COLOURS,
        margin={"l": 60, "r": 20, "t": 20, "b": 60},
        **layout,
    )
    # The library is in the page's head once; the figure's own HTML is safe, as no input of a user is in it.
    return Markup(figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False}))


def _dots(name: str, names: list[str], figures: list[float]) -> Any:
    """One dot per name: on a logarithmic axis a bar would have no foot to stand on."""
    return go.Scatter(name=name, x=names, y=figures, mode="markers", marker={"size": 9})


def _single_chart(calls: Sequence[Measurement]) -> Markup:
    single = [each for each in calls if each.rows == 1]
    paths = dict.fromkeys(each.path for each in single)
    traces = []
    for path in paths:
        of_path = [each for each in single if each.path == path]
        names, times = [each.function for each in of_path], [each.p50_ns / 1e3 for each in of_path]
        traces.append(_dots(path, names, times))
    return _draw(traces, 480, yaxis={"title": "us", "type": "log"})


def _scaling_chart(calls: Sequence[Measurement]) -> Markup:
    on_numpy = [each for each in calls if each.path == "numpy" and each.refused is None]
    traces = []
    for function in dict.fromkeys(each.function for each in on_numpy):
        points = sorted((each.rows, each.ns_per_row) for each in on_numpy if each.function == function)
        rows, times = zip(*points, strict=True)
        traces.append(go.Scatter(name=function, x=rows, y=times, mode="lines+markers"))
    axes = {"xaxis": {"title": "rows", "type": "log"}, "yaxis": {"title": "ns per row", "type": "log"}}
    return _draw(traces, 520, **axes)


def _amortisation_chart(results: FfiResults) -> Markup:
    traces = []
    for path in dict.fromkeys(each.path for each in results.amortisation):
        of_path = [each for each in results.amortisation if each.path == path]
        names, factors = [each.function for each in of_path], [each.factor for each in of_path]
        traces.append(_dots(path, names, factors))
    return _draw(traces, yaxis={"title": "times", "type": "log"})


def _updates_chart(results: FfiResults) -> Markup:
    names = [f"{each.function}, {each.path}" for each in results.updates]
    bars = go.Bar(x=names, y=[each.p50_ns for each in results.updates])
    return _draw([bars], 480, yaxis={"title": "ns per bar", "type": "log"})


def _throughput_chart(results: FfiResults) -> Markup:
    traces = []
    for language in dict.fromkeys(each.language for each in results.throughput):
        of_language = [each for each in results.throughput if each.language == language]
        threads = [f"{each.threads} threads" for each in of_language]
        rates = [each.calls_per_second for each in of_language]
        traces.append(go.Bar(name=language, x=threads, y=rates))
    return _draw(traces, 360, barmode="group", yaxis={"title": "calls per second"})


def _building_chart(results: FfiResults) -> Markup:
    built = [(f"build: {each.builder}", each.p50_ns) for each in results.building if each.rows == 1]
    crossed = [
        (f"cross: {each.path}, {each.language}", each.p50_ns)
        for each in results.calls
        if each.rows == 1 and each.function in TRIVIAL.values()
    ]
    names, times = zip(*built, *crossed, strict=True)
    return _draw([go.Bar(x=names, y=[each / 1e3 for each in times])], yaxis={"title": "us"})


def _ratio_chart(compared: Sequence[Comparison]) -> Markup:
    traces = []
    for data in dict.fromkeys(each.data for each in compared):
        of_data = [each for each in compared if each.data == data]
        names, ratios = [each.function for each in of_data], [each.ratio for each in of_data]
        traces.append(_dots(data, names, ratios))
    axis = {"title": "Omega's time over the peer's", "type": "log"}
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": {"dash": "dot"}}
    return _draw(traces, yaxis=axis, shapes=[line])


def _comparison_table(
    compared: Sequence[Comparison], per_row: bool
) -> tuple[list[str], list[tuple[str, ...]]]:
    unit = "ns per row" if per_row else "each"
    header = [
        "function",
        "peer",
        "data",
        "rows",
        f"Omega, {unit}",
        f"peer, {unit}",
        "ratio",
        "of the fastest",
    ]
    rows: list[tuple[str, ...]] = [
        (
            each.function,
            each.peer,
            each.data,
            f"{each.rows:,}",
            f"{each.omega_ns_per_row:.2f}" if per_row else duration(each.omega_ns),
            f"{each.peer_ns_per_row:.2f}" if per_row else duration(each.peer_ns),
            f"{each.ratio:.2f}",
            f"{each.ratio_of_minima:.2f}",
        )
        for each in compared
    ]
    return header, rows
