"""What holds for the answer of every model: it reads, compares, travels and becomes plain data."""

import copy
import json
import math
import pickle
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega.functions.catalog import functions
from omega.functions.grouped import Grouped
from omega.functions.results import Result, keyed
from omega.functions.summary import MOST_ROWS, Summary, Table

from tests.functions.market import MODELS, SPECS, every, inputs, typed, walk
from tests.functions.producers import COLUMNS, TABLES, Producer

pytestmark = pytest.mark.julia

ROWS = 300
#: Searches are kept short.
SHORT = {"horizon": 3, "restarts": 2, "replications": 20}
NUMBERS = {"float64": float, "int64": int, "bool": bool}


def short(name: str) -> dict[str, int]:
    return {each.name: SHORT[each.name] for each in SPECS[name].parameters if each.name in SHORT}


@cache
def answer(name: str, **given: Any) -> Any:
    """What a model answers to a random walk, as NumPy arrays by name."""
    return typed(name)(inputs(name, ROWS, seed=3), **short(name), **given)


@cache
def by_symbol(name: str) -> Any:
    columns = {**inputs(name, ROWS, seed=3), "symbol": ["B" if row % 3 else "A" for row in range(ROWS)]}
    return typed(name)(pd.DataFrame(columns), by="symbol", **short(name))


def cells(summary: Summary) -> Iterator[Any]:
    for table in summary.tables:
        for row in table.rows:
            yield from row


def numbers(sent: Any) -> Iterator[Any]:
    """What plain data hold, out of lists and dicts."""
    if isinstance(sent, (list, dict)):
        for each in sent.values() if isinstance(sent, dict) else sent:
            yield from numbers(each)
    else:
        yield sent


def test_every_model_answers_with_a_class_of_its_own() -> None:
    every(MODELS, has_a_class_of_its_own)
    assert set(functions(kind="model")) | set(functions(kind="simulation")) == set(MODELS)


def has_a_class_of_its_own(name: str) -> None:
    fit, spec = answer(name), SPECS[name]
    assert isinstance(fit, Result)
    assert isinstance(fit, tuple)
    assert type(fit).__module__ == f"omega.{spec.module}"
    assert not hasattr(fit, "__dict__")
    said = " ".join((type(fit).__doc__ or "").split())
    for place, output in enumerate(spec.outputs):
        # By name, by place and by unpacking, and with its meaning where `help` looks.
        assert getattr(fit, output.name) is fit[place] is list(fit)[place]
        assert f"`{output.name}`: {output.summary}" in said
        assert getattr(type(fit), output.name).__doc__.startswith(output.summary)
        assert output.axes or fit[place] is None or type(fit[place]) is NUMBERS[output.type]


def test_every_number_of_a_model_has_its_place_in_the_summary() -> None:
    every(MODELS, is_whole_in_its_summary)


def is_whole_in_its_summary(name: str) -> None:
    fit, spec = answer(name), SPECS[name]
    summary = fit.summary()
    text, html = str(summary), summary._repr_html_()
    shown = list(cells(summary))
    headers = [each for table in summary.tables for each in (table.heading, *table.header)]
    for output in spec.outputs:
        assert output.axes or output.role is not None, f"{output.name} is not summarised"
        if output.role is None:
            continue
        assert all(number in shown for number in numbers(fit.to_dict()[output.name]))
        if output.of is None:
            assert output.name in [*shown, *headers]
            assert output.name in text
            assert output.name in html
    assert text.startswith(f"{name}: ")
    assert fit._repr_html_() == html
    assert html.count("<table>") == html.count("</table>") == len(summary.tables) > 0
    assert max(map(len, text.splitlines())) <= 100
    assert pickle.loads(pickle.dumps(summary)) == summary


