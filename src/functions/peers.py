"""Which function of TA-Lib, empyrical, arch or hmmlearn is which of Omega's: the one table of peers.

The table is `schemas/peers/<library>.toml`. Reference values, parity tests, benchmarks and drop-in modules
read it here; nothing here imports a peer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = ["Case", "Measure", "PeerFunction", "Timed", "entries", "of"]

FOLDER = Path(__file__).resolve().parents[1] / "schemas" / "peers"

#: How an output is held to the peer's: a relative difference; how much worse, relative, it may be where more
#: is better; or by how many standard errors the means of two random samples may differ.
Measure = Literal["within", "not_below", "sampled"]


@dataclass(frozen=True)
class Case:
    """Parameters to compare at, those of Omega's that are not its defaults, and data to compare on."""

    parameters: Mapping[str, Any]
    data: str


@dataclass(frozen=True)
class Timed:
    """What is timed where it is not the first case at its defaults."""

    label: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PeerFunction:
    """A function of another library, and how to call it as one of Omega's is called."""

    library: str
    """As people call it; a reference in a spec starts so."""
    package: str
    """As it is installed."""
    module: str
    """As it is imported."""
    stream: str | None
    """The module of its streaming functions of the same names."""
    name: str
    """What the library calls the function."""
    omega: str
    """What Omega calls it."""
    inputs: tuple[str, ...]
    """Omega's inputs, in the order of the peer's positional arguments."""
    parameters: Mapping[str, str]
    """Omega's name of each parameter, and the peer's."""
    numbered: Mapping[str, tuple[str, ...]]
    """Of parameters that the peer takes as a number, Omega's words for 0, 1 and so on."""
    constants: Mapping[str, Any]
    """What the peer takes beside them, by keyword."""
    outputs: tuple[str, ...]
    """Omega's outputs in the order of the peer's; empty where they are those of the spec."""
    cases: tuple[Case, ...]
    rows: int
    """So many rows of the data are compared."""
    start: int
    """The first row that is compared: before it the peer's seed differs."""
    tolerance: float
    """Relative, for outputs that `compare` does not name."""
    rounding: float
    """The peer's own rounding where an output is a difference that may near zero: a share of the inputs."""
    columns: Mapping[str, str | list[str]]
    """Which column of the data an input reads, where it is not the one of its own name; or which, if many."""
    scale: Mapping[str, float]
    """What `inputs` are multiplied by for the peer, and what its outputs are, by name, for Omega."""
    compare: Mapping[str, Mapping[Measure, float]]
    """How outputs are compared; of a model, which."""
    adapter: str | None
    """The code that calls the peer where a call with columns and keywords does not do."""
    timed: Timed
    window: str | None = None
    """The parameter that says over how many last rows the peer is called, row by row."""

    def column(self, name: str) -> str | list[str]:
        """The column of the data that an input reads; several for an input of many columns."""
        return self.columns.get(name, name)

    def keywords(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The peer's keyword arguments for all of Omega's parameters that it has.

        >>> of("ta.rsi").keywords({"period": 14})
        {'timeperiod': 14}
        """
        named = {theirs: self.said(ours, given[ours]) for ours, theirs in self.parameters.items()}
        return {**self.constants, **named}

    def said(self, parameter: str, value: Any) -> Any:
        """A value of one of Omega's parameters as the peer takes it.

        >>> of("ta.mavp").said("average", "ema")
        1
        """
        return self.numbered[parameter].index(value) if parameter in self.numbered else value

    def scaled(self, name: str) -> float:
        """What turns the peer's unit of an output into Omega's."""
        return self.scale.get(name, 1.0)


@cache
def entries() -> Mapping[str, PeerFunction]:
    """Every function of the table, by Omega's name.

    >>> entries()["ta.rsi"].name
    'RSI'
    """
    found: dict[str, PeerFunction] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        library = tomllib.loads(path.read_text("utf-8"))
        for name, facts in library["functions"].items():
            entry = _entry(library, name, facts)
            if entry.omega in found:
                raise ValueError(f"`{entry.omega}` is in the table of peers twice")
            found[entry.omega] = entry
    return found


def of(name: str) -> PeerFunction:
    """The peer of one of Omega's functions; of a rolling metric the metric's, over every window.

    >>> of("risk.rolling_volatility").name
    'annual_volatility'

    Raises KeyError where there is none.
    """
    if name in entries():
        return entries()[name]
    module, _, function = name.partition(".")
    for rolling in _rollings():
        metric = f"{module}.{function.removeprefix(rolling['prefix'])}"
        if function.startswith(rolling["prefix"]) and metric in entries():
            return _over_windows(entries()[metric], name, rolling)
    raise KeyError(
        f"{name} has no peer: add `[functions.NAME]` with `omega = {name!r}` to a table in src/schemas/peers/"
    )


def _entry(library: Mapping[str, Any], name: str, facts: Mapping[str, Any]) -> PeerFunction:
    def fact(key: str, default: Any = None) -> Any:
        return facts.get(key, library.get(key, default))

    def case(given: Mapping[str, Any]) -> Case:
        parameters = {key: value for key, value in given.items() if key != "on"}
        return Case(parameters, given.get("on", fact("data")))

    return PeerFunction(
        library=library["library"],
        package=library["package"],
        module=library["module"],
        stream=library.get("stream"),
        name=name,
        omega=facts["omega"],
        inputs=tuple(facts["inputs"]),
        parameters=facts.get("parameters", {}),
        numbered={key: tuple(words) for key, words in facts.get("numbered", {}).items()},
        constants=facts.get("constants", {}),
        outputs=tuple(facts.get("outputs", ())),
        cases=tuple(map(case, facts["cases"])),
        rows=fact("rows"),
        start=fact("start", 0),
        tolerance=fact("tolerance"),
        rounding=fact("rounding", 0.0),
        columns=facts.get("columns", {}),
        scale=facts.get("scale", {}),
        compare=facts.get("compare", {}),
        adapter=facts.get("adapter"),
        timed=Timed(**facts.get("timed", {})),
    )


@cache
def _rollings() -> tuple[Mapping[str, Any], ...]:
    tables = (tomllib.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.toml")))
    return tuple(table["rolling"] for table in tables if "rolling" in table)


def _over_windows(metric: PeerFunction, name: str, rolling: Mapping[str, Any]) -> PeerFunction:
    """Every window at the metric's defaults, and the first window at its other parameters."""
    parameter, (first, *others) = rolling["parameter"], rolling["cases"]
    cases = [Case({parameter: first, **case.parameters}, case.data) for case in metric.cases]
    cases[1:1] = [Case({parameter: rows}, metric.cases[0].data) for rows in others]
    return replace(metric, omega=name, outputs=(), cases=tuple(cases), window=parameter)
