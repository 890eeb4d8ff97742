"""What the peers answer, by Omega's names and in Omega's units, as the table of peers says."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import omega
from omega.functions import peers
from omega.functions.peers import PeerFunction

from benchmarks.data import Bars

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Any]
Answers = dict[str, Any]


def complete(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with the defaults of all that are not given."""
    return {**{each.name: each.default for each in omega.spec(name).parameters}, **given}


def outputs(peer: PeerFunction) -> tuple[str, ...]:
    """The names of a peer's outputs, in its order."""
    return peer.outputs or tuple(each.name for each in omega.spec(peer.omega).outputs)


def columns(peer: PeerFunction, data: Columns | Bars, rows: int | None = None) -> dict[str, Any]:
    """What a function reads of some data, by the names of its inputs; of many columns rows by columns."""
    column = (
        partial(data.column, table=omega.spec(peer.omega).table)
        if isinstance(data, Bars)
        else data.__getitem__
    )

    def read(names: str | list[str]) -> Any:
        if isinstance(names, str):
            return column(names)[:rows]
        return np.column_stack([column(name)[:rows] for name in names])

    return {name: read(peer.column(name)) for name in peer.inputs}


def answer(
    peer: PeerFunction,
    read: Columns,
    given: Mapping[str, Any],
    constants: Mapping[str, Any] | None = None,
) -> Answers:
    """What a peer answers: by output an array, of one number where the answer is one.

    `read` is by the names of the inputs; `constants` stand for the peer's in the table where they are given.
    Where the peer answers an infinity, as for a ratio to nothing, Omega answers nothing: NaN here.
    """
    chosen = complete(peer.omega, given)
    if peer.window is not None:
        return _over_windows(peer, read, chosen)
    found = call(peer, read, chosen, constants)
    if peer.adapter is not None:
        with np.errstate(all="ignore"):  # standard errors, where a likelihood has no curvature
            named = ADAPTERS[peer.adapter][1](found, read, peer.keywords(chosen))
    else:
        named = dict(zip(outputs(peer), found if isinstance(found, tuple) else (found,), strict=True))
    return {name: _finite(values) * peer.scaled(name) for name, values in named.items()}


def call(
    peer: PeerFunction, read: Columns, chosen: Mapping[str, Any], constants: Mapping[str, Any] | None
) -> Any:
    """The peer's own answer, as it is timed: `chosen` are all of Omega's parameters."""
    scale = peer.scale.get("inputs")
    taken = [read[name] if scale is None else scale * read[name] for name in peer.inputs]
    keywords = {theirs: peer.said(ours, chosen[ours]) for ours, theirs in peer.parameters.items()}
    keywords.update(peer.constants if constants is None else constants)
    if peer.adapter is not None:
        return ADAPTERS[peer.adapter][0](*taken, **keywords)
    with np.errstate(all="ignore"):
        return getattr(import_module(peer.module), peer.name)(*taken, **keywords)


def stream(peer: PeerFunction, read: Columns, chosen: Mapping[str, Any]) -> Any:
    """The peer's stream with a history behind it; None where it has none."""
    if peer.stream is None:
        return None
    make = getattr(import_module(peer.stream), peer.name)
    return make(*(read[name] for name in peer.inputs), **peer.keywords(chosen))


def _over_windows(peer: PeerFunction, read: Columns, chosen: Mapping[str, Any]) -> Answers:
    """The peer's answer of every whole window of rows."""
    window = int(chosen[str(peer.window)])
    metric = peers.of(peer.omega.replace(".rolling_", "."))
    given = {name: value for name, value in chosen.items() if name != peer.window}
    rows = len(next(iter(read.values())))
    answers = np.full(rows, math.nan)
    for end in range(window, rows + 1):
        part = {name: values[end - window : end] for name, values in read.items()}
        (answers[end - 1],) = next(iter(answer(metric, part, given).values()))
    return {outputs(peer)[0]: answers}


def _finite(values: Any) -> Floats:
    found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    return np.where(np.isfinite(found), found, math.nan)


# Adapters, each in two parts: the call, which is what is timed, and its answer by Omega's names.


def _garch(percent: Floats, *, mean: str, cov_type: Any, horizon: int, **options: float) -> Any:
    import arch

    model = arch.arch_model(percent, mean=mean.capitalize(), vol="GARCH", p=1, q=1, rescale=False)  # type: ignore[arg-type]
    del horizon
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(disp="off", show_warning=False, cov_type=cov_type, options=options or None)


def _garch_answers(fit: Any, read: Columns, keywords: Mapping[str, Any]) -> Answers:
    found, errors = fit.params.to_dict(), fit.std_err.to_dict()
    return {
        "mu": found.get("mu", 0.0),
        "omega": found["omega"],
        "alpha": found["alpha[1]"],
        "beta": found["beta[1]"],
        "mu_standard_error": errors.get("mu", math.nan),
        "omega_standard_error": errors["omega"],
        "alpha_standard_error": errors["alpha[1]"],
        "beta_standard_error": errors["beta[1]"],
        **_criteria(fit.loglikelihood, fit.aic, fit.bic, len(read["returns"])),
        "conditional_volatility": fit.conditional_volatility,
        "standardized_residuals": fit.std_resid,
        "forecast_variance": fit.forecast(horizon=keywords["horizon"], reindex=False).variance.to_numpy()[-1],
    }


