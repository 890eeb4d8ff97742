"""Analytics for markets: indicators and risk in Rust, models in Julia, zero-copy from Python.

>>> import omega
>>> omega.ta.sma([1.0, 2.0, 3.0], period=2)
[None, 1.5, 2.5]
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from omega.shared.cpu import require_baseline as _require_baseline

_require_baseline()

from omega._rust import Accumulator, CopyLog, Function, Stream  # noqa: E402 - only after the processor was checked
from omega.functions import regimes, risk, simulation, ta, volatility  # noqa: E402
from omega.functions.call import call  # noqa: E402
from omega.functions.catalog import functions, spec, warm_up_rows  # noqa: E402
from omega.functions.streams import FeatureSet, MetricSet, accumulate, restore, stream  # noqa: E402
from omega.shared.error_codes import ErrorCode  # noqa: E402
from omega.shared.exceptions import OmegaError  # noqa: E402
from omega.shared.protocols import Bar, FunctionSpec  # noqa: E402

if _TYPE_CHECKING:
    from omega import data

__version__ = _version("omega")

#: Collects the copies that types forced: `with omega.count_copies() as copies: …; copies.copies`.
count_copies = CopyLog

__all__ = [
    "Accumulator",
    "Bar",
    "CopyLog",
    "ErrorCode",
    "FeatureSet",
    "Function",
    "FunctionSpec",
    "MetricSet",
    "OmegaError",
    "Stream",
    "__version__",
    "accumulate",
    "call",
    "count_copies",
    "data",
    "functions",
    "regimes",
    "restore",
    "risk",
    "simulation",
    "spec",
    "stream",
    "ta",
    "volatility",
    "warm_up_rows",
]


def __getattr__(name: str) -> _Any:
    """The data sets, which few programs need, when they are first asked for."""
    if name == "data":
        return _import_module("omega.data")
    raise AttributeError(f"module `omega` has no attribute `{name}`")
