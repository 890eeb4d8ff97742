"""From one end of what is taken to the other: the right digits, by exact fractions."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import omega
import pytest
from omega.shared.exceptions import InvalidShapeError, InvalidValueError, ParameterOutOfRangeError

from tests.functions.market import REDUCTIONS, ROWWISE, SPECS, TIMES, Floats, every, inputs, outputs, typed

LEAST, MOST = 1e-100, 1e100
YEAR = Fraction(252)


def root(square: Fraction) -> Fraction:
    """A square root to sixty digits."""
    with localcontext() as context:
        context.prec = 60
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def deviation(values: list[Fraction], less: int) -> Fraction:
    middle = mean(values)
    return root(sum(((value - middle) ** 2 for value in values), Fraction(0)) / (len(values) - less))


def drawdown(returns: list[Fraction]) -> Fraction:
    wealth = peak = Fraction(1)
    deepest = Fraction(0)
    for each in returns:
        wealth *= max(1 + each, Fraction(0))
        peak = max(peak, wealth)
        deepest = min(deepest, wealth / peak - 1)
    return deepest


def quantile(values: list[Fraction], cutoff: Fraction) -> Fraction:
    place = cutoff * (len(values) - 1)
    low, high = (sorted(values)[int(place) + more] for more in (0, 1))
    return low + (high - low) * (place - int(place))


def exact(returns: list[Fraction]) -> dict[str, Fraction]:
    """Every metric of returns with a loss among them, at its defaults."""
    short = root(mean([min(each, Fraction(0)) ** 2 for each in returns]))
    return {
        "risk.sharpe_ratio": mean(returns) / deviation(returns, 1) * root(YEAR),
        "risk.sortino_ratio": mean(returns) / short * root(YEAR),
        "risk.volatility": deviation(returns, 1) * root(YEAR),
        "risk.max_drawdown": drawdown(returns),
        "risk.value_at_risk": quantile(returns, Fraction(0.05)),
        "risk.conditional_value_at_risk": min(returns),
    }


def returns_of(scale: float, seed: int) -> Floats:
    """Twenty returns of one scale, most of them above zero so that their mean has all its digits."""
    random = np.random.RandomState(seed)
    sizes = np.clip(scale * random.uniform(1.0, 9.0, 20), LEAST, MOST)
    return np.where(np.arange(20) % 7 == 3, -sizes / 8 if scale > 1 else -sizes, sizes)


SCALES = [1e-100, 3e-99, 1e-93, 1e-84, 1e-50, 1e-2, 1e50, 1e84, 1e99, 1.1e99]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("seed", range(4))
def test_metrics_have_the_digits_of_exact_arithmetic(scale: float, seed: int) -> None:
    returns = returns_of(scale, seed)
    for name, expected in exact([Fraction(each) for each in returns.tolist()]).items():
        answer = typed(name)(returns)
        # A drawdown is a share of wealth: what is lost beside 1 is less than a digit of it.
        slack = Fraction(1, 10**15) if name == "risk.max_drawdown" else 0
        assert abs(Fraction(answer) - expected) <= Fraction(2, 10**14) * abs(expected) + slack, name


@pytest.mark.parametrize("scale", SCALES)
def test_windows_have_the_digits_of_exact_arithmetic(scale: float) -> None:
    close = np.abs(returns_of(scale, 7)) * (1.0 if scale < 1 else 0.9)
    bands = omega.ta.bbands(close, period=5)
    average = np.asarray(omega.ta.sma(close, period=5))
    for row in range(4, 20):
        window = [Fraction(each) for each in close[row - 4 : row + 1].tolist()]
        middle, width = mean(window), 2 * deviation(window, 0)
        expected = {"upper": middle + width, "middle": middle, "lower": middle - width}
        for name, exactly in expected.items():
            # What is smaller than an input can be is 0.
            value = exactly if abs(exactly) >= LEAST else Fraction(0)
            answer = Fraction(float(np.asarray(getattr(bands, name))[row]))
            assert abs(answer - value) <= Fraction(1, 10**14) * middle, (name, row)
        assert average[row] == np.asarray(bands.middle)[row]


@pytest.mark.parametrize(
    "returns",
    [
        [1e150, -3e-162],
        [1e150, -1e150],
        [1e-170, 2e-170],
        [1e-160, 2e-160, 5e-160],
        [5e-324, 0.0],
        [0.0, 2.2e-308, -0.0],
    ],
)
def test_numbers_whose_squares_are_none_are_refused(returns: list[float]) -> None:
    def refused(name: str) -> None:
        columns = {each.name: returns for each in SPECS[name].inputs}
        with pytest.raises(InvalidValueError, match="0, or from 1e-100 to 1e100 in magnitude"):
            typed(name)(columns)

    every(REDUCTIONS, refused)


@pytest.mark.parametrize("name", ["risk.sharpe_ratio", "risk.sortino_ratio"])
def test_a_parameter_whose_square_is_nothing_is_refused(name: str) -> None:
    parameter = {"risk.sharpe_ratio": "risk_free", "risk.sortino_ratio": "required_return"}[name]
    for value in (1e-170, -5e-324):
        with pytest.raises(ParameterOutOfRangeError, match="at least 1e-100 in magnitude") as refusal:
            typed(name)([0.1, -0.2], **{parameter: value})
        assert refusal.value.fields["name"] == parameter
    assert np.isfinite(typed(name)([0.1, -0.2], **{parameter: 1e-100}))
    assert typed(name)([0.1, -0.2], **{parameter: -0.0}) == typed(name)([0.1, -0.2])


@pytest.mark.parametrize(
    "name", ["risk.sharpe_ratio", "risk.sortino_ratio", "risk.volatility", "risk.max_drawdown"]
)
def test_what_is_live_can_be_saved_until_its_rows_cannot_be_counted(name: str) -> None:
    accumulator = omega.accumulate(name)
    accumulator.update(np.tile([MOST, -MOST], 1000))
    while True:
        answer = accumulator.value
        assert answer is None or np.isfinite(answer)
        twin = omega.restore(accumulator.snapshot())
        assert twin.snapshot() == accumulator.snapshot()
        assert twin.value == answer
        if accumulator.rows >= 2**62:
            break
        accumulator.merge(twin)
    before = accumulator.snapshot()
    with pytest.raises(InvalidShapeError, match="at most 9223372036854775807 rows"):
        accumulator.merge(twin)
    assert accumulator.snapshot() == before


def test_what_comes_out_of_a_function_goes_into_any_other() -> None:
    def goes(name: str) -> None:
        columns: dict[str, Any] = {
            column: np.concatenate(
                [values, np.resize(values, 20_000) if column in TIMES else np.zeros(20_000), values]
            )
            for column, values in inputs(name, 300).items()
        }
        for values in outputs(typed(name)(columns)):
            assert not np.isinf(np.asarray(values, dtype=float)).any()
            omega.ta.ema(values)

    every(ROWWISE, goes)


def test_the_sign_of_zero_decides_nothing() -> None:
    zeros = np.array([0.0, -0.0, -0.0, 0.0] * 20)
    for sign in (1.0, -1.0):
        answer = np.asarray(omega.ta.ema(sign * zeros, period=2))[1:]
        assert (answer == 0.0).all()
        assert not np.signbit(answer).any()
    assert omega.risk.volatility(zeros) == 0.0
    assert omega.risk.sharpe_ratio(zeros) is None
