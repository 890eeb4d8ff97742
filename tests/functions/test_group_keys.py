"""Groups are told by keys of any type, several columns and levels of an index; a missing key is a group."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    LengthMismatchError,
    MissingColumnError,
    UnsupportedTypeError,
)

from tests.functions.market import inputs, same_bits, walk

ZURICH = ZoneInfo("Europe/Zurich")

#: Types of Arrow, each with some of its values and with none of them, as a key may be missing.
VALUES: dict[pa.DataType, list[Any]] = {
    pa.string(): ["AAPL", "", "Ω ¥€", None],
    pa.large_string(): ["AAPL", "BRK.B", "a text that is longer than sixteen bytes", None],
    pa.string_view(): ["AAPL", "BRK.B", "a text that is longer than sixteen bytes", None],
    pa.int8(): [-128, 0, 127, None],
    pa.uint16(): [0, 7, 65535, None],
    pa.int64(): [-(2**63), 0, 2**63 - 1, None],
    pa.uint64(): [0, 2**63 - 1, 2**64 - 1, None],
    pa.float64(): [-3.0, 0.0, 2.0**53, None],
    pa.float32(): [-3.0, 0.0, 7.0, None],
    pa.float16(): [np.float16(-3.0), np.float16(2048.0), np.float16(1.0), None],
    pa.bool_(): [True, False, True, None],
    pa.date32(): [dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31), None],
    pa.date64(): [dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(1, 1, 1), None],
    pa.time32("s"): [dt.time(0, 0), dt.time(9, 30), dt.time(23, 59, 59), None],
    pa.time64("us"): [dt.time(0, 0), dt.time(9, 30, 0, 5), dt.time(23, 59, 59, 999999), None],
    pa.timestamp("s"): [
        dt.datetime.fromisoformat("1969-01-01"),
        dt.datetime.fromisoformat("2024-02-29T12"),
        dt.datetime.fromisoformat("9999-01-01"),
        None,
    ],
    pa.timestamp("ns"): [
        dt.datetime.fromisoformat("1969-01-01"),
        dt.datetime.fromisoformat("2024-02-29T12:01:02.000003"),
        dt.datetime.fromisoformat("2200-01-01"),
        None,
    ],
    pa.timestamp("us", "Europe/Zurich"): [
        dt.datetime(2024, 10, 27, 2, 30, fold=0, tzinfo=ZURICH),
        dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZURICH),
        dt.datetime(1969, 1, 1, tzinfo=ZURICH),
        None,
    ],
    pa.duration("ms"): [dt.timedelta(days=-1), dt.timedelta(0), dt.timedelta(milliseconds=1), None],
    pa.decimal128(10, 2): [Decimal("-1.50"), Decimal("0.00"), Decimal("12345678.90"), None],
    pa.decimal256(40, 3): [Decimal("-1.500"), Decimal("0.000"), Decimal("12345678.901"), None],
}
TYPES = pytest.mark.parametrize("kind", VALUES, ids=str)


def leaves_as(kind: pa.DataType) -> pa.DataType:
    """The type of keys in an answer: their own, but that views of text are plain text."""
    return pa.string() if kind == pa.string_view() else kind


def listed(column: Any) -> list[Any]:
    """Keys as Python has them: moments in UTC, as the hour that comes twice is equal in its own zone."""
    return [
        key.astimezone(dt.UTC) if isinstance(key, dt.datetime) and key.tzinfo else key
        for key in column.to_pylist()
    ]


def alone(returns: Any, keys: list[Any]) -> dict[Any, Any]:
    """The metric of the rows of each key, in the order in which keys appear."""
    distinct = list(dict.fromkeys(keys))
    return {key: omega.risk.volatility(returns[[each == key for each in keys]]) for key in distinct}


@TYPES
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_groups_of_keys_of_any_type_are_each_group_alone_bit_for_bit(
    kind: pa.DataType, data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=200))
    keys = [VALUES[kind][place] for place in places]
    column = pa.array(keys, kind)
    returns = walk(len(keys))["returns"]
    table = pa.table({"returns": returns, "key": column})
    expected = alone(returns, listed(column))
    answer = omega.risk.volatility(table, by="key")
    assert answer.schema.field("key").type == leaves_as(kind)
    assert listed(answer["key"]) == list(expected)
    found = answer["volatility"].to_pylist()
    assert found == list(expected.values())
    assert list(omega.risk.volatility(returns, by=column).values()) == found
    # In pieces, as a dictionary, and as a list of Python's own objects: the same groups.
    cut = data.draw(st.integers(0, len(keys)))
    pieces = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    assert omega.risk.volatility(pieces, by="key")["volatility"].to_pylist() == found
    if not pa.types.is_float16(kind):
        encoded = column.dictionary_encode()
        assert (
            omega.risk.volatility(table.set_column(1, "key", encoded), by="key")["volatility"].to_pylist()
            == found
        )
    by_key = omega.risk.volatility(list(returns), by=column.to_pylist())
    assert by_key == dict(zip(expected, found, strict=True))


@TYPES
def test_an_indicator_by_keys_of_any_type_is_that_of_each_group_alone(kind: pa.DataType) -> None:
    keys = [VALUES[kind][place] for place in [0, 1, 2, 3, 1, 0] * 20]
    closes = inputs("ta.sma", len(keys))["close"]
    own = listed(pa.array(keys, kind))
    expected = np.full(len(keys), np.nan)
    for key in dict.fromkeys(own):
        here = np.array([each == key for each in own])
        expected[here] = omega.ta.sma(closes[here], period=3)
    assert same_bits(omega.ta.sma(closes, by=pa.array(keys, kind), period=3), expected)
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 3})}, by="key")
    live = [features.update(close=close, key=key)["mean"] for close, key in zip(closes, own, strict=True)]
    assert same_bits(np.array(live, float), expected)
    restored = omega.restore(features.snapshot())
    # Bar by bar and table by table a group has the same name.
    row = {"close": closes[:6], "key": pa.array(keys[:6], kind)}
    assert same_bits(restored.extend(row)["mean"], features.extend(row)["mean"])
    assert features.peek(close=1.0, key=own[3])["mean"] is not None


@TYPES
def test_a_set_of_metrics_takes_keys_of_any_type_in_parts(kind: pa.DataType) -> None:
    keys = pa.array([VALUES[kind][place] for place in [0, 1, 2, 3, 1, 0] * 20], kind)
    table = pa.table({"returns": walk(120)["returns"], "key": keys})
    metrics = omega.MetricSet({"risk": ("risk.volatility", {})}, by="key")
    for start in range(0, 120, 7):
        metrics.update(table.slice(start, 7))
    expected = omega.risk.volatility(table, by="key")
    value = omega.restore(metrics.snapshot()).value
    assert list(value) == listed(expected["key"])
    assert [each["risk"] for each in value.values()] == expected["volatility"].to_pylist()
    assert metrics.run(table).column("key").type == leaves_as(kind)


LIBRARIES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "polars": pl.from_arrow,
    "pyarrow": lambda table: table,
}


@pytest.mark.parametrize("library", LIBRARIES)
@TYPES
def test_keys_come_back_as_they_were_in_any_library(kind: pa.DataType, library: str) -> None:
    if library == "polars" and kind in {pa.float16(), pa.decimal256(40, 3), pa.date64()}:
        pytest.skip("polars has no such type")
    table = pa.table({"returns": walk(40)["returns"], "key": pa.array(VALUES[kind] * 10, kind)})
    keys = list(dict.fromkeys(listed(table["key"])))
    answer = omega.risk.volatility(LIBRARIES[library](table), by="key")
    found = listed(answer["key"]) if library == "pyarrow" else answer["key"].to_list()
    found = [None if pd.isna(each) else each for each in found]
    assert found == keys if kind != pa.timestamp("us", "Europe/Zurich") else len(found) == len(keys)


def test_pandas_keys_keep_their_type() -> None:
    moments = pd.DatetimeIndex(np.array(["2024-01-02T03:04:05.000000006", "NaT", "2024-01-01"], "M8[ns]"))
    columns = {
        "moment": moments,
        "zoned": moments.tz_localize("UTC").tz_convert("Asia/Tokyo"),
        "span": moments - moments[2],
        "id": pd.array([1, None, 3], "Int32"),
        "flag": pd.array([True, None, False], "boolean"),
        "plain": [1, 2, 3],
        "whole": [1.0, np.nan, 3.0],
    }
    frame = pd.DataFrame({"returns": [0.1, 0.2, 0.3], **columns})
    for name in columns:
        answer = omega.risk.max_drawdown(frame, by=name)
        pd.testing.assert_series_equal(answer[name], frame[name])


def test_several_keys_are_one_key_made_of_a_tuple() -> None:
    rng = np.random.default_rng(7)
    exchanges = [["XNAS", "XSWX", None][place] for place in rng.integers(0, 3, 300)]
    ids = rng.choice([1, 2, 3, 4], 300).tolist()
    days = [dt.date(2024, 1, 1 + place) for place in rng.integers(0, 2, 300).tolist()]
    returns = walk(300)["returns"]
    table = pa.table({"returns": returns, "exchange": exchanges, "id": ids, "day": days})
    tuples = list(zip(exchanges, ids, days, strict=True))
    expected = alone(returns, tuples)
    answer = omega.risk.volatility(table, by=["exchange", "id", "day"])
    assert answer.column_names == ["exchange", "id", "day", "volatility"]
    assert list(zip(*(answer[name].to_pylist() for name in answer.column_names[:3]), strict=True)) == list(
        expected
    )
    assert answer["volatility"].to_pylist() == list(expected.values())
    data = {"returns": returns, "exchange": exchanges, "id": ids, "day": days}
    assert omega.risk.volatility(data, by=["exchange", "id", "day"]) == expected
    assert omega.risk.volatility(returns, by=[exchanges, np.array(ids), pa.array(days)]) == expected
    closes = inputs("ta.sma", 300)["close"]
    joined = [repr(each) for each in tuples]
    found = omega.ta.sma({"close": closes, **data}, by=("exchange", "id", "day"), period=4)
    assert same_bits(found, omega.ta.sma(closes, by=joined, period=4))


def test_sets_take_several_keys_bar_by_bar_and_in_tables() -> None:
    exchanges, symbols = ["X", None, "X", "Y"] * 10, ["a", "a", "b", "a"] * 10
    closes = inputs("ta.sma", 40)["close"]
    data = {"close": closes, "exchange": exchanges, "symbol": symbols}
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 3})}, by=["exchange", "symbol"])
    assert features.inputs == ["close", "exchange", "symbol"]
    expected = features.run(data)["mean"]
    assert same_bits(expected, omega.ta.sma(data, by=("exchange", "symbol"), period=3))
    live = [
        features.update(close=close, exchange=exchange, symbol=symbol)["mean"]
        for close, exchange, symbol in zip(closes, exchanges, symbols, strict=True)
    ]
    assert same_bits(np.array(live, float), expected)
    restored = omega.restore(features.snapshot())
    assert same_bits(restored.extend(data)["mean"], features.extend(data)["mean"])
    with pytest.raises(MissingColumnError, match="exchange"):
        features.update(close=1.0, symbol="a")

    metrics = omega.MetricSet({"risk": ("risk.max_drawdown", {})}, by=["exchange", "symbol"])
    returns = {"returns": walk(40)["returns"], "exchange": exchanges, "symbol": symbols}
    table = metrics.run(pa.table(returns))
    assert table.column_names == ["exchange", "symbol", "risk"]
    metrics.update(pa.table(returns).slice(0, 13))
    metrics.update(pa.table(returns).slice(13))
    assert list(metrics.value) == [("X", "a"), (None, "a"), ("X", "b"), ("Y", "a")]
    assert [each["risk"] for each in metrics.value.values()] == table["risk"].to_pylist()
    other = omega.restore(metrics.snapshot())
    other.merge(metrics)
    assert list(other.value) == list(metrics.value)


def test_a_set_of_metrics_refuses_keys_of_another_type_and_keeps_its_rows() -> None:
    metrics = omega.MetricSet({"risk": ("risk.max_drawdown", {})}, by="id")
    metrics.update({"returns": [0.1, 0.2], "id": ["a", None]})
    before = metrics.snapshot()
    with pytest.raises(UnsupportedTypeError, match=r"id.*type of the keys before.*7"):
        metrics.update({"returns": [0.1], "id": [7]})
    assert metrics.snapshot() == before


@pytest.mark.parametrize("by", [[], ["a", 1], 7, ["a"] * 2, [f"k{place}" for place in range(17)]])
def test_sets_refuse_what_names_no_columns(by: Any) -> None:
    for make, name in ((omega.FeatureSet, "ta.sma"), (omega.MetricSet, "risk.volatility")):
        with pytest.raises((InvalidTypeError, InvalidShapeError), match="by must"):
            make({"one": (name, {})}, by=by)


def test_a_list_of_text_as_long_as_the_data_is_a_column_of_keys() -> None:
    data: dict[str, Any] = {"close": [1.0, 2.0, 3.0], "a": ["x", "y", "x"], "b": ["x", "x", "y"]}
    assert omega.ta.sma(data, by=["a", "c", "a"], period=2) == [None, None, 2.0]
    assert omega.ta.sma(data, by=["a", "b"], period=1) == [1.0, 2.0, 3.0]
    short = {name: column[:2] for name, column in data.items()}
    with pytest.raises(InvalidTypeError, match="a tuple, where names"):
        omega.ta.sma(short, by=["a", "b"], period=1)
    assert omega.ta.sma(short, by=("a", "b"), period=1) == [1.0, 2.0]
    assert omega.ta.sma(short, by=np.array(["a", "b"]), period=1) == [1.0, 2.0]
    with pytest.raises(MissingColumnError, match=r"`symbo`"):
        omega.ta.sma(data, by=["a", "symbo"], period=1)
    with pytest.raises(LengthMismatchError):
        omega.ta.sma(data, by=["q", "r"], period=1)


def test_only_the_columns_of_several_keys_are_asked_for() -> None:
    frame = pl.DataFrame({"returns": [0.1, 0.2, 0.3, 0.1], "a": [1, 1, 2, 2], "b": ["x", "y", "x", "x"]})
    wide = frame.with_columns(**{f"c{place}": pl.lit(place) for place in range(30)})
    expected = omega.risk.max_drawdown(frame, by=("a", "b")).rows()
    for data in (wide, wide.lazy(), wide.to_arrow()):
        answer = omega.risk.max_drawdown(data, by=["a", "b"] if data is not wide else ("a", "b"))
        assert pl.DataFrame(answer).rows() == expected


def test_levels_of_an_index_are_columns_of_groups() -> None:
    index = pd.MultiIndex.from_product(
        [pd.date_range("2024-01-01", periods=4), ["a", "b"]], names=["day", "symbol"]
    )
    returns = pd.Series(walk(8)["returns"], index=index, name="returns")
    expected = omega.risk.volatility(returns.reset_index(), by="symbol")
    for answer in (
        omega.risk.volatility(returns, by="symbol"),
        omega.risk.volatility(returns.to_frame(), by="symbol"),
        omega.risk.volatility(returns=returns, by="symbol"),
        omega.risk.volatility(returns, by="Symbol").rename(columns={"Symbol": "symbol"}),
    ):
        pd.testing.assert_frame_equal(answer, expected)
    assert len(omega.risk.volatility(returns, by=["day", "symbol"])) == 8
    smoothed = omega.ta.sma(returns, by="symbol", period=2)
    assert smoothed.index is returns.index
    assert same_bits(
        smoothed.xs("a", level="symbol"), omega.ta.sma(returns.xs("a", level="symbol"), period=2)
    )
    single = pd.Series([0.1, 0.2, 0.3], index=pd.Index(["a", "b", "a"], name="symbol"))
    assert list(omega.risk.max_drawdown(single, by="symbol")["symbol"]) == ["a", "b"]
    with pytest.raises(MissingColumnError, match=r"`sector`.*day, symbol"):
        omega.risk.volatility(returns, by="sector")


def test_numpy_moments_are_keys_in_any_unit() -> None:
    days = np.array(["2024-01-01", "2024-01-02", "NaT", "2024-01-01"], "M8[D]")
    expected = [1.0, 2.0, 3.0, 2.5]
    for unit in ("D", "h", "m", "s", "ms", "us", "ns"):
        answer = omega.risk.max_drawdown(np.array(expected), by=days.astype(f"M8[{unit}]"))
        moments = [None if key is None else pd.Timestamp(key) for key in answer]
        assert moments == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02"), None]
    spans = np.array([1, 2, 1], "m8[ns]")
    assert list(omega.risk.max_drawdown(np.array([0.1, 0.2, 0.3]), by=spans)) == [
        np.timedelta64(1, "ns"),
        np.timedelta64(2, "ns"),
    ]


@pytest.mark.julia
def test_a_model_by_several_keys_has_a_column_of_parameters_for_each() -> None:
    rows = 600
    frame = pd.DataFrame(
        {
            "returns": walk(rows)["returns"],
            "exchange": ["X", None, "X"] * (rows // 3),
            "day": [dt.date(2024, 1, 1), dt.date(2024, 1, 1), dt.date(2024, 1, 2)] * (rows // 3),
        }
    )
    answer = omega.volatility.garch(frame, by=["exchange", "day"])
    keys = [("X", dt.date(2024, 1, 1)), (None, dt.date(2024, 1, 1)), ("X", dt.date(2024, 1, 2))]
    assert list(answer) == keys
    assert list(answer.parameters.columns[:2]) == ["exchange", "day"]
    for place, key in enumerate(keys):
        alone = omega.volatility.garch(frame["returns"].iloc[place::3])
        assert answer[key].omega == alone.omega
        assert answer[key].conditional_volatility.index.tolist() == list(range(place, rows, 3))


def test_keys_that_python_has_no_object_for_are_refused_by_dicts_and_kept_by_tables() -> None:
    for key in (
        pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
        pa.array([2**62], pa.int64()).cast(pa.timestamp("s")),
        pa.array([2**62], pa.int64()).cast(pa.duration("s")),
    ):
        with pytest.raises(UnsupportedTypeError, match="as Python has them"):
            omega.risk.max_drawdown([0.5], by=key)
        table = omega.risk.max_drawdown(pa.table({"returns": [0.5], "key": key}), by="key")
        assert table["key"].chunk(0).equals(key)


def test_a_list_that_fails_while_it_is_read_is_refused() -> None:
    class Broken(list[str]):
        def __iter__(self) -> Any:
            raise RuntimeError("broken")

    data = {"close": [1.0, 2.0], "a": ["x", "y"]}
    with pytest.raises(InvalidTypeError, match="broken"):
        omega.ta.sma(data, by=Broken(["a", "b"]), period=1)
    with pytest.raises(InvalidTypeError, match="broken"):
        omega.FeatureSet({"mean": ("ta.sma", {})}, by=Broken(["a", "b"]))


def test_views_of_text_leave_as_what_nanoarrow_can_hold() -> None:
    """It writes the buffers of views beyond its memory, and the process ends later, anywhere."""
    nanoarrow = pytest.importorskip("nanoarrow")
    keys = pa.array(["AAPL", None, "a text that is longer than sixteen bytes"], pa.string_view())
    returns = nanoarrow.Array(pa.array([0.1, -0.2, 0.3]))
    for _ in range(20):
        answer = pa.table(omega.risk.max_drawdown(returns, by=keys))
        answer.validate(full=True)
        assert answer.column(0).to_pylist() == keys.to_pylist()
