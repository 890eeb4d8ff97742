"""What every indicator and metric is, in exact rational numbers, written from its documentation.

A reference takes columns of `Fraction` without a gap and returns, per output and row, a `Value` or None. No
rounding
happens in it, so it says how far floats may be from it: `Value.unit` is the magnitude that one relative
rounding is of.
Where documented behaviour hangs on whether two numbers are equal, and floats cannot tell, the value is
`DOUBTFUL`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

#: One rounding of a float, relatively.
EPSILON = Fraction(1, 2**53)
#: Roundings that may add up in one value, in units of `Value.unit`.
ROUNDINGS = 400


@dataclass(frozen=True)
class Value:
    """An exact value, and the magnitude of what it was computed from."""

    exact: Fraction
    unit: Fraction
    #: Whether floats must hit it exactly.
    strict: bool = False

    def allows(self, found: float) -> bool:
        """Whether a float is near enough."""
        if not math.isfinite(found):
            return False
        return abs(Fraction(found) - self.exact) <= self.rounding

    @property
    def rounding(self) -> Fraction:
        """How far a float may be from it: the least float of all is a rounding of no relative size."""
        return Fraction(0) if self.strict else ROUNDINGS * EPSILON * self.unit + Fraction(5e-324)


class Doubtful:
    """Floats cannot tell which of two documented cases this is."""


DOUBTFUL = Doubtful()
Cell = Value | Doubtful | None
Column = Sequence[Fraction]
Rows = list[list[Cell]]
Reference = Callable[[Mapping[str, Column], Mapping[str, Any]], Rows]
REFERENCES: dict[str, Reference] = {}
#: Of functions whose memory is a session, the number of each row's session.
SESSIONS: dict[str, Callable[[Mapping[str, Column], Mapping[str, Any]], list[int]]] = {}


def reference(name: str) -> Callable[[Reference], Reference]:
    """Makes a function the reference of one of Omega's."""

    def register(function: Reference) -> Reference:
        REFERENCES[name] = function
        return function

    return register


