"""Calls as people write them: inputs by position, names from elsewhere, answers under names of one's own."""

import concurrent.futures
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import InvalidTypeError, OmegaError, UnknownFunctionError, UnknownParameterError

from tests.functions.market import (
    REDUCTION_SHAPES,
    ROWWISE_SHAPES,
    SPECS,
    inputs,
    same_bits,
    typed,
    walk,
)

BARS = walk(80)
HIGH, LOW, CLOSE = BARS["high"], BARS["low"], BARS["close"]
PEERS = Path(omega.__file__).parent / "schemas" / "peers"


# ---------------------------------------------------------------------------------------- by position


@pytest.mark.parametrize("name", [*ROWWISE_SHAPES, *REDUCTION_SHAPES])
def test_inputs_may_come_by_position_in_the_order_of_the_spec(name: str) -> None:
    columns = inputs(name, 60)
    expected = typed(name)(columns)
    for answer in (typed(name)(*columns.values()), omega.call(name, *columns.values())):
        assert np.array_equal(np.asarray(answer, float), np.asarray(expected, float), equal_nan=True)
    named = {key.title(): column for key, column in columns.items()}
    by_name = typed(name)(pl.DataFrame(named), *named)
    assert same_bits(outputs_of(by_name), outputs_of(typed(name)(pl.DataFrame(columns))))


def outputs_of(answer: Any) -> Any:
    if isinstance(answer, pl.DataFrame):
        return answer.to_numpy()
    return np.asarray([answer] if isinstance(answer, float) else answer, float)


def test_positions_parameters_and_groups_go_together() -> None:
    keys = ["a", "b"] * 40
    answer = omega.ta.atr(HIGH, LOW, CLOSE, period=5, by=keys)
    assert same_bits(answer, omega.ta.atr(BARS, period=5, by=keys))
    assert same_bits(omega.ta.atr(HIGH, LOW, close=CLOSE), omega.ta.atr(BARS))
    series = pd.DataFrame(BARS, index=pd.date_range("2024-01-01", periods=80))
    found = omega.ta.atr(series.high, series.low, series.close)
    assert found.index.equals(series.index)


#: Without their types, which refuse what is tried here.
RSI: Any = omega.ta.rsi
ATR: Any = omega.ta.atr
BBANDS: Any = omega.ta.bbands
SHARPE_RATIO: Any = omega.risk.sharpe_ratio


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: RSI(CLOSE, 14), r"parameters go by name: ta\.rsi\(close, period=14\), got `14`"),
        (lambda: BBANDS(CLOSE, 20, 2.0), r"bbands\(close, period=20, deviations_up=2\.0\)"),
        (lambda: RSI(CLOSE, np.int64(14)), r"rsi\(close, period=14\)"),
        (lambda: SHARPE_RATIO(CLOSE, 252), r"sharpe_ratio\(returns, .*=252\)"),
        (lambda: omega.call("ta.rsi", CLOSE, 14), r"rsi\(close, period=14\)"),
        (lambda: omega.ta.rsi(CLOSE, CLOSE), "got `2 columns`"),
        (lambda: omega.ta.atr(HIGH, LOW, CLOSE, CLOSE), "got `4 columns`"),
        (lambda: ATR(HIGH, LOW, CLOSE, high=HIGH), "by position and by keyword"),
        (lambda: RSI(BARS, "close", "open"), "got `2 columns`"),
    ],
)
def test_what_cannot_come_by_position_is_refused_with_the_right_call(
    call: Callable[[], Any], said: str
) -> None:
    with pytest.raises(InvalidTypeError, match=said):
        call()


# ---------------------------------------------------------------------------------------- other names


