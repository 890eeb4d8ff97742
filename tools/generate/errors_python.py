"""Error codes and exception classes in Python."""

from tools.generate.error_table import CATEGORIES, SOURCE, Code, load
from tools.generate.files import Files, header, ruff

CODES = "src/shared/error_codes.py"
EXCEPTIONS = "src/shared/exceptions.py"


def generate() -> Files:
    """`omega.shared.error_codes` and `omega.shared.exceptions`."""
    codes = load()
    return {CODES: ruff(_codes(codes), CODES), EXCEPTIONS: ruff(_exceptions(codes), EXCEPTIONS)}


def category_class(category: str) -> str:
    """validation as ValidationError."""
    return {"resources": "ResourceError"}.get(
        category, "".join(word.capitalize() for word in category.split("_")) + "Error"
    )


def class_name(code: Code) -> str:
    """PARAMETER_OUT_OF_RANGE as ParameterOutOfRangeError, but no name of a category or of Python's own."""
    special = {"INTERNAL": "UnexpectedInternalError", "INTERRUPTED": "CallInterruptedError"}
    return special.get(code.name, code.camel + "Error")


def _codes(codes: list[Code]) -> str:
    members = "\n".join(f"    {code.name} = {code.number}" for code in codes)
    return f'''# {header(SOURCE)}
"""The number of every error; a number never changes its meaning."""

from enum import IntEnum

__all__ = ["ErrorCode"]


class ErrorCode(IntEnum):
    """A code of the one error table, equal in Python, Rust and Julia."""

{members}
'''


def _exceptions(codes: list[Code]) -> str:
    used = [category for category in CATEGORIES if any(code.category == category for code in codes)]
    names = ["OmegaError", "from_code", *map(category_class, used), *map(class_name, codes)]
    exported = "\n".join(f'    "{name}",' for name in sorted(names))
    base = "\n".join(
        f"    {name}," for name in sorted(["OmegaError", "from_code", *map(category_class, used)])
    )
    return f'''# {header(SOURCE)}
# ruff: noqa: E501  a message is one line, however long.
"""Every way in which a call can be refused.

    OmegaError
{_tree(codes, used)}

Each class also inherits the builtin in brackets, so that ordinary `except` clauses work.
"""

from typing import ClassVar

from omega.shared._omega_error import (
{base}
)
from omega.shared.error_codes import ErrorCode

__all__ = [
{exported}
]
{"".join(map(_class, codes))}'''


def _tree(codes: list[Code], used: list[str]) -> str:
    lines = []
    for category in used:
        last = category == used[-1]
        lines.append(f"    {'└' if last else '├'}── {category_class(category)}")
        stem = "    " if last else "│   "
        members = [code for code in codes if code.category == category]
        for code in members:
            branch = "└" if code is members[-1] else "├"
            lines.append(f"    {stem}{branch}── {class_name(code)} ({code.python_base})  {code.number}")
    return "\n".join(lines)


def _class(code: Code) -> str:
    arguments = ", ".join(f"{field}: object" for field in code.fields)
    if "function" not in code.fields:
        arguments += ", function: str | None = None"
    fields = ", ".join(f'"{field}": {field}' for field in code.fields)
    function = "str(function)" if "function" in code.fields else "function"
    bases = f"{category_class(code.category)}, {code.python_base}"
    return f'''

class {class_name(code)}({bases}):
    """{code.message}"""

    code: ErrorCode = ErrorCode.{code.name}
    template: ClassVar[str] = "{code.message}"
    retryable: ClassVar[bool] = {code.retryable}
    fault: ClassVar[str] = "{code.fault}"

    def __init__(self, *, {arguments}) -> None:
        self._fill({{{fields}}}, {function})
'''
