"""Memory that is not there is OutOfMemoryError: the process lives, and what was refused is as it was before.

Each scenario runs in a process of its own, whose address space is limited while it asks for more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import copy, pickle, resource
import numpy as np
import omega
from omega.shared.exceptions import OutOfMemoryError

def taken():
    return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()

def refused(call, mebibytes=64):
    "The error of a call that may take so much more memory and no more."
    resource.setrlimit(resource.RLIMIT_AS, (taken() + mebibytes * 2**20, -1))
    try:
        call()
    except OutOfMemoryError as error:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        assert isinstance(error, MemoryError) and error.code == 6001, error
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    raise AssertionError("it was not refused")

def same(left, right):
    assert left.snapshot() == right.snapshot()

ROWS = 10_000_000
LONG = 1_000_000
"""

SCENARIOS = {
    "answers": """
        data = np.ones(ROWS)
        error = refused(lambda: omega.ta.bbands(data))
        assert error.fields["function"] == "ta.bbands" and int(error.fields["value"]) >= ROWS * 8
        assert len(omega.ta.bbands(data[:100]).upper) == 100
    """,
    "a quantile": """
        data = np.ones(ROWS)
        refused(lambda: omega.risk.value_at_risk(data))
        refused(lambda: omega.risk.conditional_value_at_risk(data))
        assert omega.risk.value_at_risk(data) == 1.0
    """,
    "streams of long windows": """
        streams = [omega.stream("ta.bbands", period=LONG) for _ in range(1000)]
        def fill():
            for stream in streams:
                for _ in range(LONG // 2):
                    stream.update(1.0)
        refused(fill)
        stream = next(stream for stream in reversed(streams) if stream.rows)
        rows = stream.rows
        stream.peek(2.0), stream.update(2.0)
        assert stream.rows == rows + 1
    """,
    "a state's copies": """
        features = omega.FeatureSet({f"f{i}": ("ta.sma", {"period": LONG}) for i in range(10)})
        features.extend({"close": np.ones(LONG)})
        before = features.snapshot()
        for work in (features.snapshot, lambda: copy.copy(features), lambda: copy.deepcopy(features),
                     lambda: pickle.dumps(features), lambda: omega.restore(before)):
            refused(work, 16)
        assert features.snapshot() == before == omega.restore(before).snapshot()
    """,
    "a table that only some features have room for": """
        features = omega.FeatureSet({f"f{i}": ("ta.sma", {"period": LONG}) for i in range(64)})
        features.extend({"close": np.ones(1000)})
        twin = copy.copy(features)
        refused(lambda: features.extend({"close": np.ones(100_000)}), 80)
        same(features, twin)
        assert features.update(close=2.0) == twin.update(close=2.0)
        same(features, twin)
    """,
    "a bar that only some features have room for": """
        features = omega.FeatureSet({f"f{i}": ("ta.sma", {"period": LONG}) for i in range(16)})
        # As many rows as there is room for: the next one has every window grow.
        features.extend({"close": np.ones(2**19)})
        before = features.snapshot()
        refused(lambda: features.update(close=2.0), 30)
        assert features.snapshot() == before
        features.update(close=2.0)
        assert features.snapshot() != before
    """,
    "a bar of a new group": """
        def make():
            # The second takes so much more than the first that it cannot live on what that one gave back.
            features = omega.FeatureSet({"a": ("ta.sma", {}), "b": ("ta.bbands", {})}, by="symbol")
            symbols = np.arange(2**20)
            features.extend({"close": np.ones(len(symbols)), "symbol": symbols})
            return features
        features = make()
        refused(lambda: features.update(close=2.0, symbol=-1), 75)
        twin = make()
        same(features, twin)
        features.update(close=2.0, symbol=-1), twin.update(close=2.0, symbol=-1)
        same(features, twin)
    """,
    "an accumulator": """
        metric, other = omega.accumulate("risk.value_at_risk"), omega.accumulate("risk.value_at_risk")
        data = np.ones(ROWS)
        metric.update(data), other.update(data)
        before = metric.rows, metric.value
        for work in (lambda: metric.update(data), lambda: metric.merge(other), lambda: metric.merge(metric),
                     lambda: metric.value, metric.snapshot, lambda: copy.copy(metric),
                     lambda: pickle.dumps(metric)):
            refused(work)
            assert metric.rows == before[0]
        assert metric.value == before[1]
        metric.merge(other)
        assert metric.rows == 2 * ROWS
    """,
    "an accumulator of many chunks": """
        import pyarrow as pa
        chunks = pa.chunked_array([pa.array(np.ones(LONG))] * 20)
        metric = omega.accumulate("risk.value_at_risk")
        metric.update(np.ones(3))
        before = metric.snapshot()
        refused(lambda: metric.update(chunks))
        assert metric.snapshot() == before
        metric.update(chunks)
        assert metric.rows == 20 * LONG + 3
    """,
    "an answer's list and bitmap": """
        from omega import _rust
        (column,) = _rust.function("ta.sma").run(np.ones(20 * ROWS), None, {"period": 2})
        refused(column.to_pylist)
        refused(column.__arrow_c_array__, 10)
        refused(column.__arrow_c_stream__, 10)
        column.__arrow_c_array__()
        (column,) = _rust.function("ta.sma").run(np.ones(3), None, {"period": 2})
        assert column.to_pylist() == [None, 1.0, 1.0]
    """,
    "an answer's list, item by item": """
        from omega import _rust
        (column,) = _rust.function("ta.sma").run(np.ones(LONG), None, {"period": 2})
        # Too little for the memory that Python itself asks for, and enough to get past the first look.
        for mebibytes in range(1, 40, 3):
            refused(column.to_pylist, mebibytes)
    """,
    "what no machine has": """
        import pyarrow as pa
        resource.setrlimit(resource.RLIMIT_AS, (taken() + 2**30, -1))
        nulls = pa.Array.from_buffers(pa.null(), 2**40, [None])
        for data in (np.broadcast_to(1.0, 10**12), np.broadcast_to(np.float32(1), 10**13), nulls):
            for call in (omega.ta.sma, omega.risk.volatility):
                try:
                    call(data)
                except OutOfMemoryError as error:
                    assert int(error.fields["value"]) > 10**12 > int(error.fields["allowed"]), error
                else:
                    raise AssertionError("it was not refused")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**20
    """,
    "a grouped call": """
        data, by = np.ones(ROWS // 4), np.arange(ROWS // 4) % 7
        refused(lambda: omega.ta.sma(data, by=by), 30)
        refused(lambda: omega.risk.volatility(data, by=by), 30)
        assert len(omega.ta.sma(data[:100], by=by[:100])) == 100
    """,
    "groups of many keys": """
        keys = np.arange(ROWS // 5)
        data = np.ones(len(keys))
        refused(lambda: omega.risk.volatility(data, by=keys), 100)
        names = [f"a name that is not short {key}" for key in range(ROWS // 20)]
        refused(lambda: omega.ta.sma(data[: len(names)], by=names), 40)
        assert len(omega.ta.sma(data[:100], by=keys[:100])) == 100
    """,
    "a feature set that meets new keys": """
        features = omega.FeatureSet({"x": ("ta.sma", {"period": 1})}, by="key")
        def fill():
            for key in range(10**9):
                features.update(close=1.0, key=f"{key:0200}")
        refused(fill, 48)
        before = features.snapshot()
        assert omega.restore(before).snapshot() == before
        known = f"{0:0200}"
        assert features.update(close=3.0, key=known) == {"x": 3.0}
        assert features.update(close=2.0, key="new") == {"x": 2.0}
    """,
}


def run(scenario: str) -> None:
    """Run a scenario in a process of its own, which has to reach its end."""
    source = PRELUDE + textwrap.dedent(scenario) + "\nprint('alive')\n"
    # No address space in advance for Rust's allocator, so that what it asks for is what is asked of it.
    environment = os.environ | {"MIMALLOC_ARENA_RESERVE": "0"}
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.stdout.strip() == "alive", done.stderr[-2000:]


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are Linux's")
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_cannot_be_had_is_refused_and_nothing_is_lost(name: str) -> None:
    run(SCENARIOS[name])
