"""Only what a call reads is asked for: whatever else is in the data, or how much of it, does not matter."""

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import (
    InvalidShapeError,
    MissingColumnError,
    OmegaError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

from tests.functions.market import same_bits, walk
from tests.functions.producers import TABLES, Producer, arrow_batch, arrow_table, duck_numbers

ROWS = 60
BARS = walk(ROWS)
SYMBOLS = ["a", "b", "c"] * 20
WIDE = {f"c{place}": np.full(ROWS, float(place)) for place in range(80)}
EXPECTED = omega.ta.rsi(BARS["close"], by=SYMBOLS)
MIXED: list[Any] = [1, "a", None] * 20


def unrelated(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({**BARS, "symbol": SYMBOLS, **columns})


UNRELATED: dict[str, Callable[[], Any]] = {
    "objects": lambda: unrelated(notes=MIXED),
    "dicts": lambda: unrelated(notes=[{"a": row} if row % 2 else row for row in range(ROWS)]),
    "complex numbers": lambda: unrelated(notes=np.zeros(ROWS, complex)),
    "two columns of one name": lambda: pd.concat([unrelated(), unrelated()[["open", "open"]]], axis=1),
    "columns without a text for a name": lambda: unrelated().assign(x=1).rename(columns={"x": 7}),
    "polars objects": lambda: pl.DataFrame({**BARS, "symbol": SYMBOLS}).with_columns(
        pl.Series("notes", [object()] * ROWS, dtype=pl.Object)
    ),
}


def columns_of(table: Any) -> list[str]:
    return list(table.column_names if isinstance(table, pa.Table) else table.columns)


def numbers(answer: Any) -> Any:
    return duck_numbers(answer) if isinstance(answer, duckdb.DuckDBPyRelation) else np.asarray(answer)


@pytest.mark.parametrize("frame", UNRELATED)
def test_columns_that_are_not_read_do_not_matter(frame: str) -> None:
    data = UNRELATED[frame]()
    assert same_bits(numbers(omega.ta.rsi(data, by="symbol")), EXPECTED)
    assert same_bits(numbers(omega.ta.atr(data)), omega.ta.atr(BARS))
    features = omega.FeatureSet({"rsi": ("ta.rsi", {})}, by="symbol").run(data)
    assert same_bits(numbers(features["rsi"]), EXPECTED)
    by_group = omega.risk.volatility(data, returns="close", by="symbol")
    assert len(by_group) == 3


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_a_wide_table_answers_as_a_narrow_one(producer: Producer) -> None:
    symbols: Any = np.array(SYMBOLS) if producer.name == "dict of NumPy arrays" else SYMBOLS
    answer = omega.ta.rsi(producer.make({**WIDE, **BARS, "symbol": symbols}), by="symbol")
    assert isinstance(answer, producer.answer)
    assert same_bits(producer.numbers(answer), EXPECTED)


@pytest.mark.parametrize("make", [arrow_table, arrow_batch, pd.DataFrame])
@pytest.mark.parametrize("extra", [{}, WIDE], ids=["narrow", "wide"])
def test_a_column_that_is_needed_and_there_twice_is_refused(make: Any, extra: Any) -> None:
    table = make({**BARS, **extra})
    if make is pd.DataFrame:
        table = pd.concat([table, table[["close"]]], axis=1)
    else:
        columns, names = [*table.columns, table["close"]], [*table.schema.names, "close"]
        table = type(table).from_arrays(columns, names=names)
    with pytest.raises(InvalidShapeError, match="column `close` must be in the data once"):
        omega.ta.rsi(table)
    assert same_bits(numbers(omega.ta.sma(table, close="open")), omega.ta.sma(BARS["open"]))


@pytest.mark.parametrize("make", [arrow_table, arrow_batch, pl.DataFrame, pd.DataFrame, pl.LazyFrame])
@pytest.mark.parametrize("extra", [{}, WIDE], ids=["narrow", "wide"])
def test_a_missing_column_is_refused_with_those_that_are_there(make: Any, extra: Any) -> None:
    data = make({**BARS, **extra})
    with pytest.raises(MissingColumnError, match=r"`clsoe` is missing; .*the nearest is `close`"):
        omega.ta.rsi(data, close="clsoe")
    with pytest.raises(MissingColumnError, match="`sector` is missing") as refusal:
        omega.ta.rsi(data, by="sector")
    assert "nearest" not in str(refusal.value)


def test_a_query_of_polars_is_narrowed_and_collected() -> None:
    query = pl.LazyFrame({**BARS, "symbol": SYMBOLS}).with_columns(
        notes=pl.col("symbol").map_elements(lambda _: 1 // 0, return_dtype=pl.Int64)
    )
    answer = omega.ta.rsi(query, by="symbol")
    assert isinstance(answer, pl.Series)
    assert same_bits(answer, EXPECTED)
    assert isinstance(omega.ta.macd(query), pl.DataFrame)
    assert omega.risk.volatility(query, returns="close") == omega.risk.volatility(BARS["close"])
    with pytest.raises(OmegaError) as refusal:
        omega.ta.sma(query, close="notes")
    assert refusal.value.__cause__ is not None


def test_data_of_which_nothing_is_read_does_not_matter() -> None:
    close = BARS["close"]
    relation = duckdb.from_arrow(arrow_table(BARS))
    for data in (relation, pl.LazyFrame(BARS), pl.DataFrame({**BARS, **WIDE}), pd.DataFrame(BARS)):
        assert same_bits(numbers(omega.ta.sma(data, close=close)), omega.ta.sma(close))


@pytest.mark.julia
def test_a_key_that_is_found_by_case_is_no_asset() -> None:
    frame = pd.DataFrame({"Venue": [1, 2] * 30, "AAPL": BARS["returns"], "MSFT": BARS["returns"][::-1]})
    makers: list[Any] = [pl.from_pandas, pa.Table.from_pandas, pd.DataFrame]
    for make in makers:
        answer = omega.volatility.ewma(make(frame), by="venue")
        assert "volatility_Venue" not in columns_of(answer.rows)


@pytest.mark.julia
def test_an_input_of_many_columns_reads_those_that_are_numbers() -> None:
    assets = {"AAPL": BARS["returns"], "MSFT": BARS["returns"][::-1].copy()}
    expected = omega.volatility.ewma(assets).forecast_covariance
    days = pd.date_range("2024-01-01", periods=ROWS)
    frame = pd.DataFrame(
        {**assets, "day": days, "name": SYMBOLS, "sector": pd.Categorical(SYMBOLS), "up": True}
    )
    found = omega.volatility.ewma(frame).forecast_covariance
    assert list(found.columns) == list(assets)
    assert same_bits(found.to_numpy(), np.array(list(expected.values())))
    named = omega.volatility.ewma(frame.assign(notes=MIXED), returns=["AAPL", "MSFT"]).forecast_covariance
    assert same_bits(named.to_numpy(), found.to_numpy())
    with pytest.raises(UnsupportedTypeError, match="column `notes` must be numbers, or left out by naming"):
        omega.volatility.ewma(frame.assign(notes=MIXED))
    query = pl.LazyFrame({**assets, "symbol": SYMBOLS})
    assert omega.volatility.ewma(query).forecast_covariance.columns == ["asset", *assets]


def test_a_copy_that_pandas_data_needs_is_counted() -> None:
    frame = pd.DataFrame({"close": range(ROWS), "volume": BARS["close"]})
    with omega.count_copies() as copies:
        omega.ta.obv(frame)
    assert [(name, size) for name, _, size in copies.copies] == [("close", 8 * ROWS)]
    objects = pd.Series([1.0, None, 3], dtype=object, name="close")
    with omega.count_copies() as copies:
        omega.ta.sma(objects, period=1)
    assert copies.copies == [("close", "object", 24)]
    with pytest.raises(ZeroCopyRefusedError, match="object"):
        omega.ta.sma(objects, period=1, strict_zero_copy=True)
    strided = pd.Series(np.arange(2.0 * ROWS)[::2], copy=False)
    with omega.count_copies() as copies:
        omega.ta.sma(strided)
        omega.ta.sma(pd.DataFrame(BARS))
        omega.ta.sma(pd.Series(BARS["close"]))
    assert [reason for _, reason, _ in copies.copies] == ["strided float64"]


def test_a_level_of_the_index_is_a_column() -> None:
    frame = pd.DataFrame(
        BARS, index=pd.MultiIndex.from_arrays([SYMBOLS, range(ROWS)], names=["symbol", "row"])
    )
    assert same_bits(omega.ta.rsi(frame, by="symbol").to_numpy(), EXPECTED)
    assert same_bits(omega.ta.sma(frame, close="row", period=1).to_numpy(), np.arange(float(ROWS)))


def test_names_are_taken_by_case_where_one_alone_differs() -> None:
    titled = {name.title(): column for name, column in BARS.items()} | {"Symbol": SYMBOLS}
    makers: list[Any] = [pd.DataFrame, pl.DataFrame, arrow_table, arrow_batch, pl.LazyFrame, dict]
    for data in (make(titled) for make in makers):
        assert same_bits(numbers(omega.ta.rsi(data, by="symbol")), EXPECTED)
        assert same_bits(numbers(omega.ta.atr(data)), omega.ta.atr(BARS))
    assert same_bits(duck_numbers(omega.ta.atr(duckdb.from_arrow(arrow_table(titled)))), omega.ta.atr(BARS))
    stream = omega.stream("ta.sma", period=1)
    assert stream.update({"Close": 3.0}) == 3.0
    both = {"Close": BARS["close"], "CLOSE": BARS["close"], "open": BARS["open"]}
    for data in (both, pd.DataFrame(both), pl.DataFrame(both), arrow_table(both)):
        with pytest.raises(InvalidShapeError, match=r"`close` must be told apart by case.*Close and CLOSE"):
            omega.ta.rsi(data)
        assert len(omega.ta.rsi(data, close="CLOSE")) == ROWS


def test_columns_of_two_levels_are_picked_by_level_or_the_refusal_says_how() -> None:
    one = pd.concat({"SPX": pd.DataFrame(BARS)}, axis=1).swaplevel(axis=1)
    assert same_bits(omega.ta.rsi(one).to_numpy(), omega.ta.rsi(BARS["close"]))
    two = pd.concat({"SPX": pd.DataFrame(BARS), "DJI": pd.DataFrame(BARS)}, axis=1, names=["Ticker", "Price"])
    with pytest.raises(
        InvalidShapeError, match=r"\.xs\('SPX', axis=1, level='Ticker'\).*\.stack\('Ticker'\)"
    ):
        omega.ta.rsi(two)
    assert same_bits(
        omega.ta.rsi(two.xs("SPX", axis=1, level="Ticker")).to_numpy(), omega.ta.rsi(BARS["close"])
    )
    long = two.stack("Ticker")
    assert same_bits(omega.ta.rsi(long, by="Ticker").to_numpy()[::2], omega.ta.rsi(BARS["close"]))