def test_a_summary_tests_estimates_that_have_an_error_and_no_interval() -> None:
    changing = [1 + row // 50 % 2 for row in range(ROWS)]
    fit = omega.volatility.garch(walk(ROWS, seed=3)["returns"] * changing)
    (table, *_) = fit.summary().tables
    assert table.header == ("", "estimate", "standard error", "t", "p")
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["mu", "omega", "alpha", "beta"]
    for name, (estimate, error, t, p) in rows.items():
        assert (estimate, error) == (getattr(fit, name), getattr(fit, f"{name}_standard_error"))
        assert error is not None
        assert t == pytest.approx(estimate / error)
        below = 1 - 2 * sum(normal_density(x) for x in np.arange(0.0005, abs(t), 0.001)) * 0.001
        assert p == pytest.approx(below, abs=1e-3)
    (of_a_quantile, *_) = answer("simulation.stationary_bootstrap").summary().tables
    assert of_a_quantile.header == ("", "estimate", "standard error", "lower", "upper")


def normal_density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def test_an_error_of_nothing_is_no_test() -> None:
    fit = answer("volatility.garch", mean="zero")
    (table, *_) = fit.summary().tables
    assert table.rows[0] == ("mu", 0.0, None, None, None)
    assert ["mu", "0", "-", "-", "-"] in [line.split() for line in str(fit.summary()).splitlines()]


def test_information_criteria_are_those_of_the_likelihood() -> None:
    for name, free in (("volatility.garch", 4), ("regimes.hidden_markov", 7)):
        fit = answer(name)
        assert (fit.free_parameters, fit.rows, fit.converged) == (free, ROWS, True)
        assert fit.aic == pytest.approx(2 * free - 2 * fit.log_likelihood, rel=1e-12)
        assert fit.bic == pytest.approx(free * math.log(ROWS) - 2 * fit.log_likelihood, rel=1e-12)


def test_every_answer_becomes_plain_data_that_json_takes() -> None:
    every(MODELS, is_plain_data)


def is_plain_data(name: str) -> None:
    fit = answer(name)
    sent = fit.to_dict()
    assert json.loads(json.dumps(sent, allow_nan=False)) == sent
    assert list(sent) == [output.name for output in SPECS[name].outputs]
    for output in SPECS[name].outputs:
        if not output.axes:
            assert sent[output.name] == getattr(fit, output.name)


@pytest.mark.parametrize("producer", [*TABLES, *COLUMNS], ids=str)
def test_plain_data_are_the_same_in_every_library(producer: Producer) -> None:
    def law(name: str) -> None:
        # Columns that are given alone have no names for what comes of them.
        if (
            producer in COLUMNS
            and len(SPECS[name].inputs) + any(each.many for each in SPECS[name].inputs) > 1
        ):
            return
        found = typed(name)(producer.make(inputs(name, ROWS, seed=3)), **short(name))
        assert found.to_dict() == answer(name).to_dict()
        assert found == answer(name)
        json.dumps(found.to_dict(), allow_nan=False)

    every(MODELS, law)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table, dict], ids=str)
def test_plain_data_along_assets_have_their_names(library: Any) -> None:
    returns = walk(80, seed=1)["returns"]
    table = {"AAPL": returns, "MSFT": returns[::-1].copy()}
    sent = omega.volatility.ewma(library(table)).to_dict()
    assert list(sent["forecast_volatility"]) == ["AAPL", "MSFT"]
    assert sent["forecast_covariance"]["AAPL"]["MSFT"] == sent["forecast_covariance"]["MSFT"]["AAPL"]
    assert [len(column) for column in sent["volatility"].values()] == [80, 80]
    unnamed = omega.volatility.ewma(np.column_stack(list(table.values()))).to_dict()
    assert unnamed["forecast_volatility"] == list(sent["forecast_volatility"].values())
    text = str(omega.volatility.ewma(library(table)).summary())
    assert "AAPL" in text
    assert "MSFT" in text


@pytest.mark.parametrize("nulls", ["skip", "propagate"])
def test_missing_numbers_are_none_and_missing_rows_none_in_lists(nulls: Any) -> None:
    def law(name: str) -> None:
        columns = inputs(name, ROWS, seed=3)
        for column in columns.values():
            column[7] = np.nan
        for data in (columns, pd.DataFrame(columns)):
            fit = typed(name)(data, nulls=nulls, **short(name))
            sent = fit.to_dict()
            json.dumps(sent, allow_nan=False)
            for output in SPECS[name].outputs:
                if output.axes == ("row",):
                    assert sent[output.name][7] is None
                if not output.axes and nulls == "propagate":
                    assert sent[output.name] is None
            assert str(fit.summary())
            assert repr(fit)
            assert fit == pickle.loads(pickle.dumps(fit))

    every(MODELS, law)


def test_every_answer_can_be_copied_sent_and_compared() -> None:
    every(MODELS, travels)


def travels(name: str) -> None:
    fit = answer(name)
    for again in (pickle.loads(pickle.dumps(fit)), copy.copy(fit), copy.deepcopy(fit), fit._replace()):
        assert type(again) is type(fit)
        assert again == fit
        assert (again != fit) is False
    first = fit._fields[0]
    assert fit != fit._replace(**{first: None})
    assert fit != tuple(fit)
    assert tuple(fit) != fit
    assert tuple(fit) is not fit
    with pytest.raises(TypeError, match="unhashable"):
        hash(fit)
    with pytest.raises(AttributeError):
        setattr(fit, first, 1.0)


