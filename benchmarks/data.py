"""The data that is measured on: the shipped bars, repeated, and a random walk with a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import omega
from omega.data import load

from tools.market_data import Values, counts, market, series

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bars:
    """Columns of one symbol, oldest first: bars, their returns, what other tables have, and `counts`."""

    name: str
    columns: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.close)

    @property
    def close(self) -> Floats:
        """Closing prices."""
        return self.columns["close"]

    @property
    def returns(self) -> Floats:
        """Simple returns of the close, as many as bars."""
        return self.columns["returns"]

    def column(self, name: str, table: str = "bars") -> Values:
        """What an input of a function of some table reads: the column of its name, or another series."""
        return series(name, table, self.columns, "count" if name in _counts() else "series")

    def head(self, rows: int) -> Bars:
        """The first rows, in memory of their own as a caller's would be."""
        return Bars(self.name, {name: column[:rows].copy() for name, column in self.columns.items()})


@cache
def _counts() -> frozenset[str]:
    """The names of inputs that are a parameter as a column."""
    specs = map(omega.spec, omega.functions())
    return frozenset(each.name for spec in specs for each in spec.inputs if each.role == "count")


def shipped_bars(symbol: str = "SPX", benchmark: str = "IXIC") -> Bars:
    """Daily bars of an index that come with the package, from its first return on; and returns of another."""
    import pyarrow.compute as pc

    table = load("index_bars")
    rows, others = (table.filter(pc.equal(table["symbol"], each)) for each in (symbol, benchmark))
    names = ("open", "high", "low", "close", "volume")
    columns: dict[str, Values] = {name: rows[name].to_numpy().astype(np.float64) for name in names}
    columns["timestamp"] = rows["timestamp"].to_numpy().astype("M8[us]")
    columns["counts"] = counts(len(rows))
    returns = {
        name: _returns(each["close"].to_numpy()) for name, each in (("returns", rows), ("benchmark", others))
    }
    return Bars(symbol, {**{name: column[1:] for name, column in columns.items()}, **returns})


def _returns(close: Floats) -> Floats:
    return np.diff(close) / close[:-1]


def repeated(bars: Bars, rows: int) -> Bars:
    """Bars over and over until there are `rows`."""
    columns = {name: np.resize(column, rows) for name, column in bars.columns.items()}
    return Bars(f"{bars.name} repeated", columns)


def random_walk(rows: int, seed: int = 42) -> Bars:
    """A random walk from 100, as of ticks rather than days."""
    return Bars("random walk", market(rows, seed, deviation=1e-4))
