"""Calls with a mistake in each line, which type checkers must see: `# wrong` marks what they must report."""

from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl


def names(bars: pd.DataFrame) -> None:
    omega.ta.rsii(bars)  # wrong
    omega.ta.sharpe_ratio(bars)  # wrong
    omega.tb.rsi(bars)  # wrong
    omega.rsi(bars)  # wrong


def parameters(bars: pd.DataFrame, lazy: pl.LazyFrame, anything: Any) -> None:
    omega.ta.rsi(bars, perid=14)  # wrong
    omega.ta.rsi(bars, timeperiod=14)  # wrong
    omega.ta.rsi(bars, window=14)  # wrong
    omega.ta.rsi(lazy, perid=14)  # wrong
    omega.ta.rsi([1.0], perid=14)  # wrong
    omega.ta.rsi(anything, perid=14)  # wrong
    omega.ta.rsi({"close": [1.0]}, perid=14)  # wrong
    omega.ta.rsi(np.ones(5), out=np.ones(5), perid=14)  # wrong
    omega.ta.atr(bars["high"], bars["low"], bars["close"], perid=14)  # wrong
    omega.risk.sharpe_ratio(bars, rf=0.0)  # wrong
    omega.risk.sharpe_ratio(bars, by="symbol", rf=0.0)  # wrong
    omega.risk.sharpe_ratio(bars, out=np.ones(5))  # wrong
    omega.regimes.hidden_markov(bars, n_states=2)  # wrong
    omega.regimes.hidden_markov(bars, by="symbol", n_states=2)  # wrong


def values(bars: pd.DataFrame, close: "pd.Series[float]") -> None:
    omega.ta.rsi(bars, period="14")  # wrong
    omega.ta.rsi(bars, period=14.0)  # wrong
    omega.ta.rsi(bars, nulls="drop")  # wrong
    omega.ta.rsi(bars, name=3)  # wrong
    omega.ta.rsi(close, out=1.0)  # wrong
    omega.volatility.garch(close, mean="arma")  # wrong
    omega.functions(kind="indicator")  # wrong
    omega.stream("ta.rsi", nulls="drop")  # wrong


def columns(bars: pd.DataFrame, close: "pd.Series[float]") -> None:
    omega.ta.rsi(bars, 14)  # wrong
    omega.ta.rsi(14)  # wrong
    omega.ta.bbands(close, 20, 2)  # wrong
    omega.ta.atr(close, close, close, close, close)  # wrong
    omega.ta.rsi(close, open=close)  # wrong


def answers(bars: pd.DataFrame, close: "pd.Series[float]") -> None:
    omega.ta.macd(close.to_numpy()).sginal  # wrong
    omega.ta.macd([1.0]).sginal  # wrong
    omega.ta.rsi(pl.col("close")).ovre("symbol")  # wrong
    omega.risk.sharpe_ratio(bars) + 1.0  # wrong
    omega.regimes.hidden_markov(close).statez  # wrong
    omega.regimes.hidden_markov(bars, by="symbol")["AAPL"].statez  # wrong
    omega.regimes.hidden_markov(bars, by="symbol").means  # wrong
