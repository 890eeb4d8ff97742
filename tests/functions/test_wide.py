"""Wide frames and arrays of rows by columns: a function of one input answers column by column."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.functions.wide import TABLE_NAMES
from omega.shared import tables
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    MissingColumnError,
    MissingValueError,
    OmegaError,
    ParameterOutOfRangeError,
    UnsupportedDataError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

from tests.functions.market import REDUCTIONS, ROWWISE, SPECS, every, same_bits, typed, walk

ROWS = 400
# Type checkers take every frame for a long one.
ta: Any = omega.ta
risk: Any = omega.risk
volatility: Any = omega.volatility

#: What no argument takes, and type checkers need not know.
NO: Any = "no"
LABELS = ["AAPL", "LOW", "MSFT", "x"]


def is_of_one_series(name: str) -> bool:
    (first, *others) = SPECS[name].inputs
    return not others and not first.many


ONE_ROWWISE = [name for name in ROWWISE if is_of_one_series(name)]
ONE_REDUCTIONS = [name for name in REDUCTIONS if is_of_one_series(name)]


def series(name: str, rows: int = ROWS) -> list[Any]:
    """A column for each label, some values missing, of what the function reads."""
    made = []
    for seed in range(len(LABELS)):
        close = walk(rows, seed)["close"]
        column = np.diff(close, prepend=close[0]) / close if SPECS[name].table != "bars" else close
        column[seed * 7 : seed * 9] = np.nan
        made.append(column)
    return made


def alone(name: str, column: Any) -> list[Any]:
    """What the function answers to one column, output by output."""
    answer = typed(name)(column)
    return list(answer) if isinstance(answer, tuple) else [answer]


def labels(name: str) -> list[str]:
    """Columns of an answer with one level of names."""
    outputs = SPECS[name].outputs
    if len(outputs) == 1:
        return LABELS
    return [f"{label}_{output.name}" for label in LABELS for output in outputs]


def flat(name: str, columns: list[Any]) -> list[Any]:
    """The answers to all columns, those of one column side by side."""
    return [output for column in columns for output in alone(name, column)]


# ------------------------------------------------------------------------------------ column by column


def test_pandas_answers_with_the_same_columns_and_index() -> None:
    index = pd.date_range("2024-01-01", periods=ROWS)

    def law(name: str) -> None:
        columns = series(name)
        frame = pd.DataFrame(dict(zip(LABELS, columns, strict=True)), index=index)
        answer = typed(name)(frame)
        assert answer.index is frame.index or answer.index.equals(frame.index)
        if len(SPECS[name].outputs) == 1:
            assert answer.columns.equals(frame.columns)
        else:
            assert list(answer.columns) == [
                (label, output.name) for label in LABELS for output in SPECS[name].outputs
            ]
        for place, expected in enumerate(flat(name, columns)):
            assert same_bits(answer.iloc[:, place], expected)
            assert answer.dtypes.iloc[place] == expected.dtype

    every(ONE_ROWWISE, law)


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame, pa.table, pa.record_batch])
def test_tables_without_an_index_answer_with_columns_of_the_same_names(make: Callable[..., Any]) -> None:
    def law(name: str) -> None:
        columns = series(name)
        table = make(dict(zip(LABELS, columns, strict=True)))
        answer = typed(name)(table)
        assert type(answer) is (pl.DataFrame if make is pl.LazyFrame else type(table))
        assert (answer.columns if hasattr(answer, "height") else answer.schema.names) == labels(name)
        found = (
            answer.to_pandas()
            if hasattr(answer, "schema") and make in (pa.table, pa.record_batch)
            else answer
        )
        for place, expected in enumerate(flat(name, columns)):
            column = found.iloc[:, place] if isinstance(found, pd.DataFrame) else found.to_series(place)
            assert same_bits(np.asarray(column, float), expected)

    every(ONE_ROWWISE, law)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_answers_with_arrays_of_its_shape(order: Any) -> None:
    def law(name: str) -> None:
        columns = series(name)
        array = np.array(np.column_stack(columns), order=order)
        answer = typed(name)(array)
        several = len(SPECS[name].outputs) > 1
        assert type(answer).__name__ == type(typed(name)(columns[0])).__name__
        for output, got in enumerate(answer if several else [answer]):
            assert got.shape == array.shape
            for place, column in enumerate(columns):
                assert same_bits(got[:, place], alone(name, column)[output])

    every(ONE_ROWWISE, law)


def test_a_dict_of_columns_answers_with_a_dict_of_what_each_answers() -> None:
    def law(name: str) -> None:
        columns = dict(zip(LABELS, series(name), strict=True))
        answer = typed(name)(columns)
        assert list(answer) == LABELS
        for label, column in columns.items():
            for got, expected in zip(alone_of(answer[label]), alone(name, column), strict=True):
                assert same_bits(got, expected)

    every(ONE_ROWWISE + ONE_REDUCTIONS, law)
    assert ta.sma({"a": [1.0, 2.0], "b": [3.0, 5.0]}, period=2) == {"a": [None, 1.5], "b": [None, 4.0]}


def alone_of(answer: Any) -> list[Any]:
    values = list(answer) if isinstance(answer, tuple) else [answer]
    return [np.nan if value is None else value for value in values]


def test_a_reduction_answers_with_a_row_or_a_number_for_each_column() -> None:
    def law(name: str) -> None:
        columns = series(name)
        columns[2][:] = np.nan
        expected = [alone_of(typed(name)(column))[0] for column in columns]
        named = dict(zip(LABELS, columns, strict=True))
        of_pandas = typed(name)(pd.DataFrame(named))
        assert list(of_pandas.index) == LABELS
        assert (of_pandas.name, of_pandas.dtype) == (SPECS[name].outputs[0].name, np.float64)
        assert same_bits(of_pandas, expected)
        of_polars = typed(name)(pl.DataFrame(named))
        assert of_polars.columns == ["column", SPECS[name].outputs[0].name]
        assert of_polars["column"].to_list() == LABELS
        assert same_bits(of_polars.to_series(1).to_numpy(), expected)
        assert of_polars.to_series(1).null_count() == np.isnan(expected).sum()
        of_arrow = typed(name)(pa.table(named))
        assert of_arrow.to_pylist() == of_polars.to_dicts()
        assert typed(name)(pa.record_batch(named)).to_pylist() == of_polars.to_dicts()
        assert same_bits(typed(name)(np.column_stack(columns)), expected)

    every(ONE_REDUCTIONS, law)


def test_a_column_or_a_number_beside_goes_with_each_column() -> None:
    columns = series("risk.beta")
    market = columns.pop()
    frame = pd.DataFrame(dict(zip(LABELS, columns, strict=False)), index=pd.RangeIndex(7, 7 + ROWS))
    expected = [risk.beta(returns=column, benchmark=market) for column in columns]
    beside = pd.Series(market, index=frame.index)
    assert same_bits(risk.beta(frame, benchmark=beside), expected)
    assert same_bits(risk.beta(np.column_stack(columns), benchmark=market), expected)
    rolling = risk.rolling_beta(frame, benchmark=beside, window=20)
    assert same_bits(rolling["LOW"], risk.rolling_beta(returns=columns[1], benchmark=market, window=20))
    with pytest.raises(InvalidShapeError, match="the index of `benchmark` must be that of `AAPL`"):
        risk.beta(frame, benchmark=pd.Series(market))
    with pytest.raises(MissingColumnError, match="`close` is missing"):
        ta.obv(frame, volume=beside)


@pytest.mark.julia
def test_a_model_answers_with_a_dict_by_column() -> None:
    columns = series("volatility.garch", 600)[:2]
    frame = pd.DataFrame({"a": columns[0], "b": columns[1]}, index=pd.date_range("2024", periods=600))
    answer = volatility.garch(frame)
    assert list(answer) == ["a", "b"]
    for name, column in zip(answer, columns, strict=True):
        assert answer[name].beta == volatility.garch(column).beta
        assert answer[name].conditional_volatility.index.equals(frame.index)
    with pytest.raises(InvalidShapeError, match="columns must be of different names"):
        volatility.garch(frame.set_axis(["a", "a"], axis=1))


# --------------------------------------------------------------------------------- labels and columns


def frame_of(*labels: Any) -> pd.DataFrame:
    columns = {place: walk(60, place)["close"] for place in range(len(labels))}
    return pd.DataFrame(columns).set_axis(pd.Index(list(labels), tupleize_cols=True), axis=1)


@pytest.mark.parametrize(
    "labels",
    [
        (1, 2, 3),
        ("a", "a", "b"),
        (("px", "a"), ("px", "b"), ("fx", "a")),
        (pd.Timestamp("2024-01-01"), None, 0.5),
        ("", "ä", "a b"),
        ("one",),
    ],
    ids=str,
)
def test_labels_of_any_kind_are_kept(labels: tuple[Any, ...]) -> None:
    frame = frame_of(*labels)
    answer = ta.rsi(frame)
    assert answer.columns.equals(frame.columns)
    for place in range(len(labels)):
        assert same_bits(answer.iloc[:, place], ta.rsi(frame.iloc[:, place]))
    bands = ta.bbands(frame)
    assert bands.shape == (60, 3 * len(labels))
    assert bands.columns.nlevels == frame.columns.nlevels + 1
    assert same_bits(bands.iloc[:, -1], ta.bbands(frame.iloc[:, -1]).lower)
    assert risk.volatility(frame.pct_change()).index.equals(frame.columns)


def test_levels_keep_their_names() -> None:
    frame = frame_of(("px", "a"), ("fx", "b")).rename_axis(["kind", "symbol"], axis=1)
    assert list(ta.rsi(frame).columns.names) == ["kind", "symbol"]
    assert list(ta.macd(frame).columns.names) == ["kind", "symbol", None]


def test_numbers_of_any_type_are_taken() -> None:
    whole = np.arange(1, 61) * 7 % 31 + 1
    frame = pd.DataFrame(
        {
            "a": whole,
            "b": whole.astype("float32"),
            "c": pd.array(whole, "Int64"),
            "d": pd.Series(whole).astype("float64[pyarrow]"),
        }
    )
    expected = ta.rsi(whole.astype(float))
    frame.loc[3, "c"] = pd.NA
    answer = ta.rsi(frame)
    for name in "abd":
        assert same_bits(answer[name], expected)
    assert same_bits(answer["c"], ta.rsi(frame["c"].to_numpy(float, na_value=np.nan)))
    assert same_bits(ta.rsi(np.column_stack([whole, whole]))[:, 1], expected)


def test_decimals_and_names_that_are_there_twice_are_taken_as_they_are() -> None:
    close = walk(60)["close"].round(2)
    exact = pl.DataFrame({"a": close}).with_columns(b=pl.col("a").cast(pl.Decimal(20, 2)))
    answer = ta.rsi(exact)
    assert same_bits(answer["b"], ta.rsi(close))
    twice = ta.macd(pa.Table.from_arrays([pa.array(close), pa.array(close)], names=["a", "a"]))
    assert twice.column_names == [f"a_{output.name}" for output in SPECS["ta.macd"].outputs] * 2
    assert same_bits(twice.column(5), twice.column(2))


def test_no_rows_and_one_column_have_their_shape() -> None:
    assert ta.rsi(frame_of("a", "b").iloc[:0]).shape == (0, 2)
    assert ta.macd(frame_of("a", "b").iloc[:0]).shape == (0, 6)
    assert ta.rsi(np.empty((0, 3))).shape == (0, 3)
    assert ta.rsi(np.full((3, 1), 2.0), period=2).shape == (3, 1)
    assert ta.rsi(pl.DataFrame({"a": [1.0, 2.0]})).columns == ["a"]
    assert risk.volatility(np.empty((0, 2))).tolist() == pytest.approx([np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize("dtype", ["datetime64[us]", "datetime64[D]"])
@pytest.mark.parametrize("make", [pl.DataFrame, pa.table, pa.record_batch])
def test_times_beside_the_numbers_are_carried_along(make: Callable[..., Any], dtype: str) -> None:
    times = (np.datetime64("2024-01-01") + np.arange(ROWS)).astype(dtype)
    columns = series("ta.rsi")[:2]
    frame = make({"a": columns[0], "when": times, "b": columns[1]})
    answer = ta.bbands(frame)
    names = answer.columns if make is pl.DataFrame else answer.schema.names
    bands = ["upper", "middle", "lower"]
    assert names == [*(f"a_{band}" for band in bands), "when", *(f"b_{band}" for band in bands)]
    kept, given = answer["when"], frame["when"]
    assert kept.equals(given)
    assert same_bits(np.asarray(answer["b_upper"]), ta.bbands(columns[1]).upper)
    metrics = risk.volatility(make({"when": times, "a": np.full(ROWS, 0.01)}))
    assert (metrics["column"].to_list() if make is pl.DataFrame else metrics["column"].to_pylist()) == ["a"]


def test_pandas_finds_its_index_in_an_answer_of_arrow() -> None:
    frame = frame_of("a", "b").set_index(pd.date_range("2024-01-01", periods=60))
    answer = ta.rsi(pa.Table.from_pandas(frame)).to_pandas()
    assert answer.index.equals(frame.index)
    assert same_bits(answer["b"], ta.rsi(frame["b"]))


def test_a_name_tells_answers_apart_that_join_side_by_side() -> None:
    frame = frame_of("a", "b")
    fast, slow = ta.sma(frame, period=3, name="fast"), ta.sma(frame, period=9, name="slow")
    joined = fast.join(slow)
    assert list(joined.columns) == [("a", "fast"), ("b", "fast"), ("a", "slow"), ("b", "slow")]
    assert same_bits(joined["b", "slow"], ta.sma(frame["b"], period=9))
    assert ta.sma(pl.DataFrame(frame), name="fast").columns == ["a_fast", "b_fast"]
    assert ta.macd(pa.table(frame), name="my").column_names[:2] == ["a_my_macd", "a_my_signal"]
    assert risk.volatility(frame, name="risk").name == "risk"


def test_a_field_of_a_structured_array_is_a_column() -> None:
    bars = walk(60)
    names = ["open", "high", "low", "close", "volume"]
    kinds = np.dtype([(name, float) for name in names] + [("symbol", "U3")])
    array = np.zeros(60, kinds)
    for name in names:
        array[name] = bars[name]
    array["symbol"] = ["one", "two"] * 30
    for each in (array, array.view(np.recarray)):
        assert same_bits(ta.atr(each), ta.atr(bars))
        assert same_bits(ta.rsi(each), ta.rsi(bars))
        assert same_bits(ta.rsi(each, close="open"), ta.rsi(bars["open"]))
        assert same_bits(ta.rsi(each, by="symbol"), ta.rsi(bars, by=["one", "two"] * 30))
    with pytest.raises(MissingColumnError, match="`close` is missing; the data has high, low"):
        ta.rsi(array[["high", "low"]])
    masked = np.ma.array(array, mask=[(False,) * 6] * 60)
    with pytest.raises(OmegaError):
        ta.rsi(masked)


# ------------------------------------------------------------------------------- copies and processors


def test_columns_are_read_where_they_lie_and_copies_are_counted() -> None:
    array = np.column_stack(series("ta.rsi"))
    with omega.count_copies() as copies:
        ta.rsi(np.asfortranarray(array), strict_zero_copy=True)
        ta.rsi(pd.DataFrame(np.asfortranarray(array)), strict_zero_copy=True)
        ta.rsi(pl.DataFrame(array, schema=LABELS), strict_zero_copy=True)
    assert copies.copies == []
    with omega.count_copies() as copies:
        ta.rsi(array)
    assert [(name, size) for name, _, size in copies.copies] == [(str(n), 8 * ROWS) for n in range(4)]
    with pytest.raises(ZeroCopyRefusedError, match="column `0`"):
        ta.rsi(array, strict_zero_copy=True)


SCRIPT = """
import numpy as np, omega
from omega.shared.exceptions import OmegaError
array = 1.0 + np.add.outer(np.arange(200_000.0), 7.0 * np.arange(8)) % 97
for data in (np.asfortranarray(array), array):
    with omega.count_copies() as copies:
        try:
            print(omega.ta.ema(data)[-1].tolist(), [np.nansum(part) for part in omega.ta.bbands(data)])
            print(omega.risk.volatility(data / 1e4).tolist(), len(copies.copies))
        except OmegaError as refusal:
            print(refusal)
