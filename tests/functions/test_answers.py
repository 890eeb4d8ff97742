"""Answers come back in the library of the data, in the order of its rows, missing where they must be."""

from typing import Any

import arro3.core
import duckdb
import nanoarrow
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.functions.market import (
    MODEL_SHAPES,
    ROWWISE_SHAPES,
    SPECS,
    TIMES,
    cut,
    inputs,
    outputs,
    same_bits,
    typed,
    walk,
)
from tests.functions.producers import COLUMNS, TABLES, Producer, arrow_numbers

TABLE_OF_ANSWERS = {
    "pyarrow.RecordBatch": pa.RecordBatch,
    "pyarrow.Table": pa.Table,
    "polars.DataFrame": pl.DataFrame,
    "pandas.DataFrame": pd.DataFrame,
    "duckdb.Relation": duckdb.DuckDBPyRelation,
    "arro3.RecordBatch": arro3.core.RecordBatch,
    "arro3.Table": arro3.core.Table,
    "nanoarrow.Array of structs": nanoarrow.Array,
    "dict of NumPy arrays": omega.ta.Macd,
    "dict of polars.Series": pl.DataFrame,
}
#: Under these a missing value is null; elsewhere it is NaN.
HAS_NULLS = {name for name in TABLE_OF_ANSWERS if not name.startswith(("pandas", "dict of NumPy"))}


def as_arrow(table: Any) -> pa.Table:
    """A table of any library as pyarrow sees it."""
    if isinstance(table, duckdb.DuckDBPyRelation):
        return table.to_arrow_table()
    if isinstance(table, dict):
        return pa.table({name: pa.array(column) for name, column in table.items()})
    if isinstance(table, tuple):
        return pa.table(dict(zip(type(table)._fields, table, strict=True)))  # type: ignore[attr-defined]
    return pa.table(table)


@pytest.mark.parametrize("producer", TABLES, ids=str)
@pytest.mark.parametrize("name", ROWWISE_SHAPES)
def test_a_table_of_any_library_is_answered_in_that_library(name: str, producer: Producer) -> None:
    columns = inputs(name, 80)
    expected = outputs(typed(name)(columns))
    answer = typed(name)(producer.make(columns))
    if len(expected) == 1:
        assert isinstance(answer, producer.answer)
        assert same_bits(producer.numbers(answer), expected[0])
        return
    if producer.name != "dict of NumPy arrays":
        assert isinstance(answer, TABLE_OF_ANSWERS[producer.name])
    table = as_arrow(answer)
    assert table.column_names == [output.name for output in SPECS[name].outputs]
    for column, values in zip(table.columns, expected, strict=True):
        assert same_bits(arrow_numbers(column), values)


@pytest.mark.parametrize("producer", COLUMNS, ids=str)
def test_a_column_of_any_library_is_answered_in_that_library(producer: Producer) -> None:
    close = walk(60)["close"]
    answer = omega.ta.rsi(producer.make({"close": close}))
    assert isinstance(answer, producer.answer)
    assert same_bits(producer.numbers(answer), omega.ta.rsi(close))
    # The library is that of the column, however the column is passed.
    assert isinstance(omega.ta.rsi(close=producer.make({"close": close})), producer.answer)


@pytest.mark.parametrize("producer", COLUMNS, ids=str)
def test_several_outputs_of_a_column_are_a_table_of_its_library(producer: Producer) -> None:
    close = walk(60)["close"]
    answer = omega.ta.macd(producer.make({"close": close}))
    expected = omega.ta.macd(close)
    for column, values in zip(as_arrow(answer).columns, expected, strict=True):
        assert same_bits(arrow_numbers(column), values)


def test_lists_are_answered_with_lists() -> None:
    assert omega.ta.sma([1.0, 2.0, 3.0], period=2) == [None, 1.5, 2.5]
    assert omega.ta.sma((1.0, 2.0, 3.0), period=2) == [None, 1.5, 2.5]
    bands = omega.ta.bbands([1.0, 1.0, 1.0], period=2)
    assert bands == omega.ta.Bbands([None, 1.0, 1.0], [None, 1.0, 1.0], [None, 1.0, 1.0])


def test_any_other_arrow_object_is_answered_with_omegas_own_columns() -> None:
    class Foreign:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return pa.table({"close": [1.0, 2.0, 4.0]}).__arrow_c_stream__()

    answer = omega.ta.sma(Foreign(), period=2)
    assert pa.array(answer).to_pylist() == [None, 1.5, 3.0]
    assert pa.table(omega.ta.bbands(Foreign(), period=2)).num_rows == 3


