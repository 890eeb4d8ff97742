"""The demo's results for programs: what the screens show, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omega.cli.demo.models import MODELS, Fit, finite, quantities, standard_error
from omega.cli.demo.results import Results


def as_data(results: Results, written: Sequence[object]) -> dict[str, Any]:
    """Where the files are, and for each symbol its last indicators, its risk and what models estimate."""
    return {
        "command": results.command,
        "source": results.source,
        "written": [str(path) for path in written],
        "rows": results.bars.num_rows,
        "from": results.bars["timestamp"][0].as_py(),
        "to": results.bars["timestamp"][-1].as_py(),
        "julia": results.julia,
        "symbols": {
            symbol: {
                "last": results.last_features(symbol),
                "risk": {metric: row["value"] for metric, row in results.metrics(symbol).items()},
                "models": {model: _fit(results.fit(symbol, model)) for model in MODELS},
            }
            for symbol in results.symbols
        },
    }


def _fit(fit: Fit) -> dict[str, Any]:
    """The numbers of a model; what it says of each row is in the files."""
    if fit.status != "ok":
        return {"status": fit.status, "reason": fit.reason, "remedy": fit.remedy}
    numbers = [output.name for output in quantities(fit.model) if not output.axes]
    return {
        "status": fit.status,
        "estimates": {
            name: {"value": finite(getattr(fit.answer, name)), "standard_error": standard_error(fit, name)}
            for name in numbers
        },
    }
