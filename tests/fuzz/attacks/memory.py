"""Calls that ask for more memory than there is: OUT_OF_MEMORY or an answer, and the process lives on.

And the other half of the same promise: what is small is answered, whatever its parameters allow it to become.
"""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import numpy as np
import omega
import pyarrow as pa
from omega.shared.exceptions import OutOfMemoryError
from omega.shared.protocols import FunctionSpec

from tests.fuzz.attack import MEBIBYTE, Attack, Finding, Outcome, Tally, attempt
from tests.fuzz.child import limit_memory
from tests.fuzz.samples import KERNELS, REDUCTIONS, ROWWISE

#: More than any sound call of a few thousand rows needs.
PLENTY = 512 * MEBIBYTE


def case(dice: Random, tally: Tally) -> None:
    """One greedy call under a low ceiling, and a modest one after it."""
    greed = dice.choice(
        (many_streams, long_features, no_memory_at_all, many_groups, long_list, long_sample, few_rows_of_each)
    )
    greed(dice, tally)
    if omega.ta.sma([1.0, 3.0], period=2) != [None, 2.0]:
        raise Finding("the process no longer computes")


@contextlib.contextmanager
def ceiling(dice: Random, headroom: int | None = None) -> Iterator[None]:
    """Little room above what the process has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit_memory(headroom or dice.choice((8, 32, 64, 256)) * MEBIBYTE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def greedy(tally: Tally, call: Callable[[], Any]) -> Outcome:
    """As `attempt`; that Python or NumPy themselves run out of memory is no fault of Omega's."""
    try:
        return attempt(tally, call)
    except Finding as finding:
        if isinstance(finding.__cause__, MemoryError):
            tally.count("MemoryError")
            return Outcome(refusal=finding.__cause__)
        raise


def longest(spec: FunctionSpec) -> dict[str, Any]:
    """The greatest lengths that the function takes."""
    given = {each.name: int(each.maximum) for each in spec.parameters if each.type == "int" and each.maximum}
    for each in spec.parameters:
        if each.less_than is not None:
            given[each.name] = given[each.less_than] - 1
    return given


def windowed(dice: Random) -> FunctionSpec:
    """An indicator with a length."""
    return dice.choice([spec for spec in ROWWISE if longest(spec)])


def many_streams(dice: Random, tally: Tally) -> None:
    """Streams with the longest windows, until there is no room."""
    spec = windowed(dice)
    tally.note(f"streams of {spec.name}({longest(spec)})")
    kept = []
    with ceiling(dice):
        for _ in range(100):
            outcome = greedy(tally, lambda: omega.stream(spec.name, **longest(spec)))
            if outcome.refusal is not None:
                break
            kept.append(outcome.answer)
            greedy(tally, lambda: kept[-1].update(*([1.0] * len(spec.inputs))))
            greedy(tally, kept[-1].snapshot)


def long_features(dice: Random, tally: Tally) -> None:
    """A feature set of long windows, and many groups in it."""
    specs = [windowed(dice) for _ in range(20)]
    tally.note(f"a feature set of {[spec.name for spec in specs[:4]]}…")
    definitions = {f"f{at}": (spec.name, longest(spec)) for at, spec in enumerate(specs)}
    with ceiling(dice):
        features = greedy(tally, lambda: omega.FeatureSet(definitions, by="symbol")).answer
        if features is None:
            return
        for group in range(60):
            bar = {**dict.fromkeys(features.inputs, 1.0), "symbol": f"{group}"}
            if greedy(tally, partial(features.update, bar)).refusal is not None:
                break
        greedy(tally, features.snapshot)


def no_memory_at_all(dice: Random, tally: Tally) -> None:
    """Honest columns that take no memory themselves, and are longer than any copy of them could be."""
    spec = dice.choice(KERNELS)
    nothing = pa.Array.from_buffers(pa.null(), dice.choice((2**27, 2**33, 2**40)), [None])
    same = np.broadcast_to(1.0, dice.choice((10**8, 10**12)))
    data = dice.choice((nothing, same))
    tally.note(f"{spec.name} of {len(data):,} rows")
    columns = {each.name: data for each in spec.inputs}
    with ceiling(dice):
        if dice.random() < 0.5:
            greedy(tally, lambda: omega.call(spec.name, columns))
        else:
            greedy(tally, lambda: omega.call(spec.name, {each: [1.0] for each in columns}, by=data))


def many_groups(dice: Random, tally: Tally) -> None:
    """As many groups as rows."""
    spec = dice.choice(KERNELS)
    rows = dice.choice((10**5, 10**6))
    tally.note(f"{spec.name} of {rows} groups")
    columns = {each.name: np.ones(rows) for each in spec.inputs}
    keys: Any = np.arange(rows)
    if dice.random() < 0.3:
        keys = pa.array([f"a symbol of some length {row}" for row in range(rows // 10)])
        columns = {name: column[: rows // 10] for name, column in columns.items()}
    with ceiling(dice):
        greedy(tally, lambda: omega.call(spec.name, columns, by=keys))


def long_list(dice: Random, tally: Tally) -> None:
    """Python's own numbers, in and out."""
    spec = dice.choice(KERNELS)
    rows = dice.choice((10**5, 10**6))
    tally.note(f"{spec.name} of lists of {rows}")
    columns = {each.name: [1.0] * rows for each in spec.inputs}
    with ceiling(dice):
        greedy(tally, lambda: omega.call(spec.name, columns))


def long_sample(dice: Random, tally: Tally) -> None:
    """An accumulator that is fed until there is no room; what was refused is not half in it."""
    spec = dice.choice(REDUCTIONS)
    accumulator = omega.accumulate(spec.name)
    part = {each.name: np.linspace(-1, 1, 10**6) for each in spec.inputs}
    tally.note(f"{spec.name} fed by the million")
    with ceiling(dice):
        for _ in range(12):
            if greedy(tally, lambda: accumulator.update(part)).refusal is not None:
                break
        greedy(tally, lambda: accumulator.value)
        greedy(tally, accumulator.snapshot)
        greedy(tally, lambda: accumulator.merge(accumulator))
    if accumulator.rows % 10**6:
        raise Finding(f"a part was half taken: {accumulator.rows} rows")


def few_rows_of_each(dice: Random, tally: Tally) -> None:
    """Long windows over few rows of many groups: memory is for the rows there are."""
    spec = windowed(dice)
    rows = 1000
    tally.note(f"{spec.name}({longest(spec)}) of {rows} groups of one row")
    columns = {each.name: np.ones(rows) for each in spec.inputs}
    with ceiling(dice, PLENTY):
        outcome = attempt(tally, lambda: omega.call(spec.name, columns, by=np.arange(rows), **longest(spec)))
    if isinstance(outcome.refusal, OutOfMemoryError):
        raise Finding(f"{rows} rows need more than {PLENTY // MEBIBYTE} MiB")


ATTACK = Attack(about="calls that ask for more memory than there is", case=case, headroom=2**30)
