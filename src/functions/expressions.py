"""Polars expressions in the place of columns: the call becomes an expression, computed when its frame is.

    lazy.with_columns(omega.ta.rsi(pl.col("close"), period=14).over("symbol"))

Looked for only in what native code has refused, so that no other call pays for it. Polars is never imported
for it: whoever has an expression has done so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from omega import _rust
from omega.functions.call import Call
from omega.functions.positions import by_position
from omega.shared.exceptions import InvalidTypeError, MissingDependencyError, UnsupportedDataError

if TYPE_CHECKING:
    from polars import Expr, Series

#: Before it, polars gave a Python function all groups of `.over` as one, without the rows that a later filter
#: takes away, and chunk by chunk: each a wrong number that looks right.
LEAST_VERSION = (1, 33)


def takes(call: Call) -> bool:
    """Whether a column, or what groups by, is an expression."""
    return any(map(_is_expression, (call.data, *call.columns, *_keys(call.options["by"])[:1])))


def expression(call: Call) -> Expr:
    """The call as an expression: a column of its output, or a struct of its outputs.

    Whatever can be refused without data is refused now: the call is made once on columns without rows, and
    the type of its answer is what the schema of a frame says.
    """
    data, columns = _inputs(call)
    by = _grouping(call)
    read = _Read()
    types = _types_of(call.function.name, "inputs")
    # A column alone is the input that the others leave over.
    left = next((name for name, column in zip(types, columns, strict=True) if column is None), None)
    computed = _Computed(
        call.function.name,
        read.place(data, types.get(left or "", "Float64")),
        tuple(map(read.place, columns, types.values())),
        call.parameters,
        {**call.options, "by": [read.place(key, "String") for key in by] if isinstance(by, list) else by},
    )
    keeps_names = len(read.columns) == 1 and read.columns[0].meta.has_multiple_outputs()
    for column in () if keeps_names else read.columns:
        if column.meta.has_multiple_outputs():
            raise _refusal(call, "what stands for a column", "an expression of one column", column)

    import polars

    answer = polars.map_batches(
        read.columns,
        computed.answer,
        return_dtype=computed.answer(read.without_rows()).dtype,
        returns_scalar=call.function.kind == "reduction",
    )
    if not keeps_names:
        return answer.alias(computed.called)
    # One input of several columns is computed column by column, and each keeps its name.
    name = call.options["name"]
    return answer if name is None else answer.name.prefix(f"{name}_")


class _Place(NamedTuple):
    """Where a column of the call is among those that polars hands over."""

    number: int


class _Read:
    """The columns that an expression reads, as they are met in the call."""

    def __init__(self) -> None:
        self.columns: list[Expr] = []
        self._types: list[str] = []

    def place(self, given: Any, kind: str) -> Any:
        """What stands in the call for a column that polars will hand over; all else as it is."""
        import polars

        if not isinstance(given, (str, polars.Expr)):
            return given
        self.columns.append(polars.col(given) if isinstance(given, str) else given)
        self._types.append(kind)
        return _Place(len(self.columns) - 1)

    def without_rows(self) -> list[Series]:
        """Columns of these types, of no rows."""
        import polars

        # A type without its parameters, as that of times, is one with the usual ones.
        return [polars.Series([], dtype=getattr(polars, kind)) for kind in self._types]


class _Computed(NamedTuple):
    """What polars calls with columns: the same call, made eagerly. It can be pickled, as lazy frames can."""

    name: str
    data: Any
    columns: tuple[Any, ...]
    parameters: Any
    options: dict[str, Any]

    def answer(self, series: Sequence[Series], **_: object) -> Series:
        """The answer for all rows of a frame or of a group; polars says the type as well, which is known."""
        import polars

        read = _equally_long(series)
        options = {**self.options, "by": _filled(self.options["by"], read)}
        call = Call(_rust.function(self.name), None, (), self.parameters, (), options)
        answer = call.on(_filled(self.data, read), tuple(_filled(column, read) for column in self.columns))
        if isinstance(answer, polars.Series):
            return answer
        if isinstance(answer, polars.DataFrame):
            return answer.to_struct(self.called)
        return self._scalar(answer)

    @property
    def called(self) -> str:
        """The column's name: that of the only output, or the function's, unless the caller chose."""
        outputs = list(_types_of(self.name, "outputs"))
        own = outputs[0] if len(outputs) == 1 else self.name.rpartition(".")[2]
        return str(self.options["name"] or own)

    def _scalar(self, answer: Any) -> Series:
        """A metric's number, or its numbers, as a column of one row."""
        import polars

        types = {name: getattr(polars, kind) for name, kind in _types_of(self.name, "outputs").items()}
        if len(types) == 1:
            return polars.Series(self.called, [answer], dtype=next(iter(types.values())))
        before = "" if self.options["name"] is None else f"{self.options['name']}_"
        fields = {f"{before}{name}": kind for name, kind in types.items()}
        return polars.Series(
            self.called, [dict(zip(fields, answer, strict=True))], dtype=polars.Struct(fields)
        )


