"""Models of every symbol's returns, fitted in Julia; where there is no Julia, why not and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import omega
import pyarrow as pa
from omega.shared.exceptions import JuliaUnavailableError
from omega.shared.protocols import Output

#: The models of the demo and the parameters that are not the default.
MODELS: Mapping[str, Mapping[str, Any]] = {
    "volatility.garch": {"horizon": 60},
    "regimes.hidden_markov": {"states": 2, "seed": 1},
    "simulation.stationary_bootstrap": {"replications": 2000, "seed": 1},
}

SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("quantity", pa.string(), nullable=False),
        # Where the quantity is one of many: the row it belongs to, or its number (a state, a step ahead …).
        pa.field("timestamp", pa.timestamp("us", "UTC")),
        pa.field("index", pa.int64()),
        pa.field("estimate", pa.float64()),
        pa.field("standard_error", pa.float64()),
        pa.field("lower", pa.float64()),
        pa.field("upper", pa.float64()),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("remedy", pa.string()),
    ]
)


@dataclass(frozen=True)
class Fit:
    """One model of one symbol: its answer, or why there is none. `status` is ok, unavailable or failed."""

    symbol: str
    model: str
    answer: Any = None
    status: str = "ok"
    reason: str | None = None
    remedy: str | None = None


def fit(symbol: str, model: str, returns: pa.Array) -> Fit:
    """A model fitted to one symbol's returns; never raises what Omega refuses, since the rest goes on."""
    try:
        return Fit(symbol, model, omega.call(model, returns, **MODELS[model]))
    except JuliaUnavailableError as error:
        return Fit(symbol, model, None, "unavailable", error.fields["reason"], error.fields["allowed"])
    except omega.OmegaError as error:
        return Fit(symbol, model, None, "failed", str(error))


def tidy(fits: Sequence[Fit], timestamps: Mapping[str, pa.Array]) -> pa.Table:
    """One row per number that a model gave, or one per quantity that it could not give."""
    rows = [row for each in fits for row in _rows(each, timestamps[each.symbol].to_pylist())]
    return pa.Table.from_pylist(rows, SCHEMA)


def quantities(model: str) -> list[Output]:
    """What a model estimates; errors and bounds belong to an estimate and are none of their own."""
    return [each for each in omega.spec(model).outputs if each.of is None]


def standard_error(each: Fit, quantity: str) -> float | None:
    """The standard error of an estimate, where the model gives one."""
    return _uncertainty(each, quantity).get("standard_error")


def finite(number: float | None) -> float | None:
    """A number, or None where it is missing."""
    return float(number) if number is not None and isfinite(number) else None


def _rows(each: Fit, timestamps: list[Any]) -> Iterator[dict[str, Any]]:
    common = {"symbol": each.symbol, "model": each.model, "status": each.status}
    for output in quantities(each.model):
        row = {**common, "quantity": output.name, "unit": output.unit}
        if each.status != "ok":
            yield {**row, "reason": each.reason, "remedy": each.remedy}
            continue
        value = getattr(each.answer, output.name)
        if not output.axes:
            yield {**row, "estimate": finite(value), **_uncertainty(each, output.name)}
            continue
        columns = {output.name: value} if len(output.axes) == 1 else _columns(value)
        along_rows = output.axes[0] == "row"
        for name, column in columns.items():
            for place, number in enumerate(column.to_pylist()):
                where = {"timestamp": timestamps[place]} if along_rows else {"index": place}
                yield {**row, "quantity": name, "estimate": finite(number), **where}


def _columns(table: Any) -> dict[str, Any]:
    return {name: table.column(name) for name in table.schema.names}


def _uncertainty(each: Fit, quantity: str) -> dict[str, float | None]:
    outputs = omega.spec(each.model).outputs
    return {
        str(output.role): finite(getattr(each.answer, output.name))
        for output in outputs
        if output.of == quantity
    }
