"""What there is to call, as data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from omega import _rust

if TYPE_CHECKING:
    from omega.shared.protocols import FunctionSpec


def functions() -> list[str]:
    """The names of all functions, in documentation order, whether or not Julia is there to run its own.

    >>> "ta.rsi" in functions()
    True
    """
    return _rust.function_names()


def spec(name: str) -> FunctionSpec:
    """All there is to know about a function: inputs, parameters, outputs, units, sources.

    Raises UnknownFunctionError, with the nearest name.

    >>> [parameter.name for parameter in spec("ta.rsi").parameters]
    ['period']
    """
    # A name that is no str goes to native code as it is, to be refused there.
    return _spec(name) if type(name) is str else _read(_rust.function(name))


@cache
def _spec(name: str) -> FunctionSpec:
    return _read(_rust.function(name))


def _read(function: _rust.Function) -> FunctionSpec:
    # Late: pydantic takes longer to import than all of Omega.
    from omega.shared.protocols import FunctionSpec

    return FunctionSpec.model_validate_json(function.spec_json)


def warm_up_rows(name: str, /, **parameters: object) -> int:
    """The number of rows before a function's first value.

    >>> warm_up_rows("ta.rsi", period=14)
    14
    """
    return _rust.function(name).warm_up_rows(parameters)