def peers() -> Iterator[tuple[str, str, str]]:
    """What a peer calls the parameters that are compared with ours."""
    for path in sorted(PEERS.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["functions"].values():
            for ours, theirs in entry.get("parameters", {}).items():
                if isinstance(theirs, str) and ours != theirs and entry["omega"] in SPECS:
                    yield entry["omega"], ours, theirs.rpartition(".")[2]


@pytest.mark.parametrize(("name", "ours", "theirs"), sorted(set(peers())))
def test_a_name_of_a_peer_is_refused_with_ours(name: str, ours: str, theirs: str) -> None:
    with pytest.raises(UnknownParameterError) as refusal:
        typed(name)(CLOSE, **{theirs: 1})
    assert refusal.value.fields["nearest"] == ours


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("ta.rsi", "timeperiod", "period"),
        ("ta.rsi", "length", "period"),
        ("ta.rsi", "window", "period"),
        ("ta.rsi", "TimePeriod", "period"),
        ("ta.rsi", "perid", "period"),
        ("ta.rsi", "Period", "period"),
        ("ta.rsi", "n", "period"),
        ("ta.rsi", "groupby", "by"),
        ("ta.rsi", "null", "nulls"),
        ("ta.rsi", "prices", "close"),
        ("ta.macd", "fastperiod", "fast_period"),
        ("risk.value_at_risk", "confidence", "cutoff"),
        ("risk.sharpe_ratio", "rf", "risk_free"),
        ("risk.rolling_sharpe_ratio", "length", "window"),
        ("ta.rsi", "weight", ""),
        ("ta.rsi", "x", ""),
        ("ta.rsi", "missing", ""),
    ],
)
def test_a_name_that_people_bring_is_refused_with_ours_or_with_none(
    name: str, theirs: str, ours: str
) -> None:
    calls: list[Any] = [partial(typed(name), CLOSE), partial(omega.call, name, CLOSE)]
    for call in calls:
        with pytest.raises(UnknownParameterError) as refusal:
            call(**{theirs: 3})
        assert refusal.value.fields["nearest"] == ours
        assert ("nearest" in str(refusal.value)) == bool(ours)
        for taken in ("nulls", "by", "name", SPECS[name].inputs[0].name):
            assert taken in refusal.value.fields["allowed"].split(", ")


@pytest.mark.julia
def test_a_model_is_asked_for_by_its_own_names() -> None:
    with pytest.raises(UnknownParameterError, match="the nearest is `states`"):
        omega.regimes.hidden_markov(BARS["returns"], n_states=2)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("RSI", "ta.rsi"),
        ("rsii", "ta.rsi"),
        ("ta.RSI", "ta.rsi"),
        ("sharpe", "risk.sharpe_ratio"),
        ("foo", ""),
    ],
)
def test_a_function_is_found_by_what_it_is_called(name: str, nearest: str) -> None:
    with pytest.raises(UnknownFunctionError) as refusal:
        omega.call(name, CLOSE)
    assert refusal.value.fields["nearest"] == nearest


# ---------------------------------------------------------------------------------------- names of answers


def test_answers_under_names_of_ones_own_join() -> None:
    frame = pd.DataFrame({**BARS, "symbol": ["a", "b"] * 40})
    joined = (
        frame[["symbol"]]
        .join(omega.ta.sma(frame, period=5, name="fast"))
        .join(omega.ta.sma(frame, period=20, name="slow"))
        .join(omega.ta.bbands(frame, name="bb"))
        .join(omega.ta.bbands(frame, period=50, name="wide"))
    )
    bands = ("upper", "middle", "lower")
    prefixed = [f"{name}_{band}" for name in ("bb", "wide") for band in bands]
    assert list(joined.columns) == ["symbol", "fast", "slow", *prefixed]
    assert same_bits(joined["slow"], omega.ta.sma(CLOSE, period=20))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize("name", [*ROWWISE_SHAPES, *REDUCTION_SHAPES])
def test_every_table_of_answers_takes_a_name(name: str, make: Any) -> None:
    columns = {**inputs(name, 60), "symbol": ["a", "b"] * 30}
    plain, named = (omega.call(name, make(columns), by="symbol", name=given) for given in (None, "x"))
    if not hasattr(plain, "columns") or isinstance(plain, pd.Series):
        if hasattr(plain, "name"):
            assert (plain.name, named.name) == (SPECS[name].outputs[0].name, "x")
        return
    of = [list(each.column_names if isinstance(each, pa.Table) else each.columns) for each in (plain, named)]
    keys = 1 if SPECS[name].kind == "reduction" else 0
    own = of[0][keys:]
    assert of[1] == [*of[0][:keys], *(["x"] if len(own) == 1 else [f"x_{each}" for each in own])]


