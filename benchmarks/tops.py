"""Whether models find the greatest likelihood: Omega beside arch and hmmlearn, from many places."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import omega

from benchmarks.data import Floats, shipped_bars

#: Log-likelihoods that differ by less are the same top.
SAME_TOP = {"volatility.garch": 1e-4, "regimes.hidden_markov": 1e-3}


@dataclass(frozen=True)
class Plan:
    """How much is measured; what is to have no fits is left out."""

    series: int
    starts: int
    windows: int
    problems: int
    restarts: int
    seeds: int


FULL = Plan(series=10_000, starts=60, windows=60, problems=500, restarts=50, seeds=8)
QUICK = Plan(series=50, starts=3, windows=3, problems=5, restarts=5, seeds=3)


@dataclass(frozen=True)
class Outcome:
    """What one function did on one kind of data."""

    function: str
    data: str
    fits: int
    lower: int
    worst: float
    higher: int
    seeds_differ: int | None

    def __str__(self) -> str:
        seeds = "" if self.seeds_differ is None else f", another top for another seed in {self.seeds_differ}"
        return (
            f"{self.function}, {self.data}: {self.fits} fits, lower than the peer in {self.lower} "
            f"(worst {self.worst:.4g}), higher in {self.higher}{seeds}"
        )


def measure(plan: Plan, *, say: Callable[[str], object] = lambda _: None) -> Iterator[Outcome]:
    """One outcome after the other."""
    if plan.series:
        say(f"{plan.series:,} series, arch from its own start and {plan.starts} random ones")
        yield garch(plan)
    for states in (2, 3, 4):
        for data, samples in (
            ("a year of the S&P 500", windows(plan.windows)),
            ("synthetic", problems(plan.problems, states)),
        ):
            if samples:
                say(f"hidden Markov models of {states} states, {data}, hmmlearn from {plan.restarts} places")
                yield hidden_markov(f"{states} states, {data}", samples, states, plan)


def series(number: int) -> Floats:
    """A short series: steady, wild, clustered, with a break, with idle days, or from the market."""
    random = np.random.default_rng(number)
    rows = int(random.integers(30, 501))
    kind = number % 7
    if kind == 0:
        values = random.standard_normal(rows)
    elif kind == 1:
        values = random.standard_t(4, rows)
    elif kind == 2:
        values = garch_process(random, rows, random.uniform(0.02, 0.3), random.uniform(0.3, 0.69))
    elif kind == 3:
        values = garch_process(random, rows, random.uniform(0.3, 0.95), 0.0)
    elif kind == 4:
        values = random.standard_normal(rows) * np.where(np.arange(rows) < rows // 2, 1.0, 3.0)
    elif kind == 5:
        values = random.standard_normal(rows) * np.exp(random.uniform(-2, 2) * np.linspace(0, 1, rows))
        values[random.random(rows) < 0.15] = 0.0
    else:
        returns = shipped_bars().returns
        first = int(random.integers(0, len(returns) - rows))
        return returns[first : first + rows].copy()
    return 0.01 * values


def garch_process(random: np.random.Generator, rows: int, alpha: float, beta: float) -> Floats:
    """Surprises of a GARCH(1,1) whose variance is 1 in the long run."""
    values = np.empty(rows)
    variance = 1.0
    for row, surprise in enumerate(random.standard_normal(rows)):
        values[row] = math.sqrt(variance) * surprise
        variance = 1.0 - alpha - beta + alpha * values[row] ** 2 + beta * variance
    return values


def windows(count: int) -> list[Floats]:
    """Years of the shipped returns, the last first, evenly apart."""
    returns = shipped_bars().returns
    return [
        returns[first : first + 250].copy() for first in np.linspace(len(returns) - 250, 0, count, dtype=int)
    ]


def problems(count: int, states: int) -> list[Floats]:
    """Returns of markets with so many states or one fewer."""
    made = []
    for number in range(count):
        random = np.random.default_rng([states, number])
        true, rows = states - number % 2, int(random.integers(30 * states, 601))
        means, deviations = random.normal(0.0, 0.5, true), np.exp(random.uniform(-1.5, 1.0, true))
        stay, state, values = random.uniform(0.5, 0.98), 0, np.empty(rows)
        for row in range(rows):
            if random.random() > stay:
                state = int(random.integers(true))
            values[row] = 0.01 * random.normal(means[state], deviations[state])
        made.append(values)
    return made


def garch(plan: Plan) -> Outcome:
    """Omega beside the best that arch finds."""
    ours, theirs = [], []
    for number in range(plan.series):
        returns = series(number)
        ours.append(omega.volatility.garch(returns).log_likelihood or -math.inf)
        theirs.append(arch_top(returns, plan.starts, number))
    return outcome("volatility.garch", "short series", np.array(ours)[:, None], np.array(theirs), None)


def arch_top(returns: Floats, starts: int, seed: int) -> float:
    """The greatest log-likelihood that arch finds, from its own start and from random ones."""
    import arch

    random = np.random.default_rng(seed)
    scale = 1.0 / returns.std()
    model = arch.arch_model(scale * returns, mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
    own = [None, *(random_parameters(random) for _ in range(starts))]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for start in own:
            fit: Any = model.fit(
                disp="off", show_warning=False, starting_values=start, options={"ftol": 1e-12}
            )
            if fit.params.iloc[2:].sum() < 1.0:
                found.append(fit.loglikelihood)
    return max(found, default=-math.inf) + len(returns) * math.log(scale)


def random_parameters(random: np.random.Generator) -> Floats:
    """Somewhere inside the bounds, near them more often than not."""
    persistence, share = 1.0 - math.exp(-7.0 * random.random()), random.random() ** 2
    level = (1.0 - persistence) * math.exp(random.standard_normal())
    return np.array([0.2 * random.standard_normal(), level, persistence * share, persistence * (1.0 - share)])


def hidden_markov(data: str, samples: list[Floats], states: int, plan: Plan) -> Outcome:
    """Omega beside the best of hmmlearn's starts, and beside itself with other seeds."""
    ours = [[penalised_top(returns, states, seed) for seed in range(plan.seeds)] for returns in samples]
    theirs = [hmmlearn_top(returns, states, plan.restarts) for returns in samples]
    return outcome("regimes.hidden_markov", data, np.array(ours), np.array(theirs), plan.seeds)


