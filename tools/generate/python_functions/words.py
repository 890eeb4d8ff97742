"""Specs in words, as docstrings and comments say them."""

import inspect
import textwrap

from tools.generate.python_functions.published import Spec


def camel(name: str) -> str:
    """`HiddenMarkov` of `hidden_markov`."""
    return "".join(word.capitalize() for word in name.split("_"))


def unit(thing: Spec) -> str:
    """Its unit in brackets, if it has one."""
    return f" ({words(thing['unit'])})" if thing["unit"] else ""


def words(unit: str) -> str:
    """`price_change` as people read it."""
    return unit.replace("_", " ")


def wrap(text: str, indent: str = "") -> str:
    """Lines as wide as a docstring within a function may be."""
    return textwrap.fill(inspect.cleandoc(text), 104, subsequent_indent=indent, break_on_hyphens=False)
