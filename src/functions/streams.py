"""Bar by bar: streams, accumulators and feature sets that can be saved and brought back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omega import _rust
from omega.functions.call import Data, Nulls
from omega.functions.libraries import library_of, source_of
from omega.shared.exceptions import SnapshotMismatchError


def stream(name: str, /, *, nulls: Nulls = "skip", **parameters: Any) -> _rust.Stream:
    """An indicator over one series, bar by bar, with the same bits as over the whole series at once.

    `update` takes the inputs in the order of the spec, by keyword, or as a bar (a `Bar` or a mapping). It
    returns a float, a named tuple where there are several outputs, or None where there is no value.

    Raises UnknownFunctionError, UnknownParameterError, InvalidTypeError or ParameterOutOfRangeError.

    >>> mean = stream("ta.sma", period=2)
    >>> [mean.update(close) for close in (1.0, 2.0, 4.0)]
    [None, 1.5, 3.0]
    >>> mean.peek(6.0), mean.peek(8.0)
    (5.0, 6.0)
    """
    return _rust.function(name).stream(parameters, nulls)


def accumulate(name: str, /, *, nulls: Nulls = "skip", **parameters: Any) -> _rust.Accumulator:
    """A risk metric that takes its data in parts, from one process or from many.

    Raises UnknownFunctionError, UnknownParameterError, InvalidTypeError or ParameterOutOfRangeError.

    >>> first, second = accumulate("risk.max_drawdown"), accumulate("risk.max_drawdown")
    >>> first.update([0.5, -0.5])
    >>> second.update([-0.5])
    >>> first.merge(second)
    >>> first.value()
    -0.75
    """
    return _rust.function(name).accumulator(parameters, nulls)


class FeatureSet:
    """Many indicators, one native call per bar or batch; columns that they share are read and checked once.

    `definitions` maps a name to a function and its parameters. An indicator of several outputs gives columns
    `<name>_<output>`. With `by`, every group has states of its own, and rows may interleave.

    >>> features = FeatureSet({"fast": ("ta.sma", {"period": 1}), "slow": ("ta.sma", {"period": 2})})
    >>> features.update(close=1.0)
    {'fast': 1.0, 'slow': None}
    >>> features.update({"close": 2.0})
    {'fast': 2.0, 'slow': 1.5}

    Beside its parameters, a definition may name the source of an input: another column, or an output of a
    feature before it. The feature then has the bits of its function over that output from its first value.

    >>> features = FeatureSet({
    ...     "rsi": ("ta.rsi", {"period": 3}),
    ...     "signal": ("ta.ema", {"period": 2, "close": "rsi"}),
    ...     "volume_mean": ("ta.sma", {"period": 2, "close": "volume"}),
    ... })
    >>> features.inputs
    ['close', 'volume']
    >>> [features.update(close=close, volume=5.0)["signal"] for close in (1.0, 2.0, 3.0, 4.0, 4.0)]
    [None, None, None, None, 100.0]

    A source that names a feature means that feature; a name that is also that of a column of the set is
    refused with InvalidShapeError, and so is a feature that comes later. Until it has a value, a source is
    skipped, whatever `nulls` says; a value missing after that is treated as one in a column, and a value that
    no function takes is refused by the source's name.
    """

    __slots__ = ("_native", "peek", "update")

    def __init__(
        self,
        definitions: Mapping[str, tuple[str, Mapping[str, Any]]],
        *,
        by: str | None = None,
        nulls: Nulls = "skip",
    ) -> None:
        self._adopt(_rust.FeatureSet(definitions, by, nulls))

    def _adopt(self, native: _rust.FeatureSet) -> None:
        self._native = native
        #: Takes one bar; a dict with every feature's value, None where there is none.
        self.update = native.update
        #: What `update` would return, leaving the state as it is.
        self.peek = native.peek

    @classmethod
    def _of(cls, native: _rust.FeatureSet) -> FeatureSet:
        features = cls.__new__(cls)
        features._adopt(native)
        return features

    @classmethod
    def restore(cls, snapshot: bytes, /) -> FeatureSet:
        """The feature set that a snapshot holds.

        Raises SnapshotMismatchError if it holds something else, and what `omega.restore` raises.
        """
        restored = restore(snapshot)
        if isinstance(restored, FeatureSet):
            return restored
        raise SnapshotMismatchError(value=restored.function, allowed="a feature set")

    @property
    def names(self) -> list[str]:
        """The names of the features' columns, in order."""
        return self._native.names

    @property
    def inputs(self) -> list[str]:
        """The columns that a table or a bar must have."""
        return self._native.inputs

    def run(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """All features over a table, from nothing, as a table of the same library; the live state stays."""
        return self._answer(self._native.run(data, strict_zero_copy), data)

    def extend(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """As `run`, going on from the live state and keeping it: history before the first live bar."""
        return self._answer(self._native.extend(data, strict_zero_copy), data)

    def _answer(self, columns: tuple[_rust.Column, ...], data: Data) -> Any:
        source = source_of(data, (), self._native.inputs)
        return library_of(source).table(_rust.Table(columns), self._by_name, source)

    def _by_name(self, *columns: Any) -> dict[str, Any]:
        """What a library without tables makes of features."""
        return dict(zip(self.names, columns, strict=True))

    def reset(self) -> None:
        """Forget every row of every group."""
        self._native.reset()

    def snapshot(self) -> bytes:
        """The features and their live state as bytes, for `omega.restore`."""
        return self._native.snapshot()

    def __copy__(self) -> FeatureSet:
        return self._of(self._native.__copy__())

    def __deepcopy__(self, memo: object) -> FeatureSet:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return restore, (self.snapshot(),)

    def __repr__(self) -> str:
        return repr(self._native)


def restore(snapshot: bytes, /) -> Any:
    """The stream, accumulator or feature set that a snapshot holds, ready to go on with the same bits.

    Raises SnapshotCorruptError if it was cut or changed, SnapshotVersionError if another version wrote it.

    >>> mean = stream("ta.sma", period=2)
    >>> mean.update(1.0)
    >>> restore(mean.snapshot()).update(2.0)
    1.5
    """
    native = _rust.restore(snapshot)
    return FeatureSet._of(native) if isinstance(native, _rust.FeatureSet) else native
