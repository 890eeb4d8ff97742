"""Omega agrees with the libraries that people switch from: TA-Lib, empyrical, arch, hmmlearn.

Where it means to differ, the function's own description says so, and the test says how.
"""

import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Literal

import empyrical
import numpy as np
import omega
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import talib

from tests.functions.market import REDUCTIONS, ROLLING, ROWWISE, SHIPPED, SPECS, Floats, outputs, typed, walk

pytestmark = pytest.mark.peers

Bars = dict[str, Floats]


@cache
def shipped(symbol: str) -> Bars:
    """The shipped bars of an index, with their returns."""
    table = pq.read_table(SHIPPED / "index_bars.parquet")
    table = table.filter(pc.equal(table["symbol"], symbol))
    columns = {name: table[name].to_numpy() for name in ("high", "low", "close", "volume")}
    returns = np.diff(columns["close"]) / columns["close"][:-1]
    # Whatever varies may be a benchmark.
    return {**columns, "returns": returns, "benchmark": 0.5 * returns + 0.5 * np.roll(returns, 1)}


MARKETS: dict[str, Callable[[], Bars]] = {
    "SPX": lambda: shipped("SPX"),
    "IXIC": lambda: shipped("IXIC"),
    **{f"random walk {seed}": partial(walk, 3000, seed) for seed in range(3)},
    "short random walk": lambda: walk(120, 9),
}
every_market = pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)

#: For each indicator: the parameters to try, and TA-Lib's answer.
INDICATORS: dict[str, tuple[list[dict[str, Any]], Callable[..., Any]]] = {
    "ta.sma": (
        [{"period": n} for n in (2, 5, 30, 100)],
        lambda bars, period: talib.SMA(bars["close"], period),
    ),
    "ta.ema": (
        [{"period": n} for n in (2, 5, 30, 100)],
        lambda bars, period: talib.EMA(bars["close"], period),
    ),
    "ta.rsi": (
        [{"period": n} for n in (2, 14, 50)],
        lambda bars, period: talib.RSI(bars["close"], period),
    ),
    "ta.macd": (
        [
            {"fast_period": fast, "slow_period": slow, "signal_period": signal}
            for fast, slow, signal in ((12, 26, 9), (2, 3, 1), (5, 35, 5))
        ],
        lambda bars, fast_period, slow_period, signal_period: talib.MACD(
            bars["close"], fast_period, slow_period, signal_period
        ),
    ),
    "ta.bbands": (
        [
            {"period": period, "deviations_up": up, "deviations_down": down}
            for period, up, down in ((20, 2.0, 2.0), (5, 1.5, 2.5), (100, 3.0, 0.5))
        ],
        lambda bars, period, deviations_up, deviations_down: talib.BBANDS(
            bars["close"], period, deviations_up, deviations_down
        ),
    ),
    "ta.atr": (
        [{"period": n} for n in (2, 14, 50)],
        lambda bars, period: talib.ATR(bars["high"], bars["low"], bars["close"], period),
    ),
    "ta.adx": (
        [{"period": n} for n in (2, 14, 50)],
        lambda bars, period: talib.ADX(bars["high"], bars["low"], bars["close"], period),
    ),
    "ta.obv": ([{}], lambda bars: talib.OBV(bars["close"], bars["volume"])),
}

METRICS: dict[str, tuple[list[dict[str, Any]], Callable[..., Any]]] = {
    "risk.sharpe_ratio": (
        [{}, {"periods": 52.0, "risk_free": 0.0002}],
        lambda returns, periods=252.0, risk_free=0.0: empyrical.sharpe_ratio(
            returns, risk_free, annualization=periods
        ),
    ),
    "risk.sortino_ratio": (
        [{}, {"periods": 12.0, "required_return": 0.0005}],
        lambda returns, periods=252.0, required_return=0.0: empyrical.sortino_ratio(
            returns, required_return, annualization=periods
        ),
    ),
    "risk.volatility": (
        [{}, {"periods": 12.0}],
        lambda returns, periods=252.0: empyrical.annual_volatility(returns, annualization=periods),
    ),
    "risk.max_drawdown": ([{}], empyrical.max_drawdown),
    "risk.value_at_risk": (
        [{}, {"cutoff": 0.01}, {"cutoff": 0.5}, {"cutoff": 0.999}],
        lambda returns, cutoff=0.05: empyrical.value_at_risk(returns, cutoff),
    ),
    "risk.conditional_value_at_risk": (
        [{}, {"cutoff": 0.01}, {"cutoff": 0.5}],
        lambda returns, cutoff=0.05: empyrical.conditional_value_at_risk(returns, cutoff),
    ),
    "risk.beta": ([{}], empyrical.beta),
}


