"""Julia's start: Ctrl-C is heeded while it lasts, and the process may end before it has."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Handlers answer after 50 ms; the rest is for a machine that is busy with other things.
PROMPTLY_S = 0.2

#: Prints when it calls, and how late the interrupt came; then what a second call answers.
INTERRUPTED = """
import os, sys, time, omega
returns = [0.01 * (-1) ** row * (row % 7) for row in range(200)]
print("calls", flush=True)
try:
    omega.volatility.garch(returns)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
if sys.argv[1] == "again":
    print(omega.volatility.garch(returns).log_likelihood is not None, flush=True)
"""


def interrupt(after_s: float, *, then: str, group: bool = False) -> tuple[float, float, list[str]]:
    """How late the interrupt came, how long the process took to end after it, and what it said then."""
    command = [sys.executable, "-c", INTERRUPTED, then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "calls\n"
        time.sleep(after_s)
        sent = time.monotonic()
        (os.killpg if group else os.kill)(child.pid, signal.SIGINT)
        late = float(child.stdout.readline()) - sent
        rest = child.stdout.read().split()
        assert child.wait(120) == 0
        return late, time.monotonic() - sent, rest


@pytest.mark.julia
@pytest.mark.parametrize("after_s", [0.05, 0.5, 2.0])
def test_ctrl_c_while_julia_starts_is_heeded_at_once_and_the_process_ends(after_s: float) -> None:
    late, ended, _ = interrupt(after_s, then="end")
    assert late < PROMPTLY_S
    assert ended < 2


@pytest.mark.julia
def test_a_later_call_waits_for_the_start_that_was_interrupted() -> None:
    # The signal of a terminal, which goes to the whole group: the start does not suffer.
    late, _, rest = interrupt(0.2, then="again", group=True)
    assert late < PROMPTLY_S
    assert rest == ["True"]


@pytest.mark.julia
def test_ctrl_c_ends_the_demo_while_julia_starts(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "omega"), "demo", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        while "risk metrics" not in child.stdout.readline():
            pass
        time.sleep(0.8)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert time.monotonic() - sent < 2
        assert "Traceback" not in child.stderr.read()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.julia
def test_a_process_may_end_while_another_thread_starts_julia() -> None:
    script = """
import sys, threading, time, omega
returns = [0.01 * (-1) ** row * (row % 7) for row in range(200)]
threading.Thread(target=omega.volatility.garch, args=(returns,), daemon=True).start()
time.sleep(float(sys.argv[1]))
"""
    for after_s in (0.01, 0.3, 0.6, 1.2, 2.0):
        ended = subprocess.run(
            [sys.executable, "-c", script, str(after_s)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.julia
@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_process_whose_standard_streams_are_closed_ends_cleanly(closed: str, tmp_path: Path) -> None:
    script = """
import sys, omega
from pathlib import Path
returns = [0.01 * (-1) ** row * (row % 7) for row in range(200)]
answer = omega.volatility.garch(returns).log_likelihood
# What the process opens now is not taken for a standard stream either.
with open(sys.argv[1], "w") as out:
    out.write(f"{answer is not None} {out.fileno() > 2}")
"""
    said = tmp_path / "said"
    command = ["sh", "-c", f'"$0" "$@" {closed}', sys.executable, "-c", script, str(said)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert said.read_text() == "True True"