@pytest.mark.parametrize("producer", [each for each in TABLES if each.name in HAS_NULLS], ids=str)
def test_rows_before_the_first_value_are_null_and_not_nan(producer: Producer) -> None:
    answer = omega.ta.macd(producer.make({"close": walk(60)["close"]}))
    for column in as_arrow(answer).columns:
        assert column.null_count == 33
        assert not np.isnan(column.drop_null().to_numpy()).any()


def test_missing_values_are_nan_for_numpy_and_pandas() -> None:
    answer = omega.ta.sma(np.array([1.0, np.nan, 3.0, 5.0]), period=2)
    assert same_bits(answer, [np.nan, np.nan, 2.0, 4.0])
    assert same_bits(omega.ta.sma(pd.Series([1.0, None, 3.0, 5.0]), period=2), [np.nan, np.nan, 2.0, 4.0])


def test_pandas_keeps_its_index() -> None:
    index = pd.date_range("2024-01-01", periods=60, tz="UTC", name="day")
    frame = pd.DataFrame(walk(60), index=index)
    assert omega.ta.rsi(frame).index.equals(index)
    assert omega.ta.macd(frame).index.equals(index)
    assert omega.ta.atr(frame).name == "atr"
    assert omega.ta.rsi(frame["close"].sort_values()).index.equals(frame["close"].sort_values().index)
    duplicated = frame.set_index(pd.Index([0] * 60))
    assert list(omega.ta.rsi(duplicated).index) == [0] * 60


def test_a_subclass_of_a_frame_is_answered_as_its_parent_library() -> None:
    class Frame(pd.DataFrame):
        pass

    assert isinstance(omega.ta.rsi(Frame(walk(30))), pd.Series)


def test_columns_by_keyword_win_over_those_of_the_data() -> None:
    data = {"close": np.array([1.0, 2.0])}
    assert same_bits(omega.ta.sma(data, close=np.array([5.0, 7.0]), period=1), [5.0, 7.0])
    assert same_bits(
        omega.ta.obv(pd.DataFrame(data), volume=np.array([5.0, 7.0])), omega.ta.obv(data, volume=[5.0, 7.0])
    )


@pytest.mark.parametrize("name", ROWWISE_SHAPES)
@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_no_rows_give_no_rows(name: str, producer: Producer) -> None:
    answer = typed(name)(producer.make(inputs(name, 0)))
    table = answer if len(SPECS[name].outputs) > 1 else {"value": producer.numbers(answer)}
    assert as_arrow(table).num_rows == 0


@pytest.mark.parametrize(
    "data",
    [
        pa.table({"close": pa.chunked_array([], pa.float64())}),
        pa.table({"close": pa.array([], pa.float64())}),
        pa.RecordBatchReader.from_batches(pa.schema({"close": pa.float64()}), []),
        duckdb.sql("select 1.0::double as close where false"),
        pa.chunked_array([], pa.float64()),
        pa.array([], pa.null()),
        np.array([]),
        [],
        {"close": []},
    ],
    ids=lambda data: type(data).__name__,
)
def test_no_rows_and_no_chunks_give_no_rows(data: Any) -> None:
    answer = omega.ta.rsi(data)
    rows = answer.shape[0] if isinstance(answer, duckdb.DuckDBPyRelation) else len(answer)
    assert rows == 0


def test_a_stream_that_has_no_batches_must_still_have_the_column() -> None:
    from omega.shared.exceptions import MissingColumnError

    with pytest.raises(MissingColumnError, match="close"):
        omega.ta.rsi(pa.RecordBatchReader.from_batches(pa.schema({"open": pa.float64()}), []))


