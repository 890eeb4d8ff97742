"""A function as Python defines it: what it takes, and what it hands on."""

import json

from tools.generate.python_functions.docstring import docstring
from tools.generate.python_functions.options import options_of
from tools.generate.python_functions.published import Spec, function_of

TYPES = {"int": "int", "float": "float", "bool": "bool"}


def function(spec: Spec) -> list[str]:
    """The function, and above it the native one that it calls.

    Without types, which stand in the stub: where `help` shows them, nobody sees the names.
    """
    name, options = function_of(spec), options_of(spec)
    handle = f"_{name.upper()}"
    return [
        f'{handle} = _rust.function("{spec["name"]}")',
        "",
        "",
        f"def {name}(",
        "    data=None,",
        "    /,",
        "    *columns,",
        *(f"    {column['name']}=None," for column in spec["inputs"]),
        *(f"    {one['name']}={_default(one)}," for one in spec["parameters"]),
        *(f"    {option.name}={option.default}," for option in options),
        "    **unknown,",
        "):",
        *docstring(spec),
        "    return run(",
        f"        {handle},",
        "        data,",
        f"        ({''.join(column['name'] + ', ' for column in spec['inputs'])}),",
        f"        ({''.join(one['name'] + ', ' for one in spec['parameters'])}),",
        "        columns,",
        "        unknown,",
        *(f"        {option.name}," for option in options),
        "    )",
        "",
        "",
    ]


def parameters_of(spec: Spec) -> list[str]:
    """What it takes beside columns and options, each with its type and default."""
    return [f"{one['name']}: {_type(one)} = {_default(one)}" for one in spec["parameters"]]


def _type(parameter: Spec) -> str:
    if parameter["choices"]:
        return f"Literal[{', '.join(json.dumps(choice) for choice in parameter['choices'])}]"
    return TYPES[parameter["type"]]


def _default(parameter: Spec) -> str:
    default = parameter["default"]
    if parameter["type"] == "float":
        return repr(float(default))
    return json.dumps(default) if isinstance(default, str) else repr(default)
