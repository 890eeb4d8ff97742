"""A metric that takes its data in parts knows what the metric of all of it is."""

import copy
import itertools
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import omega
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.functions.call import Nulls
from omega.shared.exceptions import (
    InvalidTypeError,
    InvalidValueError,
    MissingValueError,
    SnapshotMismatchError,
)

from tests.functions.market import (
    REDUCTION_SHAPES,
    REDUCTIONS,
    ROWWISE,
    SPECS,
    Floats,
    cut,
    every,
    inputs,
    parameters,
    same_bits,
    typed,
)
from tests.fuzz.attacks.rationals import fits
from tests.fuzz.rational import REFERENCES, Doubtful, Rows

every_shape = pytest.mark.parametrize("name", REDUCTION_SHAPES)
law = settings(max_examples=20, deadline=None)
borders = st.lists(st.integers(0, 120), max_size=6)


def number(value: Any) -> Any:
    """What a metric answered, one number or several, NaN for none."""
    values = value if isinstance(value, tuple) else (value,)
    return [np.nan if each is None else each for each in values]


def rows(columns: dict[str, Floats], start: int, end: int | None = None) -> dict[str, Floats]:
    return {name: column[start:end] for name, column in columns.items()}


def gathered(name: str, parts: list[dict[str, Any]], **given: Any) -> Any:
    """An accumulator that took the parts one by one."""
    accumulator = omega.accumulate(name, **given)
    for part in parts:
        accumulator.update(part)
    return accumulator


def exactly(name: str, columns: dict[str, Floats]) -> Rows:
    """What a metric answers by its documentation, in rational numbers."""
    exact = {each: list(map(Fraction, column.tolist())) for each, column in columns.items()}
    return REFERENCES[name](exact, {each.name: each.default for each in SPECS[name].parameters})


@every_shape
@law
@given(data=st.data())
def test_any_chunking_gives_the_same_bits(name: str, data: st.DataObject) -> None:
    chosen = data.draw(parameters(SPECS[name]))
    nulls = data.draw(st.sampled_from(["skip", "propagate"]))
    columns = inputs(name, data.draw(st.integers(0, 120)), data.draw(st.integers(0, 99)))
    if data.draw(st.booleans()):
        columns[next(iter(columns))][::9] = np.nan
    whole = number(typed(name)(columns, nulls=nulls, **chosen))
    found = gathered(name, cut(columns, data.draw(borders)), nulls=nulls, **chosen)
    assert same_bits(number(found.value), whole)
    assert found.rows == len(next(iter(columns.values())))


def test_every_metric_row_by_row_gives_the_same_bits() -> None:
    def gives(name: str) -> None:
        columns = inputs(name, 300, seed=4)
        accumulator = omega.accumulate(name)
        for row in range(300):
            accumulator.update(rows(columns, row, row + 1))
            if row % 37 == 0 or row == 299:
                so_far = typed(name)(rows(columns, 0, row + 1))
                assert same_bits(number(accumulator.value), number(so_far))

    every(REDUCTIONS, gives)


@every_shape
@law
@given(data=st.data())
def test_merged_parts_are_as_near_to_the_exact_answer_as_the_whole(name: str, data: st.DataObject) -> None:
    columns = inputs(name, data.draw(st.integers(0, 120)), data.draw(st.integers(0, 99)))
    parts = [gathered(name, [part]) for part in cut(columns, data.draw(borders))]
    first, *others = parts
    for other in others:
        first.merge(other)
    # Parts are rounded otherwise than the whole, and a difference near zero shows it. So neither is the
    # measure of the other: both are held to the exact answer, within the roundings that it allows.
    exact = [cells[0] for cells in exactly(name, columns)]
    for value, whole, cell in zip(number(first.value), number(typed(name)(columns)), exact, strict=True):
        assert isinstance(cell, Doubtful) or (fits(cell, value) and fits(cell, whole))
    assert first.rows == len(next(iter(columns.values())))


@every_shape
def test_merging_leaves_the_other_as_it_was(name: str) -> None:
    first, second = (gathered(name, [inputs(name, 30, seed)]) for seed in (1, 2))
    before = second.snapshot()
    first.merge(second)
    assert second.snapshot() == before


@every_shape
def test_an_accumulator_may_be_merged_with_itself(name: str) -> None:
    accumulator = gathered(name, [inputs(name, 30)])
    accumulator.merge(accumulator)
    twice = {each: np.tile(column, 2) for each, column in inputs(name, 30).items()}
    assert number(accumulator.value) == pytest.approx(number(typed(name)(twice)), rel=1e-12)