def test_every_indicator_and_metric_has_a_peer() -> None:
    assert set(INDICATORS) == set(ROWWISE) - set(ROLLING)
    assert set(METRICS) == set(REDUCTIONS)


@every_market
@pytest.mark.parametrize("name", INDICATORS)
def test_an_indicator_agrees_with_talib(name: str, market: Callable[[], Bars]) -> None:
    bars = market()
    choices, peer = INDICATORS[name]
    for given in choices:
        expected = outputs(peer(bars, **given))
        for found, value in zip(outputs(typed(name)(bars, **given)), expected, strict=True):
            assert np.isnan(found).tolist() == np.isnan(value).tolist()
            # TA-Lib's own rounding, where a difference nears zero, is of the size of the prices.
            scale = 1e-12 * np.nanmax(np.abs(bars["close"])) if name in {"ta.macd", "ta.bbands"} else 0.0
            np.testing.assert_allclose(found, value, rtol=1e-9, atol=scale)


@every_market
@pytest.mark.parametrize("name", METRICS)
def test_a_metric_agrees_with_empyrical(name: str, market: Callable[[], Bars]) -> None:
    columns = market()
    columns = {each.name: columns[each.name] for each in SPECS[name].inputs}
    choices, peer = METRICS[name]
    for given in choices:
        assert typed(name)(columns, **given) == pytest.approx(peer(*columns.values(), **given), rel=1e-9)


@pytest.mark.julia
@pytest.mark.parametrize("market", ["SPX", "IXIC", "random walk 1"])
@pytest.mark.parametrize("mean", ["constant", "zero"])
def test_garch_fits_no_worse_than_arch(market: str, mean: Literal["constant", "zero"]) -> None:
    import arch

    returns = MARKETS[market]()["returns"][:2500]
    # arch asks for returns in percent; a scale shifts the log-likelihood by a known amount.
    scale = 100.0
    peer = arch.arch_model(scale * returns, mean=mean, vol="GARCH", p=1, q=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = peer.fit(disp="off", options={"ftol": 1e-12})
    expected = fit.loglikelihood + len(returns) * np.log(scale)
    found = omega.volatility.garch(returns, mean=mean)
    assert found.log_likelihood >= expected - 1e-6 * abs(expected)
    if market != "random walk 1":  # whose variance is constant: its likelihood is flat, and has no one top
        volatility = fit.conditional_volatility / scale
        np.testing.assert_allclose(found.conditional_volatility, volatility, rtol=2e-2)


@pytest.mark.julia
@pytest.mark.parametrize("market", ["SPX", "IXIC", "random walk 2"])
@pytest.mark.parametrize("states", [2, 3])
def test_a_hidden_markov_model_fits_no_worse_than_hmmlearn(market: str, states: int) -> None:
    from hmmlearn.hmm import GaussianHMM

    returns = MARKETS[market]()["returns"][:1000]
    # Both maximise the likelihood alone: no prior on the variances.
    best = max(
        GaussianHMM(states, covars_prior=0.0, n_iter=500, tol=1e-6, random_state=seed)
        .fit(returns[:, None])
        .score(returns[:, None])
        for seed in range(2)
    )
    found = omega.regimes.hidden_markov(returns, states=states, variance_prior=1e-12)
    assert found.log_likelihood >= best - 1e-6 * abs(best)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1.0, rtol=1e-9)
    assert (np.diff(found.standard_deviations) >= 0).all()
