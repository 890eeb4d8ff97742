"""Objects that are no data, lie about being data, or raise when they are looked at."""

from __future__ import annotations

import array
import ctypes
import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from tests.boundary.structs import Column, OnDevice, capsule
from tests.fuzz.attack import Deliberate

_ANSWERS: list[Any] = [
    None, (), (1, 2), (1, 2, 3), 7, "x", ("a", "b"), (2**40, 0), (2**70, 0), (1, 0), (2, 0), [1, 0], object(),
    math.nan,
]  # fmt: skip
_FAILURES: list[type[BaseException]] = [
    RuntimeError, ValueError, TypeError, AttributeError, KeyError, MemoryError, RecursionError, StopIteration,
    OverflowError, AssertionError, Deliberate, KeyboardInterrupt,
]  # fmt: skip
_METHODS = [
    "__arrow_c_array__", "__arrow_c_stream__", "__arrow_c_device_array__", "__arrow_c_schema__",
    "__dlpack_device__", "__dlpack__", "__cuda_array_interface__", "__array__", "__array_interface__",
    "__float__", "__index__", "__len__", "__getitem__", "__iter__", "__contains__", "__hash__", "__eq__",
    "__repr__", "__str__", "__bool__", "keys", "dtype", "shape", "mask", "index", "columns", "name",
]  # fmt: skip


def shape_shifter(dice: Random) -> Any:
    """An object with some of the methods that data have, which lie, raise, or are no methods at all."""

    def method(answer: Any, failure: type[BaseException] | None) -> Callable[..., Any]:
        def answering(self: object, *positional: Any, **keywords: Any) -> Any:
            if failure is not None:
                raise failure("on purpose")
            return answer

        return answering

    body: dict[str, Any] = {}
    for name in dice.sample(_METHODS, dice.randint(1, 4)):
        failure = dice.choice(_FAILURES) if dice.random() < 0.5 else None
        made: Any = method(dice.choice(_ANSWERS), failure)
        body[name] = dice.choice((made, made, property(made), dice.choice(_ANSWERS)))
    base = dice.choice((object, object, object, list, dict, float, int, str, np.ndarray))
    try:
        cls = type("Shifter", (base,), body)
        return cls([1.0, 2.0]) if base is list else cls(2) if base is np.ndarray else cls()
    except TypeError:
        return object()


class Wavering(list[Any]):
    """A list that says another length each time."""

    def __len__(self) -> int:
        return dict.fromkeys(self).__len__() + 2**40


class Bottomless(Mapping[str, Any]):
    """A mapping that has every column, and each is the mapping itself."""

    def __getitem__(self, name: str) -> Any:
        return self

    def __iter__(self) -> Iterator[str]:
        return iter(["close", "returns"])

    def __len__(self) -> int:
        return 2

    def __contains__(self, name: object) -> bool:
        return True


class Emptying:
    """A number that empties the list it is in while it is converted."""

    def __init__(self, home: list[Any]) -> None:
        self.home = home

    def __float__(self) -> float:
        self.home.clear()
        return 1.0


def emptying(dice: Random) -> list[Any]:
    """A list that is gone when it has been looked at."""
    values: list[Any] = [1.0] * dice.randrange(40)
    values.insert(dice.randrange(len(values) + 1), Emptying(values))
    return values


class HandingArray:
    """Hands out capsules that somebody made, over structs that `keeps` keeps."""

    def __init__(self, made: Any, keeps: Any = None) -> None:
        self._made = made
        self._keeps = keeps

    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any:
        return self._made


class HandingStream:
    """As `HandingArray`, one after the other."""

    def __init__(self, made: Any, keeps: Any = None) -> None:
        self._made = made
        self._keeps = keeps

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self._made


def capsules(dice: Random) -> Any:
    """Capsules in the wrong order, of the wrong name, used up, or none."""
    column = Column()
    good = column.__arrow_c_array__()
    used = pa.array([1.0, 2.0]).__arrow_c_array__()
    pa.Array._import_from_c_capsule(*used)
    drained = pa.table({"close": [1.0]}).__arrow_c_stream__()
    pa.RecordBatchReader._import_from_c_capsule(drained).read_all()
    made = dice.choice([
        good, good[::-1], good[0], (good[0],) * 2, list(good), used, drained, good + good,
        (capsule(column.schema, b"schema"), capsule(column.array, b"arrow_array")),
        (capsule(column.schema, b"arrow_schema"), capsule(column.array, b"")),
    ])  # fmt: skip
    return dice.choice((HandingArray, HandingStream))(made, column)


