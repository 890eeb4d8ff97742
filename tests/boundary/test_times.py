"""Times reach a kernel as whole microseconds since 1970, from every library and every unit."""

import datetime as dt
import math
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    OmegaError,
    UnsupportedDataError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

MOMENTS = [
    dt.datetime.fromisoformat(text)
    for text in ("1969-12-31T23:59:59", "1970-01-01T00:00", "2024-02-29T12:00")
]
EXPECTED = [-1e6, 0.0, 1_709_208_000e6]
DAY = 86_400e6


def read(data: Any, *, strict: bool = False) -> list[float]:
    return list(_rust.testing.times(data, strict))


def missing(values: list[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_timestamps_of_every_unit_and_zone(unit: str, zone: str | None) -> None:
    whole = pa.array([*MOMENTS, None], pa.timestamp(unit, zone))
    assert missing(read(whole)) == [*EXPECTED, None]
    assert missing(read(whole.slice(1))) == [*EXPECTED[1:], None]
    table = pa.table({"timestamp": pa.chunked_array([whole.slice(0, 2), whole.slice(2)]), "other": [1] * 4})
    assert missing(read(table)) == [*EXPECTED, None]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_arrow_dates_are_their_midnight(kind: pa.DataType) -> None:
    days = [dt.date(1969, 12, 31), dt.date(1970, 1, 2), None]
    assert missing(read(pa.array(days, kind))) == [-DAY, DAY, None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("order", "<>")
def test_numpy_times_of_every_unit_order_and_stride(unit: str, order: str) -> None:
    array = np.array([*MOMENTS, "NaT"], f"M8[{unit}]").astype(f"{order}M8[{unit}]")
    assert missing(read(array)) == [*EXPECTED, None]
    assert missing(read(array[::-1])) == [None, *EXPECTED[::-1]]
    assert missing(read(list(array.astype(f"<M8[{unit}]")))) == [*EXPECTED, None]


def test_numpy_days_hours_and_minutes() -> None:
    for unit, each in (("D", DAY), ("h", 3600e6), ("m", 60e6)):
        assert read(np.array([-1, 0, 3], f"M8[{unit}]")) == [-each, 0.0, 3 * each]


@pytest.mark.parametrize("library", [pl.DataFrame, pd.DataFrame, dict])
def test_frames_have_times_by_name(library: Any) -> None:
    assert read(library({"timestamp": MOMENTS, "close": [1.0, 2.0, 3.0]})) == EXPECTED


def test_lists_hold_datetimes_dates_and_none() -> None:
    west = ZoneInfo("America/New_York")
    items = [
        *MOMENTS,
        None,
        dt.date(1970, 1, 2),
        dt.datetime(2024, 7, 1, 9, 30, tzinfo=west),
        dt.datetime(2024, 7, 1, 13, 30, tzinfo=dt.UTC),
        pd.Timestamp(1_999, unit="ns"),
        pd.NaT,
        np.datetime64(-1, "ns"),
    ]
    july = 1_719_840_600e6
    assert missing(read(items)) == [*EXPECTED, None, DAY, july, july, 1.0, None, -1.0]


def test_nanoseconds_count_as_the_microsecond_in_which_they_lie() -> None:
    counts = [-1_001, -1_000, -1, 0, 999, 1_000, 1_001]
    expected = [-2.0, -1.0, -1.0, 0.0, 0.0, 1.0, 1.0]
    assert read(pa.array(counts, pa.timestamp("ns"))) == expected
    assert read(np.array(counts, "M8[ns]")) == expected


@pytest.mark.parametrize(
    "data",
    [
        pa.array([2**53 + 1], pa.timestamp("us")),
        pa.array([2**62], pa.timestamp("s", "UTC")),
        np.array([-(2**53) - 1], "M8[us]"),
        [dt.datetime(2300, 1, 1, tzinfo=dt.UTC)],
    ],
    ids=repr,
)
def test_a_time_that_float64_cannot_tell_from_its_neighbours_is_refused(data: Any) -> None:
    with pytest.raises(InvalidValueError, match="2255"):
        read(data)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (pa.array([1, 2]), UnsupportedTypeError),
        (pa.array([1.0]), UnsupportedTypeError),
        (pa.array(["2024-01-01"]), UnsupportedTypeError),
        (pa.array([1], pa.duration("s")), UnsupportedTypeError),
        (pa.array([1], pa.time64("us")), UnsupportedTypeError),
        (np.array([1.0]), UnsupportedTypeError),
        (np.array(["2024-01"], "M8[M]"), UnsupportedTypeError),
        (np.array([["2024-01-01"]], "M8[D]"), InvalidShapeError),
        ([1.0], InvalidTypeError),
        ([True], InvalidTypeError),
        (["2024-01-01"], InvalidTypeError),
        ([dt.timedelta(1)], InvalidTypeError),
        (5, UnsupportedDataError),
    ],
    ids=repr,
)
def test_anything_else_is_refused(data: Any, refusal: type[OmegaError]) -> None:
    with pytest.raises(refusal):
        read(data)


def test_times_are_always_copied_and_so_refused_where_copies_are() -> None:
    with pytest.raises(ZeroCopyRefusedError):
        read(pa.array(MOMENTS), strict=True)
