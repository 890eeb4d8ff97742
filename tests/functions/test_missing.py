"""What a missing row does, under each policy: never a finite value that it has touched."""

from decimal import Decimal
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omega.shared.exceptions import InvalidTypeError, MissingValueError

from tests.functions.market import (
    REDUCTION_SHAPES,
    ROWWISE_SHAPES,
    RUST,
    SPECS,
    all_same_bits,
    every,
    inputs,
    outputs,
    same_bits,
    take_away,
    typed,
)
from tests.functions.producers import arrow_numbers

every_indicator = pytest.mark.parametrize("name", ROWWISE_SHAPES)
every_metric = pytest.mark.parametrize("name", REDUCTION_SHAPES)
law = settings(max_examples=20, deadline=None)
gaps = st.sets(st.integers(0, 149), max_size=12).map(sorted)


def with_gaps(name: str, missing: list[int], seed: int) -> dict[str, Any]:
    """A random walk in which each missing row misses one of its inputs."""
    columns = inputs(name, 150, seed)
    names = list(columns)
    for turn, row in enumerate(missing):
        take_away(columns[names[turn % len(names)]], row)
    return columns


@every_indicator
@law
@given(missing=gaps, seed=st.integers(0, 99))
@example(missing=[0], seed=0)
@example(missing=list(range(150)), seed=0)
def test_a_skipped_row_leaves_the_others_as_if_it_were_not_there(
    name: str, missing: list[int], seed: int
) -> None:
    columns = with_gaps(name, missing, seed)
    present = np.ones(150, dtype=bool)
    present[missing] = False
    answer = outputs(typed(name)(columns))
    alone = outputs(typed(name)({each: column[present] for each, column in columns.items()}))
    for found, expected in zip(answer, alone, strict=True):
        assert np.isnan(found[missing]).all()
        assert same_bits(found[present], expected)


@every_indicator
@law
@given(missing=gaps, seed=st.integers(0, 99))
@example(missing=[0, 149], seed=0)
def test_a_propagated_row_is_forgotten_only_with_all_that_it_touched(
    name: str, missing: list[int], seed: int
) -> None:
    """A fading state warms up anew after it; a cumulative one has no value to the end, one of a session none
    before the next.
    """
    columns = with_gaps(name, missing, seed)
    answer = outputs(typed(name)(columns, nulls="propagate"))
    expected = [np.full(150, np.nan) for _ in answer]
    memory = SPECS[name].memory
    start = 0
    for end in [*missing, 150]:
        part = outputs(typed(name)({each: column[start:end] for each, column in columns.items()}))
        for found, whole, values in zip(answer, expected, part, strict=True):
            waits = memory == "session" and start > 0
            first = int(np.argmin(np.append(np.isnan(found[start:end]), False))) if waits else 0
            whole[start + first : end] = values[first:]
            assert not waits or first > 0 or start == end
        start = end + 1
        if memory == "cumulative":
            break
    assert all_same_bits(answer, expected)


@every_indicator
def test_nulls_and_nan_are_the_same_missing_value(name: str) -> None:
    columns = with_gaps(name, [3, 40, 41, 90], 1)
    table = pa.table({each: pa.array(column, from_pandas=True) for each, column in columns.items()})
    for nulls in ("skip", "propagate"):
        answer = typed(name)(table, nulls=nulls)
        found = answer.columns if isinstance(answer, pa.Table) else [answer]
        expected = outputs(typed(name)(columns, nulls=nulls))
        assert all_same_bits([arrow_numbers(each) for each in found], expected)


@every_metric
@law
@given(missing=gaps, seed=st.integers(0, 99))
def test_a_metric_skips_missing_rows_or_is_missing_itself(name: str, missing: list[int], seed: int) -> None:
    columns = with_gaps(name, missing, seed)
    there = {each: np.delete(column, missing) for each, column in columns.items()}
    assert typed(name)(columns) == typed(name)(there)
    if missing:
        answer = typed(name)(columns, nulls="propagate")
        assert all(each is None for each in (answer if isinstance(answer, tuple) else (answer,)))
        with pytest.raises(MissingValueError) as refusal:
            typed(name)(columns, nulls="raise")
        assert refusal.value.fields["row"] in set(map(str, missing))
    else:
        for nulls in ("propagate", "raise"):
            assert typed(name)(columns, nulls=nulls) == typed(name)(columns)


@pytest.mark.parametrize("nulls", ["skip", "propagate", "raise"])
def test_where_nothing_is_missing_the_policies_agree(nulls: str) -> None:
    def agree(name: str) -> None:
        columns = inputs(name, 100)
        found, expected = typed(name)(columns, nulls=nulls), typed(name)(columns)
        assert all_same_bits(outputs(found), outputs(expected))

    every(RUST, agree)


@pytest.mark.parametrize(
    "hostile", [Decimal("sNaN"), type("Broken", (), {"__float__": lambda _: 1 / 0})()], ids=["sNaN", "broken"]
)
def test_a_number_that_cannot_be_converted_is_refused_by_column_and_row(hostile: Any) -> None:
    with pytest.raises(InvalidTypeError, match=r"close.*row 1"):
        omega.ta.sma([1.0, hostile])
    stream = omega.stream("ta.sma", period=1)
    features = omega.FeatureSet({"x": ("ta.sma", {"period": 1})})
    for refused in (
        lambda: stream.update(hostile),
        lambda: stream.update({"close": hostile}),
        lambda: features.update(close=hostile),
    ):
        with pytest.raises(InvalidTypeError, match="close"):
            refused()
    assert (stream.update(2.0), features.update(close=2.0)) == (2.0, {"x": 2.0})