def numpy_of_any_kind(dice: Random) -> Any:
    """Arrays of types and shapes that may be no column of numbers."""
    kind: Any = dice.choice([
        "?", "i1", "u8", ">i4", "f2", "f4", "g", "c16", "O", "S3", "U3", "M8[ns]", "m8[s]", "V4",
        [("close", "f8"), ("x", "i1")], "M8[D]", "(2,)f8",
    ])  # fmt: skip
    shape = dice.choice([(), (0,), (1,), (3,), (2, 2), (0, 3), (1, 1, 1), (3, 0)])
    made = np.zeros(shape, dtype=kind)
    return dice.choice(
        (
            made,
            np.ma.masked_array(made),
            np.asmatrix(made) if made.ndim <= 2 and made.dtype.names is None else made,
            made.T,
        )
    )


def arrow_of_any_type(dice: Random) -> Any:
    """Arrays of every type that pyarrow has a short name for, with and without nulls, sliced."""
    kind = dice.choice([
        pa.null(), pa.bool_(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.string(),
        pa.large_string(),
        pa.string_view(), pa.binary(), pa.binary(4), pa.date32(), pa.date64(), pa.timestamp("ns", "UTC"),
        pa.time32("s"), pa.duration("us"), pa.month_day_nano_interval(), pa.decimal128(5, 2),
        pa.decimal256(50, 2),
        pa.decimal128(38, -5), pa.list_(pa.float64()), pa.large_list(pa.int8()), pa.list_(pa.float64(), 2),
        pa.map_(pa.string(), pa.int8()), pa.struct([("close", pa.float64())]), pa.struct([]), pa.bool8(),
        pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.float64()),
        pa.run_end_encoded(pa.int32(), pa.float64()), pa.dense_union([pa.field("a", pa.int8())]),
        pa.sparse_union([pa.field("a", pa.int8())]), pa.list_view(pa.int8()), pa.uuid(), pa.json_(),
    ])  # fmt: skip
    rows = dice.randrange(5)
    try:
        made = pa.nulls(rows, kind)
    except (pa.ArrowException, NotImplementedError):
        return None
    return dice.choice((made, made.slice(rows // 2), pa.chunked_array([made]), pa.table({"close": made})))


def junk(dice: Random, depth: int = 2) -> Any:
    """Python's own values, nested."""
    leaves: list[Any] = [
        None, True, 0, 1, -1, 2**63, -(2**70), 10**400, 0.5, math.nan, math.inf, "", "close", "returns",
        "\ud800", "x\0",
        b"", b"aab", bytearray(8), 1j, Decimal("sNaN"), Decimal("1e999999"), Fraction(1, 3), object(), print,
        int,
        datetime.date(2024, 1, 1), range(3), slice(1), np.int64(3), np.float64(3), np.bool_(True),
        np.array(3), Ellipsis,
        NotImplemented, iter([1.0]), {1.0, 2.0}, frozenset("ab"), {"A": 1}, pl.DataFrame,
        pl.LazyFrame({"close": [1.0]}),
        memoryview(b"abcd"), memoryview(b"abcd").cast("c"), memoryview(np.zeros((2, 2)).data),
        array.array("u", "ab"),
        (ctypes.c_double * 3)(), (ctypes.c_double * 3), pd.Series([], dtype=float), pd.DataFrame(),
        pd.Categorical(["a"]),
        pd.Series(["a", None]), pd.Index([1.0]), pl.Series([[1.0]]), pl.Series(["a"]), pa.schema([]),
        pa.scalar(1.0),
        pa.table({}), pa.table({"close": [1.0], "returns": [None]}), Bottomless(), Wavering([1.0, 2.0]),
        OnDevice(Column(), 2),
    ]  # fmt: skip
    if depth and dice.random() < 0.4:
        inner = [junk(dice, depth - 1) for _ in range(dice.randrange(4))]
        names = ["close", "high", "low", "volume", "returns", "x", 1, None]
        return dice.choice((inner, tuple(inner), {dice.choice(names): each for each in inner}))
    return dice.choice(leaves)


def evil(dice: Random) -> Any:
    """Anything that ought not to be handed to Omega."""
    return dice.choice(
        (junk, junk, junk, shape_shifter, capsules, numpy_of_any_kind, arrow_of_any_type, emptying)
    )(dice)
