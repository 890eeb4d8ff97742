"""Gives answers back in the library that the data came from."""

from __future__ import annotations

import array
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from numbers import Number
from typing import Any, Protocol

from omega import _rust
from omega.shared.exceptions import MissingDependencyError

#: The axis of outputs with a value for each column of an input of many, and the column that names them.
ASSET = "asset"
#: The named tuple that several outputs come in where a library has no table.
Answer = Callable[..., Any]


class Library(Protocol):
    """How one library holds columns and tables. `source` is the caller's own object."""

    #: Whether several columns come as one object; otherwise they come as a named tuple or a dict.
    has_tables: bool

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        """One output; `along_rows` unless it runs along something else, which has no row's index."""

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        """Several outputs of one length; `along_rows` as of a column."""

    def part(self, source: object, rows: Callable[[], Any]) -> object:
        """What stands for some rows of the caller's object, answered alone; `rows` says their numbers."""


class _Unlabelled:
    """A library whose rows are known by their places alone: part of them needs nothing of the whole."""

    def part(self, source: object, rows: Callable[[], Any]) -> object:
        del rows
        return source


class _NumPy(_Unlabelled):
    """Arrays share Omega's memory; NaN where a value is missing. Several outputs: a named tuple.

    Whole numbers and truth values are int64 and bool; float64 where one is missing, for they have no NaN.
    """

    has_tables = False

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        del source, along_rows
        try:
            return _frombuffer()(column)
        except BufferError:
            return _typed_values(column)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        del along_rows
        return answer(*(self.column(column, source) for column in table.columns))


def _typed_values(column: _rust.Column) -> Any:
    """Whole numbers, truth values or keys as NumPy has them."""
    import numpy

    try:
        values = _frombuffer()(column.in_float64())
    except BufferError:
        return numpy.array(column.to_pylist())
    return values if numpy.isnan(values).any() else values.astype(column.type)


def row_numbers(column: _rust.Column) -> Any:
    """Numbers of rows, to take these rows by."""
    return _frombuffer()(column).astype("int64")


@cache
def _frombuffer() -> Callable[..., Any]:
    """NumPy's view of a buffer, whose default type is float64; imported when the first array is met.

    Raises MissingDependencyError, as an array of the standard library does not bring NumPy with it.
    """
    try:
        import numpy
    except ImportError as missing:
        raise MissingDependencyError(
            feature="an answer to a buffer", value="numpy", allowed="pip install numpy, or pass a list"
        ) from missing

    view: Callable[..., Any] = numpy.frombuffer
    return view


class _Lists(_Unlabelled):
    """Lists of floats, None where a value is missing."""

    has_tables = False

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        del source, along_rows
        return column.to_pylist()

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        del along_rows
        return answer(*(self.column(column, source) for column in table.columns))


class _PyArrow(_Unlabelled):
    """Arrays and record batches for those, chunked arrays and tables for those."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        import pyarrow

        del along_rows
        values = pyarrow.array(column)
        whole = isinstance(source, (pyarrow.Array, pyarrow.RecordBatch))
        return values if whole else pyarrow.chunked_array([values])

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import pyarrow

        del answer, along_rows
        whole = isinstance(source, (pyarrow.Array, pyarrow.RecordBatch))
        return pyarrow.record_batch(table) if whole else pyarrow.table(table)


class _Polars(_Unlabelled):
    """Series and data frames."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        import polars

        del source, along_rows
        return polars.Series(column.name, column)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import polars

        del answer, source, along_rows
        return polars.DataFrame(table)


