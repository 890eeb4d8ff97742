"""Live objects as people meet them: named by functions, warmed up by history, by group, in order of time."""

import doctest
import inspect
import pickle
from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    MissingColumnError,
    SnapshotMismatchError,
    UnknownFunctionError,
    UnknownGroupError,
    UnknownParameterError,
    UnsupportedTypeError,
)
from omega.shared.protocols import Bar

from tests.functions.market import (
    REDUCTIONS,
    ROWWISE,
    ROWWISE_SHAPES,
    SPECS,
    all_same_bits,
    every,
    inputs,
    outputs,
    rows_of,
    same_bits,
    typed,
    values,
)

START = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


class TestNames:
    def test_a_function_stands_for_its_name_wherever_one_is_taken(self) -> None:
        rsi = omega.ta.rsi
        assert omega.stream(rsi, period=7).function == "ta.rsi"
        assert omega.accumulate(omega.risk.max_drawdown).function == "risk.max_drawdown"
        assert omega.spec(rsi) == omega.spec("ta.rsi")
        assert omega.warm_up_rows(rsi, period=7) == 7
        assert omega.call(omega.ta.sma, [1.0, 2.0], period=2) == [None, 1.5]
        assert omega.spec(omega.volatility.garch).name == "volatility.garch"
        every(SPECS, lambda name: omega.spec(typed(name)) == SPECS[name])

    def test_what_is_none_of_our_functions_is_refused(self) -> None:
        def rsi() -> None: ...

        rsi.__module__ = omega.ta.rsi.__module__
        others: list[Any] = [rsi, len, omega.ta, omega.ta.Macd, omega.call, lambda: None, 7, None, b"ta.rsi"]
        takers: list[Any] = [omega.stream, omega.spec, omega.accumulate, omega.call, omega.warm_up_rows]
        for other in others:
            for take in takers:
                with pytest.raises(InvalidTypeError, match=r"omega\.ta\.rsi"):
                    take(other)
            with pytest.raises(InvalidTypeError):
                omega.FeatureSet([other])

    def test_sets_take_functions_by_name_and_by_themselves_with_parameters_and_without(self) -> None:
        wanted = {"sma": ("ta.sma", {"period": 30}), "rsi": ("ta.rsi", {"period": 14})}
        for given in (
            ["ta.sma", "ta.rsi"],
            ("ta.sma", omega.ta.rsi),
            [omega.ta.sma, ("ta.rsi", {"period": 14})],
            {"sma": "ta.sma", "rsi": omega.ta.rsi},
            {"sma": omega.ta.sma, "rsi": (omega.ta.rsi, {})},
            MappingProxyType({"sma": ["ta.sma", {}], "rsi": "ta.rsi"}),
        ):
            features = omega.FeatureSet(given)  # type: ignore[arg-type]
            assert features.definitions == wanted
            assert omega.FeatureSet(features.definitions).definitions == wanted
        metrics = omega.MetricSet([omega.risk.max_drawdown, "risk.volatility"])
        assert metrics.names == ["max_drawdown", "volatility"]

    def test_two_of_one_name_are_refused_with_the_way_out(self) -> None:
        twice = [("ta.sma", {"period": 20}), ("ta.sma", {"period": 50})]
        with pytest.raises(InvalidShapeError, match=r'\{"sma_fast": \("ta.sma", '):
            omega.FeatureSet(twice)

    @pytest.mark.parametrize(
        "given", ["ta.sma", 7, None, [("ta.sma",)], [("ta.sma", 7)], {"a": ("ta.sma", {}, 1)}, [[]], {"a": 7}]
    )
    def test_what_defines_no_features_is_refused(self, given: Any) -> None:
        with pytest.raises(InvalidTypeError):
            omega.FeatureSet(given)

    def test_a_misspelt_function_gets_the_nearest(self) -> None:
        with pytest.raises(UnknownFunctionError, match=r"ta\.rsi"):
            omega.FeatureSet(["ta.rsii"])


