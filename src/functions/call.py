"""The one door into native code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Literal

from omega import _rust
from omega.functions.libraries import ASSET, BY_TYPE, PANDAS, Answer, Library, library_of, source_of

#: What a missing input does: see `omega.call`.
Nulls = Literal["skip", "propagate", "raise"]
#: Anything that holds one column: an Arrow array, a Series, a NumPy array, a list of numbers.
Column = Any
#: Anything that holds several columns with names, or the names of columns of the data: see `omega.call`.
Columns = Any
#: Anything that holds the columns: a table, a data frame, a mapping of columns, or one column.
Data = Any


def call(
    name: str,
    data: Data | None = None,
    /,
    *,
    nulls: Nulls = "skip",
    by: str | Column | None = None,
    strict_zero_copy: bool = False,
    out: Any = None,
    **given: Any,
) -> Any:
    """The answer of any function by name, in the library of `data`.

    `given` holds parameters and single columns by keyword. A text in the place of a column is the name of one
    in `data`: `close="volume"`. A number stands for its value in every row; one input at least has to be a
    column.

    An input of many columns, such as one for each asset, is all numbers of a table or mapping but for
    `symbol`, `timestamp`, the column that `by` names and a pandas index; or the columns that a list of names
    says; or a NumPy array of rows by columns, which are called 0, 1, …. A row in which one of them is missing
    is missing in all of them. Answers along the columns have their names.

    - `nulls="skip"`: a row with a missing input gives a missing output and leaves the state alone.
    - `nulls="propagate"`: everything that the missing row touches is missing.
    - `nulls="raise"`: MissingValueError.

    `by` names the column of groups in `data`, or is that column: every group is computed alone, its rows in
    any interleaving. `strict_zero_copy` refuses data that would have to be copied.

    `out` is memory of yours for an answer row by row, which is written there and returned: a NumPy array, or
    any other writable buffer, of float64 and as long as the data; NaN where a value is missing. For several
    outputs it is a tuple of them, in order, or a dict of them by name. Outputs of int64 or bool may have
    buffers of that type, where no row of theirs is missing. A buffer must not be one that the call reads, nor
    be given twice. Where the call raises, what was in it may be lost.

    Raises UnknownFunctionError, UnknownParameterError, MissingColumnError, and what the function itself
    raises; InvalidTypeError or InvalidShapeError for an `out` of another type or length.

    >>> call("ta.sma", [1.0, 2.0, 3.0, 4.0], period=2)
    [None, 1.5, 2.5, 3.5]
    """
    # A name that is no str goes to native code as it is, to be refused there.
    function = _function(name) if type(name) is str else _rust.function(name)
    columns = tuple(given.pop(column, None) for column in function.inputs)
    return run(function, data, columns, given, nulls, by, strict_zero_copy, out=out)


@cache
def _function(name: str) -> _rust.Function:
    return _rust.function(name)


def run(
    function: _rust.Function,
    data: Data | None,
    columns: tuple[Column | None, ...],
    parameters: tuple[Any, ...] | dict[str, Any],
    nulls: Nulls,
    by: str | Column | None,
    strict_zero_copy: bool,
    unknown: Mapping[str, object] | None = None,
    out: Any = None,
) -> Any:
    """The answer of a function, in the library of the data. Every typed function ends here."""
    if unknown:
        # Native code knows the parameters and words the refusal; no data is touched on the way.
        function.warm_up_rows(dict(unknown))
    answer = function.run(data, columns, parameters, nulls, by, strict_zero_copy, out)
    if out is not None:
        return answer
    return _SHAPES[function.kind](function, answer, data, columns)


def _rowwise(
    function: _rust.Function, answer: tuple[_rust.Column, ...], data: Data, columns: Sequence[Column]
) -> Any:
    """As many rows as came in: a column, or a table where there are several outputs."""
    # A short way for data of a type that was met before: this runs on every call.
    source, library = data, BY_TYPE.get(type(data))
    if library is None:
        source = source_of(data, columns, function.inputs)
        library = library_of(source)
    if len(answer) == 1:
        return library.column(answer[0], source)
    return library.table(_rust.Table(answer), answer_type(function.name), source)


def _reduction(
    function: _rust.Function, answer: tuple[Any, ...] | _rust.Table, data: Data, columns: Sequence[Column]
) -> Any:
    """One number, or a table of one row per group; for NumPy and lists a dict by group."""
    if isinstance(answer, tuple):
        return answer[0] if len(answer) == 1 else answer_type(function.name)(*answer)
    library = library_of(source_of(data, columns, function.inputs))
    if library.has_tables:
        return library.table(answer, dict, data, along_rows=False)
    keys, *values = (column.to_pylist() for column in answer.columns)
    rows = values[0] if len(values) == 1 else map(answer_type(function.name), *values)
    return dict(zip(keys, rows, strict=True))


def _model(
    function: _rust.Function,
    answer: tuple[Any, ...] | dict[Any, tuple[Any, ...]],
    data: Data,
    columns: Sequence[Column],
) -> Any:
    """A named tuple with one field per output, or a dict of them by group."""
    source = source_of(data, columns, function.inputs)
    named = isinstance(data, Mapping) or any(isinstance(column, Mapping) for column in columns)
    build, axes = answer_type(function.name), _axes(function.name)
    if isinstance(answer, dict):
        return {key: build(*_fields(fields, axes, source, named)) for key, fields in answer.items()}
    return build(*_fields(answer, axes, source, named))


def _fields(
    fields: tuple[Any, ...], axes: tuple[tuple[str, ...], ...], source: object, named: bool
) -> Iterator[Any]:
    """Numbers as they are, columns and tables in the caller's library; `named` if it was a mapping."""
    library = library_of(source)
    for field, along in zip(fields, axes, strict=True):
        if isinstance(field, _rust.Column):
            yield library.column(field, source)
        elif not isinstance(field, _rust.Table):
            yield field
        elif along[0] == ASSET:
            yield _by_asset(library, field, source, named, is_flat=len(along) == 1)
        else:
            pack = _by_name(field) if named and along[-1] == ASSET else _stack
            yield library.table(field, pack, source, along_rows=along[0] == "row")


