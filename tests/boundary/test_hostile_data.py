"""Data that is none is refused by type, with the value and what is allowed, and the process goes on."""

import array
import datetime
import math
import pathlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega import _rust
from omega.shared.exceptions import (
    InternalError,
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    LengthMismatchError,
    MissingColumnError,
    MissingValueError,
    OmegaError,
    ParameterOutOfRangeError,
    UnknownFunctionError,
    UnknownParameterError,
    UnsupportedDataError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

from tests.functions.market import (
    REDUCTIONS,
    ROWWISE,
    ROWWISE_SHAPES,
    RUST_SHAPES,
    SPECS,
    every,
    inputs,
    only_typed_errors,
    same_bits,
    typed,
)


@pytest.fixture(autouse=True)
def _afterwards_answers_are_right() -> Iterator[None]:
    yield
    assert omega.ta.sma([1.0, 3.0, 5.0], period=2) == [None, 2.0, 4.0]


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (SimpleNamespace(collect=list), UnsupportedDataError, r"\.collect\(\).*got `SimpleNamespace`"),
        (duckdb.connect(), UnsupportedDataError, "DuckDBPyConnection"),
        (7, UnsupportedDataError, "got `int`"),
        (1.5, UnsupportedDataError, "got `float`"),
        (True, UnsupportedDataError, "got `bool`"),
        ("close", UnsupportedDataError, "got `str`"),
        (b"12345678", UnsupportedDataError, "got `bytes`"),
        (bytearray(16), UnsupportedDataError, "got `bytearray`"),
        (object(), UnsupportedDataError, "got `object`"),
        (iter([1.0]), UnsupportedDataError, "got `list_iterator`"),
        ((each for each in [1.0]), UnsupportedDataError, "got `generator`"),
        ({1.0, 2.0}, UnsupportedDataError, "got `set`"),
        (range(3), UnsupportedDataError, "got `range`"),
        (pathlib.Path("close.csv"), UnsupportedDataError, "Path"),
        (print, UnsupportedDataError, "builtin_function_or_method"),
        (pa.array, UnsupportedDataError, "builtin_function|cython_function"),
        (pl.DataFrame, UnsupportedDataError, "got `type`|got `"),
        (pa.table({"close": [1.0]}).schema, UnsupportedDataError, "Schema"),
        (None, MissingColumnError, "close"),
        ({}, MissingColumnError, "close.*no column"),
        ({"open": [1.0], "high": [2.0]}, MissingColumnError, "open, high"),
        (pa.table({"open": [1.0]}), MissingColumnError, "open"),
        (pl.DataFrame({"Last": [1.0], "of": ["x"]}), MissingColumnError, "Last"),
        (pd.DataFrame({"open": [1.0]}), MissingColumnError, "open"),
        (pa.table({}), MissingColumnError, "close"),
        (np.zeros((3, 2), bool), InvalidShapeError, r"one-dimensional .*, got `2 dimensions`"),
        (np.zeros((3, 0)), InvalidShapeError, "one-dimensional"),
        (np.float64(1.0), InvalidShapeError, "0 dimensions"),
        (np.array(1.0), InvalidShapeError, "0 dimensions"),
        (np.zeros((2, 2, 2)), InvalidShapeError, "3 dimensions"),
        (np.array([True, False]), UnsupportedTypeError, "numbers"),
        (np.array(["a", "b"]), UnsupportedTypeError, "numbers"),
        (np.array([b"a", b"b"]), UnsupportedTypeError, "numbers"),
        (np.array([1j, 2j]), UnsupportedTypeError, "numbers"),
        (np.array([1.0, None], dtype=object), UnsupportedTypeError, "numbers"),
        (np.array(["2024-01-01"], dtype="M8[ns]"), UnsupportedTypeError, r"datetime64\[ns\]"),
        (np.array([5], dtype="m8[s]"), UnsupportedTypeError, r"timedelta64\[s\]"),
        (np.array([1.0], dtype=np.float16), UnsupportedTypeError, "numbers"),
        (np.array([1.0], dtype=np.longdouble), UnsupportedTypeError, "numbers"),
        (np.zeros(2, dtype=[("close", "U2"), ("open", "f8")]), UnsupportedTypeError, "numbers"),
        (np.ma.masked_array([1.0, 2.0], mask=[True, False]), UnsupportedDataError, r"filled\(numpy.nan\)"),
        ({"close": np.ma.masked_array([1.0], mask=[True])}, UnsupportedDataError, "mask"),
        (pa.array(["a"]), UnsupportedTypeError, "a number"),
        (pa.array([True]), UnsupportedTypeError, "a number"),
        (pa.array([datetime.datetime(2024, 1, 1)]), UnsupportedTypeError, "timestamp"),  # noqa: DTZ001
        (pa.array([datetime.date(2024, 1, 1)]), UnsupportedTypeError, "date"),
        (pa.array([[1.0]]), UnsupportedTypeError, "list"),
        (pa.array([b"a"]), UnsupportedTypeError, "binary"),
        (pa.array([1.0]).dictionary_encode(), UnsupportedTypeError, "a number"),
        (pa.array([{"close": {"x": 1.0}}]), UnsupportedTypeError, "struct"),
        (pa.array([1.0], pa.float16()), UnsupportedTypeError, "e"),
        (pa.array([Decimal("1.5")], pa.decimal256(50, 2)), UnsupportedTypeError, "d:50,2,256"),
        (pl.Series(["a"]), UnsupportedTypeError, "string"),
        (pl.Series([[1.0]]), UnsupportedTypeError, "list"),
        (pd.Series(["a"]), UnsupportedTypeError, "string"),
        (pd.Series([pd.Timestamp("2024-01-01")]), UnsupportedTypeError, "timestamp"),
        (["a"], InvalidTypeError, "row 0.*got `'a'`"),
        ([1.0, True], InvalidTypeError, "row 1.*got `True`"),
        ([1.0, [2.0]], InvalidTypeError, r"row 1.*got `\[2.0\]`"),
        ([1.0, 1j], InvalidTypeError, "1j"),
        ([1.0, np.array([1.0])], InvalidTypeError, "array"),
        ([1.0, b"2"], InvalidTypeError, "2"),
        ([10**400], InvalidTypeError, "100000"),
        ([object()], InvalidTypeError, "object"),
        (array.array("u", "ab"), UnsupportedTypeError, "numbers"),
        (memoryview(b"abcd").cast("c"), UnsupportedTypeError, "numbers"),
        (memoryview(np.zeros((2, 2)).data), InvalidShapeError, "2 dimensions"),
        ({"close": pa.table({"a": [1.0], "b": [1.0]})}, InvalidShapeError, "2 columns"),
        ({"close": {"close": [1.0]}}, UnsupportedDataError, "dict"),
        ({"close": None}, UnsupportedDataError, "NoneType"),
        ({"close": 7.0}, UnsupportedDataError, "float"),
        ([math.inf], InvalidValueError, "row 0"),
        ([1.0, -math.inf], InvalidValueError, "row 1"),
        ([1.0, 1.1e100], InvalidValueError, "0, or from 1e-100 to 1e100 in magnitude"),
        ([None, 1e300], InvalidValueError, "row 1"),
        (np.array([1.0, 2.0, np.inf]), InvalidValueError, "row 2"),
        (pa.chunked_array([[1.0], [], [2.0, math.inf]]), InvalidValueError, "row 2"),
        (pa.array([Decimal(10) ** 37], pa.decimal128(38, 0)), None, ""),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_data_that_is_no_column_of_numbers_is_refused(
    data: Any, error: type[OmegaError] | None, says: str
) -> None:
    if error is None:
        assert len(omega.ta.sma(data, period=1)) == 1
        return
    with pytest.raises(error, match=says) as refusal:
        omega.ta.sma(data, period=1)
    assert refusal.value.function in {"ta.sma", None}
    accumulator = omega.accumulate("risk.volatility")
    if isinstance(data, int | float) and not isinstance(data, bool):
        accumulator.update(data)
        assert accumulator.rows == 1
        return
    with pytest.raises(OmegaError):
        accumulator.update(data)
    assert accumulator.rows == 0


def test_every_column_is_asked_for_by_name() -> None:
    def asked_for(name: str) -> None:
        columns = inputs(name, 40)
        for missing in columns:
            rest = {each: column for each, column in columns.items() if each != missing}
            for data in (rest, pa.table(rest) if rest else {}, pd.DataFrame(rest)):
                with pytest.raises(MissingColumnError) as refusal:
                    typed(name)(data)
                assert refusal.value.fields["name"] == missing

    every(ROWWISE, asked_for)


@pytest.mark.parametrize("name", [name for name in ROWWISE_SHAPES if len(SPECS[name].inputs) > 1])
def test_one_column_does_not_stand_for_several(name: str) -> None:
    for data in ([1.0], np.array([1.0])):
        with pytest.raises(MissingColumnError):
            typed(name)(data)


def test_lengths_that_differ_are_refused_with_both() -> None:
    with pytest.raises(LengthMismatchError) as refusal:
        omega.ta.atr(high=[1.0, 2.0, 3.0], low=[1.0, 2.0], close=[1.0, 2.0, 3.0])
    assert refusal.value.fields["name"] == "low"
    assert refusal.value.fields["value"] == "2"
    assert "3" in refusal.value.fields["allowed"]
    with pytest.raises(LengthMismatchError):
        omega.ta.obv(pl.DataFrame({"close": [1.0, 2.0]}), volume=np.array([1.0]))
    with pytest.raises(LengthMismatchError):
        omega.ta.obv(close=[], volume=[1.0])


@pytest.mark.parametrize("name", RUST_SHAPES)
@pytest.mark.parametrize("value", [math.inf, -math.inf, 1.0000001e100, -1.7e308, 0.9999999e-100, -5e-324])
@pytest.mark.parametrize("nulls", ["skip", "propagate", "raise"])
def test_a_value_too_great_or_small_for_any_function_is_refused_by_column_and_row(
    name: str, value: float, nulls: str
) -> None:
    columns = inputs(name, 50)
    # Every time that a column of times can hold is allowed.
    for column in (each for each in columns if columns[each].dtype.kind == "f"):
        broken = {**columns, column: columns[column].copy()}
        broken[column][41] = value
        with pytest.raises(InvalidValueError) as refusal:
            typed(name)(broken, nulls=nulls)
        assert (refusal.value.fields["name"], refusal.value.fields["row"]) == (column, "41")
        assert refusal.value.function == name


@pytest.mark.parametrize("name", RUST_SHAPES)
def test_missing_values_are_refused_where_asked_by_column_and_row(name: str) -> None:
    columns = inputs(name, 50)
    for column in columns:
        nan = {**columns, column: columns[column].copy()}
        nan[column][[17, 30]] = None  # NaN, or no time
        null = pa.table({**columns, column: pa.array(nan[column], from_pandas=True)})
        for data in (nan, null, pa.concat_tables([null.slice(0, 5), null.slice(5)])):
            with pytest.raises(MissingValueError) as refusal:
                typed(name)(data, nulls="raise")
            assert (refusal.value.fields["name"], refusal.value.fields["row"]) == (column, "17")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ta.rsy", "ta.rsi"),
        ("rsi", "ta.rsi"),
        ("risk.sharp_ratio", "risk.sharpe_ratio"),
        ("", ""),
        ("ta.", "ta."),
    ],
)
def test_an_unknown_function_is_refused_with_the_nearest_name(name: str, nearest: str) -> None:
    for entry in (omega.call, omega.spec, omega.stream, omega.accumulate, omega.warm_up_rows):
        with pytest.raises(UnknownFunctionError) as refusal:
            entry(name)
        assert refusal.value.fields["name"] == name
        assert nearest in refusal.value.fields["nearest"]


