"""Models and simulations on random, degenerate and hostile returns: a typed refusal, or an answer that makes
sense.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import numpy as np
import omega
from omega.shared.exceptions import JuliaUnavailableError
from omega.shared.protocols import FunctionSpec, Parameter

from tests.functions.market import Floats, same_bits
from tests.fuzz import answers
from tests.fuzz.attack import Attack, Finding, Tally, attempt
from tests.fuzz.containers import hand_over
from tests.fuzz.samples import MODELS, POLICIES, excesses, numbers, parameter

#: Searches are kept short; whether a long one ends is a matter for tests with a clock.
SHORT = {"restarts": 4, "max_iterations": 200, "replications": 200, "horizon": 20, "states": 4}
#: Probabilities are rounded once each.
NEAR = 1e-9

Fields = Mapping[str, Any]
Invariant = Callable[[Fields, Floats], str | None]


def garch(fields: Fields, returns: Floats) -> str | None:
    """Within the constraints of the model, and one forecast after the other on its way to the long-run
    variance.
    """
    omega_, alpha, beta = (float(fields[each]) for each in ("omega", "alpha", "beta"))
    if min(omega_, alpha, beta) < 0:
        return f"weights must not be negative: {omega_}, {alpha}, {beta}"
    if alpha + beta >= 1:
        return f"persistence must be below 1, got {alpha + beta}"
    volatility, residuals = fields["conditional_volatility"], fields["standardized_residuals"]
    there = ~np.isnan(volatility)
    if (volatility[there] <= 0).any() or (fields["forecast_variance"] <= 0).any():
        return "a variance must be positive"
    surprise = returns[there] - fields["mu"]
    size = np.abs(returns[there]).max()
    if not np.allclose(residuals[there] * volatility[there], surprise, rtol=1e-9, atol=1e-12 * size):
        return "residuals times volatility must be the surprises"
    return None


def hidden_markov(fields: Fields, returns: Floats) -> str | None:
    """Probabilities add up to 1; states are ordered by deviation."""
    for name in ("transition", "initial", "posterior"):
        table = np.atleast_2d(fields[name])
        rows = table[~np.isnan(table).any(axis=1)]
        if (rows < 0).any() or (rows > 1).any() or not np.allclose(rows.sum(axis=1), 1, rtol=0, atol=NEAR):
            return f"probabilities of `{name}` must add up to 1"
    deviations = fields["standard_deviations"]
    if (deviations <= 0).any() or (np.diff(deviations) < 0).any():
        return f"deviations must be positive and ascend, got {deviations}"
    return None


def stationary_bootstrap(fields: Fields, returns: Floats) -> str | None:
    """The interval is one, of numbers between the least and the greatest return."""
    there = returns[~np.isnan(returns)]
    low, high = there.min(), there.max()
    inside = [fields["value_at_risk"], fields["lower"], fields["upper"], *fields["replications"]]
    slack = 1e-12 * max(abs(low), abs(high))
    if not all(low - slack <= each <= high + slack for each in inside):
        return "a quantile must lie between the least and the greatest return"
    if fields["lower"] > fields["upper"] or (fields["standard_error"] or 0) < 0 or fields["mean_block"] < 1:
        return f"the interval must be one: {fields['lower']}, {fields['upper']}"
    return None


#: What must hold for the answer of some models beyond its shape: a complaint, or None.
INVARIANTS: dict[str, Invariant] = {
    "volatility.garch": garch,
    "regimes.hidden_markov": hidden_markov,
    "simulation.stationary_bootstrap": stationary_bootstrap,
}


def case(dice: Random, tally: Tally) -> None:
    """One fit; now and then the same one once more in another form, to the last bit."""
    spec = dice.choice(MODELS)
    rows = dice.choice((dice.randrange(5), dice.randrange(60), dice.randrange(60, 400)))
    columns = series(dice, spec, rows)
    given = {each.name: short(dice, each, rows) for each in spec.parameters if dice.random() < 0.8}
    nulls = dice.choice(POLICIES)
    tally.note(
        f"{spec.name}({given}, nulls={nulls}) of {rows} rows: {[each[:5] for each in columns.values()]}"
    )
    outcome = attempt(tally, lambda: omega.call(spec.name, dict(columns), nulls=nulls, **given))
    if outcome.refusal is None:
        fields = {name: unnamed(value) for name, value in outcome.answer._asdict().items()}
        lawful(spec, fields, rows, given)
        if nulls == "propagate" and any(np.isnan(column).any() for column in columns.values()):
            if not all(missing(each) for each in fields.values()):
                raise Finding(f"{spec.name} has values, though a row is missing")
        elif spec.name in INVARIANTS:
            complaint = INVARIANTS[spec.name](fields, next(iter(columns.values())))
            if complaint is not None:
                raise Finding(f"{spec.name}: {complaint}")
    # Libraries differ in where they have the names of many columns; that is for tests of the door.
    if dice.random() < 0.3 and not any(each.many for each in spec.inputs):
        form, data, keywords = hand_over(columns, dice)
        tally.note(form)
        again = attempt(tally, lambda: omega.call(spec.name, data, nulls=nulls, **keywords, **given))
        if type(again.refusal) is not type(outcome.refusal):
            raise Finding(f"{form} came to {again.refusal!r}, NumPy to {outcome.refusal!r}")
        if outcome.refusal is None and not equal(outcome.answer, again.answer):
            raise Finding(f"{form} and NumPy have different answers")


def series(dice: Random, spec: FunctionSpec, rows: int) -> dict[str, Floats]:
    """Returns that a model may have trouble with: flat, tiny, huge, one jump, gaps, or beyond what the door
    takes.
    """
    columns = numbers(dice, [each.name for each in spec.inputs], rows)
    rng = np.random.default_rng(dice.getrandbits(64))
    for column in columns.values():
        temper = dice.randrange(8)
        if temper == 0:
            column[:] = rng.standard_t(3, rows) * 0.01
        elif temper == 1:
            column[:] = 1.0 + 1e-15 * rng.normal(size=rows)
        elif temper == 2:
            column[:] = np.where(rng.random(rows) < 0.9, 0.0, rng.normal(size=rows))
        elif temper == 3 and rows:
            column[dice.randrange(rows)] = dice.choice((1e6, -1e9, 0.5, *excesses()))
        if dice.random() < 0.2:
            column[rng.random(rows) < 0.1] = np.nan
    return columns


def short(dice: Random, each: Parameter, rows: int) -> Any:
    """A value that the parameter may have, and that costs little."""
    value = parameter(dice, each, rows)
    return min(value, SHORT[each.name]) if each.name in SHORT else value


def unnamed(value: Any) -> Any:
    """Columns that came in a mapping, and so come back in one, as an array."""
    return np.stack(list(value.values()), axis=-1) if isinstance(value, dict) else value


#: What a number of an Arrow type is in Python.
NUMBERS: Mapping[str, type] = {"float64": float, "int64": int, "bool": bool}


def lawful(spec: FunctionSpec, fields: Fields, rows: int, given: Mapping[str, Any]) -> None:
    """Outputs along one axis are equally long, as long as the data or a parameter where the axis says so."""
    named = {each.name: given.get(each.name, each.default) for each in spec.parameters}
    # An axis has the name of the parameter that says how long it is.
    lengths = {each: int(value) for each, value in named.items() if isinstance(value, int)}
    lengths |= {"row": rows, "asset": len(spec.inputs)}
    for output in spec.outputs:
        value = fields[output.name]
        if not output.axes:
            number = NUMBERS[output.type]
            fits = isinstance(value, (float, int)) and type(value) is number and math.isfinite(value)
            if value is not None and not fits:
                wanted = f"a finite {number.__name__} or None"
                raise Finding(f"{spec.name}.{output.name} must be {wanted}, got `{value!r}`")
            continue
        if value.ndim != len(output.axes):
            raise Finding(f"{spec.name}.{output.name} must have the axes {output.axes}, got `{value.shape}`")
        if np.isinf(value).any():
            raise Finding(f"{spec.name}.{output.name} is infinite")
        for axis, length in zip(output.axes, value.shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                raise Finding(
                    f"{spec.name}.{output.name}: {axis} must be {lengths[axis]} long, got `{length}`"
                )


def missing(value: Any) -> bool:
    """Whether an output holds no value at all."""
    return value is None or (isinstance(value, np.ndarray) and bool(np.isnan(value).all()))


def equal(left: Any, right: Any) -> bool:
    """Whether two answers are the same bits, in whatever libraries."""
    for one, other in zip(left, right, strict=True):
        if one is None or isinstance(one, (float, int)):
            if one != other:
                return False
        elif not all(map(same_bits, tables(one), tables(other))):
            return False
    return True


def tables(value: Any) -> list[Floats]:
    """The columns of one field."""
    if isinstance(value, np.ndarray):
        return list(value.reshape(len(value), -1).T)
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [
            np.array([np.nan if each is None else each for each in column])
            for column in zip(*value, strict=True)
        ]
    return answers.columns(value, "float64")


def no_julia() -> str | None:
    """Why there are no models here, if so."""
    from omega.functions import julia

    try:
        julia.start()
    except JuliaUnavailableError as error:
        return str(error)
    return None


ATTACK = Attack(about="models on difficult data", case=case, patience_s=120, headroom=None, excuse=no_julia)
