"""What there is to call, as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from omega import _rust
from omega.shared.exceptions import InvalidTypeError, ParameterOutOfRangeError

if TYPE_CHECKING:
    from omega.functions.names import FunctionName, GroupName, ModuleName
    from omega.shared.protocols import FunctionSpec

Kind = Literal["rowwise", "reduction", "model", "simulation"]
Language = Literal["rust", "julia"]


class Functions(list[str]):
    """Names of functions; shown with what each is."""

    __slots__ = ()

    def __repr__(self) -> str:
        """A line for each function: its name and its summary."""
        if not self:
            return "[]"
        from omega.shared import _text_tables

        return "\n".join(_text_tables.aligned(self._rows(), left=2))

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        from omega.shared import _text_tables

        return _text_tables.html(self._rows(), left=2)

    def _rows(self) -> list[tuple[str, str]]:
        return [(name, str(_facts(name)["summary"])) for name in self]


def functions(
    module: ModuleName | str | None = None,
    /,
    *,
    kind: Kind | None = None,
    group: GroupName | str | None = None,
    language: Language | None = None,
) -> Functions:
    """The names of all functions, in documentation order, whether or not Julia is there to run its own.

    Those of one `module`, `kind`, `group` or `language` where it is given.

    Raises ParameterOutOfRangeError for what no function has, with what there is.

    >>> "ta.rsi" in functions()
    True
    >>> functions(kind="simulation")[0]
    'simulation.stationary_bootstrap'
    """
    names = _rust.function_names()
    for what, asked in (("module", module), ("kind", kind), ("group", group), ("language", language)):
        if asked is not None:
            names = _having(names, what, asked)
    return Functions(names)


def _having(names: list[str], what: str, asked: str) -> list[str]:
    if not isinstance(asked, str):
        raise InvalidTypeError(name=what, allowed="a text", value=type(asked).__name__)
    # Of all functions, not of those that are left: a group of another module is a group.
    known = list(dict.fromkeys(_facts(name)[what] for name in _rust.function_names()))
    if asked not in known:
        allowed = "one of " + ", ".join(each for each in known if each)
        raise ParameterOutOfRangeError(name=what, allowed=allowed, value=asked)
    return [name for name in names if _facts(name)[what] == asked]


@cache
def _facts(name: str) -> dict[str, str]:
    """What a function is found by, read without pydantic, which would take longer than all the rest."""
    found = json.loads(_rust.function(name).spec_json)
    return {
        "module": name.partition(".")[0],
        **{key: found[key] for key in ("kind", "group", "language", "summary")},
    }


def spec(name: FunctionName | str | Callable[..., Any]) -> FunctionSpec:
    """All there is to know about a function: inputs, parameters, outputs, units, sources.

    `name` is that of the function, or the function itself: `omega.ta.rsi`.

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


def warm_up_rows(name: FunctionName | str | Callable[..., Any], /, **parameters: object) -> int:
    """The number of rows before a function's first value; the function by name, or itself.

    >>> warm_up_rows("ta.rsi", period=14)
    14
    """
    return _rust.function(name).warm_up_rows(parameters)