@pytest.mark.parametrize(
    "name", [None, 7, b"ta.rsi", ["ta.rsi"], "ta.\ud800", "ta.rsi\0", "ta.rsi@julia", "x" * 10_000]
)
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    with pytest.raises((UnknownFunctionError, InvalidTypeError, TypeError)):
        omega.call(name, [1.0])
    with pytest.raises((UnknownFunctionError, InvalidTypeError)):
        _rust.function(name)


@pytest.mark.parametrize("nulls", ["ignore", "", "SKIP", None, 0, True, b"skip", ["skip"]])
def test_a_policy_that_is_none_is_refused(nulls: Any) -> None:
    if nulls is None:
        return
    for refused in (
        lambda: omega.ta.rsi([1.0], nulls=nulls),
        lambda: omega.stream("ta.rsi", nulls=nulls),
        lambda: omega.accumulate("risk.volatility", nulls=nulls),
        lambda: omega.FeatureSet({"x": ("ta.rsi", {})}, nulls=nulls),
    ):
        with pytest.raises((ParameterOutOfRangeError, InvalidTypeError), match="nulls"):
            refused()


def test_an_unknown_keyword_is_refused_with_the_nearest_and_before_the_data() -> None:
    for refused in (
        lambda: omega.ta.rsi(object(), perod=3),  # type: ignore[call-overload]
        lambda: omega.call("ta.rsi", object(), perod=3),
        lambda: omega.stream("ta.rsi", perod=3),
        lambda: omega.FeatureSet({"x": ("ta.rsi", {"perod": 3})}),
        lambda: omega.warm_up_rows("ta.rsi", perod=3),
    ):
        with pytest.raises(UnknownParameterError) as refusal:
            refused()
        assert refusal.value.fields["name"] == "perod"
        assert refusal.value.fields["nearest"] == "period"


