"""Many indicators at once have the bits of each alone, in batches, bar by bar and by group."""

import copy
import itertools
import pickle
from collections.abc import Callable
from datetime import UTC
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
    OmegaError,
    ParameterOutOfRangeError,
    SnapshotMismatchError,
    UnknownFunctionError,
    UnknownParameterError,
)

from tests.functions.market import (
    MOMENT,
    ROWWISE,
    SPECS,
    TIMES,
    Floats,
    cut,
    one_of_each_shape,
    outputs,
    parameters,
    rows_of,
    same_bits,
    typed,
    walk,
)
from tests.functions.producers import TABLES, Producer

#: Indicators of bars.
OF_BARS = [name for name in ROWWISE if SPECS[name].table == "bars"]
#: One indicator of each shape, under a name of its own.
ALL: dict[str, tuple[str, dict[str, Any]]] = {
    name.partition(".")[2]: (name, {}) for name in one_of_each_shape(OF_BARS)
}
#: What they read, and in which role.
COLUMNS = dict(sorted((each.name, each.role) for name, _ in ALL.values() for each in SPECS[name].inputs))
#: A bar in which every input is 1.
ONES: dict[str, Any] = {name: MOMENT if name in TIMES else 1.0 for name in COLUMNS}
#: Those of them that are numbers.
NUMBERS = [name for name in COLUMNS if name not in TIMES]
policies: st.SearchStrategy[Nulls] = st.sampled_from(["skip", "propagate"])
POLICIES: list[Nulls] = ["skip", "propagate", "raise"]
law = settings(max_examples=15, deadline=None)


def roles(name: str) -> set[str]:
    """The roles of what a function reads."""
    return {each.role for each in SPECS[name].inputs}


def bars(rows: int, seed: int = 0) -> dict[str, Any]:
    columns = walk(rows, seed)
    return {name: columns[name] for name in COLUMNS}


def each_alone(definitions: dict[str, Any], columns: dict[str, Any], **given: Any) -> dict[str, Floats]:
    """What the functions answer one by one, under the names of the features."""
    answers: dict[str, Floats] = {}
    for feature, (name, chosen) in definitions.items():
        values = outputs(typed(name)(columns, **chosen, **given))
        names = [output.name for output in SPECS[name].outputs]
        labels = [feature] if len(names) == 1 else [f"{feature}_{output}" for output in names]
        answers.update(zip(labels, values, strict=True))
    return answers


def same_features(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return list(left) == list(right) and all(same_bits(left[name], right[name]) for name in left)


def gathered(rows: list[dict[str, float | None]]) -> dict[str, Floats]:
    """What updates returned, as columns."""
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in rows[0]}


def feed(features: omega.FeatureSet, columns: dict[str, Any]) -> list[dict[str, float | None]]:
    rows = zip(*columns.values(), strict=True)
    return [features.update(dict(zip(columns, row, strict=True))) for row in rows]


@law
@given(data=st.data())
def test_a_run_equals_each_function_alone(data: st.DataObject) -> None:
    definitions = {
        f"f{index}": (name, data.draw(parameters(SPECS[name])))
        for index, name in enumerate(
            data.draw(st.lists(st.sampled_from([name for name, _ in ALL.values()]), min_size=1, max_size=6))
        )
    }
    nulls = data.draw(policies)
    columns = bars(data.draw(st.integers(0, 120)), data.draw(st.integers(0, 99)))
    columns["close"][::13] = np.nan
    features = omega.FeatureSet(definitions, nulls=nulls)
    assert same_features(features.run(columns), each_alone(definitions, columns, nulls=nulls))


@law
@given(rows=st.integers(1, 120), seed=st.integers(0, 99), nulls=policies)
def test_updates_equal_a_run(rows: int, seed: int, nulls: Nulls) -> None:
    columns = bars(rows, seed)
    columns["low"][::19] = np.nan
    features = omega.FeatureSet(ALL, nulls=nulls)
    expected = features.run(columns)
    assert same_features(gathered(feed(features, columns)), expected)
    # A run starts from nothing and leaves the live state as it is.
    assert same_features(features.run(columns), expected)


@law
@given(borders=st.lists(st.integers(0, 120), max_size=5), seed=st.integers(0, 99))
def test_extending_part_by_part_equals_one_run(borders: list[int], seed: int) -> None:
    columns = bars(120, seed)
    features = omega.FeatureSet(ALL)
    expected = features.run(columns)
    parts = [features.extend(part) for part in cut(columns, borders)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in expected}
    assert same_features(joined, expected)


