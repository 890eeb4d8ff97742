"""Times are of the calls, of nothing else, and keep what they say when the machine is busy."""

import gc

import numpy as np
import pytest
from omega import ErrorCode

from benchmarks.paths import Refused
from benchmarks.timing import Effort, Times, collector_off, nothing, time_each, time_interleaved


def times(*rounds: list[int]) -> Times:
    return Times(tuple(np.array(each, dtype=np.int64) for each in rounds))


def test_the_p99_is_that_of_the_quietest_round() -> None:
    measured = times([10] * 100, [10] * 50 + [9_000] * 50)
    assert measured.p99 == 10.0
    assert measured.p99_of_all == 9_000.0
    assert measured.worst == 9_000.0


def test_a_call_that_is_slow_by_itself_is_slow_in_every_round() -> None:
    slow_now_and_then = [10] * 90 + [9_000] * 10
    assert times(slow_now_and_then, slow_now_and_then).p99 == 9_000.0


def test_every_round_visits_every_case_in_turn() -> None:
    seen: list[str] = []
    cases = {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}
    time_interleaved(cases, Effort(rounds=3, calls=1, round_ns=1, warm_up=1))
    assert seen[-6:] == ["a", "b"] * 3


def test_an_expensive_case_is_called_less_often() -> None:
    cases = {"cheap": nothing, "dear": lambda: sum(range(100_000))}
    measured = time_interleaved(cases, Effort(rounds=2, calls=100, round_ns=100_000))
    assert measured["dear"].calls_per_round < measured["cheap"].calls_per_round == 100


def test_no_garbage_is_collected_while_the_clock_runs() -> None:
    with collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_durations_are_of_one_call_each() -> None:
    durations = time_each(nothing, 100)
    assert len(durations) == 100
    assert (durations >= 0).all()


def test_a_call_that_was_to_be_refused_and_was_not_is_named() -> None:
    refused = Refused("volatility.ewma", lambda: None, ErrorCode.NOT_ENOUGH_DATA)
    with pytest.raises(AssertionError, match=r"volatility\.ewma answered what .* NOT_ENOUGH_DATA"):
        refused()
