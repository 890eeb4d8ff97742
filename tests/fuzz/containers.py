"""Every way to hand the same columns over: each library, slices, chunks, strides, other types of equal
numbers.
"""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Mapping
from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tests.functions.producers import COLUMNS, TABLES, Producer

#: Numbers, or times as `datetime64[us]`.
Values = NDArray[Any]
Columns = Mapping[str, Values]
Make = Callable[[Columns, Random], Any]


def nullable(values: Values) -> Any:
    """A pyarrow array with null where there is NaN."""
    return pa.array(values, from_pandas=True)


def is_time(values: Values) -> bool:
    """Whether a column holds times."""
    return values.dtype.kind == "M"


def chunked(column: Any, dice: Random) -> Any:
    """The column in parts, some of them without rows."""
    cuts = sorted(dice.randrange(len(column) + 1) for _ in range(dice.randrange(5)))
    parts = zip([0, *cuts], [*cuts, len(column)], strict=True)
    return pa.chunked_array([column.slice(start, end - start) for start, end in parts], column.type)


def sliced(column: Any, dice: Random) -> Any:
    """The column in the middle of a longer one."""
    before, after = dice.randrange(70), dice.randrange(70)
    odd = pa.array([None if row % 3 == 0 else 1 for row in range(before)], column.type)
    more = pa.array([2] * after, column.type)
    return pa.concat_arrays([odd, column, more]).slice(before, len(column))


def struct(columns: Columns, dice: Random) -> Any:
    """A struct array in which rows that miss a value may be missing as a whole, whatever lies under them."""
    missing = np.stack([np.isnan(values) for values in columns.values()]).any(axis=0)
    under = [
        pa.array(np.where(missing, np.full(1, 7).astype(values.dtype), values)) for values in columns.values()
    ]
    return pa.StructArray.from_arrays(under, names=list(columns), mask=pa.array(missing))


def narrowest(values: Values, dice: Random) -> Any:
    """The same numbers in another Arrow type that holds them exactly, or the same times in any unit."""
    column = nullable(values)
    if is_time(values):
        try:
            return column.cast(pa.timestamp(dice.choice(["s", "ms", "us", "ns"]), dice.choice((None, "UTC"))))
        except pa.ArrowInvalid:
            return column
    exact = [pa.float32(), *(pa.decimal128(38, scale) for scale in (0, 3, 9))]
    exact += [
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.uint8(),
        pa.uint16(),
        pa.uint32(),
        pa.uint64(),
    ]
    kind = dice.choice(exact)
    whole = values[~np.isnan(values)]
    if not (np.all(whole == np.round(whole)) and np.all(np.abs(whole) < 2**31)):
        return column
    if np.signbit(whole[whole == 0]).any():  # whole numbers have no -0.0
        return column
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return column


def spread(values: Values, dice: Random) -> Any:
    """The same numbers as NumPy may hold them: strided, backwards, big-endian, in a table or a record."""
    rows = len(values)
    match dice.randrange(7):
        case 0:
            wide = np.full(3 * rows, 9).astype(values.dtype)
            wide[::3] = values
            return wide[::3]
        case 1:
            return np.ascontiguousarray(values[::-1])[::-1]
        case 2:
            return values.astype(values.dtype.newbyteorder(">"))
        case 3:
            return np.asfortranarray(np.tile(values.reshape(rows, 1), (1, 2)))[:, 1]
        case 4:
            return np.tile(values.reshape(rows, 1), (1, 3))[:, 1]
        case 5:
            record = np.zeros(rows, dtype=[("before", "i1"), ("x", values.dtype)])
            record["x"] = values
            return record["x"]
        case _:
            frozen = values.copy()
            frozen.flags.writeable = False
            return frozen


def plain(values: Values, dice: Random) -> Any:
    """Python's own numbers, of several kinds at once; or its own times, of which naive ones are UTC."""
    if is_time(values):
        own = [
            each if each is None or dice.random() < 0.5 else each.replace(tzinfo=UTC)
            for each in values.tolist()
        ]
        return own if dice.random() < 0.7 else tuple(own)
    kinds: list[Callable[[float], Any]] = [float, float, np.float64, Decimal]
    if np.isfinite(values[~np.isnan(values)]).all():
        kinds.append(Fraction)
    numbers = [
        dice.choice([None, float("nan"), np.nan]) if math.isnan(value) else dice.choice(kinds)(float(value))
        for value in values
    ]
    # Neither Fraction nor Decimal keeps the sign of -0.0 on its way through float; a list of floats does.
    if np.signbit(values[values == 0]).any():
        numbers = [None if math.isnan(value) else float(value) for value in values]
    return numbers if dice.random() < 0.7 else tuple(numbers)


def _single(producer: Producer) -> Callable[[Values, Random], Any]:
    return lambda values, _: producer.make({"x": values})


