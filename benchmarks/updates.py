"""What one bar costs where a live engine asks for it: streams and feature sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any

import numpy as np
import omega
from omega.shared import tables

from benchmarks.data import Bars
from benchmarks.paths import functions_in, inputs_of
from benchmarks.results import Measurement
from benchmarks.timing import Nanoseconds, Times, collector_off

#: Indicators of bars with their defaults, at most as many as an engine would carry.
FEATURES = {
    name.partition(".")[2]: (name, dict[str, Any]())
    for name in sorted(functions_in("rust"))
    if (omega.spec(name).kind, omega.spec(name).table) == ("rowwise", "bars")
    and set(inputs_of(name)) <= set(tables.load("bars").columns)
}
FEATURES = dict(list(FEATURES.items())[:20])
#: What they read.
FEATURE_COLUMNS = tuple(
    column
    for column in tables.load("bars").columns
    if any(column in inputs_of(name) for name, _ in FEATURES.values())
)
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


def four(
    update: Callable[[float, float, float, float], object], bars: Sequence[tuple[float, float, float, float]]
) -> int:
    """As `one`, of four numbers."""
    start = perf_counter_ns()
    for first, second, third, fourth in bars:
        update(first, second, third, fourth)
    return (perf_counter_ns() - start) // len(bars)


def several(update: Callable[..., object], bars: Sequence[tuple[float, ...]]) -> int:
    """As `one`, of any other number of numbers; handing them over unpacked costs a little more."""
    start = perf_counter_ns()
    for bar in bars:
        update(*bar)
    return (perf_counter_ns() - start) // len(bars)


def keywords(update: Callable[..., object], bars: Sequence[Mapping[str, float]]) -> int:
    """As `one`, of numbers by keyword."""
    start = perf_counter_ns()
    for bar in bars:
        update(**bar)
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
        case 3:
            return partial(three, update, bars)
        case 4:
            return partial(four, update, bars)
        case _:
            return partial(several, update, bars)


def ignore(_: float) -> None:
    """What the loop costs when nothing is computed."""


def measure_updates(bars: Bars, rounds: int) -> list[Measurement]:
    """Every stream by position; feature sets by keyword, mapping and `Bar`.

    Rounds take the same bars again, so that nothing here asks whether bars are later than the last.
    """
    passes: dict[tuple[str, str], Pass] = {
        ("empty function", "loop"): positional(ignore, [bars.close.tolist()])
    }
    for name in functions_in("rust"):
        if omega.spec(name).kind == "rowwise":
            columns = [bars.column(each).tolist() for each in inputs_of(name)]
            passes[name, "stream"] = positional(omega.stream(name, order=None).update, columns)
    mappings = rows_of(bars, FEATURE_COLUMNS)
    records = [_bar(row) for row in rows_of(bars, ("open", "high", "low", "close", "volume"))]
    passes["ta.rsi", "stream, mapping"] = partial(one, omega.stream("ta.rsi", order=None).update, mappings)
    passes["ta.rsi", "stream, Bar"] = partial(one, omega.stream("ta.rsi", order=None).update, records)
    features = f"feature set of {len(FEATURES)}"
    passes[features, "keywords"] = partial(keywords, omega.FeatureSet(FEATURES, order=None).update, mappings)
    passes[features, "mapping"] = partial(one, omega.FeatureSet(FEATURES, order=None).update, mappings)
    passes[features, "Bar"] = partial(one, omega.FeatureSet(FEATURES, order=None).update, records)
    named = [{**each, "symbol": f"S{row % 100}"} for row, each in enumerate(mappings)]
    passes[features, "mapping, by symbol"] = partial(
        one, omega.FeatureSet(FEATURES, by="symbol", order=None).update, named
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


def rows_of(bars: Bars, names: Sequence[str]) -> list[dict[str, float]]:
    """Some columns, as one mapping per row."""
    columns = [bars.column(name).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _bar(row: Mapping[str, float]) -> omega.Bar:
    day = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    return omega.Bar.model_validate({"timestamp": day, "symbol": "S", **row})


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
