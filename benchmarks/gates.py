"""The rules that fail a build, and the aims that do not. Pure: figures in, verdicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.results import Aim, Gate, Measurement, Scaling

#: The p99 of a warm call with one record: the user's own limit, and the only absolute one.
SINGLE_RECORD_NS = 1_000_000
#: A call with 1,000 rows over a call with 1, of the same trivial kernel. A ratio survives a slow machine.
SCALING = 5.0
#: Median durations that the design aims for.
AIMS_NS = {"rust": 3_000, "julia": 40_000, "update": 60}


def single_record_gates(calls: Iterable[Measurement]) -> list[Gate]:
    """Every call with one record is done within a millisecond, 99 times in 100."""
    return [
        Gate(
            name="p99 of a single-record call",
            subject=f"{each.function}, {each.path}"
            + (f", refused as {each.refused}" if each.refused else ""),
            figure=each.p99_ns / 1e3,
            limit=SINGLE_RECORD_NS / 1e3,
            unit="us",
            passed=each.p99_ns < SINGLE_RECORD_NS,
        )
        for each in calls
        if each.rows == 1
    ]


def scaling_gates(scaling: Iterable[Scaling]) -> list[Gate]:
    """A thousand rows cost about what one costs: crossing is not paid per row."""
    return [
        Gate(
            name="1,000 rows over 1 row",
            subject=each.function,
            figure=each.ratio,
            limit=SCALING,
            unit="times",
            passed=each.ratio <= SCALING,
        )
        for each in scaling
    ]


def aims(
    calls: Iterable[Measurement], updates: Iterable[Measurement], trivial: Mapping[str, str]
) -> list[Aim]:
    """How the trivial kernels' calls with one row, and the streams' updates, stand to what is aimed for."""
    single = [each for each in calls if each.rows == 1 and each.function in trivial.values()]
    streams = [each for each in updates if each.path == "stream"]
    return [
        *(_aim(f"{each.function}, {each.path}", each.p50_ns, AIMS_NS[each.language]) for each in single),
        *(_aim(f"{each.function} update", each.p50_ns, AIMS_NS["update"]) for each in streams),
    ]


def _aim(name: str, figure_ns: float, aim_ns: float) -> Aim:
    return Aim(name=name, figure_ns=figure_ns, aim_ns=aim_ns, reached=figure_ns <= aim_ns)


def failures(gates: Iterable[Gate]) -> list[Gate]:
    """The gates that do not hold."""
    return [each for each in gates if not each.passed]
