"""Real market data, small enough to ship: what the demo, the tests and the docs compute on."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Any

from omega.shared.distribution import how_to_install
from omega.shared.exceptions import MissingDependencyError, UnknownTableError

__all__ = ["SOURCES", "load", "names", "path"]

#: Where each file comes from, and under which licence.
SOURCES = {
    "index_bars": "the data sets of the Python package arch 8.0.0 (NCSA licence)",
    "equity_closes": "the data set sp500_dataset of the Python package skfolio 1.12.2 (BSD-3-Clause)",
}


def names() -> list[str]:
    """The names of all data sets.

    >>> names()
    ['equity_closes', 'index_bars']
    """
    return sorted(SOURCES)


def path(name: str) -> Path:
    """Where the parquet file of a data set is.

    Raises UnknownTableError, with the nearest name.

    >>> path("index_bars").name
    'index_bars.parquet'
    """
    if name not in SOURCES:
        nearest = difflib.get_close_matches(name, SOURCES, n=1, cutoff=0.0)[0]
        raise UnknownTableError(name=name, nearest=nearest)
    # The package holds a compiled module, so it is always a folder, never inside an archive.
    return Path(str(files(__name__).joinpath(f"{name}.parquet")))


def load(name: str) -> Any:
    """A data set as a pyarrow Table, its rows in the order of time, symbols interleaved.

    Raises UnknownTableError, or MissingDependencyError where pyarrow is not installed.

    >>> load("index_bars").column_names
    ['timestamp', 'symbol', 'open', 'high', 'low', 'close', 'volume']
    """
    file = path(name)
    try:
        from pyarrow import parquet
    except ImportError as missing:
        raise MissingDependencyError(
            feature="omega.data.load", value="pyarrow", allowed=how_to_install("report")
        ) from missing
    return parquet.read_table(file)
