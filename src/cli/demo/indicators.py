"""Indicators and returns of every symbol, row by row."""

from __future__ import annotations

from typing import Any

import omega
import pyarrow as pa

#: The indicators of the demo, with their usual parameters.
INDICATORS = ("ta.sma", "ta.ema", "ta.rsi", "ta.macd", "ta.bbands", "ta.atr", "ta.adx", "ta.obv")


#: The code that makes `bars` and `returns` of the shipped data.
LOADING = """\
import omega, pyarrow as pa, pyarrow.compute as pc
from omega import data

bars = data.load("index_bars").filter(pc.field("symbol") == "{symbol}")
close = bars["close"].to_numpy()
returns = pa.array([None, *(close[1:] / close[:-1] - 1)])"""


def features(bars: pa.Table) -> pa.Table:
    """Timestamp, symbol and all indicators, in the rows' order: one native call over all symbols."""
    definitions: dict[str, tuple[str, dict[str, Any]]] = {
        name.partition(".")[2]: (name, {}) for name in INDICATORS if _has_inputs(name, bars)
    }
    computed = omega.FeatureSet(definitions, by="symbol").run(bars)
    table = bars.select(["timestamp", "symbol"])
    for name in computed.column_names:
        table = table.append_column(name, computed.column(name))
    return table


def _has_inputs(name: str, bars: pa.Table) -> bool:
    return all(each.column in bars.column_names for each in omega.spec(name).inputs)


def daily_returns(bars: pa.Table) -> pa.Table:
    """Timestamp, symbol and simple return since the symbol's row before, null in its first row."""
    before: dict[str, float] = {}
    returns: list[float | None] = []
    for symbol, close in zip(bars["symbol"].to_pylist(), bars["close"].to_pylist(), strict=True):
        returns.append(close / before[symbol] - 1.0 if symbol in before else None)
        before[symbol] = close
    return bars.select(["timestamp", "symbol"]).append_column("returns", pa.array(returns, pa.float64()))
