"""Bar by bar: streams, and what brings any live object back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omega import _rust
from omega.functions.accumulators import GroupedAccumulator
from omega.functions.call import Data, Nulls, answer_type
from omega.functions.sets import FeatureSet, MetricSet, Named, answering_in

if TYPE_CHECKING:
    from omega.functions.names import RowwiseName


def stream(
    function: RowwiseName | Named,
    /,
    *,
    nulls: Nulls = "skip",
    order: str | None = "timestamp",
    **parameters: Any,
) -> _rust.Stream:
    """An indicator over one series, bar by bar, with the same bits as over the whole series at once.

    `function` is its name, or itself: `omega.ta.rsi`. `update` takes the inputs in the order of the spec, by
    keyword, or as a bar (a `Bar` or a mapping). It returns a float, a named tuple where there are several
    outputs, or None where there is no value. `extend` takes history, in any library, at the speed of a batch.

    >>> import omega
    >>> mean = stream(omega.ta.sma, period=2)
    >>> mean.extend([1.0, 2.0])
    [None, 1.5]
    >>> mean.update(4.0)
    3.0
    >>> mean.peek(6.0), mean.peek(8.0)
    (5.0, 6.0)
    >>> mean.value, mean.ready, mean.rows
    (3.0, True, 3)

    A bar that has a `timestamp` must be later than the last. Without one, or with None, a bar is taken, as
    nothing is known about it. Rows that `extend` takes must not go backwards, and begin after the last bar.
    `order` names another field, which every bar then must have: a time, or a number such as that of a
    sequence. `order=None` takes bars in any order.

    >>> numbered = stream("ta.sma", period=1, order="sequence")
    >>> numbered.update({"close": 1.0, "sequence": 7})
    1.0
    >>> numbered.update(close=2.0, sequence=6)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    omega.shared.exceptions.InvalidValueError: column `sequence` must be later than the last, 7, got `6`...

    Raises UnknownFunctionError, UnknownParameterError, InvalidTypeError or ParameterOutOfRangeError.
    """
    return _rust.function(function).stream(parameters, nulls, order)


def answering(function: str, data: Data) -> Callable[[tuple[_rust.Column, ...]], Any]:
    """Brings what a stream answers for many rows into the library of the data, as the function does."""
    return answering_in(data, _rust.function(function).inputs, lambda: answer_type(function), function)


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
    if isinstance(native, _rust.MetricSet):
        return GroupedAccumulator._of(native) if native.alone else MetricSet._of(native)
    return native
