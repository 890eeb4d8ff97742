"""Julia inside the process: any thread may call it, whatever it throws is typed, and Python stays Python."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pytest
from omega import _rust
from omega.shared.exceptions import (
    DegenerateDataError,
    InvalidValueError,
    JuliaExceptionError,
    JuliaStackOverflowError,
    MissingValueError,
    NotEnoughDataError,
    OmegaError,
    ParameterOutOfRangeError,
    ZeroCopyRefusedError,
)

from tests.functions.market import MODEL_SHAPES, SPECS, same_bits, typed, walk

RETURNS = walk(300, seed=2)["returns"]


def hidden(name: str, data: Any = None) -> Any:
    """A hidden function of Julia, called on data."""
    return _rust.function(f"probe.{name}@julia").run(data, None, {})


def identity(values: Any) -> Any:
    return np.frombuffer(hidden("identity", values)[0])


def python(source: str, *, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a Python of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
        check=False,
    )


# ------------------------------------------------------------------------------------------- values


@pytest.mark.julia
def test_values_pass_through_julia_with_all_their_bits() -> None:
    values = np.array([0.0, -0.0, 1e-310, 1e150, -1e150, 1 / 3, np.nan, 5e-324])
    assert same_bits(identity(values), values)
    assert identity(np.array([])).size == 0
    nulls = pa.array([1.0, None, 3.0])
    assert same_bits(identity(nulls), [1.0, np.nan, 3.0])
    chunks = pa.chunked_array([[1.0], [], [2.0, None], [4.0]])
    assert same_bits(identity(chunks), [1.0, 2.0, np.nan, 4.0])
    assert same_bits(identity(pa.array([0.0, 1.0, None, 3.0, 4.0]).slice(1, 3)), [1.0, np.nan, 3.0])


@pytest.mark.julia
@pytest.mark.parametrize("name", MODEL_SHAPES)
def test_equal_calls_give_equal_bits(name: str) -> None:
    first, second = (typed(name)(RETURNS) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        assert one is two is None or same_bits(one, two)


@pytest.mark.julia
@pytest.mark.parametrize("name", MODEL_SHAPES)
def test_chunks_and_missing_rows_are_as_those_of_any_function(name: str) -> None:
    spec = SPECS[name]
    whole = typed(name)(RETURNS)
    chunked = typed(name)(pa.chunked_array([RETURNS[:7], [], RETURNS[7:]], pa.float64()))
    gaps = np.insert(RETURNS, [5, 100, 100], np.nan)
    skipped, missing = typed(name)(gaps), typed(name)(gaps, nulls="propagate")
    for output, one, two, three, four in zip(spec.outputs, whole, chunked, skipped, missing, strict=True):
        if not output.axes:
            assert one == two == three
            assert four is None
        elif output.axes == ("row",):
            assert same_bits(one, two.to_numpy())
            assert np.isnan(three[[5, 101, 102]]).all()
            assert same_bits(np.delete(three, [5, 101, 102]), one)
            assert np.isnan(four).all()
    with pytest.raises(MissingValueError) as refusal:
        typed(name)(gaps, nulls="raise")
    # One of many columns is named by its place where it has no name of its own.
    column = "0" if any(each.many for each in spec.inputs) else "returns"
    assert (refusal.value.fields["name"], refusal.value.fields["row"]) == (column, "5")


@pytest.mark.julia
@pytest.mark.parametrize("name", MODEL_SHAPES)
def test_what_a_model_cannot_fit_is_refused_by_what_it_needs(name: str) -> None:
    for rows in ([], [0.1], [None] * 50):
        with pytest.raises((NotEnoughDataError, DegenerateDataError)) as refusal:
            typed(name)(rows)
        assert refusal.value.function == name
    with pytest.raises(InvalidValueError) as infinite:
        typed(name)([*RETURNS, float("inf")])
    assert infinite.value.fields["row"] == "300"
    with pytest.raises(ZeroCopyRefusedError):
        typed(name)(list(RETURNS), strict_zero_copy=True)
    typed(name)(RETURNS, strict_zero_copy=True)


@pytest.mark.julia
def test_the_row_of_a_refused_value_of_a_group_is_that_of_the_data() -> None:
    returns = np.append(RETURNS, np.inf)
    with pytest.raises(InvalidValueError) as refusal:
        omega.volatility.garch(returns, by=np.arange(301) % 2)
    assert refusal.value.fields["row"] == "300"


@pytest.mark.julia
def test_a_models_parameters_are_checked_before_julia_is_asked() -> None:
    with pytest.raises(ParameterOutOfRangeError, match="horizon"):
        omega.volatility.garch(RETURNS, horizon=0)


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.julia
def test_an_exception_in_julia_is_typed_and_julia_goes_on() -> None:
    with pytest.raises(JuliaExceptionError) as thrown:
        hidden("throw")
    assert thrown.value.fault == "bug"
    assert same_bits(identity(np.array([7.0])), [7.0])


@pytest.mark.julia
def test_a_stack_overflow_in_julia_is_typed_and_julia_goes_on() -> None:
    for _ in range(3):
        with pytest.raises(JuliaStackOverflowError):
            hidden("overflow")
        assert same_bits(identity(np.array([7.0])), [7.0])


@pytest.mark.julia
@pytest.mark.slow
def test_thousands_of_exceptions_leave_julia_as_it_was() -> None:
    before = omega.volatility.garch(RETURNS)
    for turn in range(3000):
        with pytest.raises(JuliaExceptionError):
            hidden("throw")
        if turn % 500 == 0:
            hidden("collect")
    after = omega.volatility.garch(RETURNS)
    assert before.log_likelihood == after.log_likelihood


@pytest.mark.julia
def test_exceptions_from_many_threads_are_each_typed() -> None:
    def work(thread: int) -> int:
        caught = 0
        for turn in range(200):
            try:
                hidden("throw") if turn % 2 else _rust.testing.julia_raise(1001)
            except OmegaError as error:
                caught += error.code == (4002 if turn % 2 else 1001)
        return caught

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [200] * 8


# ------------------------------------------------------------------------------------------ threads


@pytest.mark.julia
@pytest.mark.slow
def test_eight_threads_call_julia_while_its_collector_runs() -> None:
    done = threading.Event()
    collections = 0

    def collect() -> None:
        nonlocal collections
        while not done.is_set():
            hidden("collect")
            collections += 1
            time.sleep(0.007)

    def work(thread: int) -> int:
        right = 0
        for turn in range(2000):
            values = np.array([thread, turn, 0.5])
            right += same_bits(identity(values), values)
        return right

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [2000] * 8
    finally:
        done.set()
        collector.join()
    assert collections > 3


@pytest.mark.julia
def test_answers_of_julia_outlive_its_collector() -> None:
    fit = omega.volatility.garch(RETURNS)
    kept = fit.conditional_volatility.copy()
    for _ in range(5):
        hidden("collect")
        omega.volatility.garch(RETURNS * 2)
    assert same_bits(fit.conditional_volatility, kept)


@pytest.mark.julia
def test_python_runs_while_julia_computes() -> None:
    ticks = 0
    done = threading.Event()

    def count() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    started = time.perf_counter()
    omega.simulation.stationary_bootstrap(np.tile(RETURNS, 10), replications=3000)
    elapsed = time.perf_counter() - started
    done.set()
    counter.join()
    assert ticks > 20 * elapsed


# ---------------------------------------------------------------------------------- a whole process


@pytest.mark.julia
def test_a_process_that_used_julia_ends_cleanly() -> None:
    ended = python("""
        import omega
        fit = omega.volatility.garch([0.01 * (-1) ** i * (i % 7) for i in range(200)])
        assert fit.log_likelihood is not None
    """)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.julia
def test_a_process_that_fails_after_using_julia_fails_as_python_does() -> None:
    ended = python("""
        import omega, sys
        from omega import _rust
        _rust.function("probe.identity@julia").run([1.0], None, {})
        sys.exit(7)
    """)
    assert (ended.returncode, ended.stderr) == (7, "")


@pytest.mark.julia
def test_a_process_ends_while_threads_still_call_julia() -> None:
    ended = python("""
        import omega, threading, time
        from omega import _rust
        from omega.shared.exceptions import OmegaError
        identity = _rust.function("probe.identity@julia")
        identity.run([1.0], None, {})
        def work():
            try:
                while True:
                    identity.run([1.0], None, {})
            except OmegaError:
                pass
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.julia
def test_ctrl_c_raises_keyboard_interrupt_after_julia_has_started() -> None:
    ended = python("""
        import os, signal, sys, threading, time
        import omega
        from omega import _rust
        before = signal.getsignal(signal.SIGINT)
        identity = _rust.function("probe.identity@julia")
        identity.run([1.0], None, {})
        assert signal.getsignal(signal.SIGINT) is before
        for turn in range(3):
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline:
                    identity.run([1.0], None, {}) if turn else time.sleep(0.01)
                sys.exit("no KeyboardInterrupt")
            except KeyboardInterrupt:
                print("interrupted")
        assert identity.run([7.0], None, {})[0].to_pylist() == [7.0]
    """)
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, ["interrupted"] * 3, "")