@cache
def _axes(name: str) -> tuple[tuple[str, ...], ...]:
    """What each output runs along."""
    return tuple(tuple(output["axes"]) for output in json.loads(_rust.function(name).spec_json)["outputs"])


def _by_asset(library: Library, table: _rust.Table, source: object, named: bool, is_flat: bool) -> Any:
    """A value for each asset, or a row of values, with the assets' names where there is a place for them."""
    if library.has_tables:
        answer = library.table(table, dict, source, along_rows=False)
        if library is not PANDAS:
            return answer
        answer = answer.set_index(ASSET)
        return answer.iloc[:, 0] if is_flat else answer
    names, *columns = table.columns
    values = [library.column(column, source) for column in columns]
    if named:
        return dict(zip(names.to_pylist(), values[0] if is_flat else values, strict=True))
    return values[0] if is_flat else _stack(*values)


def _by_name(table: _rust.Table) -> Answer:
    """What a library without tables makes of columns that came in a mapping: a dict."""
    return lambda *columns: dict(zip(table.column_names, columns, strict=True))


def _stack(*columns: Any) -> Any:
    """What a library without tables makes of a table: rows by columns, as an array or a list of lists."""
    if isinstance(columns[0], list):
        return [list(row) for row in zip(*columns, strict=True)]
    import numpy

    return numpy.stack(columns, axis=1)


_SHAPES: dict[str, Callable[..., Any]] = {
    "rowwise": _rowwise,
    "reduction": _reduction,
    "model": _model,
    "simulation": _model,
}


@cache
def answer_type(name: str) -> Answer:
    """The named tuple of a function's outputs: `ta.macd` answers with `omega.ta.Macd`."""
    module, _, function = name.partition(".")
    answer: Answer = getattr(import_module(f"omega.functions.{module}"), camel_case(function))
    return answer


def camel_case(name: str) -> str:
    """The class name of a function's answer.

    >>> camel_case("hidden_markov")
    'HiddenMarkov'
    """
    return "".join(word.capitalize() for word in name.split("_"))