def test_an_answer_can_be_matched() -> None:
    fit = answer("volatility.garch")
    match fit:
        case omega.volatility.Garch(mu, alpha=alpha, rows=int(rows)):
            assert (mu, alpha, rows) == (fit.mu, fit.alpha, ROWS)
        case _:
            pytest.fail("it is a Garch")


def test_the_repr_of_every_answer_is_short() -> None:
    every(MODELS, has_a_short_repr)


def has_a_short_repr(name: str) -> None:
    for data in (inputs(name, ROWS, seed=3), pl.DataFrame(inputs(name, ROWS, seed=3))):
        fit = typed(name)(data, **short(name))
        lines = repr(fit).splitlines()
        assert lines[0].startswith(f"{type(fit).__name__}(")
        assert len(lines) < 10
        assert max(map(len, lines)) <= 100
        for output in SPECS[name].outputs:
            assert f"{output.name}=" in repr(fit)
            if output.axes[:1] == ("row",):
                assert f"{output.name}=[{ROWS}" in repr(fit)


def test_summaries_escape_what_is_html() -> None:
    returns = walk(80, seed=1)["returns"]
    fit = omega.volatility.ewma({"<b>&": returns, "MSFT": returns})
    html = fit._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
    grouped = omega.volatility.garch({"returns": returns, "symbol": ["<i>"] * 80}, by="symbol")
    assert "<i>" not in grouped._repr_html_()


def test_long_tables_are_cut_and_say_so() -> None:
    rows = tuple((str(row), row) for row in range(MOST_ROWS + 5))
    text = repr(Summary("x: y.", (Table("Many", ("", "n"), rows),)))
    assert f"Many, the first {MOST_ROWS} of {MOST_ROWS + 5} rows" in text
    assert len(text.splitlines()) == MOST_ROWS + 4


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict], ids=str)
def test_counts_are_whole_numbers_in_the_parameters_of_groups(make: Any) -> None:
    columns = {"returns": walk(ROWS, seed=3)["returns"], "symbol": ["A", "B", "B"] * 100}
    grouped: Any = omega.volatility.garch(make(columns), by="symbol", horizon=2)
    table = grouped.parameters
    if make is dict:
        assert table["rows"].dtype.kind == "i"
        assert list(table["rows"]) == [100, 200]
        return
    arrow = pa.table(table)
    assert arrow.schema.field("rows").type == pa.int64()
    assert arrow.schema.field("converged").type == pa.bool_()
    assert arrow["rows"].to_pylist() == [100, 200]
    missing: Any = omega.volatility.garch(
        make({**columns, "returns": np.append(np.nan, walk(ROWS, seed=3)["returns"][1:])}),
        by="symbol",
        nulls="propagate",
    )
    assert missing["A"].rows is None
    assert missing["B"].rows == 200
    if make is not pd.DataFrame:
        assert pa.table(missing.parameters)["rows"].to_pylist() == [None, 200]


def test_every_model_by_group_has_a_row_for_each_group() -> None:
    every(MODELS, has_a_row_for_each_group)


def has_a_row_for_each_group(name: str) -> None:
    grouped = by_symbol(name)
    assert isinstance(grouped, Grouped)
    (table,) = grouped.summary().tables
    assert [row[0] for row in table.rows] == ["A", "B"]
    for output in SPECS[name].outputs:
        if not output.axes and output.role in {"estimate", "fit"}:
            column = table.header.index(output.name)
            assert [row[column] for row in table.rows] == [
                getattr(fit, output.name) for fit in grouped.values()
            ]
    assert str(grouped.summary()).startswith(f"{name}: ")
    assert grouped._repr_html_().count("<tr>") == 3
    sent = grouped.to_dict()
    assert json.loads(json.dumps(sent, allow_nan=False)) == sent
    assert sent == {key: fit.to_dict() for key, fit in grouped.items()}
    assert len(repr(grouped)) < 200
    again = pickle.loads(pickle.dumps(grouped))
    assert dict(again) == dict(grouped)
    assert again.summary() == grouped.summary()


def test_no_groups_have_an_empty_summary() -> None:
    grouped: Any = omega.volatility.garch({"returns": np.array([]), "symbol": []}, by="symbol")
    assert grouped.summary().tables == ()
    assert grouped.to_dict() == {}


def test_keys_that_json_does_not_know_become_texts_and_several_keys_dicts() -> None:
    found = keyed({("NYSE", 1): 1, ("NYSE", 2): 2, ("LSE", 1): 3, pd.Timestamp("2024-01-01"): 4, None: 5})
    assert found == {"NYSE": {1: 1, 2: 2}, "LSE": {1: 3}, "2024-01-01 00:00:00": 4, None: 5}
    json.dumps(found)
