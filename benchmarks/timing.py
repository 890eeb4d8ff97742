"""How everything is timed: in rounds over all cases, warm, without the garbage collector, on one clock."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter_ns

import numpy as np
import numpy.typing as npt

Call = Callable[[], object]
Nanoseconds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Effort:
    """How often a case is called: so many rounds, and in each as many calls as fit the time of a round."""

    rounds: int
    calls: int
    round_ns: int
    warm_up: int = 5

    def calls_of(self, one_call_ns: float) -> int:
        """How many calls of this cost one round makes; at least one, however long it takes.

        >>> Effort(rounds=3, calls=1000, round_ns=1_000_000).calls_of(10_000)
        100
        """
        return max(1, min(self.calls, int(self.round_ns / max(one_call_ns, 1))))


@dataclass(frozen=True)
class Times:
    """The durations of one case's calls, in nanoseconds: one array per round."""

    rounds: tuple[Nanoseconds, ...]

    @property
    def calls(self) -> int:
        """How many calls were timed."""
        return sum(len(each) for each in self.rounds)

    @property
    def calls_per_round(self) -> int:
        """How many calls the p99 of one round is of."""
        return min(len(each) for each in self.rounds)

    @property
    def p50(self) -> float:
        """The median of all calls."""
        return float(np.median(np.concatenate(self.rounds)))

    @property
    def p99(self) -> float:
        """The p99 of the quietest round.

        Another process that takes the core for a moment adds to some calls and never takes from any. So the
        round with the least p99 is nearest to what the call itself costs; were the call slow by itself, it
        would be slow in all of them.
        """
        return float(min(np.percentile(each, 99) for each in self.rounds))

    @property
    def p99_of_all(self) -> float:
        """The p99 of all calls, with what the machine added."""
        return float(np.percentile(np.concatenate(self.rounds), 99))

    @property
    def minimum(self) -> float:
        """The fastest call."""
        return float(min(each.min() for each in self.rounds))

    @property
    def worst(self) -> float:
        """The slowest call."""
        return float(max(each.max() for each in self.rounds))


@contextmanager
def collector_off() -> Iterator[None]:
    """Collect garbage first, then not until the end: a collection would be charged to whoever is timed."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def settled() -> Iterator[None]:
    """Keep all that lives now out of later collections, so that one before every round costs little."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def time_each(call: Call, calls: int) -> Nanoseconds:
    """The duration of every call by itself, the two readings of the clock included (see the canary)."""
    clock = perf_counter_ns
    durations = np.empty(calls, dtype=np.int64)
    for index in range(calls):
        start = clock()
        call()
        durations[index] = clock() - start
    return durations


def time_interleaved(cases: Mapping[str, Call], effort: Effort) -> dict[str, Times]:
    """The times of all cases. Every round visits every case, so that a slow spell meets them all."""
    counts = {}
    with collector_off():
        for name, call in cases.items():
            # The first call may fill caches, and the first of Julia starts it: neither is a warm call.
            time_each(call, 1)
            first = time_each(call, 1)[0]
            if first < effort.round_ns:
                first = time_each(call, effort.warm_up).min()
            counts[name] = effort.calls_of(float(first))
    rounds: dict[str, list[Nanoseconds]] = {name: [] for name in cases}
    with settled():
        for _ in range(effort.rounds):
            with collector_off():
                for name, call in cases.items():
                    rounds[name].append(time_each(call, counts[name]))
    return {name: Times(tuple(each)) for name, each in rounds.items()}


def nothing() -> None:
    """The canary: what the clock and the machine cost when there is nothing to time."""
