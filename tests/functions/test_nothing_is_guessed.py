"""What could mean two things is refused, and what is read stays what it was."""

import copy
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pytest
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    MissingColumnError,
    ParameterOutOfRangeError,
    UnsupportedTypeError,
)

PRICES = [1.0, 2.0, 4.0, 7.0, 11.0]


@pytest.mark.parametrize("column", [pa.array(PRICES), pa.chunked_array([PRICES]), np.array(PRICES), PRICES])
def test_one_column_without_a_name_is_not_three_columns(column: Any) -> None:
    with pytest.raises(MissingColumnError, match="high"):
        omega.ta.atr(column, period=2)


def test_one_column_without_a_name_is_not_its_own_groups() -> None:
    with pytest.raises(MissingColumnError, match="symbol"):
        omega.ta.sma(pa.array([1, 2, 1, 2, 1]), period=2, by="symbol")


def test_groups_are_all_text_or_all_whole_numbers() -> None:
    with pytest.raises(UnsupportedTypeError, match="all of one type"):
        omega.risk.volatility(PRICES, by=["a", 1, "a", 1, 2])


def test_a_null_in_a_dictionary_of_groups_is_missing() -> None:
    groups = pa.array([None, "a"] * 2).dictionary_encode(null_encoding="encode")
    assert list(omega.risk.volatility(PRICES[:4], by=groups)) == [None, "a"]


@pytest.mark.parametrize("by", [5, 1.5, object()])
def test_groups_are_a_name_or_a_column(by: Any) -> None:
    with pytest.raises(InvalidTypeError, match="by must be the name of a column"):
        omega.ta.sma(PRICES, period=2, by=by)


class Capsules:
    """Hands out the same pair of capsules every time."""

    def __init__(self, values: list[float]) -> None:
        self.pair = pa.array(values).__arrow_c_array__()

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self.pair


def test_an_array_that_is_being_read_cannot_be_taken_by_somebody_else() -> None:
    column = Capsules(PRICES)
    failures: list[Exception] = []

    class Groups:
        def tolist(self) -> list[str]:
            try:
                pa.array(column)
            except pa.ArrowInvalid as error:
                failures.append(error)
            return ["a"] * len(PRICES)

    assert pa.array(omega.ta.sma(column, period=1, by=Groups())).to_pylist() == PRICES
    assert failures


def test_a_column_is_a_buffer_of_numbers() -> None:
    (column,) = omega._rust.function("ta.sma").run(PRICES, None, {"period": 1})
    assert np.asarray(column).dtype == np.float64
    assert np.asarray(column).tolist() == memoryview(column).tolist() == PRICES


def test_a_row_has_each_input_once() -> None:
    stream = omega.stream("ta.sma", period=1)
    for row in ((5.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(InvalidShapeError, match="each input once"):
            stream.update(*row, close=6.0)
    features = omega.FeatureSet({"mean": ("ta.sma", {})})
    with pytest.raises(InvalidShapeError, match="numbers by keyword"):
        features.update({"close": 1.0}, close=2.0)
    assert stream.rows == 0


def test_logs_of_interleaved_tasks_keep_their_own_copies() -> None:
    first, second = omega.count_copies(), omega.count_copies()
    first.__enter__()
    omega.ta.sma([1.0])
    second.__enter__()
    omega.ta.sma([1.0, 2.0])
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert [size for _, _, size in first.copies] == [8, 16]
    assert [size for _, _, size in second.copies] == [16]


@pytest.mark.parametrize("value", [np.complex128(1 + 2j), np.bool_(True)])
def test_what_drops_a_part_of_itself_is_no_number(value: Any) -> None:
    with pytest.raises(InvalidTypeError, match="a number or None"):
        omega.ta.sma([value])


@pytest.mark.parametrize("value", [2**70, -(2**70), 10**30])
def test_a_whole_number_beyond_64_bits_is_out_of_range(value: int) -> None:
    with pytest.raises(ParameterOutOfRangeError, match=str(value)):
        omega.ta.sma(PRICES, period=value)


def test_arguments_of_other_types_are_refused_by_name() -> None:
    metric: Any = omega.accumulate("risk.volatility")
    with pytest.raises(InvalidTypeError, match="strict_zero_copy must be True or False"):
        omega.call("ta.sma", PRICES, strict_zero_copy=1)  # type: ignore[arg-type]
    for other in (5, None, omega.stream("ta.sma")):
        with pytest.raises(InvalidTypeError, match="an accumulator"):
            metric.merge(other)
    with pytest.raises(InvalidTypeError, match="a str"):
        omega.call(["ta.sma"], PRICES)  # type: ignore[arg-type]
    metric.merge(copy.copy(metric))
