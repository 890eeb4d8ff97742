"""Writes `tests/vectors/`: what independent implementations answer on real data.

Needs an environment of its own, because the peers pin what Omega does not::

    pip install TA-Lib==0.8.2 empyrical-reloaded==0.7.1 arch==8.0.0 hmmlearn==0.3.3 pyarrow
    python tools/make_vectors.py
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import arch
import arch.bootstrap
import arch.univariate
import empyrical
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import talib
from hmmlearn.hmm import GaussianHMM

ROOT = Path(__file__).parents[1]
DATA = ROOT / "src" / "data" / "index_bars.parquet"
VECTORS = ROOT / "tests" / "vectors"

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Parameters = Mapping[str, float | str]


@dataclass(frozen=True)
class Bars:
    """The columns of one symbol."""

    symbol: str
    columns: Mapping[str, Array]

    def head(self, rows: int) -> Mapping[str, Array]:
        """The first rows of every column."""
        return {name: values[:rows] for name, values in self.columns.items()}

    def returns(self, rows: int) -> Array:
        """The first simple returns of the close."""
        close = self.columns["close"][: rows + 1]
        return close[1:] / close[:-1] - 1


def read(path: Path, symbol: str) -> Bars:
    """One symbol of the shipped data."""
    table = pq.read_table(path)
    table = table.filter(pc.equal(table["symbol"], symbol))
    names = ("open", "high", "low", "close", "volume")
    return Bars(symbol, {name: table[name].to_numpy() for name in names})


def shown(value: float) -> str:
    """All digits; nothing for NaN."""
    return "" if math.isnan(value) else repr(float(value))


def write(
    name: str, header: Iterable[str], cases: Sequence[Parameters], columns: str, lines: Iterable[str]
) -> None:
    """One file: what it is, its cases, its columns, its rows."""
    module, function = name.split(".")
    path = VECTORS / module / f"{function}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    described = (
        f"case {number}: " + " ".join(f"{key}={value}" for key, value in case.items())
        for number, case in enumerate(cases)
    )
    comments = [f"function: {name}", *header, *described]
    text = [*(f"# {comment}".rstrip() for comment in comments), columns, *lines]
    path.write_text("\n".join(text) + "\n")
    print(path.relative_to(ROOT))


def wide(
    name: str,
    reference: str,
    data: str,
    inputs: Mapping[str, Array],
    outputs: Sequence[str],
    cases: Sequence[Parameters],
    answer: Callable[..., Sequence[Array]],
) -> None:
    """A file with a row per row of data: inputs and outputs side by side."""

    def lines() -> Iterable[str]:
        for number, case in enumerate(cases):
            columns = [*inputs.values(), *answer(**case)]
            for row in zip(*columns, strict=True):
                yield ",".join([str(number), *(shown(value) for value in row)])

    write(
        name,
        [f"reference: {reference}", f"data: {data}"],
        cases,
        ",".join(["case", *inputs, *outputs]),
        lines(),
    )


def long(
    name: str,
    reference: str,
    notes: Sequence[str],
    cases: Sequence[Parameters],
    answer: Callable[..., Mapping[str, float | Array]],
) -> None:
    """A file with a row per number: its name, its place, its value."""

    def lines() -> Iterable[str]:
        for number, case in enumerate(cases):
            for item, values in answer(**case).items():
                for place, value in enumerate(np.atleast_1d(values).ravel()):
                    yield f"{number},{item},{place},{shown(float(value))}"

    write(name, [f"reference: {reference}", *notes], cases, "case,name,index,value", lines())


def indicators(bars: Bars, rows: int) -> None:
    """`ta.*`, by TA-Lib."""
    c = bars.head(rows)
    reference = f"TA-Lib {version('TA-Lib')} (C library {talib.__ta_version__.decode().split()[0]})"  # type: ignore[attr-defined]
    data = f"index_bars.parquet, {bars.symbol}, first {rows} rows"

    def one(
        name: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        cases: Sequence[Parameters],
        answer: Callable[..., Sequence[Array]],
    ) -> None:
        wide(name, reference, data, {key: c[key] for key in inputs}, outputs, cases, answer)

    close, bar = ["close"], ["high", "low", "close"]
    high, low, last, volume = c["high"], c["low"], c["close"], c["volume"]
    one(
        "ta.sma",
        close,
        ["sma"],
        [{"period": p} for p in (30, 5, 1, 200)],
        lambda period: [talib.SMA(last, period)],
    )
    one(
        "ta.ema",
        close,
        ["ema"],
        [{"period": p} for p in (30, 5, 1, 200)],
        lambda period: [talib.EMA(last, period)],
    )
    one(
        "ta.rsi",
        close,
        ["rsi"],
        [{"period": p} for p in (14, 2, 50)],
        lambda period: [talib.RSI(last, period)],
    )
    one(
        "ta.macd",
        close,
        ["macd", "signal", "histogram"],
        [
            dict(zip(("fast_period", "slow_period", "signal_period"), p, strict=True))
            for p in ((12, 26, 9), (2, 3, 1), (5, 35, 5), (19, 39, 9))
        ],
        lambda fast_period, slow_period, signal_period: talib.MACD(
            last, fast_period, slow_period, signal_period
        ),
    )
    one(
        "ta.bbands",
        close,
        ["upper", "middle", "lower"],
        [
            dict(zip(("period", "deviations_up", "deviations_down"), p, strict=True))
            for p in ((20, 2.0, 2.0), (5, 1.5, 2.5), (2, 3.0, 0.5), (100, 2.0, 2.0))
        ],
        lambda period, deviations_up, deviations_down: talib.BBANDS(
            last, period, deviations_up, deviations_down
        ),
    )
    one(
        "ta.atr",
        bar,
        ["atr"],
        [{"period": p} for p in (14, 1, 2, 50)],
        lambda period: [talib.ATR(high, low, last, period)],
    )
    one(
        "ta.adx",
        bar,
        ["adx"],
        [{"period": p} for p in (14, 2, 50)],
        lambda period: [talib.ADX(high, low, last, period)],
    )
    one("ta.obv", ["close", "volume"], ["obv"], [{}], lambda: [talib.OBV(last, volume)])


def metrics(bars: Bars, benchmark: Bars, rows: int) -> None:
    """`risk.*`, by empyrical, over every number of first rows."""
    returns = bars.returns(rows)
    reference = f"empyrical-reloaded {version('empyrical-reloaded')}"
    data = f"index_bars.parquet, {bars.symbol}, first {rows} returns of close; row i answers for rows 0 to i"

    def one(
        name: str,
        cases: Sequence[Parameters],
        answer: Callable[..., float],
        least: int = 1,
        others: Mapping[str, Array] | None = None,
    ) -> None:
        inputs = {"returns": returns, **(others or {})}

        def growing(**case: float) -> Sequence[Array]:
            with np.errstate(all="ignore"):
                answers = [
                    answer(*(column[:end] for column in inputs.values()), **case)
                    if end >= least
                    else math.nan
                    for end in range(1, rows + 1)
                ]
            # Where nothing was lost a ratio is infinite there and undefined here.
            return [np.array([value if np.isfinite(value) else math.nan for value in answers])]

        wide(name, reference, data, inputs, [name.split(".")[1]], cases, growing)

    one(
        "risk.sharpe_ratio",
        [{"periods": p, "risk_free": f} for p, f in ((252.0, 0.0), (252.0, 0.0002), (12.0, -0.001))],
        lambda r, periods, risk_free: empyrical.sharpe_ratio(r, risk_free=risk_free, annualization=periods),
    )
    one(
        "risk.sortino_ratio",
        [{"periods": p, "required_return": q} for p, q in ((252.0, 0.0), (252.0, 0.0005), (52.0, -0.01))],
        lambda r, periods, required_return: empyrical.sortino_ratio(
            r, required_return=required_return, annualization=periods
        ),
        least=2,
    )
    one(
        "risk.volatility",
        [{"periods": p} for p in (252.0, 12.0, 1.0)],
        lambda r, periods: empyrical.annual_volatility(r, annualization=periods),
    )
    one("risk.max_drawdown", [{}], empyrical.max_drawdown)
    one(
        "risk.value_at_risk",
        [{"cutoff": q} for q in (0.05, 0.01, 0.5, 0.999)],
        lambda r, cutoff: empyrical.value_at_risk(r, cutoff=cutoff),
    )
    one(
        "risk.conditional_value_at_risk",
        [{"cutoff": q} for q in (0.05, 0.01, 0.5, 0.999)],
        lambda r, cutoff: empyrical.conditional_value_at_risk(r, cutoff=cutoff),
    )
    one("risk.beta", [{}], empyrical.beta, least=2, others={"benchmark": benchmark.returns(rows)})


def garch(series: Mapping[str, Bars], rows: int) -> None:
    """`volatility.garch`, by arch, which fits percent; everything is written in fractions."""

    def answer(symbol: str, mean: Any, covariance: Any, horizon: int) -> Mapping[str, float | Array]:
        returns = series[symbol].returns(rows)
        model = arch.arch_model(100 * returns, mean=mean.capitalize(), vol="GARCH", p=1, q=1, rescale=False)
        fit = model.fit(disp="off", cov_type=covariance, options={"ftol": 1e-15, "maxiter": 10_000})
        found = fit.params.to_dict() | {"mu": fit.params.get("mu", 0.0)}
        errors = fit.std_err.to_dict()
        return {
            "returns": returns,
            "mu": found["mu"] / 100,
            "omega": found["omega"] / 1e4,
            "alpha": found["alpha[1]"],
            "beta": found["beta[1]"],
            "mu_standard_error": errors.get("mu", math.nan) / 100,
            "omega_standard_error": errors["omega"] / 1e4,
            "alpha_standard_error": errors["alpha[1]"],
            "beta_standard_error": errors["beta[1]"],
            "log_likelihood": fit.loglikelihood + rows * math.log(100),
            "conditional_volatility": fit.conditional_volatility / 100,
            "standardized_residuals": fit.std_resid,
            "forecast_variance": fit.forecast(horizon=horizon, reindex=False).variance.to_numpy()[-1] / 1e4,
        }

    cases: list[Parameters] = [
        {"symbol": "SPX", "mean": "constant", "covariance": "robust", "horizon": 10},
        {"symbol": "SPX", "mean": "zero", "covariance": "robust", "horizon": 3},
        {"symbol": "IXIC", "mean": "constant", "covariance": "classic", "horizon": 20},
    ]
    notes = [
        f"data: index_bars.parquet, first {rows} returns of close",
        "log_likelihood agrees to 1e-6 relative, parameters to about 1e-4: the likelihood is flat there",
    ]
    long(
        "volatility.garch", f"arch {version('arch')}, arch_model(vol='GARCH', p=1, q=1)", notes, cases, answer
    )


def ewma(series: Mapping[str, Bars], rows: int) -> None:
    """`volatility.ewma`, by arch; its covariances, which arch lacks, by arch over sums of two assets."""

    def one(returns: Array, decay: float) -> tuple[Array, float]:
        model = arch.univariate.ZeroMean(
            returns, volatility=arch.univariate.EWMAVariance(decay), rescale=False
        )
        fit = model.fit(disp="off")
        return np.asarray(fit.conditional_volatility), float(
            fit.forecast(reindex=False).variance.to_numpy()[-1, 0]
        )

    def answer(symbols: str, decay: float, periods: float) -> Mapping[str, float | Array]:
        a, b = (series[symbol].returns(rows) for symbol in symbols.split("+"))
        (volatility_a, variance_a), (volatility_b, variance_b) = one(a, decay), one(b, decay)
        between = (one(a + b, decay)[1] - one(a - b, decay)[1]) / 4
        year = math.sqrt(periods)
        return {
            "returns": np.column_stack([a, b]),
            "volatility": year * np.column_stack([volatility_a, volatility_b]),
            "forecast_volatility": year * np.sqrt([variance_a, variance_b]),
            "forecast_covariance": periods * np.array([[variance_a, between], [between, variance_b]]),
        }

    cases: list[Parameters] = [
        {"symbols": "SPX+IXIC", "decay": 0.94, "periods": 252.0},
        {"symbols": "IXIC+SPX", "decay": 0.8, "periods": 1.0},
    ]
    notes = [f"data: index_bars.parquet, first {rows} returns of close", "tables are flattened row by row"]
    reference = (
        f"arch {version('arch')}, ZeroMean(volatility=EWMAVariance(decay)); a covariance is a quarter of "
    )
    long("volatility.ewma", reference + "the variance of a + b less that of a - b", notes, cases, answer)


def hidden_markov(series: Mapping[str, Bars], rows: int, restarts: int = 20) -> None:
    """`regimes.hidden_markov`, by hmmlearn without its prior on variances, the best of many random starts."""

    def answer(symbol: str, states: int) -> Mapping[str, float | Array]:
        returns = series[symbol].returns(rows)
        percent = 100 * returns.reshape(-1, 1)

        def fit(seed: int) -> tuple[float, GaussianHMM]:
            model = GaussianHMM(states, n_iter=20_000, tol=1e-9, covars_prior=0.0, random_state=seed)
            model.fit(percent)
            return model.score(percent), model

        score, best = max((fit(seed) for seed in range(restarts)), key=lambda scored: scored[0])
        deviations = np.sqrt(best.covars_.ravel())
        order = np.argsort(deviations)
        return {
            "returns": returns,
            "means": best.means_.ravel()[order] / 100,
            "standard_deviations": deviations[order] / 100,
            "transition": best.transmat_[np.ix_(order, order)],
            "initial": best.startprob_[order],
            "log_likelihood": score + rows * math.log(100),
            "posterior": best.predict_proba(percent)[:, order],
        }

    cases: list[Parameters] = [{"symbol": "SPX", "states": 2}, {"symbol": "IXIC", "states": 3}]
    notes = [
        f"data: index_bars.parquet, first {rows} returns of close",
        "states ascend in standard deviation; transition and posterior are flattened row by row",
        "parameters agree to about 1e-3: compare log_likelihood, which may be no worse than by 1e-6 relative",
    ]
    reference = f"hmmlearn {version('hmmlearn')}, GaussianHMM(covars_prior=0), best of {restarts} starts"
    long("regimes.hidden_markov", reference, notes, cases, answer)


def stationary_bootstrap(series: Mapping[str, Bars], rows: int, replications: int = 20_000) -> None:
    """`simulation.stationary_bootstrap`, by arch, with so many replications that little chance is left."""

    def answer(
        symbol: str, cutoff: float, mean_block: float, confidence: float
    ) -> Mapping[str, float | Array]:
        returns: Any = series[symbol].returns(rows)
        value_at_risk = float(np.quantile(returns, cutoff))
        in_tail = (returns <= value_at_risk).astype(float)
        optimal = float(arch.bootstrap.optimal_block_length(in_tail)["stationary"].iloc[0])
        block = mean_block or max(optimal, 1.0)
        bootstrap = arch.bootstrap.StationaryBootstrap(block, returns, seed=0)  # type: ignore[arg-type]
        drawn = bootstrap.apply(lambda r: np.array([np.quantile(r, cutoff)]), replications).ravel()
        return {
            "returns": returns,
            "value_at_risk": value_at_risk,
            "lower": float(np.quantile(drawn, (1 - confidence) / 2)),
            "upper": float(np.quantile(drawn, (1 + confidence) / 2)),
            "mean": float(drawn.mean()),
            "standard_error": float(drawn.std(ddof=1)),
            "optimal_block_of_tail": optimal,
            "optimal_block_of_returns": float(
                arch.bootstrap.optimal_block_length(returns)["stationary"].iloc[0]
            ),
            "mean_block": block,
        }

    cases: list[Parameters] = [
        {"symbol": "SPX", "cutoff": 0.05, "mean_block": 0.0, "confidence": 0.95},
        {"symbol": "SPX", "cutoff": 0.05, "mean_block": 10.0, "confidence": 0.95},
        {"symbol": "IXIC", "cutoff": 0.01, "mean_block": 5.0, "confidence": 0.9},
    ]
    notes = [
        f"data: index_bars.parquet, first {rows} returns of close",
        f"{replications} replications, with other random numbers",
        "standard_error agrees to a few percent, lower and upper to a tenth of it, the rest to 1e-9",
        "mean_block=0 is optimal_block_of_tail, that of rows at or below value_at_risk, or 1 if that is less",
    ]
    reference = (
        f"arch {version('arch')}, bootstrap.StationaryBootstrap(seed=0), bootstrap.optimal_block_length"
    )
    long("simulation.stationary_bootstrap", reference, notes, cases, answer)


def main() -> None:
    """Writes every file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="index_bars.parquet")
    path = parser.parse_args().data
    series = {symbol: read(path, symbol) for symbol in ("SPX", "IXIC")}
    indicators(series["SPX"], 400)
    metrics(series["IXIC"], series["SPX"], 400)
    garch(series, 1500)
    ewma(series, 120)
    hidden_markov(series, 1000)
    stationary_bootstrap(series, 1000)


if __name__ == "__main__":
    main()
