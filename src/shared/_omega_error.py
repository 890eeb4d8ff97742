"""The root of all refusals, and one class per category; the leaves are generated in `exceptions.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ClassVar, Self

from omega.shared.error_codes import ErrorCode


class OmegaError(Exception):
    """A refusal with a code that is the same in every language.

    Catch a leaf (`ParameterOutOfRangeError`), a category (`ValidationError`), or the builtin that the leaf
    also is (`ValueError`). `str(error)` says what is wrong, the value in backticks, and what is allowed.
    """

    #: The number in the error table; a bare `int` only where a newer library knows more codes than Python.
    code: ErrorCode | int
    #: The message with its fields in braces.
    template: ClassVar[str] = ""
    #: Whether the same call may succeed later.
    retryable: ClassVar[bool] = False
    #: Who can mend it: caller, data, environment or bug.
    fault: ClassVar[str] = "bug"
    #: The named values of the message.
    fields: dict[str, str]
    #: The function that was called, as in `ta.rsi`, where one was.
    function: str | None
    _leaves: ClassVar[dict[int, type[OmegaError]]] = {}

    def __init__(self, message: object = "") -> None:
        self._say(message)

    def __init_subclass__(cls) -> None:
        """Remember each leaf under its number, and let it be made of a message alone as well.

        `type(error)(*error.args)` is how libraries that carry errors between threads and processes make them
        anew; then the message is all that is known.
        """
        super().__init_subclass__()
        if not isinstance(code := cls.__dict__.get("code"), ErrorCode):
            return
        OmegaError._leaves[code] = cls
        of_fields: Callable[..., None] = cls.__init__

        @wraps(of_fields)
        def of_fields_or_message(self: OmegaError, *message: object, **fields: object) -> None:
            if len(message) == 1 and not fields:
                self._say(message[0])
            else:
                of_fields(self, *message, **fields)

        cls.__init__ = of_fields_or_message  # type: ignore[method-assign]

    def _say(self, message: object) -> None:
        """Fill in a message of which the fields are not known."""
        self.fields = {}
        self.function = None
        self._message = str(message)
        self.args = (self._message,)
        if not hasattr(self, "code"):
            self.code = next((1000 * n for n, category in _CATEGORIES.items() if type(self) is category), 0)

    def _fill(self, fields: Mapping[str, object], function: str | None) -> None:
        self.fields = {name: str(value) for name, value in fields.items()}
        self.function = function
        self._message = render(self.template, self.fields)
        self.args = (self._message,)

    @classmethod
    def _restore(cls, code: int, fields: Mapping[str, str], function: str | None, message: str) -> Self:
        """An error as it was elsewhere, without the checks of the constructor."""
        # Not `cls.__new__`: the builtin that decides the memory layout must allocate, which is `__base__`.
        allocator: type[object] = cls.__base__ or object
        error = allocator.__new__(cls)
        error._fill(fields, function)
        error._message = message or error._message
        error.args = (error._message,)
        if "code" not in cls.__dict__:
            error.code = code
        return error

    def __str__(self) -> str:
        """The rendered message."""
        return self._message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by value, whatever the builtin among the bases would do."""
        return _restore, (type(self), int(self.code), self.fields, self.function, self._message)


class ValidationError(OmegaError):
    """What the caller passed is not what the function takes."""


class ComputationError(OmegaError):
    """The input was fine, and still there is no answer."""


class InputOutputError(OmegaError):
    """Something read or written is not what it should be."""


class InternalError(OmegaError):
    """Omega itself is at fault."""


class BoundaryError(OmegaError):
    """Something went wrong between two languages."""


class ResourceError(OmegaError):
    """The machine or the installation lacks something."""


_CATEGORIES: dict[int, type[OmegaError]] = {
    1: ValidationError,
    2: ComputationError,
    3: InputOutputError,
    4: InternalError,
    5: BoundaryError,
    6: ResourceError,
}


def render(template: str, fields: Mapping[str, str]) -> str:
    """The message of a template; a field that is absent shows as `?`, as in Rust and Julia.

    What stands in brackets is left out where a field in it is empty.

    >>> render("{name} must be {allowed}", {"name": "period"})
    'period must be ?'
    >>> render("no {name}[; the nearest is {nearest}]", {"name": "perid", "nearest": ""})
    'no perid'
    """

    def optional(part: re.Match[str]) -> str:
        names = re.findall(r"\{(\w+)\}", part[1])
        return "" if any(fields.get(name) == "" for name in names) else part[1]

    template = re.sub(r"\[([^\]]*)\]", optional, template)
    return re.sub(r"\{(\w+)\}", lambda match: fields.get(match[1], "?"), template)


def from_code(
    number: int, fields: Mapping[str, str], function: str | None = None, message: str | None = None
) -> OmegaError:
    """The exception for a number of the error table; for an unknown number, one of its category."""
    leaf = OmegaError._leaves.get(number)
    cls = leaf or _CATEGORIES.get(number // 1000, OmegaError)
    return cls._restore(number, fields, function or fields.get("function"), message or "")


def _restore(
    cls: type[OmegaError], code: int, fields: dict[str, str], function: str | None, message: str
) -> OmegaError:
    return cls._restore(code, fields, function, message)
