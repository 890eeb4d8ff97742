# ruff: noqa: F841  DuckDB finds tables by the names of local variables.
"""Relations are answered in the caller's own connection, where they join with the data."""

import gc

import duckdb
import omega
import pytest

from tests.functions.market import same_bits, walk
from tests.functions.producers import arrow_table, duck_numbers

BARS = walk(120)
SYMBOLS = ["a", "b", "c"] * 40


def relation(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    bars = arrow_table({"row": list(range(120)), "symbol": SYMBOLS, **BARS})
    connection.execute("create table bars as select * from bars")
    return connection.sql("select * from bars order by row")


@pytest.mark.parametrize("name", ["ta.rsi", "ta.macd"])
def test_an_answer_joins_with_the_data_on_a_connection_of_ones_own(name: str) -> None:
    with duckdb.connect() as connection:
        bars = relation(connection)
        answer = omega.call(name, bars, by="symbol")
        joined = connection.sql(f"select bars.row, {name[3:]} from bars positional join answer order by row")
        assert same_bits(duck_numbers(joined.project(name[3:])), duck_numbers(answer.project(name[3:])))
        assert same_bits(duck_numbers(omega.ta.rsi(bars)), omega.ta.rsi(BARS))


def test_an_answer_outlives_the_call_and_leaves_no_table_behind() -> None:
    with duckdb.connect() as connection:
        answer = omega.ta.sma(relation(connection), period=1)
        gc.collect()
        assert same_bits(duck_numbers(answer), BARS["close"])
        assert same_bits(duck_numbers(answer), BARS["close"])
        assert connection.sql("show tables").fetchall() == [("bars",)]


def test_a_metric_by_group_joins_by_its_key() -> None:
    with duckdb.connect() as connection:
        bars = relation(connection)
        answer = omega.risk.volatility(bars, returns="close", by="symbol")
        found = connection.sql("select distinct symbol, volatility from bars join answer using (symbol)")
        assert dict(found.fetchall()) == omega.risk.volatility(BARS["close"], by=SYMBOLS)


@pytest.mark.julia
def test_a_model_by_group_joins_both_ways() -> None:
    with duckdb.connect() as connection:
        answer = omega.volatility.garch(relation(connection), returns="returns", by="symbol")
        rows, parameters = answer.rows, answer.parameters
        found = connection.sql(
            "select symbol, mu, conditional_volatility from (from bars positional join rows) "
            "join parameters using (symbol) where symbol = 'b' order by row"
        )
        assert found.fetchall()[3][1] == answer["b"].mu
        assert same_bits(
            duck_numbers(found.project("conditional_volatility")),
            duck_numbers(answer["b"].conditional_volatility),
        )