class TestHistory:
    @pytest.mark.parametrize("name", ROWWISE_SHAPES)
    def test_a_stream_answers_for_history_as_the_function_does_in_every_library(self, name: str) -> None:
        columns = inputs(name, 60)
        for library in (dict, pd.DataFrame, pl.DataFrame, pa.table):
            data = library(columns)
            stream = omega.stream(name)
            answer, whole = stream.extend(data), typed(name)(data)
            assert type(answer) is type(whole)
            assert all_same_bits(outputs(answer), outputs(whole))
            assert stream.rows == 60

    def test_history_and_bars_have_the_bits_of_bars_alone(self) -> None:
        def has(name: str) -> None:
            columns = inputs(name, 300, seed=3)
            live, bars = (omega.stream(name, order=None) for _ in range(2))
            for row in rows_of(columns):
                bars.update(*row)
            live.extend({each: column[:170] for each, column in columns.items()})
            live.extend({each: column[170:] for each, column in columns.items()})
            assert (live.value, live.rows) == (bars.value, bars.rows)
            # What is remembered may lie otherwise: what comes of it must not differ.
            more, width = inputs(name, 100, seed=4), len(SPECS[name].outputs)
            for row in rows_of(more):
                assert same_bits(values(live.update(*row), width), values(bars.update(*row), width))

        every(ROWWISE, has)

    def test_pandas_keeps_its_index_and_strict_data_are_refused(self) -> None:
        close = pd.Series([1.0, 2.0, 4.0], index=["a", "b", "c"], name="close")
        stream = omega.stream("ta.sma", period=2)
        assert stream.extend(close).to_dict()["c"] == 3.0
        with pytest.raises(omega.OmegaError):
            stream.extend([1.0], strict_zero_copy=True)

    @pytest.mark.parametrize("data", [[1.0, float("inf")], ["x"], 7, None, {"open": [1.0]}])
    def test_history_that_is_refused_leaves_a_stream_as_it_was(self, data: Any) -> None:
        stream = omega.stream("ta.sma", period=2)
        stream.extend([1.0, 2.0])
        before = stream.snapshot()
        with pytest.raises(omega.OmegaError):
            stream.extend(data)
        assert stream.snapshot() == before

    def test_a_library_that_fails_is_typed_before_a_row_is_taken(self) -> None:
        class Broken(dict[str, Any]):
            def get(self, *_: object) -> Any:
                raise RuntimeError("no columns today")

        data = Broken(close=np.array([1.0]))
        stream, features = omega.stream("ta.sma"), omega.FeatureSet(["ta.sma"])
        for live in (stream, features):
            with pytest.raises(InvalidTypeError, match="no columns today"):
                live.extend(data)
            assert live.rows == 0

    @pytest.mark.parametrize("name", ROWWISE_SHAPES)
    def test_the_last_value_is_what_the_last_update_returned(self, name: str) -> None:
        stream = omega.stream(name)
        assert (stream.value, stream.ready) == (None, False)
        width = len(SPECS[name].outputs)
        for row in rows_of(inputs(name, stream.warm_up_rows + 3)):
            answer = stream.update(*row)
            assert stream.value == answer
            assert type(stream.value) is type(answer)
            assert stream.ready == (answer is not None)
            twin = pickle.loads(pickle.dumps(stream))
            assert same_bits(values(twin.value, width), values(answer, width))
        stream.update(*[None] * len(SPECS[name].inputs))
        assert (stream.value, stream.ready) == (None, False)
        stream.reset()
        assert stream.value is None


