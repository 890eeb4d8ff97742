"""What one bar costs where a live engine asks for it: streams and feature sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any

import numpy as np
import omega

from benchmarks.data import Bars
from benchmarks.paths import functions_in, inputs_of
from benchmarks.results import Measurement
from benchmarks.timing import Nanoseconds, Times, collector_off

#: Every indicator with its defaults, as an engine would carry them.
FEATURES = {
    name.partition(".")[2]: (name, dict[str, Any]()) for name in functions_in("rust") if name[:3] == "ta."
}
#: A pass over bars: how long one of them took, in nanoseconds.
Pass = Callable[[], int]


def one(update: Callable[[Any], object], values: Sequence[Any]) -> int:
    """Nanoseconds per bar that is one object, a number or a mapping, the loop included."""
    start = perf_counter_ns()
    for value in values:
        update(value)
    return (perf_counter_ns() - start) // len(values)


def two(update: Callable[[float, float], object], bars: Sequence[tuple[float, float]]) -> int:
    """As `one`, of two numbers."""
    start = perf_counter_ns()
    for first, second in bars:
        update(first, second)
    return (perf_counter_ns() - start) // len(bars)


def three(update: Callable[[float, float, float], object], bars: Sequence[tuple[float, float, float]]) -> int:
    """As `one`, of three numbers."""
    start = perf_counter_ns()
    for first, second, third in bars:
        update(first, second, third)
    return (perf_counter_ns() - start) // len(bars)


def keywords(update: Callable[..., object], bars: Sequence[tuple[float, float, float, float]]) -> int:
    """As `one`, of four numbers by keyword."""
    start = perf_counter_ns()
    for high, low, close, volume in bars:
        update(high=high, low=low, close=close, volume=volume)
    return (perf_counter_ns() - start) // len(bars)


def positional(update: Callable[..., object], columns: Sequence[Iterable[float]]) -> Pass:
    """A pass that hands over as many numbers per bar as there are columns, by position.

    Spelled out per number of columns: `update(*bar)` would time the unpacking too.
    """
    bars: list[Any] = list(zip(*columns, strict=True))
    match len(columns):
        case 1:
            return partial(one, update, list(columns[0]))
        case 2:
            return partial(two, update, bars)
        case _:
            return partial(three, update, bars)


def ignore(_: float) -> None:
    """What the loop costs when nothing is computed."""


def measure_updates(bars: Bars, rounds: int) -> list[Measurement]:
    """Every stream by position; feature sets by keyword, mapping and `Bar`."""
    passes: dict[tuple[str, str], Pass] = {
        ("empty function", "loop"): positional(ignore, [bars.close.tolist()])
    }
    for name in functions_in("rust"):
        if omega.spec(name).kind == "rowwise":
            columns = [bars.column(each).tolist() for each in inputs_of(name)]
            passes[name, "stream"] = positional(omega.stream(name).update, columns)
    mappings = [dict(zip(("high", "low", "close", "volume"), row, strict=True)) for row in _rows(bars)]
    records = [_bar(row) for row in _rows(bars)]
    passes["ta.rsi", "stream, mapping"] = partial(one, omega.stream("ta.rsi").update, mappings)
    passes["ta.rsi", "stream, Bar"] = partial(one, omega.stream("ta.rsi").update, records)
    features = f"feature set of {len(FEATURES)}"
    passes[features, "keywords"] = partial(keywords, omega.FeatureSet(FEATURES).update, _rows(bars))
    passes[features, "mapping"] = partial(one, omega.FeatureSet(FEATURES).update, mappings)
    passes[features, "Bar"] = partial(one, omega.FeatureSet(FEATURES).update, records)
    named = [{**each, "symbol": f"S{row % 100}"} for row, each in enumerate(mappings)]
    passes[features, "mapping, by symbol"] = partial(
        one, omega.FeatureSet(FEATURES, by="symbol").update, named
    )
    times = time_passes(passes, rounds)
    return [_measurement(function, path, len(bars), each) for (function, path), each in times.items()]


def time_passes(passes: dict[tuple[str, str], Pass], rounds: int) -> dict[tuple[str, str], Times]:
    """All passes in turns, after a warm-up. A duration is the mean of a pass, as the clock costs a bar."""
    figures: dict[tuple[str, str], list[int]] = {key: [] for key in passes}
    with collector_off():
        for each in passes.values():
            each()
        for _ in range(rounds):
            for key, each in passes.items():
                figures[key].append(each())
    return {key: Times((_array(each),)) for key, each in figures.items()}


def _array(durations: list[int]) -> Nanoseconds:
    return np.array(durations, dtype=np.int64)


def _rows(bars: Bars) -> list[tuple[float, float, float, float]]:
    columns = (bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), bars.volume.tolist())
    return list(zip(*columns, strict=True))


def _bar(row: tuple[float, float, float, float]) -> omega.Bar:
    high, low, close, volume = row
    return omega.Bar.model_validate(
        {
            "timestamp": dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
            "symbol": "S",
            "open": close,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
        }
    )


def _measurement(function: str, path: str, bars: int, times: Times) -> Measurement:
    return Measurement(
        function=function,
        language="python" if path == "loop" else "rust",
        path=path,
        rows=1,
        calls=times.calls * bars,
        calls_per_round=bars,
        p50_ns=times.p50,
        p99_ns=times.p99,
        p99_of_all_ns=times.p99_of_all,
        minimum_ns=times.minimum,
        ns_per_row=times.p50,
    )
