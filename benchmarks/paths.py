"""The ways a caller can hand data over, each ready to be called again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import omega
from omega import ErrorCode, OmegaError

from benchmarks.data import Bars
from benchmarks.timing import Call

#: The kernel that does nothing but copy, in each language: what is left is the crossing.
TRIVIAL = {"rust": "probe.identity", "julia": "probe.identity@julia"}
#: So many groups share the rows of the grouped path.
GROUPS = 100


def numpy_path(function: Callable[..., object], names: tuple[str, ...], bars: Bars) -> Call:
    """One array, or a mapping of arrays where the function reads several columns."""
    columns = _columns(names, bars)
    return partial(function, columns[names[0]] if len(names) == 1 else columns)


def columns_path(function: Callable[..., object], names: tuple[str, ...], bars: Bars) -> Call:
    """NumPy arrays by keyword."""
    return partial(function, **_columns(names, bars))


def pyarrow_path(function: Callable[..., object], names: tuple[str, ...], bars: Bars) -> Call:
    """A record batch."""
    import pyarrow as pa

    return partial(function, pa.record_batch(_columns(names, bars)))


def polars_path(function: Callable[..., object], names: tuple[str, ...], bars: Bars) -> Call:
    """A data frame."""
    import polars as pl

    return partial(function, pl.DataFrame(_columns(names, bars)))


def grouped_path(function: Callable[..., object], names: tuple[str, ...], bars: Bars) -> Call:
    """A record batch whose rows belong to many symbols, interleaved."""
    import pyarrow as pa

    columns: dict[str, Any] = dict(_columns(names, bars))
    rows = len(columns[names[0]])
    columns["symbol"] = pa.array(np.char.add("S", (np.arange(rows) % GROUPS).astype(str)))
    return partial(function, pa.record_batch(columns), by="symbol")


PATHS: dict[str, Callable[[Callable[..., object], tuple[str, ...], Bars], Call]] = {
    "numpy": numpy_path,
    "columns": columns_path,
    "pyarrow": pyarrow_path,
    "polars": polars_path,
    "grouped": grouped_path,
}


def _columns(names: tuple[str, ...], bars: Bars) -> dict[str, Any]:
    """What a function reads, by name; `value`, of the trivial kernel, is the close."""
    return {name: bars.column("close" if name == "value" else name) for name in names}


def typed(name: str) -> Callable[..., object]:
    """The function that people call: `omega.ta.rsi` for "ta.rsi"; by `omega.call` where there is none."""
    module, _, function = name.partition(".")
    found: Callable[..., object] = getattr(getattr(omega, module, None), function, partial(omega.call, name))
    return found


def inputs_of(name: str) -> tuple[str, ...]:
    """The columns that a function reads."""
    return tuple(each.name for each in omega.spec(name).inputs)


def functions_in(language: str) -> Iterator[str]:
    """The public functions that are written in a language."""
    return (name for name in omega.functions() if omega.spec(name).language == language)


class Refused:
    """Calls what refuses one row, so that the crossing and the refusal are timed and nothing is computed."""

    def __init__(self, name: str, call: Call, code: ErrorCode) -> None:
        self._name = name
        self._call = call
        self._code = code

    def __call__(self) -> None:
        """Raises AssertionError if the call was not refused as expected."""
        try:
            self._call()
        except OmegaError as error:
            if error.code is self._code:
                return
            raise
        raise AssertionError(f"{self._name} answered what it must refuse with {self._code.name}")
