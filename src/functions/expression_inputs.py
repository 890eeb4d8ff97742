"""Which calls may become an expression of polars, what they read, and what is refused beside one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any, TypeGuard

from omega.functions.positions import by_position
from omega.functions.refused import Call
from omega.shared.exceptions import InvalidTypeError, MissingDependencyError, UnsupportedDataError

if TYPE_CHECKING:
    from polars import Expr

#: Before it, polars gave a Python function all groups of `.over` as one, without the rows that a later filter
#: takes away, and chunk by chunk: each a wrong number that looks right.
LEAST_VERSION = (1, 33)


def is_expression(given: object) -> TypeGuard[Expr]:
    """Whether it is an expression, by its type alone: `isinstance` would ask the caller's object as well."""
    return issubclass(type(given), getattr(sys.modules.get("polars"), "Expr", ()))


def is_text(given: object) -> TypeGuard[str]:
    """Whether it is a text, by its type alone."""
    return issubclass(type(given), str)


def keys(by: Any) -> Sequence[Any]:
    """What groups by, one after the other."""
    return by if type(by) in {list, tuple} else [by]


def inputs(call: Call) -> tuple[Any, tuple[Any, ...]]:
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
        raise refusal(call, "out", allowed, call.options["out"])
    data, columns, positional = call.data, call.columns, call.positional
    if positional and is_expression(data):
        import polars

        by_keyword = (None,) * len(positional) + columns[len(positional) :]
        data, columns = by_position(call.function, data, tuple(map(polars.col, positional)), by_keyword)
    if data is not None and not is_expression(data):
        allowed = f"left out beside an expression: data.select(omega.{call.function.name}(pl.col(…)))"
        raise refusal(call, "data", allowed, data)
    if data is not None and all(column is not None for column in columns):
        raise refusal(call, "data", "left out where every input has a column of its own", data)
    for name, column in zip(call.function.inputs, columns, strict=True):
        is_number = issubclass(type(column), Number)
        if not (column is None or is_number or is_text(column) or is_expression(column)):
            raise refusal(call, name, "an expression, a name or a number, beside an expression", column)
    return data, columns


def grouping(call: Call) -> Any:
    """A list of the columns that group, or whatever else says that there is none."""
    by = call.options["by"]
    if not (is_expression(by) or hasattr(type(by), "__len__")):
        return by
    grouped_by = list(keys(by))
    if not grouped_by or not all(is_text(key) or is_expression(key) for key in grouped_by):
        raise refusal(call, "by", "the name of a column, or an expression, beside an expression", by)
    if call.function.kind == "reduction":
        allowed = "left out of an expression of one number: say .over(…), or group_by(…).agg(…)"
        raise refusal(call, "by", allowed, by)
    for column in filter(is_expression, (call.data, *call.columns)):
        # `pl.col("close").diff()` would be computed over all rows, and its groups alone look right.
        if not (column.meta.is_column() or column.meta.is_literal()):
            allowed = (
                "a column as it is, beside `by`: what is computed on the way knows no groups; say .over(…)"
            )
            raise refusal(call, "an expression", allowed, column)
    return grouped_by


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


def refusal(call: Call, name: str, allowed: str, value: object) -> InvalidTypeError:
    """What is raised for a value that has no place in an expression."""
    return InvalidTypeError(name=name, allowed=allowed, value=_words(value), function=call.function.name)


def _words(value: object) -> str:
    """A value in short: an expression as polars writes it, of data only what it is."""
    words = repr(value) if is_text(value) else str(value) if is_expression(value) else None
    return type(value).__name__ if words is None else words if len(words) <= 80 else f"{words[:79]}…"
