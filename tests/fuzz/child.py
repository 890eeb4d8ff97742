"""The process in which cases run. It may crash, hang or be killed: what it has found by then is on file.

`python -m tests.fuzz.child <job.json>`; the runner writes the job and reads the events.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import mmap
import resource
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: On the board before the first case and after the last.
NOT_YET, NO_MORE = 2**64 - 1, 2**64 - 2
#: Calls of a case that are worth showing.
NOTES = 6


@dataclass(frozen=True)
class Job:
    """Which cases to run, and where to say what came of them."""

    attack: str
    seed: int
    first: int
    #: The case before which to stop, whatever the time; None: none.
    end: int | None
    seconds: float
    folder: str
    #: Says what each case does before it does it.
    aloud: bool = False

    @property
    def events(self) -> Path:
        """One JSON object a line: findings, and the sums so far."""
        return Path(self.folder, "events")

    @property
    def board(self) -> Path:
        """The number of the case under way, eight bytes that outlive a crash."""
        return Path(self.folder, "board")

    def write(self) -> Path:
        """The job as a file."""
        path = Path(self.folder, "job.json")
        path.write_text(json.dumps(asdict(self)))
        return path


def run(job: Job) -> None:
    """Runs case after case until the time is over."""
    from tests.fuzz.attack import Tally, dice_of, load, signature

    attack = load(job.attack)
    tally = Tally(aloud=job.aloud)
    with job.board.open("r+b") as board_file, job.events.open("a", buffering=1) as events:
        board = mmap.mmap(board_file.fileno(), 8)

        def say(**event: Any) -> None:
            events.write(json.dumps(event) + "\n")

        if (excuse := attack.excuse()) is not None:
            say(excuse=excuse)
            return
        if attack.headroom is not None:
            limit_memory(attack.headroom)
        started = said = time.monotonic()
        case = job.first
        while job.end is None or case < job.end:
            board[:] = case.to_bytes(8, "little")
            tally.notes.clear()
            try:
                attack.case(dice_of(job.attack, job.seed, case), tally)
            except BaseException as error:  # noqa: BLE001 - whatever leaves a case is what we are looking for
                trace = "".join(traceback.format_exception(error, limit=-8))[-6000:]
                say(finding=signature(error), case=case, notes=tally.notes[-NOTES:], trace=trace)
            case += 1
            now = time.monotonic()
            if now - said > 0.1:
                said = now
                say(cases=case - job.first, outcomes=tally.outcomes)
            if now - started > job.seconds:
                break
        say(cases=case - job.first, outcomes=tally.outcomes)
        board[:] = NO_MORE.to_bytes(8, "little")


def limit_memory(headroom: int) -> None:
    """Lets the process grow by so much and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + headroom
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def die_with_parent() -> None:
    """Nothing runs on when the runner has been killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    die_with_parent()
    faulthandler.enable(all_threads=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    run(Job(**json.loads(Path(sys.argv[1]).read_text())))
