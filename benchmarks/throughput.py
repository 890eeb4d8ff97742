"""The trivial kernel from several Python threads at once: what the queue, and Python, let through."""

from __future__ import annotations

from threading import Barrier, Thread
from time import perf_counter_ns
from typing import Literal

import numpy as np

from benchmarks.results import Throughput
from benchmarks.timing import Call, Nanoseconds, Times, collector_off, time_each


def measure_throughput(
    language: Literal["rust", "julia"], call: Call, calls: int, threads: tuple[int, ...] = (1, 4, 8)
) -> list[Throughput]:
    """As many calls in all for every number of threads."""
    call()
    measured = []
    for count in threads:
        durations, elapsed_ns = _from_threads(call, calls // count, count)
        times = Times((np.concatenate(durations),))
        measured.append(
            Throughput(
                language=language,
                threads=count,
                calls=times.calls,
                p50_ns=times.p50,
                p99_ns=times.p99,
                calls_per_second=times.calls / elapsed_ns * 1e9,
            )
        )
    return measured


def _from_threads(call: Call, calls: int, threads: int) -> tuple[list[Nanoseconds], int]:
    """The durations per thread, and the time from the common start to the last end."""
    durations: list[Nanoseconds] = []
    barrier = Barrier(threads + 1)

    def work() -> None:
        barrier.wait()
        durations.append(time_each(call, calls))

    workers = [Thread(target=work) for _ in range(threads)]
    with collector_off():
        for worker in workers:
            worker.start()
        barrier.wait()
        start = perf_counter_ns()
        for worker in workers:
            worker.join()
        elapsed_ns = perf_counter_ns() - start
    if len(durations) < threads:
        raise RuntimeError(f"{threads - len(durations)} of {threads} threads failed")
    return durations, elapsed_ns
