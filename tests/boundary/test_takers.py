"""Every library takes Omega's own columns, tables, streams and types, bit by bit as Omega has them."""

from collections.abc import Callable
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
from omega import _rust

from tests.functions.market import same_bits

Rows = list[Any]

#: Its published types do not know `from_arrow` yet.
pandas: Any = pd


def by_name(rows: list[dict[str, Any]], names: list[str]) -> dict[str, Rows]:
    """Rows as columns."""
    return {name: [row[name] for row in rows] for name in names}


def checked(data: Any) -> Any:
    """What pyarrow took, looked through for what is not as Arrow asks."""
    data.validate(full=True)
    return data


def nested(table: Any) -> dict[str, Rows]:
    return by_name(nanoarrow.Array(table).to_pylist(), table.column_names)


def streamed(table: Any) -> dict[str, Rows]:
    return by_name(nanoarrow.ArrayStream(table).read_all().to_pylist(), table.column_names)


def queried(table: Any) -> dict[str, Rows]:
    relation = duckdb.from_arrow(table)
    assert relation.columns == table.column_names
    rows = relation.fetchall()
    return {name: [row[place] for row in rows] for place, name in enumerate(relation.columns)}


def columns_of(table: Any) -> dict[str, Rows]:
    return {name: table[name].to_pylist() for name in table.schema.names}


#: One column, as an array or as a stream of arrays; the values as the library itself says them.
COLUMNS: dict[str, Callable[[Any], Any]] = {
    "pyarrow.Array": lambda column: checked(pa.array(column)).to_pylist(),
    "pyarrow.ChunkedArray": lambda column: checked(pa.chunked_array(column)).to_pylist(),
    "polars.Series": lambda column: pl.Series(column).to_list(),
    "pandas.Series": lambda column: pandas.Series.from_arrow(column).tolist(),
    "arro3.Array": lambda column: arro3.core.Array.from_arrow(column).to_pylist(),
    "arro3.ChunkedArray": lambda column: arro3.core.ChunkedArray.from_arrow(column).to_pylist(),
    "nanoarrow.Array": lambda column: nanoarrow.Array(column).to_pylist(),
    "nanoarrow.ArrayStream": lambda column: nanoarrow.ArrayStream(column).read_all().to_pylist(),
}

#: Several columns, as a struct or as a stream of structs.
TABLES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "pyarrow.RecordBatch": lambda table: checked(pa.record_batch(table)).to_pydict(),
    "pyarrow.Table": lambda table: checked(pa.table(table)).to_pydict(),
    "pyarrow.RecordBatchReader": lambda table: checked(
        pa.RecordBatchReader.from_stream(table).read_all()
    ).to_pydict(),
    "polars.DataFrame": lambda table: pl.DataFrame(table).to_dict(as_series=False),
    "pandas.DataFrame": lambda table: pandas.DataFrame.from_arrow(table).to_dict("list"),
    "duckdb.Relation": queried,
    "arro3.RecordBatch": lambda table: columns_of(arro3.core.RecordBatch.from_arrow(table)),
    "arro3.Table": lambda table: columns_of(arro3.core.Table.from_arrow(table)),
    "arro3.RecordBatchReader": lambda table: columns_of(
        arro3.core.RecordBatchReader.from_stream(table).read_all()
    ),
    "nanoarrow.Array": nested,
    "nanoarrow.ArrayStream": streamed,
}

#: Names, and whether values may be missing.
TYPES: dict[str, Callable[[Any], list[tuple[str, bool]]]] = {
    "pyarrow.Schema": lambda table: [(each.name, each.nullable) for each in pa.schema(table)],
    "arro3.Schema": lambda table: [
        (name, schema.field(name).nullable)
        for schema in [arro3.core.Schema.from_arrow(table)]
        for name in schema.names
    ],
    "nanoarrow.Schema": lambda table: [(each.name, each.nullable) for each in nanoarrow.Schema(table).fields],
}


class Foreign:
    """Arrow data of no library that Omega knows: it is answered with Omega's own columns."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.data.__arrow_c_stream__()


def own(column: Any) -> Any:
    """The numbers of a column of Omega's, read where they lie."""
    return np.frombuffer(column)


def floats(rows: Rows) -> Rows:
    """Numbers with NaN where they are missing, as the libraries say it in two ways."""
    return [np.nan if row is None else row for row in rows]


