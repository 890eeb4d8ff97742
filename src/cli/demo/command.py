"""The command itself: computes step by step, shows what it found, writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from omega import data
from omega.cli.demo.files import require_writable, staged
from omega.cli.terminal import console
from omega.shared.distribution import how_to_install
from omega.shared.exceptions import JuliaUnavailableError, MissingDependencyError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text


def demo(
    out: Annotated[Path, typer.Option(help="The folder to write into; made if there is none.")] = Path("out"),
) -> None:
    """Compute indicators, risk and models of two stock indices, 1999 to 2018, and draw a report.

    Writes features.parquet, risk.parquet, models.parquet and report.html. Without Julia the models are
    missing, and the files say why.
    """
    _require_libraries()
    require_writable(out)
    terminal = console()
    _run(out, terminal)


def _require_libraries() -> None:
    for library in ("pyarrow", "plotly", "jinja2"):
        try:
            __import__(library)
        except ImportError as missing:
            raise MissingDependencyError(
                feature="omega demo", value=library, allowed=how_to_install("report")
            ) from missing


def _run(out: Path, terminal: Console) -> None:
    # Late, because all of these need what was only just found to be installed.
    from omega.cli.demo import models
    from omega.cli.demo.indicators import INDICATORS, daily_returns, features
    from omega.cli.demo.report import report
    from omega.cli.demo.results import Results, column, of
    from omega.cli.demo.risk import METRICS, risk
    from omega.cli.demo.screens import screens
    from omega.functions import julia
    from pyarrow import parquet

    bars = data.load("index_bars")
    symbols = sorted(bars["symbol"].unique().to_pylist())
    steps = _Steps(terminal, count=5 + len(symbols) * len(models.MODELS))
    with steps:
        rows = f"{bars.num_rows:,} rows"
        with steps.step(f"{len(INDICATORS)} indicators over {rows} in Rust"):
            feature_table = features(bars)
        with steps.step(f"{len(METRICS)} risk metrics over {rows} in Rust"):
            returns = daily_returns(bars)
            risk_table = risk(returns)
        version = None
        with steps.step("Julia") as note:
            try:
                version = julia.start()
                note(f"Julia {version} started")
            except JuliaUnavailableError as error:
                note(f"Julia is unavailable: {error.fields['reason']}", good=False)
        fits = []
        for symbol in symbols:
            values = column(of(returns, symbol), "returns")
            for model in models.MODELS:
                with steps.step(f"{model} of {symbol} in Julia") as note:
                    fits.append(models.fit(symbol, model, values))
                    if fits[-1].status != "ok":
                        note(f"{model} of {symbol}: {fits[-1].status}", good=False)
        results = Results(bars, feature_table, risk_table, fits, version)
        with steps.step("report drawn"):
            page = report(results)
        timestamps = {symbol: column(of(bars, symbol), "timestamp") for symbol in symbols}
        with steps.step(f"files written to {out}"), staged(out) as stage:
            parquet.write_table(feature_table, stage / "features.parquet")
            parquet.write_table(risk_table, stage / "risk.parquet")
            parquet.write_table(models.tidy(fits, timestamps), stage / "models.parquet")
            (stage / "report.html").write_text(page, encoding="utf-8")
    for screen in screens(results):
        terminal.print(screen)
    terminal.print(f"Open {out / 'report.html'}", soft_wrap=True)


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

    def __enter__(self) -> None:
        # Where nobody watches, the lines are enough.
        if self._progress.console.is_terminal:
            self._progress.start()

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
