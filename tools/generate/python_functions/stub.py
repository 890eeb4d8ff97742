"""What type checkers and editors read of a module: answers that follow the data.

Overloads of one function differ in the library alone. What none of them has to look at, the options of every
call, stands once, in `omega.functions.typed.options`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tools.generate.files import header
from tools.generate.python_functions.answers import answer_stub, door, exports, has_answer, is_generic
from tools.generate.python_functions.options import COMMON, options_of
from tools.generate.python_functions.published import Spec, function_of
from tools.generate.python_functions.signature import parameters_of
from tools.generate.python_functions.words import camel

SOURCE = "the functions' specs"


class Library(NamedTuple):
    """How the data of a library is told, and what it is answered with."""

    #: Aliases of `omega.functions.typed.given`: data and columns by position, and an input by keyword.
    data: str
    column: str
    #: A column of float64, and of anything else.
    floats: str
    others: str
    #: Several outputs; where a library has no tables, they come in a class of the function's own.
    table: str | None


EXPRESSION = Library("Expression", "ExpressionInput", "pl.Expr", "pl.Expr", "pl.Expr")
ARRAYS = Library("Arrays", "ArrayInput", "np.NDArray[np.float64]", "np.NDArray[Any]", None)
LISTS = Library("Lists", "ListInput", "list[float | None]", "list[Any]", None)
POLARS = Library("Polars", "PolarsInput", "pl.Series", "pl.Series", "pl.DataFrame")
PANDAS = Library("Pandas", "PandasInput", "pd.Series[float]", "pd.Series[Any]", "pd.DataFrame")
#: In the order of their overloads, on which the inputs that each takes depend.
LIBRARIES = (EXPRESSION, ARRAYS, LISTS, POLARS, PANDAS)
OTHER = Library("Other", "OtherInput", "Any", "Any", "Any")
ANYTHING = Library("Anything", "AnyInput", "Any", "Any", "Any")
#: What a stub may name, and where it comes from.
_SOURCES = {
    "np": "from omega.functions.typed import numpy as np",
    "pd": "from omega.functions.typed import pandas as pd",
    "pl": "from omega.functions.typed import polars as pl",
    **{name: f"from typing import {name}" for name in ("Any", "Generic", "Literal", "NamedTuple")},
    **{name: f"from typing import {name}" for name in ("Unpack", "overload")},
    **{name: f"from omega.functions.call import {name}" for name in ("Column", "Data", "Nulls")},
    **{name: f"from omega.functions.typed.given import {name}" for name in ("_Column", "_Out")},
    "Grouped": "from omega.functions.grouped import Grouped",
    "Result": "from omega.functions.results import Result",
    "Options": "from omega.functions.typed.options import Options",
    "UngroupedOptions": "from omega.functions.typed.options import UngroupedOptions",
    **{
        name: f"from omega.functions.typed.given import {name}"
        for library in (*LIBRARIES, OTHER, ANYTHING)
        for name in (library.data, library.column)
    },
}


def stub(specs: list[Spec]) -> str:
    """A module's stub, before it is laid out."""
    lines = [f"__all__ = {sorted(exports(specs))!r}", ""]
    for spec in specs:
        if has_answer(spec):
            lines += answer_stub(spec)
    for spec in specs:
        lines += _overloads(spec)
    words = set(re.findall(r"\w+", "\n".join(lines)))
    imports = dict.fromkeys(line for word, line in _SOURCES.items() if word in words)
    return "\n".join([f"# {header(SOURCE)}", "", *imports, "", *lines])


class Overload(NamedTuple):
    """One way to call a function."""

    library: Library
    answer: str
    #: What decides beside the library, as parameters.
    decides: str = ""
    #: Whether inputs come by position after the first. Apart from the rest, because mypy cannot hand on a
    #: function with places after the data: it would refuse `pool.submit(omega.ta.rsi, close, period=14)`.
    by_position: bool = False


def _overloads(spec: Spec) -> Iterator[str]:
    first, *others = spec["inputs"]
    for each in _calls(spec):
        inputs = [f"{one['name']}: AnyInput = None" for one in others]
        if each.by_position:
            places = [f"column_{place}: Anything = ..." for place in range(2, len(spec["inputs"]) + 1)]
            given = [f"data: {each.library.data}", "column_1: Anything", *places, "/"]
        else:
            given = [f"data: {each.library.data} | None = None", "/"]
            column = "AnyInput" if first["many"] else each.library.column
            inputs.insert(0, f"{first['name']}: {column} = None")
        keywords = [*inputs, *parameters_of(spec), *filter(None, [each.decides]), *_own(spec)]
        options = "UngroupedOptions" if each.decides.startswith("by:") else "Options"
        taken = [*given, *(["*", *keywords] if keywords else []), f"**options: Unpack[{options}]"]
        yield "@overload"
        yield f"def {function_of(spec)}({', '.join(taken)}) -> {each.answer}: ..."


def _calls(spec: Spec) -> Iterator[Overload]:
    """In the order in which they are tried."""
    name, several = camel(function_of(spec)), len(spec["inputs"]) > 1
    if door(spec) == "rowwise":
        for by_position in (False, True):
            # Columns by position of a function of one input are a name after the data, and rare.
            libraries = LIBRARIES if several or not by_position else ()
            yield from (Overload(each, _columns(spec, each), "", by_position) for each in libraries)
            yield Overload(ANYTHING, "_Out", "out: _Out", by_position)
            yield Overload(OTHER if libraries else ANYTHING, "Any", "out: None = None", by_position)
        return
    grouped, alone = "by: Anything", "by: None = ..."
    number = name if has_answer(spec) else _number(spec)
    if door(spec) == "reduction":
        yield Overload(EXPRESSION, "pl.Expr")
        # Before those with `by`: it is what is meant where a function is handed on, as in `map`.
        yield Overload(ANYTHING, number, alone)
        for library in (ARRAYS, LISTS, POLARS, PANDAS):
            yield Overload(library, library.table or f"dict[Any, {number}]", grouped)
        yield Overload(OTHER, "Any", grouped)
        yield Overload(ANYTHING, "Any", grouped, by_position=True)
    else:
        yield Overload(ANYTHING, number, alone)
        yield Overload(ANYTHING, f"Grouped[{name}]", grouped)
        yield Overload(ANYTHING, f"Grouped[{name}]", grouped, by_position=True)
    yield Overload(ANYTHING, number, alone, by_position=True)


def _own(spec: Spec) -> list[str]:
    """Options that only some functions have; `by` and `out` are part of the overloads."""
    return [
        f"{option.name}: {option.type} = ..."
        for option in options_of(spec)
        if option not in COMMON and option.name not in {"by", "out"}
    ]


def _columns(spec: Spec, library: Library) -> str:
    """A column for one output, and a table or the function's own class for several."""
    columns = [library.floats if one["type"] == "float64" else library.others for one in spec["outputs"]]
    if len(columns) == 1:
        return columns[0]
    if library.table:
        return library.table
    own = camel(function_of(spec))
    return f"{own}[{library.floats}]" if is_generic(spec) else own


def _number(spec: Spec) -> str:
    return {"float64": "float", "int64": "int", "bool": "bool"}[spec["outputs"][0]["type"]] + " | None"
