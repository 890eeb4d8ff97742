"""The data that is measured on: the shipped bars, repeated, and a random walk with a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from omega.data import load

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bars:
    """Columns of bars of one symbol, oldest first."""

    name: str
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.close)

    @property
    def returns(self) -> Floats:
        """Simple returns of the close, one fewer than bars."""
        return np.diff(self.close) / self.close[:-1]

    def column(self, name: str) -> Floats:
        """A column by the name that function specs give it."""
        column: Floats = getattr(self, name)
        return column

    def head(self, rows: int) -> Bars:
        """The first rows, in memory of their own as a caller's would be."""
        columns = (self.high, self.low, self.close, self.volume)
        return Bars(self.name, *(column[:rows].copy() for column in columns))


def shipped_bars(symbol: str = "SPX") -> Bars:
    """Daily bars of an index that come with the package."""
    import pyarrow.compute as pc

    table = load("index_bars")
    rows = table.filter(pc.equal(table["symbol"], symbol))
    columns = (rows[name].to_numpy().astype(np.float64) for name in ("high", "low", "close", "volume"))
    return Bars(symbol, *columns)


def repeated(bars: Bars, rows: int) -> Bars:
    """Bars over and over until there are `rows`."""
    columns = (bars.high, bars.low, bars.close, bars.volume)
    return Bars(f"{bars.name} repeated", *(np.resize(column, rows) for column in columns))


def random_walk(rows: int, seed: int = 42) -> Bars:
    """Bars of a geometric random walk from 100."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 1e-4, rows)))
    before = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(before, close) * (1.0 + np.abs(random.normal(0.0, 1e-4, rows)))
    low = np.minimum(before, close) * (1.0 - np.abs(random.normal(0.0, 1e-4, rows)))
    volume = random.integers(1, 10_000, rows).astype(np.float64)
    return Bars("random walk", high, low, close, volume)
