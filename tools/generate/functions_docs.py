"""The page that lists every function, and the short table of the README: names here, and names elsewhere."""

import re
from itertools import groupby

from tools.generate.files import ROOT, Files, header
from tools.generate.python_functions.published import Spec, function_of, module_of, specs

TARGET, README = "docs/functions.md", "README.md"
SOURCE = "the functions' specs and src/schemas/peers/*.toml"
#: What stands between these in the README is written here.
BEGIN, END = "<!-- functions: written by `make generate` -->\n", "<!-- end of functions -->\n"
#: A summary up to its first colon or comma that is in no brackets.
TITLE = re.compile(r"((?:[^(:,]|\([^)]*\))*)")
#: Metrics of every window of rows, listed with the metric.
ROLLING = "rolling_"

TITLES = {
    "ta": "Indicators",
    "risk": "Risk and performance",
    "volatility": "Volatility models",
    "regimes": "Regimes",
    "simulation": "Simulation",
}


def generate() -> Files:
    """`docs/functions.md`, and the README with its table."""
    published = specs()
    readme = (ROOT / README).read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return {TARGET: _page(published), README: before + BEGIN + _short(published) + END + after}


def _page(published: list[Spec]) -> str:
    parts = [
        f"<!-- {header(SOURCE)} -->",
        "# Functions",
        "",
        "All of them, with what the same thing is called elsewhere. `help(omega.ta.rsi)` and",
        "`omega spec ta.rsi` tell the rest; where the numbers differ from the other library's,",
        "`differences.md` says why.",
    ]
    for (module, group), members in groupby(published, lambda spec: (module_of(spec), spec["group"])):
        title = TITLES.get(module, module) + (f": {group}" if group else "")
        parts += [
            "",
            f"## {title}",
            "",
            "| function | what it is | parameters | elsewhere |",
            "|---|---|---|---|",
        ]
        parts += [
            _row(
                f"`omega.{spec['name']}`", _cell(spec["summary"]), _parameters(spec), _elsewhere(spec["name"])
            )
            for spec in members
        ]
    return "\n".join(parts) + "\n"


def _short(published: list[Spec]) -> str:
    """One line a function, those over windows on the line of the function that they repeat."""
    names = {spec["name"] for spec in published}
    lines = ["| function | what it is | elsewhere |", "|---|---|---|"]
    for spec in published:
        module, function = module_of(spec), function_of(spec)
        if function.startswith(ROLLING) and f"{module}.{function.removeprefix(ROLLING)}" in names:
            continue
        rolling = f", `{ROLLING}{function}`" if f"{module}.{ROLLING}{function}" in names else ""
        title = TITLE.split(spec["summary"].rstrip("."), maxsplit=1)[1]
        lines.append(_row(f"`{spec['name']}`{rolling}", _cell(title), _elsewhere(spec["name"])))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _parameters(spec: Spec) -> str:
    return ", ".join(f"`{one['name']}={one['default']}`" for one in spec["parameters"])


def _elsewhere(name: str) -> str:
    # Late: the package may be what this run of the generator writes first.
    from omega.functions import peers

    try:
        peer = peers.of(name)
    except KeyError:
        return ""
    windows = ", window by window" if peer.window else ""
    return f"{peer.library} `{peer.name}`{windows}"
