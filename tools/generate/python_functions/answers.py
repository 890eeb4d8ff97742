"""The classes that several outputs come in."""

import textwrap
from collections.abc import Iterator

from tools.generate.python_functions.published import Spec, function_of
from tools.generate.python_functions.words import camel, unit, words, wrap


def has_answer(spec: Spec) -> bool:
    """Whether its answers come in a class of their own."""
    return len(spec["outputs"]) > 1 or door(spec) == "model"


def door(spec: Spec) -> str:
    """Its kind, of which simulations and models are answered alike."""
    return {"rowwise": "rowwise", "reduction": "reduction"}.get(spec["kind"], "model")


def is_generic(spec: Spec) -> bool:
    """Whether it holds columns of one kind, whose type follows the library of the data."""
    return door(spec) == "rowwise" and {output["type"] for output in spec["outputs"]} == {"float64"}


def exports(specs: list[Spec]) -> Iterator[str]:
    """The names that a module of these functions shows."""
    for spec in specs:
        yield function_of(spec)
        if has_answer(spec):
            yield camel(function_of(spec))


def answer(spec: Spec) -> list[str]:
    """The class of a function's outputs; of a model, the one that knows what they are."""
    if door(spec) == "model":
        return _result(spec)
    lines = [*_head(spec), f'    """What `{function_of(spec)}` returns."""', ""]
    for output, field in zip(spec["outputs"], _fields(spec), strict=True):
        lines += [*_comment(output["summary"] + unit(output)), field]
    return [*lines, "", ""]


def answer_stub(spec: Spec) -> list[str]:
    """The same for a stub, which has no words."""
    if door(spec) == "model":
        return [*_fields_of_result(spec), *_result_of(spec), "    __slots__ = ()", ""]
    return [*_head(spec), *_fields(spec), ""]


def _head(spec: Spec) -> list[str]:
    bases = "NamedTuple, Generic[_Column]" if is_generic(spec) else "NamedTuple"
    return [f"class {camel(function_of(spec))}({bases}):"]


def _fields(spec: Spec) -> list[str]:
    return [f"    {output['name']}: {field_type(output, spec)}" for output in spec["outputs"]]


def field_type(output: Spec, spec: Spec) -> str:
    """What an output is in Python: a number or None, or a column or table of some library."""
    if output["axes"]:
        return "_Column" if is_generic(spec) else "Any"
    return f"{NUMBERS[output['type']]} | None"


#: The Python type of a number of an Arrow type.
NUMBERS = {"float64": "float", "int64": "int", "bool": "bool"}


def _result(spec: Spec) -> list[str]:
    """A model's answer: its fields, and the class that says what each is and which function they are of."""
    name = function_of(spec)
    text = [f'"""The answer of `{name}`: `summary()` shows it in tables, `to_dict()` as plain Python.', ""]
    for output in spec["outputs"]:
        said = f"- `{output['name']}`: {output['summary']}{_unit_and_axes(output)}"
        text += wrap(said, "  ").splitlines()
    return [
        *_fields_of_result(spec),
        "",
        "",
        *_result_of(spec),
        *(f"    {line}" if line else "" for line in [*text, '"""']),
        "",
        "    __slots__ = ()",
        "",
        "",
    ]


def _fields_of_result(spec: Spec) -> list[str]:
    return [f"class _{camel(function_of(spec))}Fields(NamedTuple):", *_fields(spec)]


def _result_of(spec: Spec) -> list[str]:
    name = camel(function_of(spec))
    return [f'class {name}(Result, _{name}Fields, function="{spec["name"]}"):']


def _unit_and_axes(output: Spec) -> str:
    """In brackets, what it is counted in and what it runs along, as far as there is something to say."""
    along = " and ".join(words(axis) for axis in output["axes"])
    said = [words(output["unit"]), f"by {along}" if along else ""]
    return f" ({'; '.join(filter(None, said))})" if any(said) else ""


def _comment(text: str) -> list[str]:
    return [f"    #: {line}" for line in textwrap.wrap(text, 100)]
