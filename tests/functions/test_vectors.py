"""The reference vectors, made by independent implementations, as Python gets them."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pytest
from omega.functions import peers

from tests.functions.market import (
    MODELS,
    REDUCTIONS,
    ROWWISE,
    SPECS,
    Floats,
    every,
    outputs,
    same_bits,
    typed,
)

VECTORS = Path(__file__).parents[1] / "vectors"


@dataclass(frozen=True)
class Reference:
    """Numbers of one output, and where they stand in the whole answer."""

    places: list[int]
    values: Floats


@dataclass(frozen=True)
class Case:
    """One case of a file: what goes in, and what an independent implementation answered."""

    given: Mapping[str, Any]
    columns: Mapping[str, Floats]
    outputs: Mapping[str, Reference]


@dataclass(frozen=True)
class Vectors:
    """The file of a function: its cases, and by which measure, and how closely, each output agrees."""

    compare: Mapping[str, tuple[str, float]]
    cases: list[Case]


def path_of(name: str) -> Path:
    module, _, function = name.partition(".")
    return VECTORS / module / f"{function}.csv"


def read(name: str) -> Vectors:
    """The vectors of a function; a failure that says how to make them where there are none."""
    if not path_of(name).is_file():
        pytest.fail(f"{name} has no vectors: run `python -m tools.make_vectors --only {name}`", pytrace=False)
    lines = path_of(name).read_text("utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    words = [line.split()[1:] for line in comments if line.startswith("compare: ")]
    renamed = dict(line.split()[1::2] for line in comments if line.startswith("column: "))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return Vectors(
        {output: (measure, float(amount)) for output, measure, amount in words},
        [
            Case(
                {key: parameter(name, key, value) for key, value in given},
                {
                    each.name: typed_as(
                        each.type, column(file, renamed.get(each.name, each.name), each.many)[:count]
                    )
                    for each in SPECS[name].inputs
                },
                references(row for row in rows if row["case"] == number),
            )
            for number, file, count, given in map(case_line, comments)
            if number
        ],
    )


def case_line(comment: str) -> tuple[str, str, int, list[tuple[str, str]]]:
    """The number, the data, the number of rows and the parameters of `case 0: bars_SPX[:400] period=30`."""
    found = re.fullmatch(r"case (\d+): (\w+)\[:(\d+)\](.*)", comment)
    if not found:
        return "", "", 0, []
    pairs = [word.partition("=") for word in found[4].split()]
    return found[1], found[2], int(found[3]), [(key, value) for key, _, value in pairs]


def references(rows: Iterator[dict[str, str]]) -> dict[str, Reference]:
    """By output: of a row per row of data, or of a row per number."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for row in rows:
        cells = (
            [(row["output"], row["index"], row["value"])]
            if "output" in row
            else [(key, row["row"], cell) for key, cell in row.items() if key not in {"case", "row"}]
        )
        for output, place, cell in cells:
            places, values = found.setdefault(output, ([], []))
            places.append(int(place))
            values.append(float(cell) if cell else np.nan)
    return {output: Reference(places, np.array(values)) for output, (places, values) in found.items()}


@cache
def data(name: str) -> Mapping[str, Floats]:
    """The columns of a file of input rows."""
    path = VECTORS / "data" / f"{name}.csv"
    values = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    header = path.read_text("utf-8").partition("\n")[0].split(",")
    return {column: values[:, place].copy() for place, column in enumerate(header)}


def column(file: str, name: str, many: bool) -> Floats:
    """What an input reads of a file of rows; of many columns, as `a+b`, rows by columns."""
    if not many:
        return data(file)[name]
    return np.column_stack([data(file)[each] for each in name.split("+")])


def typed_as(kind: str, values: Floats) -> Any:
    """Numbers as they are; times, which a file holds as microseconds, as times."""
    return values.astype("int64").astype("M8[us]") if kind.startswith("timestamp") else values


