"""The one door into native code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from omega import _rust
from omega.functions.grouped import Grouped
from omega.functions.libraries import (
    ASSET,
    BY_TYPE,
    PANDAS,
    Answer,
    Library,
    library_of,
    row_numbers,
    source_of,
)
from omega.functions.positions import by_position
from omega.shared.exceptions import InvalidTypeError, OmegaError, OutOfMemoryError

if TYPE_CHECKING:
    from omega.functions.names import FunctionName

#: What a missing input does: see `omega.call`.
Nulls = Literal["skip", "propagate", "raise"]
#: Anything that holds one column: an Arrow array, a Series, a NumPy array, a list of numbers.
Column = Any
#: Anything that holds several columns with names, or the names of columns of the data: see `omega.call`.
Columns = Any
#: Anything that holds the columns: a table, a data frame, a mapping of columns, or one column.
Data = Any


def call(
    function: FunctionName | str | Callable[..., Any],
    data: Data | None = None,
    /,
    *columns: Column,
    nulls: Nulls = "skip",
    by: str | Column | Columns | None = None,
    name: str | None = None,
    strict_zero_copy: bool = False,
    out: Any = None,
    **given: Any,
) -> Any:
    """The answer of any function by name, or of a function itself, in the library of `data`.

    `given` holds parameters and single columns by keyword. A text in the place of a column is the name of one
    in `data`: `close="volume"`. A column of the data is found by its exact name, or by the only one that
    differs from it by case. A number stands for its value in every row; one input at least is a column.

    Columns may also come by position in the order of the inputs: `call("ta.atr", high, low, close)`, or as
    names after the data: `call("ta.atr", bars, "High", "Low", "Close")`. Parameters go by name.

    An input of many columns, such as one for each asset, is all numbers of a table or mapping but for
    `symbol`, `timestamp`, the column that `by` names and a pandas index; or the columns that a list of names
    says; or a NumPy array of rows by columns, which are called 0, 1, …. A row in which one of them is missing
    is missing in all of them. Answers along the columns have their names.

    An expression of polars in the place of a column makes the call an expression, which is computed when its
    frame is, as in `lazy.with_columns(omega.ta.rsi(pl.col("close")).over("symbol"))`. Beside it a text is a
    column of that frame.

    A function that reads one column answers column by column to data that lacks it and is numbers alone: a
    wide frame of pandas, polars or pyarrow, a NumPy array of rows by columns, or a dict of columns.

    - Row by row the answer has the same columns, and the index of pandas. Several outputs are a level more of
      pandas' columns, `<column>_<output>` elsewhere, and a named tuple of arrays in NumPy. `name` is added in
      the same way. Where polars and pyarrow have one column of times beside the numbers, it is carried along.
    - A metric is a Series along the columns in pandas, a table with a row per column and its name in `column`
      in polars and pyarrow, and an array in NumPy, NaN where it is undefined.
    - A dict of columns, and any model, give a dict by column. Fields of a structured array are columns.

    Other inputs, such as a benchmark, may be given beside and go with every column. Where enough is to be
    computed, it is on as many processors as `OMEGA_THREADS` or the process allows. Data is refused with the
    way out where a column is no number, or is called as a column of bars or returns, or nearly as the one
    that is missing; `by` and `out` go with one column.

    - `nulls="skip"`: a row with a missing input gives a missing output and leaves the state alone.
    - `nulls="propagate"`: everything that the missing row touches is missing.
    - `nulls="raise"`: MissingValueError.

    `by` names the column of groups in `data`, or several in a list: every group is computed alone, its rows
    in any interleaving. Levels of a pandas index have names as columns do. It may also be a column of keys,
    or a list of such columns. A list of text is names where all of it names columns, else keys row by row;
    where it could be either it is refused, and a tuple says names. Keys are text, whole numbers (as floats,
    too), dates, times, durations, booleans or decimals. Rows whose key is missing are one group, called None.
    Groups of several keys are called by the tuple of them, and tables have a column for each. Keys that are
    moments of a time zone are called by their time in UTC where answers are dicts.

    `name` is what the answer is called in place of its function's output, and what goes
    before the names of several outputs: `name="fast"` gives `fast`, or `fast_macd`, `fast_signal`, …, so that
    answers join side by side; named tuples keep their fields. `strict_zero_copy` refuses data that would have
    to be copied.

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
    # What is no str goes to native code, which knows the functions of our modules and refuses the rest.
    found = _function(function) if type(function) is str else _rust.function(function)
    by_keyword = tuple(given.pop(column, None) for column in found.inputs)
    return run(found, data, by_keyword, given, columns, None, nulls, by, name, strict_zero_copy, out)


