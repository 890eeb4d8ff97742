"""What crossing the border costs: every function, every way to hand data over, one row to a million."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import omega
from omega import ErrorCode
from omega.functions import julia
from omega.shared import distribution
from omega.shared.exceptions import JuliaUnavailableError

from benchmarks import gates
from benchmarks.building import measure_building
from benchmarks.data import Bars, random_walk
from benchmarks.machine import Watch
from benchmarks.paths import PATHS, TRIVIAL, Refused, functions_in, inputs_of, typed
from benchmarks.results import Amortisation, Canary, FfiResults, Measurement, Scaling, Throughput
from benchmarks.throughput import measure_throughput
from benchmarks.timing import Call, Effort, Times, nothing, time_interleaved
from benchmarks.updates import FEATURE_COLUMNS, FEATURES, measure_updates

Language = Literal["rust", "julia"]
PACKAGES = (distribution.NAME, "numpy", "pyarrow", "polars", "pydantic")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rows: int
    model_rows: tuple[int, ...]
    single: Effort
    thousand: Effort
    many: Effort
    model: Effort
    update_bars: int
    update_rounds: int
    threaded_calls: int


#: Rounds of a thousand calls where a p99 is gated; elsewhere as many as a fraction of a second holds.
FULL = Plan(
    rows=1_000_000,
    model_rows=(1_000, 10_000),
    single=Effort(rounds=15, calls=1_000, round_ns=1_000_000_000),
    thousand=Effort(rounds=15, calls=200, round_ns=50_000_000),
    many=Effort(rounds=11, calls=20, round_ns=50_000_000),
    model=Effort(rounds=7, calls=20, round_ns=100_000_000),
    update_bars=20_000,
    update_rounds=21,
    threaded_calls=16_000,
)
QUICK = Plan(
    rows=100_000,
    model_rows=(1_000,),
    single=Effort(rounds=5, calls=1_000, round_ns=1_000_000_000),
    thousand=Effort(rounds=5, calls=200, round_ns=10_000_000),
    many=Effort(rounds=5, calls=20, round_ns=10_000_000),
    model=Effort(rounds=3, calls=10, round_ns=20_000_000),
    update_bars=10_000,
    update_rounds=9,
    threaded_calls=4_000,
)

#: What is being called: function, language, path, and whether each call is a refusal.
Case = tuple[str, Language, str, str | None]


def measure(plan: Plan, *, quick: bool, say: Callable[[str], object] = lambda _: None) -> FfiResults:
    """All of it. Without Julia its part is left out, and the results say so."""
    watch = Watch()
    version, left_out = _start_julia()
    languages: tuple[Language, ...] = ("rust", "julia") if version else ("rust",)
    bars = random_walk(max(plan.rows, plan.update_bars, *plan.model_rows, 1_000))

    say("calls with one row")
    canary, single = _single_record(languages, bars.head(1), plan.single)
    say("calls with 1,000 rows")
    thousand = _calls(_rowwise_cases(languages, bars.head(1_000)), 1_000, plan.thousand)
    say(f"calls with {plan.rows:,} rows")
    many = _calls(_rowwise_cases(languages, bars.head(plan.rows)), plan.rows, plan.many)
    models: list[Measurement] = []
    for rows in plan.model_rows if version else ():
        say(f"models of {rows:,} rows")
        models += _calls(_model_cases(bars.head(rows)), rows, plan.model)
    calls = [*single, *thousand, *many, *models]
    say("one bar at a time")
    updates = measure_updates(bars.head(plan.update_bars), plan.update_rounds)
    say("several threads")
    throughput: list[Throughput] = []
    for language in languages:
        throughput += measure_throughput(language, _trivial(language, 1), plan.threaded_calls)
    say("1 row against 1,000")
    scaling = [_scaling(language, plan.single) for language in languages]
    say("building records")
    building = measure_building(bars, plan.thousand)
    return FfiResults(
        quick=quick,
        machine=watch.describe(PACKAGES, version),
        canary=canary,
        calls=calls,
        updates=updates,
        amortisation=list(amortisation(calls)),
        scaling=scaling,
        throughput=throughput,
        building=building,
        gates=[*gates.single_record_gates(calls), *gates.scaling_gates(scaling)],
        aims=gates.aims(calls, updates, TRIVIAL),
        left_out=left_out,
    )


def _start_julia() -> tuple[str | None, list[str]]:
    try:
        return julia.start(), []
    except JuliaUnavailableError as error:
        return None, [f"everything in Julia: {error}"]


def _rowwise_cases(languages: Iterable[Language], bars: Bars) -> dict[Case, Call]:
    """Every Rust function and both trivial kernels, on every path."""
    functions: list[tuple[str, Language]] = [(name, "rust") for name in functions_in("rust")]
    functions += [(TRIVIAL[language], language) for language in languages]
    cases: dict[Case, Call] = {}
    for name, language in functions:
        for path, prepare in PATHS.items():
            if language == "julia" and path == "grouped":
                continue  # groups are for functions of one kind each; the copy kernel is called whole
            inputs = ("value",) if name in TRIVIAL.values() else inputs_of(name)
            cases[name, language, path, None] = prepare(typed(name), inputs, bars)
    return cases


def _model_cases(bars: Bars) -> dict[Case, Call]:
    """Models spend their time fitting, so two paths show all there is to see."""
    paths = ("numpy", "pyarrow")
    return {
        (name, "julia", path, None): PATHS[path](typed(name), inputs_of(name), bars)
        for name in functions_in("julia")
        for path in paths
    }


def _single_record(
    languages: tuple[Language, ...], bars: Bars, effort: Effort
) -> tuple[Canary, list[Measurement]]:
    """Calls with one row on every path, one bar into every stream, and the canary, all in the same rounds."""
    cases = _rowwise_cases(languages, bars)
    for name in functions_in("rust"):
        values = [bars.column(each)[0].item() for each in inputs_of(name)]
        if omega.spec(name).kind == "rowwise":
            cases[name, "rust", "stream", None] = partial(omega.stream(name, order=None).update, *values)
        else:
            row = [np.array([value]) for value in values]
            chunk = row[0] if len(row) == 1 else dict(zip(inputs_of(name), row, strict=True))
            cases[name, "rust", "accumulator", None] = partial(omega.accumulate(name).update, chunk)
    bar = {name: bars.column(name)[0].item() for name in FEATURE_COLUMNS}
    cases[f"feature set of {len(FEATURES)}", "rust", "mapping", None] = partial(
        omega.FeatureSet(FEATURES, order=None).update, bar
    )
    if "julia" in languages:
        # Most models cannot be fitted to one row. What can be held to the limit is
        # the way there, the refusal included.
        code = ErrorCode.NOT_ENOUGH_DATA
        for name in functions_in("julia"):
            refuses = code.name in omega.spec(name).errors
            for path in ("numpy", "columns", "pyarrow", "polars"):
                call = PATHS[path](typed(name), inputs_of(name), bars)
                cases[name, "julia", path, code.name if refuses else None] = (
                    Refused(name, call, code) if refuses else call
                )
    times = time_interleaved(
        {"canary": nothing, **{_key(case): call for case, call in cases.items()}}, effort
    )
    empty = times["canary"]
    canary = Canary(
        calls=empty.calls,
        p50_ns=empty.p50,
        p99_ns=empty.p99,
        p99_of_all_ns=empty.p99_of_all,
        worst_ns=empty.worst,
    )
    return canary, [_measurement(case, 1, times[_key(case)]) for case in cases]


def _calls(cases: dict[Case, Call], rows: int, effort: Effort) -> list[Measurement]:
    times = time_interleaved({_key(case): call for case, call in cases.items()}, effort)
    return [_measurement(case, rows, times[_key(case)]) for case in cases]


def _key(case: Case) -> str:
    return f"{case[0]}, {case[2]}"


def _measurement(case: Case, rows: int, times: Times) -> Measurement:
    function, language, path, refused = case
    return Measurement(
        function=function,
        language=language,
        path=path,
        rows=rows,
        calls=times.calls,
        calls_per_round=times.calls_per_round,
        p50_ns=times.p50,
        p99_ns=times.p99,
        p99_of_all_ns=times.p99_of_all,
        minimum_ns=times.minimum,
        ns_per_row=times.p50 / rows,
        refused=refused,
    )


def amortisation(calls: Iterable[Measurement]) -> Iterable[Amortisation]:
    """For whatever was called with 1 row and with 1,000, and computed both times."""
    computed = [each for each in calls if each.refused is None]
    single = {(each.function, each.path): each for each in computed if each.rows == 1}
    for each in computed:
        if each.rows == 1_000 and (one := single.get((each.function, each.path))):
            yield Amortisation(
                function=each.function,
                language="julia" if each.language == "julia" else "rust",
                path=each.path,
                thousand_calls_ns=1_000 * one.p50_ns,
                one_call_ns=each.p50_ns,
                factor=1_000 * one.p50_ns / each.p50_ns,
            )


def _trivial(language: Language, rows: int) -> Call:
    return partial(omega.call, TRIVIAL[language], value=np.arange(float(rows)))


def _scaling(language: Language, effort: Effort) -> Scaling:
    """In rounds of few calls, so that both sizes see the same machine."""
    in_turns = Effort(effort.rounds * 20, max(1, effort.calls // 20), effort.round_ns // 20)
    times = time_interleaved({"one": _trivial(language, 1), "thousand": _trivial(language, 1_000)}, in_turns)
    one, thousand = times["one"].p50, times["thousand"].p50
    return Scaling(
        function=TRIVIAL[language],
        language=language,
        one_row_ns=one,
        thousand_rows_ns=thousand,
        ratio=thousand / one,
    )
