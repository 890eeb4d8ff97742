"""Typed Python functions, one module per function module, written from the functions' own specs."""

import importlib.util
import inspect
import json
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tools.generate import names
from tools.generate.files import ROOT, Files, header, ruff
from tools.market_data import EXAMPLE, EXAMPLE_TIMES, series

Spec = dict[str, Any]

SOURCE = "the functions' specs"
#: The first sentence of a module's page, in the words of those who use it.
TITLES = {
    "ta": "Technical indicators, with TA-Lib's defaults and seeds: `omega.ta.rsi(bars, period=14)`.",
    "risk": "Risk and performance metrics of periodic returns: `omega.risk.sharpe_ratio(returns)`.",
    "volatility": "Volatility models, fitted in Julia: `omega.volatility.garch(returns)`.",
    "regimes": "Models of market regimes, fitted in Julia: `omega.regimes.hidden_markov(returns)`.",
    "simulation": "Seeded simulations, run in Julia: `omega.simulation.stationary_bootstrap(returns)`.",
}
TYPES = {"int": "int", "float": "float", "bool": "bool"}


def generate() -> Files:
    """`src/functions/<module>.py` for every module."""
    modules: dict[str, list[Spec]] = {}
    published = specs()
    names.refuse(published)
    for spec in published:
        modules.setdefault(module_of(spec), []).append(spec)
    paths = {name: f"src/functions/{name}.py" for name in modules}
    return {paths[name]: ruff(_module(name, specs), paths[name]) for name, specs in modules.items()}


