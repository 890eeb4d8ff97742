"""The demo's results as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import omega
from omega.cli.demo.models import MODELS, Fit, standard_error
from omega.cli.demo.results import Results, shown, spelled, title
from omega.cli.terminal import bold, table
from rich.table import Table
from rich.text import Text


def screens(results: Results) -> Iterator[Table | Text]:
    """The last row of the features, the risk and the models, a column per symbol; then what is amiss."""
    headings = [title(symbol) for symbol in results.symbols]
    yield _features(results, headings)
    yield _risk(results, headings)
    yield _models(results, headings)
    for reason, remedy in dict.fromkeys((each.reason, each.remedy) for each in results.fits if each.reason):
        yield Text(f"Why: {reason}", "yellow")
        if remedy:
            yield Text(f"What to do: {remedy}", "yellow")


def _features(results: Results, headings: list[str]) -> Table:
    rows = [results.last_features(symbol) for symbol in results.symbols]
    made = table(f"Indicators on {rows[0]['timestamp']:%d %B %Y}", "", *headings, numbers=True)
    for name in rows[0]:
        if name != "timestamp":
            made.add_row(name, *(shown(row[name], "points") for row in rows))
    return made


def _risk(results: Results, headings: list[str]) -> Table:
    first, last = (f"{results.bars['timestamp'][row].as_py():%Y}" for row in (0, -1))
    made = table(f"Risk of daily returns, {first} to {last}", "", *headings, numbers=True)
    metrics = [results.metrics(symbol) for symbol in results.symbols]
    for metric in metrics[0]:
        made.add_row(
            spelled(metric), *(shown(each[metric]["value"], each[metric]["unit"]) for each in metrics)
        )
    return made


def _models(results: Results, headings: list[str]) -> Table:
    made = table("Models of daily returns", "", *headings, numbers=True)
    for model in MODELS:
        made.add_row(bold(model))
        fits = [results.fit(symbol, model) for symbol in results.symbols]
        facts = [dict(summary(each)) if each.status == "ok" else {"status": each.status} for each in fits]
        for name in dict.fromkeys(name for each in facts for name in each):
            made.add_row(f"  {name}", *(each.get(name, "") for each in facts))
    return made


def summary(fit: Fit) -> Iterator[tuple[str, str]]:
    """What to know about a fit, as pairs of a name and a number or a sentence."""
    if fit.status != "ok":
        yield "status", fit.status
        yield "why", fit.reason or ""
        if fit.remedy:
            yield "what to do", fit.remedy
        return
    answer = fit.answer
    if fit.model == "volatility.garch":
        for name in ("mu", "omega", "alpha", "beta"):
            error = standard_error(fit, name)
            said = f"{getattr(answer, name):.3g}"
            yield name, said if error is None else f"{said}\u00a0±\u00a0{error:.2g}"
        yield "long-run volatility a year", shown(long_run_volatility(fit), "fraction")
        last = answer.forecast_variance.to_pylist()[-1]
        yield f"forecast in {len(answer.forecast_variance)} days, a year", shown(sqrt(252 * last), "fraction")
        yield "log-likelihood", f"{answer.log_likelihood:,.1f}"
    elif fit.model == "regimes.hidden_markov":
        means, deviations = answer.means.to_pylist(), answer.standard_deviations.to_pylist()
        stays = answer.expected_durations.to_pylist()
        for state, name in enumerate(("calm", "turbulent")):
            yield f"{name}: mean return a day", shown(means[state], "fraction")
            yield f"{name}: volatility a year", shown(deviations[state] * sqrt(252), "fraction")
            if stays[state] is not None:
                yield f"{name}: lasts on average", f"{stays[state]:.0f} days"
        yield "log-likelihood", f"{answer.log_likelihood:,.1f}"
    else:
        confidence = next(
            each.default for each in omega.spec(fit.model).parameters if each.name == "confidence"
        )
        yield "value at risk a day", shown(answer.value_at_risk, "fraction")
        interval = f"{shown(answer.lower, 'fraction')} to {shown(answer.upper, 'fraction')}"
        yield f"{confidence:.0%} interval", interval
        yield "standard error", shown(answer.standard_error, "fraction")
        yield "mean block", f"{answer.mean_block:.0f} days"


def long_run_volatility(fit: Fit) -> float | None:
    """The volatility a year that a GARCH forecast tends to; None where it tends to none."""
    rest = 1.0 - fit.answer.alpha - fit.answer.beta
    return sqrt(252 * fit.answer.omega / rest) if rest > 0 else None