def is_in_bounds(value: float) -> bool:
    """Whether functions take a value of this size."""
    return value == 0 or abs(value) > 1e-9


prices = st.lists(st.none() | st.floats(-1e9, 1e9).filter(is_in_bounds))


def answer_of(function: Callable[..., Any], rows: Rows, **parameters: Any) -> Any:
    """The answer over a column of prices, as Omega's own."""
    return function(Foreign(pa.table({"close": pa.array(rows, pa.float64())})), **parameters)


@pytest.mark.parametrize("taker", COLUMNS)
@settings(max_examples=30, deadline=None)
@given(rows=prices, period=st.integers(1, 4))
def test_a_column_is_taken_with_its_own_bits(taker: str, rows: Rows, period: int) -> None:
    column = answer_of(omega.ta.sma, rows, period=period)
    assert isinstance(column, _rust.Column)
    taken = COLUMNS[taker](column)
    assert same_bits(floats(taken), own(column))
    if not taker.startswith("pandas"):
        # A missing value is null, and never NaN.
        assert not any(row is not None and np.isnan(row) for row in taken)


@pytest.mark.parametrize("taker", TABLES)
@settings(max_examples=30, deadline=None)
@given(rows=prices, period=st.integers(2, 4))
def test_a_table_is_taken_with_its_own_bits(taker: str, rows: Rows, period: int) -> None:
    table = answer_of(omega.ta.bbands, rows, period=period)
    assert isinstance(table, _rust.Table)
    taken = TABLES[taker](table)
    assert list(taken) == table.column_names
    for column in table.columns:
        assert same_bits(floats(taken[column.name]), own(column))


@pytest.mark.parametrize("taker", TABLES)
@pytest.mark.parametrize("keys", [["b", "größe", "", "b"], [2**62, -1, 0, 2**62]], ids=["text", "int"])
def test_keys_of_groups_are_taken_as_they_are(taker: str, keys: Rows) -> None:
    data = pa.table({"returns": [0.1, 0.2, 0.3, 0.4], "symbol": keys})
    table = omega.risk.volatility(Foreign(data), by="symbol")
    assert isinstance(table, _rust.Table)
    taken = TABLES[taker](table)
    assert taken["symbol"] == keys[:3]
    assert same_bits(floats(taken["volatility"]), own(table.columns[1]))


@pytest.mark.parametrize("taker", COLUMNS)
@pytest.mark.parametrize("keys", [["b", "größe", ""], [2**62, -1, 0]], ids=["text", "int"])
def test_a_column_of_keys_is_taken_as_it_is(taker: str, keys: Rows) -> None:
    data = pa.table({"returns": [0.1, 0.2, 0.3], "symbol": keys})
    column = omega.risk.volatility(Foreign(data), by="symbol").columns[0]
    assert COLUMNS[taker](column) == keys


@pytest.mark.parametrize("taker", TYPES)
def test_the_type_of_a_table_is_taken_without_its_values(taker: str) -> None:
    data = pa.table({"returns": [0.1, 0.2], "symbol": ["a", "b"]})
    table = omega.risk.volatility(Foreign(data), by="symbol")
    assert TYPES[taker](table) == [("symbol", False), ("volatility", True)]


def test_polars_takes_the_types_of_a_table() -> None:
    data = pa.table({"returns": [0.1, 0.2], "symbol": ["a", "b"]})
    table = omega.risk.volatility(Foreign(data), by="symbol")
    assert dict(pl.Schema(table)) == {"symbol": pl.String(), "volatility": pl.Float64()}


def test_the_type_of_a_column_is_taken_without_its_values() -> None:
    column = answer_of(omega.ta.sma, [1.0, 2.0], period=2)
    assert pa.field(column) == pa.field("sma", pa.float64())
    assert arro3.core.Field.from_arrow(column).name == "sma"
    assert nanoarrow.Schema(column).name == "sma"


@pytest.mark.parametrize("taker", TABLES)
def test_an_answer_is_taken_again_and_again(taker: str) -> None:
    table = answer_of(omega.ta.bbands, [1.0, 2.0, 4.0], period=2)
    first = TABLES[taker](table)
    assert all(same_bits(floats(TABLES[taker](table)[name]), floats(first[name])) for name in first)
