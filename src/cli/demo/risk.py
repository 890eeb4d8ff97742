"""Risk and performance metrics of every symbol."""

from __future__ import annotations

import omega
import pyarrow as pa

METRICS = (
    "risk.sharpe_ratio",
    "risk.sortino_ratio",
    "risk.volatility",
    "risk.max_drawdown",
    "risk.value_at_risk",
    "risk.conditional_value_at_risk",
)

SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("unit", pa.string(), nullable=False),
    ]
)


def risk(returns: pa.Table) -> pa.Table:
    """One row per symbol and metric, over all returns of the symbol."""
    rows = []
    for metric in METRICS:
        output = omega.spec(metric).outputs[0]
        by_symbol = omega.call(metric, returns, by="symbol").to_pylist()
        rows += [
            {"symbol": row["symbol"], "metric": metric, "value": row[output.name], "unit": output.unit}
            for row in by_symbol
        ]
    place = {metric: number for number, metric in enumerate(METRICS)}
    rows.sort(key=lambda row: (row["symbol"], place[row["metric"]]))
    return pa.Table.from_pylist(rows, SCHEMA)
