"""pandas objects whose labels differ are never paired by position."""

from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import InvalidShapeError, LengthMismatchError

HERE = pd.Index([0, 1, 2])
THERE = pd.Index([2, 1, 0])


def series(values: Any, index: Any) -> Any:
    return pd.Series(values, index=index)


def features(other: Any) -> Any:
    return omega.FeatureSet({"x": ("ta.obv", {})}).extend({"close": CLOSE, "volume": other})


CLOSE = series([1.0, 2.0, 3.0], HERE)
REFUSED: dict[str, Callable[[Any], Any]] = {
    "columns": lambda other: omega.ta.obv(close=CLOSE, volume=other),
    "a mapping": lambda other: omega.ta.obv({"close": CLOSE, "volume": other}),
    "a frame and a column": lambda other: omega.ta.obv(CLOSE.to_frame("close"), volume=other),
    "a series and its groups": lambda other: omega.ta.sma(CLOSE, by=other.astype(int)),
    "a frame and its groups": lambda other: omega.ta.sma(CLOSE.to_frame("close"), by=other.astype(int)),
    "a column and its groups": lambda other: omega.risk.volatility(returns=CLOSE, by=other.astype(int)),
    "a mapping of groups": lambda other: omega.risk.volatility(
        {"returns": CLOSE, "k": other.astype(int)}, by="k"
    ),
    "a feature set": features,
    "a feature set by group": lambda other: omega.FeatureSet({"x": ("ta.sma", {})}, by="k").run(
        {"close": CLOSE, "k": other.astype(int)}
    ),
}


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.parametrize(
    "index",
    [THERE, pd.Index([1, 2, 3]), pd.Index(list("abc")), pd.date_range("2024-01-01", periods=3)],
    ids=["turned", "shifted", "letters", "dates"],
)
def test_labels_that_differ_are_refused(call: str, index: Any) -> None:
    with pytest.raises(
        InvalidShapeError, match=r"the index of `\w+` must be that of `\w+`: align"
    ) as refusal:
        REFUSED[call](series([10.0, 20.0, 30.0], index))
    assert ".reindex()" in str(refusal.value)
    assert ".to_numpy()" in str(refusal.value)


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.parametrize(
    "index", [HERE, pd.Index([0, 1, 2]), pd.RangeIndex(3)], ids=["same", "equal", "range"]
)
def test_labels_that_agree_are_taken(call: str, index: Any) -> None:
    assert REFUSED[call](series([10.0, 20.0, 30.0], index)) is not None


def test_what_has_no_labels_goes_by_position() -> None:
    close = series([1.0, 2.0, 3.0], THERE)
    for volume in (
        np.array([10.0, 20.0, 30.0]),
        pl.Series([10.0, 20.0, 30.0]),
        pa.array([10.0, 20.0, 30.0]),
        [10, 20, 30],
    ):
        answer = omega.ta.obv(close=close, volume=volume)
        assert list(answer.index) == [2, 1, 0]
    assert omega.ta.sma(close, period=1, by=pd.Index(["a", "b", "a"])).tolist() == [1.0, 2.0, 3.0]


def test_lengths_that_differ_are_said_before_labels() -> None:
    with pytest.raises(LengthMismatchError):
        omega.ta.obv(close=CLOSE, volume=series([1.0], [7]))
