"""The examples in the benchmarks' docstrings hold."""

import doctest
from types import ModuleType

import pytest

from benchmarks import parity, report, timing


@pytest.mark.parametrize("module", [parity, report, timing], ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
