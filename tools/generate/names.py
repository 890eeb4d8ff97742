"""Names that a generated module cannot say, or that would hide something of its own: refused at the spec."""

import builtins
import keyword
from collections.abc import Iterator
from typing import Any

from tools.generate.python_functions.options import OPTIONS

#: What every generated function takes or uses beside its columns and parameters.
OF_THE_CALL = {"columns", "data", "run", "unknown"} | {option.name for option in OPTIONS}
#: What the package holds beside the modules of functions.
OF_THE_PACKAGE = {"cli", "data", "functions", "julia_modules", "rust_modules", "schemas", "shared"}
#: What every tuple has, so that a named one cannot have it for another purpose.
OF_TUPLES = {"count", "index"}
KEYWORDS = set(keyword.kwlist)
BUILTINS = {name for name in dir(builtins) if name.islower() and not name.startswith("_")}


def refuse(specs: list[dict[str, Any]]) -> None:
    """End with the names that a spec cannot give, each with what it is of."""
    wrong = [found for spec in specs for found in forbidden(spec)]
    if wrong:
        raise SystemExit("\n".join(wrong))


def forbidden(spec: dict[str, Any]) -> Iterator[str]:
    """One sentence per name. A column may be called like a builtin, as `open` is: its table says how."""
    module, _, function = spec["name"].partition(".")
    named = [("module", module, KEYWORDS | OF_THE_PACKAGE)]
    named += [("name", function, KEYWORDS | BUILTINS | OF_THE_CALL)]
    named += [("input", one["name"], KEYWORDS | OF_THE_CALL) for one in spec["inputs"]]
    named += [("parameter", one["name"], KEYWORDS | BUILTINS | OF_THE_CALL) for one in spec["parameters"]]
    named += [("output", one["name"], KEYWORDS | BUILTINS | OF_TUPLES) for one in spec["outputs"]]
    for what, name, names in named:
        if name in names:
            yield f"{spec['name']}: the {what} `{name}` must be a name that Python does not use otherwise"
