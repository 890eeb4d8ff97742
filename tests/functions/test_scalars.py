"""A number in the place of a column stands for its value in every row, beside at least one column."""

import decimal
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import InvalidShapeError, InvalidValueError, UnsupportedDataError

from tests.functions.market import same_bits, walk

BARS = walk(80)
FULL = np.full(80, 90.0)
NUMBERS: list[Any] = [90, 90.0, np.float64(90), np.int32(90), decimal.Decimal(90)]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_a_number_answers_as_the_column_full_of_it(number: Any) -> None:
    expected = omega.ta.atr(high=BARS["high"], low=FULL, close=BARS["close"])
    assert same_bits(omega.ta.atr(high=BARS["high"], low=number, close=BARS["close"]), expected)
    assert same_bits(omega.ta.atr({**BARS, "low": number}), expected)
    assert same_bits(omega.ta.atr(BARS, low=number), expected)
    frame = pl.DataFrame({name: BARS[name] for name in ("high", "low", "close")})
    assert same_bits(omega.ta.atr(frame, low=number).to_numpy(), expected)


def test_chunks_and_groups_meet_the_number_in_every_row() -> None:
    table = pa.table({name: BARS[name] for name in ("high", "close")})
    chunked = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    by = ["x", "y"] * 40
    for by_, data in ((None, table), (None, chunked), (by, chunked)):
        expected = omega.ta.atr(data, low=FULL, by=by_)
        assert same_bits(omega.ta.atr(data, low=90.0, by=by_).to_numpy(), expected.to_numpy())


def test_the_answer_is_in_the_library_of_a_column_and_not_of_the_number() -> None:
    for column, kind in ((pl.Series(BARS["close"]), pl.Series), (pd.Series(BARS["close"]), pd.Series)):
        assert isinstance(omega.ta.atr(high=200.0, low=np.float64(90), close=column), kind)
        assert isinstance(omega.ta.atr({"high": 200.0, "low": 90, "close": column}), kind)


def test_a_number_is_no_copy() -> None:
    with omega.count_copies() as copies:
        omega.ta.atr(high=BARS["high"], low=90.0, close=BARS["close"], strict_zero_copy=True)
    assert copies.copies == []


def test_numbers_alone_do_not_say_how_many_rows_there_are() -> None:
    with pytest.raises(InvalidShapeError, match="at least one input"):
        omega.ta.atr(high=2.0, low=1.0, close=1.5)
    with pytest.raises(UnsupportedDataError):
        omega.ta.sma(close=1.0)


@pytest.mark.parametrize("given", [True, "90", 1j, np.bool_(True), object()], ids=repr)
def test_what_is_no_number_is_no_column_either(given: Any) -> None:
    with pytest.raises(omega.OmegaError):
        omega.ta.atr(high=BARS["high"], low=given, close=BARS["close"])


def test_a_number_is_checked_as_a_column_is() -> None:
    with pytest.raises(InvalidValueError, match="low"):
        omega.ta.atr(high=BARS["high"], low=float("inf"), close=BARS["close"])
    missing = omega.ta.atr(high=BARS["high"], low=float("nan"), close=BARS["close"])
    assert np.isnan(missing).all()