def test_a_panic_in_rust_is_an_internal_error_that_says_where() -> None:
    with pytest.raises(InternalError, match="asked to"):
        _rust.testing.panic()
    for data in ([1.0], np.array([0.0, 5.0]), np.concatenate([np.zeros(200_000), [5.0]])):
        with pytest.raises(InternalError, match=r"probe\.panic met") as refusal:
            _rust.function("probe.panic").run(data, None, {})
        assert refusal.value.function == "probe.panic"
        assert refusal.value.fault == "bug"
    stream = _rust.function("probe.panic").stream({})
    assert stream.update(-1.0) == -1.0
    for _ in range(3):
        with pytest.raises(InternalError):
            stream.update(1.0)
    assert stream.update(-2.0) == -2.0
    features = omega.FeatureSet({"x": ("probe.panic", {})})
    with pytest.raises(InternalError):
        features.update(value=1.0)
    assert features.update(value=-1.0) == {"x": -1.0}


def test_a_panic_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InternalError):
        _rust.testing.panic()
    assert capfd.readouterr() == ("", "")


def test_a_panic_can_be_caught_as_an_ordinary_exception() -> None:
    with pytest.raises(Exception, match="asked to") as caught:
        _rust.testing.panic()
    assert isinstance(caught.value, InternalError)


