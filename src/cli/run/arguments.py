"""What is to be computed: a function with its parameters from the command line, or features from a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import omega
from omega import _rust
from omega.shared.exceptions import FileUnreadableError, InvalidTypeError, OmegaError
from omega.shared.protocols import FunctionSpec

#: A feature by its name: its function, and what it is given.
Definitions = dict[str, tuple[str, dict[str, Any]]]


def is_features_file(named: str) -> bool:
    """Whether the argument is a file of features, and not a function."""
    return named.endswith((".json", ".toml"))


def given(spec: FunctionSpec, arguments: Sequence[str]) -> dict[str, Any]:
    """Parameters and columns by keyword, from `--period 14 --close "Adj Close"`.

    Raises InvalidTypeError for a text that is not of the parameter's type, and what the function says of a
    parameter that it does not take.
    """
    found: dict[str, Any] = {}
    inputs = {each.name: each for each in spec.inputs}
    parameters = {each.name: each for each in spec.parameters}
    for name, words in _pairs(arguments):
        if name in inputs:
            found[name] = words.split(",") if inputs[name].many else words
        else:
            found[name] = _value(name, parameters[name].type, words) if name in parameters else words
    chosen = {name: value for name, value in found.items() if name not in inputs}
    # Native code knows the parameters, and words the refusal.
    _rust.function(spec.name).warm_up_rows(chosen)
    return found


def _pairs(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values, from `--name value` and `--name=value`; dashes are as good as underscores."""
    left = iter(arguments)
    for argument in left:
        name, sign, words = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not name:
            raise InvalidTypeError(name="an argument", allowed="--PARAMETER value", value=argument)
        if not sign and (words := next(left, "")) == "":
            raise InvalidTypeError(name=argument, allowed="followed by a value", value="nothing")
        yield name.replace("-", "_"), words


def _value(name: str, kind: str, words: str) -> Any:
    """A parameter's value from a text. The function itself says whether it is in its range."""
    if kind == "bool":
        if words.lower() not in {"true", "false"}:
            raise InvalidTypeError(name=name, allowed="true or false", value=words)
        return words.lower() == "true"
    if kind in {"int", "float"}:
        try:
            return int(words) if kind == "int" else float(words)
        except ValueError:
            allowed = "a whole number" if kind == "int" else "a number"
            raise InvalidTypeError(name=name, allowed=allowed, value=words) from None
    return words


def features_in(path: str) -> Definitions:
    """The features of a JSON or TOML file, in the shapes that a `FeatureSet` takes or as tables of keywords.

    Raises FileUnreadableError, and InvalidTypeError for an entry that defines no feature.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
    except (OSError, ValueError) as fault:
        if isinstance(fault, OmegaError):
            raise
        reason = fault.strerror if isinstance(fault, OSError) else fault
        allowed = "a file of features, as in `rsi = {function = 'ta.rsi', period = 14}`"
        raise FileUnreadableError(path=path, reason=reason, allowed=allowed) from fault
    if not isinstance(found, dict):
        raise InvalidTypeError(name="the file", allowed="features by their names", value=type(found).__name__)
    return {name: _definition(name, entry) for name, entry in found.items()}


def _definition(name: str, entry: object) -> tuple[str, dict[str, Any]]:
    match entry:
        case str():
            return entry, {}
        case [str() as function, dict() as parameters]:
            return function, parameters
        case dict() if isinstance(entry.get("function"), str):
            rest = dict(entry)
            return rest.pop("function"), rest
    allowed = "a function's name, or one with its parameters under `function`"
    raise InvalidTypeError(name=f"the feature {name}", allowed=allowed, value=json.dumps(entry, default=str))


def number_columns(definitions: Definitions) -> dict[str, Any]:
    """The columns that features read as numbers, with their type, for formats that know none."""
    from omega.cli.files import require_pyarrow

    number, found = require_pyarrow("omega run").float64(), {}
    for function, parameters in definitions.values():
        for each in omega.spec(function).inputs:
            source = parameters.get(each.name, each.column)
            if each.type == "float64" and isinstance(source, str):
                found[source] = number
    return found