def test_live_bars_go_on_where_history_ended() -> None:
    history, live = cut(bars(120), [80])
    features = omega.FeatureSet(ALL)
    before = features.extend(history)
    after = gathered(feed(features, live))
    expected = features.run(bars(120))
    assert same_features({name: np.concatenate([before[name], after[name]]) for name in before}, expected)


@law
@given(data=st.data())
def test_groups_interleave_without_touching_each_other(data: st.DataObject) -> None:
    symbols = data.draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, max_size=120))
    columns = bars(len(symbols), 3)
    features = omega.FeatureSet(ALL, by="symbol")
    found = features.run({**columns, "symbol": symbols})
    expected = {name: np.full(len(symbols), np.nan) for name in features.names}
    for symbol in set(symbols):
        here = np.array(symbols) == symbol
        alone = each_alone(ALL, {name: column[here] for name, column in columns.items()})
        for name, values in alone.items():
            expected[name][here] = values
    assert same_features(found, expected)
    at = data.draw(st.integers(0, len(symbols)))
    head, tail = cut(columns, [at])
    first = features.extend({**head, "symbol": symbols[:at]})
    rows = [
        features.update({**dict(zip(tail, row, strict=True)), "symbol": symbol})
        for row, symbol in zip(zip(*tail.values(), strict=True), symbols[at:], strict=True)
    ]
    if rows:
        later = gathered(rows)
        first = {name: np.concatenate([first[name], later[name]]) for name in first}
    assert same_features(first, expected)


@pytest.mark.parametrize(
    "twin",
    [
        lambda features: omega.restore(features.snapshot()),
        lambda features: pickle.loads(pickle.dumps(features)),
        copy.copy,
        copy.deepcopy,
    ],
    ids=["restore", "pickle", "copy", "deepcopy"],
)
@pytest.mark.parametrize("by", [None, "symbol"])
@settings(max_examples=8, deadline=None)
@given(at=st.integers(0, 90))
def test_a_twin_made_anywhere_goes_on_with_the_same_bits(
    by: str | None, twin: Callable[[Any], Any], at: int
) -> None:
    columns: dict[str, Any] = bars(90)
    columns["symbol"] = list(itertools.islice(itertools.cycle(["A", "B"]), 90))
    features = omega.FeatureSet(ALL, by=by)
    parts = [{name: column[:at] for name, column in columns.items()}]
    parts.append({name: column[at:] for name, column in columns.items()})
    features.extend(parts[0])
    other = twin(features)
    assert isinstance(other, omega.FeatureSet)
    assert (other.names, other.inputs) == (features.names, features.inputs)
    assert other.snapshot() == features.snapshot()
    expected = features.extend(parts[1])
    assert same_features(other.extend(parts[1]), expected)


def test_peek_answers_as_update_would_and_leaves_the_state() -> None:
    columns = bars(60)
    for by in (None, "symbol"):
        features = omega.FeatureSet(ALL, by=by)
        for row in zip(*columns.values(), strict=True):
            bar = {**dict(zip(columns, row, strict=True)), "symbol": "A"}
            before = features.snapshot()
            peeked = features.peek(bar)
            assert features.snapshot() == before
            assert features.update(bar) == peeked


def test_a_bar_may_be_a_mapping_a_record_or_numbers_by_keyword() -> None:
    # A record has the columns of its table and no other.
    of_records = {key: each for key, each in ALL.items() if "count" not in roles(each[0])}
    sets = [omega.FeatureSet(of_records) for _ in range(3)]
    columns = {name: column for name, column in bars(60).items() if COLUMNS[name] != "count"}
    for row in rows_of(columns):
        bar = dict(zip(columns, row, strict=True))
        bar["timestamp"] = bar["timestamp"].replace(tzinfo=UTC)
        record = omega.Bar(symbol="A", open=1.0, **bar)
        answers = [sets[0].update(bar), sets[1].update(record), sets[2].update(**bar)]
        assert answers[0] == answers[1] == answers[2]


