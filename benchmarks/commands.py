"""`omega bench ffi`, `omega bench peers` and `omega bench tops`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from omega.cli.terminal import print_json
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import gates, parity
from benchmarks.results import FfiResults, PeersResults

OUT = Path("out/bench")

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
_progress = Console(stderr=True)
_answer = Console()
if not _answer.is_terminal:
    _answer.width = 110  # a log has no edge to wrap at

Quick = Annotated[bool, typer.Option(help="Fewer rounds and rows: a minute, for CI.")]
Out = Annotated[Path, typer.Option(help="Folder for the JSON and the HTML report.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs: what the file holds.")]
Rows = Annotated[int | None, typer.Option(min=1_000, help="Rows of the largest batches.")]


@app.command()
def ffi(
    quick: Quick = False,
    gate: Annotated[bool, typer.Option(help="Exit with 1 if a gate does not hold.")] = False,
    out: Out = OUT,
    rows: Rows = None,
    json: Json = False,
) -> None:
    """What crossing the language border costs: every function, every path, from one row to a million."""
    if not run_ffi(quick=quick, out=out, rows=rows, json=json) and gate:
        raise typer.Exit(1)


@app.command()
def peers(quick: Quick = False, out: Out = OUT, rows: Rows = None, json: Json = False) -> None:
    """Omega beside TA-Lib, empyrical, arch and hmmlearn: the same answers first, then the same work."""
    if not run_peers(quick=quick, out=out, rows=rows, json=json):
        raise typer.Exit(1)


@app.command()
def tops(
    quick: Quick = False,
    series: Annotated[int | None, typer.Option(min=0, help="Short series that GARCH is fitted to.")] = None,
    problems: Annotated[
        int | None, typer.Option(min=0, help="Synthetic problems for each number of states.")
    ] = None,
    windows: Annotated[int | None, typer.Option(min=0, help="Years of the shipped data.")] = None,
    json: Json = False,
) -> None:
    """Whether models find the greatest likelihood, beside arch and hmmlearn from many places. Takes hours."""
    from benchmarks import tops

    plan = tops.QUICK if quick else tops.FULL
    given = {"series": series, "problems": problems, "windows": windows}
    plan = replace(plan, **{name: n for name, n in given.items() if n is not None})
    outcomes = []
    for each in tops.measure(plan, say=_say):
        outcomes.append(asdict(each))
        if not json:
            _answer.print(str(each))
    if json:
        print_json(outcomes)


def run_ffi(*, quick: bool, out: Path, rows: int | None = None, json: bool = False) -> bool:
    """Whether all gates hold. Writes `ffi.json` and `ffi.html`, and says what is in them."""
    from benchmarks import ffi, report

    plan = ffi.QUICK if quick else ffi.FULL
    results = ffi.measure(replace(plan, rows=rows or plan.rows), quick=quick, say=_say)
    written = report.write(results, out)
    failed = gates.failures(results.gates)
    if json:
        typer.echo(results.model_dump_json(indent=2))
        return not failed
    _answer.print(_ffi_table(results))
    for aim in results.aims:
        if not aim.reached:
            _answer.print(
                f"aim missed: {aim.name}: {report.duration(aim.figure_ns)}, aim {report.duration(aim.aim_ns)}"
            )
    loop = next(each for each in results.updates if each.language == "python")
    _answer.print(f"an empty Python function: {loop.p50_ns:.0f} ns, {loop.minimum_ns:.0f} ns at its fastest")
    _close(results, written)
    for each in failed:
        _answer.print(f"[red]{each}[/]")
    _answer.print(f"{len(results.gates) - len(failed)} of {len(results.gates)} gates hold")
    return not failed


def run_peers(*, quick: bool, out: Path, rows: int | None = None, json: bool = False) -> bool:
    """Whether all answers agree; without that nothing is timed. Writes `peers.json` and `peers.html`."""
    from benchmarks import peers, report

    plan = peers.QUICK if quick else peers.FULL
    results = peers.measure(replace(plan, rows=rows or plan.rows), quick=quick, say=_say)
    written = report.write(results, out)
    failed = parity.failures(results.parity)
    if json:
        typer.echo(results.model_dump_json(indent=2))
        return not failed
    _answer.print(_peers_table(results))
    for each in failed:
        _answer.print(f"[red]{each}[/]")
    _close(results, written)
    _answer.print(f"{len(results.parity) - len(failed)} of {len(results.parity)} comparisons agree")
    return not failed


def _say(step: str) -> None:
    _progress.print(f"[dim]… {step}[/]")


def _close(results: FfiResults | PeersResults, written: list[Path]) -> None:
    for reason in results.left_out:
        _answer.print(f"[yellow]left out:[/] {reason}")
    machine = results.machine
    _answer.print(
        f"{machine.processor}, {machine.cores} cores, load {machine.load_before} to {machine.load_after}"
    )
    _answer.print("written: " + ", ".join(map(str, written)))


def _table(first: str, title: str) -> Table:
    """A table without a frame, whose first column is never cut."""
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    return table


def _ffi_table(results: FfiResults) -> Table:
    """Calls with one row and with the most, on the path with the least between caller and kernel."""
    from benchmarks.report import duration

    table = _table("function", title="NumPy arrays, and one bar into a stream; p99 is of the quietest round")
    for name in ("rows", "p50", "p99", "all p99", "ns/row"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = [each for each in results.calls if each.path == "numpy"]
    for each in [*shown, *(each for each in results.updates if each.path in {"stream", "keywords"})]:
        name = f"{each.function}, {each.path}" if each.path != "numpy" else each.function
        times = map(duration, (each.p50_ns, each.p99_ns, each.p99_of_all_ns))
        per_row = "refused" if each.refused else f"{each.ns_per_row:,.1f}"
        table.add_row(name, f"{each.rows:,}", *times, per_row)
    return table


def _peers_table(results: PeersResults) -> Table:
    table = _table("function", title="ns per row, or per update; below 1 Omega is faster")
    table.add_column("peer")
    table.add_column("data")
    for name in ("Omega", "peer", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in (*results.batches, *results.updates, *results.models):
        figures = (f"{each.omega_ns_per_row:,.2f}", f"{each.peer_ns_per_row:,.2f}", f"{each.ratio:.2f}")
        table.add_row(each.function, each.peer, each.data, *figures)
    return table
