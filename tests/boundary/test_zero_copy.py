"""Nothing is copied: the far side reads the very addresses at which the producer keeps its numbers."""

from collections.abc import Callable
from typing import Any

import arro3.core
import nanoarrow
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega import _rust

from tests.functions.market import walk
from tests.functions.producers import (
    COLUMNS,
    TABLES,
    Producer,
    chunk_addresses,
    polars_address,
    values_address,
)

NAMES = ["high", "low", "close"]
Seen = Callable[[Any, list[str]], list[int]]


def rust(data: Any, names: list[str]) -> list[int]:
    """Addresses that a Rust kernel reads, column after column, chunk after chunk."""
    return [address for column in _rust.testing.addresses(data, names) for address, _ in column]


def julia(data: Any, names: list[str]) -> list[int]:
    """Addresses that a Julia function reads, in the same order."""
    return list(_rust.testing.julia_addresses(data, names))


every_language = pytest.mark.parametrize(
    "seen", [rust, pytest.param(julia, marks=pytest.mark.julia)], ids=["rust", "julia"]
)
every_table = pytest.mark.parametrize("producer", [each for each in TABLES if each.address], ids=str)
every_column = pytest.mark.parametrize("producer", COLUMNS, ids=str)


@every_language
@every_table
def test_columns_of_a_table_are_read_where_they_lie(seen: Seen, producer: Producer) -> None:
    columns = {name: column for name, column in walk(100).items() if name in NAMES}
    data = producer.make(columns)
    assert producer.address is not None
    assert seen(data, NAMES) == [producer.address(data, name) for name in NAMES]


@every_language
@every_column
def test_a_single_column_is_read_where_it_lies(seen: Seen, producer: Producer) -> None:
    data = producer.make({"close": walk(100)["close"]})
    assert producer.address is not None
    assert seen(data, ["close"]) == [producer.address(data, "close")]


@pytest.mark.parametrize("producer", [*TABLES, *COLUMNS], ids=str)
def test_a_call_over_any_producer_copies_nothing(producer: Producer) -> None:
    data = producer.make({"close": walk(100)["close"]})
    with omega.count_copies() as copies:
        omega.ta.sma(data, period=3, strict_zero_copy=True)
    assert copies.copies == []


@every_language
@settings(max_examples=25, deadline=None)
@given(start=st.integers(0, 99), rows=st.integers(1, 100))
def test_a_slice_is_read_from_its_offset_on(seen: Seen, start: int, rows: int) -> None:
    close = walk(100)["close"]
    array = pa.array(close)
    whole = values_address(array)
    batch = pa.record_batch({"other": array, "close": array})
    frame = pl.DataFrame({"close": close})
    for data, base in [
        (array.slice(start, rows), whole),
        (batch.slice(start, rows), whole),
        (pa.table(batch).slice(start, rows), whole),
        (pa.chunked_array([array]).slice(start, rows), whole),
        (nanoarrow.Array(array.slice(start, rows)), whole),
        (arro3.core.Array.from_arrow(array).slice(start, min(rows, 100 - start)), whole),
        (close[start : start + rows], close.ctypes.data),
        (frame.slice(start, rows), polars_address(frame["close"])),
    ]:
        assert seen(data, ["close"]) == [base + 8 * start]


@every_language
def test_a_slice_of_a_slice_of_a_batch_adds_its_offsets(seen: Seen) -> None:
    array = pa.array(walk(100)["close"])
    struct = pa.StructArray.from_arrays([array.slice(7)], ["close"]).slice(5).slice(3, 20)
    batch = pa.RecordBatch.from_struct_array(struct)
    assert seen(batch, ["close"]) == [values_address(array) + 8 * 15]
    assert seen(struct, ["close"]) == [values_address(array) + 8 * 15]


@every_language
def test_a_pandas_slice_is_read_in_place(seen: Seen) -> None:
    series = pd.Series(walk(100)["close"])
    assert seen(series.iloc[10:20], ["close"]) == [series.to_numpy().ctypes.data + 80]


