"""Runs attacks in processes of their own, a time slice each, and says what they found and how to see it
again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.attack import ROOT, load
from tests.fuzz.child import NO_MORE, NOT_YET, Job

#: A process starts anew now and then, so that what one case leaves behind is not in all that follow.
ROUND_S = 60.0
#: What importing everything, starting Julia, or ending may take on a loaded machine.
START_S = 120.0
#: Findings of one attack after which there is no point in going on.
ENOUGH = 40


@dataclass
class Found:
    """One cause, as far as its signature tells, with the first case that met it."""

    signature: str
    attack: str
    seed: int
    first: int
    case: int
    notes: list[str]
    trace: str
    times: int = 1

    def replay(self) -> str:
        """The command that shows it again."""
        cases = f"{self.case}" if self.first == self.case else f"{self.first}-{self.case}"
        return f"make fuzz ATTACK={self.attack} SEED={self.seed} CASE={cases}"


@dataclass
class Report:
    """What came of one attack."""

    attack: str
    cases: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    found: dict[str, Found] = field(default_factory=dict)
    excuse: str | None = None

    def add(self, one: Found) -> bool:
        """Counts a finding; whether it is a new one."""
        known = self.found.setdefault(one.signature, one)
        if known is one:
            return True
        known.times += 1
        return False


class Process:
    """A child under watch."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.attack = load(job.attack)
        job.board.write_bytes(NOT_YET.to_bytes(8, "little"))
        job.events.touch()
        self._errors = Path(job.folder, "stderr")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.child", str(job.write())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": str(ROOT), "RUST_BACKTRACE": "0"},
                start_new_session=True,
            )
        self._case = NOT_YET
        self._since = time.monotonic()
        self.hung = False

    def poll(self) -> bool:
        """Whether it has ended; stops it where one case has taken too long."""
        if self._process.poll() is not None:
            return True
        now = time.monotonic()
        if (case := self.case()) != self._case:
            self._case, self._since = case, now
        elif now - self._since > (START_S if case in {NOT_YET, NO_MORE} else self.attack.patience_s):
            # faulthandler then says where every thread is.
            self.hung = True
            self._process.send_signal(signal.SIGABRT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process.wait()
            return True
        return False

    def kill(self) -> None:
        """Ends it, now."""
        self._process.kill()
        self._process.wait()

    def case(self) -> int:
        """The case under way, or the last one."""
        return int.from_bytes(self.job.board.read_bytes(), "little")

    def errors(self) -> str:
        """The end of what it wrote to its standard error."""
        return self._errors.read_text(errors="replace")[-8000:]

    def events(self) -> Iterator[dict[str, Any]]:
        """What it has said; a last line that was cut by a crash is none."""
        for line in self.job.events.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return

    def death(self) -> str | None:
        """How it ended, if not well."""
        code = self._process.returncode
        if self.hung:
            return f"no answer for {self.attack.patience_s:g} s"
        if code == 0:
            return None
        if code < 0:
            name = signal.Signals(-code).name
            last = [
                line for line in self.errors().splitlines() if "memory allocation" in line or "fatal" in line
            ]
            return f"{name}{' ' + last[-1] if last else ''}"
        return f"exit status {code}"


def run_round(report: Report, job: Job, on_tick: Callable[[], None]) -> int:
    """Runs one process to its end, and adds what it found to the report; the case to go on with."""
    started = time.monotonic()
    process = Process(job)
    try:
        while not process.poll():
            on_tick()
            time.sleep(0.05)
    except BaseException:
        process.kill()
        raise
    cases = 0
    outcomes: dict[str, int] = {}
    for event in process.events():
        if "finding" in event:
            case = event["case"]
            report.add(
                Found(event["finding"], job.attack, job.seed, case, case, event["notes"], event["trace"])
            )
        elif "excuse" in event:
            report.excuse = event["excuse"]
        else:
            cases, outcomes = event["cases"], event["outcomes"]
    case = process.case()
    if case in {NOT_YET, NO_MORE}:
        case = job.first + max(cases - 1, 0)
    if (death := process.death()) is not None:
        cases = max(cases, case - job.first + 1)
        outcomes = {**outcomes, "died": 1}
        at = next((line.strip() for line in process.errors().splitlines() if "/fuzz/attacks/" in line), "")
        name = f"{death} {at}".replace(str(ROOT) + "/", "")
        report.add(Found(name, job.attack, job.seed, job.first, case, [], process.errors()))
    report.cases += cases
    report.outcomes.update(outcomes)
    report.seconds += time.monotonic() - started
    return max(job.first, case) + 1


def narrow(found: Found) -> Found:
    """The finding by its case alone if that shows it, with what the case said before it ended."""
    lone = Report(found.attack)
    run_cases(lone, found.seed, found.case, found.case + 1)
    if not lone.found:
        return found
    again = next(iter(lone.found.values()))
    found.first, found.trace, found.notes = found.case, again.trace, again.notes or found.notes
    return found


def run_cases(report: Report, seed: int, first: int, end: int) -> None:
    """Runs some cases, to the end, aloud."""
    while first < end and report.excuse is None:
        with tempfile.TemporaryDirectory(prefix="omega-fuzz-") as folder:
            job = Job(report.attack, seed, first, end, 1e9, folder, aloud=True)
            first = run_round(report, job, lambda: None)


def run_for(
    report: Report,
    seed: int,
    seconds: float,
    on_tick: Callable[[], None] = lambda: None,
    on_found: Callable[[Found], None] = lambda found: None,
    enough: int = ENOUGH,
) -> None:
    """Attacks for a while, in rounds, or until `enough` was found.

    A process that dies is followed by another, from the next case on.
    """
    until = time.monotonic() + seconds
    case = 0
    shown: set[str] = set()
    while (left := until - time.monotonic()) > 0 and report.excuse is None and len(report.found) < enough:
        with tempfile.TemporaryDirectory(prefix="omega-fuzz-") as folder:
            job = Job(report.attack, seed, case, None, min(left, ROUND_S), folder)
            case = run_round(report, job, on_tick)
        for signature, found in report.found.items():
            if signature not in shown:
                shown.add(signature)
                on_found(narrow(found) if found.first != found.case else found)