@pytest.mark.julia
def test_a_forked_child_is_told_that_julia_did_not_come_along() -> None:
    ended = python("""
        import os, sys, warnings
        import omega
        from omega import _rust
        from omega.shared.exceptions import ForkedProcessError
        warnings.simplefilter("ignore")
        identity = _rust.function("probe.identity@julia")
        identity.run([1.0], None, {})
        child = os.fork()
        if child == 0:
            try:
                identity.run([1.0], None, {})
            except ForkedProcessError as error:
                assert "spawn" in str(error) and error.fields["value"] == str(os.getpid())
                assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]
                os._exit(42)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert identity.run([1.0], None, {})
        sys.exit(os.waitstatus_to_exitcode(status))
    """)
    assert (ended.returncode, ended.stderr) == (42, "")


@pytest.mark.julia
def test_a_child_forked_before_julia_starts_may_start_its_own() -> None:
    ended = python("""
        import os, sys, warnings
        import omega
        from omega import _rust
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            assert _rust.function("probe.identity@julia").run([1.0], None, {})
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.julia
def test_many_threads_may_start_julia_at_once() -> None:
    ended = python("""
        from concurrent.futures import ThreadPoolExecutor
        from omega import _rust
        identity = _rust.function("probe.identity@julia")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: identity.run([float(n)], None, {})[0].to_pylist(), range(8)))
        assert answers == [[float(n)] for n in range(8)], answers
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.julia
def test_a_stack_overflow_leaves_a_process_that_ends_cleanly() -> None:
    ended = python("""
        from omega import _rust
        from omega.shared.exceptions import JuliaStackOverflowError
        for _ in range(5):
            try:
                _rust.function("probe.overflow@julia").run(None, None, {})
            except JuliaStackOverflowError:
                pass
        assert _rust.function("probe.identity@julia").run([7.0], None, {})[0].to_pylist() == [7.0]
    """)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.julia
