"""Bar by bar: streams, accumulators and sets of features or metrics that can be saved and brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from omega import _rust
from omega.functions.call import Data, Nulls, group_keys, unreadable
from omega.functions.libraries import library_of, source_of
from omega.shared.exceptions import InvalidTypeError, OmegaError, SnapshotMismatchError

if TYPE_CHECKING:
    from omega.functions.names import ReductionName, RowwiseName

_Native = TypeVar("_Native", _rust.FeatureSet, _rust.MetricSet)


def stream(name: RowwiseName | str, /, *, nulls: Nulls = "skip", **parameters: Any) -> _rust.Stream:
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


def accumulate(
    name: ReductionName | str, /, *, nulls: Nulls = "skip", **parameters: Any
) -> _rust.Accumulator:
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


class _Set(Generic[_Native]):
    """What feature sets and metric sets have in common: one native object, saved, copied and brought back."""

    __slots__ = ("_native",)
    _native: _Native

    def _adopt(self, native: _Native) -> None:
        self._native = native

    @classmethod
    def _of(cls, native: _Native) -> Self:
        made = cls.__new__(cls)
        made._adopt(native)
        return made

    @classmethod
    def restore(cls, snapshot: bytes, /) -> Self:
        """The set that a snapshot holds.

        Raises SnapshotMismatchError if it holds something else, and what `omega.restore` raises.
        """
        restored = restore(snapshot)
        if isinstance(restored, cls):
            return restored
        held = getattr(restored, "function", type(restored).__name__)
        raise SnapshotMismatchError(value=held, allowed=f"a {cls.__name__}")

    @property
    def names(self) -> list[str]:
        """The names of the answers, in order."""
        return self._native.names

    @property
    def inputs(self) -> list[str]:
        """The columns that a table or a bar must have."""
        return self._native.inputs

    def reset(self) -> None:
        """Forget every row of every group."""
        self._native.reset()

    def snapshot(self) -> bytes:
        """The definitions and their live state as bytes, for `omega.restore`."""
        return self._native.snapshot()

    def __copy__(self) -> Self:
        return self._of(self._native.__copy__())

    def __deepcopy__(self, memo: object) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return restore, (self.snapshot(),)

    def __repr__(self) -> str:
        return repr(self._native)


class FeatureSet(_Set[_rust.FeatureSet]):
    """Many indicators, one native call per bar or batch; columns that they share are read and checked once.

    `definitions` maps a name to a function and its parameters. An indicator of several outputs gives columns
    `<name>_<output>`. With `by`, every group has states of its own, and rows may interleave;
    several columns of groups come in a list. Rows without a key are the group None.

    >>> features = FeatureSet({"fast": ("ta.sma", {"period": 1}), "slow": ("ta.sma", {"period": 2})})
    >>> features.update(close=1.0)
    {'fast': 1.0, 'slow': None}
    >>> features.update({"close": 2.0})
    {'fast': 2.0, 'slow': 1.5}

    Values go in the order of `names` into a buffer of the caller's, where one is given:

    >>> from array import array
    >>> features.update(close=4.0, out=array("d", [0.0, 0.0]))
    array('d', [4.0, 3.0])

    That is the fastest way: objects for values cost more than the values of most features.

    `run` and `extend` compute on as many processors as the process may use, where there is enough to do. The
    environment variable `OMEGA_THREADS` sets a limit, and is read once. Any number of threads answers with
    the same bits.

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

    __slots__ = ("peek", "update")

    def __init__(
        self,
        definitions: Mapping[str, tuple[RowwiseName | str, Mapping[str, Any]]],
        *,
        by: str | Sequence[str] | None = None,
        nulls: Nulls = "skip",
    ) -> None:
        self._adopt(_rust.FeatureSet(definitions, by, nulls))

    def _adopt(self, native: _rust.FeatureSet) -> None:
        super()._adopt(native)
        #: Takes one bar; a dict with every feature's value, None where there is none. With `out`, a writable
        #: buffer of float64 as long as `names`, values are written there instead, NaN for None, and it is
        #: returned; a set that reads a column of that name has no such buffer.
        self.update = native.update
        #: What `update` would return, leaving the state as it is.
        self.peek = native.peek

    def run(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """All features over a table, from nothing, as a table of the same library; the live state stays."""
        return self._answer(self._native.run(data, strict_zero_copy), data)

    def extend(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """As `run`, going on from the live state and keeping it: history before the first live bar."""
        return self._answer(self._native.extend(data, strict_zero_copy), data)

    def _answer(self, columns: tuple[_rust.Column, ...], data: Data) -> Any:
        try:
            source = source_of(data, (), self._native.inputs)
            return library_of(source).table(_rust.Table(columns), self._by_name, source)
        except OmegaError:
            raise
        except Exception as failure:
            raise unreadable(failure, "omega.FeatureSet") from failure

    def _by_name(self, *columns: Any) -> dict[str, Any]:
        """What a library without tables makes of features."""
        return dict(zip(self.names, columns, strict=True))


class MetricSet(_Set[_rust.MetricSet]):
    """Many risk metrics of the same rows: columns are checked once, and what several need is computed once.

    `definitions` maps a name to a metric and its parameters; beside these, the name of a column for an input:
    `{"beta": ("risk.beta", {"benchmark": "index"})}`. A metric of several outputs gives `<name>_<output>`.
    Each has the bits of the metric alone. With `by`, every group is computed alone, and called by its key, or
    by the tuple of its keys where `by` is a list of columns. Rows without a key are the group None.

    >>> metrics = MetricSet({
    ...     "drawdown": ("risk.max_drawdown", {}),
    ...     "tail": ("risk.value_at_risk", {"cutoff": 0.5}),
    ... })
    >>> metrics.run({"returns": [0.5, -0.5, 0.25]})
    {'drawdown': -0.5, 'tail': 0.25}

    Data may come in parts, from one process or from many; parts in chunks of any size give the same bits.

    >>> by_symbol = MetricSet({"drawdown": ("risk.max_drawdown", {})}, by="symbol")
    >>> by_symbol.update({"returns": [0.5, -0.25, -0.5], "symbol": ["A", "B", "A"]})
    >>> by_symbol.update({"returns": [-0.5], "symbol": ["A"]})
    >>> by_symbol.value()
    {'A': {'drawdown': -0.75}, 'B': {'drawdown': -0.25}}
    """

    __slots__ = ()

    def __init__(
        self,
        definitions: Mapping[str, tuple[ReductionName | str, Mapping[str, Any]]],
        *,
        by: str | Sequence[str] | None = None,
        nulls: Nulls = "skip",
    ) -> None:
        self._adopt(_rust.MetricSet(definitions, by, nulls))

    @property
    def nulls(self) -> str:
        """The policy for missing inputs."""
        return self._native.nulls

    @property
    def rows(self) -> int:
        """The number of rows taken so far, of all groups, missing ones included."""
        return self._native.rows

    def run(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """All metrics over a table, from nothing; the live state stays.

        A dict by name, None where a metric is undefined. With `by` a table of the data's library with a row
        for each group; of NumPy arrays and lists, a dict of such dicts by group.
        """
        answer = self._native.run(data, strict_zero_copy)
        if isinstance(answer, dict):
            return answer
        source = source_of(data, (), self._native.inputs)
        library = library_of(source)
        return library.table(answer, dict, source, along_rows=False) if library.has_tables else _rows(answer)

    def update(self, data: Data, *, strict_zero_copy: bool = False) -> None:
        """Take the rows of a chunk of data; on an error, none of them."""
        self._native.update(data, strict_zero_copy)

    def merge(self, other: MetricSet) -> None:
        """Take over the rows of another set of the same metrics, as if they came after this one's.

        Raises SnapshotMismatchError if it has other metrics, another `by` or another policy.
        """
        if not isinstance(other, MetricSet):
            raise InvalidTypeError(name="what is merged", value=type(other).__name__, allowed="a MetricSet")
        self._native.merge(other._native)

    def value(self) -> dict[Any, Any]:
        """The metrics of the rows so far: a dict by name, or with `by`, a dict of such dicts by group."""
        answer = self._native.value()
        return answer if isinstance(answer, dict) else _rows(answer)


def _rows(table: _rust.Table) -> dict[Any, dict[str, Any]]:
    """A dict by name for each group."""
    names = table.column_names[table.keys :]
    rows = zip(*(column.to_pylist() for column in table.columns[table.keys :]), strict=True)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(group_keys(table), rows, strict=True)}


def restore(snapshot: bytes, /) -> Any:
    """The stream, accumulator or set that a snapshot holds, ready to go on with the same bits.

    Raises SnapshotCorruptError if it was cut or changed, SnapshotVersionError if another version wrote it.

    >>> mean = stream("ta.sma", period=2)
    >>> mean.update(1.0)
    >>> restore(mean.snapshot()).update(2.0)
    1.5
    """
    native = _rust.restore(snapshot)
    if isinstance(native, _rust.FeatureSet):
        return FeatureSet._of(native)
    return MetricSet._of(native) if isinstance(native, _rust.MetricSet) else native
