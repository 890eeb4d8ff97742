"""The gates fail on bad figures, name what failed, and do not fail on good ones."""

from typing import Any

import pytest

from benchmarks import gates
from benchmarks.results import Measurement, Scaling


def measurement(**given: Any) -> Measurement:
    figures = {
        "function": "ta.rsi",
        "language": "rust",
        "path": "numpy",
        "rows": 1,
        "calls": 5_000,
        "calls_per_round": 1_000,
        "p50_ns": 3_000.0,
        "p99_ns": 9_000.0,
        "p99_of_all_ns": 20_000.0,
        "minimum_ns": 2_500.0,
        "ns_per_row": 3_000.0,
    }
    return Measurement.model_validate(figures | given)


def scaling(ratio: float) -> Scaling:
    return Scaling(
        function="probe.identity@julia",
        language="julia",
        one_row_ns=8_000.0,
        thousand_rows_ns=8_000.0 * ratio,
        ratio=ratio,
    )


def test_a_single_record_call_of_a_millisecond_fails() -> None:
    slow = measurement(function="ta.adx", path="polars", p99_ns=1_000_000.0)
    failed = gates.failures(gates.single_record_gates([measurement(), slow]))
    assert [each.subject for each in failed] == ["ta.adx, polars"]


def test_a_failure_names_the_function_and_the_figure() -> None:
    (failed,) = gates.single_record_gates([measurement(p99_ns=2_500_000.0)])
    assert str(failed) == "FAILS: p99 of a single-record call: ta.rsi, numpy: `2500` us, at most 1000"


def test_what_the_machine_added_to_other_rounds_fails_nothing() -> None:
    noisy = measurement(p99_of_all_ns=50_000_000.0)
    assert gates.failures(gates.single_record_gates([noisy])) == []


def test_only_calls_with_one_record_are_held_to_the_millisecond() -> None:
    assert gates.single_record_gates([measurement(rows=1_000_000, p99_ns=9e9)]) == []


def test_a_refusal_is_named_as_what_was_timed() -> None:
    (gate,) = gates.single_record_gates([measurement(refused="NOT_ENOUGH_DATA")])
    assert gate.subject == "ta.rsi, numpy, refused as NOT_ENOUGH_DATA"


@pytest.mark.parametrize(("ratio", "passed"), [(0.9, True), (5.0, True), (5.01, False)])
def test_a_thousand_rows_may_take_five_times_as_long_as_one(ratio: float, passed: bool) -> None:
    (gate,) = gates.scaling_gates([scaling(ratio)])
    assert gate.passed is passed


def test_a_missed_aim_is_reported_and_fails_nothing() -> None:
    calls = [measurement(function="probe.identity", p50_ns=4_000.0)]
    updates = [measurement(path="stream", p50_ns=59.0), measurement(path="stream", p50_ns=61.0)]
    reached = [each.reached for each in gates.aims(calls, updates, {"rust": "probe.identity"})]
    assert reached == [False, True, False]
    assert gates.failures(gates.single_record_gates(calls)) == []
