"""A call that runs as a test."""

from tools.generate.python_functions.answers import door
from tools.generate.python_functions.published import Spec, function_of, native
from tools.market_data import EXAMPLE, EXAMPLE_TIMES, series


def example(spec: Spec) -> list[str]:
    """A call that runs as a test; its answer is what the function gave when this was generated.

    It is Omega's own answer: it shows what a call looks like, and notices a change, but that the number is
    right is for the reference vectors to say.
    """
    name = function_of(spec)
    if door(spec) == "model":
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
