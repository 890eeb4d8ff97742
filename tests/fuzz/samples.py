"""Numbers, parameters and groups for any function, by its spec alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import omega
from numpy.typing import NDArray
from omega.functions.call import Nulls
from omega.shared.protocols import FunctionSpec, Parameter

from tests.functions.market import TIMES, Floats, take_away, walk
from tests.fuzz.limits import decades

SPECS = tuple(map(omega.spec, omega.functions()))
ROWWISE = tuple(spec for spec in SPECS if spec.kind == "rowwise")
REDUCTIONS = tuple(spec for spec in SPECS if spec.kind == "reduction")
MODELS = tuple(spec for spec in SPECS if spec.kind in {"model", "simulation"})
KERNELS = ROWWISE + REDUCTIONS
POLICIES: tuple[Nulls, ...] = ("skip", "propagate", "raise")


@dataclass(frozen=True)
class Sample:
    """What one function is given: columns with NaN where a value is missing, of times NaT."""

    spec: FunctionSpec
    columns: dict[str, NDArray[Any]]
    parameters: dict[str, Any]
    nulls: Nulls
    #: One key per row, or None.
    keys: list[Any] | None
    #: Whether a value is beyond what the door takes.
    excessive: bool = False

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def present(self) -> list[bool]:
        """For each row whether all inputs are there."""
        return [bool(each) for each in complete(self.columns)]

    def __str__(self) -> str:
        groups = "" if self.keys is None else f", {len(set(self.keys))} groups"
        return f"{self.spec.name}({self.parameters}, nulls={self.nulls}) of {self.rows} rows{groups}"


def complete(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """The rows in which nothing is missing."""
    missing = np.stack([np.isnan(column) for column in columns.values()])
    whole: NDArray[np.bool_] = np.logical_not(np.logical_or.reduce(missing, axis=0))
    return whole


def sample(
    dice: Random, spec: FunctionSpec, *, most_rows: int = 300, excess: bool = False, groups: bool = True
) -> Sample:
    """Any sound call of a function; with `excess` a value that no function takes may be among its rows."""
    rows = dice.choice((0, 1, 2, 3, dice.randrange(40), dice.randrange(most_rows + 1)))
    drawn = numbers(dice, [each.name for each in spec.inputs if each.name not in TIMES], rows)
    columns: dict[str, NDArray[Any]] = {}
    for each in spec.inputs:
        if each.name in TIMES:
            columns[each.name] = times(dice, rows)
            continue
        columns[each.name] = drawn[each.name]
        if each.role == "count" and dice.random() < 0.7:
            columns[each.name] = np.array([round(dice.uniform(-2, 50), 1) for _ in range(rows)])
    gaps(dice, columns, rows)
    # In a row that is there: what lies under a missing one nobody has to look at.
    there = np.flatnonzero(complete(columns))
    excessive = excess and len(there) > 0 and dice.random() < 0.1
    if excessive:
        most = [column for name, column in columns.items() if name not in TIMES]
        dice.choice(most)[dice.choice(there)] = dice.choice(excesses())
    keys = group_keys(dice, rows) if groups and dice.random() < 0.25 else None
    return Sample(spec, columns, parameters(dice, spec, rows), dice.choice(POLICIES), keys, excessive)


def times(dice: Random, rows: int) -> NDArray[Any]:
    """Times that go on by seconds or by days, now and then back, before 1970 or after it."""
    rng = np.random.default_rng(dice.getrandbits(64))
    most = dice.choice((1e6, 1e9, 1e11))
    pauses = rng.uniform(dice.choice((0.0, 0.0, -0.1)) * most, most, rows)
    first = np.datetime64(dice.choice(("1969-12-31T23:00", "1900-01-01", "2024-02-29T12:00")), "us")
    made: NDArray[Any] = first + np.cumsum(pauses.astype("timedelta64[us]"))
    return made


def value(dice: Random, name: str, number: float) -> Any:
    """A value of an input or a column: the number, or where it holds times some time."""
    return times(dice, 1)[0].item() if name in TIMES else number


def numbers(dice: Random, names: list[str], rows: int) -> dict[str, NDArray[Any]]:
    """Columns of one temper: markets, flat ones, whole numbers, or the far ends of what the door takes."""
    rng = np.random.default_rng(dice.getrandbits(64))
    least, greatest = decades()
    temper = dice.choice(("market", "market", "market", "whole", "flat", "near", "scaled", "wild", "ends"))
    market = walk(rows, dice.getrandbits(32))

    def column(name: str) -> Any:
        signs = rng.choice(np.array([-1.0, 1.0]), rows)
        match temper:
            case "whole":
                return rng.integers(-9, 10, rows).astype(np.float64)
            case "flat":
                return np.full(rows, dice.choice((0.0, -0.0, 1.0, 0.1, 1e-17, -3.3)))
            case "near":
                return 1.0 + rng.integers(-3, 4, rows) * 2.0**-52
            case "wild":
                return signs * np.power(10.0, rng.uniform(least + 0.1, greatest - 0.1, rows))
            case "ends":
                few = [0.0, 1.0, float(f"1e{least}"), float(f"1e{greatest}"), dice.choice((3e-9, 0.5, -1.0))]
                return signs * rng.choice(np.array(few), rows)
        return market[name] if name in market else rng.normal(0, 1, rows)

    made = {name: column(name) for name in names}
    if temper == "scaled":
        size = dice.uniform(least + 8, greatest - 8)
        made = {name: within(values * 10.0**size, least, greatest) for name, values in made.items()}
    return made


def within(values: Floats, least: int, greatest: int) -> Floats:
    """Magnitudes that are too small to be taken become 0, those too great the greatest."""
    clipped: Floats = np.clip(values, -float(f"1e{greatest}"), float(f"1e{greatest}"))
    clipped[np.abs(clipped) < float(f"1e{least}")] = 0.0
    return clipped


def excesses() -> list[float]:
    """Values that the door must refuse."""
    least, greatest = decades()
    beyond = [math.inf, -math.inf, 1.7e308, -float(f"2e{greatest}")]
    return beyond if least < -300 else [*beyond, 5e-324, float(f"-0.5e{least}")]


def gaps(dice: Random, columns: Mapping[str, NDArray[Any]], rows: int) -> None:
    """Takes some values away, seldom all."""
    share = dice.choice((0.0, 0.0, 0.02, 0.3, 1.0 if dice.random() < 0.1 else 0.0))
    for column in columns.values():
        for row in range(rows):
            if dice.random() < share:
                take_away(column, row)


def group_keys(dice: Random, rows: int) -> list[Any]:
    """A key for each row, now and then missing: of one of many types, runs or interleaved."""
    pool: list[Any] = dice.choice(
        (
            ["A", "B"],
            ["", "ß", "a longer symbol than twelve bytes", "a longer symbol than twelve bytez"],
            [0, -1, 2**63 - 1, -(2**63)],
            list(range(50)),
            [True, False],
            [date(1, 1, 1), date(1970, 1, 1), date(9999, 12, 31)],
            [time(9, 30), time(23, 59, 59, 999_999)],
            [timedelta(days=-1), timedelta(0), timedelta(microseconds=1)],
            [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)],
            [Decimal("1.50"), Decimal("-0.01"), Decimal(0)],
        )
    )
    if dice.random() < 0.3:
        pool = [*pool, None]
    if dice.random() < 0.5:
        return [pool[row % len(pool)] for row in range(rows)]
    return [dice.choice(pool) for _ in range(rows)]


def parameters(dice: Random, spec: FunctionSpec, rows: int) -> dict[str, Any]:
    """Parameters that the function takes. Those in rows mostly fit the rows, so that values come out."""
    while True:
        given = {each.name: parameter(dice, each, rows) for each in spec.parameters if dice.random() < 0.9}
        full = {each.name: given.get(each.name, each.default) for each in spec.parameters}
        if all(
            full[each.name] < full[each.less_than] for each in spec.parameters if each.less_than is not None
        ):
            return given


def parameter(dice: Random, each: Parameter, rows: int) -> Any:
    """A value that one parameter may have, its ends among them."""
    if each.type == "choice":
        return dice.choice(each.choices)
    if each.type == "bool":
        return dice.random() < 0.5
    low = -1e3 if each.minimum is None else each.minimum
    high = 1e9 if each.maximum is None else each.maximum
    if each.type == "int":
        usual = int(min(high, low + dice.choice((0, 1, 5, 30, max(1, rows)))))
        return dice.randint(int(low), usual)
    edges = [] if each.exclusive else [low, high]
    inner = dice.uniform(max(low, -1.0), min(high, dice.choice((1.0, 300.0))))
    value = dice.choice([*edges, float(each.default), inner, inner])
    return value if not each.exclusive or low < value < high else float(each.default)


def bad_parameter(dice: Random, each: Parameter) -> Any:
    """Mostly what a parameter must not be."""
    beyond = [each.minimum, each.maximum] if each.exclusive else []
    if each.minimum is not None:
        beyond.append(each.minimum - 1)
    if each.maximum is not None:
        beyond.append(each.maximum + 1)
    junk = [math.nan, math.inf, 2**70, -(2**70), True, "2", b"2", [2], {}, 2.5, 1j, "", "\ud800", object]
    return dice.choice([*beyond, *junk])
