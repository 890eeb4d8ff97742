"""Omega beside other libraries: the same answers first, then the same work in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import omega
from omega.functions import julia
from omega.shared.exceptions import JuliaUnavailableError

from benchmarks import parity
from benchmarks.data import Bars, random_walk, repeated, shipped_bars
from benchmarks.machine import Watch
from benchmarks.paths import functions_in, inputs_of
from benchmarks.results import Comparison, Parity, PeersResults
from benchmarks.timing import Call, Effort, Times, time_interleaved
from benchmarks.updates import Pass, positional, time_passes

PACKAGES = (
    "omega",
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
        agreement += parity.indicators(bars)
        agreement += parity.metrics(bars.returns, bars.name)
    sample = shipped.head(MODEL_ROWS + 1)
    if version:
        agreement += parity.models(
            sample.returns, f"first {MODEL_ROWS:,} returns of {shipped.name}", plan.starts
        )
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
    calls: dict[tuple[str, str], tuple[Call, Call]] = {}
    for name, (ours, theirs) in parity.talib_functions().items():
        calls[name, "TA-Lib"] = partial(ours, bars), partial(theirs, bars)
    returns = bars.returns
    for name, (our_metric, their_metric) in parity.empyrical_functions().items():
        calls[name, "empyrical-reloaded"] = partial(our_metric, returns), partial(their_metric, returns)
    yield from _in_turns(calls, bars.name, len(bars), effort)


def _models(sample: Bars, effort: Effort) -> Iterator[Comparison]:
    """Fits with equal settings; of the hidden Markov model one start each, since the peer has no more."""
    returns = sample.returns
    percent = 100 * returns.reshape(-1, 1)
    calls: dict[tuple[str, str], tuple[Call, Call]] = {
        ("volatility.garch", "arch"): (
            partial(omega.volatility.garch, returns),
            partial(parity.arch_garch, returns),
        ),
        ("regimes.hidden_markov, one start", "hmmlearn"): (
            partial(omega.regimes.hidden_markov, returns, restarts=1),
            partial(parity.hmmlearn_fit, percent, 0),
        ),
        ("simulation.stationary_bootstrap", "arch"): (
            partial(omega.simulation.stationary_bootstrap, returns, replications=1_000, mean_block=10),
            partial(parity.arch_bootstrap, returns, 1_000, 10),
        ),
    }
    yield from _in_turns(calls, f"{sample.name}, six years", len(returns), effort)


def _in_turns(
    calls: dict[tuple[str, str], tuple[Call, Call]], data: str, rows: int, effort: Effort
) -> Iterator[Comparison]:
    """One function after the other; of each, Omega and the peer in turns."""
    for (function, peer), (ours, theirs) in calls.items():
        times = time_interleaved({"omega": ours, "peer": theirs}, effort)
        yield comparison(function, peer, data, rows, rows, times["omega"], times["peer"])


def _updates(bars: Bars, rounds: int) -> Iterator[Comparison]:
    """One bar of numbers into Omega's stream and into TA-Lib's, both with a history behind them."""
    import talib.stream

    streams: dict[str, Any] = {
        "ta.sma": talib.stream.SMA(bars.close, timeperiod=30),
        "ta.ema": talib.stream.EMA(bars.close, timeperiod=30),
        "ta.rsi": talib.stream.RSI(bars.close, timeperiod=14),
        "ta.macd": talib.stream.MACD(bars.close),
        "ta.bbands": talib.stream.BBANDS(bars.close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0),
        "ta.atr": talib.stream.ATR(bars.high, bars.low, bars.close, timeperiod=14),
        "ta.adx": talib.stream.ADX(bars.high, bars.low, bars.close, timeperiod=14),
        "ta.obv": talib.stream.OBV(bars.close, bars.volume),
    }
    for name in functions_in("rust"):
        if name in streams:
            columns = [bars.column(each).tolist() for each in inputs_of(name)]
            passes: dict[tuple[str, str], Pass] = {
                (name, "omega"): positional(omega.stream(name).update, columns),
                (name, "peer"): positional(streams[name].update, columns),
            }
            times = time_passes(passes, rounds)
            ours, theirs = times[name, "omega"], times[name, "peer"]
            yield comparison(f"{name} update", "TA-Lib stream", bars.name, len(bars), 1, ours, theirs)


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
