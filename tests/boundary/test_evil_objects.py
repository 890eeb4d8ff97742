"""Objects that raise, lie or recurse, at every public argument: nothing but typed errors comes out."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from omega import _rust
from omega.shared.exceptions import (
    InternalError,
    InvalidTypeError,
    OmegaError,
    OutOfMemoryError,
    UnsupportedTypeError,
)

#: Without its types: what is passed here is wrong on purpose.
omega: Any = importlib.import_module("omega")


def raising(method: str, error: type[BaseException], *also: str) -> Any:
    """An object of which one method raises; `also` names others that a reader may look for first."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error(f"by {method}")

    return type(f"Raising{method}", (), {method: fail, **dict.fromkeys(also, lambda *_, **__: 1.0)})()


def returning(method: str, value: Any) -> Any:
    return type(f"Returning{method}", (), {method: lambda *_, **__: value})()


METHODS = [
    "__len__",
    "__iter__",
    "__float__",
    "__index__",
    "__int__",
    "__repr__",
    "__array__",
    "tolist",
    "__getattr__",
    "__getitem__",
    "__contains__",
    "__hash__",
    "__eq__",
    "__bool__",
    "keys",
    "collect",
    "__arrow_c_array__",
    "__arrow_c_stream__",
    "__arrow_c_device_array__",
    "__dlpack_device__",
    "__dlpack__",
    "__str__",
    "__bytes__",
]
deep: list[Any] = []
for _ in range(5_000):
    deep = [deep]

EVIL: dict[str, Any] = {
    **{f"{m} raises {e.__name__}": raising(m, e) for m in METHODS for e in (ValueError, RecursionError)},
    **{
        f"{method} runs out of memory": raising(method, MemoryError)
        for method in ("__float__", "__iter__", "tolist")
    },
    **{
        f"__dlpack_device__ is {v!r}": returning("__dlpack_device__", v)
        for v in (None, (), ("a", "b"), (2**40, 0), 1)
    },
    **{
        f"{m} is None": returning(m, None)
        for m in ("__arrow_c_array__", "__arrow_c_stream__", "tolist", "__len__")
    },
    **{f"tolist is {v!r}": returning("tolist", v) for v in (3, "ab", {"a"}, {"a": 1}, b"ab")},
    "a str of a lone surrogate": "\ud800",
    "a 0-d array": np.array(3.0),
    "a NumPy int": np.int64(3),
    "a NumPy float": np.float64(3),
    "a NumPy bool": np.bool_(True),
    "a NumPy str": np.str_("close"),
    "an object array": np.array([object(), None], dtype=object),
    "a deep list": deep,
    "a list": [],
    "a dict of ints": {1: 2},
    "a dict of a surrogate": {"\ud800": 1},
    "a set": {1.0, 2.0},
    "keys": {"a": 1}.keys(),
    "bytes": b"ab",
    "NaN": float("nan"),
    "a huge int": 10**400,
    "a signaling decimal": Decimal("sNaN"),
    "a type": int,
    "a generator": (number for number in (1.0,)),
    "a lambda": lambda: 1,
    "Ellipsis": ...,
}

X = [1.0, 2.0, 3.0, 4.0]


