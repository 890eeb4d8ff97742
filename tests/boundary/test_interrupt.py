"""Ctrl-C stops a long call into Julia, and the next one works."""

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys, numpy, omega
returns = 0.01 * numpy.random.default_rng(0).standard_normal(6_000)
omega.volatility.garch(returns[:100])
print("ready", flush=True)
try:
    omega.regimes.hidden_markov(returns, states=6)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(omega.volatility.garch(returns[:100]).log_likelihood is not None)
"""


@pytest.mark.julia
def test_ctrl_c_stops_a_fit_that_would_take_long() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert child.stdout.readline() == "interrupted\n"
        # The fit alone takes a minute; the bound is wide because the machine may be busy.
        assert time.monotonic() - sent < 20
        assert child.stdout.readline() == "True\n"
        assert child.wait(60) == 0