@pytest.mark.julia
def test_a_model_by_group_takes_a_name() -> None:
    frame = pd.DataFrame({"returns": BARS["returns"], "symbol": ["a", "b"] * 40})
    answer = omega.volatility.garch(frame, by="symbol", name="g")
    assert list(answer.rows.columns) == ["g_conditional_volatility", "g_standardized_residuals"]
    assert list(answer.parameters.columns)[:2] == ["symbol", "g_mu"]
    assert answer["a"].conditional_volatility.name == "g_conditional_volatility"


def test_a_name_is_a_text_and_tuples_keep_their_fields() -> None:
    assert omega.ta.macd(CLOSE, name="x")._fields == omega.ta.macd(CLOSE)._fields
    assert omega.risk.volatility(BARS["returns"], name="x") == omega.risk.volatility(BARS["returns"])
    with pytest.raises(InvalidTypeError, match="name must be a str or None, got `7`"):
        omega.ta.sma(CLOSE, name=7)  # type: ignore[call-overload]


# ---------------------------------------------------------------------------------------- other doors


def test_polars_maps_a_function_over_batches_lazily_and_over_groups() -> None:
    frame = pl.DataFrame({**BARS, "symbol": ["a", "b"] * 40})
    rsi = pl.col("close").map_batches(omega.ta.rsi, return_dtype=pl.Float64)
    assert same_bits(frame.select(rsi)["close"], omega.ta.rsi(CLOSE))
    over = frame.lazy().select(rsi.over("symbol")).collect()["close"]
    assert same_bits(over, omega.ta.rsi(frame, by="symbol"))
    bars = pl.struct("high", "low", "close").map_batches(omega.ta.atr, return_dtype=pl.Float64)
    assert same_bits(frame.select(bars.alias("atr"))["atr"], omega.ta.atr(BARS))


def refused(period: int) -> Any:
    return omega.ta.rsi(CLOSE, period=period)


def test_errors_come_back_from_other_processes() -> None:
    with concurrent.futures.ProcessPoolExecutor(1) as pool, pytest.raises(omega.OmegaError) as refusal:
        pool.submit(refused, 0).result()
    assert refusal.value.fields["name"] == "period"


def test_the_data_sets_are_there_without_being_imported() -> None:
    script = "import omega; assert omega.data.names(); assert 'data' in dir(omega)"
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(AttributeError, match="'datta'"):
        omega.datta  # type: ignore[attr-defined]  # noqa: B018


def test_an_array_of_the_standard_library_without_numpy_is_refused_by_what_is_missing() -> None:
    script = (
        "import sys; sys.modules['numpy'] = None\n"
        "import array, omega\n"
        "try: omega.ta.rsi(array.array('d', [1.0, 2.0]))\n"
        "except omega.shared.exceptions.MissingDependencyError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert "numpy" in done.stdout
    assert "pass a list" in done.stdout


class Fickle(Mapping[str, Any]):
    """Fails when it is looked at after the answer was computed."""

    def __init__(self) -> None:
        self.looks = 0

    def __getitem__(self, name: str) -> Any:
        self.looks += 1
        if self.looks > 1:
            raise RuntimeError("gone")
        return [1.0, 2.0, 3.0]

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(["close"])

    def __len__(self) -> int:
        return 1


def test_what_the_callers_object_raises_leaves_as_the_cause_of_a_typed_error() -> None:
    for call in (omega.ta.sma, omega.FeatureSet({"x": ("ta.sma", {})}).run):
        with pytest.raises(OmegaError, match="RuntimeError: gone") as refusal:
            call(Fickle())
        assert isinstance(refusal.value.__cause__, RuntimeError)
