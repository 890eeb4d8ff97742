"""Tests that need Julia: which they are, and what becomes of them where there is none."""

import os
from functools import cache

import pytest


@pytest.hookimpl(trylast=True)  # after `-m` and `-k` have taken away what is not asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Julia where there is none, and only then and there ask for it."""
    for item in items:
        if is_example_of_a_julia_function(item):
            item.add_marker(pytest.mark.julia)
        if item.get_closest_marker("julia") and (reason := why_there_is_no_julia()):
            item.add_marker(pytest.mark.skip(reason=reason))


def is_example_of_a_julia_function(item: pytest.Item) -> bool:
    """Whether a test is the doctest of a function that is written in Julia."""
    if not isinstance(item, pytest.DoctestItem):
        return False
    import omega

    function = ".".join(item.name.split(".")[-2:])
    return function in omega.functions() and omega.spec(function).language == "julia"


@cache
def why_there_is_no_julia() -> str | None:
    """Why functions written in Julia cannot be called here; None if they can.

    Where `OMEGA_REQUIRE_JULIA` is set a missing Julia is no reason to skip: the tests run, and fail.
    """
    if os.environ.get("OMEGA_REQUIRE_JULIA"):
        return None
    from omega.functions import julia
    from omega.shared.exceptions import JuliaUnavailableError

    try:
        julia.start()
    except JuliaUnavailableError as error:
        return str(error)
    return None