def test_a_list_that_lies_about_its_length_is_read_as_it_is() -> None:
    class Liar(list[float]):
        def __len__(self) -> int:
            return 2**50

    class Shy(list[float]):
        def __len__(self) -> int:
            return 0

    for kind in (Liar, Shy):
        with only_typed_errors():
            assert omega.ta.sma(kind([1.0, 3.0]), period=2) == [None, 2.0]


def test_a_list_that_changes_while_it_is_read_does_no_harm() -> None:
    values: list[Any] = []

    class Growing:
        def __float__(self) -> float:
            values.append(2.0)
            return 1.0

    class Shrinking:
        def __float__(self) -> float:
            values.clear()
            return 1.0

    for hostile in (Growing(), Shrinking()):
        values[:] = [hostile, 1.0, 1.0]
        omega.ta.sma(values, period=1)


def test_a_number_that_calls_omega_again_is_a_number() -> None:
    class Nested:
        def __float__(self) -> float:
            return omega.ta.sma([4.0, 6.0], period=2)[-1] or 0.0

    assert omega.ta.sma([Nested(), 7.0], period=2) == [None, 6.0]


def test_a_producer_that_calls_omega_again_is_read() -> None:
    class Nested:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            inner = omega.ta.sma(pa.table({"close": [1.0, 3.0]}), period=1)
            return pa.table({"close": inner}).__arrow_c_stream__()

    assert pa.array(omega.ta.sma(Nested(), period=2)).to_pylist() == [None, 2.0]