@pytest.mark.parametrize("name", ROWWISE_SHAPES)
@pytest.mark.parametrize("nulls", ["skip", "propagate"])
def test_nothing_but_missing_rows_gives_nothing_but_missing_rows(name: str, nulls: str) -> None:
    names = [each.name for each in SPECS[name].inputs]
    for column in (
        pa.nulls(40),
        pa.nulls(40, pa.float64()),
        pa.nulls(40, pa.int64()),
        pa.array([float("nan")] * 40),
    ):
        kind = pa.null() if column.type == pa.null() else pa.timestamp("us")
        table = {each: pa.nulls(40, kind) if each in TIMES else column for each in names}
        answer = typed(name)(pa.table(table), nulls=nulls)
        columns = answer.columns if isinstance(answer, pa.Table) else [answer]
        assert all(each.null_count == 40 for each in columns)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 60),
    borders=st.lists(st.integers(0, 60), max_size=5),
    seed=st.integers(0, 1000),
    missing=st.floats(0, 1),
)
def test_chunks_slices_and_bitmaps_do_not_change_a_bit(
    rows: int, borders: list[int], seed: int, missing: float
) -> None:
    columns = walk(rows, seed)
    mask = np.random.default_rng(seed).random(rows) < missing
    close = np.where(mask, np.nan, columns["close"])
    expected = {name: outputs(typed(name)({**columns, "close": close})) for name in ROWWISE_SHAPES}
    null = pa.array(columns["close"], mask=mask)
    padded = pa.concat_arrays([pa.array([None, 1.0, None]), null, pa.array([7.0])]).slice(3, rows)
    parts = [padded.slice(sum(sizes), size) for sizes, size in chunk_sizes(rows, borders)]
    for as_given in (null, padded, pa.chunked_array(parts, pa.float64())):
        table = pa.table({**columns, "close": as_given})
        for name, values in expected.items():
            answer = typed(name)(table)
            found = answer.columns if isinstance(answer, pa.Table) else [answer]
            assert all(
                same_bits(arrow_numbers(each), value) for each, value in zip(found, values, strict=True)
            )


def chunk_sizes(rows: int, borders: list[int]) -> list[tuple[list[int], int]]:
    """The sizes of the chunks before each chunk, and its own."""
    sizes = [len(part["row"]) for part in cut({"row": np.arange(rows, dtype=float)}, borders)]
    return [(sizes[:index], size) for index, size in enumerate(sizes)]


#: What a number of an Arrow type is in Python, in every library.
NUMBERS = {"float64": float, "int64": int, "bool": bool}
#: Searches are kept short, and axes of their own lengths apart.
SHORT = {"horizon": 3, "restarts": 2, "replications": 20}


def short(name: str) -> dict[str, int]:
    """What keeps a call of a model short."""
    return {each.name: SHORT[each.name] for each in SPECS[name].parameters if each.name in SHORT}


@pytest.mark.julia
@pytest.mark.parametrize("producer", [*TABLES, *COLUMNS], ids=str)
@pytest.mark.parametrize("name", MODEL_SHAPES)
def test_a_model_answers_with_numbers_and_with_columns_of_the_callers_library(
    name: str, producer: Producer
) -> None:
    columns = inputs(name, 300, seed=3)
    answer = typed(name)(producer.make(columns), **short(name))
    many = any(each.many for each in SPECS[name].inputs)
    # Columns without names come back without names.
    plain = np.column_stack(list(columns.values())) if many else columns
    expected = typed(name)(plain, **short(name))
    for output, found, value in zip(SPECS[name].outputs, answer, expected, strict=True):
        if not output.axes:
            assert found is value is None or (type(found) is NUMBERS[output.type] and found == value)
        elif isinstance(found, dict):
            assert same_bits(np.stack(list(found.values()), axis=-1), value)
        elif output.axes[0] == "asset":
            assert same_bits(by_asset(found).reshape(value.shape), value)
        elif len(output.axes) == 1:
            assert isinstance(found, producer.answer)
            assert same_bits(producer.numbers(found), value)
        else:
            # NumPy has no tables: rows by columns.
            matrix = found if isinstance(found, np.ndarray) else as_matrix(found)
            assert same_bits(matrix, value)


def by_asset(found: Any) -> Any:
    """The numbers of an answer by asset, whose names some libraries have in a column of their own."""
    if isinstance(found, (np.ndarray, pd.Series, pd.DataFrame)):
        return np.asarray(found)
    return as_matrix(as_arrow(found).drop_columns(["asset"]))


def as_matrix(table: Any) -> Any:
    return np.stack([arrow_numbers(column) for column in as_arrow(table).columns], axis=1)


@pytest.mark.julia
def test_the_table_of_a_model_names_its_states() -> None:
    returns = pl.Series("returns", walk(200, seed=1)["returns"])
    fit = omega.regimes.hidden_markov(returns, restarts=2)
    assert fit.posterior.columns == ["posterior_0", "posterior_1"]
    assert fit.posterior.sum_horizontal().is_between(1 - 1e-9, 1 + 1e-9).all()


@pytest.mark.julia
def test_a_model_of_lists_answers_with_lists() -> None:
    returns = list(walk(200, seed=1)["returns"])
    fit = omega.volatility.garch(returns, horizon=4)
    assert [type(fit.forecast_variance), len(fit.forecast_variance)] == [list, 4]
    regimes = omega.regimes.hidden_markov(returns, restarts=2)
    assert len(regimes.posterior) == 200
    assert [len(row) for row in regimes.transition] == [2, 2]
