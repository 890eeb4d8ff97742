"""What all modules have in common, as type checkers and editors know it: names, and options of every call."""

import re
from collections.abc import Iterator

from tools.generate.files import header
from tools.generate.python_functions.answers import door
from tools.generate.python_functions.options import COMMON
from tools.generate.python_functions.published import Spec, module_of

SOURCE = "the functions' specs"


def listed(specs: list[Spec]) -> str:
    """`src/functions/names.py`, before it is laid out."""
    kinds: dict[str, list[str]] = {"Rowwise": [], "Reduction": [], "Model": []}
    for spec in specs:
        kinds[door(spec).capitalize()].append(spec["name"])
    modules = dict.fromkeys(map(module_of, specs))
    groups = dict.fromkeys(spec["group"] for spec in specs if spec["group"])
    aliases = {
        "ModuleName": ("The modules of functions.", [*modules]),
        "GroupName": ("What functions of one module are kept by.", [*groups]),
        "RowwiseName": ("What answers row by row, and live: `omega.stream`.", kinds["Rowwise"]),
        "ReductionName": ("What answers with a number: `omega.accumulate`.", kinds["Reduction"]),
        "ModelName": ("Models and simulations.", kinds["Model"]),
    }
    names = sorted([*aliases, "FunctionName"])
    lines = [
        f"# {header(SOURCE)}",
        '"""The names of all functions, for type checkers and editors."""',
        "",
        "from typing import Literal, TypeAlias",
        "",
        f"__all__ = {names!r}",
        "",
    ]
    for alias, (words, values) in aliases.items():
        lines += [f"#: {words}", f"{alias}: TypeAlias = Literal[{', '.join(f'{one!r}' for one in values)},]"]
    lines += ["#: All of them.", "FunctionName: TypeAlias = RowwiseName | ReductionName | ModelName"]
    return "\n".join(lines)


def typed_options() -> str:
    """`src/functions/typed/options.pyi`, before it is laid out."""
    fields = [
        "# All but `by`, which changes what comes back.",
        "class UngroupedOptions(TypedDict, total=False):",
        *_fields(by=False),
        "",
        "class Options(UngroupedOptions, total=False):",
        *_fields(by=True),
    ]
    words = set(re.findall(r"\w+", "\n".join(option.type for option in COMMON)))
    typing = [*sorted(words & {"Any", "Literal"}), "TypedDict"]
    own = sorted(words & {"Column", "Data", "Nulls"})
    lines = [
        f"# {header('the table of options')}",
        "# What every call takes beside columns and parameters.",
        "",
        f"from typing import {', '.join(typing)}",
        "",
        f"from omega.functions.call import {', '.join(own)}",
        "",
        *fields,
    ]
    return "\n".join(lines)


def _fields(*, by: bool) -> Iterator[str]:
    """The options, each with its meaning, which an editor shows beside it: `by` alone, or all the others."""
    for option in COMMON:
        if (option.name == "by") is by:
            yield f"    {option.name}: {option.type}"
            yield f'    """{option.meaning.format(answers="the answer is called")}"""'
