"""Risk metrics that take their data in parts: of one series, or of one per group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from omega import _rust
from omega.functions.call import Data, Nulls, answer_type, group_keys
from omega.functions.sets import LiveSet, Named, chunk
from omega.shared.exceptions import InvalidShapeError, InvalidTypeError

if TYPE_CHECKING:
    from omega.functions.names import ReductionName


@overload
def accumulate(
    function: ReductionName | Named, /, *, by: None = None, nulls: Nulls = "skip", **parameters: Any
) -> _rust.Accumulator: ...
@overload
def accumulate(
    function: ReductionName | Named,
    /,
    *,
    by: str | Sequence[str],
    groups: Iterable[Any] | None = None,
    nulls: Nulls = "skip",
    **parameters: Any,
) -> GroupedAccumulator: ...
def accumulate(
    function: ReductionName | Named,
    /,
    *,
    by: str | Sequence[str] | None = None,
    groups: Iterable[Any] | None = None,
    nulls: Nulls = "skip",
    **parameters: Any,
) -> _rust.Accumulator | GroupedAccumulator:
    """A risk metric that takes its data in parts, from one process or from many.

    `function` is its name, or itself: `omega.risk.max_drawdown`. Data come in chunks, or as single numbers.

    >>> first, second = accumulate("risk.max_drawdown"), accumulate("risk.max_drawdown")
    >>> first.update([0.5, -0.5])
    >>> second.update(-0.5)
    >>> first.merge(second)
    >>> first.value
    -0.75

    With `by`, the column that tells the group of each row or a list of several, there is a value for each
    group: by its key, or by the tuple of its keys. Rows without a key are the group None. `groups` is a
    closed list: rows of another group are refused.

    >>> import omega
    >>> drawdowns = accumulate(omega.risk.max_drawdown, by="symbol")
    >>> drawdowns.update({"symbol": ["A", "B", "A"], "returns": [0.5, -0.25, -0.5]})
    >>> drawdowns.update(symbol="A", returns=-0.5)
    >>> drawdowns.value
    {'A': -0.75, 'B': -0.25}

    Raises UnknownFunctionError, UnknownParameterError, InvalidTypeError or ParameterOutOfRangeError.
    """
    found = _rust.function(function)
    if by is None:
        if groups is not None:
            allowed = "given with `by`, the column that tells the group of each row"
            raise InvalidShapeError(name="groups", allowed=allowed, value="no `by`", function=found.name)
        return found.accumulator(parameters, nulls)
    # Refuses what is no metric by the words of an accumulator, and inputs among the parameters.
    found.accumulator(parameters, nulls)
    own = found.name.rpartition(".")[2]
    return GroupedAccumulator._of(
        _rust.MetricSet({own: (found.name, parameters)}, by, nulls, groups, alone=True)
    )


class GroupedAccumulator(LiveSet[_rust.MetricSet]):
    """A risk metric of every group: what `omega.accumulate` returns with `by`."""

    __slots__ = ()

    def __init__(self) -> None:
        raise InvalidTypeError(
            name="a grouped accumulator",
            allowed="made by `omega.accumulate(…, by=…)`",
            value="a call of its class",
        )

    @property
    def function(self) -> str:
        """The metric's name."""
        return next(iter(self._native.definitions.values()))[0]

    @property
    def parameters(self) -> dict[str, Any]:
        """What the metric is computed with, by name."""
        return next(iter(self._native.definitions.values()))[1]

    @property
    def value(self) -> dict[Any, Any]:
        """The metric of the rows so far of each group, None where it is undefined.

        >>> ratios = accumulate("risk.sharpe_ratio", by="symbol", groups=["A"])
        >>> ratios.value
        {'A': None}
        """
        answer = self._native.value
        assert isinstance(answer, _rust.Table)
        values = [column.to_pylist() for column in answer.columns[answer.keys :]]
        rows = values[0] if len(values) == 1 else map(answer_type(self.function), *values)
        return dict(zip(group_keys(answer), rows, strict=True))

    def update(self, data: Data | None = None, /, *, strict_zero_copy: bool = False, **columns: Any) -> None:
        """Take the rows of a chunk of data, or one row; on an error, none of them.

        >>> drawdowns = accumulate("risk.max_drawdown", by="symbol")
        >>> drawdowns.update({"symbol": "A", "returns": -0.5})
        >>> drawdowns.rows_of("A")
        1
        """
        self._native.update(chunk(data, columns, self), strict_zero_copy)

    def merge(self, other: GroupedAccumulator) -> None:
        """Take over the rows of another accumulator of the same metric, as if they came after this one's.

        Raises SnapshotMismatchError if it is of another metric, another `by` or another policy.

        >>> first, second = (accumulate("risk.max_drawdown", by="symbol") for _ in range(2))
        >>> first.update(symbol="A", returns=-0.5)
        >>> second.update(symbol="B", returns=-0.25)
        >>> first.merge(second)
        >>> first.value
        {'A': -0.5, 'B': -0.25}
        """
        if not isinstance(other, GroupedAccumulator):
            allowed = "an accumulator by group"
            raise InvalidTypeError(name="what is merged", value=type(other).__name__, allowed=allowed)
        self._native.merge(other._native)
