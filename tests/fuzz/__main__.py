"""`python -m tests.fuzz`: the command behind `make fuzz`."""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.fuzz.attack import ATTACKS, load
from tests.fuzz.runner import Found, Report, run_cases, run_for

#: Kinds of outcome in the summary, beside the answers.
KINDS = 5


def main(
    minutes: Annotated[float, typer.Option(help="How long, all attacks together.")] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="What all chance comes from; a fresh one if left out.")
    ] = None,
    attack: Annotated[str, typer.Option(help="One attack, or several with commas; all if left out.")] = "",
    case: Annotated[
        str, typer.Option(help="One case, or FIRST-LAST: shows again what a run has found.")
    ] = "",
    jobs: Annotated[int, typer.Option(help="Processes at once; one per processor if 0.")] = 0,
) -> None:
    """Attacks Omega with random calls, data, structs, snapshots and threads; exit status 1 if anything was
    found.
    """
    names = attack.split(",") if attack else list(ATTACKS)
    for name in names:
        try:
            load(name)
        except (ImportError, AttributeError, TypeError) as error:
            raise typer.BadParameter(f"one of {', '.join(ATTACKS)}; got `{name}` ({error})") from error
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
    console = Console(width=None if Console().is_terminal else 140)
    console.print(f"fuzz: SEED={seed}", highlight=False)
    if case:
        reports = [replay(console, names, seed, case)]
    else:
        reports = storm(console, names, seed, minutes, jobs or os.cpu_count() or 1)
    console.print(summary(reports))
    for report in reports:
        if report.excuse is not None:
            console.print(f"{report.attack}: left out: {escape(report.excuse)}")
    causes = sum(len(report.found) for report in reports)
    if causes:
        console.print(f"[red]fuzz: {plural(causes)}[/red] with SEED={seed}", highlight=False)
        for report in reports:
            for found in report.found.values():
                console.print(
                    f"  {found.replay()}  # {escape(found.signature)}", highlight=False, soft_wrap=True
                )
        raise typer.Exit(1)
    console.print(f"fuzz: nothing found with SEED={seed}", highlight=False)


def replay(console: Console, names: list[str], seed: int, case: str) -> Report:
    """Runs the cases that were asked for."""
    first, _, last = case.partition("-")
    if len(names) != 1 or not (first.isdecimal() and (last or first).isdecimal()):
        raise typer.BadParameter("CASE is a number or FIRST-LAST, and needs one ATTACK")
    report = Report(names[0])
    run_cases(report, seed, int(first), int(last or first) + 1)
    for found in report.found.values():
        show(console, found)
    return report


def storm(console: Console, names: list[str], seed: int, minutes: float, jobs: int) -> list[Report]:
    """Runs all attacks, `jobs` at once, for equal shares of the time."""
    reports = [Report(name) for name in names]
    jobs = min(jobs, len(names))
    share = minutes * 60 * jobs / len(names)
    lock, stopping = threading.Lock(), threading.Event()
    begun = time.monotonic()
    said = [begun]

    def tick() -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        with lock:
            if time.monotonic() - said[0] < 15:
                return
            said[0] = time.monotonic()
            state = ", ".join(f"{each.attack} {each.cases:,}" for each in reports if each.cases)
            causes = sum(len(each.found) for each in reports)
            spent = f"{said[0] - begun:.0f} of {minutes * 60:.0f} s"
            console.print(f"fuzz: {spent}, {plural(causes)}; cases: {state or 'begun'}", highlight=False)

    def one(report: Report) -> None:
        run_for(report, seed, share, tick, lambda found: show(console, found))

    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(one, reports))
        except BaseException:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            raise
    return reports


def plural(findings: int) -> str:
    """How many findings, in words."""
    return "1 finding" if findings == 1 else f"{findings} findings"


def show(console: Console, found: Found) -> None:
    """One finding, whole."""
    console.rule(f"[red]{escape(found.attack)}", align="left")
    console.print(escape(found.signature), style="red", highlight=False)
    for note in found.notes:
        console.print(f"  {escape(note)}", highlight=False)
    console.print(escape(found.trace.strip()[-3000:]), highlight=False, soft_wrap=True)
    console.print(f"again: {found.replay()}", style="bold", highlight=False, soft_wrap=True)


def summary(reports: list[Report]) -> Table:
    """The volume that was done, by attack."""
    table = Table("attack", "cases", "a minute", "answers", "other outcomes", "findings")
    for column in table.columns[1:4]:
        column.justify = "right"
    for report in reports:
        others = [(kind, times) for kind, times in report.outcomes.most_common() if kind != "answer"]
        rest = sum(times for _, times in others[KINDS:])
        words = [f"{kind} {times:,}" for kind, times in others[:KINDS]] + ([f"… {rest:,}"] if rest else [])
        table.add_row(
            report.attack,
            f"{report.cases:,}",
            f"{report.cases / max(report.seconds, 1e-9) * 60:,.0f}",
            f"{report.outcomes['answer']:,}",
            ", ".join(words) or ("left out" if report.excuse else ""),
            f"[red]{len(report.found)}[/red]" if report.found else "0",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
