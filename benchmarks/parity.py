"""Whether Omega and a peer give the same answer on the same data: for tests, and before anything is timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import omega

from benchmarks.data import Bars, Floats
from benchmarks.results import Parity

#: Relative, for indicators and metrics.
TOLERANCE = 1e-9
#: By which share of its size a log-likelihood may be worse than the peer's.
LIKELIHOOD_TOLERANCE = 1e-6
#: Means of resampled values may lie so many standard errors of the simulation apart.
SIMULATION_TOLERANCE = 5.0

Function = Callable[[Bars], Any]


def talib_functions() -> dict[str, tuple[Function, Function]]:
    """Omega's and TA-Lib's indicators, on NumPy arrays, with equal parameters."""
    import talib

    return {
        "ta.sma": (lambda b: omega.ta.sma(b.close), lambda b: talib.SMA(b.close, timeperiod=30)),
        "ta.ema": (lambda b: omega.ta.ema(b.close), lambda b: talib.EMA(b.close, timeperiod=30)),
        "ta.rsi": (lambda b: omega.ta.rsi(b.close), lambda b: talib.RSI(b.close, timeperiod=14)),
        "ta.macd": (lambda b: omega.ta.macd(b.close), lambda b: talib.MACD(b.close)),
        "ta.bbands": (
            lambda b: omega.ta.bbands(b.close),
            lambda b: talib.BBANDS(b.close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0),
        ),
        "ta.atr": (
            lambda b: omega.ta.atr(high=b.high, low=b.low, close=b.close),
            lambda b: talib.ATR(b.high, b.low, b.close, timeperiod=14),
        ),
        "ta.adx": (
            lambda b: omega.ta.adx(high=b.high, low=b.low, close=b.close),
            lambda b: talib.ADX(b.high, b.low, b.close, timeperiod=14),
        ),
        "ta.obv": (
            lambda b: omega.ta.obv(close=b.close, volume=b.volume),
            lambda b: talib.OBV(b.close, b.volume),
        ),
    }


Metric = Callable[[Floats], Any]


def empyrical_functions() -> dict[str, tuple[Metric, Metric]]:
    """Omega's and empyrical's metrics of the same returns."""
    import empyrical

    return {
        "risk.sharpe_ratio": (
            omega.risk.sharpe_ratio,
            lambda r: empyrical.sharpe_ratio(r, annualization=252),
        ),
        "risk.sortino_ratio": (
            omega.risk.sortino_ratio,
            lambda r: empyrical.sortino_ratio(r, annualization=252),
        ),
        "risk.volatility": (
            omega.risk.volatility,
            lambda r: empyrical.annual_volatility(r, annualization=252),
        ),
        "risk.max_drawdown": (omega.risk.max_drawdown, empyrical.max_drawdown),
        "risk.value_at_risk": (
            omega.risk.value_at_risk,
            lambda r: empyrical.value_at_risk(r, cutoff=0.05),
        ),
        "risk.conditional_value_at_risk": (
            omega.risk.conditional_value_at_risk,
            lambda r: empyrical.conditional_value_at_risk(r, cutoff=0.05),
        ),
    }


def indicators(bars: Bars) -> Iterator[Parity]:
    """Every output of every indicator against TA-Lib: missing in the same rows, elsewhere equal."""
    for name, (ours, theirs) in talib_functions().items():
        outputs = [each.name for each in omega.spec(name).outputs]
        for output, left, right in zip(outputs, _columns(ours(bars)), _columns(theirs(bars)), strict=True):
            yield compare(name, output, "TA-Lib", bars.name, left, right)


def metrics(returns: Floats, data: str) -> Iterator[Parity]:
    """Every metric against empyrical."""
    for name, (ours, theirs) in empyrical_functions().items():
        answer, expected = np.array([ours(returns)]), np.array([theirs(returns)])
        yield compare(
            name, name.partition(".")[2], "empyrical-reloaded", data, answer, expected, rows=len(returns)
        )


def compare(
    function: str,
    output: str,
    peer: str,
    data: str,
    answer: Floats,
    expected: Floats,
    rows: int | None = None,
) -> Parity:
    """The worst relative difference between two columns: see `relative_difference`."""
    return Parity(
        function=function,
        output=output,
        peer=peer,
        data=data,
        rows=len(expected) if rows is None else rows,
        difference=(difference := relative_difference(answer, expected)),
        allowed=TOLERANCE,
        measure="relative difference",
        passed=difference <= TOLERANCE,
    )


def relative_difference(answer: Floats, expected: Floats) -> float:
    """The worst difference relative to the expected value; 1e300 where only one of the two has a value.

    A column that crosses zero, such as MACD, is a difference of numbers that are far greater: near the
    crossing the rounding of either library is large in comparison with what is left. There the difference is
    relative to the column's root mean square where that is greater.

    >>> relative_difference(np.array([np.nan, 1.0, 2.0]), np.array([np.nan, 1.0, 2.5]))
    0.2
    """
    missing = np.isnan(expected)
    if len(answer) != len(expected) or not np.array_equal(np.isnan(answer), missing):
        return 1e300  # and not infinity, which JSON cannot say
    answer, expected = answer[~missing], expected[~missing]
    if not len(expected):
        return 0.0
    scale = np.abs(expected)
    if expected.min() < 0.0 < expected.max():
        scale = np.maximum(scale, math.sqrt(float(np.mean(np.square(expected)))))
    differences = np.abs(answer - expected)
    relative = np.divide(differences, scale, out=np.full_like(scale, 1e300), where=scale > 0)
    return float(np.where(differences == 0.0, 0.0, relative).max())


def _columns(answer: Any) -> Sequence[Floats]:
    return answer if isinstance(answer, tuple) else (answer,)


# Models are compared by what they maximise: a likelihood is flat at its top, its parameters less certain.


def models(returns: Floats, data: str, starts: int = 5) -> Iterator[Parity]:
    """The log-likelihoods of GARCH and hidden Markov models, and the distribution of the bootstrap."""
    yield garch(returns, data)
    yield hidden_markov(returns, data, starts)
    yield stationary_bootstrap(returns, data)


def garch(returns: Floats, data: str) -> Parity:
    """GARCH(1,1) with a constant mean, against arch."""
    fit = omega.volatility.garch(returns)
    # In percent, as arch asks for; the density of percents is a hundredth of that of fractions.
    expected = arch_garch(returns).loglikelihood + len(returns) * math.log(100)
    return _likelihood("volatility.garch", "arch", data, len(returns), fit.log_likelihood, expected)


def arch_garch(returns: Floats) -> Any:
    """arch's fit of the model that `omega.volatility.garch` fits by default."""
    import arch

    model = arch.arch_model(100 * returns, mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
    return model.fit(disp="off", show_warning=False)


def hidden_markov(returns: Floats, data: str, starts: int) -> Parity:
    """A Gaussian model of two states, against the best of several starts of hmmlearn."""
    fit = omega.regimes.hidden_markov(returns)
    percent = 100 * returns.reshape(-1, 1)
    scores = (hmmlearn_fit(percent, seed).score(percent) for seed in range(starts))
    expected = max(scores) + len(returns) * math.log(100)
    return _likelihood("regimes.hidden_markov", "hmmlearn", data, len(returns), fit.log_likelihood, expected)


def hmmlearn_fit(percent: Any, seed: int) -> Any:
    """hmmlearn's model of two states from one random start, run to the tolerance that Omega runs to."""
    from hmmlearn.hmm import GaussianHMM

    return GaussianHMM(2, n_iter=5_000, tol=1e-6, covars_prior=0.0, random_state=seed).fit(percent)


def _likelihood(function: str, peer: str, data: str, rows: int, ours: float, theirs: float) -> Parity:
    worse = max(0.0, (theirs - ours) / abs(theirs))
    return Parity(
        function=function,
        output="log_likelihood",
        peer=peer,
        data=data,
        rows=rows,
        difference=worse,
        allowed=LIKELIHOOD_TOLERANCE,
        measure="relative, worse than the peer",
        passed=worse <= LIKELIHOOD_TOLERANCE,
    )


def stationary_bootstrap(returns: Floats, data: str, replications: int = 2_000, block: int = 10) -> Parity:
    """The mean of resampled value at risk against arch's, in standard errors of that difference.

    The two draw other random numbers, so nothing can agree to the last digit.
    """
    answer = omega.simulation.stationary_bootstrap(returns, replications=replications, mean_block=block)
    expected = arch_bootstrap(returns, replications, block)
    drawn = np.asarray(answer.replications)
    error = math.sqrt((drawn.var(ddof=1) + expected.var(ddof=1)) / replications)
    difference = abs(float(drawn.mean() - expected.mean())) / error
    return Parity(
        function="simulation.stationary_bootstrap",
        output="mean of replications",
        peer="arch",
        data=data,
        rows=len(returns),
        difference=difference,
        allowed=SIMULATION_TOLERANCE,
        measure="standard errors of the simulations",
        passed=difference <= SIMULATION_TOLERANCE,
    )


def arch_bootstrap(returns: Floats, replications: int, block: int) -> Floats:
    """The value at risk of arch's replications."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(block, returns, seed=0)
    drawn: Floats = bootstrap.apply(lambda r: np.array([np.quantile(r, 0.05)]), replications).ravel()
    return drawn


def failures(parity: Sequence[Parity]) -> list[Parity]:
    """The comparisons that do not agree."""
    return [each for each in parity if not each.passed]