def _whole(producer: Producer) -> Make:
    return lambda columns, _: producer.make(columns)


#: One column -> one object that holds it.
SINGLE: dict[str, Callable[[Values, Random], Any]] = {
    **{each.name: _single(each) for each in COLUMNS},
    "pyarrow.Array with nulls": lambda values, _: nullable(values),
    "pyarrow.Array of another type": narrowest,
    "pyarrow.ChunkedArray in parts": lambda values, dice: chunked(narrowest(values, dice), dice),
    "pyarrow.Array sliced": lambda values, dice: sliced(nullable(values), dice),
    "pyarrow.Array sliced, in parts": lambda values, dice: chunked(sliced(nullable(values), dice), dice),
    "polars.Series with nulls": lambda values, _: pl.Series("x", nullable(values)),
    "polars.Series in parts": lambda values, dice: pl.Series("x", chunked(nullable(values), dice)),
    "polars.Series sliced": lambda values, _: pl.Series(
        "x", np.concatenate([values[:1], values, values[:1]])
    )[len(values[:1]) : len(values) + len(values[:1])],
    "pandas.Series of Arrow": lambda values, _: pd.Series(
        pd.arrays.ArrowExtensionArray(chunked(nullable(values), Random(1)))
    ),
    # NumPy lends no buffer of times.
    "memoryview": lambda values, _: values if is_time(values) else memoryview(values.data),
    "numpy.ndarray elsewhere": spread,
    "array.array": lambda values, _: values if is_time(values) else array.array("d", values.tobytes()),
    "list or tuple": plain,
}


def keyed_mixture(columns: Columns, dice: Random) -> Any:
    """A mapping in which every column is of another library."""
    return {name: dice.choice(list(SINGLE.values()))(values, dice) for name, values in columns.items()}


#: All columns -> one object that holds them.
WHOLE: dict[str, Make] = {
    **{each.name: _whole(each) for each in TABLES},
    "pyarrow.Table in parts": lambda columns, dice: pa.table(
        {name: chunked(narrowest(values, dice), dice) for name, values in columns.items()}
    ),
    "pyarrow.RecordBatch sliced": lambda columns, dice: pa.RecordBatch.from_arrays(
        [
            pa.concat_arrays([pa.array([1, None], nullable(each).type), nullable(each)])
            for each in columns.values()
        ],
        list(columns),
    ).slice(2),
    "pyarrow.RecordBatchReader": lambda columns, dice: pa.table(
        {name: nullable(values) for name, values in columns.items()}
    ).to_reader(max_chunksize=dice.choice((1, 7, 1000))),
    "pyarrow.StructArray with missing rows": struct,
    "polars.DataFrame in parts": lambda columns, dice: pl.from_arrow(
        pa.table({name: chunked(nullable(values), dice) for name, values in columns.items()}), rechunk=False
    ),
    "pandas.DataFrame with more columns": lambda columns, _: pd.DataFrame({"other": "x", **columns}),
    "mapping of anything": keyed_mixture,
}


def hand_over(columns: Columns, dice: Random) -> tuple[str, Any, dict[str, Any]]:
    """The columns in some way: what it is called, the data, and columns by keyword."""
    if dice.random() < 0.15:
        by_keyword = keyed_mixture(columns, dice)
        return "columns by keyword", None, by_keyword
    if len(columns) == 1 and dice.random() < 0.6:
        name = dice.choice(list(SINGLE))
        return name, SINGLE[name](next(iter(columns.values())), dice), {}
    name = dice.choice(list(WHOLE))
    return name, WHOLE[name](columns, dice), {}


def hand_over_keys(keys: list[Any], dice: Random) -> tuple[str, Any]:
    """Group keys in some library."""
    present = [key for key in keys if key is not None]
    first = next(iter(present), "")
    is_int = isinstance(first, int) and not isinstance(first, bool)
    kind = None if not isinstance(first, str | int) or isinstance(first, bool) else pa.string()
    if is_int:
        kind = pa.int64()
    ways: dict[str, Callable[[], Any]] = {
        "list": lambda: list(keys),
        "pyarrow": lambda: pa.array(keys, kind),
        "polars": lambda: pl.Series(pa.array(keys, kind).to_pylist(), dtype=pl.String if not keys else None),
    }
    if present:
        ways["pyarrow dictionary"] = lambda: pa.array(keys, kind).dictionary_encode()
        ways["pyarrow in parts"] = lambda: chunked(pa.array(keys, kind), dice)
        ways["pandas"] = lambda: pd.Series(keys, dtype=object if None in keys else None)
        ways["text view"] = lambda: pa.array(keys, pa.string_view()) if isinstance(first, str) else keys
        ways["numpy"] = lambda: np.array(keys) if is_int and None not in keys else keys
    name = dice.choice(list(ways))
    return f"by {name}", ways[name]()