def test_groups_of_bars_come_from_the_bar() -> None:
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 2})}, by="symbol")
    assert features.inputs == ["close", "symbol"]
    assert features.update({"close": 1.0, "symbol": "A"}) == {"mean": None}
    assert features.update(close=3.0, symbol="A") == {"mean": 2.0}
    assert features.update(close=9.0, symbol="B") == {"mean": None}
    assert features.update(close=9.0, symbol=7) == {"mean": None}
    assert features.peek(close=5.0, symbol="A") == {"mean": 4.0}
    with pytest.raises(MissingColumnError, match="symbol"):
        features.update(close=1.0)
    assert features.update(close=2.0, symbol=None) == {"mean": None}
    assert features.update(close=4.0, symbol=float("nan")) == {"mean": 3.0}
    for key in (1.5, b"A", ["A"]):
        with pytest.raises(OmegaError):
            features.update(close=1.0, symbol=key)


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_features_come_back_in_the_callers_library(producer: Producer) -> None:
    definitions = {"rsi": ("ta.rsi", {"period": 3}), "bands": ("ta.bbands", {"period": 4})}
    features = omega.FeatureSet(definitions)
    expected = each_alone(definitions, bars(40))
    answer = features.run(producer.make(bars(40)), strict_zero_copy=True)
    if isinstance(answer, dict):
        assert same_features(answer, expected)
        return
    table = answer.to_arrow_table() if hasattr(answer, "to_arrow_table") else pa.table(answer)
    assert table.column_names == features.names == list(expected)
    for column, values in zip(table.columns, expected.values(), strict=True):
        assert same_bits(column.to_numpy(), values)


def test_pandas_keeps_its_index() -> None:
    frame = pd.DataFrame(bars(40), index=pd.date_range("2024-01-01", periods=40))
    assert omega.FeatureSet(ALL).run(frame).index.equals(frame.index)


def test_no_rows_give_no_rows() -> None:
    for by in (None, "symbol"):
        features = omega.FeatureSet(ALL, by=by)
        table = pl.DataFrame({**bars(0), "symbol": []}, schema_overrides={"symbol": pl.String})
        assert features.run(table).shape == (0, len(features.names))


def test_a_reset_set_starts_again() -> None:
    features = omega.FeatureSet(ALL)
    fresh = features.snapshot()
    feed(features, bars(40))
    features.reset()
    assert features.snapshot() == fresh


@pytest.mark.parametrize(
    ("definitions", "error", "says"),
    [
        ({}, InvalidShapeError, "at least one"),
        ({"x": ("ta.rsy", {})}, UnknownFunctionError, "ta.rsi"),
        ({"x": ("ta.rsi", {"perod": 3})}, UnknownParameterError, "period"),
        ({"x": ("ta.rsi", {"period": 1})}, ParameterOutOfRangeError, "period"),
        ({"x": ("ta.rsi", {"period": "3"})}, InvalidTypeError, "period"),
        ({"x": ("volatility.garch", {})}, InvalidTypeError, "volatility.garch"),
        ({"x": (7, {})}, InvalidTypeError, "7"),
        ({7: ("ta.rsi", {})}, InvalidTypeError, "7"),
        ({"a_macd": ("ta.sma", {}), "a": ("ta.macd", {})}, InvalidShapeError, "a_macd"),
    ],
    ids=str,
)
def test_a_definition_that_is_none_is_refused(
    definitions: dict[Any, Any], error: type[OmegaError], says: str
) -> None:
    with pytest.raises(error, match=says):
        omega.FeatureSet(definitions)


@pytest.mark.parametrize("definitions", [None, 7, "ta.rsi", {"x": ("ta.rsi",)}, [("x", "ta.rsi", {})]])
def test_definitions_of_another_shape_are_refused(definitions: Any) -> None:
    with pytest.raises(InvalidTypeError, match="must be a"):
        omega.FeatureSet(definitions)


def test_a_feature_set_restores_its_own_snapshots_and_no_others() -> None:
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 2})})
    features.update(close=1.0)
    assert omega.FeatureSet.restore(features.snapshot()).update(close=2.0) == {"mean": 1.5}
    with pytest.raises(SnapshotMismatchError, match=r"ta\.sma"):
        omega.FeatureSet.restore(omega.stream("ta.sma").snapshot())


def test_a_refused_bar_is_taken_by_no_feature() -> None:
    features = omega.FeatureSet(ALL, order=None)
    feed(features, bars(50))
    before = features.snapshot()
    good = ONES
    for column in NUMBERS:
        with pytest.raises(InvalidValueError, match=column):
            features.update({**good, column: float("inf")})
        with pytest.raises(InvalidTypeError, match=column):
            features.update({**good, column: "1"})
        with pytest.raises(MissingColumnError, match=column):
            features.update({name: value for name, value in good.items() if name != column})
        bad = {name: values.copy() for name, values in bars(3).items()}
        bad[column][2] = np.inf
        with pytest.raises(InvalidValueError, match=column):
            features.extend(bad)
    for nothing in ((), (None,), (7,), ("bar",)):
        with pytest.raises(OmegaError):
            features.update(*nothing)
    assert features.snapshot() == before


