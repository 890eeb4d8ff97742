"""Answers along assets have the assets' names, in each library's own way."""

from typing import Any

import numpy as np
import omega
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.functions.call import _by_asset
from omega.functions.libraries import library_of
from omega.functions.plain import plain

pytestmark = pytest.mark.julia

ASSETS = {"AAPL": np.array([0.01, -0.02, 0.015, 0.005]), "MSFT": np.array([0.02, 0.01, -0.01, 0.03])}
NAMES = list(ASSETS)
PLAIN = omega.volatility.ewma(np.column_stack(list(ASSETS.values())))


def test_numpy_answers_in_rows_by_assets() -> None:
    assert PLAIN.volatility.shape == (4, 2)
    assert PLAIN.forecast_volatility.shape == (2,)
    assert PLAIN.forecast_covariance.shape == (2, 2)
    np.testing.assert_allclose(np.diag(PLAIN.forecast_covariance), PLAIN.forecast_volatility**2, rtol=1e-12)


def test_pandas_has_assets_in_columns_and_in_the_index_of_what_has_no_rows() -> None:
    index = pd.date_range("2024-01-01", periods=4)
    fit = omega.volatility.ewma(pd.DataFrame(ASSETS, index=index))
    assert fit.volatility.columns.tolist() == NAMES
    assert fit.volatility.index.equals(index)
    assert isinstance(fit.forecast_volatility, pd.Series)
    assert fit.forecast_volatility["MSFT"] == PLAIN.forecast_volatility[1]
    assert fit.forecast_covariance.loc["AAPL", "MSFT"] == PLAIN.forecast_covariance[0, 1]


def test_an_index_is_not_taken_for_rows_where_there_are_as_many_assets() -> None:
    frame = pd.DataFrame({name: values[:2] for name, values in ASSETS.items()}, index=["x", "y"])
    fit = omega.volatility.ewma(frame)
    assert fit.volatility.index.tolist() == ["x", "y"]
    assert fit.forecast_covariance.index.tolist() == NAMES


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.table], ids=["polars", "pyarrow"])
def test_tables_name_assets_in_a_column(frame: Any) -> None:
    fit = omega.volatility.ewma(frame(ASSETS))
    assert pa.table(fit.volatility).column_names == NAMES
    forecast = pa.table(fit.forecast_volatility).to_pydict()
    assert forecast == {"asset": NAMES, "forecast_volatility": PLAIN.forecast_volatility.tolist()}
    covariance = pa.table(fit.forecast_covariance).to_pydict()
    assert covariance == {"asset": NAMES, **dict(zip(NAMES, PLAIN.forecast_covariance.tolist(), strict=True))}


def test_mappings_are_answered_with_mappings() -> None:
    fit = omega.volatility.ewma(ASSETS)
    assert list(fit.volatility) == list(fit.forecast_covariance) == NAMES
    assert fit.forecast_volatility == dict(zip(NAMES, PLAIN.forecast_volatility, strict=True))
    lists = omega.volatility.ewma({name: values.tolist() for name, values in ASSETS.items()})
    assert lists.volatility["AAPL"] == PLAIN.volatility[:, 0].tolist()


def test_names_choose_columns_of_the_data() -> None:
    fit = omega.volatility.ewma(pl.DataFrame(ASSETS), returns=["MSFT"])
    assert fit.volatility.columns == ["MSFT"]
    by = omega.volatility.ewma(ASSETS, returns=["MSFT", "AAPL"])
    assert list(by.volatility) == ["MSFT", "AAPL"]
    assert isinstance(by.volatility["MSFT"], np.ndarray)


@pytest.mark.parametrize("horizon", [2, 3])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table, dict, None])
def test_of_several_values_for_each_asset_a_row_is_its_own(make: Any, horizon: int) -> None:
    source = np.column_stack(list(ASSETS.values())) if make is None else make(ASSETS)
    returns = next(iter(ASSETS.values()))
    answer: Any = _rust.function("probe.columns").run(source, (returns, None), {"horizon": horizon})
    places, path = answer[3:]
    library = library_of(returns if make is dict else source)

    def sent(table: Any, *axes: str) -> Any:
        return plain(_by_asset(library, table, source, named=make is dict, is_flat=False), axes)

    sums = [float(sum(column)) for column in ASSETS.values()]
    rows = [[each] * horizon for each in sums]
    assert sent(path, "asset", "horizon") == (rows if make is None else dict(zip(NAMES, rows, strict=True)))
    names = {"AAPL": {"AAPL": 11.0, "MSFT": 12.0}, "MSFT": {"AAPL": 21.0, "MSFT": 22.0}}
    assert sent(places, "asset", "asset") == ([[11.0, 12.0], [21.0, 22.0]] if make is None else names)
