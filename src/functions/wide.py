"""Wide frames and arrays of rows by columns: a function of one input is computed column by column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from numbers import Number
from typing import Any

from omega import _rust
from omega.functions.call import answer_type, unreadable
from omega.functions.refused import Refused
from omega.functions.threads import in_turns, threads_for
from omega.functions.wide_frames import Wanted, Wide, is_a, taken_apart
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    MissingColumnError,
    OmegaError,
    UnsupportedTypeError,
)

#: Names of columns of the tables that functions read, and what else times are called. Where one is there, the
#: data is such a table, in which the column is missing, and no other column can take its place.
TABLE_NAMES = frozenset(
    {"timestamp", "symbol", "open", "high", "low", "close", "volume", "returns", "benchmark", "date", "time"}
)
#: Native code keeps the GIL over fewer rows.
_ROWS_WITHOUT_GIL = 2048


def column_by_column(refused: Refused) -> Any:
    """The answer of a call whose data has many columns for one input; None where it is something else.

    Raises what a column is refused for, or the refusal anew with the way out where it is not clear whether
    the columns are meant one by one.
    """
    try:
        return _answer(refused)
    except OmegaError as own:
        # It takes the place of the refusal, and did not come while that was handled.
        own.__suppress_context__ = True
        raise
    except Exception as failure:
        raise unreadable(failure, refused.function.name) from failure


def _answer(refused: Refused) -> Any:
    error, data = refused.error, refused.data
    if isinstance(error, (MissingColumnError, UnsupportedTypeError)):
        fields = _fields(data)
        if fields is not None:
            return refused.again(fields, refused.columns)
    place = _open_place(refused)
    if place is None:
        return None
    given = refused.columns[place] if data is None else data
    if isinstance(error, InvalidTypeError):
        _refuse_lists(refused, given)
    elif isinstance(error, MissingColumnError) and isinstance(data, Mapping):
        return _of_mapping(refused, place, data)
    elif isinstance(error, (MissingColumnError, InvalidShapeError)):
        wide = taken_apart(given)
        # What has names was searched for the column. Where that is there and wrong, none takes its place.
        is_searched = data is not None and wide is not None and wide.has_names
        if wide is not None and isinstance(error, MissingColumnError) == is_searched:
            return _of_frame(refused, place, wide)
    return None


def _open_place(refused: Refused) -> int | None:
    """Which input is to be read from the data; None if it is not one alone, or is no series."""
    if refused.options["by"] is not None:
        return None
    if refused.data is None:
        place = 0 if len(refused.columns) == 1 else None
    else:
        left = [place for place, column in enumerate(refused.columns) if column is None]
        place = left[0] if len(left) == 1 else None
    if place is None or any(isinstance(column, str) for column in refused.columns):
        return None
    # One volume does not belong to many prices, as one benchmark may.
    if not _is_for_many_columns(refused.function.name, place):
        return None
    return place if refused.function.inputs[place] in refused.error.fields.get("name", "") else None


def _fields(data: Any) -> dict[str, Any] | None:
    """The fields of a structured array of NumPy, as columns."""
    if not is_a(data, "numpy", "ndarray") or is_a(data, "numpy", "MaskedArray"):
        return None
    names = data.dtype.names
    if not names or data.ndim != 1:
        return None
    import numpy

    plain = numpy.asarray(data)
    return {name: plain[name] for name in names}


# ------------------------------------------------------------------------------------------- computing


def _of_mapping(refused: Refused, place: int, data: Mapping[Any, Any]) -> dict[Any, Any] | None:
    """A dict by column of what each answers by itself."""
    if not data or any(column is None or isinstance(column, (Number, str)) for column in data.values()):
        return None
    _refuse_if_ambiguous(refused, place, list(data), [], "")
    if refused.options["out"] is not None:
        raise _no_memory(refused)
    answers = {}
    for label, column in data.items():
        try:
            answers[label] = refused.again({str(label): column}, _with(refused.columns, place, str(label)))
        except OmegaError as error:
            raise _about(error, str(label), refused.function.inputs[place]) from error.__cause__
    return answers


def _of_frame(refused: Refused, place: int, wide: Wide) -> Any:
    if not (wide.labels or wide.strangers):
        return None
    _refuse_if_ambiguous(refused, place, wide.labels, wide.strangers, wide.way_out)
    if refused.options["out"] is not None:
        raise _no_memory(refused)
    name, kind = refused.function.name, refused.function.kind
    wide = wide.read()
    if kind not in {"rowwise", "reduction"}:
        return _by_name(refused, place, wide)
    outputs = _outputs(name)
    wanted = Wanted(outputs, refused.options["name"], answer_type(name) if len(outputs) > 1 else tuple)
    if kind == "reduction":
        return wide.reduction(_computed(refused, place, wide, wanted, None), wanted)
    memory = wide.memory(wanted)
    answers = _computed(refused, place, wide, wanted, memory)
    return wide.rowwise(answers if memory is None else memory, wanted)


def _by_name(refused: Refused, place: int, wide: Wide) -> dict[Any, Any]:
    """A dict by column of what each answers by itself."""
    if len(set(wide.labels)) < len(wide.labels):
        raise InvalidShapeError(
            name="columns",
            allowed=f"of different names, by which {refused.function.name} answers",
            value=", ".join(map(str, wide.labels[:10])),
            function=refused.function.name,
        )
    columns = _with(refused.columns, place, None)
    parts = zip(wide.labels, wide.columns(), strict=True)
    return {label: refused.again(column, columns) for label, column in parts}


def _computed(
    refused: Refused, place: int, wide: Wide, wanted: Wanted, memory: Any | None
) -> list[tuple[Any, ...]]:
    """What native code answers to each column, in order; of those that it refuses the first is told.

    In `memory`, where it is given, by output and column.
    """
    # Columns that come beside are compared with the labels of the rows.
    columns = wide.numbers() if len(refused.columns) == 1 else wide.columns()
    names = [str(label) for label in wide.labels]
    outputs = len(wanted.outputs)
    answers: list[Any] = [None] * len(columns)

    def compute(which: int, *, strict: bool) -> None:
        name, out = names[which], None
        if memory is not None:
            out = memory[0, which] if outputs == 1 else tuple(memory[:, which])
        answers[which] = refused.natively(
            {name: columns[which]}, _with(refused.columns, place, name), strict=strict, out=out
        )

    def try_to_compute(which: int) -> None:
        # Copies are counted on the caller's thread, and so are made there; refusals are told there as well.
        with suppress(Exception):
            compute(which, strict=True)

    threads = threads_for(wide.rows * len(columns) * outputs) if wide.rows >= _ROWS_WITHOUT_GIL else 1
    if threads > 1:
        in_turns(try_to_compute, len(columns), threads)
    for which, name in enumerate(names):
        if answers[which] is None:
            try:
                compute(which, strict=refused.options["strict_zero_copy"])
            except OmegaError as error:
                raise _about(error, name, refused.function.inputs[place]) from error.__cause__
    return answers


def _with(columns: tuple[Any, ...], place: int, column: Any) -> tuple[Any, ...]:
    return (*columns[:place], column, *columns[place + 1 :])


def _about(error: OmegaError, label: str, column: str) -> OmegaError:
    """The refusal of a column under its own name, where native code knows that of the input alone."""
    if error.fields.get("name") != column:
        return error
    return type(error)._restore(int(error.code), {**error.fields, "name": label}, error.function, "")


# -------------------------------------------------------------------------------------------- refusing


def _refuse_if_ambiguous(
    refused: Refused, place: int, labels: Sequence[Any], strangers: Sequence[tuple[Any, str]], way_out: str
) -> None:
    """Raise the refusal with the way out if it is not clear that the columns are meant one by one."""
    column, fields, function = refused.function.inputs[place], refused.error.fields, refused.function.name
    if strangers:
        label, kind = strangers[0]
        hint = f"`{label}` is {kind}: {way_out}"
    elif meant := _of_a_table(refused.error, labels):
        name_it = f'say which is meant, {column}="{meant}", or rename it'
        hint = f"`{meant}` is, or is near, the name of a column that functions read: {name_it}"
    else:
        return
    hint = f"each column would be computed by itself, but {hint}"
    if isinstance(refused.error, MissingColumnError):
        available = f"{fields['available']}; {hint}"
        raise MissingColumnError(name=column, available=available, function=function)
    allowed = f"{fields['allowed']} ({hint})"
    raise InvalidShapeError(name=fields["name"], allowed=allowed, value=fields["value"], function=function)


def _of_a_table(error: OmegaError, labels: Sequence[Any]) -> str | None:
    """A name that tells a table of its own, or a misspelt column; None if there is none.

    `LOW` and `OPEN` are tickers as well: one or two of such names are, among as many others.
    """
    near = re.search(r"; the nearest is `(.*)`$", error.fields.get("available", ""), re.DOTALL)
    parts = [part for label in labels for part in (label if isinstance(label, tuple) else (label,))]
    texts = [part for part in parts if isinstance(part, str)]
    found = [part for part in texts if part.lower() in TABLE_NAMES or (near and part == near[1])]
    if all(map(str.isupper, found)) and len(found) < 3 and 2 * len(found) <= len(labels):
        return None
    return near[1] if near and near[1] in found else found[0]


def _refuse_lists(refused: Refused, given: Any) -> None:
    """Raise the refusal of lists of lists with the way out: nobody can tell whether they are rows."""
    if isinstance(given, (list, tuple)) and given and isinstance(given[0], (list, tuple)):
        fields = refused.error.fields
        way_out = "rows by columns are a NumPy array, numpy.array(rows), and columns are a dict"
        allowed = f"{fields['allowed']}; {way_out}"
        function = refused.function.name
        raise InvalidTypeError(name=fields["name"], allowed=allowed, value=fields["value"], function=function)


def _no_memory(refused: Refused) -> OmegaError:
    return InvalidTypeError(
        name="out",
        allowed="left out where each column is computed by itself; it goes with a call for one column",
        value=f"memory for an answer of {refused.function.name}",
        function=refused.function.name,
    )


# --------------------------------------------------------------------------------------- what specs say


@cache
def _is_for_many_columns(name: str, place: int) -> bool:
    """Whether the input at that place is a series, and what comes beside it goes with any series."""
    inputs = json.loads(_rust.function(name).spec_json)["inputs"]
    own, others = inputs[place], inputs[:place] + inputs[place + 1 :]
    return (
        not own["many"]
        and own["role"] == "series"
        and all(other["role"] in {"series", "count"} for other in others)
    )


@cache
def _outputs(name: str) -> tuple[tuple[str, str], ...]:
    outputs = json.loads(_rust.function(name).spec_json)["outputs"]
    return tuple((output["name"], output["type"]) for output in outputs)