def test_a_mapping_that_raises_raises_through() -> None:
    class Broken(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise RuntimeError("lost")

        def __iter__(self) -> Iterator[str]:
            return iter(["close"])

        def __len__(self) -> int:
            return 1

        def __contains__(self, name: object) -> bool:
            return True

    with pytest.raises((RuntimeError, OmegaError)):
        omega.ta.sma(Broken())


def test_an_interruption_while_numbers_convert_passes_through() -> None:
    class Interrupted:
        def __float__(self) -> float:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        omega.ta.sma([1.0, Interrupted()])
    with pytest.raises(KeyboardInterrupt):
        omega.stream("ta.sma").update(Interrupted())


def test_an_object_whose_attributes_raise_is_refused() -> None:
    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __repr__(self) -> str:
            raise RuntimeError("no name")

    with pytest.raises((RuntimeError, OmegaError)):
        omega.ta.sma(Hostile())
    with pytest.raises((RuntimeError, OmegaError)):
        omega.ta.sma([Hostile()])
    with pytest.raises((RuntimeError, OmegaError)):
        omega.ta.sma([1.0], period=Hostile())  # type: ignore[call-overload]


def test_numbers_of_any_kind_are_numbers() -> None:
    values = [1, 2.5, Decimal("3.5"), Fraction(1, 2), np.float32(1.5), np.int8(3), None]
    assert omega.ta.sma(values, period=1) == [1.0, 2.5, 3.5, 0.5, 1.5, 3.0, None]


def test_data_stays_as_it_was() -> None:
    for name in ROWWISE:
        columns = inputs(name, 60)
        before = {each: column.copy() for each, column in columns.items()}
        typed(name)(columns)
        assert all(same_bits(columns[each], before[each]) for each in columns)


def test_read_only_memory_is_read() -> None:
    close = np.array([1.0, 3.0])
    close.flags.writeable = False
    assert same_bits(omega.ta.sma(close, period=2, strict_zero_copy=True), [np.nan, 2.0])


def test_a_shared_buffer_may_be_resized_only_after_the_call() -> None:
    values = array.array("d", [1.0, 3.0])
    assert same_bits(omega.ta.sma(values, period=2, strict_zero_copy=True), [np.nan, 2.0])
    values.append(5.0)
    assert same_bits(omega.ta.sma(values, period=2), [np.nan, 2.0, 4.0])


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=9)
    | st.dates()
    | st.decimals()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.sampled_from(["close", "high", "low", "volume", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(data=JUNK, by=JUNK, name=st.sampled_from([*ROWWISE, *REDUCTIONS]), value=JUNK)
def test_whatever_comes_in_an_answer_or_a_typed_error_comes_out(
    data: Any, by: Any, name: str, value: Any
) -> None:
    for keywords in ({}, {"by": by}, {each.name: value for each in SPECS[name].parameters[:1]}):
        with only_typed_errors():
            typed(name)(data, **keywords)


@settings(max_examples=100, deadline=None)
@given(bar=JUNK)
def test_whatever_comes_as_a_bar_a_value_or_a_typed_error_comes_out(bar: Any) -> None:
    stream = omega.stream("ta.atr", period=1)
    features = omega.FeatureSet({"x": ("ta.atr", {"period": 1})})
    for update in (stream.update, features.update):
        with only_typed_errors():
            update(bar)


def test_strict_zero_copy_never_yields_to_data_by_keyword() -> None:
    with pytest.raises(ZeroCopyRefusedError):
        omega.ta.sma(np.array([1.0]), close=[1.0], strict_zero_copy=True)  # type: ignore[call-overload]
