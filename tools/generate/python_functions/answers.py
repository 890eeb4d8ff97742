"""The classes that several outputs come in."""

import textwrap

from tools.generate.python_functions.published import Spec, function_of
from tools.generate.python_functions.words import camel, unit


def has_answer(spec: Spec) -> bool:
    """Whether its answers come in a class of their own."""
    return len(spec["outputs"]) > 1 or door(spec) == "model"


def door(spec: Spec) -> str:
    """Its kind, of which simulations and models are answered alike."""
    return {"rowwise": "rowwise", "reduction": "reduction"}.get(spec["kind"], "model")


def answer(spec: Spec) -> list[str]:
    """The named tuple of a function's outputs."""
    lines = [
        f"class {camel(function_of(spec))}(NamedTuple):",
        f'    """What `{function_of(spec)}` returns."""',
        "",
    ]
    for output in spec["outputs"]:
        kind = "Any" if output["axes"] else "float | None"
        lines += [*_comment(output["summary"] + unit(output)), f"    {output['name']}: {kind}"]
    return [*lines, "", ""]


def _comment(text: str) -> list[str]:
    return [f"    #: {line}" for line in textwrap.wrap(text, 100)]
