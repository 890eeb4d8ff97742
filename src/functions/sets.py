"""Sets of features or metrics: many functions over the same rows, of one series or of one per group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from omega import _rust
from omega.functions.call import Data, Nulls, group_keys, unreadable
from omega.functions.libraries import library_of, source_of
from omega.functions.live_words import line, page
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    OmegaError,
    SnapshotMismatchError,
)

_Native = TypeVar("_Native", _rust.FeatureSet, _rust.MetricSet)
#: A function by name, or the function itself: `"ta.rsi"` or `omega.ta.rsi`.
Named = str | Callable[..., Any]

if TYPE_CHECKING:
    from omega.functions.names import ReductionName, RowwiseName

    #: A function with its defaults, or with parameters and sources of inputs.
    Feature = RowwiseName | Named | tuple[RowwiseName | Named, Mapping[str, Any]]
    Metric = ReductionName | Named | tuple[ReductionName | Named, Mapping[str, Any]]


class LiveSet(Generic[_Native]):
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
        from omega.functions.streams import restore

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

    @property
    def definitions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """What the set computes, as it could be asked for again: with every parameter.

        >>> FeatureSet(["ta.sma"]).definitions
        {'sma': ('ta.sma', {'period': 30})}
        """
        return self._native.definitions

    @property
    def nulls(self) -> str:
        """The policy for missing inputs."""
        return self._native.nulls

    @property
    def by(self) -> str | list[str] | None:
        """The column that tells the group of each row, or a list of several."""
        return self._native.by

    @property
    def closed(self) -> bool:
        """Whether rows of other groups than `groups` are refused."""
        return self._native.closed

    @property
    def rows(self) -> int:
        """The number of rows taken so far, of all groups that there are, missing ones included."""
        return self._native.rows

    @property
    def groups(self) -> list[Any]:
        """The keys of the groups, in the order of their first rows; without `by` there are none.

        >>> features = FeatureSet(["ta.sma"], by="symbol")
        >>> for symbol in ("MSFT", "AAPL", "MSFT"):
        ...     _ = features.update(close=1.0, symbol=symbol)
        >>> features.groups, len(features), features.rows
        (['MSFT', 'AAPL'], 2, 3)
        """
        return self._native.groups

    def __len__(self) -> int:
        """The number of groups: that of `groups`, so 0 without `by`."""
        return len(self._native.groups)

    def __bool__(self) -> bool:
        """A set is there, however few groups it knows."""
        return True

    def rows_of(self, group: Any, /) -> int:
        """The number of rows taken so far of one group.

        Raises UnknownGroupError, with the nearest one.

        >>> features = FeatureSet(["ta.sma"], by="symbol", groups=["AAPL", "MSFT"])
        >>> _ = features.update(close=1.0, symbol="AAPL")
        >>> features.rows_of("AAPL"), features.rows_of("MSFT")
        (1, 0)
        """
        return self._native.rows_of(group)

    def drop(self, group: Any, /) -> None:
        """Forget a group, and give back its memory.

        Its next row founds it anew; where `groups` is a closed list, it is no longer one of them.

        Raises UnknownGroupError, with the nearest one.

        >>> features = FeatureSet(["ta.sma"], by="symbol")
        >>> for symbol in ("AAPL", "TWTR"):
        ...     _ = features.update(close=1.0, symbol=symbol)
        >>> features.drop("TWTR")
        >>> features.groups
        ['AAPL']
        """
        self._native.drop(group)

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
        from omega.functions.streams import restore

        return restore, (self.snapshot(),)

    def __repr__(self) -> str:
        return line(self)

    def _repr_html_(self) -> str:
        return page(self)


def _bounded(definitions: Any) -> Any:
    """Definitions that have an end: what is neither a mapping nor a list may be read for ever."""
    if isinstance(definitions, (list, tuple)) or hasattr(type(definitions), "keys"):
        return definitions
    allowed = "a mapping of names to functions, or a list of functions"
    raise InvalidTypeError(name="definitions", allowed=allowed, value=type(definitions).__name__)


class FeatureSet(LiveSet[_rust.FeatureSet]):
    """Many indicators, one native call per bar or batch; columns that they share are read and checked once.

    `definitions` maps a name to a function, or to a function and its parameters; a list takes the functions'
    own names. Functions are named or are themselves: `"ta.rsi"` is `omega.ta.rsi`. An indicator of several
    outputs gives columns `<name>_<output>`.

    >>> import omega
    >>> FeatureSet(["ta.rsi", omega.ta.bbands]).names
    ['rsi', 'bbands_upper', 'bbands_middle', 'bbands_lower']
    >>> features = FeatureSet({"fast": ("ta.sma", {"period": 1}), "slow": (omega.ta.sma, {"period": 2})})
    >>> features.update(close=1.0)
    {'fast': 1.0, 'slow': None}
    >>> features.update({"close": 2.0})
    {'fast': 2.0, 'slow': 1.5}

    Values go in the order of `names` into a buffer of the caller's, where one is given:

    >>> from array import array
    >>> features.update(close=4.0, out=array("d", [0.0, 0.0]))
    array('d', [4.0, 3.0])

    That is the fastest way: objects for values cost more than the values of most features.

    With `by`, every group has states of its own, and rows may interleave; several columns of groups come in
    a list, and a group is then called by the tuple of its keys. Rows without a key are the group None. A
    list of bars, such as those of all symbols at one time, is taken in one call: all, or none. `groups` is
    a closed list: a bar or a row of another group is refused, where a misspelt symbol would found a group
    of its own.

    >>> features = FeatureSet({"mean": ("ta.sma", {"period": 2})}, by="symbol", groups=["AAPL", "MSFT"])
    >>> features.update([{"symbol": "AAPL", "close": 1.0}, {"symbol": "AAPL", "close": 2.0}])
    [{'mean': None}, {'mean': 1.5}]
    >>> features.update(symbol="APPL", close=3.0)
    Traceback (most recent call last):
    omega.shared.exceptions.UnknownGroupError: no group is named `APPL`; the nearest is `AAPL`

    A bar that has a `timestamp` must be later than the last of its group. A bar without one, or with None, is
    taken, as nothing is known about it. Rows that `extend` takes must not go backwards within a group, and
    begin after its last bar. `order` names another field, which every bar then must have: a time, or a number
    such as that of a sequence. `order=None` takes bars in any order.

    >>> from datetime import datetime
    >>> features = FeatureSet(["ta.obv"])
    >>> bar = {"close": 1.0, "volume": 2.0, "timestamp": datetime(2024, 1, 2)}
    >>> features.update(bar)
    {'obv': 2.0}
    >>> features.update(bar)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    omega.shared.exceptions.InvalidValueError: column `timestamp` must be later than the last, 2024-01-02T...

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

    # Bound natives in slots: a method of this class would be one more call per bar. `help` shows these texts.
    __slots__ = {  # noqa: RUF023 - the order in which one meets them
        "update": """update(bar=None, /, *, out=None, **columns)

        Take one bar, a mapping, a record or keywords; return a dict with every feature's value, None where
        there is none. Of several bars in a list, a list of such dicts; on an error, none of them is taken.

        With `out`, a writable buffer of float64 as long as `names`, the values of one bar are written there
        instead, NaN for None, and it is returned; a set that reads a column of that name has no such buffer.
        """,
        "peek": """peek(bar=None, /, *, out=None, **columns)

        What `update` would return, leaving the state as it is.
        """,
    }

    def __init__(
        self,
        definitions: Mapping[str, Feature] | Sequence[Feature],
        *,
        by: str | Sequence[str] | None = None,
        groups: Iterable[Any] | None = None,
        order: str | None = "timestamp",
        nulls: Nulls = "skip",
    ) -> None:
        self._adopt(_rust.FeatureSet(_bounded(definitions), by, nulls, groups, order))

    def _adopt(self, native: _rust.FeatureSet) -> None:
        super()._adopt(native)
        self.update = native.update
        self.peek = native.peek

    @property
    def order(self) -> str | None:
        """The field by which bars are in order."""
        return self._native.order

    def run(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """All features over a table, from nothing, as a table of the same library; the live state stays."""
        answer = self._answering(data)
        return answer(self._native.run(data, strict_zero_copy))

    def extend(self, data: Data, *, strict_zero_copy: bool = False) -> Any:
        """As `run`, going on from the live state and keeping it: history before the first live bar.

        On an error none of the rows is taken.
        """
        answer = self._answering(data)
        return answer(self._native.extend(data, strict_zero_copy))

    def _answering(self, data: Data) -> Callable[[tuple[_rust.Column, ...]], Any]:
        """Brings columns into the library of the data as a table, whose names without one go into a dict."""

        def by_name(*columns: Any) -> dict[str, Any]:
            return dict(zip(self.names, columns, strict=True))

        return answering_in(data, self._native.inputs, lambda: by_name, "omega.FeatureSet", is_table=True)


def answering_in(
    data: Data,
    inputs: Sequence[str],
    pack: Callable[[], Callable[..., Any]],
    function: str,
    *,
    is_table: bool = False,
) -> Callable[[tuple[_rust.Column, ...]], Any]:
    """Brings columns into the library of the data, which is asked whose it is before any row is taken."""
    try:
        source = source_of(data, (), inputs)
    except Exception as failure:
        raise unreadable(failure, function) from failure

    def answer(columns: tuple[_rust.Column, ...]) -> Any:
        try:
            library = library_of(source)
            if is_table or len(columns) > 1:
                return library.table(_rust.Table(columns), pack(), source)
            return library.column(columns[0], source)
        except OmegaError:
            raise
        except Exception as failure:
            raise unreadable(failure, function) from failure

    return answer


class MetricSet(LiveSet[_rust.MetricSet]):
    """Many risk metrics of the same rows: columns are checked once, and what several need is computed once.

    `definitions` maps a name to a metric, or to a metric and its parameters; beside these, the name of a
    column for an input: `{"beta": ("risk.beta", {"benchmark": "index"})}`. A list takes the metrics' own
    names. A metric of several outputs gives `<name>_<output>`. Each has the bits of the metric alone.

    >>> metrics = MetricSet({
    ...     "drawdown": "risk.max_drawdown",
    ...     "tail": ("risk.value_at_risk", {"cutoff": 0.5}),
    ... })
    >>> metrics.run({"returns": [0.5, -0.5, 0.25]})
    {'drawdown': -0.5, 'tail': 0.25}

    Data may come in parts, from one process or from many; parts in chunks of any size give the same bits.
    With `by`, every group is computed alone, and called by its key, or by the tuple of its keys where `by` is
    a list of columns. Rows without a key are the group None. `groups` is a closed list: rows of another group
    are refused.

    >>> by_symbol = MetricSet(["risk.max_drawdown"], by="symbol")
    >>> by_symbol.update({"returns": [0.5, -0.25, -0.5], "symbol": ["A", "B", "A"]})
    >>> by_symbol.update(returns=-0.5, symbol="A")
    >>> by_symbol.value
    {'A': {'max_drawdown': -0.75}, 'B': {'max_drawdown': -0.25}}
    """

    __slots__ = ()

    def __init__(
        self,
        definitions: Mapping[str, Metric] | Sequence[Metric],
        *,
        by: str | Sequence[str] | None = None,
        groups: Iterable[Any] | None = None,
        nulls: Nulls = "skip",
    ) -> None:
        self._adopt(_rust.MetricSet(_bounded(definitions), by, nulls, groups))

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

    def update(self, data: Data | None = None, /, *, strict_zero_copy: bool = False, **columns: Any) -> None:
        """Take the rows of a chunk of data, or one row of numbers; on an error, none of them."""
        self._native.update(chunk(data, columns, self), strict_zero_copy)

    def merge(self, other: MetricSet) -> None:
        """Take over the rows of another set of the same metrics, as if they came after this one's.

        Raises SnapshotMismatchError if it has other metrics, another `by` or another policy.
        """
        if not isinstance(other, MetricSet):
            raise InvalidTypeError(name="what is merged", value=type(other).__name__, allowed="a MetricSet")
        self._native.merge(other._native)

    @property
    def value(self) -> dict[Any, Any]:
        """The metrics of the rows so far: a dict by name, or with `by`, a dict of such dicts by group."""
        answer = self._native.value
        return answer if isinstance(answer, dict) else _rows(answer)


def chunk(data: Data | None, columns: dict[str, Any], live: LiveSet[Any]) -> Data:
    """What `update` was given: data, or columns and numbers by keyword."""
    if not columns:
        return data
    name = f"what {type(live).__name__}.update takes"
    if data is not None:
        raise InvalidShapeError(name=name, allowed="data or keywords", value="both")
    strangers = [column for column in columns if column not in live.inputs]
    if strangers:
        allowed = f"given as {', '.join(live.inputs)}"
        raise InvalidShapeError(name=name, allowed=allowed, value=strangers[0])
    return columns


def _rows(table: _rust.Table) -> dict[Any, dict[str, Any]]:
    """A dict by name for each group."""
    names = table.column_names[table.keys :]
    rows = zip(*(column.to_pylist() for column in table.columns[table.keys :]), strict=True)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(group_keys(table), rows, strict=True)}
