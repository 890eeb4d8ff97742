"""The classes that several outputs come in."""

import textwrap

from tools.generate.python_functions.published import Spec, function_of
from tools.generate.python_functions.words import camel, unit, words, wrap


def has_answer(spec: Spec) -> bool:
    """Whether its answers come in a class of their own."""
    return len(spec["outputs"]) > 1 or door(spec) == "model"


def door(spec: Spec) -> str:
    """Its kind, of which simulations and models are answered alike."""
    return {"rowwise": "rowwise", "reduction": "reduction"}.get(spec["kind"], "model")


def answer(spec: Spec) -> list[str]:
    """The named tuple of a function's outputs; of a model, the class that knows what they are."""
    if door(spec) == "model":
        return _result(spec)
    lines = [
        f"class {camel(function_of(spec))}(NamedTuple):",
        f'    """What `{function_of(spec)}` returns."""',
        "",
    ]
    for output in spec["outputs"]:
        lines += [*_comment(output["summary"] + unit(output)), f"    {output['name']}: {field_type(output)}"]
    return [*lines, "", ""]


def field_type(output: Spec) -> str:
    """What an output is in Python: a number or None, or a column or table of any library."""
    return "Any" if output["axes"] else f"{NUMBERS[output['type']]} | None"


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
        f"class _{camel(name)}Fields(NamedTuple):",
        *(f"    {output['name']}: {field_type(output)}" for output in spec["outputs"]),
        "",
        "",
        f'class {camel(name)}(Result, _{camel(name)}Fields, function="{spec["name"]}"):',
        *(f"    {line}" if line else "" for line in [*text, '"""']),
        "",
        "    __slots__ = ()",
        "",
        "",
    ]


def _unit_and_axes(output: Spec) -> str:
    """In brackets, what it is counted in and what it runs along, as far as there is something to say."""
    along = " and ".join(words(axis) for axis in output["axes"])
    said = [words(output["unit"]), f"by {along}" if along else ""]
    return f" ({'; '.join(filter(None, said))})" if any(said) else ""


def _comment(text: str) -> list[str]:
    return [f"    #: {line}" for line in textwrap.wrap(text, 100)]
