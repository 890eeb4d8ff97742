"""All that the demo computed, as tables, screens and reports take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from omega.cli.demo.models import Fit

#: What people call the shipped symbols.
NAMES = {"SPX": "S&P 500", "IXIC": "NASDAQ Composite"}


@dataclass(frozen=True)
class Results:
    """The tables of the demo, and the Julia they were computed with, if there was one."""

    bars: pa.Table
    features: pa.Table
    risk: pa.Table
    fits: Sequence[Fit]
    julia: str | None
    #: Where the data come from, what closes are counted in, and the command that drew the page.
    source: str
    points: str
    command: str
    #: The code that makes `bars` and `returns` of one `{symbol}` of the data.
    loading: str

    @property
    def symbols(self) -> list[str]:
        """The symbols in the data, in order of name."""
        return sorted(self.bars["symbol"].unique().to_pylist())

    def fit(self, symbol: str, model: str) -> Fit:
        """The fit of one model to one symbol."""
        return next(each for each in self.fits if (each.symbol, each.model) == (symbol, model))

    def metrics(self, symbol: str) -> dict[str, Mapping[str, Any]]:
        """The rows of the risk table of one symbol, by metric."""
        return {row["metric"]: row for row in of(self.risk, symbol).to_pylist()}

    def last_features(self, symbol: str) -> dict[str, Any]:
        """The last row of the features of one symbol, with its timestamp, without the symbol."""
        rows = of(self.features, symbol)
        row: dict[str, Any] = rows.slice(rows.num_rows - 1).to_pylist()[0]
        del row["symbol"]
        return row


def of(table: pa.Table, symbol: str) -> pa.Table:
    """The rows of one symbol."""
    return table.filter(pc.equal(table["symbol"], symbol))


def column(table: pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    whole = table[name].combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def title(symbol: str) -> str:
    """The name of a symbol for people."""
    return NAMES.get(symbol, symbol)


def spelled(name: str) -> str:
    """The name of a metric or an output for people.

    >>> spelled("risk.value_at_risk")
    'Value at risk'
    """
    return name.rpartition(".")[2].replace("_", " ").capitalize()


#: Units of numbers that people read in percent.
PERCENT = {"return", "volatility", "fraction", "fraction_of_wealth"}


def shown(value: float | None, unit: str = "") -> str:
    """A number as people read it: returns and shares in percent, large ones in groups of three digits.

    >>> shown(-0.5678, "return"), shown(1234567.0), shown(None)
    ('-56.78 %', '1,234,567', '–')
    """
    if value is None:
        return "–"
    if unit in PERCENT:
        return f"{100 * value:.2f} %" if abs(value) >= 0.001 else f"{100 * value:.4f} %"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
