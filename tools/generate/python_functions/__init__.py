"""Typed Python functions, one module per function module, written from the functions' own specs."""

from collections.abc import Iterator

from tools.generate import names
from tools.generate.files import Files, header, ruff
from tools.generate.python_functions.answers import answer, door, has_answer
from tools.generate.python_functions.published import (
    Spec,
    function_of,
    module_of,
    specs,
)
from tools.generate.python_functions.signature import function
from tools.generate.python_functions.words import camel

SOURCE = "the functions' specs"
#: The first sentence of a module's page, in the words of those who use it.
TITLES = {
    "ta": "Technical indicators, with TA-Lib's defaults and seeds: `omega.ta.rsi(bars, period=14)`.",
    "risk": "Risk and performance metrics of periodic returns: `omega.risk.sharpe_ratio(returns)`.",
    "volatility": "Volatility models, fitted in Julia: `omega.volatility.garch(returns)`.",
    "regimes": "Models of market regimes, fitted in Julia: `omega.regimes.hidden_markov(returns)`.",
    "simulation": "Seeded simulations, run in Julia: `omega.simulation.stationary_bootstrap(returns)`.",
}


def generate() -> Files:
    """`src/<module>.py` for every module."""
    modules: dict[str, list[Spec]] = {}
    published = specs()
    names.refuse(published)
    for spec in published:
        modules.setdefault(module_of(spec), []).append(spec)
    paths = {name: f"src/{name}.py" for name in modules}
    return {paths[name]: ruff(_module(name, specs), paths[name]) for name, specs in modules.items()}


def _module(name: str, specs: list[Spec]) -> str:
    answers = [spec for spec in specs if has_answer(spec)]
    models = [spec for spec in answers if door(spec) == "model"]
    literal = any(parameter["choices"] for spec in specs for parameter in spec["parameters"])
    lines = [
        f"# {header(SOURCE)}",
        f'"""{TITLES.get(name, f"Functions of the module `{name}`.")}"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Any, "
        + ("Literal, " if literal else "")
        + ("NamedTuple, " if answers else "")
        + "Never",
        "",
        "from omega import _rust",
        f"from omega.functions.call import {', '.join(_imports(specs))}",
        *(["from omega.functions.results import Result"] if models else []),
        "",
        "__all__ = [",
        *(f'    "{exported}",' for exported in sorted(_exports(specs))),
        "]",
        "",
        "",
        "def __dir__() -> list[str]:",
        '    """What an editor offers: what there is to call, and not what this module needs for it."""',
        "    return list(__all__)",
        "",
        "",
    ]
    for spec in answers:
        lines += answer(spec)
    for spec in specs:
        lines += function(spec)
    return "\n".join(lines)


def _imports(specs: list[Spec]) -> list[str]:
    many = any(column["many"] for spec in specs for column in spec["inputs"])
    return ["Column", *(["Columns"] if many else []), "Data", "Nulls", "run"]


def _exports(specs: list[Spec]) -> Iterator[str]:
    for spec in specs:
        yield function_of(spec)
        if has_answer(spec):
            yield camel(function_of(spec))