class _Pandas:
    """Series and data frames under the caller's index; NaN where a value is missing."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        import pandas

        index = _index(source, len(column)) if along_rows else None
        return pandas.Series(_NUMPY.column(column, None), index=index, name=column.name)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import pandas

        del answer
        columns = {column.name: _numpy_values(column) for column in table.columns}
        return pandas.DataFrame(columns, index=_index(source, len(table)) if along_rows else None)

    def part(self, source: object, rows: Callable[[], Any]) -> object:
        index = getattr(source, "index", None)
        return source if index is None else _Labels(index.take(rows()))


class _Labels:
    """Stands for some rows of a pandas object: all that an answer takes from them is their index."""

    def __init__(self, index: Any) -> None:
        self.index = index


def _index(source: object, rows: int) -> Any:
    """The index of a pandas object, if the answer runs along it."""
    index = getattr(source, "index", None)
    return index if index is not None and len(index) == rows else None


def _numpy_values(column: _rust.Column) -> Any:
    """Numbers in place; group keys in the type of their column, and text in the one that pandas chooses."""
    if not column.is_key:
        return _NUMPY.column(column, None)
    import numpy

    kind, values = column.type, column.to_pylist()
    if kind.startswith(("ts", "tD")):
        return _moments(column)
    if kind.startswith("float"):
        return numpy.array([numpy.nan if value is None else value for value in values], kind)
    if kind.startswith(("int", "uint", "bool")):
        if None not in values:
            return numpy.array(values, kind)
        import pandas

        nullable: Any = "boolean" if kind == "bool" else kind.replace("i", "I").replace("u", "U")
        return pandas.array(values, nullable)
    return values


def _moments(column: _rust.Column) -> Any:
    """Moments or durations in the unit and the time zone of their column."""
    import numpy
    import pandas

    kind, missing = column.type, numpy.iinfo("int64").min
    counts = numpy.array([missing if count is None else count for count in column.counts()], "int64")
    unit = {"s": "s", "m": "ms", "u": "us", "n": "ns"}[kind[2]]
    if kind.startswith("tD"):
        return counts.view(f"m8[{unit}]")
    moments, zone = counts.view(f"M8[{unit}]"), kind.partition(":")[2]
    return pandas.DatetimeIndex(moments).tz_localize("UTC").tz_convert(zone) if zone else moments


class _DuckDB(_Unlabelled):
    """Relations over Omega's memory, in the caller's own connection, so that they join with the data."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        del along_rows
        return self.table(_rust.Table([column]), dict, source)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import duckdb

        del answer, along_rows
        if isinstance(source, duckdb.DuckDBPyRelation):
            columns = table  # noqa: F841 - DuckDB finds it here by its name, and keeps it
            return source.query("omega", "select * from columns")
        return duckdb.from_arrow(table)


class _Arro3(_Unlabelled):
    """Arrays and record batches for those, chunked arrays and tables for those."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        import arro3.core

        del along_rows
        whole = isinstance(source, (arro3.core.Array, arro3.core.RecordBatch))
        return (arro3.core.Array if whole else arro3.core.ChunkedArray).from_arrow(column)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import arro3.core

        del answer, along_rows
        whole = isinstance(source, (arro3.core.Array, arro3.core.RecordBatch))
        return (arro3.core.RecordBatch if whole else arro3.core.Table).from_arrow(table)


class _NanoArrow(_Unlabelled):
    """Arrays; several outputs are a struct array."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        import nanoarrow

        del source, along_rows
        return nanoarrow.Array(column)

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        import nanoarrow

        del answer, source, along_rows
        return nanoarrow.Array(table)


class _AnyArrow(_Unlabelled):
    """Omega's own columns and tables, which every Arrow consumer takes."""

    has_tables = True

    def column(self, column: _rust.Column, source: object, *, along_rows: bool = True) -> Any:
        del source, along_rows
        return column

    def table(self, table: _rust.Table, answer: Answer, source: object, *, along_rows: bool = True) -> Any:
        del answer, source, along_rows
        return table


_NUMPY = _NumPy()
_LISTS = _Lists()
_ANY_ARROW = _AnyArrow()
PANDAS = _Pandas()
_BY_PACKAGE: dict[str, Library] = {
    "numpy": _NUMPY,
    "pyarrow": _PyArrow(),
    "polars": _Polars(),
    "pandas": PANDAS,
    "duckdb": _DuckDB(),
    "_duckdb": _DuckDB(),
    "arro3": _Arro3(),
    "nanoarrow": _NanoArrow(),
}
#: Filled as types are met, so that a call looks its library up once.
BY_TYPE: dict[type, Library] = {list: _LISTS, tuple: _LISTS, memoryview: _NUMPY, array.array: _NUMPY}


def library_of(source: object) -> Library:
    """The library of an object that Omega has accepted as data."""
    kind = type(source)
    library = BY_TYPE.get(kind)
    if library is None:
        # Subclasses count as their parents' library: a pandas-based frame of a third party is still pandas.
        parents = (
            BY_TYPE.get(base) or _BY_PACKAGE.get(base.__module__.partition(".")[0]) for base in kind.__mro__
        )
        library = next((parent for parent in parents if parent is not None), _ANY_ARROW)
        BY_TYPE[kind] = library
    return library


def source_of(data: object, columns: Sequence[object], inputs: Sequence[str]) -> object:
    """The caller's object whose library the answer should be in."""
    if data is None:
        # A mapping of many columns is in the library of its columns.
        given = (next(iter(one.values()), None) if isinstance(one, Mapping) else one for one in columns)
        return next((one for one in given if _has_library(one)), None)
    if not isinstance(data, Mapping):
        return data
    for name, column in zip_longest(inputs, columns):
        # What the input reads: a column of the data, under its own name or the one given, or one by itself.
        called = name if column is None else column
        read = data.get(called) if type(called) is str else column
        if _has_library(read):
            return read
    return next((one for one in data.values() if _has_library(one)), None)


def _has_library(given: object) -> bool:
    """Whether it holds a column: a number stands for one, and a list of names for some of the data."""
    if isinstance(given, (list, tuple)):
        return not (given and isinstance(given[0], str))
    return given is not None and not isinstance(given, (Number, str))
