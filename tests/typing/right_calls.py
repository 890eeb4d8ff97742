"""Calls as people write them: every answer has the type of its data's library."""

from array import array
from typing import Any, assert_type

import duckdb
import numpy as np
import omega
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from omega.functions.grouped import Grouped
from omega.regimes import HiddenMarkov
from omega.ta import Bbands, Macd
from omega.volatility import Garch


def pandas_answers_in_pandas(bars: pd.DataFrame, close: "pd.Series[float]") -> None:
    assert_type(omega.ta.rsi(bars), "pd.Series[float]")
    assert_type(omega.ta.rsi(close, period=21), "pd.Series[float]")
    assert_type(omega.ta.rsi(bars["Close"]), "pd.Series[float]")
    assert_type(omega.ta.rsi(close=close), "pd.Series[float]")
    assert_type(omega.ta.rsi(bars, close="Adj Close", by="symbol", name="fast"), "pd.Series[float]")
    assert_type(omega.ta.atr(bars.high, bars.low, bars.close, period=14), "pd.Series[float]")
    assert_type(omega.ta.atr(high=bars["high"], low=bars["low"], close=bars["close"]), "pd.Series[float]")
    assert_type(omega.ta.macd(bars, fast_period=8), pd.DataFrame)
    assert_type(omega.ta.rsi({"close": close}), "pd.Series[float]")
    bars["rsi"] = omega.ta.rsi(bars)
    bars.join(omega.ta.bbands(bars, name="bb"))
    omega.ta.rsi(bars).iloc[-1].hex()


def polars_answers_in_polars(bars: pl.DataFrame, lazy: pl.LazyFrame, close: pl.Series) -> None:
    assert_type(omega.ta.rsi(bars), pl.Series)
    assert_type(omega.ta.rsi(lazy), pl.Series)
    assert_type(omega.ta.rsi(close), pl.Series)
    assert_type(omega.ta.atr(high=bars["high"], low=bars["low"], close=bars["close"]), pl.Series)
    assert_type(omega.ta.macd(lazy), pl.DataFrame)
    assert_type(omega.ta.rsi(pl.col("close"), period=14), pl.Expr)
    assert_type(omega.ta.atr(pl.col("high"), pl.col("low"), pl.col("close")), pl.Expr)
    assert_type(omega.ta.macd(close=pl.col("close")), pl.Expr)
    assert_type(omega.risk.sharpe_ratio(pl.col("returns")), pl.Expr)
    bars.with_columns(omega.ta.rsi(bars), omega.ta.rsi(pl.col("close")).over("symbol"))


def arrays_answer_in_arrays(close: NDArray[np.float64], ticks: NDArray[np.int64]) -> None:
    assert_type(omega.ta.rsi(close), NDArray[np.float64])
    assert_type(omega.ta.rsi(ticks), NDArray[np.float64])
    assert_type(omega.ta.rsi({"close": close}), NDArray[np.float64])
    assert_type(omega.ta.rsi(array("d", [1.0])), NDArray[np.float64])
    assert_type(omega.ta.rsi(memoryview(b"")), NDArray[np.float64])
    assert_type(omega.ta.macd(close), Macd[NDArray[np.float64]])
    assert_type(omega.ta.macd(close).signal, NDArray[np.float64])
    assert_type(omega.ta.rsi(close, out=close), NDArray[np.float64])
    assert_type(omega.ta.rsi([1.0, 2.0], out=memoryview(bytearray(16))), memoryview)


def lists_answer_in_lists(close: list[float], gaps: list[float | None], whole: list[int]) -> None:
    assert_type(omega.ta.rsi(close), list[float | None])
    assert_type(omega.ta.rsi(gaps), list[float | None])
    assert_type(omega.ta.rsi(whole), list[float | None])
    assert_type(omega.ta.rsi((1.0, 2.0), period=2), list[float | None])
    assert_type(omega.ta.rsi({"close": close}), list[float | None])
    assert_type(omega.ta.rsi({"close": [1.0, 2.0], "symbol": ["A", "B"]}, by="symbol"), list[float | None])
    assert_type(omega.ta.bbands(close), Bbands[list[float | None]])
    middle: list[float | None] = omega.ta.bbands(close).middle
    middle.append(None)


def a_number_or_one_per_group(returns: "pd.Series[float]", frame: pd.DataFrame, table: pl.DataFrame) -> None:
    assert_type(omega.risk.sharpe_ratio(returns), float | None)
    assert_type(omega.risk.sharpe_ratio(table, risk_free=0.0001), float | None)
    assert_type(omega.risk.sharpe_ratio([0.1, 0.2]), float | None)
    assert_type(omega.risk.sharpe_ratio(returns=returns, periods=12), float | None)
    assert_type(omega.risk.sharpe_ratio(frame, by="symbol"), pd.DataFrame)
    assert_type(omega.risk.beta(frame, returns="r", by=frame["symbol"]), pd.DataFrame)
    assert_type(omega.risk.sharpe_ratio(table, by="symbol"), pl.DataFrame)
    assert_type(omega.risk.sharpe_ratio(table, by=["exchange", "symbol"]), pl.DataFrame)
    grouped = omega.risk.sharpe_ratio({"returns": [0.1, 0.2], "symbol": ["A", "B"]}, by="symbol")
    assert_type(grouped, dict[Any, float | None])
    assert_type(omega.risk.rolling_volatility(frame, window=21), "pd.Series[float]")


def models_answer_with_their_class(returns: "pd.Series[float]", panel: pd.DataFrame) -> None:
    assert_type(omega.volatility.garch(returns), Garch)
    assert_type(omega.regimes.hidden_markov(returns, states=3), HiddenMarkov)
    assert_type(omega.volatility.garch(panel, by="symbol"), Grouped[Garch])
    assert_type(omega.volatility.garch(panel, by="symbol")["AAPL"].alpha, float | None)
    for symbol, fit in omega.volatility.garch(panel, by="symbol").items():
        print(symbol, fit.log_likelihood)


def other_data_is_taken_too(relation: "duckdb.DuckDBPyRelation", mixed: dict[str, object]) -> None:
    assert_type(omega.ta.rsi(relation), Any)
    assert_type(omega.ta.rsi(mixed), Any)
    assert_type(omega.risk.sharpe_ratio(relation), float | None)
    assert_type(omega.risk.sharpe_ratio(relation, by="symbol"), Any)
