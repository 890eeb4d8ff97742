"""A model by group answers with the labels of the data: of each group's own rows, and of all of them."""

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.functions.grouped import Grouped

from tests.functions.market import MODEL_SHAPES, SPECS, same_bits, typed, walk
from tests.functions.producers import TABLES, Producer, arrow_numbers

pytestmark = pytest.mark.julia

ROWS = 240
#: Interleaved, and of different lengths.
SYMBOLS = ["MSFT" if row % 3 == 1 else "AAPL" for row in range(ROWS)]
RETURNS = walk(ROWS, seed=4)["returns"]
HERE = {symbol: np.array([each == symbol for each in SYMBOLS]) for symbol in ("AAPL", "MSFT")}
ALONE = {symbol: omega.volatility.ewma(RETURNS[here]) for symbol, here in HERE.items()}

INDEXES: dict[str, Any] = {
    "range": pd.RangeIndex(ROWS),
    "a later range": pd.RangeIndex(500, 500 + 2 * ROWS, 2),
    "dates": pd.date_range("2024-01-01", periods=ROWS, tz="UTC", name="day"),
    "shuffled": pd.Index(np.random.default_rng(1).permutation(ROWS)),
    "duplicates": pd.Index([row // 2 for row in range(ROWS)]),
    "two levels": pd.MultiIndex.from_arrays([SYMBOLS, range(ROWS)], names=["ticker", "row"]),
    "text": pd.Index([f"r{row}" for row in range(ROWS)]),
}


def volatility(answer: Any) -> Any:
    """The one column along rows of an `Ewma`."""
    table = answer.volatility
    return table.iloc[:, 0] if isinstance(table, pd.DataFrame) else table


def columns_of(table: Any) -> dict[str, Any]:
    """A table of any library as NumPy columns by name."""
    if isinstance(table, Mapping):
        return {name: np.asarray(column) for name, column in table.items()}
    if isinstance(table, duckdb.DuckDBPyRelation):
        table = table.to_arrow_table()
    table = pa.table(table)
    return {
        name: arrow_numbers(column) if pa.types.is_floating(column.type) else np.array(column.to_pylist())
        for name, column in zip(table.column_names, table.columns, strict=True)
    }


@pytest.mark.parametrize("name", MODEL_SHAPES)
@pytest.mark.parametrize("index", INDEXES)
def test_rows_of_a_group_carry_its_own_labels(name: str, index: str) -> None:
    frame = pd.DataFrame({"returns": RETURNS, "symbol": SYMBOLS}, index=INDEXES[index])
    answer = typed(name)(frame, by="symbol")
    for symbol, here in HERE.items():
        for output, value in zip(SPECS[name].outputs, answer[symbol], strict=True):
            if output.axes[:1] == ("row",):
                assert value.index.equals(INDEXES[index][here])
                assert value.index.names == INDEXES[index].names


@pytest.mark.parametrize("name", MODEL_SHAPES)
@pytest.mark.parametrize("index", INDEXES)
def test_rows_of_all_groups_carry_the_labels_of_the_data(name: str, index: str) -> None:
    frame = pd.DataFrame({"returns": RETURNS, "symbol": SYMBOLS}, index=INDEXES[index])
    answer = typed(name)(frame, by="symbol")
    if not any(output.axes[:1] == ("row",) for output in SPECS[name].outputs):
        assert answer.rows is None
        return
    assert answer.rows.index.equals(frame.index)
    for here in HERE.values():
        alone = typed(name)(RETURNS[here])
        own = [
            np.atleast_2d(np.asarray(value).T)
            for value, output in zip(alone, SPECS[name].outputs, strict=True)
            if output.axes[:1] == ("row",)
        ]
        assert same_bits(answer.rows[here].to_numpy().T, np.vstack(own))


def test_joined_to_the_frame_each_row_has_its_own_volatility() -> None:
    frame = pd.DataFrame({"returns": RETURNS, "symbol": SYMBOLS}, index=pd.Index(range(ROWS, 2 * ROWS)))
    answer = omega.volatility.ewma(frame, by="symbol")
    joined = frame.join(answer.rows)
    for symbol, here in HERE.items():
        frame.loc[frame.symbol == symbol, "own"] = volatility(answer[symbol])
        assert same_bits(joined[here].iloc[:, -1], np.asarray(ALONE[symbol].volatility)[:, 0])
    assert same_bits(frame["own"], joined.iloc[:, -1])


def test_a_series_and_a_category_of_groups_keep_the_labels_of_the_series() -> None:
    index = INDEXES["dates"]
    series = pd.Series(RETURNS, index=index, name="returns")
    by = pd.Series(SYMBOLS, index=index, dtype="category")
    answer = omega.volatility.ewma(series, by=by)
    assert answer.rows.index.equals(index)
    assert volatility(answer["MSFT"]).index.equals(index[HERE["MSFT"]])
    keyword = omega.volatility.garch(returns=series, by=by)
    assert keyword["MSFT"].conditional_volatility.index.equals(index[HERE["MSFT"]])


@pytest.mark.parametrize("producer", TABLES, ids=str)
@pytest.mark.parametrize("name", ["volatility.garch", "regimes.hidden_markov"])
def test_parameters_and_rows_are_tables_of_the_callers_library(name: str, producer: Producer) -> None:
    symbols: Any = np.array(SYMBOLS) if producer.name == "dict of NumPy arrays" else SYMBOLS
    table = producer.make({"returns": RETURNS, "symbol": symbols})
    answer = typed(name)(table, by="symbol")
    parameters, rows = columns_of(answer.parameters), columns_of(answer.rows)
    assert list(parameters.pop("symbol")) == ["AAPL", "MSFT"]
    for place, here in enumerate(HERE.values()):
        alone = typed(name)(RETURNS[here])
        flat: dict[str, Any] = {}
        for output, value in zip(SPECS[name].outputs, alone, strict=True):
            along_rows = output.axes[:1] == ("row",)
            if len(output.axes) == int(along_rows):
                (rows if along_rows else flat).setdefault(output.name, value)
                if along_rows:
                    assert same_bits(rows[output.name][here], value)
            elif along_rows:
                for state in range(np.asarray(value).shape[1]):
                    assert same_bits(rows[f"{output.name}_{state}"][here], np.asarray(value)[:, state])
            else:
                for where, one in np.ndenumerate(np.asarray(value)):
                    flat["_".join([output.name, *map(str, where)])] = one
        assert list(flat) == list(parameters)
        for column, value in flat.items():
            assert same_bits([parameters[column][place]], [np.nan if value is None else value])


def test_lists_are_answered_with_dicts_of_lists() -> None:
    answer = omega.volatility.garch({"returns": list(RETURNS), "symbol": SYMBOLS}, by="symbol")
    assert answer.parameters["symbol"] == ["AAPL", "MSFT"]
    assert len(answer.rows["conditional_volatility"]) == ROWS
    assert answer.parameters["mu"] == [answer["AAPL"].mu, answer["MSFT"].mu]


def test_polars_takes_the_rows_beside_its_own() -> None:
    frame = pl.DataFrame({"returns": RETURNS, "symbol": SYMBOLS})
    answer = omega.volatility.garch(frame, by="symbol")
    joined = frame.with_columns(answer.rows).join(answer.parameters, on="symbol")
    for symbol in HERE:
        own = joined.filter(pl.col("symbol") == symbol)
        assert same_bits(own["conditional_volatility"], answer[symbol].conditional_volatility)
        assert own["mu"].unique().to_list() == [answer[symbol].mu]


def test_no_rows_are_no_groups() -> None:
    frame = pd.DataFrame({"returns": pd.Series([], dtype=float), "symbol": pd.Series([], dtype=str)})
    answer = omega.volatility.garch(frame, by="symbol")
    assert (len(answer), len(answer.parameters), len(answer.rows)) == (0, 0, 0)
    assert "conditional_volatility" in answer.rows


def test_a_forecast_as_long_as_the_data_has_no_labels_of_rows() -> None:
    returns = pd.Series(RETURNS, index=INDEXES["dates"])
    fit = omega.volatility.garch(returns, horizon=ROWS)
    assert fit.conditional_volatility.index.equals(returns.index)
    assert fit.forecast_variance.index.equals(pd.RangeIndex(ROWS))


def test_the_whole_is_a_mapping_that_can_be_copied_and_sent() -> None:
    frame = pd.DataFrame({"returns": RETURNS, "symbol": SYMBOLS})
    answer: Any = omega.volatility.garch(frame, by="symbol")
    assert isinstance(answer, Grouped)
    assert list(answer) == ["AAPL", "MSFT"]
    assert ("AAPL" in answer, "GOOG" in answer, len(answer)) == (True, False, 2)
    with pytest.raises(KeyError):
        answer["GOOG"]
    assert answer["AAPL"] is answer["AAPL"]
    assert "2 groups: 'AAPL', 'MSFT'" in repr(answer)
    copies: list[Any] = [pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)]
    for sent in copies:
        assert sent["MSFT"].mu == answer["MSFT"].mu
        assert sent.rows.equals(answer.rows)
        assert sent.parameters.equals(answer.parameters)
        assert sent["MSFT"].conditional_volatility.equals(answer["MSFT"].conditional_volatility)


def test_every_answer_per_group_and_as_long_as_the_data_goes_back_to_its_rows() -> None:
    index = INDEXES["shuffled"]
    bars = pd.DataFrame({**walk(ROWS), "symbol": SYMBOLS}, index=index)
    assert omega.ta.rsi(bars, by="symbol").index.equals(index)
    assert omega.ta.macd(bars, by="symbol").index.equals(index)
    assert omega.FeatureSet({"x": ("ta.sma", {})}, by="symbol").run(bars).index.equals(index)
    market = _rust.function("probe.identity@julia")
    answers, _, rows, order, sizes = market.run(pd.Series(RETURNS), None, {}, None, SYMBOLS)
    numbers = np.frombuffer(order).astype(int).tolist()
    assert numbers == [
        *np.flatnonzero(HERE["AAPL"]),
        *np.flatnonzero(HERE["MSFT"]),
    ]
    assert sizes == [HERE["AAPL"].sum(), HERE["MSFT"].sum()]
    assert same_bits(rows.columns[0], RETURNS)
    assert list(answers) == ["AAPL", "MSFT"]