def _filled(given: Any, read: Sequence[Series]) -> Any:
    """What the call takes, with columns in their places; a single key of groups is a column too."""
    if isinstance(given, list):
        filled = [_filled(each, read) for each in given]
        return filled[0] if len(filled) == 1 else filled
    return read[given.number] if isinstance(given, _Place) else given


def _equally_long(series: Sequence[Series]) -> Sequence[Series]:
    """Literals and aggregates, which come as one row, repeated as in any expression of polars."""
    lengths = {len(each) for each in series} - {1}
    if len(lengths) != 1:
        # All are one row; or their lengths differ, which the call refuses.
        return series
    (rows,) = lengths
    return [each if len(each) == rows else each.new_from_index(0, rows) for each in series]


@cache
def _types_of(name: str, which: str) -> dict[str, str]:
    """The inputs or outputs of a function, and what polars calls their types."""
    types = {"float64": "Float64", "int64": "Int64", "bool": "Boolean", "timestamp[us, UTC]": "Datetime"}
    return {each["name"]: types[each["type"]] for each in json.loads(_rust.function(name).spec_json)[which]}


def _is_expression(given: object) -> bool:
    # By its type alone: whatever else the caller may have passed is not asked what it claims to be.
    return issubclass(type(given), getattr(sys.modules.get("polars"), "Expr", ()))


def _keys(by: Any) -> Sequence[Any]:
    """What groups by, one after the other."""
    return by if type(by) in {list, tuple} else [by]


def _inputs(call: Call) -> tuple[Any, tuple[Any, ...]]:
    """The data and the columns of a call that can be an expression.

    Names after an expression by position are columns beside it, as polars reads them, and not columns of it.
    """
    if call.function.kind not in {"rowwise", "reduction"}:
        allowed = (
            "a table or a column, for the answer of a model is not one column that an expression could be"
        )
        raise UnsupportedDataError(allowed=allowed, value=_words(call.data), function=call.function.name)
    _require_version()
    if call.options["out"] is not None:
        allowed = "left out of an expression, whose memory polars owns"
        raise _refusal(call, "out", allowed, call.options["out"])
    data, columns, positional = call.data, call.columns, call.positional
    if positional and _is_expression(data):
        import polars

        by_keyword = (None,) * len(positional) + columns[len(positional) :]
        data, columns = by_position(call.function, data, tuple(map(polars.col, positional)), by_keyword)
    if data is not None and not _is_expression(data):
        allowed = f"left out beside an expression: data.select(omega.{call.function.name}(pl.col(…)))"
        raise _refusal(call, "data", allowed, data)
    if data is not None and None not in columns:
        raise _refusal(call, "data", "left out where every input has a column of its own", data)
    for name, column in zip(call.function.inputs, columns, strict=True):
        if hasattr(column, "__len__") and not isinstance(column, str):
            raise _refusal(
                call, name, "an expression, the name of a column or a number, beside others", column
            )
    return data, columns


def _grouping(call: Call) -> Any:
    """A list of the columns that group, or whatever else says that there is none."""
    by = call.options["by"]
    if not (_is_expression(by) or hasattr(by, "__len__")):
        return by
    keys = list(_keys(by))
    if not keys or not all(isinstance(key, str) or _is_expression(key) for key in keys):
        raise _refusal(call, "by", "the name of a column, or an expression, beside an expression", by)
    if call.function.kind == "reduction":
        allowed = "left out of an expression of one number: say .over(…), or group_by(…).agg(…)"
        raise _refusal(call, "by", allowed, by)
    for column in filter(_is_expression, (call.data, *call.columns)):
        # `pl.col("close").diff()` would be computed over all rows, and its groups alone look right.
        if not (column.meta.is_column() or column.meta.is_literal()):
            allowed = (
                "a column as it is, beside `by`: what is computed on the way knows no groups; say .over(…)"
            )
            raise _refusal(call, "an expression", allowed, column)
    return keys


def _require_version() -> None:
    import polars

    version = tuple(int(part) for part in polars.__version__.split(".")[:2])
    if version < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise MissingDependencyError(
            feature="an expression of Omega",
            value=f"polars {least} or later",
            allowed=f"this is {polars.__version__}, which would give it other rows than its own",
        )


def _refusal(call: Call, name: str, allowed: str, value: object) -> InvalidTypeError:
    return InvalidTypeError(name=name, allowed=allowed, value=_words(value), function=call.function.name)


def _words(value: object) -> str:
    """A value in short: an expression as polars writes it, of data only what it is."""
    words = repr(value) if isinstance(value, str) else str(value) if _is_expression(value) else None
    return type(value).__name__ if words is None else words if len(words) <= 80 else f"{words[:79]}…"