@cache
def _function(name: str) -> _rust.Function:
    return _rust.function(name)


def run(
    function: _rust.Function,
    data: Data | None,
    columns: tuple[Column | None, ...],
    parameters: tuple[Any, ...] | dict[str, Any],
    positional: tuple[Column, ...],
    unknown: Mapping[str, object] | None,
    nulls: Nulls,
    by: str | Column | Columns | None,
    name: str | None,
    strict_zero_copy: bool,
    out: Any = None,
) -> Any:
    """The answer of a function, in the library of the data. Every typed function ends here."""
    if unknown:
        # Native code knows what there is and words the refusal; no data is touched on the way.
        function.refuse_unknown(dict(unknown))
    if positional:
        data, columns = by_position(function, data, positional, columns)
    if name is not None and not isinstance(name, str):
        raise InvalidTypeError(name="name", allowed="a str or None", value=name, function=function.name)
    try:
        answer = function.run(data, columns, parameters, nulls, by, strict_zero_copy, out)
    except OmegaError as error:
        refusal = error
    else:
        if out is not None:
            return answer
        try:
            return _SHAPES[function.kind](function, answer, data, columns, name)
        except OmegaError:
            raise
        except Exception as failure:
            # What the caller's objects raise while the answer is put into their library.
            raise unreadable(failure, function.name) from failure
    # What is not the usual call is looked at only now, so that the usual one does not wait for it; and out of
    # the `except`, so that the refusal is no context of an error that this may raise.
    from omega.functions.refused import Refused, another_way

    options = {"nulls": nulls, "by": by, "name": name, "strict_zero_copy": strict_zero_copy, "out": out}
    try:
        return another_way(Refused(function, data, columns, parameters, positional, options, refusal))
    finally:
        # Its traceback holds this frame: a cycle, and in it the caller's data.
        del refusal


def unreadable(failure: Exception, function: str) -> OmegaError:
    """The typed error of an exception that an object of the caller's raised, which becomes its cause."""
    if isinstance(failure, MemoryError):
        unknown = "an unknown number of"
        return OutOfMemoryError(function=function, value=unknown, allowed=unknown)
    return InvalidTypeError(
        name="what was passed",
        allowed="objects that can be read",
        value=f"one that raised {type(failure).__name__}: {failure}",
        function=function,
    )


def _called(column: _rust.Column, name: str | None, *, is_only: bool) -> _rust.Column:
    """A column of an answer under the name that the caller chose, if one was."""
    if name is None:
        return column
    return column.renamed(name if is_only else f"{name}_{column.name}")


def _table(columns: Sequence[_rust.Column], name: str | None, *, keys: int = 0) -> _rust.Table:
    """Columns as a table, those after the keys under the name that the caller chose."""
    own = columns[keys:]
    return _rust.Table([*columns[:keys], *(_called(one, name, is_only=len(own) == 1) for one in own)])


def _rowwise(
    function: _rust.Function,
    answer: tuple[_rust.Column, ...],
    data: Data,
    columns: Sequence[Column],
    name: str | None,
) -> Any:
    """As many rows as came in: a column, or a table where there are several outputs."""
    # A short way for data of a type that was met before: this runs on every call.
    source, library = data, BY_TYPE.get(type(data))
    if library is None:
        source = source_of(data, columns, function.inputs)
        library = library_of(source)
    if len(answer) == 1:
        return library.column(_called(answer[0], name, is_only=True), source)
    return library.table(_table(answer, name), answer_type(function.name), source)


