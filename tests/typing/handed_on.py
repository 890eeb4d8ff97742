"""Functions that are handed to something else, which is where overloads are hard on type checkers."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, assert_type

import omega
import pandas as pd
import polars as pl


def panels(panel: pd.DataFrame, wide: pd.DataFrame, close: "pd.Series[float]") -> None:
    panel.groupby("symbol")["close"].transform(omega.ta.rsi)
    panel.groupby("symbol")["close"].transform(omega.ta.rsi, period=5)
    close.rolling(20).apply(omega.risk.sharpe_ratio, raw=True)
    close.pipe(omega.ta.rsi, period=4)
    wide.apply(omega.ta.rsi)
    panel.assign(rsi=lambda rows: omega.ta.rsi(rows, by="symbol"))


def threads(close: "pd.Series[float]", many: list[list[float]]) -> None:
    with ThreadPoolExecutor() as pool:
        assert_type(pool.submit(omega.ta.rsi, close, period=14).result(), "pd.Series[float]")
        assert_type(pool.submit(omega.risk.sharpe_ratio, close, periods=12.0).result(), float | None)
        pool.submit(omega.volatility.garch, close)
        list(pool.map(omega.ta.rsi, many))
    partial(omega.ta.rsi, period=5)(close)


def expressions(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.select(pl.col("close").map_batches(omega.ta.rsi, return_dtype=pl.Float64))


def by_name(bars: pd.DataFrame, written: str) -> None:
    functions = {"fast": omega.ta.sma, "slow": omega.ta.ema}
    print({name: function(bars) for name, function in functions.items()})
    for each in omega.functions("ta"):
        print(omega.call(each, bars), omega.spec(each).summary)
    for each in ["ta.sma", "ta.ema"]:
        omega.stream(each, period=3)
    definitions: dict[str, tuple[str, dict[str, Any]]] = {"rsi": (written, {})}
    omega.FeatureSet(definitions)
