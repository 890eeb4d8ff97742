"""A text in the place of a column is the name of one in the data, for all producers and kinds of function."""

from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.shared.exceptions import InvalidTypeError, MissingColumnError

from tests.functions.market import same_bits, walk
from tests.functions.producers import TABLES, Producer

BARS = walk(80)
#: The same bars, as a vendor of data might call them.
NAMED = {name.title(): BARS[name] for name in ("high", "low", "close", "volume")}


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_any_column_of_a_table_takes_the_place_of_a_series(producer: Producer) -> None:
    answer = omega.ta.sma(producer.make(BARS), close="volume", period=5)
    assert isinstance(answer, producer.answer)
    assert same_bits(producer.numbers(answer), omega.ta.sma(BARS["volume"], period=5))


@pytest.mark.parametrize("producer", TABLES, ids=str)
def test_a_table_with_other_names_serves_inputs_that_are_one_column(producer: Producer) -> None:
    answer = omega.call("ta.atr", producer.make(NAMED), high="High", low="Low", close="Close")
    assert same_bits(producer.numbers(answer), omega.ta.atr(BARS))


def test_a_name_and_a_column_serve_side_by_side() -> None:
    answer = omega.ta.obv(NAMED, close="Close", volume=BARS["volume"])
    assert same_bits(answer, omega.ta.obv(BARS))


def test_data_that_is_one_column_is_what_the_other_keywords_leave() -> None:
    assert same_bits(omega.ta.obv(BARS["close"], volume=BARS["volume"]), omega.ta.obv(BARS))
    assert same_bits(
        omega.ta.obv(pa.array(BARS["volume"]), close=pa.array(BARS["close"])).to_numpy(), omega.ta.obv(BARS)
    )


def test_groups_metrics_and_models_take_names() -> None:
    keys = ["x", "y"] * 40
    frame = pl.DataFrame({**NAMED, "key": keys})
    answer = omega.ta.ema(frame, close="Volume", period=3, by="key").to_numpy()
    assert same_bits(answer, omega.ta.ema(BARS["volume"], period=3, by=keys))
    returns = np.diff(np.log(BARS["close"]))
    own = pd.DataFrame({"mine": returns, "theirs": returns[::-1]})
    assert omega.risk.volatility(own, returns="mine") == omega.risk.volatility(returns)
    beta = omega.risk.beta(returns=returns, benchmark=returns[::-1])
    assert omega.risk.beta(own, returns="mine", benchmark="theirs") == beta


@pytest.mark.julia
def test_a_model_takes_a_name() -> None:
    returns = np.diff(np.log(walk(400)["close"]))
    own = pd.DataFrame({"mine": returns, "theirs": returns[::-1]})
    assert omega.volatility.garch(own, returns="mine").beta == omega.volatility.garch(returns).beta


def test_the_answer_is_in_the_library_of_the_column_that_is_read() -> None:
    mixed = {"close": [1.0, 2.0, 3.0], "volume": np.array([1.0, 2.0, 3.0])}
    assert isinstance(omega.ta.sma(mixed, close="volume", period=2), np.ndarray)
    assert isinstance(omega.ta.sma(mixed, period=2), list)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: omega.ta.sma(BARS, close="last"), r"`last` is missing; the data has .*close"),
        (lambda: omega.ta.sma(pl.DataFrame(BARS), close="last"), r"`last` is missing; the data has .*close"),
        (lambda: omega.ta.sma(close="last"), "`last` is missing; the data has no column"),
        (lambda: omega.ta.sma([1.0], close="last"), r"`last` is missing; .* one column without a name"),
        (
            lambda: omega.ta.sma(pa.array([1.0]), close="last"),
            r"`last` is missing; .* one column without a name",
        ),
        (lambda: omega.ta.atr(high="High", low=[1.0], close=[1.0]), r"`High` is missing; .* low, close"),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(MissingColumnError, match=said):
        call()


def test_messages_say_the_name_that_the_caller_gave() -> None:
    with pytest.raises(InvalidTypeError, match="column `last`, row 1"):
        omega.ta.sma({"last": [1.0, "x"]}, close="last")