@every_language
@settings(max_examples=25, deadline=None)
@given(borders=st.lists(st.integers(0, 40), max_size=4), others=st.lists(st.integers(0, 40), max_size=4))
def test_chunks_with_differing_borders_are_cut_and_not_copied(
    seen: Seen, borders: list[int], others: list[int]
) -> None:
    columns = walk(40)
    high = chunked(columns["high"], borders)
    close = chunked(columns["close"], others)
    ends = sorted({0, 40, *borders, *others})
    expected = [address(column, start) for column in (high, close) for start in ends[:-1]]
    table = pa.table({"high": high, "close": close})
    assert seen({"high": high, "close": close}, ["high", "close"]) == expected
    # pyarrow itself cuts a table's columns at common borders, and polars keeps theirs.
    assert seen(table, ["high", "close"]) == expected


def chunked(values: Any, borders: list[int]) -> Any:
    """The values as chunks, each in memory of its own; some may be empty."""
    ends = [*sorted(borders), len(values)]
    starts = [0, *ends[:-1]]
    return pa.chunked_array([pa.array(values[a:b].copy()) for a, b in zip(starts, ends, strict=True)])


def address(column: Any, row: int) -> int:
    """Where a chunked column keeps the number of a row."""
    for chunk, base in zip(column.chunks, chunk_addresses(column), strict=True):
        if row < len(chunk):
            return base + 8 * row
        row -= len(chunk)
    raise IndexError(row)


@every_language
def test_chunks_of_polars_are_read_one_by_one(seen: Seen) -> None:
    parts = [pl.Series("close", walk(rows)["close"]) for rows in (5, 7)]
    series = parts[0].clone().append(parts[1])
    assert series.n_chunks() == 2
    assert seen(series, ["close"]) == [polars_address(part) for part in parts]


@every_language
def test_missing_values_do_not_force_a_copy(seen: Seen) -> None:
    array = pa.array([1.0, None, 3.0, None, 5.0])
    assert seen(array.slice(1), ["close"]) == [values_address(array) + 8]


def test_a_numpy_answer_is_omegas_own_memory_and_the_callers_to_write() -> None:
    answer = omega.ta.sma(walk(50)["close"], period=2)
    assert answer.flags.writeable
    answer[:] = 0.0
    assert not answer.any()


def test_answers_of_one_native_column_share_its_memory() -> None:
    native = _rust.function("ta.sma").run(walk(50)["close"], None, {"period": 1})[0]
    start = np.frombuffer(native).ctypes.data
    assert values_address(pa.array(native)) == start
    assert polars_address(pl.Series("sma", native)) == start
    assert values_address(pa.array(arro3.core.Array.from_arrow(native))) == start
    assert values_address(pa.array(nanoarrow.Array(native))) == start
    table = pa.table(_rust.Table([native]))
    assert chunk_addresses(table.column(0)) == [start]


def test_pandas_answers_share_omegas_memory() -> None:
    native = _rust.function("ta.sma").run(walk(50)["close"], None, {"period": 2})[0]
    series = pd.Series(np.frombuffer(native), copy=False)
    assert series.to_numpy().ctypes.data == np.frombuffer(native).ctypes.data
    answer = omega.ta.sma(pd.Series(walk(50)["close"]), period=2)
    assert answer.to_numpy().base is not None


def test_an_answer_outlives_its_native_column_and_its_data() -> None:
    answer = omega.ta.sma(pa.array(walk(1000)["close"]), period=2)
    again = omega.ta.sma(pa.array(walk(1000)["close"]), period=2)
    for _ in range(20):
        omega.ta.sma(walk(1000, seed=1)["close"], period=2)
    assert answer.equals(again)


def test_two_answers_never_share_memory() -> None:
    close = walk(100)["close"]
    first, second = omega.ta.ema(close, period=2), omega.ta.ema(close, period=2)
    first[:] = -1.0
    assert (second[2:] > 0).all()