array[150_000, [3, 6]] = np.inf
try:
    omega.ta.ema(np.asfortranarray(array))
except OmegaError as refusal:
    print(refusal)
"""


def told(threads: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OMEGA_THREADS"}
    environment |= {} if threads is None else {"OMEGA_THREADS": threads}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_any_number_of_threads_answers_with_the_same_bits_copies_and_refusals() -> None:
    one = told("1")
    assert "column `3`" in one
    assert {told("2"), told("7"), told(None)} == {one}
    assert "OMEGA_THREADS must be a whole number from 1, got `0`" in told("0")


# -------------------------------------------------------------------------------------------- refusals


def test_names_that_tell_a_table_are_those_of_the_tables() -> None:
    read = {table for spec in SPECS.values() if (table := spec.table)}
    fields = {field.name for table in read for field in tables.load(table).fields}
    assert fields <= TABLE_NAMES


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict])
@pytest.mark.parametrize(
    "names",
    [
        ("open", "high", "low", "clsoe"),
        ("Open", "a", "b"),
        ("OPEN", "HIGH", "LOW", "a", "b", "c", "d"),
        ("LOW",),
        ("clsoe", "a"),
        ("volume",),
        ("timestamp", "a"),
        ("returns", "benchmark"),
    ],
    ids=str,
)
def test_a_table_that_lacks_the_column_is_not_wide(make: Callable[..., Any], names: tuple[str, ...]) -> None:
    data = make({name: walk(60)["close"] for name in names})
    with pytest.raises(MissingColumnError, match=r'`close` is missing; the data has .*close="'):
        ta.rsi(data)
    if "clsoe" in names:
        with pytest.raises(MissingColumnError, match=r'the nearest is `clsoe`; .* close="clsoe"'):
            ta.rsi(data)


def test_tickers_that_are_words_of_a_table_are_tickers_among_others() -> None:
    frame = frame_of("AAPL", "LOW", "MSFT", "OPEN")
    assert same_bits(ta.rsi(frame)["LOW"], ta.rsi(frame["LOW"]))


DAYS = pd.date_range("2024-01-01", periods=3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pd.DataFrame({"a": [1.0, 2.0, 3.0], "d": DAYS}), r"`d` is datetime64.*\.set_index"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), "`b` is (str|object)"),
        (pd.DataFrame({"a": [1.0], "b": [True]}), "`b` is bool"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": np.array([1, 2.5], object)}), "`b` is object"),
        (pd.DataFrame({"a": [1.0], "b": [1j]}), "`b` is complex128"),
        (pl.DataFrame({"a": [1.0], "b": ["x"]}), r"`b` is String: .*numeric\(\)"),
        (pl.LazyFrame({"a": [1.0], "b": ["x"]}), "`b` is String"),
        (pl.DataFrame({"a": [1.0], "b": [True]}), "`b` is Boolean"),
        (pl.DataFrame({"a": DAYS, "b": DAYS, "c": [1.0, 2.0, 3.0]}), "`b` is Datetime"),
        (pa.table({"a": [1.0], "b": ["x"]}), "`b` is string"),
        (pa.table({"a": [1.0], "b": [None]}), "`b` is null"),
        (pd.DataFrame(index=range(3)), "no column"),
        (pl.DataFrame(), "no column"),
        ({}, "no column"),
        ({"a": 1.0}, "the data has a"),
        (pd.DataFrame({"d": DAYS}), "`d` is datetime64"),
    ],
)
def test_data_that_is_not_all_numbers_is_refused_with_the_way_out(data: Any, said: str) -> None:
    with pytest.raises(MissingColumnError, match=f"column `close` is missing; the data has .*{said}|{said}"):
        ta.rsi(data)


def test_a_time_alone_leaves_nothing_to_compute() -> None:
    with pytest.raises(MissingColumnError, match="`close` is missing"):
        ta.rsi(pl.DataFrame({"d": DAYS}))


@pytest.mark.parametrize(
    ("data", "refusal", "said"),
    [
        (np.zeros((2, 3, 4)), InvalidShapeError, "got `3 dimensions`"),
        (np.ones((3, 0)), InvalidShapeError, "got `2 dimensions`"),
        (np.ones((3, 2), bool), InvalidShapeError, r"of bool: .*\.astype\(float\)"),
        (np.ones((3, 2), object), InvalidShapeError, "of object"),
        (np.ones((3, 2), "datetime64[s]"), InvalidShapeError, "of datetime64"),
        (np.ma.masked_array(np.ones((3, 2)), np.eye(3, 2) > 0), UnsupportedDataError, "mask"),
        (np.ones((3, 2)).view(np.matrix), InvalidShapeError, "2 dimensions"),
        ([[1.0, 2.0], [3.0, 4.0]], InvalidTypeError, r"numpy\.array\(rows\)"),
        (((1.0, 2.0), (3.0, 4.0)), InvalidTypeError, r"numpy\.array\(rows\)"),
        (np.ones((3, 2), "f2"), UnsupportedTypeError, "`0` must be numbers"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_that_are_not_rows_by_columns_are_refused(
    data: Any, refusal: type[OmegaError], said: str
) -> None:
    with pytest.raises(refusal, match=said):
        ta.rsi(data)


@pytest.mark.parametrize(
    ("call", "refusal", "said"),
    [
        (lambda wide: ta.rsi(wide, by="symbol"), MissingColumnError, "is missing"),
        (lambda wide: ta.rsi(wide, close="c"), MissingColumnError, "`c` is missing"),
        (ta.atr, MissingColumnError, "`high` is missing"),
        (ta.obv, MissingColumnError, "`close` is missing"),
        (lambda wide: ta.rsi(wide, period=0), ParameterOutOfRangeError, "period"),
        (lambda wide: ta.rsi(wide, nulls=NO), ParameterOutOfRangeError, "nulls"),
        (lambda wide: ta.rsi(wide, out=np.empty(60)), InvalidTypeError, "out must be left out"),
        (lambda wide: ta.rsi(wide.to_numpy(), out=np.empty(60)), InvalidTypeError, "out must be"),
    ],
)
def test_what_is_no_call_for_all_columns_is_refused(
    call: Callable[[Any], Any], refusal: type[OmegaError], said: str
) -> None:
    with pytest.raises(refusal, match=said) as caught:
        call(frame_of("a", "b"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict, None])
def test_a_refusal_names_the_first_column_that_it_is_about(make: Any) -> None:
    columns = {name: walk(60)["close"] for name in ("AAPL", "MSFT", "x")}
    columns["MSFT"][[7, 9]] = np.inf
    columns["x"][3] = np.nan
    data = np.column_stack(list(columns.values())) if make is None else make(columns)
    with pytest.raises(InvalidValueError, match=f"column `{'MSFT' if make else 1}` must be .* in row 7"):
        ta.rsi(data)
    columns["MSFT"][[7, 9]] = 1.0
    data = np.column_stack(list(columns.values())) if make is None else make(columns)
    with pytest.raises(MissingValueError, match=f"column `{'x' if make else 2}` is missing in row 3"):
        ta.rsi(data, nulls="raise")


@pytest.mark.parametrize("nulls", ["skip", "propagate"])
def test_missing_values_are_what_they_are_in_one_column(nulls: Any) -> None:
    columns = dict(zip(LABELS, series("ta.rsi"), strict=True))
    answer = ta.rsi(pd.DataFrame(columns), nulls=nulls)
    for label, column in columns.items():
        assert same_bits(answer[label], ta.rsi(column, nulls=nulls))


def test_a_query_that_is_refused_does_not_run() -> None:
    def ran(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("the query ran")

    query = pl.LazyFrame({"a": [1.0], "b": ["x"]}).map_batches(ran, schema={"a": pl.Float64, "b": pl.String})
    with pytest.raises(MissingColumnError, match="`b` is String"):
        ta.rsi(query)


def test_columns_that_stay_where_they_were_given_are_not_written() -> None:
    array = np.asfortranarray(np.column_stack(series("ta.rsi")))
    before = array.copy()
    answer = ta.rsi(array)
    assert not np.shares_memory(answer, array)
    assert same_bits(array.ravel(), before.ravel())
    assert answer.flags.f_contiguous


def test_a_frame_in_the_place_of_the_column_is_wide_as_well() -> None:
    frame = frame_of("a", "b")
    assert ta.rsi(close=frame).equals(ta.rsi(frame))
    assert same_bits(ta.rsi(close=frame.to_numpy()).ravel(), ta.rsi(frame).to_numpy().ravel())
    assert omega.call("ta.rsi", frame, period=3).equals(ta.rsi(frame, period=3))
