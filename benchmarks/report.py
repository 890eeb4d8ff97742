"""The results as one HTML page that needs nothing from anywhere, and as JSON beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from omega.cli.page import document, part, plotting_library

from benchmarks import charts
from benchmarks.charts import Chart
from benchmarks.paths import TRIVIAL
from benchmarks.results import Comparison, FfiResults, Machine, PeersResults


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
    drawn = charts.ffi(results)
    return _render(
        "ffi.html.j2",
        results.machine,
        drawn.values(),
        title="Omega: what crossing the language border costs",
        results=results,
        failed=failed,
        holding=len(results.gates) - len(failed),
        nearest=nearest,
        aims=[
            (each.name, duration(each.figure_ns), duration(each.aim_ns), each.reached)
            for each in results.aims
        ],
        charts=drawn,
        conclusion=_ffi_conclusion(results),
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
    drawn = [
        (heading, charts.ratios(f"ratios-{place}", compared), *_comparison_table(compared, per_row))
        for place, (heading, compared, per_row) in enumerate(sections)
        if compared
    ]
    return _render(
        "peers.html.j2",
        results.machine,
        [chart for _, chart, *_ in drawn],
        title="Omega beside other libraries",
        results=results,
        failed=failed,
        agreeing=len(results.parity) - len(failed),
        sections=drawn,
        conclusion=_peers_conclusion(results),
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


def _ffi_conclusion(results: FfiResults) -> str:
    """What a user should do about it."""
    crossing = [each for each in results.calls if each.function == TRIVIAL["rust"] and each.path == "numpy"]
    bars = [each.p50_ns for each in results.updates if each.path == "stream"]
    failed = sum(not each.passed for each in results.gates)
    said = "Hand whole columns over in one call, and live bars to a stream."
    if crossing:
        by_rows = {each.rows: each.p50_ns for each in crossing}
        least = min(by_rows)
        said += f" Crossing the border costs {duration(by_rows[least])} a call"
        said += f", and no more than {duration(by_rows[1000])} with 1,000 rows." if 1000 in by_rows else "."
    if bars:
        said += f" One bar costs a stream {duration(median(bars))}."
    said += f" {failed} of {len(results.gates)} gates fail" if failed else " Every gate holds"
    reached = sum(each.reached for each in results.aims)
    return f"{said}; {reached} of {len(results.aims)} aims are reached."


def _peers_conclusion(results: PeersResults) -> str:
    """In how many comparisons Omega is faster, and by how much in the middle one."""
    ratios = [each.ratio for each in (*results.batches, *results.updates, *results.models)]
    if not ratios:
        return "Nothing was timed."
    faster = sum(ratio < 1 for ratio in ratios)
    return (
        f"Omega is faster in {faster} of {len(ratios)} comparisons; in the middle one it takes "
        f"{median(ratios):.2f} times as long as the peer."
    )


def _render(template: str, machine: Machine, drawn: Collection[Chart], **values: Any) -> str:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["marked"] = _marked
    return environment.get_template(template).render(
        library=plotting_library(),
        document=document(each.drawn for each in drawn),
        shared_style=part("page.css"),
        shared_script=part("page.js"),
        us=duration,
        machine=_rows_of(machine),
        **values,
    )


def _rows_of(machine: Machine) -> list[tuple[str, str]]:
    """What the page says of the machine, one line each."""
    facts = machine.model_dump()
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [(name.replace("_", " "), str(value)) for name, value in facts.items()]


def _marked(text: str) -> Markup:
    """A text for the page, where what stands between backticks is code.

    >>> _marked("`1.1` < 5")
    Markup('<code>1.1</code> &lt; 5')
    """
    parts = str(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


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
