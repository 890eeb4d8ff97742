"""Polars expressions in the place of columns: the call becomes an expression, computed when its frame is.

    lazy.with_columns(omega.ta.rsi(pl.col("close"), period=14).over("symbol"))

Looked for only in what native code has refused, so that no other call pays for it. Polars is never imported
for it: whoever has an expression has done so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from omega import _rust
from omega.functions.expression_inputs import grouping, inputs, is_expression, is_text, keys, refusal
from omega.functions.refused import Call

if TYPE_CHECKING:
    from polars import Expr, Series


def takes(call: Call) -> bool:
    """Whether a column, or what groups by, is an expression."""
    return any(map(is_expression, (call.data, *call.columns, *keys(call.options["by"])[:1])))


def expression(call: Call) -> Expr:
    """The call as an expression: a column of its output, or a struct of its outputs.

    Whatever can be refused without data is refused now: the call is made once on columns without rows, and
    the type of its answer is what the schema of a frame says.
    """
    data, columns = inputs(call)
    by = grouping(call)
    read = _Read()
    types = _types_of(call.function.name, "inputs")
    # A column alone is the input that the others leave over.
    left = next((name for name, column in zip(types, columns, strict=True) if column is None), None)
    computed = _Computed(
        call.function.name,
        read.place(data, types.get(left or "", "Float64")),
        tuple(map(read.place, columns, types.values())),
        call.parameters,
        {**call.options, "by": [read.place(key, "String") for key in by] if type(by) is list else by},
    )
    keeps_names = len(read.columns) == 1 and read.columns[0].meta.has_multiple_outputs()
    for column in () if keeps_names else read.columns:
        if column.meta.has_multiple_outputs():
            raise refusal(call, "what stands for a column", "an expression of one column", column)

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

        if is_expression(given):
            self.columns.append(given)
        elif is_text(given):
            self.columns.append(polars.col(given))
        else:
            return given
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
        answer = call.again(_filled(self.data, read), tuple(_filled(column, read) for column in self.columns))
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
        chosen = self.options["name"]
        return own if chosen is None else str(chosen)

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
    if type(given) is list:
        filled = [_filled(each, read) for each in given]
        return filled[0] if len(filled) == 1 else filled
    return read[given.number] if type(given) is _Place else given


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
