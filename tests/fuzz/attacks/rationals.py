"""Every indicator and metric against exact rational numbers, computed in every way, whatever is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import omega

from tests.functions.market import Floats
from tests.fuzz import answers
from tests.fuzz.attack import Attack, Finding, Tally, attempt
from tests.fuzz.attacks import door
from tests.fuzz.limits import decades
from tests.fuzz.rational import REFERENCES, SESSIONS, Cell, Doubtful, Rows, Value
from tests.fuzz.samples import KERNELS, ROWWISE, Sample, sample


def case(dice: Random, tally: Tally) -> None:
    """One sound call against its reference, then the same call by another way, to the last bit."""
    one = sample(dice, dice.choice(KERNELS), most_rows=120)
    reference = REFERENCES.get(one.spec.name)
    if reference is None:
        raise Finding(f"{one.spec.name} has no reference in rational.py; write one from its documentation")
    tally.note(f"{one}: {[column[:8].tolist() for column in one.columns.values()]}")
    expected = door.baseline(one, tally)
    if expected.refusal is None:
        compare(one, expected.answer, tally)
    ways = [door.another_form, door.feature_set, door.row_by_row if one.spec in ROWWISE else door.in_parts]
    dice.choice(ways)(one, expected, dice, tally)
    if one.spec not in ROWWISE and one.keys is None and expected.refusal is None and one.nulls == "skip":
        merged(one, dice, tally)


def compare(one: Sample, found: answers.Read, tally: Tally) -> None:
    """Every value of the answer, group by group."""
    keys, columns = found
    groups = [None] if one.keys is None else list(dict.fromkeys(one.keys))
    if keys is not None and (len(keys) != len(groups) or set(keys) != set(groups)):
        raise Finding(f"the groups must be {groups}, got {keys}")
    for group in groups:
        rows = [row for row in range(one.rows) if one.keys is None or one.keys[row] == group]
        exact = under_policy(one, rows)
        if one.spec in ROWWISE:
            parts = [column[rows] for column in columns]
        else:
            parts = [column[[0 if keys is None else keys.index(group)]] for column in columns]
        judge(one, exact, parts, tally)


def under_policy(one: Sample, rows: Sequence[int]) -> Rows:
    """The reference over some rows, with what a missing one does to the others."""
    reference = REFERENCES[one.spec.name]
    parameters = {each.name: one.parameters.get(each.name, each.default) for each in one.spec.parameters}
    present = one.present

    def over(chosen: Sequence[int]) -> Rows:
        return reference(
            {name: [exactly(column[row]) for row in chosen] for name, column in one.columns.items()},
            parameters,
        )

    there = [row for row in rows if present[row]]
    if one.spec not in ROWWISE:
        whole = len(there) == len(rows) or one.nulls == "skip"
        return over(there) if whole else [[None] for _ in one.spec.outputs]
    made: Rows = [[None] * len(rows) for _ in one.spec.outputs]
    if one.nulls == "propagate" and one.spec.memory == "session":
        columns = {name: [exactly(column[row]) for row in there] for name, column in one.columns.items()}
        sessions = SESSIONS[one.spec.name](columns, parameters)
        kept = whole_sessions(rows, present, dict(zip(there, sessions, strict=True)))
        for column, cells in zip(made, over(there), strict=True):
            for row, cell in zip(there, cells, strict=True):
                column[rows.index(row)] = cell if row in kept else None
        return made
    for part in runs(rows, present, one.nulls == "skip"):
        at = [rows.index(row) for row in part]
        for column, cells in zip(made, over(part), strict=True):
            for place, cell in zip(at, cells, strict=True):
                column[place] = cell
        if one.nulls == "propagate" and one.spec.memory != "fading":
            # Totals never forget: after the first missing row there is no value any more.
            if len(part) < len(rows):
                first_gap = next(place for place, row in enumerate(rows) if not present[row])
                for column in made:
                    column[first_gap:] = [None] * (len(rows) - first_gap)
            break
    return made


def exactly(value: Any) -> Fraction:
    """A number as it is, a time in microseconds."""
    return Fraction(int(value.astype("int64")) if isinstance(value, np.datetime64) else value)


def whole_sessions(rows: Sequence[int], present: Sequence[bool], session: Mapping[int, int]) -> set[int]:
    """The rows of sessions that lack none so far: after a gap, of one that begins after a row of another."""
    found: set[int] = set()
    last: int | None = None
    whole = True
    for row in rows:
        if not present[row]:
            last, whole = None, False
            continue
        whole = whole or (last is not None and session[row] != last)
        last = session[row]
        if whole:
            found.add(row)
    return found


def runs(rows: Sequence[int], present: Sequence[bool], joined: bool) -> list[list[int]]:
    """The rows that are there: as if the others had never been, or parted by them."""
    if joined:
        return [[row for row in rows if present[row]]]
    parts: list[list[int]] = [[]]
    for row in rows:
        if present[row]:
            parts[-1].append(row)
        else:
            parts.append([])
    return parts


def judge(one: Sample, exact: Rows, found: list[Floats], tally: Tally) -> None:
    """Each value within the roundings that its magnitude allows; each missing one missing."""
    for output, cells, column in zip(one.spec.outputs, exact, found, strict=True):
        for row, (cell, value) in enumerate(zip(cells, column, strict=True)):
            if isinstance(cell, Doubtful):
                tally.count("doubtful")
            elif not fits(cell, float(value)) and not (one.spec in ROWWISE and faded(cell, float(value))):
                raise Finding(
                    f"{one.spec.name}.{output.name} must be {said(cell)} in row {row}, got `{value!r}`"
                )


def fits(cell: Cell, value: float) -> bool:
    """Whether a float is what the exact answer asks for."""
    if cell is None or isinstance(cell, Doubtful):
        return math.isnan(value)
    return cell.allows(value)


def faded(cell: Cell, value: float) -> bool:
    """Whether an indicator says 0 for what is smaller than any input, or is so when rounded.

    Its answers may be inputs of others.
    """
    least = Fraction(float(f"1e{decades()[0]}"))
    return value == 0 and isinstance(cell, Value) and abs(cell.exact) - cell.rounding < least


def said(cell: Cell) -> str:
    """The exact answer in words."""
    if cell is None or isinstance(cell, Doubtful):
        return "missing"
    exactly = ", exactly" if cell.strict else ""
    return f"{_float(cell.exact)!r} within a magnitude of {_float(cell.unit):.3g}{exactly}"


def _float(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return float("inf")


def merged(one: Sample, dice: Random, tally: Tally) -> None:
    """Two accumulators merged: within the same roundings of the exact answer, though not the same bits."""
    cut = dice.randrange(one.rows + 1)
    parts: list[Any] = []
    for start, end in ((0, cut), (cut, one.rows)):
        parts.append(omega.accumulate(one.spec.name, nulls=one.nulls, **one.parameters))
        parts[-1].update({name: column[start:end] for name, column in one.columns.items()})
    parts[0].merge(parts[1])
    value = attempt(tally, lambda: parts[0].value).answer
    cells = value if isinstance(value, tuple) else (value,)
    found = [np.array([np.nan if each is None else each]) for each in cells]
    judge(one, under_policy(one, range(one.rows)), found, tally)


ATTACK = Attack(about="indicators and metrics against exact rationals", case=case)