def parameter(name: str, key: str, value: str) -> Any:
    """A parameter as its spec types it."""
    kind = next(each.type for each in SPECS[name].parameters if each.name == key)
    return value if kind == "choice" else json.loads(value.lower())


def within(found: Floats, expected: Floats, tolerance: float) -> None:
    assert np.isnan(found).tolist() == np.isnan(expected).tolist()
    if not np.isnan(expected).all():
        scale = np.nanmax(np.abs(expected))
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-3 * tolerance * scale)


def not_below(found: Floats, expected: Floats, tolerance: float) -> None:
    assert (found >= expected - tolerance * np.abs(expected)).all()


MEASURES: dict[str, Callable[[Floats, Floats, float], None]] = {"within": within, "not_below": not_below}


def agree(answers: Mapping[str, Floats], vectors: Vectors, case: Case) -> None:
    """Fails unless the outputs that a file says to compare agree, by the measure that it says."""
    assert vectors.compare
    for output, (measure, tolerance) in vectors.compare.items():
        reference = case.outputs[output]
        found = np.asarray(answers[output], dtype=np.float64).ravel()[reference.places]
        MEASURES[measure](found, reference.values, tolerance)


def named(name: str, values: Any) -> dict[str, Any]:
    return dict(zip([output.name for output in SPECS[name].outputs], values, strict=True))


def test_every_vector_is_that_of_a_function() -> None:
    files = {
        f"{path.parent.name}.{path.stem}" for path in VECTORS.glob("*/*.csv") if path.parent.name != "data"
    }
    assert files <= set(omega.functions())


@pytest.mark.parametrize("name", ROWWISE)
def test_an_indicator_agrees_with_its_vectors(name: str) -> None:
    vectors = read(name)
    for case in vectors.cases:
        agree(named(name, outputs(typed(name)(case.columns, **case.given))), vectors, case)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_metric_agrees_with_its_vectors_after_every_row(name: str) -> None:
    vectors = read(name)
    for case in vectors.cases:
        accumulator = omega.accumulate(name, **case.given)
        answers = []
        for row in range(len(next(iter(case.columns.values())))):
            accumulator.update({each: column[row : row + 1] for each, column in case.columns.items()})
            answers.append(numbers(accumulator.value))
        agree(named(name, np.array(answers).T), vectors, case)
        assert same_bits(numbers(typed(name)(case.columns, **case.given)), answers[-1])


def numbers(value: Any) -> list[float]:
    """What a metric answered, one number or several, NaN for none."""
    values = value if isinstance(value, tuple) else (value,)
    return [np.nan if each is None else each for each in values]


@pytest.mark.julia
@pytest.mark.parametrize("name", MODELS)
def test_a_model_agrees_with_its_vectors(name: str) -> None:
    vectors = read(name)
    for case in vectors.cases:
        agree(typed(name)(**case.columns, **case.given)._asdict(), vectors, case)


@pytest.mark.peers
def test_every_vector_is_of_the_cases_that_the_table_of_peers_has() -> None:
    from tools import make_vectors

    def up_to_date(name: str) -> None:
        peer, lines = peers.of(name), path_of(name).read_text("utf-8").splitlines()
        found = [line.removeprefix("# ") for line in lines if line.startswith(("# compare: ", "# case "))]
        cases = [
            f"case {number}: {make_vectors.case_line(peer, case)}" for number, case in enumerate(peer.cases)
        ]
        assert found == [*make_vectors.comparisons(peer), *cases], (
            f"run `python -m tools.make_vectors --only {name}`"
        )

    every(SPECS, up_to_date)


def test_the_vectors_of_400_functions_would_be_less_than_6_megabytes() -> None:
    sizes = [path_of(name).stat().st_size for name in SPECS]
    shared = sum(path.stat().st_size for path in VECTORS.glob("data/*.csv"))
    assert 400 * sum(sizes) / len(sizes) + shared < 6_000_000
