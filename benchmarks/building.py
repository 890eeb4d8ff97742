"""What it costs to make data in Python, apart from handing it over."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import omega

from benchmarks.data import Bars
from benchmarks.results import Building
from benchmarks.timing import Call, Effort, time_interleaved
from benchmarks.updates import rows_of

BARS = Path(omega.__file__).parent / "schemas" / "tables" / "bars.arrow"


def measure_building(bars: Bars, effort: Effort, sizes: tuple[int, ...] = (1, 1_000)) -> list[Building]:
    """Bars as records, made into what each library holds them in."""
    measured = []
    for rows in sizes:
        for builder, times in time_interleaved(_builders(_records(bars.head(rows))), effort).items():
            measured.append(
                Building(
                    builder=builder,
                    rows=rows,
                    p50_ns=times.p50,
                    p99_ns=times.p99,
                    ns_per_row=times.p50 / rows,
                )
            )
    return measured


def _records(bars: Bars) -> list[dict[str, Any]]:
    """Bars as a feed would bring them: one mapping each."""
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    rows = rows_of(bars, ("open", "high", "low", "close", "volume"))
    return [
        {"timestamp": start + dt.timedelta(days=day), "symbol": "SPX", **row} for day, row in enumerate(rows)
    ]


def _builders(records: list[dict[str, Any]]) -> dict[str, Call]:
    import polars as pl
    import pyarrow as pa

    schema = pa.ipc.open_file(BARS).schema
    numbers = ("open", "high", "low", "close", "volume")

    def numpy_columns() -> dict[str, Any]:
        return {name: np.array([record[name] for record in records]) for name in numbers}

    def bar_models() -> list[omega.Bar]:
        return [omega.Bar.model_validate(record) for record in records]

    return {
        "NumPy, five arrays": numpy_columns,
        "pydantic Bar": bar_models,
        "pyarrow RecordBatch.from_pylist": partial(pa.RecordBatch.from_pylist, records, schema=schema),
        "polars DataFrame": partial(pl.DataFrame, records),
    }
