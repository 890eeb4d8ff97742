"""Inputs of many columns: which of the data they are, their names in answers and errors, nothing copied."""

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.shared.exceptions import OmegaError

pytestmark = pytest.mark.julia

MARKET = [0.5, 0.25, 0.125]
ASSETS = {"AAPL": [1.0, 2.0, 3.0], "MSFT": [4.0, 5.0, 6.0]}


def run(data: Any, returns: Any = None, market: Any = MARKET, **options: Any) -> tuple[Any, ...]:
    """The answer of the function of the tests: market, values, sums, places, path."""
    columns = (market, returns)
    answer: tuple[Any, ...] = _rust.function("probe.columns").run(data, columns, {}, **options)
    return answer


def as_dict(table: Any) -> dict[str, list[Any]]:
    return {column.name: column.to_pylist() for column in table.columns}


FRAMES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pyarrow": pa.table,
    "polars": pl.DataFrame,
    "pandas": pd.DataFrame,
    "dict": dict,
    "duckdb": lambda columns: duckdb.from_arrow(pa.table(columns)),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_all_numbers_of_a_table_are_the_columns_and_name_the_answers(frame: Callable[..., Any]) -> None:
    market, values, sums, places, path = run(frame(ASSETS))
    assert market.to_pylist() == MARKET
    assert as_dict(values) == ASSETS
    assert as_dict(sums) == {"asset": ["AAPL", "MSFT"], "sums": [6.0, 15.0]}
    assert as_dict(places) == {"asset": ["AAPL", "MSFT"], "AAPL": [11.0, 21.0], "MSFT": [12.0, 22.0]}
    assert as_dict(path) == {"asset": ["AAPL", "MSFT"], "path_0": [6.0, 15.0], "path_1": [6.0, 15.0]}


def test_keys_times_text_flags_and_other_inputs_are_no_columns() -> None:
    table = pa.table(
        {
            "symbol": [1, 2, 3],
            "timestamp": [10, 20, 30],
            "day": pa.array([1, 2, 3], pa.date32()),
            "note": ["a", "b", "c"],
            "kind": pa.array(["a", "b", "c"]).dictionary_encode(),
            "holiday": [True, False, True],
            "market": MARKET,
            **ASSETS,
        }
    )
    assert as_dict(run(table, market=None)[1]) == ASSETS
    # A frame's index is none either, whatever it holds and is called.
    frame = pd.DataFrame(ASSETS, index=pd.Index([7, 8, 9], name="number"))
    assert as_dict(run(frame)[1]) == ASSETS
    assert as_dict(run(pd.DataFrame(ASSETS, index=[7, 8, 9]))[1]) == ASSETS


def test_a_column_of_numbers_that_cannot_be_read_is_refused_and_not_left_out() -> None:
    table = pa.table({**ASSETS, "lists": [[1.0], [2.0], [3.0]]})
    with pytest.raises(OmegaError, match="`lists`") as caught:
        run(table)
    assert caught.value.code == omega.ErrorCode.UNSUPPORTED_TYPE


def test_a_list_of_names_says_which_columns_and_in_which_order() -> None:
    table = pa.table({**ASSETS, "timestamp": [7.0, 8.0, 9.0]})
    values = as_dict(run(table, ["MSFT", "timestamp"])[1])
    assert list(values.items()) == [("MSFT", ASSETS["MSFT"]), ("timestamp", [7.0, 8.0, 9.0])]
    assert as_dict(run(ASSETS, "MSFT")[1]) == {"MSFT": ASSETS["MSFT"]}
    for names, said in ((["GOOG"], "`GOOG`"), (["MSFT", "MSFT"], "`MSFT`")):
        with pytest.raises(OmegaError, match=said):
            run(table, names)
    with pytest.raises(OmegaError, match="columns without names"):
        run(np.ones((3, 2)), ["MSFT"])


def test_columns_go_by_keyword_as_well() -> None:
    assert as_dict(run(None, pl.DataFrame(ASSETS))[1]) == ASSETS
    assert as_dict(run({"market": MARKET}, ASSETS, market=None)[1]) == ASSETS


@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_of_a_numpy_array_are_called_by_their_places(order: Any) -> None:
    array = np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], order=order)
    assert as_dict(run(array)[1]) == {"0": [1.0, 2.0, 3.0], "1": [4.0, 5.0, 6.0]}
    assert as_dict(run(array.astype(np.float32))[1]) == as_dict(run(array)[1])
    assert as_dict(run(array[::-1])[1]) == {"0": [3.0, 2.0, 1.0], "1": [6.0, 5.0, 4.0]}
    assert as_dict(run(array[:, 0])[1]) == {"0": [1.0, 2.0, 3.0]}
    with pytest.raises(OmegaError, match="dimension"):
        run(array.reshape(1, 3, 2))


def test_columns_that_lie_side_by_side_are_not_copied() -> None:
    columns_first = np.array([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], order="F")
    with omega.count_copies() as copies:
        run(columns_first, market=np.array(MARKET), strict_zero_copy=True)
        run(pa.table(ASSETS), market=np.array(MARKET), strict_zero_copy=True)
    assert copies.copies == []
    with pytest.raises(OmegaError, match="strided float64"):
        run(np.ascontiguousarray(columns_first), market=np.array(MARKET), strict_zero_copy=True)


def test_errors_name_the_column() -> None:
    for data, name in (
        ({"AAPL": [1.0, 2.0, 3.0], "MSFT": [4.0, None, 6.0]}, "MSFT"),
        ({"AAPL": [None, 2.0, 3.0], "MSFT": [4.0, 5.0, 6.0]}, "AAPL"),
    ):
        for made in (data, pa.table(data)):
            with pytest.raises(OmegaError, match=f"`{name}` is missing in row"):
                run(made, nulls="raise")
    with pytest.raises(OmegaError, match=r"`MSFT`.*inf"):
        run({**ASSETS, "MSFT": [1.0, float("inf"), 2.0]})
    with pytest.raises(OmegaError, match="`MSFT`"):
        run({**ASSETS, "MSFT": [1.0]})
    with pytest.raises(OmegaError, match="`returns`"):
        run(pa.table({"symbol": ["a", "b", "c"]}))
    with pytest.raises(OmegaError, match="once"):
        run(pa.Table.from_arrays([pa.array([1.0, 2.0, 3.0])] * 2, names=["A", "A"]))


def test_chunks_and_groups_answer_as_whole_columns_do() -> None:
    table = pa.table(ASSETS)
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert [as_dict(each) for each in run(chunked)[1:]] == [as_dict(each) for each in run(table)[1:]]
    by_group, _, rows, *_ = run({**ASSETS, "venue": ["x", "y", "x"]}, by="venue")
    assert rows.column_names == ["market", "values_AAPL", "values_MSFT"]
    assert as_dict(by_group["x"][1]) == {"AAPL": [1.0, 3.0], "MSFT": [4.0, 6.0]}
    assert as_dict(by_group["y"][2]) == {"asset": ["AAPL", "MSFT"], "sums": [2.0, 5.0]}


def test_a_table_without_rows_has_columns_nevertheless() -> None:
    empty = pa.table({name: pa.array([], pa.float64()) for name in ASSETS})
    _, values, sums, *_ = run(empty, market=np.empty(0))
    assert as_dict(values) == {"AAPL": [], "MSFT": []}
    assert as_dict(sums) == {"asset": ["AAPL", "MSFT"], "sums": [0.0, 0.0]}


def test_a_number_stands_for_the_other_input_in_every_row() -> None:
    assert run(ASSETS, market=0.5)[0].to_pylist() == [0.5] * 3
