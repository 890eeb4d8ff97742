"""One's own data as the report takes them: found by the names of their columns, checked, in order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from omega.cli.demo.indicators import daily_returns
from omega.cli.files import Source, format_of
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidValueError,
    MissingColumnError,
    MissingValueError,
    NotEnoughDataError,
    UnsupportedTypeError,
)

#: What a report of fewer rows would say is chance.
LEAST_ROWS = 30
#: Each has models of its own, and its charts in the one page.
MOST_SYMBOLS = 12
#: Names that people give the column of times, in any case of letters.
_TIMES = ("timestamp", "date", "datetime", "time")


@dataclass(frozen=True)
class Columns:
    """The columns that were named; None for those to be found by their usual names."""

    timestamp: str | None = None
    symbol: str | None = None
    close: str | None = None
    returns: str | None = None


@dataclass(frozen=True)
class Market:
    """Bars, at least their closes, and returns.

    `points` says what the closes are counted in, `loading` is the code that makes both of one `{symbol}`.
    """

    bars: pa.Table
    returns: pa.Table
    points: str
    loading: str


def market(
    source: Source, columns: Columns, path: str, take: Sequence[str], kind: str | None = None
) -> Market:
    """What the report is drawn from: bars, closes or returns, whichever are there.

    Raises MissingColumnError and its like, naming what is missing.
    """
    names = {name.lower(): name for name in source.schema.names}
    named = [each for each in vars(columns).values() if each is not None]
    source.require(named)
    time = columns.timestamp or next((names[each] for each in _TIMES if each in names), None)
    symbol = columns.symbol or names.get("symbol")
    close = columns.close or (None if columns.returns else names.get("close"))
    returns = columns.returns or names.get("returns")
    available = ", ".join(source.schema.names) or "none"
    if time is None:
        raise MissingColumnError(name="timestamp", available=available)
    if close is None and returns is None:
        raise MissingColumnError(name="close or returns", available=available)
    table = source.read()
    times = table[time]
    if not pa.types.is_temporal(times.type):
        raise UnsupportedTypeError(name=time, allowed="a timestamp or a date", value=times.type)
    taken = {
        "timestamp": times.cast(pa.timestamp("us", getattr(times.type, "tz", None))),
        "symbol": (
            pa.array([Path(path).stem] * table.num_rows, pa.string())
            if symbol is None
            else table[symbol].cast(pa.string())
        ),
    }
    number = close or returns or ""
    taken["close" if close else "returns"] = _numbers(table, number, missing=close is None)
    of_bars = [each for each in ("open", "high", "low", "volume") if close and each in names]
    for each in of_bars:
        taken[each] = _numbers(table, names[each], missing=True)
    bars = pa.table(taken)
    origins = {"timestamp": time, **({"symbol": symbol} if symbol else {})}
    origins |= {"close": close} if close else {"returns": number}
    origins |= {each: names[each] for each in of_bars}
    loading = _loading(path, format_of(path, kind, "--from"), origins)
    _require_complete(bars, {"timestamp": time, "symbol": symbol or "symbol"})
    if take:
        bars = bars.filter(pc.is_in(bars["symbol"], pa.array(list(take), pa.string())))
    bars = bars.take(pc.sort_indices(bars, sort_keys=[("timestamp", "ascending")]))
    _require_enough(bars, take)
    if close:
        _require_above(bars["close"], 0.0, number)
        return Market(bars, daily_returns(bars), "price", loading)
    _require_above(bars["returns"], -1.0, number)
    return Market(_wealth(bars), bars, "value of 100 at the start", loading)


def _loading(path: str, kind: str, origins: Mapping[str, str]) -> str:
    """Code that reads the columns of the report, by the names that the report gives them."""
    read = {
        "arrows": f"pa.ipc.open_stream({path!r}).read_all()",
        "arrow": f"dataset.dataset({path!r}, format='ipc').to_table()",
    }.get(kind, f"dataset.dataset({path!r}, format={kind!r}).to_table()")
    taken = ", ".join(f"{name!r}: table[{origin!r}]" for name, origin in origins.items())
    lines = [
        "import numpy as np, omega, pyarrow as pa, pyarrow.compute as pc",
        "from pyarrow import dataset",
        "",
        f"table = {read}",
        f"bars = pa.table({{{taken}}}).sort_by('timestamp')",
        *(["bars = bars.filter(pc.field('symbol') == '{symbol}')"] if "symbol" in origins else []),
    ]
    if "close" in origins:
        lines += [
            "close = bars['close'].to_numpy()",
            "returns = pa.array([None, *(close[1:] / close[:-1] - 1)])",
        ]
    else:
        lines += [
            "returns = bars['returns'].combine_chunks()",
            "close = 100 * np.cumprod(1 + np.nan_to_num(returns.to_numpy(zero_copy_only=False)))",
            "bars = bars.append_column('close', pa.array(close))",
        ]
    return "\n".join(lines)


def _numbers(table: pa.Table, name: str, *, missing: bool) -> pa.ChunkedArray:
    values = table[name]
    kind = values.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise UnsupportedTypeError(name=name, allowed="numbers", value=kind)
    values = values.cast(pa.float64())
    values = pc.if_else(pc.is_nan(values), None, values)
    if not missing and values.null_count:
        row = pc.index(pc.is_null(values), value=True).as_py()
        raise MissingValueError(name=name, row=row, allowed="omega report")
    return values


def _require_complete(table: pa.Table, names: dict[str, str]) -> None:
    for column, name in names.items():
        if table[column].null_count:
            row = pc.index(pc.is_null(table[column]), value=True).as_py()
            raise MissingValueError(name=name, row=row, allowed="omega report")


def _require_enough(bars: pa.Table, take: Sequence[str]) -> None:
    counts = Counter(bars["symbol"].to_pylist())
    for symbol in take:
        if symbol not in counts:
            raise InvalidShapeError(name="--take", allowed="a symbol of the file", value=symbol)
    if len(counts) > MOST_SYMBOLS:
        allowed = f"of at most {MOST_SYMBOLS} symbols (--take chooses one, and may be repeated)"
        raise InvalidShapeError(name="the report", allowed=allowed, value=len(counts))
    fewest = min(counts.values(), default=0)
    if fewest < LEAST_ROWS:
        raise NotEnoughDataError(function="omega report", allowed=LEAST_ROWS, value=fewest)


def _require_above(values: pa.ChunkedArray, bound: float, name: str) -> None:
    wrong = pc.fill_null(pc.less_equal(values, bound), False)
    row = pc.index(wrong, value=True).as_py()
    if row >= 0:
        allowed = f"above {bound:g}"
        raise InvalidValueError(name=name, allowed=allowed, value=values[row].as_py(), row=f"{row} by time")


def _wealth(returns: pa.Table) -> pa.Table:
    """What 100 became of, as closes; a missing return changes nothing."""
    value: dict[str, float] = {}
    closes = []
    for symbol, change in zip(returns["symbol"].to_pylist(), returns["returns"].to_pylist(), strict=True):
        value[symbol] = value.get(symbol, 100.0) * (1.0 + (change or 0.0))
        closes.append(value[symbol])
    return returns.select(["timestamp", "symbol"]).append_column("close", pa.array(closes, pa.float64()))
