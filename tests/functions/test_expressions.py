"""Polars expressions: the call of today, computed when the frame is, with the same bits in every context."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.functions.expression_inputs import LEAST_VERSION
from omega.shared.exceptions import (
    InvalidTypeError,
    InvalidValueError,
    LengthMismatchError,
    MissingColumnError,
    MissingDependencyError,
    MissingValueError,
    OmegaError,
    ParameterOutOfRangeError,
    UnknownParameterError,
    UnsupportedDataError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

from tests.functions.market import (
    MODELS,
    REDUCTIONS,
    ROWWISE,
    RUST,
    SPECS,
    every,
    inputs,
    parameters,
    same_bits,
    take_away,
    typed,
)

CLOSE = pl.col("close")
BARS = pl.DataFrame(inputs("ta.atr", 60)).with_columns(key=pl.Series(["A", "B", "B"] * 20))

#: Every way in which polars computes a column.
CONTEXTS: dict[str, Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]] = {
    "select": lambda frame, made: frame.select(made),
    "with_columns": lambda frame, made: frame.with_columns(made.alias("made")).select("made"),
    "lazy": lambda frame, made: frame.lazy().select(made).collect(),
    "streaming": lambda frame, made: frame.lazy().select(made).collect(engine="streaming"),
}


def frame_of(name: str, rows: int = 90, seed: int = 0) -> pl.DataFrame:
    """What a function reads, with values missing in both ways, and a column of groups."""
    columns = inputs(name, rows, seed)
    for at, column in enumerate(columns.values()):
        take_away(column, slice(7 + at, None, 13))
    return pl.DataFrame({**columns, "key": ["x", "y", "y", "z"] * (rows // 4) + ["x"] * (rows % 4)})


def with_nulls(frame: pl.DataFrame) -> pl.DataFrame:
    """The same, half of what is missing as null and half as NaN."""
    half = pl.int_range(pl.len()) % 2 == 0
    return frame.with_columns(
        pl.when(half).then(pl.selectors.float().fill_nan(None)).otherwise(pl.selectors.float())
    )


def narrow(kind: pl.DataType) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.selectors.float().fill_nan(None).cast(kind, strict=False))


#: What a frame may be made of, and how its columns may lie.
FRAMES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "as it is": with_nulls,
    "float32": narrow(pl.Float32()),
    "int32": narrow(pl.Int32()),
    "int64": narrow(pl.Int64()),
    "in chunks": lambda frame: pl.concat([frame[:20], frame[20:21], frame[21:]], rechunk=False),
    "a slice": lambda frame: frame[11:-7],
    "one row": lambda frame: frame[20:21],
    "no row": lambda frame: frame[:0],
}


def expression(name: str, /, **options: Any) -> pl.Expr:
    """A function of columns under their own names."""
    columns: dict[str, Any] = {each.name: pl.col(each.name) for each in SPECS[name].inputs}
    made = omega.call(name, **columns, **options)
    assert isinstance(made, pl.Expr)
    return made


def outcome(answer: Callable[..., Any], *given: Any) -> list[pl.Series] | type[OmegaError]:
    """The columns of an answer, or the type of what refused it."""
    try:
        found = answer(*given)
    except OmegaError as refusal:
        return type(refusal)
    if isinstance(found, pl.DataFrame) and isinstance(found.dtypes[-1], pl.Struct):
        found = found.unnest(found.columns[-1])
    if isinstance(found, pl.DataFrame):
        return found.get_columns()
    return [found if isinstance(found, pl.Series) else pl.Series([found], dtype=pl.Float64)]


def agree(left: Any, right: Any) -> bool:
    """Whether two outcomes are the same refusal, or columns of the same types and bits."""
    if isinstance(left, type) or isinstance(right, type):
        return left is right
    return len(left) == len(right) and all(
        a.dtype == b.dtype
        and a.is_null().equals(b.is_null())
        and same_bits(a.cast(pl.Float64).to_numpy(), b.cast(pl.Float64).to_numpy())
        for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("made_of", FRAMES)
def test_an_expression_is_the_call_bit_for_bit(made_of: str) -> None:
    def law(name: str) -> None:
        frame = FRAMES[made_of](frame_of(name))
        eager = outcome(lambda: omega.call(name, frame))
        assert not isinstance(eager, type), eager
        made = expression(name)
        for context, run in CONTEXTS.items():
            if context != "with_columns" or name in ROWWISE:
                assert agree(outcome(run, frame, made), eager), context

    every(RUST, law)


@pytest.mark.parametrize("made_of", FRAMES)
def test_over_is_by_bit_for_bit(made_of: str) -> None:
    def law(name: str) -> None:
        frame = FRAMES[made_of](frame_of(name))
        eager = outcome(lambda: omega.call(name, frame, by="key"))
        assert not isinstance(eager, type), eager
        for made in (
            expression(name).over("key"),
            expression(name, by="key"),
            expression(name, by=pl.col("key")),
        ):
            for context, run in CONTEXTS.items():
                assert agree(outcome(run, frame, made), eager), context

    every(ROWWISE, law)


@pytest.mark.parametrize("made_of", FRAMES)
def test_a_metric_of_a_group_is_that_of_the_group_by_bit_for_bit(made_of: str) -> None:
    def law(name: str) -> None:
        frame = FRAMES[made_of](frame_of(name))
        eager = outcome(lambda: omega.call(name, frame, by="key").sort("key").drop("key"))
        made = expression(name)

        def grouped(engine: Any) -> pl.DataFrame:
            table = frame.lazy().group_by("key").agg(made.alias("made")).sort("key")
            return table.select("made").collect(engine=engine)

        assert agree(outcome(grouped, "in-memory"), eager)
        assert agree(outcome(grouped, "streaming"), eager)
        each = outcome(
            lambda: frame.select("key", made.over("key").alias("made")).unique("key").sort("key")[["made"]]
        )
        assert agree(each, eager)

    every(REDUCTIONS, law)


def test_a_group_without_rows_has_the_answer_of_no_rows() -> None:
    of_one = CLOSE.filter(pl.col("key") == "A")
    made = [omega.risk.volatility(of_one.pct_change()), omega.ta.ema(of_one, period=2)]
    table = BARS.group_by("key").agg(made).sort("key")
    assert table["volatility"][1] is None
    assert table["ema"].list.len().to_list() == [20, 0]


def test_rows_that_a_query_takes_away_later_are_computed_with() -> None:
    made = omega.ta.ema(CLOSE, period=3)
    whole = BARS.with_columns(ema=omega.ta.ema(BARS, period=3))
    lazy = BARS.lazy().with_columns(made)
    later: list[Callable[[Any], Any]] = [
        lambda frame: frame.filter(pl.col("close") > 100.0),
        lambda frame: frame.filter(pl.col("key") == "B"),
        lambda frame: frame.tail(5),
        lambda frame: frame.sort("close").slice(3, 4),
        lambda frame: frame.group_by("key").agg(pl.col("ema").last()).sort("key"),
    ]
    for step in later:
        for engine in ("in-memory", "streaming"):
            assert step(lazy).collect(engine=engine).equals(step(whole), null_equal=True)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_parameters_and_groups_give_the_same_bits(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(RUST))
    chosen = data.draw(parameters(SPECS[name]))
    rows = data.draw(st.integers(0, 70))
    keys = data.draw(st.lists(st.sampled_from("abc"), min_size=rows, max_size=rows))
    options = {**chosen, "nulls": data.draw(st.sampled_from(["skip", "propagate", "raise"]))}
    frame = with_nulls(frame_of(name, rows, data.draw(st.integers(0, 5)))).with_columns(
        key=pl.Series(keys, dtype=pl.String)
    )
    try:
        made = expression(name, **options)
    except OmegaError as refusal:
        with pytest.raises(type(refusal)):
            omega.call(name, frame, **options)
        return
    assert agree(outcome(lambda: frame.select(made)), outcome(lambda: omega.call(name, frame, **options)))
    if name in ROWWISE:
        eager = outcome(lambda: omega.call(name, frame, by="key", **options))
        assert agree(outcome(lambda: frame.select(made.over("key"))), eager)


def test_the_schema_is_known_before_anything_runs() -> None:
    def law(name: str) -> None:
        frame = frame_of(name)
        for made in (expression(name), expression(name, name="own"), expression(name).over("key")):
            lazy = frame.lazy().select(made)
            assert lazy.collect_schema() == lazy.collect().schema

    every(RUST, law)
    assert BARS.lazy().select(omega.ta.maxindex(CLOSE)).collect_schema() == {"maxindex": pl.Int64}


def test_the_answer_is_called_as_the_output_and_a_struct_as_the_function() -> None:
    assert BARS.select(omega.ta.rsi(CLOSE)).columns == ["rsi"]
    assert BARS.select(omega.ta.rsi(CLOSE, name="slow").over("key")).columns == ["slow"]
    assert BARS.select(omega.ta.macd(CLOSE)).unnest("macd").columns == [
        "macd",
        "signal",
        "histogram",
    ]
    named = BARS.select(omega.ta.macd(CLOSE, name="fast"))
    assert named.unnest("fast").columns == ["fast_macd", "fast_signal", "fast_histogram"]
    assert BARS.select(omega.ta.bbands(CLOSE).struct.unnest()).columns == ["upper", "middle", "lower"]
    assert BARS.select(omega.risk.volatility(CLOSE.pct_change())).columns == ["volatility"]


@pytest.mark.parametrize(
    "made",
    [
        lambda: omega.ta.atr(pl.col("high"), pl.col("low"), CLOSE, period=5),
        lambda: omega.ta.atr(pl.col("high"), "low", "close", period=5),
        lambda: omega.ta.atr(pl.col("high"), "low", close=CLOSE, period=5),
        lambda: omega.ta.atr(high=pl.col("high"), low="low", close=CLOSE, period=5),
        lambda: omega.ta.atr(CLOSE, high="high", low="low", period=5),
        lambda: omega.ta.atr(CLOSE, high=pl.col("high"), low=pl.col("low"), period=5),
        lambda: omega.ta.atr(pl.col("low"), high=pl.col("high"), close=CLOSE, period=5),
        lambda: omega.call("ta.atr", high="high", low="low", close=pl.col("close"), period=5),
    ],
)
def test_inputs_come_by_position_by_keyword_and_by_name(made: Callable[[], pl.Expr]) -> None:
    assert same_bits(BARS.select(made()).to_series(), omega.ta.atr(BARS, period=5))


def test_numbers_literals_and_aggregates_stand_in_every_row() -> None:
    bars = BARS.select("close", periods=pl.lit(4.0))
    eager = omega.ta.mavp(bars)
    for periods in (4.0, pl.lit(4.0), pl.lit(4.0).mean(), pl.col("close").n_unique() * 0 + 4):
        for over in (None, pl.lit(1)):
            made = omega.ta.mavp(CLOSE, periods=periods)
            assert same_bits(bars.select(made if over is None else made.over(over)).to_series(), eager)
    assert bars[:0].select(omega.ta.mavp(CLOSE, periods=pl.lit(4.0))).height == 0


def test_several_columns_of_one_input_keep_their_names() -> None:
    wide = BARS.select(omega.ta.sma(pl.col("high", "low"), period=3))
    assert wide.columns == ["high", "low"]
    assert same_bits(wide["low"], omega.ta.sma(BARS["low"], period=3))
    assert BARS.select(omega.ta.sma(pl.col("high", "low"), name="sma")).columns == ["sma_high", "sma_low"]
    assert BARS.select(omega.ta.sma(pl.selectors.float()).over("key")).width == 3


def test_what_can_be_refused_without_data_is_refused_when_the_expression_is_made() -> None:
    def refused(error: type[OmegaError], said: str, make: Callable[[], object]) -> None:
        with pytest.raises(error, match=said) as refusal:
            make()
        assert refusal.value.__context__ is None

    beside, wrong = pl.DataFrame({"close": [1.0]}), dict[str, Any]
    refused(ParameterOutOfRangeError, "period must be at least 2", lambda: omega.ta.rsi(CLOSE, period=1))
    refused(UnknownParameterError, "`period`", lambda: omega.ta.rsi(CLOSE, **wrong(perid=3)))
    refused(ParameterOutOfRangeError, "nulls must be", lambda: omega.ta.rsi(CLOSE, **wrong(nulls="drop")))
    refused(InvalidTypeError, "name must be", lambda: omega.ta.rsi(CLOSE, **wrong(name=3)))
    refused(InvalidTypeError, r"ta.rsi\(close, period=14\)", lambda: omega.ta.rsi(CLOSE, 14))  # type: ignore[call-overload]
    refused(MissingColumnError, "`high` is missing", lambda: omega.ta.atr(CLOSE))
    refused(InvalidTypeError, "2 columns", lambda: omega.ta.rsi(CLOSE, "open"))
    refused(InvalidTypeError, "data must be left out", lambda: omega.ta.rsi(CLOSE, close="open"))
    refused(InvalidTypeError, "one column", lambda: omega.ta.obv(pl.all(), volume="volume"))
    refused(InvalidTypeError, "volume must be", lambda: omega.ta.obv(CLOSE, volume=beside["close"]))
    refused(InvalidTypeError, r"data.select\(omega.ta.rsi", lambda: omega.ta.rsi(beside, close=CLOSE))  # type: ignore[call-overload]
    refused(InvalidTypeError, r"data.select\(omega.ta.rsi", lambda: omega.ta.rsi(beside, by=pl.col("x")))
    refused(InvalidTypeError, "out must be left out", lambda: omega.ta.rsi(CLOSE, out=np.zeros(3)))
    refused(InvalidTypeError, "by must be", lambda: omega.ta.rsi(CLOSE, by=beside["close"]))
    refused(InvalidTypeError, r"\.over\(", lambda: omega.risk.volatility(CLOSE, by="key"))
    refused(InvalidTypeError, "knows no groups", lambda: omega.ta.rsi(CLOSE.diff(), by="key"))


def test_objects_that_resist_are_refused_beside_an_expression() -> None:
    class Resisting:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    this: Any = Resisting()
    calls: list[Callable[[], object]] = [
        lambda: omega.ta.obv(CLOSE, volume=this),
        lambda: omega.ta.rsi(CLOSE, by=[this]),
        lambda: omega.ta.rsi(this, by=pl.col("key")),
    ]
    for call in calls:
        with pytest.raises(OmegaError, match=r"got `(Resisting|list)`"):
            call()
    with pytest.raises(OmegaError):
        omega.ta.rsi(CLOSE, by=this)


def test_models_are_refused_an_expression() -> None:
    def law(name: str) -> None:
        with pytest.raises(UnsupportedDataError, match="the answer of a model is not one column"):
            typed(name)(pl.col("returns"))

    every(MODELS, law)


def test_what_data_is_refused_for_is_said_by_type_and_in_omegas_words() -> None:
    infinite = BARS.with_columns(close=pl.lit(np.inf)).lazy()
    with pytest.raises(InvalidValueError, match=r"column `close` must be .* got `inf` in row 0"):
        infinite.select(omega.ta.rsi(CLOSE).over("key")).collect()
    with pytest.raises(UnsupportedTypeError, match=r"column `close` must be a number"):
        BARS.select(omega.ta.rsi(pl.col("key")))
    with pytest.raises(MissingValueError, match="close"):
        BARS.select(omega.ta.rsi(CLOSE.shift(), nulls="raise"))
    with pytest.raises(LengthMismatchError, match="must have 60 "):
        BARS.select(omega.ta.obv(CLOSE, volume=CLOSE.head(3)))
    with pytest.raises(ZeroCopyRefusedError):
        BARS.select(omega.ta.rsi(CLOSE.cast(pl.Float32), strict_zero_copy=True))
    assert BARS.select(omega.ta.rsi(CLOSE, strict_zero_copy=True)).height == 60


def test_a_lazy_frame_with_an_expression_can_be_pickled_and_deserialized() -> None:
    lazy = BARS.lazy().select(omega.ta.macd(CLOSE, fast_period=3).over("key"))
    assert pickle.loads(pickle.dumps(lazy)).collect().equals(lazy.collect(), null_equal=True)


def test_a_polars_that_would_give_other_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl, "__version__", "1.32.3")
    with pytest.raises(MissingDependencyError, match=r"polars 1\.33 or later"):
        omega.ta.rsi(CLOSE)
    monkeypatch.setattr(pl, "__version__", "2.0.0rc1")
    assert LEAST_VERSION == (1, 33)
    omega.ta.rsi(CLOSE)


def test_a_refused_call_imports_nothing() -> None:
    script = """
import json, sys, omega
try:
    omega.ta.rsi(object())
except TypeError:
    late = ("polars", "pandas", "numpy", "omega.functions.expressions")
    print(json.dumps([name for name in late if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
