"""Threads share live objects without losing a row, and long calls let other threads run."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import omega
import pytest
from omega import _rust

from tests.functions.market import ROWWISE_SHAPES, inputs, outputs, same_bits, typed, walk

THREADS = 8
TIMES = 500


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """What `work` returns in each of eight threads that start together."""
    barrier = threading.Barrier(THREADS)

    def start(thread: int) -> Any:
        barrier.wait()
        return work(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(start, range(THREADS)))


def test_threads_that_share_a_stream_lose_no_rows() -> None:
    stream = omega.stream("ta.obv")
    stream.update(1.0, 0.0)
    in_threads(lambda thread: [stream.update(2.0 + row + thread, 1.0) for row in range(TIMES)])
    assert stream.rows == 1 + THREADS * TIMES


def test_threads_that_share_an_accumulator_lose_no_rows() -> None:
    accumulator = omega.accumulate("risk.max_drawdown")
    small, large = np.full(10, 0.001), np.full(50_000, 1e-9)

    def work(thread: int) -> None:
        for time_ in range(40):
            accumulator.update(large if time_ % 10 == 0 else small)
            accumulator.snapshot()

    in_threads(work)
    assert accumulator.rows == THREADS * (36 * 10 + 4 * 50_000)
    assert accumulator.value == 0.0


def test_threads_that_merge_each_others_accumulators_never_lock_up() -> None:
    first, second = (omega.accumulate("risk.volatility") for _ in range(2))
    first.update([0.1])

    def work(thread: int) -> None:
        for _ in range(5):
            if thread % 2:
                copy = omega.restore(first.snapshot())
                copy.merge(second)
            else:
                copy = omega.restore(second.snapshot())
                copy.merge(first)
            first.merge(second)
            _ = first.value

    in_threads(work)
    assert first.rows == 1


def test_threads_that_share_a_feature_set_lose_no_rows() -> None:
    features = omega.FeatureSet({"volume": ("ta.obv", {})}, by="symbol")
    for thread in range(THREADS):
        features.update(close=0.0, volume=0.0, symbol=f"S{thread}")

    def work(thread: int) -> float | None:
        last: float | None = 0.0
        for row in range(TIMES):
            last = features.update(close=1.0 + row, volume=1.0, symbol=f"S{thread}")["volume"]
        return last

    assert in_threads(work) == [float(TIMES)] * THREADS
    assert features.peek(close=TIMES + 1.0, volume=1.0, symbol="S3") == {"volume": TIMES + 1.0}


def test_threads_that_extend_one_feature_set_take_turns() -> None:
    features = omega.FeatureSet({"volume": ("ta.obv", {})})
    part = {"close": np.arange(20_000.0), "volume": np.ones(20_000)}
    answers = in_threads(lambda thread: features.extend(part)["volume"])
    # The running total of one thread goes on where that of another ended: 1 up for each row but one fall.
    assert sorted(float(answer[-1]) for answer in answers) == [
        20_000.0 + turn * 19_998.0 for turn in range(THREADS)
    ]


@pytest.mark.parametrize("name", ROWWISE_SHAPES)
def test_threads_that_call_at_once_get_the_same_bits(name: str) -> None:
    columns = inputs(name, 20_000)
    expected = outputs(typed(name)(columns))
    for answer in in_threads(lambda thread: outputs(typed(name)(columns))):
        assert all(same_bits(found, value) for found, value in zip(answer, expected, strict=True))


def test_a_long_call_lets_other_threads_run() -> None:
    """While one thread computes for a good part of a second, another one counts."""
    close = np.tile(walk(100_000)["close"], 5)
    ticks: list[float] = []
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    features = omega.FeatureSet({f"b{n}": ("ta.bbands", {"period": n}) for n in range(2, 30)})
    counter = threading.Thread(target=count)
    counter.start()
    started = time.perf_counter()
    features.run({"close": close})
    ended = time.perf_counter()
    done.set()
    counter.join()
    during = [tick for tick in ticks if started < tick < ended]
    assert ended - started > 0.05
    longest_pause = max(np.diff([started, *during, ended]))
    assert longest_pause < 0.8 * (ended - started)


def test_reading_a_live_object_while_it_works_is_safe() -> None:
    stream = omega.stream("ta.macd")

    def work(thread: int) -> None:
        for row in range(200):
            match (thread + row) % 5:
                case 0:
                    stream.update(100.0 + row)
                case 1:
                    stream.peek(100.0)
                case 2:
                    omega.restore(stream.snapshot())
                case 3:
                    assert repr(stream)
                case _:
                    assert stream.rows >= 0

    in_threads(work)
    assert stream.rows == THREADS * 200 // 5


def test_panics_in_many_threads_are_each_a_typed_error() -> None:
    from omega.shared.exceptions import InternalError

    panics = _rust.function("probe.panic")

    def work(thread: int) -> int:
        caught = 0
        for _ in range(50):
            try:
                panics.run([1.0 + thread], None, {})
            except InternalError as error:
                caught += f"met {1 + thread}" in str(error)
        return caught

    assert in_threads(work) == [50] * THREADS
