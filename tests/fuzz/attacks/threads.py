"""Live objects in the hands of several threads, forks in the middle, and Ctrl-C: no crash, no deadlock, typed
errors.

The watchdog of the runner finds deadlocks, and the dump of all threads says where they are.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pyarrow.csv

from tests.functions.market import TIMES, inputs, row_of
from tests.fuzz.attack import Attack, Finding, Outcome, Tally, attempt
from tests.fuzz.attacks.door import finite
from tests.fuzz.containers import WHOLE
from tests.fuzz.samples import KERNELS, REDUCTIONS, ROWWISE, parameters, times, value

#: How often Python lets another thread run, in seconds: all the time.
SWITCH = 1e-6
#: How long the threads of one case work.
BUSY_S = 0.06
#: After this a forked child hangs; it has a handful of calls to do, on a machine that may be busy.
CHILD_S = 5

Work = Callable[[Random], Any]


def case(dice: Random, tally: Tally) -> None:
    """One kind of trouble."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        dice.choice(TROUBLES)(dice, tally)
    finally:
        sys.setswitchinterval(interval)


def together(dice: Random, tally: Tally, work: list[Work], seconds: float = BUSY_S) -> int:
    """Lets threads pick from some work for a while; how many calls they made. What they find is raised."""
    until = time.monotonic() + seconds
    failures: list[BaseException] = []
    tallies = [Tally() for _ in range(dice.choice((2, 3, 6)))]

    def run(seed: int, mine: Tally) -> None:
        own = Random(seed)
        try:
            while time.monotonic() < until and not failures:
                finite(attempt(mine, lambda: own.choice(work)(own)))
        except BaseException as error:  # noqa: BLE001 - a thread must tell what it met
            failures.append(error)

    threads = [threading.Thread(target=run, args=(dice.getrandbits(64), each)) for each in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in tallies:
        tally.outcomes.update(each.outcomes)
    if failures:
        raise failures[0]
    return sum(sum(each.outcomes.values()) for each in tallies)


def shared_stream(dice: Random, tally: Tally) -> None:
    """One stream, with everything that can be done to it."""
    spec = dice.choice(ROWWISE)
    stream = omega.stream(spec.name, order=None, **parameters(dice, spec, 10))
    tally.note(f"shared {stream!r}")

    def row(own: Random) -> list[Any]:
        return [value(own, each.name, own.gauss(100, 5)) for each in spec.inputs]

    keeps_rows: list[Work] = [
        lambda own: stream.update(*row(own)),
        lambda own: stream.peek(*row(own)),
        lambda own: omega.restore(stream.snapshot()).update(*row(own)),
        lambda own: copy.copy(stream).rows,
        lambda own: repr(stream),
    ]
    work = [*keeps_rows, lambda own: stream.reset()] if dice.random() < 0.5 else keeps_rows
    together(dice, tally, work)
    # Every row that was pushed counts once, whoever pushed it.
    stream.reset()
    pushed = [0] * 4

    def push(at: int) -> None:
        for _ in range(200):
            stream.update(*row_of(spec.name, 1.0))
            pushed[at] += 1

    threads = [threading.Thread(target=push, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if stream.rows != sum(pushed):
        raise Finding(f"{sum(pushed)} rows were pushed, {stream.rows} counted")


def shared_accumulators(dice: Random, tally: Tally) -> None:
    """Two accumulators that are merged into each other and into themselves."""
    spec = dice.choice(REDUCTIONS)
    given = parameters(dice, spec, 10)
    pair = [omega.accumulate(spec.name, **given) for _ in range(2)]
    part = inputs(spec.name, dice.choice((1, 50, 5000)), dice.getrandbits(20))
    tally.note(f"shared accumulators {pair[0]!r}")
    work: list[Work] = [
        lambda own: own.choice(pair).update(part),
        lambda own: own.choice(pair).update(part),
        lambda own: own.choice(pair).value,
        lambda own: len(own.choice(pair).snapshot()),
        lambda own: (
            pair[0].merge(pair[1]) if pair[0].rows + pair[1].rows < 100_000 else own.choice(pair).reset()
        ),
        lambda own: (
            pair[1].merge(pair[0]) if pair[0].rows + pair[1].rows < 100_000 else own.choice(pair).reset()
        ),
        lambda own: pair[0].merge(pair[0]) if pair[0].rows < 100_000 else pair[0].reset(),
        lambda own: omega.restore(own.choice(pair).snapshot()).value,
    ]
    together(dice, tally, work)


def shared_features(dice: Random, tally: Tally) -> None:
    """One feature set, bar by bar and in batches."""
    chosen = [dice.choice(ROWWISE) for _ in range(3)]
    by = dice.choice((None, "symbol"))
    features = omega.FeatureSet(
        {f"f{at}": (spec.name, parameters(dice, spec, 10)) for at, spec in enumerate(chosen)}, by=by
    )
    names = features.inputs
    tally.note(f"shared {features!r}")
    table: dict[str, Any] = {
        name: times(dice, 300) if name in TIMES else np.linspace(1, 2, 300) for name in names
    }
    if by is not None:
        table[by] = ["A", "B", "C"] * 100

    def bar(own: Random) -> dict[str, Any]:
        return {
            name: own.choice(("A", "B", "C")) if name == by else value(own, name, own.gauss(10, 1))
            for name in [*names, "symbol"]
        }

    work: list[Work] = [
        lambda own: len(features.update(bar(own))),
        lambda own: len(features.peek(**bar(own))),
        lambda own: len(features.extend(table)),
        lambda own: len(features.run(table)),
        lambda own: len(features.snapshot()),
        lambda own: len(copy.copy(features).names),
        lambda own: features.reset(),
    ]
    together(dice, tally, work)


def changing_input(dice: Random, tally: Tally) -> None:
    """Arrays, lists and dicts that another thread changes during the call. The answer may be anything but a
    crash.
    """
    spec = dice.choice(KERNELS)
    columns = inputs(spec.name, dice.choice((10, 3000, 100_000)), 1)
    rows = len(next(iter(columns.values())))
    lists: dict[str, Any] = {name: column[:2000].tolist() for name, column in columns.items()}
    tally.note(f"changing input of {spec.name}, {rows} rows")

    def scribble(own: Random) -> None:
        column = own.choice(list(columns.values()))
        written = (np.nan, np.inf, 1.0, -5.0) if column.dtype.kind == "f" else (None, 0, -(10**15))
        column[own.randrange(rows) :] = own.choice(written)

    def squeeze(own: Random) -> None:
        values = own.choice([*lists.values(), [1.0]])
        own.choice(
            (values.clear, lambda: values.append(1.0), lambda: values.extend([2.0] * 50), values.reverse)
        )()

    work: list[Work] = [
        scribble,
        squeeze,
        lambda own: lists.pop(own.choice([*lists, "x"]), None),
        lambda own: lists.update({own.choice(list(columns)): [1.0, 2.0, 3.0]}),
        lambda own: none(omega.call(spec.name, columns)),
        lambda own: none(omega.call(spec.name, pa.table(columns))),
        lambda own: none(omega.call(spec.name, dict(lists))),
        lambda own: none(omega.call(spec.name, lists)),
    ]
    together(dice, tally, work)


def none(answer: Any) -> None:
    """An answer of changing numbers may be infinite: nobody can have checked them."""
    del answer


def counted(dice: Random, tally: Tally) -> None:
    """Copies counted in every thread, of every library at once."""
    spec = dice.choice(KERNELS)
    columns = inputs(spec.name, 200, 3)
    tally.note(f"every library, {spec.name}")
    # DuckDB's default connection, in which its answers come, serves one thread at a time.
    forms = [make for name, make in WHOLE.items() if "duckdb" not in name]

    def work(own: Random) -> None:
        with omega.count_copies() as copies:
            omega.call(spec.name, own.choice(forms)(columns, own))
        if copies.bytes < 0:
            raise Finding("fewer than no bytes were copied")

    together(dice, tally, [work])


def python_behind_arrow(dice: Random, tally: Tally) -> None:
    """A stream whose own threads need Python to go on, as every reader of a Python file does."""
    spec = dice.choice(KERNELS)
    columns = inputs(spec.name, dice.choice((3, 2000)), 1)
    text = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(columns), text)
    whole = text.getvalue().to_pybytes()
    tally.note(f"a reader of a Python file, {spec.name}")

    def reader() -> Any:
        file = pa.PythonFile(io.BytesIO(whole), mode="r")
        return pyarrow.csv.open_csv(file, pyarrow.csv.ReadOptions(block_size=dice.choice((200, 10_000))))

    for _ in range(3):
        attempt(tally, lambda: omega.call(spec.name, reader()))
        if spec in REDUCTIONS:
            attempt(tally, lambda: omega.accumulate(spec.name).update(reader()))


def forked(dice: Random, tally: Tally) -> None:
    """A fork while other threads are inside Omega; the child asks for everything once."""
    spec = dice.choice(ROWWISE)
    features = omega.FeatureSet({"a": (spec.name, {})}, order=None)
    stream = omega.stream(spec.name, order=None)
    reduction = dice.choice(REDUCTIONS)
    accumulator = omega.accumulate(reduction.name)
    long = {name: np.linspace(1, 2, 400_000) for name in features.inputs}
    short = {name: column[:5] for name, column in long.items()}
    part = inputs(reduction.name, 400_000, 1)
    brief = inputs(reduction.name, 5, 1)
    bar = dict.fromkeys(features.inputs, 1.0)
    tally.note(f"forked {spec.name}, {reduction.name}")
    until = time.monotonic() + 0.2
    busy: list[Callable[[], Any]] = [
        lambda: features.extend(long),
        lambda: accumulator.update(part),
        lambda: omega.call(spec.name, long),
        features.snapshot,
    ]
    asked: list[Callable[[], Any]] = [
        lambda: features.update(bar),
        lambda: features.extend(short),
        lambda: accumulator.update(brief),
        lambda: accumulator.value,
        accumulator.snapshot,
        lambda: stream.update(*([1.0] * len(spec.inputs))),
        lambda: omega.call(spec.name, short),
        features.snapshot,
    ]

    def work(call: Callable[[], Any]) -> None:
        while time.monotonic() < until:
            call()

    threads = [threading.Thread(target=work, args=(dice.choice(busy),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        while time.monotonic() < until:
            time.sleep(dice.uniform(0, 0.01))
            chosen = dice.sample(asked, 3)
            status = in_a_child(chosen)
            if status is None:
                raise Finding(f"a forked child hangs in one of {[asked.index(each) for each in chosen]}")
            if status:
                raise Finding(f"a forked child ended with {status}")
            tally.count("forks")
    finally:
        until = 0.0
        for thread in threads:
            thread.join()


def in_a_child(calls: list[Callable[[], Any]]) -> int | None:
    """How a fork ended that made some calls; None if it had to be stopped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        status = 1
        try:
            quiet: list[Outcome] = [attempt(Tally(), call) for call in calls]
            status = 0 if len(quiet) == len(calls) else 1
        finally:
            os._exit(status)
    until = time.monotonic() + CHILD_S
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


@contextlib.contextmanager
def alarm(dice: Random) -> Iterator[None]:
    """KeyboardInterrupt once, at an unforeseen moment; at the latest on the way out."""
    armed = [True]

    def interrupt(number: int, frame: object) -> None:
        if armed:
            armed.clear()
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-4, 5e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        armed.clear()


def interrupted(dice: Random, tally: Tally) -> None:
    """Ctrl-C between and within calls: what was under way is done whole or not at all."""
    spec = dice.choice(ROWWISE)
    reduction = dice.choice(REDUCTIONS)
    stream = omega.stream(spec.name, order=None)
    accumulator = omega.accumulate(reduction.name)
    rows = dice.choice((3, 2000))
    part = inputs(reduction.name, rows, 2)
    lists = {name: column.tolist() for name, column in inputs(spec.name, 3000, 2).items()}
    tally.note(f"interrupted {spec.name}, {reduction.name} by {rows} rows")
    swallowed: list[str] = []
    hook, sys.unraisablehook = (
        sys.unraisablehook,
        lambda lost: swallowed.append(f"{lost.exc_type} in {lost.object}"),
    )
    try:
        interrupt_calls(dice, tally, lists, stream, accumulator, part)
    finally:
        sys.unraisablehook = hook
    if swallowed:
        raise Finding(f"an interruption was swallowed: {swallowed}")
    omega.restore(stream.snapshot())
    omega.restore(accumulator.snapshot())


def interrupt_calls(
    dice: Random, tally: Tally, lists: dict[str, Any], stream: Any, accumulator: Any, part: dict[str, Any]
) -> None:
    """Interrupts a stream, an accumulator and a batch; the accumulator takes a part whole or not at all."""
    rows = len(next(iter(part.values())))
    row = row_of(stream.function, 1.0)
    until = time.monotonic() + BUSY_S
    while time.monotonic() < until:
        try:
            with alarm(dice):
                while time.monotonic() < until:
                    stream.update(*row)
                    accumulator.update(part)
                    omega.call(stream.function, lists)
        except KeyboardInterrupt:
            tally.count("interrupted")
        if accumulator.rows % rows:
            raise Finding(f"{accumulator.rows} rows after parts of {rows}")


TROUBLES = (
    shared_stream,
    shared_accumulators,
    shared_features,
    changing_input,
    counted,
    python_behind_arrow,
    forked,
    interrupted,
)

ATTACK = Attack(about="live objects in several threads, forks and Ctrl-C", case=case, patience_s=20)
