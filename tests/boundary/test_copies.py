"""A copy that a type forces is counted and can be refused, and gives the same numbers."""

import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import ZeroCopyRefusedError

VALUES = [4.0, 8.0, 2.0, 16.0, 32.0]


def misaligned(dtype: str = "<f8") -> Any:
    """Numbers that start one byte after where they should."""
    raw = bytearray(1 + 8 * len(VALUES))
    view = np.frombuffer(raw, dtype=dtype, offset=1, count=len(VALUES))
    view[:] = VALUES
    return view


def misaligned_arrow() -> Any:
    raw = bytes(1) + np.array(VALUES).tobytes()
    return pa.Array.from_buffers(pa.float64(), len(VALUES), [None, pa.py_buffer(raw).slice(1)])


FORCED: dict[str, Callable[[], Any]] = {
    "list": lambda: VALUES,
    "tuple": lambda: tuple(VALUES),
    "list of int": lambda: [int(value) for value in VALUES],
    "list of Decimal": lambda: [Decimal(int(value)) for value in VALUES],
    "list of NumPy scalars": lambda: list(np.array(VALUES, dtype=np.float32)),
    **{
        f"NumPy {dtype}": partial(np.array, VALUES, dtype=dtype)
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", ">f8", ">i4", ">f4")
    },
    "strided NumPy": lambda: np.repeat(VALUES, 2)[::2],
    "reversed NumPy": lambda: np.array(VALUES[::-1])[::-1],
    "column of a 2-D NumPy": lambda: np.array([VALUES, VALUES]).T[:, 0].repeat(3)[::3],
    "misaligned NumPy": misaligned,
    "array.array of int": lambda: array.array("q", [int(value) for value in VALUES]),
    "misaligned Arrow": misaligned_arrow,
    **{
        f"Arrow {kind}": partial(pa.array([int(value) for value in VALUES]).cast, kind)
        for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32")
    },
    "Arrow decimal128": lambda: pa.array([Decimal(int(value)) for value in VALUES], pa.decimal128(20, 4)),
    "polars Int64": lambda: pl.Series([int(value) for value in VALUES]),
    "polars Float32": lambda: pl.Series(VALUES, dtype=pl.Float32),
    "pandas int64": lambda: pd.Series([int(value) for value in VALUES]),
}
every_type = pytest.mark.parametrize("kind", FORCED)


@every_type
def test_a_type_that_forces_a_copy_gives_the_same_numbers(kind: str) -> None:
    answer = omega.ta.sma(close=FORCED[kind](), period=1)
    assert numbers(answer) == VALUES
    second = numbers(omega.ta.sma(FORCED[kind](), period=2))
    assert second[1:] == [6.0, 5.0, 9.0, 24.0]


@every_type
def test_a_copy_that_a_type_forces_is_counted(kind: str) -> None:
    with omega.count_copies() as copies:
        omega.ta.sma(FORCED[kind](), period=2)
    [(column, reason, size)] = copies.copies
    assert (column, size) == ("close", 8 * len(VALUES))
    assert reason
    assert (copies.bytes, len(copies)) == (size, 1)


@every_type
def test_strict_zero_copy_refuses_the_copy_and_says_why(kind: str) -> None:
    with omega.count_copies() as copies, pytest.raises(ZeroCopyRefusedError) as refusal:
        omega.ta.sma(FORCED[kind](), period=2, strict_zero_copy=True)
    assert refusal.value.fields["name"] == "close"
    assert refusal.value.fields["value"] in str(refusal.value)
    assert "float64" in refusal.value.fields["allowed"]
    assert copies.copies == []


@pytest.mark.parametrize("kind", ["NumPy i8", "strided NumPy", "misaligned NumPy", "Arrow int64", "list"])
def test_accumulators_and_feature_sets_refuse_copies_too(kind: str) -> None:
    accumulator = omega.accumulate("risk.volatility")
    with pytest.raises(ZeroCopyRefusedError):
        accumulator.update(FORCED[kind](), strict_zero_copy=True)
    assert accumulator.rows == 0
    features = omega.FeatureSet({"fast": ("ta.sma", {"period": 2})})
    for method in (features.run, features.extend):
        with pytest.raises(ZeroCopyRefusedError):
            method({"close": FORCED[kind]()}, strict_zero_copy=True)
    assert features.update(close=1.0) == {"fast": None}


def numbers(answer: Any) -> list[float]:
    return list(answer.to_pylist() if hasattr(answer, "to_pylist") else answer)


def test_the_copies_of_every_column_are_counted_apart() -> None:
    bars = {"high": [2.0, 3.0], "low": np.array([1, 2]), "close": np.array([1.5, 2.5])}
    with omega.count_copies() as copies:
        omega.ta.atr(bars, period=1)
    assert [(column, reason) for column, reason, _ in copies.copies] == [("high", "list"), ("low", "int64")]


def test_counting_nests_and_ends_with_its_block() -> None:
    with omega.count_copies() as outer:
        omega.ta.sma([1.0], period=1)
        with omega.count_copies() as inner:
            omega.ta.sma([1.0], period=1)
    omega.ta.sma([1.0], period=1)
    assert (len(outer), len(inner)) == (2, 1)


def test_counting_sees_the_calls_of_its_own_thread() -> None:
    with omega.count_copies() as copies, ThreadPoolExecutor(1) as pool:
        pool.submit(omega.ta.sma, [1.0], period=1).result()
    assert len(copies) == 0


def test_a_log_is_closed_when_its_block_raises() -> None:
    with pytest.raises(ZeroDivisionError), omega.count_copies():
        raise ZeroDivisionError
    with omega.count_copies() as copies:
        omega.ta.sma([1.0], period=1)
    assert len(copies) == 1


def test_missing_rows_of_a_struct_are_missing_in_its_columns() -> None:
    struct = pa.StructArray.from_arrays(
        [pa.array(VALUES)], ["close"], mask=pa.array([False, True, False, False, False])
    )
    with omega.count_copies() as copies:
        assert omega.ta.sma(struct, period=1).to_pylist() == [4.0, None, 2.0, 16.0, 32.0]
    assert len(copies) == 1


def test_logs_that_were_never_closed_keep_nothing() -> None:
    def abandoned() -> Iterator[None]:
        with omega.count_copies():
            yield

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

    for _ in range(100):
        next(abandoned())
        omega.count_copies().__enter__()
    omega.ta.sma([1.0], period=1)
    before = resident()
    for _ in range(200_000):
        omega.ta.sma([1.0], period=1)
    assert resident() - before < 4_000_000
    with omega.count_copies() as copies:
        omega.ta.sma([1.0], period=1)
    assert len(copies) == 1
