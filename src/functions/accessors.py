"""What `frame.omega` and `pl.col("close").omega` are: Omega's functions, of what stands before the dot."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import takewhile
from numbers import Number
from types import MethodType
from typing import Any

from omega import _rust
from omega.shared.exceptions import InvalidTypeError, UnknownFunctionError

_RULE = """\
As `x.omega.{name}` the data is `x`. By position come columns for the inputs that are left, or their names,
and then numbers for the parameters in their order; all else goes by keyword."""


class Accessor:
    """Omega's functions of one object: `frame.omega.rsi(14)` is `omega.ta.rsi(frame, period=14)`.

    A function is found by its name, where one module alone has it, and always by its module:
    `frame.omega.ta.rsi(14)`. By position come columns for the inputs that are left, or the names of columns,
    and then numbers for the parameters in their order: `pl.col("high").omega.atr("low", "close", 14)`.
    """

    __slots__ = ("_data", "_module")

    def __init__(self, data: Any, module: str | None = None) -> None:
        self._data = data
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._module is not None:
            return self._method(f"{self._module}.{name}", name)
        if name in _modules():
            return Accessor(self._data, name)
        having = _having(name)
        if len(having) > 1:
            said = f"several modules have a function `{name}`: {', '.join(having)}"
            raise AttributeError(said, name=name, obj=self)
        return self._method(having[0] if having else name, name)

    def __call__(self, *given: Any, **keywords: Any) -> Any:
        """The function that is called as this module is: `returns.omega.volatility()` is that of `risk`.

        Raises UnknownFunctionError where there is none, or where several modules have one.
        """
        name = self._module or "omega"
        having = _having(name)
        if len(having) != 1:
            raise UnknownFunctionError(name=name, nearest=", ".join(having))
        return self._method(having[0], name)(*given, **keywords)

    def __dir__(self) -> list[str]:
        """What an editor offers: functions, and modules of them."""
        if self._module is not None:
            return sorted(name for module, name in _names() if module == self._module)
        return sorted({*_modules(), *(name for _, name in _names() if len(_having(name)) == 1)})

    def __repr__(self) -> str:
        kind = type(self._data)
        module = f"{self._module} of a" if self._module else "a"
        return (
            f"<omega: {module} {kind.__module__.partition('.')[0]}.{kind.__name__}: {', '.join(dir(self))}>"
        )

    def _method(self, full: str, name: str) -> MethodType:
        try:
            return MethodType(_method(full), self)
        except UnknownFunctionError as unknown:
            # With these the interpreter suggests what was probably meant.
            raise AttributeError(str(unknown), name=name, obj=self) from None


@cache
def _names() -> list[tuple[str, str]]:
    """Every function: its module, and its name there."""
    return [(module, name) for module, _, name in (each.partition(".") for each in _rust.function_names())]


@cache
def _modules() -> frozenset[str]:
    return frozenset(module for module, _ in _names())


@cache
def _having(name: str) -> list[str]:
    """The functions of this name, one for each module that has it."""
    return [f"{module}.{own}" for module, own in _names() if own == name]


@cache
def _method(full: str) -> Callable[..., Any]:
    """A function as a method of accessors, with its help and signature. Raises UnknownFunctionError."""
    import inspect

    function = _rust.function(full)
    parameters = [parameter["name"] for parameter in json.loads(function.spec_json)["parameters"]]
    module, _, name = full.partition(".")
    typed: Callable[..., Any] = getattr(import_module(f"omega.{module}"), name)

    def method(self: Accessor, *given: Any, **keywords: Any) -> Any:
        columns = list(takewhile(lambda one: not isinstance(one, Number), given))
        numbers = given[len(columns) :]
        named = dict(zip(parameters, numbers, strict=False))
        is_clear = all(isinstance(one, Number) for one in numbers) and not named.keys() & keywords.keys()
        if len(named) < len(numbers) or not is_clear:
            raise _refusal(function, parameters, given)
        return typed(self._data, *columns, **named, **keywords)

    method.__name__, method.__qualname__, method.__module__ = name, f"Accessor.{name}", typed.__module__
    method.__doc__ = f"{inspect.getdoc(typed)}\n\n{_RULE.format(name=name)}"
    method.__signature__ = _signature(inspect.signature(typed), parameters)  # type: ignore[attr-defined]
    return method


def _signature(typed: Any, parameters: list[str]) -> Any:
    """What a method takes: parameters by position or keyword, columns and options by keyword."""
    from inspect import Parameter

    this = Parameter("self", Parameter.POSITIONAL_ONLY)
    own = [typed.parameters[name].replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for name in parameters]
    others = [
        one
        for one in typed.parameters.values()
        if one.kind is Parameter.KEYWORD_ONLY and one.name not in parameters
    ]
    return typed.replace(parameters=[this, *own, *others])


def _refusal(function: _rust.Function, parameters: list[str], given: tuple[Any, ...]) -> InvalidTypeError:
    call = f"omega.{function.name.partition('.')[2]}({', '.join([*function.inputs[1:], *parameters])})"
    return InvalidTypeError(
        name="what comes by position",
        allowed=f"columns, then a number for each parameter that has no keyword, as in {call}",
        value=", ".join(str(one) if isinstance(one, Number) else type(one).__name__ for one in given),
        function=function.name,
    )
