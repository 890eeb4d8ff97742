"""What would take more memory or time than there is: refused before it is tried, or stopped by Ctrl-C."""

import signal
import subprocess
import sys
import time

import numpy as np
import omega
import pyarrow as pa
import pytest
from omega.shared.exceptions import OutOfMemoryError


def nulls(rows: int) -> pa.Array:
    """As `pa.nulls`, without the memory that it fills with zeros."""
    return pa.Array.from_buffers(pa.null(), rows, [None])


@pytest.mark.parametrize(
    "huge",
    [
        lambda: np.broadcast_to(1.0, 10**12),
        lambda: np.broadcast_to(np.int8(1), 10**12),
        lambda: np.broadcast_to(np.array(1.0, dtype=">f8"), 10**12),
        lambda: nulls(2**36),
        lambda: pa.chunked_array([nulls(2**36), nulls(2**36)]),
    ],
    ids=["broadcast float64", "broadcast int8", "broadcast big-endian", "nulls", "chunks of nulls"],
)
def test_a_column_of_more_than_can_be_had_is_refused_first(huge: object) -> None:
    data = huge()  # type: ignore[operator]
    began = time.monotonic()
    for call in (
        lambda: omega.ta.sma(data, period=2),
        lambda: omega.risk.volatility(returns=data),
        lambda: omega.accumulate("risk.volatility").update(data),
        lambda: omega.FeatureSet({"x": ("ta.sma", {})}).extend({"close": data}),
    ):
        with pytest.raises(OutOfMemoryError) as refusal:
            call()
        assert int(refusal.value.fields["value"]) >= 2**39
    assert time.monotonic() - began < 5


LIST = """
import time, omega
values = [0.5, 1] * {pairs}
keys = [0, 1] * {pairs}
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(omega.ta.sma([1.0, 3.0], period=2), flush=True)
"""


@pytest.mark.parametrize(
    "call",
    [
        "while True: omega.risk.volatility(values)",
        "while True: omega.risk.volatility(returns=values[:10], by=keys)",
        'while True: omega.accumulate("risk.volatility").update(values)',
    ],
)
def test_ctrl_c_is_heeded_while_a_long_list_is_read(call: str) -> None:
    program = LIST.format(pairs=10_000_000, call=call)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert child.stdout.readline() == "interrupted\n"
        # A look comes every few thousand items; the machine may be busy.
        assert time.monotonic() - sent < 1
        assert child.stdout.readline() == "[None, 2.0]\n"
        assert child.wait(20) == 0


LIMITED = """
import resource, omega
from omega.shared.exceptions import OutOfMemoryError
omega.risk.volatility([0.1, 0.2])
values, keys = [0.5] * 20_000_000, [1] * 20_000_000
size = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (size + 2**26,) * 2)
try:
    {call}
except OutOfMemoryError:
    print("refused")
print(omega.ta.sma([1.0, 3.0], period=2))
"""


@pytest.mark.parametrize(
    "call", ["omega.risk.volatility(values)", "omega.risk.volatility(values[:10], by=keys)"]
)
def test_a_list_longer_than_memory_is_refused(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(call=call)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "refused\n[None, 2.0]\n", done.stderr