class TestRows:
    @pytest.mark.parametrize(
        ("arguments", "keywords", "error", "says"),
        [
            ((1.0, 2.0), {}, InvalidShapeError, r"1 number \(close\), or a bar.*got `2 numbers`"),
            (("x",), {}, InvalidTypeError, r"1 number \(close\), or a bar.*got `'x'`"),
            (([1.0],), {}, InvalidTypeError, r"1 number \(close\)"),
            ((), {"open": 3.0}, UnknownParameterError, "'open'.*it takes close"),
            ((), {"clsoe": 3.0}, UnknownParameterError, "the nearest is `close`"),
            ((), {"timestamp": START}, MissingColumnError, "close"),
            ((1.0,), {"open": 1.0}, UnknownParameterError, "open"),
        ],
        ids=str,
    )
    def test_a_row_that_is_none_is_refused_by_what_it_should_be(
        self, arguments: tuple[Any, ...], keywords: dict[str, Any], error: type[omega.OmegaError], says: str
    ) -> None:
        stream = omega.stream("ta.sma", period=1)
        with pytest.raises(error, match=says):
            stream.update(*arguments, **keywords)
        assert stream.rows == 0

    def test_surplus_is_welcome_in_a_mapping_and_refused_by_keyword_in_streams_and_sets_alike(self) -> None:
        both: list[Any] = [omega.stream("ta.sma"), omega.FeatureSet(["ta.sma"])]
        for live in both:
            live.update({"close": 1.0, "open": 2.0})
            for keywords in ({"close": 1.0, "open": 2.0}, {"close": 1.0, "open": 2.0, "timestamp": START}):
                with pytest.raises(UnknownParameterError, match="open"):
                    live.update(**keywords)
            live.update(close=1.0, timestamp=START)
            assert live.rows == 2

    @pytest.mark.parametrize("bar", ["x", 7, 1.0, b"close", None])
    def test_what_can_have_no_fields_is_no_bar(self, bar: Any) -> None:
        features = omega.FeatureSet(["ta.sma"])
        with pytest.raises(InvalidTypeError, match="a bar must be a mapping, or a record"):
            features.update(bar)

    def test_an_accumulator_takes_numbers_columns_and_bars(self) -> None:
        def takes(name: str) -> None:
            columns = inputs(name, 12)
            names = [each.name for each in SPECS[name].inputs]
            live: Any = omega.accumulate(name)
            for row, part in enumerate(zip(*columns.values(), strict=True)):
                numbers = [float(number) for number in part]
                by_name = dict(zip(names, numbers, strict=True))
                arrays = [np.array([number]) for number in numbers]
                if row % 4 == 0:
                    live.update(*numbers)
                elif row % 4 == 1:
                    live.update(**by_name)
                elif row % 4 == 2:
                    live.update(by_name)
                else:
                    live.update(*arrays)
            whole = omega.accumulate(name)
            whole.update(columns)
            assert live.snapshot() == whole.snapshot()

        every(REDUCTIONS, takes)

    @pytest.mark.parametrize(
        ("arguments", "keywords"),
        [
            ((), {}),
            ((0.1, 0.2, 0.3), {}),
            ((0.1,), {"returns": 0.1}),
            ((), {"retruns": 0.1}),
            (("x",), {}),
            ((True,), {}),
        ],
        ids=str,
    )
    def test_what_is_no_row_of_returns_is_refused(self, arguments: Any, keywords: Any) -> None:
        live = omega.accumulate("risk.max_drawdown")
        with pytest.raises(omega.OmegaError):
            live.update(*arguments, **keywords)
        assert live.rows == 0


def features_by_symbol(**given: Any) -> omega.FeatureSet:
    return omega.FeatureSet({"mean": ("ta.sma", {"period": 2})}, by="symbol", **given)


