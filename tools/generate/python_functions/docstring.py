"""What `help` says of a function."""

import json

from tools.generate.python_functions.example import example
from tools.generate.python_functions.options import options_of
from tools.generate.python_functions.published import Spec, function_of
from tools.generate.python_functions.words import camel, unit, words, wrap


def docstring(spec: Spec) -> list[str]:
    """Its lines, within the function."""
    paragraphs = [wrap(f'"""{spec["summary"]}').removeprefix('"""')]
    if spec["description"]:
        paragraphs.append(wrap(spec["description"]))
    if spec.get("keeps_rows"):
        kept = "Every row" if spec["kind"] == "reduction" else "Every row of a window"
        paragraphs.append(f"{kept} is kept: memory grows with the rows.")
    facts = [f"- `{column['name']}`: {column['summary']}{_given_as(column)}" for column in spec["inputs"]]
    facts += [f"- `{one['name']}`: {one['summary']}{_range(one)}" for one in spec["parameters"]]
    facts += _of_every_call(spec)
    paragraphs.append("\n".join(wrap(fact, "  ") for fact in facts))
    paragraphs.append(wrap(_returns(spec)))
    errors = ["INVALID_VALUE", "MISSING_COLUMN", "PARAMETER_OUT_OF_RANGE", *spec["errors"]]
    names = [f"{camel(error.lower())}Error" for error in dict.fromkeys(errors)]
    paragraphs.append(wrap(f"Raises {', '.join(names[:-1])} or {names[-1]}, and what `omega.call` raises."))
    if spec["references"]:
        paragraphs.append("\n".join(wrap(f"Source: {source}", "  ") for source in spec["references"]))
    paragraphs.append("\n".join(example(spec)))
    text = "\n\n".join(paragraphs).replace("\\", "\\\\")
    lines = f'"""{text}\n"""'.splitlines()
    return [f"    {line}" if line else "" for line in lines]


def _of_every_call(spec: Spec) -> list[str]:
    """What every call takes, beside what the function does."""
    name, inputs = function_of(spec), ", ".join(column["name"] for column in spec["inputs"])
    answers = "the answer is called" if len(spec["outputs"]) == 1 else "its outputs' names begin with"
    return [
        f"- `columns`: The inputs by position: `{name}({inputs})`, or their names after the data.",
        *(f"- `{one.name}`: {one.meaning.format(answers=answers)}" for one in options_of(spec)),
    ]


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
    if parameter["choices"]:
        return f" ({' or '.join(json.dumps(choice) for choice in parameter['choices'])})"
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
    said = [words(parameter["unit"]), *limits]
    return f" ({'; '.join(part for part in said if part)})" if any(said) else ""


def _returns(spec: Spec) -> str:
    outputs = spec["outputs"]
    if spec["kind"] == "rowwise":
        first = f" {spec['warm_up']}" if spec["warm_up"] else ""
        what = (
            "a column"
            if len(outputs) == 1
            else f"a table, or for NumPy and lists a `{camel(function_of(spec))}`,"
        )
        own = "`out`" if len(outputs) == 1 else "`out`, a tuple or dict of columns"
        return (
            f"Returns {what} as long as the data, in the library of the data{_listed(outputs)}; or {own} of "
            f"yours to write to.{first}"
        )
    if spec["kind"] == "reduction":
        what = (
            f"a float{unit(outputs[0])}, or None where it is undefined"
            if len(outputs) == 1
            else f"a `{camel(function_of(spec))}` of floats, None where undefined{_listed(outputs)}"
        )
        return f"Returns {what}; with `by`, a table of one row per group, or for NumPy and lists a dict."
    return (
        f"Returns a `{camel(function_of(spec))}`, a named tuple with a `summary()`: numbers, and columns and "
        "tables in the library of the data; with `by`, a mapping of them by group, with all groups' "
        "`parameters` as one table and all their `rows` as another."
    )


def _listed(outputs: list[Spec]) -> str:
    if len(outputs) == 1:
        return unit(outputs[0])
    return ": " + ", ".join(f"`{output['name']}`{unit(output)}" for output in outputs)
