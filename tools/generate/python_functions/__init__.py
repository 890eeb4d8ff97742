"""Typed Python functions, one module per function module, written from the functions' own specs."""

import re

from tools.generate import names
from tools.generate.files import Files, header, ruff
from tools.generate.python_functions.answers import answer, door, exports, has_answer, is_generic
from tools.generate.python_functions.listed import listed, typed_options
from tools.generate.python_functions.published import Spec, module_of, specs
from tools.generate.python_functions.signature import function
from tools.generate.python_functions.stub import stub

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
    """For every module `src/<module>.py` and its stub, and what the stubs have in common."""
    published = specs()
    names.refuse(published)
    modules: dict[str, list[Spec]] = {}
    for spec in published:
        modules.setdefault(module_of(spec), []).append(spec)
    files = {"src/functions/names.py": listed(published), "src/functions/typed/options.pyi": typed_options()}
    for name, own in modules.items():
        files |= {f"src/{name}.py": _module(name, own), f"src/{name}.pyi": stub(own)}
    return {path: ruff(text, path) for path, text in files.items()}


def _module(name: str, specs: list[Spec]) -> str:
    answers = [spec for spec in specs if has_answer(spec)]
    models = [spec for spec in answers if door(spec) == "model"]
    generic = any(map(is_generic, answers))
    classes = [line for spec in answers for line in answer(spec)]
    words = set(re.findall(r"\w+", " ".join(line for line in classes if not line.lstrip().startswith("#"))))
    typing = [each for each in ("Any", "Generic", "NamedTuple", "TypeVar") if each in words]
    typing += ["TypeVar"] if "Generic" in words else []
    lines = [
        f"# {header(SOURCE)}",
        f'"""{TITLES.get(name, f"Functions of the module `{name}`.")}"""',
        "",
        *([f"from typing import {', '.join(typing)}", ""] if answers else []),
        "from omega import _rust",
        "from omega.functions.call import run",
        "from omega.functions.lookup import not_there",
        *(["from omega.functions.results import Result"] if models else []),
        "",
        "__all__ = [",
        *(f'    "{exported}",' for exported in sorted(exports(specs))),
        "]",
        "",
        *(["#: A column of the library of the data.", '_Column = TypeVar("_Column")', ""] if generic else []),
        "",
        "def __dir__():",
        '    """What an editor offers: what there is to call, and not what this module needs for it."""',
        "    return [name for name in __all__ if name.islower()]",
        "",
        "",
        "def __getattr__(name):",
        '    """Say what was probably meant."""',
        "    raise not_there(__name__, name)",
        "",
        "",
    ]
    lines += classes
    for spec in specs:
        lines += function(spec)
    return "\n".join(lines)