def root(square: Fraction) -> Fraction:
    """The square root to 40 digits."""
    if square == 0:
        return Fraction(0)
    shift = max(0, 300 - square.numerator.bit_length() + square.denominator.bit_length())
    shift += shift % 2
    return Fraction(math.isqrt((square.numerator << shift) // square.denominator), 2 ** (shift // 2))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """A power of a number from zero on, to 60 digits."""
    if base == 0:
        return Fraction(0)
    with localcontext(prec=60):
        logarithm = (Decimal(base.numerator) / Decimal(base.denominator)).ln()
        return Fraction((logarithm * Decimal(exponent.numerator) / Decimal(exponent.denominator)).exp())


def is_near_one(base: Fraction, exponent: Fraction) -> bool:
    """Whether a power of it is a number that floats hold with all digits: between 1e-250 and 1e250."""
    if base == 0:
        return True
    logarithm = math.log(base.numerator) - math.log(base.denominator)
    return abs(logarithm * float(exponent)) < 575 and abs(logarithm) < 575


def mean(values: Column) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def greatest(values: Column) -> Fraction:
    return max(map(abs, values), default=Fraction(0))


def so_far(values: Column) -> list[Fraction]:
    """The greatest magnitude up to each row."""
    return list(accumulate(map(abs, values), max))


def close_to(left: Fraction, right: Fraction, size: Fraction) -> bool:
    """Whether floats may take two different numbers, computed from numbers of this size, for one."""
    return left != right and abs(left - right) <= 8 * EPSILON * size


# ------------------------------------------------------------------------------------------- indicators


@reference("ta.sma")
def sma(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, period = columns["close"], parameters["period"]
    made: list[Cell] = [None] * len(close)
    for row in range(period - 1, len(close)):
        window = close[row + 1 - period : row + 1]
        made[row] = Value(mean(window), greatest(window), strict=len(set(window)) == 1)
    return [made]


def exponential(values: Column, period: int) -> list[Fraction | None]:
    """Seeded by the mean of the first `period` values; from then on (1 - k) * last + k * value, k = 2 /
    (period + 1).
    """
    made: list[Fraction | None] = [None] * len(values)
    weight = Fraction(2, period + 1)
    for row in range(period - 1, len(values)):
        last = made[row - 1] if row else None
        made[row] = mean(values[:period]) if last is None else (1 - weight) * last + weight * values[row]
    return made


@reference("ta.ema")
def ema(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close = columns["close"]
    sizes = so_far(close)
    made = exponential(close, parameters["period"])
    return [[None if each is None else Value(each, sizes[row]) for row, each in enumerate(made)]]


def wilder(values: Column, period: int) -> list[Fraction | None]:
    """Seeded by the mean of the first `period` values; from then on the newest weighs 1 / period."""
    made: list[Fraction | None] = [None] * len(values)
    for row in range(period - 1, len(values)):
        last = made[row - 1] if row else None
        made[row] = mean(values[:period]) if last is None else last + (values[row] - last) / period
    return made


@reference("ta.rsi")
def rsi(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, period = columns["close"], parameters["period"]
    changes = [later - earlier for earlier, later in pairwise(close)]
    gains = wilder([max(each, Fraction(0)) for each in changes], period)
    losses = wilder([max(-each, Fraction(0)) for each in changes], period)
    made: list[Cell] = [None] * len(close)
    for row, (gain, loss) in enumerate(zip(gains, losses, strict=True), start=1):
        if gain is not None and loss is not None:
            total = gain + loss
            made[row] = (
                Value(100 * gain / total, Fraction(100)) if total else Value(total, total, strict=True)
            )
    return [made]


@reference("ta.macd")
def macd(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close = columns["close"]
    fast_period, slow_period, signal_period = (
        parameters[each] for each in ("fast_period", "slow_period", "signal_period")
    )
    sizes = so_far(close)
    late = slow_period - fast_period  # both averages end their seeds in the same row
    fast = [None] * min(late, len(close)) + exponential(close[late:], fast_period)
    slow = exponential(close, slow_period)
    pairs = zip(fast, slow, strict=True)
    difference = [one - other for one, other in pairs if one is not None and other is not None]
    signal = exponential(difference, signal_period)
    made: list[list[Cell]] = [[None] * len(close) for _ in range(3)]
    for row, (line, average) in enumerate(zip(difference, signal, strict=True), start=slow_period - 1):
        if average is not None:
            for column, each in zip(made, (line, average, line - average), strict=True):
                column[row] = Value(each, sizes[row])
    return made


@reference("ta.bbands")
def bbands(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, period = columns["close"], parameters["period"]
    up, down = Fraction(parameters["deviations_up"]), Fraction(parameters["deviations_down"])
    made: list[list[Cell]] = [[None] * len(close) for _ in range(3)]
    for row in range(period - 1, len(close)):
        window = close[row + 1 - period : row + 1]
        middle, size = mean(window), greatest(window)
        deviation = root(mean([(each - middle) ** 2 for each in window]))
        flat = deviation == 0
        made[0][row] = Value(middle + up * deviation, size * (1 + up), flat)
        made[1][row] = Value(middle, size, flat)
        made[2][row] = Value(middle - down * deviation, size * (1 + down), flat)
    return made


@reference("ta.atr")
def atr(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    high, low, close = (columns[each] for each in ("high", "low", "close"))
    ranges = [
        max(high[row] - low[row], abs(high[row] - close[row - 1]), abs(low[row] - close[row - 1]))
        for row in range(1, len(close))
    ]
    sizes = so_far(ranges)
    averages = wilder(ranges, parameters["period"])
    cells: list[Cell] = [
        None if each is None else Value(each, sizes[row]) for row, each in enumerate(averages)
    ]
    return [[None, *cells][: len(close)]]


@reference("ta.adx")
def adx(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    high, low, period = columns["high"], columns["low"], parameters["period"]
    made: list[Cell] = [None] * len(high)
    up = down = Fraction(0)
    seed: list[Fraction] = []
    average: Fraction | None = None
    for row in range(1, len(high)):
        rise, fall = high[row] - high[row - 1], low[row - 1] - low[row]
        size = max(abs(each) for each in (rise, fall))
        if close_to(rise, fall, size) and max(rise, fall) > 0:
            made[row:] = [DOUBTFUL if at >= 2 * period - 1 else None for at in range(row, len(high))]
            break
        rising = rise if rise > fall and rise > 0 else Fraction(0)
        falling = fall if fall > rise and fall > 0 else Fraction(0)
        if row < period:
            up, down = up + rising, down + falling
            continue
        up, down = up - up / period + rising, down - down / period + falling
        moved = up + down
        index = 100 * abs(up - down) / moved if moved else None
        if average is None:
            seed.append(index or Fraction(0))
            average = mean(seed) if len(seed) == period else None
        elif index is not None:
            average += (index - average) / period
        if average is not None:
            made[row] = Value(average, Fraction(100))
    return [made]


@reference("ta.obv")
def obv(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, volume = columns["close"], columns["volume"]
    made: list[Cell] = []
    total = size = Fraction(0)
    for row, traded in enumerate(volume):
        sign = 1 if row == 0 else (close[row] > close[row - 1]) - (close[row] < close[row - 1])
        total += sign * traded
        size += abs(traded)
        made.append(Value(total, size))
    return [made]


@reference("ta.cci")
def cci(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    period = parameters["period"]
    bars = list(zip(columns["high"], columns["low"], columns["close"], strict=True))
    prices = [sum(bar, Fraction(0)) / 3 for bar in bars]
    made: list[Cell] = [None] * len(bars)
    for row in range(period - 1, len(bars)):
        these, window = bars[row + 1 - period : row + 1], prices[row + 1 - period : row + 1]
        if len(set(these)) == 1:
            made[row] = Value(Fraction(0), Fraction(0), strict=True)
            continue
        size, middle = max(greatest(bar) for bar in these), mean(window)
        deviation = mean([abs(each - middle) for each in window])
        if size * EPSILON * ROUNDINGS > deviation / 4:
            made[row] = DOUBTFUL  # what varied is of the size of roundings
            continue
        distance = (prices[row] - middle) / (Fraction(0.015) * deviation)
        made[row] = Value(distance, (1 / Fraction(0.015) + abs(distance)) * size / deviation)
    return [made]


def minutes(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> list[int]:
    """The number of each row's session, of sessions that are told in minutes."""
    start, length = parameters["session_start"], parameters["session_length"]
    return [math.floor((time / 60_000_000 - start) / length) for time in columns["timestamp"]]


@reference("ta.vwap")
def vwap(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    bars = list(zip(columns["high"], columns["low"], columns["close"], strict=True))
    made: list[Cell] = []
    money = volume = traded = size = Fraction(0)
    session: int | None = None
    sessions = SESSIONS["ta.vwap"](columns, parameters)
    for bar, amount, number in zip(bars, columns["volume"], sessions, strict=True):
        if number != session:
            session, money, volume, traded, size = number, *[Fraction(0)] * 4
        price = sum(bar, Fraction(0)) / 3
        money, volume = money + price * amount, volume + amount
        traded, size = traded + abs(amount), max(size, greatest(bar))
        if volume <= 0:
            # Volumes of both signs: floats may see a little more than nothing.
            made.append(DOUBTFUL if volume > -8 * EPSILON * traded and traded else None)
        elif volume <= 1000 * EPSILON * traded:
            made.append(DOUBTFUL)
        else:
            made.append(Value(money / volume, size * (1 + 2 * traded / volume) ** 2))
    return [made]


SESSIONS["ta.vwap"] = minutes


def chained(values: Column, period: int, times: int) -> list[list[Fraction]]:
    """An exponential average, the average of it, and so on."""
    made = [values]
    for _ in range(times):
        made.append([each for each in exponential(made[-1], period) if each is not None])
    return [list(each) for each in made[1:]]


@reference("ta.mavp")
def mavp(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, kind = columns["close"], parameters["average"]
    least, most = parameters["min_period"], parameters["max_period"]
    periods = [min(max(math.trunc(each), least), most) for each in columns["periods"]]
    times = {"ema": 1, "dema": 2, "tema": 3}.get(kind, 0)
    warm_up = max(times, 1) * (most - 1)
    sizes = so_far(close)
    made: list[Cell] = [None] * len(close)
    known: dict[int, list[list[Fraction]]] = {}
    for row in range(warm_up, len(close)):
        period = periods[row]
        if times == 0:
            window = close[row + 1 - period : row + 1]
            half = [min(place, period + 1 - place) for place in range(1, period + 1)]
            weights = {"sma": [1] * period, "wma": list(range(1, period + 1)), "trima": half}[kind]
            weighted = sum((weight * each for weight, each in zip(weights, window, strict=True)), Fraction(0))
            flat = len(set(window)) == 1
            made[row] = Value(weighted / sum(weights), 4 * greatest(window), strict=flat)
            continue
        if period not in known:
            known[period] = chained(close[times * (most - period) :], period, times)
        averages = [each[row - warm_up + (len(each) - len(known[period][-1]))] for each in known[period]]
        factors = {1: [1], 2: [2, -1], 3: [3, -3, 1]}[times]
        exact = sum((factor * each for factor, each in zip(factors, averages, strict=True)), Fraction(0))
        made[row] = Value(exact, 8 * sizes[row])
    return [made]


@reference("ta.maxindex")
def maxindex(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    close, period = columns["close"], parameters["period"]
    made: list[Cell] = [None] * len(close)
    highest = -1
    for row in range(period - 1, len(close)):
        if highest < row + 1 - period:
            highest = max(range(row + 1 - period, row + 1), key=close.__getitem__)  # the oldest of equals
        elif close[row] >= close[highest]:
            highest = row
        made[row] = Value(Fraction(highest), Fraction(0), strict=True)
    return [made]


# ---------------------------------------------------------------------------------------------- metrics


def deviation_of_sample(values: Column) -> Fraction:
    middle = mean(values)
    return root(sum(((each - middle) ** 2 for each in values), Fraction(0)) / (len(values) - 1))


def ratio(above: Fraction, below: Fraction, size: Fraction, scale: Fraction) -> Value | Doubtful:
    """A mean over a deviation, both computed from numbers of one size."""
    if size * EPSILON * ROUNDINGS > below / 4:
        return DOUBTFUL  # what varied is of the size of roundings
    return Value(scale * above / below, scale * (size / below) * (1 + abs(above) / below))


@reference("risk.sharpe_ratio")
def sharpe_ratio(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    free = Fraction(parameters["risk_free"])
    excess = [each - free for each in columns["returns"]]
    if len(excess) < 2 or (deviation := deviation_of_sample(excess)) == 0:
        return [[None]]
    size = greatest(columns["returns"]) + abs(free)
    return [[ratio(mean(excess), deviation, size, root(Fraction(parameters["periods"])))]]


@reference("risk.sortino_ratio")
def sortino_ratio(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    required = Fraction(parameters["required_return"])
    excess = [each - required for each in columns["returns"]]
    if not excess or not any(each < 0 for each in excess):
        return [[None]]
    downside = root(mean([min(each, Fraction(0)) ** 2 for each in excess]))
    # Every excess is rounded once, relatively to itself: what fell short is never lost.
    scale = root(Fraction(parameters["periods"]))
    above, size = mean(excess), greatest(excess)
    return [[Value(scale * above / downside, scale * (size + abs(above)) / downside)]]


@reference("risk.volatility")
def volatility(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns = columns["returns"]
    if len(returns) < 2:
        return [[None]]
    scale = root(Fraction(parameters["periods"]))
    deviation = deviation_of_sample(returns)
    return [[Value(scale * deviation, scale * greatest(returns), strict=deviation == 0)]]


@reference("risk.beta")
def beta(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns, benchmark = columns["returns"], columns["benchmark"]
    if len(set(benchmark)) < 2:
        return [[None]]
    ours, theirs = ([each - mean(column) for each in column] for column in (returns, benchmark))
    squares = sum((each**2 for each in theirs), Fraction(0))
    slope = sum((one * other for one, other in zip(ours, theirs, strict=True)), Fraction(0)) / squares
    size, deviation = greatest(benchmark), root(squares / len(theirs))
    if size * EPSILON * ROUNDINGS > deviation / 4:
        return [[DOUBTFUL]]  # what varied is of the size of roundings
    # Each difference from a mean is off by a rounding of the largest number; products and squares pass it on.
    moved = root(mean([each**2 for each in ours])) / deviation
    return [[Value(slope, greatest(returns) / deviation + (moved + abs(slope)) * size / deviation)]]


@reference("risk.max_drawdown")
def max_drawdown(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns = columns["returns"]
    if not returns:
        return [[None]]
    wealth = peak = Fraction(1)
    worst = Fraction(0)
    for each in returns:
        wealth = wealth * (1 + each) if each > -1 else Fraction(0)
        peak = max(peak, wealth)
        worst = min(worst, wealth / peak - 1)
        if wealth == 0:
            break
    return [[Value(worst, Fraction(1))]]


@reference("risk.calmar_ratio")
def calmar_ratio(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns, periods = columns["returns"], parameters["periods"]
    drawdown = max_drawdown(columns, parameters)[0][0]
    if not isinstance(drawdown, Value) or drawdown.exact == 0:
        return [[None]]
    wealth = math.prod((max(1 + each, Fraction(0)) for each in returns), start=Fraction(1))
    years = Fraction(periods) / len(returns)
    fall = -drawdown.exact
    if fall * EPSILON.denominator < ROUNDINGS * len(returns) or not is_near_one(wealth, years):
        return [[DOUBTFUL]]
    growth = power(wealth, years)
    moved = (growth * (1 + len(returns) * years) + abs(growth - 1)) / fall
    return [[Value((growth - 1) / fall, moved * (1 + len(returns) / fall))]]


@reference("risk.value_at_risk")
def value_at_risk(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns, cutoff = sorted(columns["returns"]), Fraction(parameters["cutoff"])
    if not returns:
        return [[None]]
    place = (len(returns) - 1) * cutoff
    below = math.floor(place)
    above = min(below + 1, len(returns) - 1)
    between = returns[below] + (place - below) * (returns[above] - returns[below])
    # The place itself is rounded, by as much as it is great.
    near = returns[max(below - 1, 0) : above + 2]
    return [[Value(between, greatest(near) + len(returns) * (near[-1] - near[0]) / ROUNDINGS)]]


@reference("risk.conditional_value_at_risk")
def conditional_value_at_risk(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
    returns, cutoff = sorted(columns["returns"]), Fraction(parameters["cutoff"])
    if not returns:
        return [[None]]
    place = (len(returns) - 1) * cutoff
    if close_to(place, Fraction(round(place)), place):
        return [[DOUBTFUL]]
    worst = returns[: math.floor(place) + 1]
    return [[Value(mean(worst), greatest(worst))]]


# --------------------------------------------------------------------------------------------- windows


def over_windows(metric: Reference) -> Reference:
    """What a metric is for the last `window` rows, from the first row that has so many."""

    def rolling(columns: Mapping[str, Column], parameters: Mapping[str, Any]) -> Rows:
        window, rows = parameters["window"], len(next(iter(columns.values())))
        ends = range(window, rows + 1)
        parts = [
            metric({name: values[end - window : end] for name, values in columns.items()}, parameters)
            for end in ends
        ]
        before: list[Cell] = [None] * min(window - 1, rows)
        outputs = len(metric(dict.fromkeys(columns, ()), parameters))
        return [before + [part[output][0] for part in parts] for output in range(outputs)]

    return rolling


REFERENCES |= {
    name.replace(".", ".rolling_"): over_windows(metric)
    for name, metric in REFERENCES.items()
    if name.startswith("risk.")
}
