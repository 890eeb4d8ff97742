"""What the suites write down: the shape of `ffi.json` and `peers.json`, and their documentation.

All durations are nanoseconds of wall time. `p99_ns` is of the quietest round, `p99_of_all_ns` of all.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Machine(_Result):
    """Where and with what something was measured."""

    processor: str
    cores: int = Field(description="cores this process may run on")
    memory_gib: float
    system: str
    python: str
    versions: dict[str, str] = Field(description="version of every library that took part")
    julia: str | None = Field(description="version of Julia; None where there is none")
    revision: str | None = Field(description="git revision, with + where files differ from it")
    started: str = Field(description="ISO 8601, UTC")
    load_before: float = Field(description="load average of the last minute")
    load_after: float


class Canary(_Result):
    """What the machine did to calls of an empty Python function, in the same rounds as the rest."""

    calls: int
    p50_ns: float
    p99_ns: float
    p99_of_all_ns: float
    worst_ns: float = Field(description="the longest hiccup")


class Measurement(_Result):
    """How long calls of one function took on one path, with one number of rows."""

    function: str
    language: Literal["python", "rust", "julia"]
    path: str = Field(description="how the data came, e.g. numpy, pyarrow, polars, columns, grouped, stream")
    rows: int
    threads: int = 1
    calls: int
    calls_per_round: int
    p50_ns: float
    p99_ns: float
    p99_of_all_ns: float
    minimum_ns: float
    ns_per_row: float = Field(description="p50_ns over rows")
    refused: str | None = Field(
        default=None, description="code of the error that every one of the calls raised"
    )


class Amortisation(_Result):
    """What is saved by one call with 1,000 rows instead of 1,000 calls with one."""

    function: str
    language: Literal["rust", "julia"]
    path: str
    thousand_calls_ns: float
    one_call_ns: float
    factor: float


class Scaling(_Result):
    """A trivial kernel at 1,000 rows over the same kernel at 1 row: medians, call by call in turn."""

    function: str
    language: Literal["rust", "julia"]
    one_row_ns: float
    thousand_rows_ns: float
    ratio: float


class Throughput(_Result):
    """Calls of the trivial kernel from several Python threads at once."""

    language: Literal["rust", "julia"]
    threads: int
    calls: int
    p50_ns: float
    p99_ns: float
    calls_per_second: float


class Building(_Result):
    """What it costs to make data in Python, before any of it crosses."""

    builder: str
    rows: int
    p50_ns: float
    p99_ns: float
    ns_per_row: float


class Gate(_Result):
    """One rule that a figure keeps or breaks."""

    name: str
    subject: str
    figure: float
    limit: float
    unit: str
    passed: bool

    def __str__(self) -> str:
        verdict = "holds" if self.passed else "FAILS"
        return (
            f"{verdict}: {self.name}: {self.subject}: `{self.figure:.4g}` {self.unit}, at most {self.limit:g}"
        )


class Aim(_Result):
    """A figure that the design aims for. Missing it fails nothing."""

    name: str
    figure_ns: float
    aim_ns: float
    reached: bool


class FfiResults(_Result):
    """`ffi.json`: what crossing the border costs."""

    suite: Literal["ffi"] = "ffi"
    format: Literal[1] = 1
    quick: bool
    machine: Machine
    canary: Canary
    calls: list[Measurement]
    updates: list[Measurement] = Field(description="one bar at a time; durations are means over a loop")
    amortisation: list[Amortisation]
    scaling: list[Scaling]
    throughput: list[Throughput]
    building: list[Building]
    gates: list[Gate]
    aims: list[Aim]
    left_out: list[str] = Field(description="what could not be measured, and why")


class Parity(_Result):
    """How far one output of Omega's is from a peer's on the same data."""

    function: str
    output: str
    peer: str
    data: str
    rows: int
    difference: float = Field(description="worst, as `measure` says")
    allowed: float
    measure: str
    passed: bool

    def __str__(self) -> str:
        verdict = "agrees" if self.passed else "DIFFERS"
        name = f"{self.function} {self.output} and {self.peer} on {self.data}"
        return f"{verdict}: {name}: `{self.difference:.3g}` {self.measure}, at most {self.allowed:g}"


class Comparison(_Result):
    """Omega and a peer in turns on the same data; below 1 the ratio says that Omega is faster."""

    function: str
    peer: str
    data: str
    rows: int
    rounds: int
    omega_ns: float = Field(description="median of a call, or of an update")
    peer_ns: float
    omega_ns_per_row: float
    peer_ns_per_row: float
    ratio: float = Field(description="omega_ns over peer_ns, of medians")
    ratio_of_minima: float


class PeersResults(_Result):
    """`peers.json`: parity with other libraries first, then time."""

    suite: Literal["peers"] = "peers"
    format: Literal[1] = 1
    quick: bool
    machine: Machine
    parity: list[Parity]
    batches: list[Comparison]
    updates: list[Comparison]
    models: list[Comparison]
    left_out: list[str]
