"""Sets that are worth it compute on several processors, and nobody notices but by the clock."""

import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import omega
import pytest
from omega.shared.exceptions import MissingValueError, UnexpectedInternalError

from tests.functions.market import same_bits, walk

#: So many rows are worth some threads.
ROWS = 300_000
FEATURES: dict[str, tuple[str, dict[str, Any]]] = {
    "mean": ("ta.sma", {}),
    "bands": ("ta.bbands", {}),
    "rsi": ("ta.rsi", {}),
    "signal": ("ta.ema", {"close": "rsi"}),
}
SCRIPT = """
import numpy as np, omega, sys
from omega.shared.exceptions import InvalidTypeError
features = omega.FeatureSet({"a": ("ta.sma", {}), "b": ("ta.ema", {})})
try:
    answer = features.run({"close": 1.0 + np.arange(300_000.0) % 97})
except InvalidTypeError as refusal:
    print(refusal)
else:
    print(float(answer["a"][-1]), float(answer["b"][-1]))
"""


def told(threads: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OMEGA_THREADS"}
    environment |= {} if threads is None else {"OMEGA_THREADS": threads}
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_limit_changes_no_bit_and_a_wrong_one_is_refused_by_name() -> None:
    free = told(None)
    assert {told(threads) for threads in ("1", "2", "100")} == {free}
    for wrong in ("0", "many", ""):
        assert told(wrong) == f"OMEGA_THREADS must be a whole number from 1, got `{wrong}`\n"


def test_a_long_run_has_the_bits_of_its_parts() -> None:
    close = walk(ROWS, 3)["close"]
    whole, parts = omega.FeatureSet(FEATURES), omega.FeatureSet(FEATURES)
    expected = whole.run({"close": close})
    pieces = [parts.extend({"close": close[row : row + 10_000]}) for row in range(0, ROWS, 10_000)]
    for name, column in expected.items():
        assert same_bits(np.concatenate([piece[name] for piece in pieces]), column)


def test_the_first_refused_row_is_named() -> None:
    close = walk(ROWS, 3)["close"]
    close[[ROWS // 2, ROWS - 1]] = np.nan
    features = omega.FeatureSet(FEATURES, nulls="raise")
    for act in (features.run, features.extend):
        with pytest.raises(MissingValueError, match=f"row {ROWS // 2},"):
            act({"close": close})
    assert features.snapshot() == omega.FeatureSet(FEATURES, nulls="raise").snapshot()


def test_a_panic_on_any_thread_is_an_error_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    none: dict[str, Any] = {}
    same, bad = ("probe.identity", none), ("probe.panic", none)
    features = omega.FeatureSet({"a": same, "bad": bad, "b": same, "c": same})
    value = np.full(ROWS, -1.0)
    value[ROWS // 2] = 1.0
    before = features.snapshot()
    for _ in range(20):
        with pytest.raises(UnexpectedInternalError, match=r"probe\.panic met 1"):
            features.extend({"value": value})
    assert features.snapshot() == before
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_meanwhile_computes_on() -> None:
    features, done = omega.FeatureSet(FEATURES), threading.Event()
    close = walk(ROWS, 3)["close"]
    expected = features.run({"close": close})["rsi"][-1]

    def run() -> None:
        while not done.is_set():
            features.run({"close": close})

    runner = threading.Thread(target=run)
    runner.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(int(features.run({"close": close})["rsi"][-1] != expected))
            assert os.waitpid(child, 0)[1] == 0
    finally:
        done.set()
        runner.join()