def native() -> ModuleType:
    """The compiled module alone: the package around it may be what has to be generated first."""
    (path,) = (ROOT / "src").glob("_rust*.so")
    found = importlib.util.spec_from_file_location("omega._rust", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def specs() -> list[Spec]:
    """Rust's functions as the compiled module has them, and Julia's as its package published them."""
    rust = [spec for spec in json.loads(native().function_specs_json()) if spec["language"] == "rust"]
    julia = json.loads((ROOT / "src/schemas/julia_functions.json").read_text(encoding="utf-8"))
    return rust + [spec for spec in julia if module_of(spec) != "probe"]


def module_of(spec: Spec) -> str:
    """`ta` of `ta.rsi`."""
    return str(spec["name"].partition(".")[0])


def function_of(spec: Spec) -> str:
    """`rsi` of `ta.rsi`."""
    return str(spec["name"].partition(".")[2])


def _module(name: str, specs: list[Spec]) -> str:
    answers = [spec for spec in specs if _has_answer(spec)]
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
        lines += _answer(spec)
    for spec in specs:
        lines += _function(spec)
    return "\n".join(lines)


def _imports(specs: list[Spec]) -> list[str]:
    many = any(column["many"] for spec in specs for column in spec["inputs"])
    return ["Column", *(["Columns"] if many else []), "Data", "Nulls", "run"]


def _exports(specs: list[Spec]) -> Iterator[str]:
    for spec in specs:
        yield function_of(spec)
        if _has_answer(spec):
            yield _camel(function_of(spec))


def _has_answer(spec: Spec) -> bool:
    return len(spec["outputs"]) > 1 or _door(spec) == "model"


def _door(spec: Spec) -> str:
    return {"rowwise": "rowwise", "reduction": "reduction"}.get(spec["kind"], "model")


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _answer(spec: Spec) -> list[str]:
    """The named tuple of a function's outputs."""
    lines = [
        f"class {_camel(function_of(spec))}(NamedTuple):",
        f'    """What `{function_of(spec)}` returns."""',
        "",
    ]
    for output in spec["outputs"]:
        kind = "Any" if output["axes"] else "float | None"
        lines += [*_comment(output["summary"] + _unit(output)), f"    {output['name']}: {kind}"]
    return [*lines, "", ""]


def _comment(text: str) -> list[str]:
    return [f"    #: {line}" for line in textwrap.wrap(text, 100)]


def _unit(thing: Spec) -> str:
    return f" ({_words(thing['unit'])})" if thing["unit"] else ""


def _words(unit: str) -> str:
    """`price_change` as people read it."""
    return unit.replace("_", " ")


def _function(spec: Spec) -> list[str]:
    name = function_of(spec)
    handle = f"_{name.upper()}"
    columns = [
        f"    {column['name']}: {'Columns' if column['many'] else 'str | Column'} | None = None,"
        for column in spec["inputs"]
    ]
    parameters = [f"    {one['name']}: {_type(one)} = {_default(one)}," for one in spec["parameters"]]
    return [
        f'{handle} = _rust.function("{spec["name"]}")',
        "",
        "",
        f"def {name}(",
        "    data: Data | None = None,",
        "    /,",
        "    *columns: Column,",
        *columns,
        *parameters,
        '    nulls: Nulls = "skip",',
        "    by: str | Column | None = None,",
        "    name: str | None = None,",
        "    strict_zero_copy: bool = False,",
        *(["    out: Any = None,"] if _door(spec) == "rowwise" else []),
        "    **unknown: Never,",
        ") -> Any:",
        *_docstring(spec),
        "    return run(",
        f"        {handle},",
        "        data,",
        f"        ({''.join(column['name'] + ', ' for column in spec['inputs'])}),",
        f"        ({''.join(one['name'] + ', ' for one in spec['parameters'])}),",
        "        nulls,",
        "        by,",
        "        strict_zero_copy,",
        "        unknown,",
        "        columns,",
        "        name,",
        *(["        out,"] if _door(spec) == "rowwise" else []),
        "    )",
        "",
        "",
    ]


def _type(parameter: Spec) -> str:
    if parameter["choices"]:
        return f"Literal[{', '.join(json.dumps(choice) for choice in parameter['choices'])}]"
    return TYPES[parameter["type"]]


def _default(parameter: Spec) -> str:
    default = parameter["default"]
    if parameter["type"] == "float":
        return repr(float(default))
    return json.dumps(default) if isinstance(default, str) else repr(default)


def _docstring(spec: Spec) -> list[str]:
    paragraphs = [_wrap(f'"""{spec["summary"]}').removeprefix('"""')]
    if spec["description"]:
        paragraphs.append(_wrap(spec["description"]))
    if spec.get("keeps_rows"):
        kept = "Every row" if spec["kind"] == "reduction" else "Every row of a window"
        paragraphs.append(f"{kept} is kept: memory grows with the rows.")
    facts = [f"- `{column['name']}`: {column['summary']}{_given_as(column)}" for column in spec["inputs"]]
    facts += [f"- `{one['name']}`: {one['summary']}{_range(one)}" for one in spec["parameters"]]
    facts += _of_every_call(spec)
    paragraphs.append("\n".join(_wrap(fact, "  ") for fact in facts))
    paragraphs.append(_wrap(_returns(spec)))
    errors = ["INVALID_VALUE", "MISSING_COLUMN", "PARAMETER_OUT_OF_RANGE", *spec["errors"]]
    names = [f"{_camel(error.lower())}Error" for error in dict.fromkeys(errors)]
    paragraphs.append(_wrap(f"Raises {', '.join(names[:-1])} or {names[-1]}, and what `omega.call` raises."))
    if spec["references"]:
        paragraphs.append("\n".join(_wrap(f"Source: {source}", "  ") for source in spec["references"]))
    paragraphs.append("\n".join(_example(spec)))
    text = "\n\n".join(paragraphs).replace("\\", "\\\\")
    lines = f'"""{text}\n"""'.splitlines()
    return [f"    {line}" if line else "" for line in lines]


def _of_every_call(spec: Spec) -> list[str]:
    """What every call takes, beside what the function does."""
    name, inputs = function_of(spec), ", ".join(column["name"] for column in spec["inputs"])
    first = "what the answer is called" if len(spec["outputs"]) == 1 else "what its outputs' names begin with"
    return [
        f"- `columns`: The inputs by position: `{name}({inputs})`, or their names after the data.",
        '- `nulls`: "skip" leaves missing inputs out, "propagate" spreads them, "raise" raises.',
        "- `by`: The name of the column of groups in `data`, or that column; each group is computed alone.",
        f"- `name`: {first[0].upper()}{first[1:]}, so that answers join side by side.",
        "- `strict_zero_copy`: Whether data that would have to be copied is refused.",
        *(["- `out`: Memory of yours for the answer."] if _door(spec) == "rowwise" else []),
    ]


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(inspect.cleandoc(text), 104, subsequent_indent=indent, break_on_hyphens=False)


def _given_as(column: Spec) -> str:
    if not column["many"] and column["role"] == "column":
        return " A column, or its name in `data`."
    if column["role"] == "count":
        return (
            " Any series of numbers of rows: the whole part counts, "
            f"at least `{column['minimum']}` and at most `{column['maximum']}`."
        )
    if not column["many"]:
        return " Any series will do: a column, or the name of one in `data`."
    return (
        " Any number of columns: all numbers of a table but for `symbol`, `timestamp` and the column that "
        f"`by` names; those of `{column['name']}=[names]`; or a NumPy array of rows by columns."
    )


def _range(parameter: Spec) -> str:
    low, high = parameter["minimum"], parameter["maximum"]
    limits = []
    if low is not None:
        limits.append(f"{'above' if parameter['exclusive'] else 'at least'} {low:g}")
    if high is not None:
        limits.append(
            f"{'below' if parameter['exclusive'] else 'at most'} {high:,.0f}"
            if abs(high) >= 1e4
            else f"{'below' if parameter['exclusive'] else 'at most'} {high:g}"
        )
    if parameter["less_than"]:
        limits.append(f"less than `{parameter['less_than']}`")
    said = [_words(parameter["unit"]), *limits]
    return f" ({'; '.join(part for part in said if part)})" if any(said) else ""


def _returns(spec: Spec) -> str:
    outputs = spec["outputs"]
    if spec["kind"] == "rowwise":
        first = f" {spec['warm_up']}" if spec["warm_up"] else ""
        what = (
            "a column"
            if len(outputs) == 1
            else f"a table, or for NumPy and lists a `{_camel(function_of(spec))}`,"
        )
        own = "`out`" if len(outputs) == 1 else "`out`, a tuple or dict of columns"
        return (
            f"Returns {what} as long as the data, in the library of the data{_listed(outputs)}; or {own} of "
            f"yours to write to.{first}"
        )
    if spec["kind"] == "reduction":
        what = (
            f"a float{_unit(outputs[0])}, or None where it is undefined"
            if len(outputs) == 1
            else f"a `{_camel(function_of(spec))}` of floats, None where undefined{_listed(outputs)}"
        )
        return f"Returns {what}; with `by`, a table of one row per group, or for NumPy and lists a dict."
    return (
        f"Returns a `{_camel(function_of(spec))}`: numbers as floats, columns and tables in the library of "
        "the data; with `by`, a mapping of them by group, with all groups' `parameters` as one table and "
        "all their `rows` as another."
    )


def _listed(outputs: list[Spec]) -> str:
    if len(outputs) == 1:
        return _unit(outputs[0])
    return ": " + ", ".join(f"`{output['name']}`{_unit(output)}" for output in outputs)


def _example(spec: Spec) -> list[str]:
    """A call that runs as a test; its answer is what the function gave when this was generated.

    It is Omega's own answer: it shows what a call looks like, and notices a change, but that the number is
    right is for the reference vectors to say.
    """
    name = function_of(spec)
    if _door(spec) == "model":
        returns = "[0.01 * sin(row * row) for row in range(300)]"
        if any(column["many"] for column in spec["inputs"]):
            named = next(output["name"] for output in spec["outputs"] if output["axes"] == ["asset"])
            return [
                ">>> from math import sin",
                f'>>> answer = {name}({{"AAPL": {returns}, "MSFT": [0.0, 0.01] * 150}})',
                f">>> list(answer.{named})",
                "['AAPL', 'MSFT']",
            ]
        first = min(spec["outputs"], key=lambda output: bool(output["axes"]))  # a number, if there is one
        return [
            ">>> from math import sin",
            f">>> answer = {name}({returns})",
            f">>> answer.{first['name']} is not None",
            "True",
        ]
    given = {one["name"]: value for value, one in zip((2, 3, 2), _windows(spec), strict=False)}
    columns = {
        each["name"]: series(each["name"], spec["table"], EXAMPLE, each["role"]) for each in spec["inputs"]
    }
    times = {each["name"] for each in spec["inputs"] if each["type"].startswith("timestamp")}
    texts = {key: EXAMPLE_TIMES if key in times else repr(value) for key, value in columns.items()}
    answers = native().function(spec["name"]).run(None, tuple(columns.values()), given)
    keywords = [f"{key}={value}" for key, value in given.items()]
    if len(columns) == 1:
        ((column, values),) = columns.items()
        lines = [f">>> {column} = {values}"]
        shown = ", ".join([column, *keywords])
    else:
        table = "bars" if spec["table"] == "bars" else "data"
        lines = [f">>> {table} = {{{', '.join(f'{key!r}: {text}' for key, text in texts.items())}}}"]
        if len(lines[0]) > 100:
            lines = [f">>> {table} = {{"]
            lines += [f"...     {key!r}: {text}," for key, text in texts.items()]
            lines += ["... }"]
        if times:
            lines.insert(0, ">>> from datetime import UTC, datetime, timedelta")
        shown = ", ".join([table, *keywords])
    field = "" if len(answers) == 1 else f".{spec['outputs'][0]['name']}"
    if spec["kind"] == "reduction":
        if len(columns) == 1:
            lines, shown = [], ", ".join([str(values), *keywords])
        return [*lines, f">>> round({name}({shown}){field}, 6)", repr(round(answers[0], 6))]
    last = answers[0].to_pylist()[-1]
    return [*lines, f">>> round({name}({shown}){field}[-1], 6)", repr(round(last, 6))]


def _windows(spec: Spec) -> list[Spec]:
    return [one for one in spec["parameters"] if one["unit"] == "rows" and one["type"] == "int"]
