"""`by=` computes every group as if it were alone, whatever the interleaving and the type of the keys."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

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
    InvalidValueError,
    LengthMismatchError,
    MissingColumnError,
    OmegaError,
    UnsupportedTypeError,
)

from tests.functions.market import (
    MODEL_SHAPES,
    REDUCTION_SHAPES,
    ROWWISE_SHAPES,
    SPECS,
    Floats,
    inputs,
    outputs,
    parameters,
    same_bits,
    typed,
    values,
    walk,
)
from tests.functions.producers import TABLES, Producer

SYMBOLS = ["AAPL", "BRK.B", "Ω ¥€", ""]


def int_keys(kind: str, keys: list[int]) -> Any:
    return pa.array(keys).cast(kind)


#: The same keys in every type that a key may have, from numbers of groups.
KEYS: dict[str, Callable[[list[int]], Any]] = {
    "string": lambda keys: pa.array([SYMBOLS[key] for key in keys], pa.string()),
    "large_string": lambda keys: pa.array([SYMBOLS[key] for key in keys], pa.large_string()),
    "string_view": lambda keys: pa.array([SYMBOLS[key] * 5 for key in keys], pa.string_view()),
    "dictionary": lambda keys: pa.array([SYMBOLS[key] for key in keys]).dictionary_encode(),
    "dictionary of int8 to large_string": lambda keys: pa.DictionaryArray.from_arrays(
        pa.array(keys, pa.int8()), pa.array(SYMBOLS, pa.large_string())
    ),
    "dictionary to int64": lambda keys: pa.DictionaryArray.from_arrays(
        pa.array(keys, pa.uint16()), pa.array([-(2**63), 0, 7, 2**63 - 1])
    ),
    **{
        kind: partial(int_keys, kind)
        for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
    },
    "polars.String": lambda keys: pl.Series([SYMBOLS[key] * 4 for key in keys], dtype=pl.String),
    "polars.Categorical": lambda keys: pl.Series([SYMBOLS[key] for key in keys], dtype=pl.Categorical),
    "pandas str": lambda keys: pd.Series([SYMBOLS[key] for key in keys], dtype="str"),
    "pandas category": lambda keys: pd.Series([SYMBOLS[key] for key in keys], dtype="category"),
    "NumPy text": lambda keys: np.array([SYMBOLS[key] for key in keys]),
    "NumPy int": np.array,
    "list": lambda keys: [SYMBOLS[key] for key in keys],
    "list of int": lambda keys: keys,
}


def alone(name: str, columns: dict[str, Floats], keys: list[int], **given: Any) -> list[Floats]:
    """Every group computed by itself, its rows put back where they were."""
    rows = len(keys)
    answer = [np.full(rows, np.nan) for _ in SPECS[name].outputs]
    for key in set(keys):
        here = np.array(keys) == key
        part = outputs(typed(name)({each: column[here] for each, column in columns.items()}, **given))
        for whole, own in zip(answer, part, strict=True):
            whole[here] = own
    return answer


@pytest.mark.parametrize("name", ROWWISE_SHAPES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_interleaved_groups_equal_each_group_alone_bit_for_bit(name: str, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.integers(0, 3), max_size=80))
    chosen = data.draw(parameters(SPECS[name]))
    policy = data.draw(st.sampled_from(["skip", "propagate"]))
    columns = inputs(name, len(keys), data.draw(st.integers(0, 99)))
    first = next(iter(columns))
    columns[first] = np.where(np.arange(len(keys)) % 17 == 16, np.nan, columns[first])
    found = outputs(typed(name)(columns, by=np.array(keys, dtype=np.int64), nulls=policy, **chosen))
    expected = alone(name, columns, keys, nulls=policy, **chosen)
    for answer, column in zip(found, expected, strict=True):
        assert same_bits(answer, column)


@pytest.mark.parametrize("kind", KEYS)
def test_keys_may_have_any_type_of_text_or_whole_number(kind: str) -> None:
    keys = [0, 1, 2, 3] * 15
    columns = inputs("ta.ema", 60)
    by = KEYS[kind](keys)
    expected = alone("ta.ema", columns, keys, period=3)[0]
    assert same_bits(omega.ta.ema(columns, by=by, period=3), expected)
    if hasattr(by, "__arrow_c_array__") or hasattr(by, "__arrow_c_stream__"):
        table = pa.table({"symbol": by if isinstance(by, pa.Array) else pa.chunked_array(by), **columns})
        assert same_bits(omega.ta.ema(table, by="symbol", period=3).to_numpy(), expected)
        chunks = pa.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7)])
        assert same_bits(omega.ta.ema(chunks, by="symbol", period=3).to_numpy(), expected)


@pytest.mark.parametrize("kind", KEYS)
def test_groups_of_a_metric_are_named_by_their_keys_in_order_of_appearance(kind: str) -> None:
    keys = [2, 0, 0, 3, 1, 2] * 10
    by = KEYS[kind](keys)
    returns = walk(60)["returns"]
    answer = omega.risk.volatility(returns, by=by)
    listed = by.to_list() if hasattr(by, "to_list") else by.tolist() if hasattr(by, "tolist") else by
    assert list(answer) == list(dict.fromkeys(listed))
    for key, value in answer.items():
        here = [each == key for each in listed]
        assert value == omega.risk.volatility(returns[here])


@pytest.mark.parametrize("name", REDUCTION_SHAPES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_metric_by_group_equals_that_of_each_group_alone(name: str, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.integers(0, 3), max_size=60))
    chosen = data.draw(parameters(SPECS[name]))
    columns = inputs(name, len(keys), data.draw(st.integers(0, 99)))
    answer = typed(name)(columns, by=keys, **chosen)
    assert list(answer) == list(dict.fromkeys(keys))
    for key, value in answer.items():
        here = np.array(keys) == key
        expected = typed(name)({each: column[here] for each, column in columns.items()}, **chosen)
        width = len(SPECS[name].outputs)
        assert same_bits(values(value, width), values(expected, width))


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_a_metric_by_group_is_a_table_of_the_callers_library(producer: Producer) -> None:
    symbols = ["b", "a", "c"] * 20
    columns = {"returns": walk(60)["returns"], "symbol": np.array(symbols)}
    if producer.name == "dict of NumPy arrays":
        answer = omega.risk.sharpe_ratio(columns, by="symbol")
        assert list(answer) == ["b", "a", "c"]
        return
    table = producer.make({"returns": columns["returns"], "symbol": symbols})
    answer = omega.risk.sharpe_ratio(table, by="symbol")
    arrow = answer.to_arrow_table() if hasattr(answer, "to_arrow_table") else pa.table(answer)
    assert arrow.column_names == ["symbol", "sharpe_ratio"]
    assert arrow["symbol"].to_pylist() == ["b", "a", "c"]
    expected = omega.risk.sharpe_ratio(columns, by="symbol")
    assert same_bits(arrow["sharpe_ratio"].to_numpy(), [expected[key] for key in "bac"])


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_an_indicator_by_group_keeps_the_order_of_rows_in_any_library(producer: Producer) -> None:
    keys = [0, 1, 2] * 20
    columns = inputs("ta.rsi", 60)
    expected = alone("ta.rsi", columns, keys, period=3)[0]
    symbols: Any = [SYMBOLS[key] for key in keys]
    if producer.name == "dict of NumPy arrays":
        symbols = np.array(symbols)
    answer = omega.ta.rsi(producer.make({**columns, "symbol": symbols}), by="symbol", period=3)
    assert isinstance(answer, producer.answer)
    assert same_bits(producer.numbers(answer), expected)


@pytest.mark.julia
@pytest.mark.parametrize("name", MODEL_SHAPES)
def test_a_model_by_group_is_a_dict_of_what_each_group_gives_alone(name: str) -> None:
    columns = inputs(name, 400, seed=5)
    by = ["x", "y"] * 200
    answer = typed(name)(**columns, by=by)
    assert list(answer) == ["x", "y"]
    for start, key in enumerate("xy"):
        alone = typed(name)(**{each: column[start::2].copy() for each, column in columns.items()})
        for found, value in zip(answer[key], alone, strict=True):
            assert found is value is None or same_bits(found, value)


def test_a_metric_without_rows_has_no_groups() -> None:
    assert omega.risk.volatility({"returns": [], "symbol": []}, by="symbol") == {}
    table = pa.table({"returns": pa.array([], pa.float64()), "symbol": pa.array([], pa.string())})
    assert omega.risk.volatility(table, by="symbol").num_rows == 0


@pytest.mark.parametrize(
    ("by", "error", "says"),
    [
        ("sector", MissingColumnError, "sector"),
        (["a"], LengthMismatchError, "3"),
        (["a", 1.5, "b"], UnsupportedTypeError, "1.5"),
        (["a", 1, "b"], UnsupportedTypeError, "all of one type"),
        (["a", None, 1], UnsupportedTypeError, "all of one type"),
        ([1, True, 1], UnsupportedTypeError, "True"),
        (pa.array([1.0, 2.5, 3.0]), UnsupportedTypeError, "whole.*2.5"),
        (np.array([1.0, np.inf, 3.0]), UnsupportedTypeError, "whole.*inf"),
        (pa.array([[1], [2], [3]]), UnsupportedTypeError, "dates"),
        (pa.array([b"a", b"b", b"c"]), UnsupportedTypeError, "dates"),
        (7, OmegaError, ""),
        (object(), OmegaError, ""),
        (iter(["a", "b", "c"]), OmegaError, ""),
        ([2**64, 0, 0], UnsupportedTypeError, "18446744073709551616"),
        ([2**63, -1, 0], UnsupportedTypeError, "none negative"),
        ([Decimal("Infinity"), 0, 0], UnsupportedTypeError, "Infinity"),
        ([("a", "b")] * 3, UnsupportedTypeError, "a"),
        (["symbol", "sector", "x", "y"], MissingColumnError, "y"),
        (("symbol", "symbol"), InvalidShapeError, "again"),
        ((), OmegaError, ""),
        (["\ud800", "a", "b"], OmegaError, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_keys_that_cannot_be_keys_are_refused(by: Any, error: type[OmegaError], says: str) -> None:
    with pytest.raises(error, match=says or None):
        omega.ta.sma({"close": [1.0, 2.0, 3.0], "symbol": ["a", "b", "c"]}, by=by)
    assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]


def test_the_row_of_a_refused_value_is_that_of_the_data_and_not_of_its_group() -> None:
    data = {"close": [1.0, 2.0, 3.0, float("inf")], "returns": [0.1, 0.1, 0.1, float("inf")]}
    for function in (omega.ta.sma, omega.risk.volatility):
        with pytest.raises(InvalidValueError) as refusal:
            function(data, by=["a", "b", "a", "b"])
        assert refusal.value.fields["row"] == "3"


def test_a_column_named_by_may_hold_the_keys() -> None:
    data = {"close": [1.0, 2.0, 3.0, 4.0], "by": ["a", "b", "a", "b"]}
    assert omega.ta.sma(data, by="by", period=2) == [None, None, 2.0, 3.0]
