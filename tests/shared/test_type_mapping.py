"""Each row of the type mapping survives Python to Rust to Julia and back, and so does every record."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega import _rust
from omega.shared import protocols, tables
from omega.shared.exceptions import (
    InvalidRecordError,
    InvalidValueError,
    SchemaMismatchError,
    UnsupportedTypeError,
)
from omega.shared.protocols import Bar, Record

from tests.shared.strategies import SCALARS, decimals, records, texts

pytestmark = pytest.mark.julia

MODELS: list[type[Record]] = [getattr(protocols, tables.load(name).record) for name in tables.names()]

floats = st.floats(allow_nan=False)
ROWS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "float": (pa.float64(), floats),
    "int": (pa.int64(), SCALARS["int64"]),
    "bool": (pa.bool_(), st.booleans()),
    "str": (pa.utf8(), texts),
    "str, large": (pa.large_utf8(), texts),
    "datetime": (pa.timestamp("us", "UTC"), SCALARS["timestamp[us, UTC]"]),
    "Decimal": (pa.decimal128(38, 12), decimals(38, 12)),
    "Decimal without a fraction": (pa.decimal128(38, 0), decimals(38, 0)),
    "Decimal that is all fraction": (pa.decimal128(38, 38), decimals(38, 38)),
    "list[float]": (pa.list_(pa.float64()), st.lists(floats, max_size=4)),
    "list[int]": (pa.list_(pa.int64()), st.lists(SCALARS["int64"], max_size=4)),
    "list[bool]": (pa.list_(pa.bool_()), st.lists(st.booleans(), max_size=12)),
    "list[str]": (pa.list_(pa.utf8()), st.lists(texts, max_size=4)),
    "list[datetime]": (
        pa.list_(pa.timestamp("us", "UTC")),
        st.lists(SCALARS["timestamp[us, UTC]"], max_size=4),
    ),
    "list[Decimal]": (pa.list_(pa.decimal128(38, 12)), st.lists(decimals(38, 12), max_size=4)),
    "list[float], large": (pa.large_list(pa.float64()), st.lists(floats, max_size=4)),
    "list[list[str]]": (pa.list_(pa.list_(pa.utf8())), st.lists(st.lists(texts, max_size=3), max_size=3)),
}

every_row = pytest.mark.parametrize("row", ROWS)


def echo(array: pa.Array) -> pa.Array:
    """What comes back when Julia reads a column into its own values and writes them out again."""
    batch = pa.RecordBatch.from_arrays([array], ["value"])
    back = pa.record_batch(_rust.testing.julia_echo(batch))
    back.validate(full=True)
    return back.column(0)


@every_row
@settings(deadline=None, max_examples=40)
@given(st.data())
def test_values_round_trip(row: str, data: st.DataObject) -> None:
    data_type, value = ROWS[row]
    values = data.draw(st.lists(value, max_size=20))
    back = echo(pa.array(values, data_type))
    assert back.type == data_type
    assert back.to_pylist() == values


@every_row
@settings(deadline=None, max_examples=40)
@given(st.data())
def test_optional_values_round_trip(row: str, data: st.DataObject) -> None:
    data_type, value = ROWS[row]
    values = data.draw(st.lists(st.none() | value, max_size=20))
    back = echo(pa.array(values, data_type))
    assert back.to_pylist() == values


@every_row
@settings(deadline=None, max_examples=20)
@given(st.data())
def test_slices_round_trip(row: str, data: st.DataObject) -> None:
    data_type, value = ROWS[row]
    values = data.draw(st.lists(st.none() | value, min_size=3, max_size=20))
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    sliced = pa.array(values, data_type)[start:stop]
    assert echo(sliced).to_pylist() == values[start:stop]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@settings(deadline=None, max_examples=30)
@given(st.data())
def test_records_round_trip(model: type[Record], data: st.DataObject) -> None:
    """Pydantic to a Rust struct to a Julia struct, and all the way back."""
    rows = data.draw(st.lists(records(model), max_size=5))
    assert model.from_arrow(_rust.testing.julia_echo(model.to_arrow(rows))) == rows


def bars(**changes: pa.Array) -> pa.RecordBatch:
    batch = pa.record_batch(Bar.to_arrow([]))
    columns = {name: pa.array([1.0]) for name in batch.schema.names}
    columns |= {"timestamp": pa.array([0], pa.timestamp("us", "UTC")), "symbol": pa.array(["SPX"])}
    return pa.record_batch({**columns, **changes})


def test_julia_refuses_a_record_that_breaks_a_constraint() -> None:
    with pytest.raises(InvalidRecordError) as caught:
        _rust.testing.julia_echo(bars(volume=pa.array([-1.0])))
    assert caught.value.fields == {
        "name": "volume",
        "record": "Bar",
        "allowed": "at least 0",
        "value": "-1.0",
    }


def test_julia_refuses_a_table_whose_column_has_another_type() -> None:
    with pytest.raises(SchemaMismatchError) as caught:
        _rust.testing.julia_echo(bars(close=pa.array([1])))
    assert caught.value.fields == {"name": "close", "table": "bars", "allowed": "float64", "value": "int64"}


@pytest.mark.parametrize(
    "array",
    [
        pa.array([0], pa.timestamp("us")),
        pa.array([0], pa.timestamp("us", "Europe/Berlin")),
        pa.array([0], pa.timestamp("ns", "UTC")),
        pa.array([0], pa.int32()),
        pa.array([b"x"]),
        pa.array(["a"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_julia_refuses_a_type_outside_the_mapping(array: pa.Array) -> None:
    with pytest.raises(UnsupportedTypeError, match="value"):
        echo(array)


def test_a_null_inside_a_list_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="a list without nulls"):
        echo(pa.array([["a", None]]))
