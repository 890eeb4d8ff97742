"""Omega beside other libraries: the same answers first, then the same work in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import omega
from omega.functions import julia, peers
from omega.shared import distribution
from omega.shared.exceptions import JuliaUnavailableError

from benchmarks import parity, references
from benchmarks.data import Bars, random_walk, repeated, shipped_bars
from benchmarks.machine import Watch
from benchmarks.paths import functions_in, inputs_of, typed
from benchmarks.results import Comparison, Parity, PeersResults
from benchmarks.timing import Call, Effort, Times, time_interleaved
from benchmarks.updates import Pass, positional, time_passes

PACKAGES = (
    distribution.NAME,
    "numpy",
    "pandas",
    "TA-Lib",
    "empyrical-reloaded",
    "arch",
    "hmmlearn",
    "scipy",
    "scikit-learn",
)
#: Rows of the shipped data that models are fitted to: six years.
MODEL_ROWS = 1_500


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rows: int
    batch: Effort
    model: Effort
    update_bars: int
    update_rounds: int
    starts: int


#: In batches one call of each per turn: the peer's call always comes between two of Omega's.
FULL = Plan(
    rows=1_000_000,
    batch=Effort(rounds=31, calls=1, round_ns=1, warm_up=1),
    model=Effort(rounds=11, calls=1, round_ns=1, warm_up=1),
    update_bars=20_000,
    update_rounds=21,
    starts=10,
)
QUICK = Plan(
    rows=100_000,
    batch=Effort(rounds=15, calls=1, round_ns=1, warm_up=1),
    model=Effort(rounds=3, calls=1, round_ns=1, warm_up=1),
    update_bars=5_000,
    update_rounds=7,
    starts=3,
)


def measure(plan: Plan, *, quick: bool, say: Callable[[str], object] = lambda _: None) -> PeersResults:
    """Parity on the shipped data and on all that will be timed; times only where everything agrees."""
    watch = Watch()
    version, left_out = _start_julia()
    shipped = shipped_bars()
    data = [repeated(shipped, plan.rows), random_walk(plan.rows)]
    say("do the answers agree?")
    agreement: list[Parity] = []
    for bars in (shipped, *data):
        agreement += parity.kernels(bars)
    sample = shipped.head(MODEL_ROWS)
    if version:
        agreement += parity.models(sample, MODEL_ROWS, plan.starts)
    batches: list[Comparison] = []
    updates: list[Comparison] = []
    models: list[Comparison] = []
    if parity.failures(agreement):
        left_out.append("all times: what does not agree is not compared")
    else:
        for bars in data:
            say(f"{plan.rows:,} rows, {bars.name}")
            batches += _batches(bars, plan.batch)
        say("one bar at a time")
        updates += _updates(data[1].head(plan.update_bars), plan.update_rounds)
        if version:
            say("models")
            models += _models(sample, plan.model)
    return PeersResults(
        quick=quick,
        machine=watch.describe(PACKAGES, version),
        parity=agreement,
        batches=batches,
        updates=updates,
        models=models,
        left_out=left_out,
    )


def _start_julia() -> tuple[str | None, list[str]]:
    try:
        return julia.start(), []
    except JuliaUnavailableError as error:
        return None, [f"models and simulations: {error}"]


def _batches(bars: Bars, effort: Effort) -> Iterator[Comparison]:
    """Whole columns as NumPy arrays, which is what the peers take."""
    calls = dict(_timed(name, bars) for name in functions_in("rust") if peers.of(name).window is None)
    yield from _in_turns(calls, bars.name, len(bars), effort)


def _models(sample: Bars, effort: Effort) -> Iterator[Comparison]:
    """Fits with equal settings, which the table of peers says where they are not the defaults."""
    calls = dict(_timed(name, sample) for name in functions_in("julia"))
    yield from _in_turns(calls, f"{sample.name}, six years", len(sample), effort)


def _timed(name: str, bars: Bars) -> tuple[tuple[str, str], tuple[Call, Call]]:
    """What is timed of a function, under the name it is shown by: Omega's call and the peer's."""
    peer = peers.of(name)
    given = peer.timed.parameters
    read = references.columns(peer, bars)
    chosen = references.complete(name, given)
    label = f"{name}, {peer.timed.label}" if peer.timed.label else name
    data = read if len(read) > 1 else next(iter(read.values()))
    ours = partial(typed(name), data, **given)
    theirs = partial(references.call, peer, read, chosen, peer.timed.constants)
    return (label, peer.package), (ours, theirs)


def _in_turns(
    calls: dict[tuple[str, str], tuple[Call, Call]], data: str, rows: int, effort: Effort
) -> Iterator[Comparison]:
    """One function after the other; of each, Omega and the peer in turns."""
    for (function, peer), (ours, theirs) in calls.items():
        times = time_interleaved({"omega": ours, "peer": theirs}, effort)
        yield comparison(function, peer, data, rows, rows, times["omega"], times["peer"])


def _updates(bars: Bars, rounds: int) -> Iterator[Comparison]:
    """One bar of numbers into Omega's stream and into TA-Lib's, both with a history behind them."""
    for name in functions_in("rust"):
        peer = peers.of(name)
        read = references.columns(peer, bars)
        if (stream := references.stream(peer, read, references.complete(name, {}))) is None:
            continue
        columns = [read[each].tolist() for each in inputs_of(name)]
        theirs = [read[each].tolist() for each in peer.inputs]
        passes: dict[tuple[str, str], Pass] = {
            (name, "omega"): positional(omega.stream(name, order=None).update, columns),
            (name, "peer"): positional(stream.update, theirs),
        }
        times = time_passes(passes, rounds)
        yield comparison(
            f"{name} update",
            f"{peer.library} stream",
            bars.name,
            len(bars),
            1,
            times[name, "omega"],
            times[name, "peer"],
        )


def comparison(
    function: str, peer: str, data: str, rows: int, rows_per_call: int, ours: Times, theirs: Times
) -> Comparison:
    """Two libraries' times side by side. `rows_per_call` is 1 for updates."""
    return Comparison(
        function=function,
        peer=peer,
        data=data,
        rows=rows,
        rounds=ours.calls,
        omega_ns=ours.p50,
        peer_ns=theirs.p50,
        omega_ns_per_row=ours.p50 / rows_per_call,
        peer_ns_per_row=theirs.p50 / rows_per_call,
        ratio=ours.p50 / theirs.p50,
        ratio_of_minima=ours.minimum / theirs.minimum,
    )
