"""Every library whose data Omega takes: how to make its objects, and where their numbers lie."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import arro3.core
import duckdb
import nanoarrow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Producer:
    """One kind of object. `numbers` reads an answer of the same kind back, NaN where it is null."""

    name: str
    make: Callable[[Mapping[str, Any]], Any]
    answer: type | tuple[type, ...]
    numbers: Callable[[Any], Floats]
    address: Callable[[Any, str], int] | None = None
    """Where the column's first number is, where the library tells."""

    def __str__(self) -> str:
        return self.name


def arrow_numbers(answer: Any) -> Floats:
    """A column of pyarrow, NaN where it is null."""
    column = answer.combine_chunks() if isinstance(answer, pa.ChunkedArray) else answer
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def through_arrow(answer: Any) -> Floats:
    """A column of any Arrow library, read by pyarrow."""
    return arrow_numbers(
        pa.chunked_array(answer) if hasattr(answer, "__arrow_c_stream__") else pa.array(answer)
    )


def values_address(array: Any) -> int:
    """Where the numbers of a pyarrow array begin."""
    return int(array.buffers()[1].address) + 8 * int(array.offset)


def chunk_addresses(column: Any) -> list[int]:
    """Where the numbers of every chunk of a pyarrow column begin."""
    return [values_address(chunk) for chunk in column.chunks]


def polars_address(series: pl.Series) -> int:
    return int(series.to_numpy(allow_copy=False).ctypes.data)


def arrow_table(columns: Mapping[str, Any]) -> Any:
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def arrow_batch(columns: Mapping[str, Any]) -> Any:
    return pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def nano_struct(columns: Mapping[str, Any]) -> Any:
    return nanoarrow.Array(arrow_batch(columns))


def duck_relation(columns: Mapping[str, Any]) -> Any:
    return duckdb.from_arrow(arrow_table(columns))


def duck_numbers(relation: Any) -> Floats:
    table = relation.to_arrow_table()
    return arrow_numbers(table.column(0))


#: Objects that hold several columns.
TABLES = [
    Producer("pyarrow.RecordBatch", arrow_batch, pa.Array, arrow_numbers, lambda t, c: values_address(t[c])),
    Producer(
        "pyarrow.Table", arrow_table, pa.ChunkedArray, arrow_numbers, lambda t, c: chunk_addresses(t[c])[0]
    ),
    Producer(
        "polars.DataFrame",
        lambda columns: pl.DataFrame(dict(columns)),
        pl.Series,
        lambda answer: answer.to_numpy(),
        lambda frame, column: polars_address(frame[column]),
    ),
    Producer(
        "pandas.DataFrame",
        lambda columns: pd.DataFrame(dict(columns)),
        pd.Series,
        lambda answer: answer.to_numpy(),
        lambda frame, column: int(frame[column].to_numpy().ctypes.data),
    ),
    Producer("duckdb.Relation", duck_relation, duckdb.DuckDBPyRelation, duck_numbers),
    Producer(
        "arro3.RecordBatch",
        lambda columns: arro3.core.RecordBatch.from_arrow(arrow_batch(columns)),
        arro3.core.Array,
        through_arrow,
        lambda batch, column: values_address(pa.array(batch[column])),
    ),
    Producer(
        "arro3.Table",
        lambda columns: arro3.core.Table.from_arrow(arrow_table(columns)),
        arro3.core.ChunkedArray,
        through_arrow,
        lambda table, column: chunk_addresses(pa.chunked_array(table[column]))[0],
    ),
    Producer(
        "nanoarrow.Array of structs",
        nano_struct,
        nanoarrow.Array,
        through_arrow,
        lambda array, column: values_address(pa.record_batch(array)[column]),
    ),
    Producer(
        "dict of NumPy arrays",
        dict,
        np.ndarray,
        lambda answer: answer,
        lambda columns, column: int(columns[column].ctypes.data),
    ),
    Producer(
        "dict of polars.Series",
        lambda columns: {name: pl.Series(name, values) for name, values in columns.items()},
        pl.Series,
        lambda answer: answer.to_numpy(),
        lambda columns, column: polars_address(columns[column]),
    ),
]

#: Objects that are one column; `make` takes one column too.
COLUMNS = [
    Producer(
        "pyarrow.Array",
        lambda columns: pa.array(next(iter(columns.values()))),
        pa.Array,
        arrow_numbers,
        lambda array, _: values_address(array),
    ),
    Producer(
        "pyarrow.ChunkedArray",
        lambda columns: pa.chunked_array([next(iter(columns.values()))]),
        pa.ChunkedArray,
        arrow_numbers,
        lambda column, _: chunk_addresses(column)[0],
    ),
    Producer(
        "polars.Series",
        lambda columns: pl.Series("x", next(iter(columns.values()))),
        pl.Series,
        lambda answer: answer.to_numpy(),
        lambda series, _: polars_address(series),
    ),
    Producer(
        "pandas.Series",
        lambda columns: pd.Series(next(iter(columns.values())), copy=False),
        pd.Series,
        lambda answer: answer.to_numpy(),
        lambda series, _: int(series.to_numpy().ctypes.data),
    ),
    Producer(
        "arro3.Array",
        lambda columns: arro3.core.Array.from_arrow(pa.array(next(iter(columns.values())))),
        arro3.core.Array,
        through_arrow,
        lambda array, _: values_address(pa.array(array)),
    ),
    Producer(
        "arro3.ChunkedArray",
        lambda columns: arro3.core.ChunkedArray.from_arrow(pa.chunked_array([next(iter(columns.values()))])),
        arro3.core.ChunkedArray,
        through_arrow,
        lambda column, _: chunk_addresses(pa.chunked_array(column))[0],
    ),
    Producer(
        "nanoarrow.Array",
        lambda columns: nanoarrow.Array(pa.array(next(iter(columns.values())))),
        nanoarrow.Array,
        through_arrow,
        lambda array, _: values_address(pa.array(array)),
    ),
    Producer(
        "numpy.ndarray",
        lambda columns: next(iter(columns.values())),
        np.ndarray,
        lambda answer: answer,
        lambda array, _: int(array.ctypes.data),
    ),
    Producer(
        "memoryview",
        lambda columns: memoryview(next(iter(columns.values()))),
        np.ndarray,
        lambda answer: answer,
        lambda view, _: int(np.frombuffer(view).ctypes.data),
    ),
]
