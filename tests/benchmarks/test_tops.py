"""The suite of tops sees a fit that falls short, and finds none among a few of GARCH."""

import numpy as np
import omega
import pytest

from benchmarks import tops


def test_a_fit_below_the_peer_and_a_seed_with_another_top_are_counted() -> None:
    ours = np.array([[1.0, 1.0], [2.0, 2.5], [3.0, 3.0]])
    found = tops.outcome("regimes.hidden_markov", "three", ours, np.array([1.0, 2.25, 2.0]), seeds=2)
    assert (found.fits, found.lower, found.worst, found.higher, found.seeds_differ) == (3, 1, 0.25, 1, 1)


def test_what_is_to_have_no_fits_is_left_out() -> None:
    nothing = tops.Plan(series=0, starts=0, windows=0, problems=0, restarts=0, seeds=1)
    assert list(tops.measure(nothing)) == []


@pytest.mark.peers
@pytest.mark.julia
def test_garch_is_never_below_arch_from_several_places() -> None:
    plan = tops.Plan(series=14, starts=3, windows=0, problems=0, restarts=0, seeds=1)
    assert tops.garch(plan).lower == 0


@pytest.mark.peers
@pytest.mark.julia
def test_garch_finds_a_top_at_the_bound_as_arch_does() -> None:
    returns = np.random.RandomState(1553).standard_t(4, 250) * 0.01
    fit = omega.volatility.garch(returns)
    assert fit.log_likelihood is not None
    assert fit.log_likelihood == pytest.approx(699.2704, abs=1e-4)
    assert fit.log_likelihood >= tops.arch_top(returns, 0, 0) - 1e-4


# Series whose greatest top hides behind a bound or close to another one, with what 60 random starts found.
@pytest.mark.julia
@pytest.mark.parametrize(("number", "top"), [(161, 1575.43772), (387, 645.27225), (34158, 545.12141)])
def test_garch_finds_tops_that_hide(number: int, top: float) -> None:
    assert omega.volatility.garch(tops.series(number)).log_likelihood == pytest.approx(top, abs=1e-4)
