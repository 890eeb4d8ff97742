"""Sets of metrics answer as each metric alone: in any library, by group, in parts, and when saved."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.functions.call import Nulls
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    MissingColumnError,
    MissingValueError,
    SnapshotMismatchError,
    UnknownFunctionError,
    UnknownParameterError,
    ZeroCopyRefusedError,
)

from tests.functions.market import REDUCTIONS, SPECS, Floats, cut, parameters, same_bits, typed, walk
from tests.functions.producers import TABLES, Producer

#: A metric of each kind of summary, two that share one, and one of two columns.
SET: dict[str, tuple[str, dict[str, Any]]] = {
    "sharpe": ("risk.sharpe_ratio", {"periods": 52.0}),
    "volatility": ("risk.volatility", {}),
    "drawdown": ("risk.max_drawdown", {}),
    "calmar": ("risk.calmar_ratio", {}),
    "tail": ("risk.value_at_risk", {"cutoff": 0.1}),
    "beta": ("risk.beta", {}),
}


def returns(rows: int, seed: int = 0) -> dict[str, Floats]:
    columns = walk(rows, seed)
    return {name: columns[name] for name in ("returns", "benchmark")}


def symbols(rows: int) -> list[str]:
    return [("AAPL", "MSFT", "ORCL")[row * row % 7 % 3] for row in range(rows)]


def alone(name: str, data: Any, **options: Any) -> Any:
    function, given = SET[name]
    return typed(function)(data, **given, **options)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_metric_has_the_bits_of_the_metric_alone(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(REDUCTIONS), min_size=1, max_size=5))
    given_each = [data.draw(parameters(SPECS[name])) for name in chosen]
    nulls: Nulls = data.draw(st.sampled_from(["skip", "propagate"]))
    columns = returns(data.draw(st.integers(0, 80)), data.draw(st.integers(0, 99)))
    if data.draw(st.booleans()):
        columns["returns"][::9] = np.nan
    names = [f"m{place}" for place in range(len(chosen))]
    definitions = dict(zip(names, zip(chosen, given_each, strict=True), strict=True))
    metrics = omega.MetricSet(definitions, nulls=nulls)
    answer = metrics.run(columns)
    assert list(answer) == metrics.names == names
    for part in cut(columns, data.draw(st.lists(st.integers(0, 80), max_size=4))):
        metrics.update(part)
    live = metrics.value
    for name, (function, given_one) in definitions.items():
        expected = typed(function)(columns, nulls=nulls, **given_one)
        for found in (answer[name], live[name]):
            assert type(found) is type(expected)
            assert same_bits(np.nan if found is None else found, np.nan if expected is None else expected)


@pytest.mark.parametrize("producer", TABLES, ids=lambda producer: producer.name)
def test_a_table_of_any_library_is_read(producer: Producer) -> None:
    columns = returns(60)
    answer = omega.MetricSet(SET).run(producer.make(columns))
    assert answer == {name: alone(name, columns) for name in SET}


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pa.table], ids=["polars", "pandas", "pyarrow"])
def test_groups_answer_in_the_library_of_the_data_as_the_metric_alone_does(make: Callable[..., Any]) -> None:
    data = make({**returns(90), "symbol": symbols(90)})
    answer = omega.MetricSet(SET, by="symbol").run(data)
    assert type(answer) is type(data)
    for name, (function, _) in SET.items():
        expected = alone(name, data, by="symbol")
        output = SPECS[function].outputs[0].name
        assert list(answer["symbol"]) == list(expected["symbol"])
        assert list(answer[name]) == list(expected[output])


def test_groups_of_lists_and_arrays_are_a_dict_by_group() -> None:
    metrics = omega.MetricSet(SET, by="symbol")
    columns: dict[str, Any] = {**returns(90), "symbol": symbols(90)}
    answer = metrics.run(columns)
    listed = {name: column if name == "symbol" else column.tolist() for name, column in columns.items()}
    assert answer == metrics.run(listed)
    for name in SET:
        assert {key: row[name] for key, row in answer.items()} == alone(name, columns, by="symbol")
    metrics.update(columns)
    assert metrics.value == answer
    assert (metrics.rows, metrics.inputs) == (90, ["returns", "benchmark", "symbol"])


@pytest.mark.parametrize("by", [None, "symbol"])
@pytest.mark.parametrize(
    "twin",
    [
        lambda metrics: omega.restore(metrics.snapshot()),
        lambda metrics: omega.MetricSet.restore(metrics.snapshot()),
        lambda metrics: pickle.loads(pickle.dumps(metrics)),
        copy.copy,
        copy.deepcopy,
    ],
    ids=["restore", "MetricSet.restore", "pickle", "copy", "deepcopy"],
)
def test_a_twin_made_anywhere_goes_on_with_the_same_bits(by: str | None, twin: Callable[[Any], Any]) -> None:
    columns: dict[str, Any] = {**returns(90), "symbol": np.array(symbols(90), dtype=object)}
    columns = columns if by else returns(90)
    metrics = omega.MetricSet(SET, by=by)
    for part in (slice(0, 31), slice(31, 77)):
        metrics.update({name: column[part].tolist() for name, column in columns.items()})
        other = twin(metrics)
        assert other.snapshot() == metrics.snapshot()
    last = {name: column[77:].tolist() for name, column in columns.items()}
    metrics.update(last)
    assert other.rows == 77
    other.update(last)
    assert other.value == metrics.value == metrics.run({n: c.tolist() for n, c in columns.items()})


def test_merged_sets_are_merged_metrics_and_leave_the_other_alone() -> None:
    columns = returns(80)
    head, tail = cut(columns, [33])
    first, second = omega.MetricSet(SET), omega.MetricSet(SET)
    first.update(head)
    second.update(tail)
    before = second.snapshot()
    first.merge(second)
    assert second.snapshot() == before
    for name, (function, given_one) in SET.items():
        one, other = (omega.accumulate(function, **given_one) for _ in range(2))
        names = [each.name for each in SPECS[function].inputs]
        one.update({each: head[each] for each in names})
        other.update({each: tail[each] for each in names})
        one.merge(other)
        assert first.value[name] == one.value
    first.merge(first)
    assert first.rows == 160


def test_an_input_may_be_another_column() -> None:
    columns = returns(50)
    metrics = omega.MetricSet(
        {
            "own": ("risk.volatility", {}),
            "market": ("risk.volatility", {"returns": "benchmark"}),
        }
    )
    assert metrics.inputs == ["returns", "benchmark"]
    assert metrics.run(columns) == {
        "own": omega.risk.volatility(columns),
        "market": omega.risk.volatility(columns["benchmark"]),
    }


def test_what_is_refused_is_refused_as_everywhere_and_changes_nothing() -> None:
    refused: list[tuple[type[Exception], Callable[[], Any]]] = [
        (InvalidShapeError, lambda: omega.MetricSet({})),
        (InvalidShapeError, lambda: omega.MetricSet([])),
        (InvalidTypeError, lambda: omega.MetricSet({"x": "ta.sma"})),
        (InvalidTypeError, lambda: omega.MetricSet({"x": ("ta.sma", {})})),
        (InvalidTypeError, lambda: omega.MetricSet({"x": ("volatility.garch", {})})),
        (UnknownFunctionError, lambda: omega.MetricSet({"x": ("risk.volatilty", {})})),
        (UnknownParameterError, lambda: omega.MetricSet({"x": ("risk.volatility", {"period": 2})})),
        (InvalidTypeError, lambda: omega.MetricSet({"x": ("risk.volatility", {"returns": 2})})),
    ]
    for error, call in refused:
        with pytest.raises(error):
            call()
    metrics = omega.MetricSet(SET, by="symbol", nulls="raise")
    metrics.update({"returns": [0.1, 0.2], "benchmark": [0.2, 0.1], "symbol": [1, 2]})
    before = metrics.snapshot()
    bad: list[tuple[type[Exception], Any]] = [
        (InvalidValueError, {"returns": [0.1, 1e200], "benchmark": [0.1, 0.2], "symbol": [3, 1]}),
        (MissingValueError, {"returns": [0.1, 0.2], "benchmark": [0.1, None], "symbol": [3, 1]}),
        (MissingColumnError, {"returns": [0.1], "benchmark": [0.2]}),
        (MissingColumnError, {"returns": [0.1], "symbol": [1]}),
    ]
    for error, data in bad:
        for entry in (metrics.update, metrics.run):
            with pytest.raises(error):
                entry(data)
        assert metrics.snapshot() == before
    with pytest.raises(ZeroCopyRefusedError):
        metrics.update(pa.table({"returns": [1], "benchmark": [0.1], "symbol": [1]}), strict_zero_copy=True)
    for other in (
        omega.MetricSet(SET),
        omega.MetricSet(SET, by="symbol"),
        None,
        omega.accumulate("risk.beta"),
    ):
        with pytest.raises((SnapshotMismatchError, InvalidTypeError)):
            metrics.merge(other)  # type: ignore[arg-type]
    for wrong in (omega.stream("ta.sma").snapshot(), omega.FeatureSet({"x": ("ta.sma", {})}).snapshot()):
        with pytest.raises(SnapshotMismatchError):
            omega.MetricSet.restore(wrong)
    with pytest.raises(SnapshotMismatchError):
        omega.FeatureSet.restore(before)
    assert metrics.snapshot() == before


def test_nothing_is_known_of_no_rows() -> None:
    metrics = omega.MetricSet({"beta": ("risk.beta", {}), "drawdown": ("risk.max_drawdown", {})})
    fresh = metrics.snapshot()
    assert metrics.value == metrics.run({"returns": [], "benchmark": []}) == {"beta": None, "drawdown": None}
    metrics.update(returns(9))
    metrics.reset()
    assert metrics.snapshot() == fresh
    by = omega.MetricSet({"beta": ("risk.beta", {})}, by="symbol")
    assert by.value == {}
    assert (repr(metrics)[:34], metrics.nulls) == ("<omega MetricSet: beta = risk.beta", "skip")
