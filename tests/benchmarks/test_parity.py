"""What differs is seen, and what the rounding of two libraries makes of zero is not called a difference."""

import numpy as np

from benchmarks import parity

NAN = float("nan")


def test_equal_columns_agree() -> None:
    column = np.array([NAN, 1.0, 2.0])
    assert parity.relative_difference(column, column) == 0.0


def test_a_value_where_the_peer_has_none_is_a_difference() -> None:
    verdict = parity.compare("f", "o", "peer", "data", np.array([1.0, 2.0]), np.array([NAN, 2.0]))
    assert not verdict.passed


def test_a_difference_in_the_ninth_digit_fails() -> None:
    expected = np.array([1.0, 2.0])
    assert parity.compare("f", "o", "peer", "data", expected * (1 + 5e-10), expected).passed
    assert not parity.compare("f", "o", "peer", "data", expected * (1 + 5e-9), expected).passed


def test_a_column_that_crosses_zero_is_measured_by_its_size() -> None:
    expected = np.array([-1.0, 1e-9, 1.0])
    assert parity.relative_difference(expected + 1e-14, expected) < 1e-13


def test_a_column_that_stays_on_one_side_is_measured_row_by_row() -> None:
    expected = np.array([1e-9, 1.0])
    assert parity.relative_difference(expected + 1e-14, expected) > 1e-6


def test_a_failure_names_the_function_the_peer_and_the_figure() -> None:
    verdict = parity.compare("ta.sma", "sma", "TA-Lib", "a walk", np.array([1.5]), np.array([1.0]))
    assert (
        str(verdict) == "DIFFERS: ta.sma sma and TA-Lib on a walk: `0.5` relative difference, at most 1e-09"
    )
