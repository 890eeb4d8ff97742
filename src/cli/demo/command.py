"""The commands themselves, on shipped and on own data: compute step by step, show, write down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from omega import data
from omega.cli.demo.files import require_writable, staged
from omega.cli.terminal import Json, console, print_json
from omega.shared.distribution import how_to_install
from omega.shared.exceptions import JuliaUnavailableError, MissingDependencyError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from omega.cli.demo.own import Market
    from omega.cli.demo.results import Results


def demo(
    out: Annotated[Path, typer.Option(help="The folder to write into; made if there is none.")] = Path("out"),
    json: Json = False,
) -> None:
    """Compute indicators, risk and models of two stock indices, 1999 to 2018, and draw a report.

    Writes features.parquet, risk.parquet, models.parquet and report.html. Without Julia the models are
    missing, and the files say why.
    """
    _require_libraries("omega demo")
    require_writable(out)
    _run(out, json=json)


def _require_libraries(feature: str) -> None:
    for library in ("pyarrow", "bokeh", "jinja2"):
        try:
            __import__(library)
        except ImportError as missing:
            raise MissingDependencyError(
                feature=feature, value=library, allowed=how_to_install("report")
            ) from missing


def _run(out: Path, *, json: bool) -> None:
    # Late, because all of these need what was only just found to be installed.
    from omega.cli.demo import models
    from omega.cli.demo.indicators import LOADING, daily_returns
    from omega.cli.demo.own import Market
    from omega.cli.demo.report import report
    from omega.cli.demo.results import column, of
    from pyarrow import parquet

    bars = data.load("index_bars")
    market = Market(bars, daily_returns(bars), "index points", LOADING)
    with _steps(json, bars) as steps:
        results = _results(steps, market, data.SOURCES["index_bars"], "omega demo")
        with steps.step("report drawn"):
            page = report(results)
        timestamps = {symbol: column(of(bars, symbol), "timestamp") for symbol in results.symbols}
        with steps.step(f"files written to {out}"), staged(out) as stage:
            parquet.write_table(results.features, stage / "features.parquet")
            parquet.write_table(results.risk, stage / "risk.parquet")
            parquet.write_table(models.tidy(results.fits, timestamps), stage / "models.parquet")
            (stage / "report.html").write_text(page, encoding="utf-8")
    names = ("features.parquet", "risk.parquet", "models.parquet", "report.html")
    _show(results, [out / name for name in names], json=json)


def report(
    file: Annotated[str, typer.Argument(help="Bars, closes or returns a day: Parquet, Arrow or CSV.")],
    out: Annotated[str, typer.Option("--output", "-o", help="The page to write.")] = "report.html",
    timestamp: Annotated[
        str | None, typer.Option(help="The column of times; else timestamp or date.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="The column of symbols; else symbol, if there.")] = None,
    close: Annotated[str | None, typer.Option(help="The column of closes; else close, if there.")] = None,
    returns: Annotated[str | None, typer.Option(help="The column of returns; else returns.")] = None,
    take: Annotated[list[str] | None, typer.Option(help="Report on this symbol; may be repeated.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="parquet, arrow, arrows or csv.")] = None,
    json: Json = False,
) -> None:
    """Draw the report of `omega demo` of one's own data: omega report returns.parquet.

    Takes closes, with high, low and volume where they are, or else returns; rows are days. The page is one
    file that loads nothing.
    """
    _require_libraries("omega report")
    from omega.cli.demo.own import Columns, market
    from omega.cli.demo.report import report as draw
    from omega.cli.files import reading, replacing

    with replacing(out, commit=False):
        pass
    with reading(file, from_) as source:
        found = market(source, Columns(timestamp, symbol, close, returns), file, take or (), from_)
    with _steps(json, found.bars) as steps:
        results = _results(steps, found, Path(file).name, "omega report")
        with steps.step(f"report written to {out}"), replacing(out) as stage:
            stage.write_text(draw(results), encoding="utf-8")
    _show(results, [Path(out)], json=json)


def _steps(json: bool, bars: Any) -> _Steps:
    """The steps beside the answer, where that is for a program."""
    from omega.cli.demo import models

    return _Steps(console(stderr=json), count=5 + len(bars["symbol"].unique()) * len(models.MODELS))


def _show(results: Results, written: Sequence[Path], *, json: bool) -> None:
    """What came out, and the page to open, which is the last that was written."""
    from omega.cli.demo.as_data import as_data
    from omega.cli.demo.screens import screens

    if json:
        print_json(as_data(results, written))
        return
    terminal = console()
    for screen in screens(results):
        terminal.print(screen)
    terminal.print(f"Open {written[-1]}", soft_wrap=True)


def _results(steps: _Steps, market: Market, source: str, command: str) -> Results:
    """All that the report shows, computed step by step."""
    from omega.cli.demo import models
    from omega.cli.demo.indicators import features
    from omega.cli.demo.results import Results, column, of
    from omega.cli.demo.risk import METRICS, risk
    from omega.functions import julia

    bars, returns = market.bars, market.returns
    rows = f"{bars.num_rows:,} rows"
    with steps.step(f"indicators over {rows} in Rust"):
        feature_table = features(bars)
    with steps.step(f"{len(METRICS)} risk metrics over {rows} in Rust"):
        risk_table = risk(returns)
    version = None
    with steps.step("Julia") as note:
        try:
            version = julia.start()
            note(f"Julia {version} started")
        except JuliaUnavailableError as error:
            note(f"Julia is unavailable: {error.fields['reason']}", good=False)
    fits = []
    for symbol in sorted(bars["symbol"].unique().to_pylist()):
        values = column(of(returns, symbol), "returns")
        for model in models.MODELS:
            with steps.step(f"{model} of {symbol} in Julia") as note:
                fits.append(models.fit(symbol, model, values))
                if fits[-1].status != "ok":
                    note(f"{model} of {symbol}: {fits[-1].status}", good=False)
    words = (source, market.points, command, market.loading)
    return Results(bars, feature_table, risk_table, fits, version, *words)


class _Steps:
    """A bar while there is work, and a line for each step that is done."""

    def __init__(self, terminal: Console, count: int) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=terminal,
            transient=True,
        )
        self._task = self._progress.add_task("", total=count)

    def __enter__(self) -> Self:
        # Where nobody watches, the lines are enough.
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @contextmanager
    def step(self, what: str) -> Iterator[Any]:
        """Time one step; the block may call what it is given to say something else about it."""
        self._progress.update(self._task, description=what)
        said, sign = what, Text("✓", "green")

        def note(instead: str, *, good: bool = True) -> None:
            nonlocal said, sign
            said, sign = instead, sign if good else Text("–", "yellow")

        started = perf_counter()
        yield note
        elapsed_ms = 1000 * (perf_counter() - started)
        took = Text(f" {elapsed_ms:,.1f} ms", "dim")
        self._progress.console.print(sign, said, took, soft_wrap=True)
        self._progress.advance(self._task)
