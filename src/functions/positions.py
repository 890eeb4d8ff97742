"""Inputs given by position: columns in the order of the spec, or the names of columns after the data."""

from __future__ import annotations

import json
from numbers import Number
from typing import Any

from omega import _rust
from omega.shared.exceptions import InvalidTypeError


def by_position(
    function: _rust.Function, data: Any, positional: tuple[Any, ...], columns: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    """The data, and a column or a name for each input, with what came by position in its place.

    Raises InvalidTypeError, showing the call that was probably meant, if a number came by position, more
    columns than there are inputs, or one that came by keyword as well.
    """
    after_data = all(isinstance(one, str) for one in positional)
    given = positional if after_data else (data, *positional)
    if any(isinstance(one, Number) for one in positional):
        raise _refusal(function, positional, next(one for one in positional if isinstance(one, Number)))
    if len(given) > len(function.inputs):
        raise _refusal(function, positional, f"{len(given)} columns")
    if any(column is not None for column in columns[: len(given)]):
        raise _refusal(function, positional, "a column by position and by keyword as well")
    return data if after_data else None, (*given, *columns[len(given) :])


def _refusal(function: _rust.Function, positional: tuple[Any, ...], value: object) -> InvalidTypeError:
    parameters = [parameter["name"] for parameter in json.loads(function.spec_json)["parameters"]]
    numbers = [one for one in positional if isinstance(one, Number)]
    shown = [f"{name}={number}" for name, number in zip(parameters, numbers, strict=False)]
    call = f"{function.name}({', '.join([*function.inputs, *shown])})"
    return InvalidTypeError(
        name="what comes by position",
        allowed=f"a column for each input, and parameters go by name: {call}",
        value=value,
        function=function.name,
    )
