"""The reference vectors, made by independent implementations, as Python gets them."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pytest

from tests.functions.market import MODELS, REDUCTIONS, ROLLING, ROWWISE, SPECS, Floats, outputs, typed

VECTORS = Path(__file__).parents[1] / "vectors"


@dataclass
class Case:
    """One case of a file: parameters, and columns of numbers, NaN where a cell is empty."""

    given: dict[str, Any]
    columns: dict[str, Floats]


def number(cell: str) -> float:
    return float(cell) if cell else np.nan


def cases(name: str) -> Iterator[Case]:
    """The cases of a function's file of rows."""
    module, _, function = name.partition(".")
    lines = (VECTORS / module / f"{function}.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    for line in lines:
        if not line.startswith("# case "):
            continue
        label, _, words = line.removeprefix("# case ").partition(":")
        mine = [row for row in rows if row["case"] == label]
        pairs = (word.partition("=") for word in words.split())
        yield Case(
            {key: parameter(name, key, value) for key, _, value in pairs},
            {key: np.array([number(row[key]) for row in mine]) for key in rows[0] if key != "case"}
            if "name" not in rows[0]
            else by_name(mine),
        )


def by_name(rows: list[dict[str, str]]) -> dict[str, Floats]:
    """The columns of a file with one number per line."""
    names = dict.fromkeys(row["name"] for row in rows)
    return {name: np.array([number(row["value"]) for row in rows if row["name"] == name]) for name in names}


def parameter(name: str, key: str, value: str) -> Any:
    """A parameter as its spec types it; words that the file adds stay words."""
    kind = next((each.type for each in SPECS[name].parameters if each.name == key), "choice")
    return value if kind == "choice" else json.loads(value)


def test_every_function_has_vectors() -> None:
    assert {f"{path.parent.name}.{path.stem}" for path in VECTORS.glob("*/*.csv")} == set(
        omega.functions()
    ) - set(ROLLING)


@pytest.mark.parametrize("name", [name for name in ROWWISE if name not in ROLLING])
def test_an_indicator_agrees_with_its_vectors(name: str) -> None:
    for case in cases(name):
        columns = {each.name: case.columns[each.name] for each in SPECS[name].inputs}
        answer = outputs(typed(name)(columns, **case.given))
        for output, found in zip(SPECS[name].outputs, answer, strict=True):
            expected = case.columns[output.name]
            assert np.isnan(found).tolist() == np.isnan(expected).tolist()
            scale = np.nanmax(np.abs(expected))
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_metric_agrees_with_its_vectors_after_every_row(name: str) -> None:
    for case in cases(name):
        accumulator = omega.accumulate(name, **case.given)
        columns = {each.name: case.columns[each.name] for each in SPECS[name].inputs}
        for row, expected in enumerate(case.columns[name.partition(".")[2]]):
            accumulator.update({column: values[row : row + 1] for column, values in columns.items()})
            found = accumulator.value()
            if np.isnan(expected):
                assert found is None
            else:
                assert found == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert typed(name)(columns, **case.given) == found


@pytest.mark.parametrize("name", ROLLING)
def test_a_rolling_metric_agrees_with_the_vectors_of_the_metric_where_its_window_fills(name: str) -> None:
    metric = ROLLING[name]
    for case in cases(metric):
        columns = {each.name: case.columns[each.name] for each in SPECS[metric].inputs}
        expected = case.columns[metric.partition(".")[2]]
        for window in (2, 16, 60, 399):
            found = typed(name)(columns, window=window, **case.given)
            assert np.isnan(found[: window - 1]).all()
            np.testing.assert_allclose(found[window - 1], expected[window - 1], rtol=1e-9, atol=1e-15)


OUTPUTS = {name: [each.name for each in SPECS[name].outputs] for name in MODELS}


@pytest.mark.julia
@pytest.mark.parametrize("name", [name for name in MODELS if "log_likelihood" in OUTPUTS[name]])
def test_the_likelihood_of_a_model_is_no_worse_than_that_of_its_vectors(name: str) -> None:
    for case in cases(name):
        case.given.pop("symbol")
        fit = typed(name)(case.columns["returns"], **case.given)
        expected = float(case.columns["log_likelihood"][0])
        assert fit.log_likelihood >= expected - 1e-6 * abs(expected)


@pytest.mark.julia
@pytest.mark.parametrize(
    "name",
    [name for name in MODELS if SPECS[name].kind == "model" and "log_likelihood" not in OUTPUTS[name]],
)
def test_a_model_without_a_search_agrees_with_its_vectors(name: str) -> None:
    for case in cases(name):
        rows = case.columns.pop("returns").reshape(-1, len(case.given.pop("symbols").split("+")))
        answer = typed(name)(rows, **case.given)._asdict()
        for output, expected in case.columns.items():
            np.testing.assert_allclose(answer[output].ravel(), expected, rtol=1e-9)


@pytest.mark.julia
def test_the_value_at_risk_of_the_bootstrap_is_that_of_its_vectors() -> None:
    for case in cases("simulation.stationary_bootstrap"):
        case.given.pop("symbol")
        fit = omega.simulation.stationary_bootstrap(case.columns["returns"], replications=200, **case.given)
        assert fit.value_at_risk == pytest.approx(case.columns["value_at_risk"][0], rel=1e-9)
        assert fit.standard_error == pytest.approx(case.columns["standard_error"][0], rel=0.3)
        assert fit.lower < fit.value_at_risk < fit.upper
