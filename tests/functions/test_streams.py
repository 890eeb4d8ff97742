"""An indicator bar by bar has the bits of the whole batch, and can be saved and copied anywhere."""

import copy
import itertools
import math
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import omega
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.functions.call import Nulls
from omega.shared import protocols, tables
from omega.shared.exceptions import (
    InvalidTypeError,
    InvalidValueError,
    MissingColumnError,
    MissingValueError,
    OmegaError,
    UnknownParameterError,
)

from tests.functions.market import (
    MOMENT,
    REDUCTIONS,
    ROWWISE,
    ROWWISE_SHAPES,
    SPECS,
    all_same_bits,
    every,
    inputs,
    outputs,
    parameters,
    row_of,
    rows_of,
    same_bits,
    take_away,
    typed,
    values,
)

#: Every way to make another stream of the same state.
TWINS: dict[str, Callable[[Any], Any]] = {
    "restore": lambda stream: omega.restore(stream.snapshot()),
    "pickle": lambda stream: pickle.loads(pickle.dumps(stream)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}

every_shape = pytest.mark.parametrize("name", ROWWISE_SHAPES)
every_twin = pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
policies: st.SearchStrategy[Nulls] = st.sampled_from(["skip", "propagate"])
law = settings(max_examples=15, deadline=None)


def with_gaps(columns: dict[str, Any], seed: int) -> dict[str, Any]:
    """The columns with some missing values."""
    rng = np.random.default_rng(seed)
    made = {name: column.copy() for name, column in columns.items()}
    for column in made.values():
        take_away(column, rng.random(len(column)) < 0.03)
    return made


def feed(stream: Any, columns: dict[str, Any], start: int = 0, end: int | None = None) -> list[list[float]]:
    """Updates with every row; the rows of outputs."""
    rows = itertools.islice(rows_of(columns), start, end)
    width = len(SPECS[stream.function].outputs)
    return [values(stream.update(*row), width) for row in rows]


@every_shape
@law
@given(data=st.data())
def test_a_stream_equals_the_batch_bit_for_bit(name: str, data: st.DataObject) -> None:
    chosen = data.draw(parameters(SPECS[name]))
    nulls = data.draw(policies)
    columns = inputs(name, data.draw(st.integers(1, 150)), data.draw(st.integers(0, 99)))
    columns = with_gaps(columns, data.draw(st.integers(0, 99)))
    rows = feed(omega.stream(name, nulls=nulls, **chosen), columns)
    batch = outputs(typed(name)(columns, nulls=nulls, **chosen))
    assert all_same_bits(list(np.array(rows).T.copy()), batch)


def test_every_long_stream_equals_the_batch_bit_for_bit() -> None:
    def equals(name: str) -> None:
        columns = inputs(name, 3000, seed=1)
        rows = feed(omega.stream(name), columns)
        assert all_same_bits(list(np.array(rows).T.copy()), outputs(typed(name)(columns)))

    every(ROWWISE, equals)


@every_twin
@every_shape
@law
@given(data=st.data())
def test_a_twin_made_anywhere_goes_on_with_the_same_bits(
    name: str, twin: Callable[[Any], Any], data: st.DataObject
) -> None:
    columns = with_gaps(inputs(name, 90, data.draw(st.integers(0, 99))), 1)
    at = data.draw(st.integers(0, 90))
    stream = omega.stream(name, **data.draw(parameters(SPECS[name])))
    feed(stream, columns, 0, at)
    other = twin(stream)
    assert (other.rows, other.function, other.nulls, other.warm_up_rows) == (
        stream.rows,
        name,
        "skip",
        stream.warm_up_rows,
    )
    assert other.snapshot() == stream.snapshot()
    rest = feed(stream, columns, at)
    # The original moved on without its twin.
    assert other.rows == at
    assert same_bits(feed(other, columns, at), rest)


@every_shape
def test_peek_answers_as_update_would_and_leaves_the_state(name: str) -> None:
    columns = inputs(name, 120)
    stream = omega.stream(name)
    width = len(SPECS[name].outputs)
    for row in rows_of(columns):
        before = stream.snapshot()
        peeked = [values(stream.peek(*row), width) for _ in range(2)]
        assert stream.snapshot() == before
        updated = values(stream.update(*row), width)
        assert same_bits(peeked[0], updated)
        assert same_bits(peeked[1], updated)


@every_shape
def test_a_reset_stream_starts_again(name: str) -> None:
    columns = inputs(name, 60)
    stream = omega.stream(name)
    fresh = stream.snapshot()
    first = feed(stream, columns)
    stream.reset()
    assert stream.rows == 0
    assert stream.snapshot() == fresh
    assert same_bits(feed(stream, columns), first)


def test_every_first_value_comes_right_after_the_warm_up() -> None:
    def comes(name: str) -> None:
        stream = omega.stream(name)
        rows = feed(stream, inputs(name, stream.warm_up_rows + 1))
        assert np.isnan(rows[:-1]).all()
        assert not np.isnan(rows[-1]).any()
        assert stream.warm_up_rows == omega.warm_up_rows(name)

    every(ROWWISE, comes)


@every_shape
def test_a_row_may_come_as_numbers_keywords_a_mapping_or_a_record(name: str) -> None:
    columns = inputs(name, 60)
    # Records of one moment.
    streams = [omega.stream(name, order=None) for _ in range(5)]
    table = tables.load(SPECS[name].table)
    others: dict[str, Any] = {field.name: 1.0 for field in table.fields if field.type == "float64"}
    others |= {"timestamp": MOMENT, "symbol": "X"}
    for row in rows_of(columns):
        aware = (each.replace(tzinfo=UTC) if isinstance(each, datetime) else each for each in row)
        bar = dict(zip(columns, aware, strict=True))
        # A record has the columns of its table, and no parameters.
        whole = bar.keys() <= {field.name for field in table.fields}
        record = getattr(protocols, table.record)(**{**others, **bar}) if whole else bar
        numpy_row = [each if isinstance(each, datetime) else np.float64(each) for each in bar.values()]
        answers = [
            streams[0].update(*bar.values()),
            streams[1].update(**bar),
            streams[2].update({**bar, "extra": "ignored"}),
            streams[3].update(record),
            streams[4].update(*numpy_row),
        ]
        width = len(SPECS[name].outputs)
        assert len({np.array(values(answer, width)).tobytes() for answer in answers}) == 1


@every_shape
def test_a_missing_input_gives_no_value(name: str) -> None:
    for missing in (None, math.nan):
        stream = omega.stream(name)
        feed(stream, inputs(name, 60))
        assert stream.update(*row_of(name, missing)) is None
        assert stream.rows == 61


@every_shape
def test_a_stream_that_raises_on_missing_inputs_names_column_and_row(name: str) -> None:
    stream = omega.stream(name, nulls="raise")
    feed(stream, inputs(name, 7))
    before = stream.snapshot()
    with pytest.raises(MissingValueError) as refusal:
        stream.update(*[None] * len(SPECS[name].inputs))
    assert refusal.value.fields["name"] == SPECS[name].inputs[0].name
    assert refusal.value.fields["row"] == "7"
    assert stream.snapshot() == before


@every_shape
@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e151, -1e300])
def test_a_refused_value_leaves_a_stream_as_it_was(name: str, value: float) -> None:
    stream = omega.stream(name)
    columns = inputs(name, 60)
    feed(stream, columns, 0, 40)
    before = stream.snapshot()
    for method in (stream.update, stream.peek):
        with pytest.raises(InvalidValueError) as refusal:
            method(*row_of(name, value))
        assert refusal.value.fields["row"] == "40"
        assert refusal.value.fields["allowed"] == "0, or from 1e-100 to 1e100 in magnitude"
    assert stream.snapshot() == before


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "says"),
    [
        ((), {}, MissingColumnError, "high"),
        ((1.0,), {}, OmegaError, ""),
        ((1.0, 2.0), {}, MissingColumnError, "close"),
        ((), {"high": 1.0, "low": 1.0}, MissingColumnError, "close"),
        ((), {"high": 1.0, "low": 1.0, "clos": 1.0}, UnknownParameterError, "close"),
        (({"high": 1.0},), {}, MissingColumnError, "low"),
        (("1.0", 1.0, 1.0), {}, InvalidTypeError, "1.0"),
        ((True, 1.0, 1.0), {}, InvalidTypeError, "True"),
        (([1.0], 1.0, 1.0), {}, InvalidTypeError, r"\[1.0\]"),
        ((1j, 1.0, 1.0), {}, InvalidTypeError, "1j"),
        ((10**400, 1.0, 1.0), {}, OmegaError, ""),
        ((np.array([1.0]), 1.0, 1.0), {}, InvalidTypeError, ""),
        ((object(), 1.0, 1.0), {}, InvalidTypeError, "object"),
        (("close",), {}, OmegaError, ""),
        ((1.0, 2.0, 3.0, 4.0), {}, OmegaError, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bar_that_is_none_is_refused(
    arguments: tuple[Any, ...], keywords: dict[str, Any], error: type[OmegaError], says: str
) -> None:
    stream = omega.stream("ta.atr", period=1)
    stream.update(2.0, 1.0, 1.5)
    with pytest.raises(error, match=says or None):
        stream.update(*arguments, **keywords)
    assert stream.rows == 1
    assert stream.update(3.0, 1.0, 1.5) == 2.0


def test_several_outputs_are_a_named_tuple() -> None:
    stream = omega.stream("ta.bbands", period=2)
    assert stream.update(1.0) is None
    assert stream.update(1.0) == omega.ta.Bbands(upper=1.0, middle=1.0, lower=1.0)


def test_an_update_that_runs_inside_another_is_a_row_of_its_own() -> None:
    stream = omega.stream("ta.sma", period=1)

    class Nested:
        def __float__(self) -> float:
            assert stream.update(5.0) == 5.0
            assert stream.snapshot()
            return 7.0

    assert stream.update(Nested()) == 7.0
    assert stream.rows == 2


def test_a_number_whose_conversion_raises_is_refused_and_the_stream_goes_on() -> None:
    class Broken:
        def __float__(self) -> float:
            raise RuntimeError("no number today")

    stream = omega.stream("ta.sma", period=1)
    with pytest.raises((InvalidTypeError, RuntimeError)):
        stream.update(Broken())
    assert stream.update(1.0) == 1.0


def test_only_indicators_stream() -> None:
    def refused(name: str) -> None:
        with pytest.raises(InvalidTypeError, match=name):
            omega.stream(name)

    every(REDUCTIONS, refused)


def test_a_stream_says_what_it_is() -> None:
    stream = omega.stream("ta.sma", period=2)
    stream.update(1.0)
    assert repr(stream) == "<omega stream of ta.sma(period=2): 1 row, not ready>"
