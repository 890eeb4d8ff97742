"""Analytics for markets: indicators and risk in Rust, models in Julia, zero-copy from Python.

>>> import omega
>>> omega.ta.sma([1.0, 2.0, 3.0], period=2)
[None, 1.5, 2.5]
"""

import typing as _typing

from omega.shared.cpu import require_baseline as _require_baseline

_require_baseline()

from omega import regimes, risk, simulation, ta, volatility  # noqa: E402 - only after the processor was checked
from omega._rust import Accumulator, CopyLog, Function, Stream  # noqa: E402
from omega.functions.accumulators import GroupedAccumulator, accumulate  # noqa: E402
from omega.functions.arrivals import await_libraries as _await_libraries  # noqa: E402
from omega.functions.call import call  # noqa: E402
from omega.functions.catalog import functions, spec, warm_up_rows  # noqa: E402
from omega.functions.sets import FeatureSet, MetricSet  # noqa: E402
from omega.functions.streams import restore, stream  # noqa: E402
from omega.shared.error_codes import ErrorCode  # noqa: E402
from omega.shared.exceptions import OmegaError  # noqa: E402

# What a type checker sees here, the interpreter meets in `__getattr__`.
if _typing.TYPE_CHECKING:
    from omega import data
    from omega.shared.protocols import Bar, FunctionSpec

    __version__: str

# `frame.omega.rsi()` of pandas and polars, in whatever order they are imported.
_await_libraries()

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
    "GroupedAccumulator",
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


# Not for type checkers, to whom it would say that every name is there.
if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """What costs more to import than all the rest, and many programs never ask for."""
        if name in {"Bar", "FunctionSpec"}:
            from omega.shared import protocols

            found = getattr(protocols, name)
        elif name == "__version__":
            from omega.shared.distribution import version

            found = version()
        elif name == "data":
            from importlib import import_module

            found = import_module("omega.data")
        else:
            from omega.functions.lookup import not_there

            raise not_there(__name__, name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """What an editor offers: what there is to use, whether or not it was imported yet."""
    return sorted(__all__)