class TestGroups:
    def test_a_set_knows_its_groups_and_their_rows(self) -> None:
        features = features_by_symbol()
        assert (features.groups, len(features), bool(features), features.rows) == ([], 0, True, 0)
        for symbol in ("B", "A", "B"):
            features.update(close=1.0, symbol=symbol)
        assert (features.groups, len(features), features.rows) == (["B", "A"], 2, 3)
        assert (features.rows_of("B"), features.rows_of("A")) == (2, 1)
        assert (features.by, features.closed, features.order, features.nulls) == (
            "symbol",
            False,
            "timestamp",
            "skip",
        )
        with pytest.raises(UnknownGroupError, match="no group is named `AB`; the nearest"):
            features.rows_of("AB")

    def test_a_dropped_group_is_founded_anew(self) -> None:
        features = features_by_symbol()
        features.extend({"close": [1.0, 2.0, 3.0], "symbol": ["A", "B", "A"]})
        features.drop("A")
        assert (features.groups, features.rows) == (["B"], 1)
        assert omega.restore(features.snapshot()).update(close=5.0, symbol="A") == {"mean": None}
        assert features.update(close=4.0, symbol="B") == {"mean": 3.0}
        for stranger in ("A", "Z", 7):
            with pytest.raises(UnknownGroupError):
                features.drop(stranger)
        nothings: list[Any] = [1.5, None, [], ("B",)]
        for nothing in nothings:
            with pytest.raises(omega.OmegaError):
                features.drop(nothing)

    def test_a_closed_list_refuses_strangers_and_takes_nothing(self) -> None:
        features = features_by_symbol(groups=["AAPL", "MSFT"])
        assert (features.groups, features.closed) == (["AAPL", "MSFT"], True)
        before = features.snapshot()
        bars = [{"symbol": "AAPL", "close": 1.0}, {"symbol": "APPL", "close": 1.0}]
        for refused in (
            lambda: features.update(close=1.0, symbol="APPL"),
            lambda: features.peek(close=1.0, symbol="APPL"),
            lambda: features.update(bars),
            lambda: features.extend({"close": [1.0, 2.0], "symbol": ["AAPL", "APPL"]}),
        ):
            with pytest.raises(UnknownGroupError, match="`APPL`; the nearest is `AAPL`"):
                refused()
            assert features.snapshot() == before
        with pytest.raises(UnknownGroupError):
            features.update(close=1.0, symbol=7)
        features.update(close=1.0, symbol="MSFT")
        features.reset()
        assert features.snapshot() == before
        features.drop("MSFT")
        with pytest.raises(UnknownGroupError):
            features.update(close=1.0, symbol="MSFT")
        assert omega.restore(before).closed

    @pytest.mark.parametrize("groups", ["AAPL", 7, [["A"]], [("A", "B")], b"AB"])
    def test_what_is_no_list_of_groups_is_refused(self, groups: Any) -> None:
        with pytest.raises(InvalidTypeError):
            features_by_symbol(groups=groups)

    def test_a_group_of_several_keys_is_the_tuple_of_them_and_any_may_be_missing(self) -> None:
        keys: list[Any] = [("NYSE", "A"), ("NYSE", None), (None, "A"), ("NYSE", "A")]
        exchanges, symbols = zip(*keys, strict=True)
        features = omega.FeatureSet({"mean": ("ta.sma", {"period": 2})}, by=["exchange", "symbol"])
        twin = omega.restore(features.snapshot())
        closes = [1.0, 2.0, 4.0, 8.0]
        found = features.extend({"close": closes, "exchange": list(exchanges), "symbol": list(symbols)})
        bars = [
            {"close": close, "exchange": exchange, "symbol": symbol}
            for close, (exchange, symbol) in zip(closes, keys, strict=True)
        ]
        assert [bar["mean"] for bar in twin.update(bars)] == list(found["mean"]) == [None, None, None, 4.5]
        assert twin.snapshot() == features.snapshot()
        assert (features.groups, features.by) == (keys[:3], ["exchange", "symbol"])
        assert [features.rows_of(key) for key in keys[:3]] == [2, 1, 1]
        assert "3 groups by ['exchange', 'symbol']" in repr(features)
        assert "(&#x27;NYSE&#x27;, None)" in features._repr_html_()
        features.drop(("NYSE", None))
        assert features.groups == [("NYSE", "A"), (None, "A")]
        assert omega.restore(features.snapshot()).groups == features.groups
        assert features.update(close=2.0, exchange=None, symbol="A") == {"mean": 3.0}
        with pytest.raises(UnknownGroupError, match=r"`\(NYSE, B\)`; the nearest is `\(NYSE, A\)`"):
            features.rows_of(("NYSE", "B"))
        for refused in ("NYSE", None, ("NYSE",), ("NYSE", "A", "B"), ["NYSE", "A"]):
            with pytest.raises(InvalidTypeError, match="a tuple of the keys of exchange, symbol"):
                features.drop(refused)

    def test_none_is_a_group_as_others_are(self) -> None:
        features = features_by_symbol(groups=[None, "A"])
        features.extend({"close": [1.0, 2.0], "symbol": ["A", None]})
        assert (features.groups, features.rows_of(None)) == ([None, "A"], 1)
        assert features.update(close=4.0, symbol=None) == {"mean": 3.0}
        features.drop(None)
        with pytest.raises(UnknownGroupError, match="None"):
            features.update(close=4.0, symbol=None)
        assert (features.groups, features.rows) == (["A"], 1)

    def test_a_closed_list_may_be_of_several_keys(self) -> None:
        by = ["exchange", "symbol"]
        groups: list[Any] = [("NYSE", "A"), (None, "A")]
        features = omega.FeatureSet(["ta.obv"], by=by, groups=groups)
        drawdowns = omega.accumulate("risk.max_drawdown", by=by, groups=groups)
        cases: list[tuple[Any, dict[str, Any]]]
        cases = [(features, {"close": 1.0, "volume": 1.0}), (drawdowns, {"returns": -0.5})]
        for live, numbers in cases:
            assert (live.groups, live.closed) == (groups, True)
            live.update(**numbers, exchange=None, symbol="A")
            before = live.snapshot()
            with pytest.raises(UnknownGroupError, match=r"\(NYSE, B\)"):
                live.update(**numbers, exchange="NYSE", symbol="B")
            assert live.snapshot() == before
            assert [live.rows_of(group) for group in omega.restore(before).groups] == [0, 1]
        assert drawdowns.value == {("NYSE", "A"): None, (None, "A"): -0.5}
        with pytest.raises(InvalidTypeError, match="a group must be a tuple"):
            omega.FeatureSet(["ta.obv"], by=by, groups=["NYSE"])
        with pytest.raises(UnsupportedTypeError, match="symbol"):
            omega.accumulate("risk.max_drawdown", by=by, groups=[("NYSE", "A"), ("NYSE", 7)])

    def test_an_accumulator_of_several_keys_merges_and_answers_by_tuples(self) -> None:
        first, second = (omega.accumulate("risk.max_drawdown", by=["venue", "id"]) for _ in range(2))
        first.update({"returns": [0.5, -0.5], "venue": ["X", None], "id": [1, 1]})
        first.update(returns=-0.25, venue=None, id=None)
        second.update({"returns": [-0.5], "venue": [None], "id": [1]})
        first.merge(second)
        assert first.value == {("X", 1): 0.0, (None, 1): -0.75, (None, None): -0.25}
        assert (first.groups, first.rows_of((None, 1))) == (list(first.value), 2)
        first.drop((None, 1))
        assert list(omega.restore(first.snapshot()).value) == [("X", 1), (None, None)]

    def test_messages_of_order_name_groups_of_several_keys(self) -> None:
        features = omega.FeatureSet(["ta.obv"], by=["exchange", "symbol"])
        bar = {"close": 1.0, "volume": 1.0, "exchange": "NYSE", "symbol": None, "timestamp": minute(1)}
        features.update(bar)
        with pytest.raises(InvalidValueError, match=r"later than the last of group \(NYSE, None\)"):
            features.update(bar)
        frame = pl.DataFrame([bar, {**bar, "timestamp": minute(0)}])
        with pytest.raises(InvalidValueError, match=r"\(NYSE, None\)"):
            features.extend(frame)

    def test_groups_without_by_are_refused(self) -> None:
        with pytest.raises(InvalidShapeError, match="by"):
            omega.FeatureSet(["ta.sma"], groups=["A"])
        with pytest.raises(InvalidShapeError, match="by"):
            omega.MetricSet(["risk.max_drawdown"], groups=["A"])
        with pytest.raises(InvalidShapeError, match="by"):
            omega.accumulate("risk.max_drawdown", groups=["A"])

    def test_a_metric_of_every_group_is_the_metric_of_each(self) -> None:
        def is_that(name: str) -> None:
            columns: dict[str, Any] = inputs(name, 90, seed=5)
            symbols = [["A", "B", "C"][row * row % 3] for row in range(90)]
            live = omega.accumulate(name, by="symbol")
            for part in (slice(0, 31), slice(31, 90)):
                rows = {each: column[part] for each, column in columns.items()}
                live.update({**rows, "symbol": symbols[part]})
            for symbol, value in live.value.items():
                own = omega.accumulate(name)
                mine = [row for row in range(90) if symbols[row] == symbol]
                own.update({each: column[[m for m in mine if m < 31]] for each, column in columns.items()})
                own.update({each: column[[m for m in mine if m >= 31]] for each, column in columns.items()})
                assert same_bits(_numbers(value), _numbers(own.value))
                assert live.rows_of(symbol) == own.rows
            twin = omega.restore(live.snapshot())
            assert isinstance(twin, omega.GroupedAccumulator)
            assert (twin.value, twin.function, twin.rows) == (live.value, name, 90)

        every(REDUCTIONS, is_that)

    def test_accumulators_by_group_merge_by_group_and_with_their_like_only(self) -> None:
        first, second = (omega.accumulate("risk.max_drawdown", by="symbol") for _ in range(2))
        first.update({"returns": [0.5, -0.5], "symbol": ["A", "A"]})
        second.update({"returns": [-0.5, -0.25], "symbol": ["A", "B"]})
        first.merge(second)
        assert first.value == {"A": -0.75, "B": -0.25}
        for other in (
            omega.accumulate("risk.max_drawdown", by="venue"),
            omega.accumulate("risk.volatility", by="symbol"),
            omega.accumulate("risk.max_drawdown", by="symbol", nulls="raise"),
        ):
            with pytest.raises(SnapshotMismatchError):
                first.merge(other)
        for stranger in (omega.MetricSet(["risk.max_drawdown"], by="symbol"), 7, None):
            with pytest.raises(InvalidTypeError):
                first.merge(stranger)  # type: ignore[arg-type]
        with pytest.raises(SnapshotMismatchError):
            omega.MetricSet.restore(first.snapshot())

    def test_what_is_no_metric_has_no_accumulator_by_group_either(self) -> None:
        with pytest.raises(InvalidTypeError, match=r"ta\.sma"):
            omega.accumulate("ta.sma", by="symbol")
        with pytest.raises(UnknownParameterError):
            omega.accumulate("risk.max_drawdown", by="symbol", returns="ret")
        with pytest.raises(InvalidTypeError):
            omega.GroupedAccumulator()