def test_a_refused_bar_starts_no_group() -> None:
    features = omega.FeatureSet({"x": ("ta.sma", {"period": 1})}, by="symbol")
    fresh = features.snapshot()
    with pytest.raises(InvalidValueError):
        features.update(close=float("inf"), symbol="A")
    features.peek(close=1.0, symbol="A")
    assert features.snapshot() == fresh


def test_a_missing_value_is_refused_where_asked_before_any_feature_takes_it() -> None:
    features = omega.FeatureSet(ALL, nulls="raise")
    feed(features, bars(50))
    before = features.snapshot()
    with pytest.raises(MissingValueError, match="volume") as refusal:
        features.update({**ONES, "volume": None})
    assert refusal.value.fields["row"] == "50"
    assert features.snapshot() == before


def test_a_metric_of_a_set_answers_for_all_rows_so_far() -> None:
    columns: dict[str, Any] = {**walk(80), "symbol": np.array(["a", "b"] * 40)}
    features = omega.FeatureSet(
        {"sharpe": ("risk.sharpe_ratio", {}), "tail": ("risk.value_at_risk", {"cutoff": 0.2})}, by="symbol"
    )
    table = features.run(columns)
    for row in range(80):
        so_far = columns["returns"][row % 2 : row + 1 : 2]
        assert same_bits(table["sharpe"][row], omega.risk.sharpe_ratio(so_far) or np.nan)
        assert same_bits(table["tail"][row], omega.risk.value_at_risk(so_far, cutoff=0.2))


#: Features of features: an average of an indicator, of one output of several, and of another column.
WIRED: dict[str, tuple[str, dict[str, Any]]] = {
    "rsi": ("ta.rsi", {"period": 5}),
    "signal": ("ta.ema", {"period": 4, "close": "rsi"}),
    "macd": ("ta.macd", {"fast_period": 3, "slow_period": 6, "signal_period": 4}),
    "histogram_mean": ("ta.sma", {"period": 3, "close": "macd_histogram"}),
    "volume_mean": ("ta.sma", {"period": 3, "close": "volume"}),
    "signal_rsi": ("ta.rsi", {"period": 3, "close": "signal"}),
}


def from_its_first_value(name: str, wire: Floats, nulls: Nulls, **chosen: Any) -> Floats:
    """What a function answers to a series from where that begins."""
    begins = np.flatnonzero(~np.isnan(wire))
    first = int(begins[0]) if len(begins) else len(wire)
    answer = outputs(typed(name)(wire[first:], nulls=nulls, **chosen))[0]
    return np.concatenate([np.full(first, np.nan), answer])


def wired_one_by_one(columns: dict[str, Any], nulls: Nulls) -> dict[str, Floats]:
    plain = {name: WIRED[name] for name in ("rsi", "macd")}
    found = each_alone(plain, columns, nulls=nulls)
    found["signal"] = from_its_first_value("ta.ema", found["rsi"], nulls, period=4)
    found["histogram_mean"] = from_its_first_value("ta.sma", found["macd_histogram"], nulls, period=3)
    found["volume_mean"] = outputs(typed("ta.sma")(columns["volume"], nulls=nulls, period=3))[0]
    found["signal_rsi"] = from_its_first_value("ta.rsi", found["signal"], nulls, period=3)
    return found


@law
@given(rows=st.integers(0, 120), at=st.integers(0, 120), seed=st.integers(0, 99), data=st.data())
def test_a_wire_is_the_other_features_answer_from_its_first_value(
    rows: int, at: int, seed: int, data: st.DataObject
) -> None:
    nulls = data.draw(st.sampled_from(POLICIES))
    columns = {name: column for name, column in bars(rows, seed).items() if name in {"close", "volume"}}
    if nulls != "raise":
        columns["close"][7::29] = np.nan
    features = omega.FeatureSet(WIRED, nulls=nulls)
    assert features.inputs == ["close", "volume"]
    expected = wired_one_by_one(columns, nulls)
    found = features.run(columns)
    assert features.names == list(found)
    assert all(same_bits(found[name], expected[name]) for name in found)
    head, tail = cut(columns, [min(at, rows)])
    answer = features.extend(head)
    features = omega.restore(features.snapshot())
    if later := feed(features, tail):
        answer = {name: np.concatenate([answer[name], column]) for name, column in gathered(later).items()}
    assert same_features(answer, found)