#: `variance_prior` by default, and so hmmlearn's `covars_prior` for data of unit variance.
PRIOR = 1e-4


def penalised_top(returns: Floats, states: int, seed: int) -> float:
    """What Omega maximises, at its answer: the log-likelihood less the penalty of the prior."""
    fit = omega.regimes.hidden_markov(returns, states=states, seed=seed)
    variances = (np.asarray(fit.standard_deviations) / returns.std()) ** 2
    return float((fit.log_likelihood or -math.inf) - (PRIOR / 2 / variances).sum())


def hmmlearn_top(returns: Floats, states: int, restarts: int) -> float:
    """The same at the best answer of hmmlearn's."""
    from hmmlearn.hmm import GaussianHMM

    scaled = ((returns - returns.mean()) / returns.std()).reshape(-1, 1)
    best = -math.inf
    for seed in range(restarts):
        model = GaussianHMM(
            states, n_iter=5_000, tol=1e-6, covars_prior=PRIOR, random_state=seed, min_covar=0.0
        )
        model.fit(scaled)
        best = max(best, model.score(scaled) - (PRIOR / 2 / model.covars_).sum())
    return float(best - len(returns) * math.log(returns.std()))


def outcome(function: str, data: str, ours: Floats, theirs: Floats, seeds: int | None) -> Outcome:
    """`ours` has a row per fit and a column per seed; the first seed is the one that is compared."""
    short = theirs - ours[:, 0]
    same = SAME_TOP[function]
    return Outcome(
        function=function,
        data=data,
        fits=len(short),
        lower=int((short > same).sum()),
        worst=float(max(short.max(), 0.0)),
        higher=int((short < -same).sum()),
        seeds_differ=None if seeds is None else int((np.ptp(ours, axis=1) > same).sum()),
    )
