"""Whole numbers and truth values leave as int64 and bool in every library, and missing ones as missing."""

from typing import Any

import arro3.core
import duckdb
import nanoarrow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.functions.libraries import library_of

NAN = float("nan")
TYPES = {
    "int64": (pa.int64(), pl.Int64, [float(2**53), -3.0, 0.0, *range(9)], [2**53, -3, 0, *range(9)]),
    "bool": (pa.bool_(), pl.Boolean, [1.0, 0.0] * 6, [True, False] * 6),
}
EACH_TYPE = pytest.mark.parametrize("name", TYPES)


def column(name: str, values: list[float]) -> Any:
    return _rust.testing.typed_column(name, values)


def answer(data: Any, name: str, values: list[float]) -> Any:
    return library_of(data).column(column(name, values), data)


def holed(values: list[Any], hole: object) -> list[Any]:
    return [hole if row % 3 == 1 else value for row, value in enumerate(values)]


@EACH_TYPE
def test_arrow_libraries_have_the_type_and_the_missing_rows(name: str) -> None:
    arrow, polars, values, expected = TYPES[name]
    for given, want in ((values, expected), (holed(values, NAN), holed(expected, None)), ([], [])):
        whole = answer(pa.array([1.0]), name, given)
        whole.validate(full=True)
        assert (whole.type, whole.to_pylist()) == (arrow, want)
        assert pa.chunked_array(column(name, given)).to_pylist() == want
        series = answer(pl.Series([1.0]), name, given)
        assert (series.dtype, series.to_list()) == (polars, want)
        assert pa.array(answer(arro3.core.Array(pa.array([1.0])), name, given)).to_pylist() == want
        assert answer(nanoarrow.Array(pa.array([1.0])), name, given).to_pylist() == want
        relation = answer(duckdb.sql("select 1.0"), name, given)
        assert [row for (row,) in relation.fetchall()] == want


@EACH_TYPE
def test_the_schema_says_that_rows_may_be_missing(name: str) -> None:
    table = _rust.Table([column(name, [0.0, NAN])])
    assert pa.schema(table).field("answer").nullable
    assert pa.table(table).schema.field("answer").nullable


@EACH_TYPE
def test_lists_hold_ints_and_bools_and_none(name: str) -> None:
    _, _, values, expected = TYPES[name]
    answered = answer([1.0], name, holed(values, NAN))
    assert answered == holed(expected, None)
    assert {type(value) for value in answered if value is not None} == {type(expected[0])}


@EACH_TYPE
@pytest.mark.parametrize("data", [np.zeros(1), pd.Series([0.0])], ids=["numpy", "pandas"])
def test_numpy_and_pandas_have_the_type_unless_a_row_is_missing(name: str, data: Any) -> None:
    _, _, values, expected = TYPES[name]
    clean = answer(data, name, values)
    assert (clean.dtype, clean.tolist()) == (np.dtype(name), expected)
    missing = answer(data, name, holed(values, NAN))
    assert missing.dtype == np.float64
    np.testing.assert_array_equal(np.asarray(missing), holed(values, NAN))


def test_a_table_may_hold_every_type() -> None:
    columns = [column(name, [1.0, 0.0]) for name in ("float64", "int64", "bool")]
    table = pa.record_batch(_rust.Table(columns))
    assert [field.type for field in table.schema] == [pa.float64(), pa.int64(), pa.bool_()]
    assert [each.type for each in columns] == ["float64", "int64", "bool"]


def test_a_stream_answers_with_ints_and_bools() -> None:
    for name, expected in (("int64", 1), ("bool", True), ("float64", 1.0)):
        value = _rust.testing.typed_value(name, 1.0)
        assert (type(value), value) == (type(expected), expected)
