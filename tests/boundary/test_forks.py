"""A forked child is never left waiting: what was in use during the fork is refused, and all else works on."""

import subprocess
import sys
import textwrap

import pytest

#: `forked(body)` says how `body` ended in a forked child: with what value, with which exception, or not.
CHILDREN = """
import os, signal, sys, threading, time, warnings
import numpy as np, omega
warnings.simplefilter("ignore")
returns = 0.01 * np.random.default_rng(0).standard_normal(3000)

def forked(body):
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            said = str(body())
        except BaseException as error:
            said = type(error).__name__
        os.write(send, said.encode())
        os._exit(0)
    os.close(send)
    with open(receive, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said or "hangs"

def while_busy(work, body, times=20):
    done = threading.Event()
    def again():
        while not done.is_set():
            work()
    busy = threading.Thread(target=again)
    busy.start()
    ends = []
    for turn in range(times):
        time.sleep(0.003 * (turn % 7))
        ends.append(forked(body))
    done.set()
    busy.join()
    return ends
"""


def run(script: str) -> None:
    """Runs a script, with the helpers above, in a Python of its own; it prints nothing and ends well."""
    program = CHILDREN + textwrap.dedent(script)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.julia
def test_a_child_forked_while_julia_starts_is_refused() -> None:
    run("""
        def fit():
            return omega.volatility.garch(returns).log_likelihood
        answers = []
        starter = threading.Thread(target=lambda: answers.append(fit()))
        starter.start()
        time.sleep(0.02)
        ends = []
        while starter.is_alive():
            ends.append(forked(fit))
            time.sleep(0.2)
        assert answers == [fit()]
        assert len(ends) > 3 and set(ends) == {"ForkedProcessError"}, ends
    """)


@pytest.mark.julia
def test_a_child_forked_while_julia_works_is_refused() -> None:
    run("""
        fit = lambda: omega.volatility.garch(returns).log_likelihood
        expected = fit()
        ends = while_busy(fit, fit)
        assert set(ends) == {"ForkedProcessError"}, ends
        assert fit() == expected
    """)


@pytest.mark.julia
@pytest.mark.parametrize("when", ["starts", "works"])
def test_a_child_forked_by_a_signal_handler_of_who_waits_for_julia_is_refused(when: str) -> None:
    run(f"""
        if {when == "works"}:
            omega.volatility.garch(returns)
        ends = []
        parent = os.getpid()
        def fork(*_):
            signal.setitimer(signal.ITIMER_REAL, 0)
            ends.append(os.fork())
            if os.getpid() != parent:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(30)
        signal.signal(signal.SIGALRM, fork)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            answer = omega.simulation.stationary_bootstrap(returns, replications=30_000)
        except omega.OmegaError as error:
            os._exit(42 if type(error).__name__ == "ForkedProcessError" else 1)
        assert os.getpid() == parent and len(answer.replications) == 30_000
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in ends] == [42]
    """)


def test_a_feature_set_in_use_during_a_fork_is_refused_in_the_child() -> None:
    run("""
        set_ = lambda: omega.FeatureSet({"sma": ("ta.sma", {"period": 5}), "obv": ("ta.obv", {})})
        busy, idle = set_(), set_()
        idle.update(close=1.0, volume=1.0)
        bars = {"close": np.arange(1.0, 2e6), "volume": np.ones(1_999_999)}
        for use in (
            lambda: busy.update(close=1.0, volume=1.0) and "works",
            lambda: busy.extend({"close": np.ones(3000), "volume": np.ones(3000)}) and "works",
            lambda: busy.snapshot() and "works",
            lambda: busy.reset() or "works",
        ):
            ends = while_busy(lambda: busy.extend(bars), use, times=10)
            assert set(ends) <= {"works", "ForkedProcessError"} and "ForkedProcessError" in ends, ends
        use = lambda: idle.update(close=2.0, volume=3.0)["obv"]
        ends = while_busy(lambda: busy.extend(bars), use, times=10)
        assert set(ends) == {"4.0"}, ends
        assert busy.update(close=1.0, volume=1.0)["sma"] is not None
    """)


def test_an_accumulator_in_use_during_a_fork_is_refused_in_the_child() -> None:
    run("""
        import copy
        busy, idle = (omega.accumulate("risk.sharpe_ratio") for _ in range(2))
        idle.update([0.01, 0.02])
        rows = np.full(3_000_000, 0.01)
        for use in (
            lambda: busy.update([0.01]) or "works",
            lambda: busy.rows and "works",
            lambda: repr(busy) and "works",
            lambda: copy.copy(busy) and "works",
            lambda: idle.merge(busy) or "works",
        ):
            ends = while_busy(lambda: busy.update(rows), use, times=10)
            assert set(ends) <= {"works", "ForkedProcessError"} and "ForkedProcessError" in ends, ends
        ends = while_busy(lambda: busy.update(rows), lambda: idle.update(rows) or idle.rows, times=3)
        assert set(ends) == {"3000002"}, ends
    """)


def test_a_refusal_says_what_to_do_and_that_of_which_function() -> None:
    run("""
        busy = omega.accumulate("risk.volatility")
        def use():
            try:
                _ = busy.value
            except omega.OmegaError as error:
                named = error.function, error.fields["value"] == str(os.getpid())
                return *named, error.code.name, "restore a snapshot" in str(error)
        ends = while_busy(lambda: busy.update(np.full(3_000_000, 0.01)), use)
        assert str(("risk.volatility", True, "FORKED_PROCESS", True)) in ends, ends
    """)


def test_what_nobody_used_during_a_fork_works_in_the_child_and_in_its_children() -> None:
    run("""
        stream, total = omega.stream("ta.obv"), omega.accumulate("risk.volatility")
        features = omega.FeatureSet({"obv": ("ta.obv", {})}, by="symbol")
        def use():
            stream.update(1.0, 1.0)
            total.update([0.01])
            features.update(close=1.0, volume=1.0, symbol="A")
            return stream.rows, total.rows, copied.rows
        import copy
        use_before = stream.update(1.0, 1.0)
        copied = copy.copy(stream)
        assert forked(use) == "(2, 1, 1)"
        assert forked(lambda: forked(use)) == "(2, 1, 1)"
        assert use() == (2, 1, 1)
    """)