def test_a_wire_that_warms_up_is_skipped_whatever_the_policy() -> None:
    definitions: dict[str, tuple[str, dict[str, Any]]] = {
        "mean": ("ta.sma", {"period": 2}),
        "total": ("ta.obv", {"close": "mean"}),
    }
    for nulls in POLICIES:
        features = omega.FeatureSet(definitions, by="symbol", nulls=nulls)
        for close, total in ((1.0, None), (2.0, 10.0), (3.0, 20.0), (2.0, 20.0)):
            answer = features.update(close=close, volume=10.0, symbol="A")
            assert answer["total"] == total, (nulls, close)
        assert features.update(close=9.0, volume=10.0, symbol="B") == {"mean": None, "total": None}


@pytest.mark.parametrize(
    ("definitions", "error", "says"),
    [
        ({"x": ("ta.sma", {"close": "x"})}, InvalidShapeError, "x, its own"),
        (
            {"x": ("ta.sma", {"close": "y"}), "y": ("ta.sma", {"close": "x"})},
            InvalidShapeError,
            "y, of a feature after it",
        ),
        (
            {"macd": ("ta.macd", {}), "x": ("ta.sma", {"close": "macd"})},
            InvalidShapeError,
            "macd_macd, macd_signal, macd_histogram",
        ),
        ({"close": ("ta.sma", {}), "x": ("ta.sma", {"close": "close"})}, InvalidShapeError, "both"),
        ({"x": ("ta.sma", {"close": 7})}, InvalidTypeError, "the name of a column or a feature"),
        ({"x": ("ta.sma", {"high": "close"})}, UnknownParameterError, "high"),
    ],
    ids=str,
)
def test_a_wire_that_leads_nowhere_is_refused(
    definitions: dict[Any, Any], error: type[OmegaError], says: str
) -> None:
    with pytest.raises(error, match=says):
        omega.FeatureSet(definitions)


def test_a_value_that_no_feature_takes_is_refused_by_the_name_of_its_wire() -> None:
    features = omega.FeatureSet({"flow": ("ta.obv", {}), "mean": ("ta.sma", {"period": 2, "close": "flow"})})
    columns = {"close": [1.0, 2.0, 3.0], "volume": [0.0, 1e100, 1e100]}
    for close, volume in ((1.0, 0.0), (2.0, 1e100)):
        features.update(close=close, volume=volume)
    before = features.snapshot()
    attempts: list[Callable[[], Any]] = [
        lambda: features.update(close=3.0, volume=1e100),
        lambda: features.peek(close=3.0, volume=1e100),
        lambda: features.run(columns),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidValueError, match="flow") as refusal:
            attempt()
        assert refusal.value.fields["row"] == "2"
    assert features.snapshot() == before


def test_a_series_may_be_any_column_and_what_is_one_column_no_feature() -> None:
    columns = bars(50, 3)
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 5, "close": "volume"})})
    assert features.inputs == ["volume"]
    assert same_bits(features.run(columns)["mean"], omega.ta.sma(columns["volume"], period=5))
    assert same_bits(features.run(columns)["mean"], omega.ta.sma(columns, close="volume", period=5))
    definitions = {"mean": ("ta.sma", {}), "range": ("ta.atr", {"high": "mean"})}
    with pytest.raises(InvalidShapeError, match=r"`high` of feature `range` .* a column of the data"):
        omega.FeatureSet(definitions)


def test_answers_have_the_types_of_the_specs_and_are_wired_as_floats() -> None:
    definitions: dict[str, tuple[str, dict[str, Any]]] = {
        "at": ("ta.maxindex", {"period": 2}),
        "mean": ("ta.sma", {"close": "at", "period": 2}),
    }
    closes, rows, means = [1.0, 2.0, 1.5, 3.0], [None, 1, 1, 3], [None, None, 1.0, 2.0]
    features = omega.FeatureSet(definitions)
    table = pa.table(features.run(pa.table({"close": closes})))
    assert table.schema.types == [pa.int64(), pa.float64()]
    assert table.to_pydict() == {"at": rows, "mean": means}
    answers = [features.update(close=close) for close in closes]
    assert [answer["at"] for answer in answers] == rows
    assert [answer["mean"] for answer in answers] == means
    assert [type(answer["at"]) for answer in answers[1:]] == [int, int, int]