def entries() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Every public entry, with one of its arguments left to fill."""

    def features(**by: Any) -> Any:
        return omega.FeatureSet({"x": ("ta.sma", {"period": 2})}, **by)

    def stream() -> Any:
        return omega.stream("ta.sma", period=2)

    def bars() -> Any:
        return omega.stream("ta.atr", period=2)

    def metric() -> Any:
        return omega.accumulate("risk.volatility")

    yield "call name", lambda evil: omega.call(evil, X)
    yield "call data", lambda evil: omega.call("ta.sma", evil, period=2)
    yield "data", lambda evil: omega.ta.sma(evil, period=2)
    yield "data of several", lambda evil: omega.ta.atr(evil, period=2)
    yield "column", lambda evil: omega.ta.obv(close=X, volume=evil)
    yield "item of a dict", lambda evil: omega.ta.sma({"close": evil}, period=2)
    yield "item of a list", lambda evil: omega.ta.sma([1.0, evil, 2.0], period=2)
    yield "period", lambda evil: omega.ta.sma(X, period=evil)
    yield "number", lambda evil: omega.risk.sharpe_ratio(X, risk_free=evil)
    yield "choice", lambda evil: omega.ta.sma(X, nulls=evil)
    yield "by", lambda evil: omega.ta.sma(X, by=evil)
    yield "item of by", lambda evil: omega.risk.volatility(X, by=["a", evil, "a", "a"])
    yield "strict", lambda evil: omega.ta.sma(X, strict_zero_copy=evil)
    yield "unknown", lambda evil: omega.ta.sma(X, perod=evil)
    yield "model data", lambda evil: _rust.function("volatility.garch").warm_up_rows({"p": evil})
    yield "stream name", omega.stream
    yield "stream period", lambda evil: omega.stream("ta.sma", period=evil)
    yield "stream nulls", lambda evil: omega.stream("ta.sma", nulls=evil)
    yield "update", lambda evil: stream().update(evil)
    yield "update by name", lambda evil: stream().update(close=evil)
    yield "update of several", lambda evil: bars().update(1.0, evil, 2.0)
    yield "update by a bar", lambda evil: bars().update({"high": evil, "low": 1.0, "close": 1.0})
    yield "peek", lambda evil: bars().peek(evil)
    yield "accumulate name", omega.accumulate
    yield "accumulate period", lambda evil: omega.accumulate("risk.volatility", periods=evil)
    yield "accumulate", lambda evil: metric().update(evil)
    yield "accumulate strict", lambda evil: metric().update(X, strict_zero_copy=evil)
    yield "merge", lambda evil: metric().merge(evil)
    yield "features function", lambda evil: omega.FeatureSet({"x": (evil, {})})
    yield "features parameters", lambda evil: omega.FeatureSet({"x": ("ta.sma", evil)})
    yield "features parameter", lambda evil: omega.FeatureSet({"x": ("ta.sma", {"period": evil})})
    yield "features", omega.FeatureSet
    yield "metrics", omega.MetricSet
    yield "metrics definition", lambda evil: omega.MetricSet({"x": evil})
    yield "metrics function", lambda evil: omega.MetricSet({"x": (evil, {})})
    yield "metrics parameters", lambda evil: omega.MetricSet({"x": ("risk.volatility", evil)})
    yield "metrics by", lambda evil: omega.MetricSet({"x": ("risk.volatility", {})}, by=evil)
    yield "metrics nulls", lambda evil: omega.MetricSet({"x": ("risk.volatility", {})}, nulls=evil)
    yield "metrics data", lambda evil: omega.MetricSet({"x": ("risk.volatility", {})}).update(evil)
    yield "metrics merge", lambda evil: omega.MetricSet({"x": ("risk.volatility", {})}).merge(evil)
    yield "features definition", lambda evil: omega.FeatureSet({"x": evil})
    yield "features pair", lambda evil: omega.FeatureSet({"x": ("ta.sma", {}, evil)})
    yield "features by", lambda evil: omega.FeatureSet({"x": ("ta.sma", {})}, by=evil)
    yield "features nulls", lambda evil: omega.FeatureSet({"x": ("ta.sma", {})}, nulls=evil)
    yield "features extend", lambda evil: features().extend(evil)
    yield "features extend a column", lambda evil: features().extend({"close": evil})
    yield "features run", lambda evil: features(by="k").run({"close": X, "k": evil})
    yield "features update", lambda evil: features(by="k").update(close=1.0, k=evil)
    yield "features update by a bar", lambda evil: features(by="k").update(evil)
    yield "restore", omega.restore
    yield "restore features", omega.FeatureSet.restore
    yield "spec", omega.spec
    yield "warm-up", omega.warm_up_rows
    yield "warm-up period", lambda evil: omega.warm_up_rows("ta.sma", period=evil)


@pytest.mark.parametrize(("entry", "call"), list(entries()), ids=[name for name, _ in entries()])
def test_nothing_but_typed_errors_comes_out(entry: str, call: Callable[[Any], Any]) -> None:
    untyped = []
    for name, evil in EVIL.items():
        try:
            call(evil)
        except InternalError as failure:
            untyped.append((name, repr(failure)))
        except OmegaError as refusal:
            assert refusal.code  # noqa: PT017 - which error is no matter, but typed it is
        except Exception as failure:  # noqa: BLE001 - the very thing that must not be
            untyped.append((name, repr(failure)))
    assert untyped == []
    assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize(
    "method", ["__float__", "__iter__", "tolist", "__arrow_c_stream__", "__dlpack_device__"]
)
def test_an_interruption_passes_through(method: str, interruption: type[BaseException]) -> None:
    evil = raising(method, interruption)
    calls: tuple[Callable[[], Any], ...] = (
        lambda: omega.ta.sma([1.0, evil], period=2),
        lambda: omega.ta.sma(evil, period=2),
        lambda: omega.ta.sma(X, by=evil),
    )
    for call in calls:
        with contextlib.suppress(OmegaError, interruption):
            call()
    if method == "__float__":
        with pytest.raises(interruption):
            omega.ta.sma(X, period=evil)


def test_what_the_callers_own_object_raised_is_the_cause() -> None:
    for error, typed in (
        (RecursionError, InvalidTypeError),
        (MemoryError, OutOfMemoryError),
        (KeyError, InvalidTypeError),
    ):
        calls: tuple[Callable[[Any], Any], ...] = (
            lambda evil: omega.ta.sma([1.0, evil], period=2),
            lambda evil: omega.stream("ta.sma").update(evil),
            lambda evil: omega.risk.sharpe_ratio(X, risk_free=evil),
        )
        for call in calls:
            with pytest.raises(typed) as refusal:
                call(raising("__float__", error))
            assert isinstance(refusal.value.__cause__, error)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: omega.ta.sma(X, period="2"), r"got `'2' \(str\)`"),
        (lambda: omega.ta.sma(X, period=2.0), r"got `2.0 \(float\)`"),
        (lambda: omega.ta.sma(X, period=None), r"got `None \(NoneType\)`"),
        (
            lambda: omega.risk.value_at_risk(X, cutoff="0.05"),
            r"cutoff must be a number, got `'0.05' \(str\)`",
        ),
        (lambda: omega.ta.sma(X, period=np.array([2])), r"got `array\(\[2\]\) \(ndarray\)`"),
        (lambda: omega.ta.sma(X, by=np.int64(3)), r"by must be .*got `np.int64\(3\)`"),
        (lambda: omega.ta.sma(X, by=3), r"by must be .*got `3`"),
        (lambda: omega.ta.sma(X, by={"a": 1}), r"by must be .*got `\{'a': 1\}`"),
        (lambda: omega.ta.sma(X, strict_zero_copy=1), r"True or False, got `1`"),
        (lambda: omega.stream("ta.atr").update(1.0, "1", 2.0), r"a number or None, got `'1'`"),
        (lambda: omega.spec([]), r"name must be a str, .*, got `\[\]`"),
    ],
)
def test_a_message_shows_what_was_seen(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InvalidTypeError, match=says):
        call()


@pytest.mark.parametrize(
    "by",
    [
        {"z", "a", "q", "b"},
        frozenset("abcd"),
        dict.fromkeys("abcd"),
        dict.fromkeys("abcd").keys(),
        dict.fromkeys(range(4), "a").values(),
        b"aabb",
        bytearray(b"aabb"),
        range(4),
        iter("aabb"),
        (c for c in "aabb"),
    ],
    ids=lambda by: type(by).__name__,
)
def test_what_has_no_order_or_is_no_column_is_no_column_of_groups(by: Any) -> None:
    with pytest.raises(
        InvalidTypeError, match="by must be the name of a column, a list of such names, or a column"
    ):
        omega.risk.max_drawdown(X, by=by)
    with pytest.raises(InvalidTypeError):
        omega.FeatureSet({"x": ("ta.sma", {})}, by="k").run({"close": X, "k": by})


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("method", ["__repr__", "__getattr__", "__float__"])
def test_an_interruption_is_raised_whatever_it_meets(method: str, interrupt: type[BaseException]) -> None:
    """The words of an error may fail; Ctrl-C in the middle of them may not get lost."""
    evil = raising(method, interrupt)
    calls: list[Callable[[], Any]] = [
        lambda: omega.ta.sma([1.0, evil], period=1),
        lambda: omega.stream("ta.sma", period=1).update(close=evil),
        lambda: omega.FeatureSet({"x": ("ta.sma", {"period": 1})}).update(close=evil),
    ]
    if method == "__repr__":
        calls += [
            lambda: omega.call(evil, X),
            lambda: omega.ta.sma(X, period=evil),
            lambda: omega.ta.sma(X, nulls=evil),
            lambda: omega.ta.sma(X, by=evil),
            lambda: omega.ta.sma(X, by=["a", "b", "c", evil]),
            lambda: omega.FeatureSet({"x": evil}),
        ]
    elif method == "__getattr__":
        calls = [lambda: omega.ta.sma(evil)]
    for call in calls:
        with pytest.raises(interrupt, match=f"by {method}"):
            call()


def test_a_lone_surrogate_is_named_as_python_escapes_it() -> None:
    keywords = {"\ud800": 1}
    calls: list[Callable[[], Any]] = [
        lambda: omega.call("ta.sma", X, **keywords),
        lambda: omega.ta.sma(X, **keywords),
        lambda: omega.stream("ta.sma", **keywords),
        lambda: omega.stream("ta.sma").update(1.0, **keywords),
        lambda: omega.warm_up_rows("ta.sma", **keywords),
        lambda: omega.FeatureSet({"x": ("ta.sma", keywords)}),
    ]
    for call in calls:
        with pytest.raises(OmegaError, match=r"[`']\\ud800[`']"):
            call()


@pytest.mark.parametrize("view", [memoryview(b"aab"), bytearray(b"aab"), b"aab"])
def test_bytes_are_no_groups(view: Any) -> None:
    with pytest.raises((InvalidTypeError, UnsupportedTypeError)):
        omega.ta.sma(X[:3], period=1, by=view)
