"""The periods that the report shows, all up to the last day, and the risk over each of them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.compute as pc
from omega.cli.demo.indicators import daily_returns
from omega.cli.demo.results import Results, of
from omega.cli.demo.risk import risk


@dataclass(frozen=True)
class Period:
    """Some months up to the last day, or with none of them, all there is."""

    months: int
    button: str
    words: str


PERIODS = (
    Period(1, "1 m", "1 month"),
    Period(6, "6 m", "6 months"),
    Period(12, "1 y", "1 year"),
    Period(60, "5 y", "5 years"),
    Period(0, "All", "all"),
)
#: The page opens on this one, in months.
OPENS_ON = 12


def months_before(day: datetime, months: int) -> datetime:
    """The same day some months earlier, or the last of its month.

    >>> months_before(datetime(2018, 3, 31), 1), months_before(datetime(2018, 1, 5), 12)
    (datetime.datetime(2018, 2, 28, 0, 0), datetime.datetime(2017, 1, 5, 0, 0))
    """
    year, month = divmod(12 * day.year + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class PeriodRisk:
    """The metrics of one symbol over one period, as rows of the risk table, and the number of its returns."""

    period: Period
    start: datetime
    returns: int
    metrics: Mapping[str, Mapping[str, Any]]


def risk_by_period(results: Results) -> dict[str, list[PeriodRisk]]:
    """For every symbol, the risk over each period that its data reach back to; always over all."""
    returns = daily_returns(results.bars)
    found: dict[str, list[PeriodRisk]] = {}
    for symbol in results.symbols:
        mine = of(returns, symbol)
        first, last = (mine["timestamp"][row].as_py() for row in (0, -1))
        for period in PERIODS:
            asked = months_before(last, period.months) if period.months else first
            if asked < first:
                continue
            # The last row until then: its close is what the first return of the period starts from.
            start = pc.max(mine.filter(pc.less_equal(mine["timestamp"], asked))["timestamp"]).as_py()
            rows = mine.filter(pc.greater(mine["timestamp"], start))
            by_metric = {row["metric"]: row for row in risk(rows).to_pylist()}
            metrics = by_metric if period.months else results.metrics(symbol)
            found.setdefault(symbol, []).append(PeriodRisk(period, start, rows.num_rows, metrics))
    return found