def _reduction(
    function: _rust.Function,
    answer: tuple[Any, ...] | _rust.Table,
    data: Data,
    columns: Sequence[Column],
    name: str | None,
) -> Any:
    """One number, or a table of one row per group; for NumPy and lists a dict by group."""
    if isinstance(answer, tuple):
        return answer[0] if len(answer) == 1 else answer_type(function.name)(*answer)
    source = source_of(data, columns, function.inputs)
    library = library_of(source)
    if library.has_tables:
        return library.table(_table(answer.columns, name, keys=answer.keys), dict, source, along_rows=False)
    values = [column.to_pylist() for column in answer.columns[answer.keys :]]
    rows = values[0] if len(values) == 1 else map(answer_type(function.name), *values)
    return dict(zip(group_keys(answer), rows, strict=True))


def group_keys(table: _rust.Table) -> list[Any]:
    """What the groups of a table of one row each are called: by a key, or the tuple of several."""
    keys = [column.to_pylist() for column in table.columns[: table.keys]]
    return keys[0] if len(keys) == 1 else list(zip(*keys, strict=True))


def _model(
    function: _rust.Function,
    answer: tuple[Any, ...],
    data: Data,
    columns: Sequence[Column],
    name: str | None,
) -> Any:
    """A `Result` with one field per output; with groups a mapping of them, and the whole beside it."""
    source = source_of(data, columns, function.inputs)
    named = isinstance(data, Mapping) or any(isinstance(column, Mapping) for column in columns)
    build, axes = answer_type(function.name), _axes(function.name)
    if not (answer and isinstance(answer[0], dict)):
        return build(*_fields(answer, axes, source, named, name))
    answers, parameters, rows, order, sizes = answer
    library = library_of(source)
    ends = accumulate(sizes)
    spans = {key: slice(end - size, end) for key, size, end in zip(answers, sizes, ends, strict=True)}

    def group(key: Any, fields: tuple[Any, ...]) -> Any:
        part = library.part(source, lambda: row_numbers(order)[spans[key]])
        return build(*_fields(fields, axes, part, named, name, library))

    def whole(table: _rust.Table, *, keys: int) -> Any:
        columns = table.columns
        table = _rust.Table([*columns[:keys], *_prefixed(columns[keys:], name)])
        return library.table(table, _by_name(table), source, along_rows=not keys)

    joined = None if rows is None else whole(rows, keys=0)
    return Grouped(function.name, answers, whole(parameters, keys=parameters.keys), joined, group)


def _prefixed(columns: Sequence[_rust.Column], name: str | None) -> list[_rust.Column]:
    """Columns of a model, which has several outputs, under the name that the caller chose."""
    return [_called(column, name, is_only=False) for column in columns]


def _fields(
    fields: tuple[Any, ...],
    axes: tuple[tuple[str, ...], ...],
    source: object,
    named: bool,
    name: str | None,
    library: Library | None = None,
) -> Iterator[Any]:
    """Numbers as they are, columns and tables in the caller's library; `named` if it was a mapping."""
    library = library or library_of(source)
    for field, along in zip(fields, axes, strict=True):
        if isinstance(field, _rust.Column):
            column = _called(field, name, is_only=False)
            yield library.column(column, source, along_rows=along[0] == "row")
        elif not isinstance(field, _rust.Table):
            yield field
        elif along[0] == ASSET:
            yield _by_asset(library, field, source, named, is_flat=len(along) == 1)
        else:
            pack = _by_name(field) if named and along[-1] == ASSET else _stack
            table = field if name is None else _rust.Table(_prefixed(field.columns, name))
            yield library.table(table, pack, source, along_rows=along[0] == "row")


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
        # Of several values for each asset, that is a row.
        return dict(zip(names.to_pylist(), values[0] if is_flat else _stack(*values), strict=True))
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
    answer: Answer = getattr(import_module(f"omega.{module}"), camel_case(function))
    return answer


def camel_case(name: str) -> str:
    """The class name of a function's answer.

    >>> camel_case("hidden_markov")
    'HiddenMarkov'
    """
    return "".join(word.capitalize() for word in name.split("_"))
