"""A record is exact, UTC only and never changes."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega import _rust
from omega.shared import protocols, tables
from omega.shared.exceptions import InvalidRecordError
from omega.shared.protocols import Bar, Order, Record, Trade

from tests.shared.strategies import records

MODELS: list[type[Record]] = [getattr(protocols, tables.load(name).record) for name in tables.names()]

every_record = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "timestamp": datetime(2024, 1, 2, 3, 4, 5, 678901, UTC),
        "order_id": "1",
        "symbol": "SPX",
        "side": "buy",
        "order_type": "limit",
        "quantity": Decimal("1.5"),
        "time_in_force": "gtc",
        "reduce_only": False,
        "tags": ["a"],
    }
    return Order(**{**fields, **changes})


@every_record
@settings(deadline=None, max_examples=30)
@given(st.data())
def test_rust_reads_and_writes_the_same_json(model: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(model))
    native = getattr(_rust.records, model.__name__).from_json(record.model_dump_json())
    assert model.model_validate_json(native.to_json()) == record
    shown = {name: getattr(native, name) for name in model.model_fields}
    assert model(**shown) == record


@every_record
@settings(deadline=None, max_examples=30)
@given(st.data())
def test_rows_survive_arrow(model: type[Record], data: st.DataObject) -> None:
    rows = data.draw(st.lists(records(model), max_size=5))
    assert model.from_arrow(model.to_arrow(rows)) == rows


@every_record
def test_a_batch_of_records_is_valid_data_of_its_table(model: type[Record]) -> None:
    assert tables.validate(model.to_arrow([]), model.table) == []


def test_a_record_never_changes() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        order().symbol = "NDX"
    native = _rust.records.Order.from_json(order().model_dump_json())
    with pytest.raises(AttributeError):
        native.symbol = "NDX"


REFUSED: dict[str, dict[str, Any]] = {
    "a time without a zone": {"timestamp": datetime(2024, 1, 2)},  # noqa: DTZ001
    "a time in another zone": {"timestamp": datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=1)))},
    "a number for a time": {"timestamp": 1_700_000_000},
    "a float for a decimal": {"quantity": 1.5},
    "a decimal with 13 digits after the point": {"quantity": Decimal("0.0000000000001")},
    "a decimal with 17 digits before the point": {"quantity": Decimal(10**16)},
    "a decimal that is not a number": {"quantity": Decimal("NaN")},
    "zero where more is needed": {"quantity": Decimal(0)},
    "a word that is no choice": {"side": "hold"},
    "empty text where some is needed": {"symbol": ""},
    "a number for a flag": {"reduce_only": 1},
    "nothing where something is needed": {"tags": None},
    "an unknown field": {"colour": "red"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_python_refuses(what: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        order(**REFUSED[what])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"buy"', '"hold"'),
        ('"1.5"', '"0"'),
        ('"1.5"', "1.5"),
        ('"1.5"', '"0.0000000000001"'),
        ('"1.5"', '"10000000000000000"'),
        ('"SPX"', '""'),
        ("678901Z", "678901+01:00"),
        ("678901Z", "678901234Z"),
        ('"tags":["a"]', '"labels":["a"]'),
        ('"reduce_only":false', '"reduce_only":0'),
    ],
)
def test_rust_refuses_the_same(old: str, new: str) -> None:
    text = order().model_dump_json()
    assert old in text
    with pytest.raises(InvalidRecordError):
        _rust.records.Order.from_json(text.replace(old, new))


def test_equal_decimals_are_equal_records_whatever_their_zeros() -> None:
    one, other = (order(quantity=Decimal(text)).model_dump_json() for text in ("1.5", "1.500"))
    assert _rust.records.Order.from_json(one) == _rust.records.Order.from_json(other)
    assert order(quantity=Decimal("1.5")) == order(quantity=Decimal("1.500"))


def test_a_native_record_shows_its_fields() -> None:
    bar = Bar(
        timestamp=datetime(2024, 1, 2, tzinfo=UTC), symbol="SPX", open=1, high=2, low=0.5, close=1, volume=0
    )
    shown = repr(_rust.records.Bar.from_json(bar.model_dump_json()))
    assert shown.startswith("Bar(timestamp=datetime.datetime(2024, 1, 2")
    assert "symbol='SPX', open=1.0" in shown


def test_data_of_any_producer_becomes_records() -> None:
    polars = pytest.importorskip("polars")
    rows = [
        Trade(
            timestamp=datetime(2024, 1, 2, tzinfo=UTC),
            symbol="é",
            price=1.5,
            size=2.0,
            conditions=("odd lot",),
        ),
        Trade(timestamp=datetime(2024, 1, 3, tzinfo=UTC), symbol="x", price=1.5, size=0.0, side="sell"),
    ]
    frame = polars.DataFrame(Trade.to_arrow(rows))
    assert frame.shape == (2, 7)
    assert Trade.from_arrow(frame) == rows