def _criteria(log_likelihood: float, aic: float, bic: float, rows: int) -> dict[str, float]:
    """Of fractions, what was fitted to percents: their density is a hundredth."""
    gained = rows * math.log(100)
    return {"log_likelihood": log_likelihood + gained, "aic": aic - 2 * gained, "bic": bic - 2 * gained}


def _ewma(returns: Floats, *, decay: float, periods: float) -> list[Any]:
    del periods
    return [_ewma_of_one(column, decay) for column in returns.T]


def _ewma_of_one(returns: Floats, decay: float) -> Any:
    from arch.univariate import EWMAVariance, ZeroMean

    return ZeroMean(returns, volatility=EWMAVariance(decay), rescale=False).fit(disp="off")


def _ewma_answers(fits: list[Any], read: Columns, keywords: Mapping[str, Any]) -> Answers:
    """arch has no covariances: they are a quarter of the variance of a sum less that of a difference."""

    def variance(fit: Any) -> float:
        return float(fit.forecast(reindex=False).variance.to_numpy()[-1, 0])

    def covariance(one: Floats, other: Floats) -> float:
        together, apart = (_ewma_of_one(each, keywords["decay"]) for each in (one + other, one - other))
        return (variance(together) - variance(apart)) / 4

    variances, assets, periods = [variance(fit) for fit in fits], read["returns"].T, keywords["periods"]
    between = [
        [variances[i] if i == j else covariance(one, other) for j, other in enumerate(assets)]
        for i, one in enumerate(assets)
    ]
    return {
        "volatility": math.sqrt(periods) * np.column_stack([fit.conditional_volatility for fit in fits]),
        "forecast_volatility": np.sqrt(periods * np.array(variances)),
        "forecast_covariance": periods * np.array(between),
    }


def _hidden_markov(percent: Floats, *, n_components: int, starts: int, **options: float) -> Any:
    from hmmlearn.hmm import GaussianHMM

    column = percent.reshape(-1, 1)
    fits = [GaussianHMM(n_components, random_state=seed, **options).fit(column) for seed in range(starts)]
    return max(fits, key=lambda fit: fit.score(column)) if starts > 1 else fits[0]


def _hidden_markov_answers(best: Any, read: Columns, _: Mapping[str, Any]) -> Answers:
    percent = 100 * np.asarray(read["returns"]).reshape(-1, 1)
    deviations = np.sqrt(best.covars_.ravel())
    order = np.argsort(deviations)
    return {
        "means": best.means_.ravel()[order],
        "standard_deviations": deviations[order],
        "transition": best.transmat_[np.ix_(order, order)],
        "initial": best.startprob_[order],
        **_criteria(best.score(percent), best.aic(percent), best.bic(percent), len(percent)),
        "posterior": best.predict_proba(percent)[:, order],
    }


def _bootstrap(
    returns: Floats, *, cutoff: float, mean_block: float, confidence: float, replications: int
) -> Floats:
    from arch.bootstrap import StationaryBootstrap

    del confidence
    block = mean_block or max(_optimal_block(returns <= np.quantile(returns, cutoff)), 1.0)
    bootstrap = StationaryBootstrap(block, returns, seed=0)  # type: ignore[arg-type]
    drawn: Floats = bootstrap.apply(lambda r: np.array([np.quantile(r, cutoff)]), replications).ravel()
    return drawn


def _bootstrap_answers(drawn: Floats, read: Columns, keywords: Mapping[str, Any]) -> Answers:
    returns, cutoff, outside = read["returns"], keywords["cutoff"], 1 - keywords["confidence"]
    value_at_risk = float(np.quantile(returns, cutoff))
    tail = _optimal_block(returns <= value_at_risk)
    return {
        "value_at_risk": value_at_risk,
        "lower": np.quantile(drawn, outside / 2),
        "upper": np.quantile(drawn, 1 - outside / 2),
        "mean": drawn.mean(),
        "standard_error": drawn.std(ddof=1),
        "optimal_block_of_tail": tail,
        "optimal_block_of_returns": _optimal_block(returns),
        "mean_block": keywords["mean_block"] or max(tail, 1.0),
        "replications": drawn,
    }


def _optimal_block(values: Any) -> float:
    from arch.bootstrap import optimal_block_length

    return float(optimal_block_length(np.asarray(values, dtype=np.float64))["stationary"].iloc[0])


def _vwap(
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    timestamp: Any,
    *,
    session_start: int,
    session_length: int,
) -> Any:
    import pandas as pd

    # Vectors have their times as numbers: microseconds.
    times = pd.Series(np.asarray(timestamp).astype("int64").astype("M8[us]"))
    since = times - pd.Timestamp(0) - pd.Timedelta(minutes=session_start)
    session = since // pd.Timedelta(minutes=session_length)
    of_session = (session != session.shift()).cumsum()
    price, traded = pd.Series((high + low + close) / 3), pd.Series(volume)
    return (price * traded).groupby(of_session).cumsum() / traded.groupby(of_session).cumsum()


def _vwap_answers(average: Any, _read: Columns, _keywords: Mapping[str, Any]) -> Answers:
    return {"vwap": average.to_numpy()}


ADAPTERS: dict[str, tuple[Callable[..., Any], Callable[..., Answers]]] = {
    "ewma": (_ewma, _ewma_answers),
    "garch": (_garch, _garch_answers),
    "hidden_markov": (_hidden_markov, _hidden_markov_answers),
    "stationary_bootstrap": (_bootstrap, _bootstrap_answers),
    "vwap": (_vwap, _vwap_answers),
}
