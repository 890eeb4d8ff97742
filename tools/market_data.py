"""Made-up market data for tests, benchmarks and examples: every column of every table that Omega reads.

Which columns there are is asked of the table schemas, so that a column added there is here at once, or is
refused by name until somebody says what it looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Numbers, or times as `datetime64[us]`.
Values = npt.NDArray[Any]
Column = TypeVar("Column", Values, list[Any])

#: Eight rows that move up and down, in few digits, for the examples in documentation.
EXAMPLE: dict[str, list[Any]] = {
    "timestamp": [datetime(2024, 1, 2, tzinfo=UTC) + timedelta(hours=6 * row) for row in range(8)],
    "counts": [2.0, 3.0, 2.5, 3.0, 2.0, 3.9, 3.0, 2.0],
    "open": [10.0, 10.5, 11.0, 10.0, 11.5, 12.0, 11.0, 12.5],
    "high": [11.0, 11.5, 12.0, 11.0, 12.5, 13.0, 12.0, 13.5],
    "low": [9.5, 10.0, 10.5, 9.0, 11.0, 11.5, 10.0, 12.0],
    "close": [10.5, 11.0, 10.0, 10.5, 12.0, 11.5, 12.0, 13.0],
    "volume": [100.0, 120.0, 90.0, 110.0, 150.0, 80.0, 130.0, 140.0],
    "bid": [10.4, 10.9, 9.9, 10.4, 11.9, 11.4, 11.9, 12.9],
    "ask": [10.6, 11.1, 10.1, 10.6, 12.1, 11.6, 12.1, 13.1],
    "bid_size": [5.0, 3.0, 8.0, 2.0, 4.0, 6.0, 7.0, 1.0],
    "ask_size": [4.0, 6.0, 2.0, 7.0, 5.0, 3.0, 1.0, 8.0],
    "price": [10.5, 11.0, 10.0, 10.5, 12.0, 11.5, 12.0, 13.0],
    "size": [1.0, 2.0, 1.0, 3.0, 2.0, 1.0, 4.0, 2.0],
    "returns": [0.01, -0.02, 0.015, 0.003, -0.01, 0.02, -0.005, 0.008],
    "benchmark": [0.008, -0.012, 0.01, 0.005, -0.008, 0.011, -0.002, 0.004],
}

#: The times of the example as its documentation writes them.
EXAMPLE_TIMES = "[datetime(2024, 1, 2, tzinfo=UTC) + timedelta(hours=6 * row) for row in range(8)]"

#: Draws a column, from the generator, the close of each row, and that of the row before.
Draw = Callable[[np.random.Generator, Floats, Floats], Floats]


def _near(sign: float, share: float) -> Draw:
    """Prices up to some share above or below the close."""
    return lambda rng, close, _: close * (1 + sign * np.abs(rng.normal(0, share, len(close))))


def _beyond(pick: Callable[[Floats, Floats], Floats], sign: float) -> Draw:
    """As `_near`, beyond open and close both."""
    return lambda rng, close, before: (
        pick(before, close) * (1 + sign * np.abs(rng.normal(0, 0.004, len(close))))
    )


def _amounts(rng: np.random.Generator, close: Floats, _: Floats) -> Floats:
    return rng.integers(0, 100_000, len(close)).astype(np.float64)


#: In this order, which fixes the numbers of a seed.
_COLUMNS: dict[str, Draw] = {
    "high": _beyond(np.maximum, 1.0),
    "low": _beyond(np.minimum, -1.0),
    "volume": _amounts,
    "open": lambda _rng, _close, before: before,
    "close": lambda _rng, close, _: close,
    "returns": lambda _rng, close, before: close / before - 1,
    "bid": _near(-1.0, 0.001),
    "ask": _near(1.0, 0.001),
    "bid_size": _amounts,
    "ask_size": _amounts,
    "price": lambda _rng, close, _: close,
    "size": _amounts,
    "benchmark": lambda rng, close, before: 0.5 * (close / before - 1) + rng.normal(0, 0.008, len(close)),
}


@cache
def _fields_read() -> Mapping[str, Any]:
    """The columns of all input tables by name."""
    from omega.shared import tables

    schemas = [tables.load(name) for name in tables.names()]
    return {field.name: field for schema in schemas if schema.direction == "input" for field in schema.fields}


@cache
def columns_read() -> Mapping[str, str]:
    """The number columns of all input tables, each with its unit."""
    return {name: field.unit for name, field in _fields_read().items() if field.type == "float64"}


@cache
def times_read() -> frozenset[str]:
    """The time columns of all input tables."""
    return frozenset(name for name, field in _fields_read().items() if field.type.startswith("timestamp"))


def counts(rows: int) -> Floats:
    """Numbers of rows, as of a cycle that is measured: no whole numbers, and not all within the bounds."""
    turns: Floats = 18.0 - 20.0 * np.cos(0.05 * np.arange(rows, dtype=np.float64))
    return turns


def times(rng: np.random.Generator, rows: int) -> Values:
    """Times of rows: minutes apart, now and then a night or a weekend, from the last hours before 1970 on."""
    pauses = np.where(rng.random(rows) < 0.02, 2e11, 9e8) * rng.random(rows)
    return np.datetime64("1969-12-31T20:00", "us") + np.cumsum(pauses.astype("timedelta64[us]"))


def market(rows: int, seed: int = 0, deviation: float = 0.012) -> dict[str, Values]:
    """Every column of a random walk from 100 whose returns have some standard deviation, and `counts`.

    Raises LookupError for a column of a table that nobody has described here.
    """
    if missing := columns_read().keys() - _COLUMNS.keys():
        raise LookupError(
            f"tools/market_data.py does not say what these columns look like: {sorted(missing)}"
        )
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(deviation / 40, deviation, rows)))
    before = np.concatenate(([100.0], close[:-1]))[:rows]
    drawn: dict[str, Values] = {name: draw(rng, close, before) for name, draw in _COLUMNS.items()}
    when = times(rng, rows)
    return {**drawn, **{name: when.copy() for name in sorted(times_read())}, "counts": counts(rows)}


def series(name: str, table: str, columns: Mapping[str, Column], role: str = "series") -> Column:
    """What an input reads: the column of its name, for another series one turned round, of a count `counts`.

    >>> series("close", "bars", EXAMPLE)[:2]
    [10.5, 11.0]
    >>> series("other", "returns", EXAMPLE)[:2]
    [0.008, -0.005]
    """
    if role == "count":
        return columns["counts"]
    if name in columns:
        return columns[name]
    other: Any = columns["returns" if table.endswith("returns") else "close"]
    turned: Column = other[::-1].copy()
    return turned