def _numbers(value: Any) -> list[float]:
    each = value if isinstance(value, tuple) else (value,)
    return [float("nan") if one is None else one for one in each]


class TestSeveralBars:
    def test_several_bars_are_as_many_updates(self) -> None:
        names = [name for name in ROWWISE if SPECS[name].table == "bars"]
        columns: dict[str, Any] = {}
        for name in names:
            columns |= inputs(name, 60, seed=2)
        at_once, one_by_one = (omega.FeatureSet(names, by="symbol", order=None) for _ in range(2))
        rows = [
            {**dict(zip(columns, row, strict=True)), "symbol": "ABC"[number % 3]}
            for number, row in enumerate(zip(*columns.values(), strict=True))
        ]
        for tick in (rows[:3], rows[3:4], [], rows[4:60]):
            ahead = at_once.peek(tick)
            taken = at_once.update(tick)
            assert taken == ahead == [one_by_one.update(bar) for bar in tick]
        assert at_once.snapshot() == one_by_one.snapshot()

    @pytest.mark.parametrize(
        "bad",
        [{"close": float("inf"), "symbol": "A"}, {"close": 1.0}, {"symbol": "A"}, 7, "x", None, [], [{}]],
        ids=str,
    )
    def test_all_bars_are_taken_or_none(self, bad: Any) -> None:
        features = features_by_symbol()
        features.update(close=1.0, symbol="A")
        before = features.snapshot()
        for method in (features.update, features.peek):
            with pytest.raises(omega.OmegaError):
                method([{"close": 2.0, "symbol": "A"}, {"close": 2.0, "symbol": "N"}, bad])
        assert features.snapshot() == before

    def test_a_buffer_is_for_one_bar(self) -> None:
        with pytest.raises(InvalidShapeError, match="one bar"):
            omega.FeatureSet(["ta.sma"]).update([{"close": 1.0}], out=array("d", [0.0]))

    def test_records_and_tuples_of_bars_are_taken(self) -> None:
        bars = [
            Bar(timestamp=minute(0), symbol=symbol, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
            for symbol in ("A", "B")
        ]
        features = omega.FeatureSet({"mean": ("ta.sma", {"period": 1})}, by="symbol")
        assert features.update(tuple(bars)) == [{"mean": 1.0}] * 2
        with pytest.raises(InvalidValueError, match="group A"):
            features.update(bars)


NEW_YORK = ZoneInfo("America/New_York")
#: Two moments in every form, the second later than the first.
FORMS: dict[str, tuple[Any, Any]] = {
    "aware": (minute(0), minute(1)),
    "before 1970": (datetime(1969, 2, 28, 23, tzinfo=UTC), datetime(1969, 3, 1, microsecond=1, tzinfo=UTC)),
    "zoned": (minute(0).astimezone(NEW_YORK), minute(1).astimezone(timezone(timedelta(hours=5)))),
    "mixed": (minute(0), minute(1).replace(tzinfo=None)),
    "date": (date(2024, 2, 29), date(2024, 3, 1)),
    "numpy": (np.datetime64("2024-01-02T09:30", "us"), np.datetime64("2024-01-02T09:30:01", "s")),
    "pandas": (pd.Timestamp(minute(0)), pd.Timestamp(minute(1)).tz_convert("Asia/Tokyo")),
    "text": ("2024-01-02T09:30:00Z", "2024-01-02 09:31:00"),
    "int": (7, 8),
    "numpy int": (np.int64(7), np.int32(8)),
    "float": (1.5, 1.75),
    "int and float": (7, 7.5),
    "nanoseconds": (1_704_187_800_000_000_000, 1_704_187_800_000_000_001),
}
every_form = pytest.mark.parametrize(("first", "second"), FORMS.values(), ids=FORMS)


def live_objects(**given: Any) -> Iterator[Any]:
    yield omega.stream("ta.sma", period=1, **given)
    yield omega.FeatureSet({"mean": ("ta.sma", {"period": 1})}, **given)


class TestOrder:
    @every_form
    def test_a_bar_must_be_later_than_the_last(self, first: Any, second: Any) -> None:
        for live in live_objects():
            live.update({"close": 1.0, "timestamp": first})
            live.peek({"close": 1.0, "timestamp": second})
            live.update(close=1.0, timestamp=second)
            for earlier in (first, second):
                before = live.snapshot()
                for method in (live.update, live.peek):
                    with pytest.raises(InvalidValueError, match="`timestamp` must be later than the last"):
                        method({"close": 2.0, "timestamp": earlier})
                    with pytest.raises(InvalidValueError):
                        method(MappingProxyType({"close": 2.0, "timestamp": earlier}))
                    with pytest.raises(InvalidValueError):
                        method(close=2.0, timestamp=earlier)
                assert live.snapshot() == before
            with pytest.raises(InvalidValueError):
                omega.restore(live.snapshot()).update(close=2.0, timestamp=second)
            live.reset()
            live.update(close=1.0, timestamp=first)

    def test_every_microsecond_of_a_datetime_counts(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(300):
            moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(
                days=int(rng.integers(0, 3_600_000)),
                seconds=int(rng.integers(0, 86_400)),
                microseconds=int(rng.integers(0, 1_000_000)),
            )
            for zone in (UTC, None):
                stream = omega.stream("ta.sma", period=1)
                own = moment.replace(tzinfo=zone)
                stream.update(close=1.0, timestamp=own)
                with pytest.raises(InvalidValueError):
                    stream.update(close=1.0, timestamp=own)
                # The other way of reading it agrees.
                if 1700 < own.year < 2200:
                    with pytest.raises(InvalidValueError):
                        stream.update(close=1.0, timestamp=pd.Timestamp(own))
                stream.update(close=1.0, timestamp=own + timedelta(microseconds=1))

    def test_a_bar_without_a_time_is_taken_and_leaves_the_last_time(self) -> None:
        for live in live_objects():
            live.update(close=1.0, timestamp=minute(1))
            for nothing in (None, float("nan"), pd.NaT, np.datetime64("NaT", "us")):
                live.update({"close": 1.0, "timestamp": nothing})
            live.update({"close": 1.0})
            with pytest.raises(InvalidValueError):
                live.update(close=1.0, timestamp=minute(1))

    def test_groups_have_times_of_their_own_and_messages_name_them(self) -> None:
        features = features_by_symbol()
        tick = [{"symbol": symbol, "close": 1.0, "timestamp": minute(3)} for symbol in ("A", "B")]
        features.update(tick)
        features.update({"symbol": "C", "close": 1.0, "timestamp": minute(0)})
        says = "later than the last of group A, 2024-01-02T09:33:00Z, got `2024-01-02T09:31:00Z`"
        with pytest.raises(InvalidValueError, match=says):
            features.update({"symbol": "A", "close": 1.0, "timestamp": minute(1)})
        features.drop("A")
        features.update({"symbol": "A", "close": 1.0, "timestamp": minute(1)})

    def test_none_looks_at_no_time(self) -> None:
        for live in live_objects(order=None):
            for time in (minute(1), minute(0), "yesterday", object()):
                live.update({"close": 1.0, "timestamp": time})
            assert live.order is None
            assert omega.restore(live.snapshot()).order is None

    def test_another_field_must_be_there(self) -> None:
        for live in live_objects(order="sequence"):
            live.update({"close": 1.0, "sequence": 1, "timestamp": minute(1)})
            live.update({"close": 1.0, "sequence": 2, "timestamp": minute(0)})
            for bar in ({"close": 1.0}, MappingProxyType({"close": 1.0})):
                with pytest.raises(MissingColumnError, match="sequence"):
                    live.update(bar)
            with pytest.raises(MissingColumnError, match="sequence"):
                live.update(close=1.0)
            with pytest.raises(InvalidTypeError, match="sequence"):
                live.update({"close": 1.0, "sequence": None})
            with pytest.raises(InvalidValueError, match="sequence"):
                live.update({"close": 1.0, "sequence": 2})
        with pytest.raises(MissingColumnError, match="sequence"):
            omega.stream("ta.sma", order="sequence").update(1.0)

    @pytest.mark.parametrize("time", ["soon", "2024-13-01", True, [], object(), 1 << 70, b"2024"])
    def test_what_is_no_time_is_refused_with_the_way_out(self, time: Any) -> None:
        for live in live_objects():
            with pytest.raises(InvalidTypeError, match="order=None"):
                live.update({"close": 1.0, "timestamp": time})
            assert live.rows == 0

    def test_a_time_after_a_number_is_refused(self) -> None:
        for live in live_objects():
            live.update(close=1.0, timestamp=7)
            with pytest.raises(InvalidTypeError, match="of the same kind as the last, 7"):
                live.update(close=1.0, timestamp=minute(0))

    @pytest.mark.parametrize("order", [7, b"time", ["timestamp"], True])
    def test_what_names_no_field_is_refused(self, order: Any) -> None:
        with pytest.raises(InvalidTypeError, match="order"):
            omega.stream("ta.sma", order=order)
        with pytest.raises(InvalidTypeError, match="order"):
            omega.FeatureSet(["ta.sma"], order=order)

    @pytest.mark.parametrize(
        "library", [dict, pd.DataFrame, pl.DataFrame, pa.table, "index", "wide", "reader"]
    )
    def test_history_is_in_order_within_groups_and_after_the_last_bar(self, library: Any) -> None:
        def data(minutes: list[int], symbols: str) -> Any:
            columns = {
                "close": [float(each) for each in minutes],
                "symbol": list(symbols),
                "timestamp": [minute(each) for each in minutes],
            }
            if library == "index":
                return pd.DataFrame(columns).set_index("timestamp")
            if library == "wide":
                return pa.table(columns | {f"other{each}": columns["close"] for each in range(30)})
            if library == "reader":
                return pa.table(columns).to_reader()
            return library(columns)

        features = features_by_symbol()
        features.extend(data([5, 1, 5, 2], "ABAB"))
        before = features.snapshot()
        for minutes, symbols in (([5, 3], "AB"), ([6, 4, 3], "ABB"), ([6, 7, 8, 7], "ABAA")):
            with pytest.raises(InvalidValueError, match="timestamp"):
                features.extend(data(minutes, symbols))
            assert features.snapshot() == before
        with pytest.raises(InvalidValueError, match="group A"):
            features.update(close=1.0, symbol="A", timestamp=minute(5))
        features.update(close=1.0, symbol="B", timestamp=minute(5))
        if library != "reader":
            stream = omega.stream("ta.sma", period=1)
            stream.extend(data([1, 1, 2], "AAA"))
            with pytest.raises(InvalidValueError):
                stream.extend(data([2], "A"))
            with pytest.raises(InvalidValueError):
                stream.update(close=1.0, timestamp=minute(2))

    def test_times_of_history_are_nobodys_copy(self) -> None:
        close = pa.array([1.0, 2.0])
        stream = omega.stream("ta.sma", period=1)
        with omega.count_copies() as copies:
            stream.extend(
                pa.table({"close": close, "timestamp": [minute(0), minute(1)]}), strict_zero_copy=True
            )
        assert len(copies) == 0
        assert stream.rows == 2


class TestWords:
    def test_live_objects_say_what_they_are(self) -> None:
        stream = omega.stream("ta.sma", period=2)
        stream.update(1.0)
        assert repr(stream) == "<omega stream of ta.sma(period=2): 1 row, not ready>"
        stream.update(2.0)
        assert repr(stream) == "<omega stream of ta.sma(period=2): 2 rows, ready>"
        assert stream.parameters == {"period": 2}
        features = features_by_symbol(groups=["A", "B"])
        assert repr(features) == (
            "<omega FeatureSet: mean = ta.sma(period=2); 0 rows of 2 groups by symbol, a closed list>"
        )
        grouped = omega.accumulate("risk.max_drawdown", by="symbol")
        assert repr(grouped) == (
            "<omega GroupedAccumulator: max_drawdown = risk.max_drawdown(); 0 rows of 0 groups by symbol>"
        )

    def test_notebooks_show_functions_parameters_groups_and_rows(self) -> None:
        features = features_by_symbol()
        features.update(close=1.0, symbol="<A&B>")
        shown = features._repr_html_()
        for part in ("FeatureSet", "ta.sma(period=2)", "1 group by symbol", "&lt;A&amp;B&gt;", "1 row"):
            assert part in shown
        stream = omega.stream("ta.bbands", period=2)
        stream.extend([1.0, 2.0])
        assert "ready with Bbands(" in stream._repr_html_()
        accumulator = omega.accumulate("risk.value_at_risk")
        assert "cutoff=" in accumulator._repr_html_()

    @pytest.mark.parametrize(
        "thing",
        [
            omega.Stream.update,
            omega.Stream.peek,
            omega.Stream.extend,
            omega.Stream.value,
            omega.Stream.ready,
            omega.Accumulator.update,
            omega.Accumulator.value,
            _rust.FeatureSet.update,
        ],
        ids=lambda thing: thing.__name__,
    )
    def test_native_members_have_texts_and_methods_signatures(self, thing: Any) -> None:
        assert inspect.getdoc(thing)
        if inspect.isroutine(thing):
            assert "self" in inspect.signature(thing).parameters

    def test_help_shows_how_a_set_is_updated(self) -> None:
        import pydoc

        text = pydoc.plain(pydoc.render_doc(omega.FeatureSet))
        assert "update(bar=None, /, *, out=None, **columns)" in text
        assert "What `update` would return" in text

    @pytest.mark.parametrize("owner", [omega.Stream, omega.Accumulator])
    def test_the_examples_of_native_methods_run(self, owner: type) -> None:
        finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
        tests = [
            test
            for name in vars(owner)
            if not name.startswith("_")
            for test in finder.find(getattr(owner, name), f"{owner.__name__}.{name}")
            if test.examples
        ]
        assert len(tests) >= 2
        for test in tests:
            assert runner.run(test).failed == 0, test.name