@every_shape
@pytest.mark.parametrize(
    "twin",
    [
        lambda accumulator: omega.restore(accumulator.snapshot()),
        lambda accumulator: pickle.loads(pickle.dumps(accumulator)),
        copy.copy,
        copy.deepcopy,
    ],
    ids=["restore", "pickle", "copy", "deepcopy"],
)
@law
@given(at=st.integers(0, 90), seed=st.integers(0, 99))
def test_a_twin_made_anywhere_goes_on_with_the_same_bits(
    name: str, twin: Callable[[Any], Any], at: int, seed: int
) -> None:
    before, after = cut(inputs(name, 90, seed), [at])
    accumulator = gathered(name, [before])
    other = twin(accumulator)
    assert other.snapshot() == accumulator.snapshot()
    accumulator.update(after)
    assert other.rows == at
    other.update(after)
    assert same_bits(number(other.value), number(accumulator.value))


@every_shape
def test_a_metric_of_nothing_is_undefined(name: str) -> None:
    accumulator = omega.accumulate(name)
    fresh = accumulator.snapshot()
    nothing, some = inputs(name, 0), inputs(name, 3)
    assert number(accumulator.value) == pytest.approx(number(typed(name)(nothing)), nan_ok=True)
    accumulator.update(nothing)
    accumulator.update({each: pa.nulls(0) for each in nothing})
    accumulator.update({each: [0.5, None, -0.5] for each in some})
    accumulator.reset()
    assert accumulator.snapshot() == fresh


@every_shape
def test_a_refused_chunk_is_taken_as_a_whole_or_not_at_all(name: str) -> None:
    accumulator = gathered(name, [inputs(name, 30)])
    before = accumulator.snapshot()
    names = [each.name for each in SPECS[name].inputs]
    bad = pa.chunked_array([[0.1, 0.2], [0.3, float("inf")], [0.4]])
    for data in (bad, bad.combine_chunks(), [0.1, float("inf")], np.array([0.1, -np.inf, 0.2])):
        with pytest.raises(InvalidValueError):
            accumulator.update(dict.fromkeys(names, data))
        assert accumulator.snapshot() == before
    strict = omega.accumulate(name, nulls="raise")
    strict.update(dict.fromkeys(names, np.array([0.1, 0.2])))
    before = strict.snapshot()
    with pytest.raises(MissingValueError) as refusal:
        strict.update(dict.fromkeys(names, pa.chunked_array([[0.1], [0.2, None]])))
    assert refusal.value.fields["row"] in {"2", "4"}
    assert strict.snapshot() == before


@every_shape
def test_chunks_of_any_library_are_taken(name: str) -> None:
    columns = inputs(name, 60)
    accumulator = omega.accumulate(name)
    accumulator.update(pa.table(rows(columns, 0, 20)), strict_zero_copy=True)
    accumulator.update(pl.DataFrame(rows(columns, 20, 40)), strict_zero_copy=True)
    accumulator.update(rows(columns, 40))
    assert same_bits(number(accumulator.value), number(typed(name)(columns)))


def test_only_the_same_metric_with_the_same_parameters_merges() -> None:
    base = omega.accumulate("risk.value_at_risk", cutoff=0.05)
    for other in (
        omega.accumulate("risk.value_at_risk", cutoff=0.1),
        omega.accumulate("risk.conditional_value_at_risk", cutoff=0.05),
        omega.accumulate("risk.value_at_risk", nulls="raise"),
    ):
        with pytest.raises(SnapshotMismatchError):
            base.merge(other)
    with pytest.raises(TypeError):
        base.merge("another")  # type: ignore[arg-type]


def test_only_metrics_accumulate() -> None:
    def refused(name: str) -> None:
        with pytest.raises(InvalidTypeError, match=name):
            omega.accumulate(name)

    every(ROWWISE, refused)


def test_metrics_of_every_pair_of_kinds_know_their_parameters() -> None:
    policies: list[Nulls] = ["skip", "propagate", "raise"]
    for name, nulls in itertools.product(REDUCTIONS, policies):
        accumulator = omega.accumulate(name, nulls=nulls)
        assert (accumulator.function, accumulator.nulls) == (name, nulls)
        assert repr(accumulator).startswith(f"<omega accumulator of {name}(")
