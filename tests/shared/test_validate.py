"""Whether live data has the columns of a table, from any producer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from omega.shared import tables
from omega.shared.exceptions import (
    MissingColumnError,
    MissingValueError,
    SchemaMismatchError,
    UnsupportedDataError,
)

UTC = pa.timestamp("us", "UTC")


def bars(**changes: Any) -> pa.Table:
    columns: dict[str, Any] = {
        "timestamp": pa.array([0, 1], UTC),
        "symbol": pa.array(["SPX", "IXIC"]),
        **{name: pa.array([1.0, 2.0]) for name in ("open", "high", "low", "close", "volume")},
    }
    return pa.table({**columns, **changes})


def duckdb_relation(table: pa.Table) -> object:
    import duckdb

    return duckdb.connect().from_arrow(table)


def polars_frame(table: pa.Table) -> object:
    import polars

    return polars.from_arrow(table)


def pandas_frame(table: pa.Table) -> object:
    return table.to_pandas()


PRODUCERS: dict[str, Callable[[pa.Table], object]] = {
    "pyarrow table": lambda table: table,
    "pyarrow batch": lambda table: table.to_batches()[0],
    "pyarrow reader": lambda table: table.to_reader(),
    "polars": polars_frame,
    "pandas": pandas_frame,
    "duckdb": duckdb_relation,
}


@pytest.mark.parametrize("producer", PRODUCERS)
def test_bars_of_every_producer_are_accepted(producer: str) -> None:
    conversions = tables.validate(PRODUCERS[producer](bars()), "bars")
    assert set(conversions) <= {"symbol", "timestamp"}


def test_the_shipped_bars_are_bars() -> None:
    path = Path(tables.__file__).parents[1] / "data/index_bars.parquet"
    assert tables.validate(pq.read_table(path), "bars") == []


def test_columns_are_found_by_name_and_others_are_left_alone() -> None:
    table = bars(extra=pa.array([1, 2])).select(
        ["extra", "volume", "close", "low", "high", "open", "symbol", "timestamp"]
    )
    assert tables.validate(table, "bars") == []


def test_a_missing_column_is_named_with_what_there_is() -> None:
    with pytest.raises(MissingColumnError) as caught:
        tables.validate(bars().drop(["high"]), "bars")
    assert caught.value.fields["name"] == "high"
    assert "close" in caught.value.fields["available"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("close", pa.array([1, 2], pa.float32())),
        ("symbol", pa.array(["a", "b"], pa.large_utf8())),
        ("symbol", pa.array(["a", "b"], pa.string_view())),
        ("symbol", pa.array(["a", "b"]).dictionary_encode()),
        ("timestamp", pa.array([0, 1], pa.timestamp("ms", "UTC"))),
    ],
)
def test_a_type_that_converts_without_loss_is_accepted_and_named(name: str, column: pa.Array) -> None:
    assert tables.validate(bars(**{name: column}), "bars") == [name]


@pytest.mark.parametrize(
    ("name", "column", "got"),
    [
        ("close", pa.array(["1", "2"]), "utf8"),
        ("close", pa.array([1, 2], pa.int64()), "int64"),
        ("timestamp", pa.array([0, 1], pa.timestamp("us")), "timestamp[us]"),
        ("timestamp", pa.array([0, 1], pa.timestamp("us", "Europe/Berlin")), "timestamp[us, Europe/Berlin]"),
        ("timestamp", pa.array([0, 1], pa.timestamp("ns", "UTC")), "timestamp[ns, UTC]"),
        ("symbol", pa.array([1, 2]), "int64"),
    ],
)
def test_another_type_is_refused_with_field_expected_and_got(name: str, column: pa.Array, got: str) -> None:
    with pytest.raises(SchemaMismatchError) as caught:
        tables.validate(bars(**{name: column}), "bars")
    (field,) = (each for each in tables.load("bars").fields if each.name == name)
    assert caught.value.fields == {"name": name, "table": "bars", "allowed": field.type, "value": got}


def test_a_required_column_may_be_declared_nullable_but_not_have_nulls() -> None:
    assert tables.validate(bars(), "bars") == []
    with pytest.raises(MissingValueError) as caught:
        tables.validate(bars(close=pa.array([1.0, None])), "bars")
    assert caught.value.fields["name"] == "close"


def test_a_nullable_column_may_have_nulls() -> None:
    columns = {"timestamp": pa.array([0, 1], UTC), "symbol": ["a", "a"], "returns": [None, 0.5]}
    assert tables.validate(pa.table(columns), "returns") == []


def test_a_table_without_rows_is_accepted() -> None:
    empty = bars().schema.empty_table()
    for table in (empty, empty.combine_chunks(), bars().slice(0, 0)):
        assert tables.validate(table, "bars") == []


def test_a_null_inside_a_list_is_refused() -> None:
    columns = {
        "timestamp": pa.array([0], UTC),
        "symbol": ["a"],
        "model": ["m"],
        "score": [0.5],
        "rank": pa.array([1], pa.int64()),
        "confidence": [0.5],
        "factors": pa.array([["value", None]], pa.list_(pa.utf8())),
    }
    with pytest.raises(SchemaMismatchError, match="factors"):
        tables.validate(pa.table(columns), "rating")


def test_metadata_is_not_needed_but_is_checked_where_it_is() -> None:
    assert tables.validate(bars().replace_schema_metadata({"omega.schema.name": "bars"}), "bars") == []
    for metadata in ({"omega.schema.name": "quotes"}, {"omega.schema.version": "2.0.0"}):
        with pytest.raises(SchemaMismatchError, match=r"omega\.schema"):
            tables.validate(bars().replace_schema_metadata(metadata), "bars")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UnsupportedDataError):
        tables.validate([1, 2, 3], "bars")