def test_the_julia_package_of_another_contract_is_refused(tmp_path: Path) -> None:
    ended = python(
        """
        import os, pathlib, shutil, sys
        import omega
        from omega import _rust
        from omega.shared.exceptions import ContractMismatchError
        source = pathlib.Path(omega.__file__).parent / "julia_modules" / "omega_julia"
        copy = pathlib.Path(os.environ["COPY"]) / "omega_julia"
        shutil.copytree(source, copy)
        changed = 0
        for path in copy.rglob("*.jl"):
            text = path.read_text("utf-8")
            if "How many periods to forecast" in text:
                path.write_text(text.replace("How many periods", "How many days"), "utf-8")
                changed += 1
        assert changed, "nothing to change"
        try:
            _rust.julia_start(str(copy), str(pathlib.Path(sys.executable).parent), "omega")
        except ContractMismatchError as error:
            assert "specs" in str(error), error
        else:
            sys.exit("accepted")
        assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]
        """,
        COPY=str(tmp_path),
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("where", ["/nowhere/julia", "/etc/passwd", "/bin/false", "/usr"])
def test_without_julia_the_rest_goes_on_and_the_error_says_what_to_do(where: str) -> None:
    ended = python(
        """
        import omega
        from omega import _rust
        from omega.shared.exceptions import JuliaUnavailableError
        for _ in range(2):
            try:
                omega.volatility.garch([0.01 * (-1) ** row * (row % 7) for row in range(100)])
            except JuliaUnavailableError as error:
                print(error.fields["reason"], "|", error.fields["allowed"], "|", error)
            else:
                raise SystemExit("it ran")
        assert "volatility.garch" in omega.functions()
        assert omega.spec("volatility.garch").language == "julia"
        assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]
        assert omega.risk.max_drawdown([0.5, -0.5]) == -0.5
        """,
        OMEGA_JULIA=where,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "OMEGA_JULIA" in ended.stdout
    assert where in ended.stdout
