"""What tests of functions share: data for any of them, one function of each shape, a law for all of them."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import omega
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray
from omega.shared.exceptions import OmegaError, UnexpectedInternalError
from omega.shared.protocols import FunctionSpec, Parameter

from tools.market_data import market, series, times_read

Floats = NDArray[np.float64]

SPECS = {name: omega.spec(name) for name in omega.functions()}
ROWWISE = [name for name, spec in SPECS.items() if spec.kind == "rowwise"]
REDUCTIONS = [name for name, spec in SPECS.items() if spec.kind == "reduction"]
RUST = ROWWISE + REDUCTIONS
MODELS = [name for name, spec in SPECS.items() if spec.kind in {"model", "simulation"}]


def shape(spec: FunctionSpec) -> Hashable:
    """All that the way there and back depends on: the arithmetic in between is Rust's to test."""
    several = len(spec.outputs) > 1
    axes = frozenset(output.axes for output in spec.outputs)
    types = frozenset(each.type for each in spec.parameters)
    inputs = tuple((each.many, each.type, each.role == "count") for each in spec.inputs)
    return spec.kind, spec.language, spec.memory, inputs, several, axes, types


def one_of_each_shape(names: Iterable[str]) -> list[str]:
    """The first function of each shape by name, whatever order functions are registered in."""
    found: dict[Hashable, str] = {}
    for name in sorted(names):
        found.setdefault(shape(SPECS[name]), name)
    return list(found.values())


#: What the tests of the door run over. What must hold for every function by itself is a law for `every`.
ROWWISE_SHAPES = one_of_each_shape(ROWWISE)
REDUCTION_SHAPES = one_of_each_shape(REDUCTIONS)
MODEL_SHAPES = one_of_each_shape(MODELS)
RUST_SHAPES = ROWWISE_SHAPES + REDUCTION_SHAPES


def every(names: Iterable[str], law: Callable[[str], object]) -> None:
    """Holds each function to a law, and fails with all that break it, each by name with its reason."""
    broken: dict[str, BaseException] = {}
    for name in names:
        try:
            law(name)
        # Whatever it was, the functions after it are still asked.
        except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001
            broken[name] = failure
    reasons = [f"{name}: {type(failure).__name__}: {failure}" for name, failure in broken.items()]
    if reasons:
        raise AssertionError("\n".join(reasons)) from next(iter(broken.values()))


SHIPPED = Path(omega.__file__).parent / "data"


#: The names of columns that hold times, `datetime64[us]` here.
TIMES = times_read()
#: The names of inputs that are a parameter as a column.
COUNTS = {each.name for spec in SPECS.values() for each in spec.inputs if each.role == "count"}
#: A time, where any will do.
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def row_of(name: str, number: Any) -> list[Any]:
    """A row for a function in which every number is the same."""
    return [MOMENT if each.name in TIMES else number for each in SPECS[name].inputs]


def take_away(column: NDArray[Any], rows: Any) -> None:
    """Makes values missing: NaN, or of times NaT."""
    column[rows] = "NaT" if column.dtype.kind == "M" else np.nan


def rows_of(columns: Mapping[str, NDArray[Any]]) -> Iterator[tuple[Any, ...]]:
    """Row by row as Python has them: floats, and times as datetimes, None where one is missing."""
    return zip(*(column.tolist() for column in columns.values()), strict=True)


def walk(rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """A random walk: every column of the tables that are read, every count, and `value`."""
    columns = market(rows, seed)
    counts = {name: columns["counts"].copy() for name in COUNTS}
    return {**columns, **counts, "value": columns["close"]}


def inputs(name: str, rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """What the function reads, of a random walk."""
    spec, columns = SPECS[name], walk(rows, seed)
    return {each.name: series(each.name, spec.table, columns, each.role) for each in spec.inputs}


def typed(name: str) -> Any:
    """The function as `omega.<module>.<function>`."""
    module, _, function = name.partition(".")
    return getattr(getattr(omega, module), function)


def outputs(answer: Any) -> list[Floats]:
    """The columns of an answer for NumPy data: of one output or of a named tuple of several."""
    return list(answer) if isinstance(answer, tuple) else [answer]


def values(answer: Any, width: int) -> list[float]:
    """One row of outputs, NaN where there is none: what `update` returned, as `width` numbers."""
    if answer is None:
        return [np.nan] * width
    return list(answer) if isinstance(answer, tuple) else [answer]


def same_bits(left: Any, right: Any) -> bool:
    """Whether two columns are equal to the last bit; every NaN is the same missing value."""
    a, b = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (left, right))
    return a.shape == b.shape and bool(
        np.all((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b)))
    )


def all_same_bits(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two lists of columns are equal to the last bit."""
    return len(left) == len(right) and all(map(same_bits, left, right))


@contextmanager
def only_typed_errors() -> Iterator[None]:
    """Lets every refusal pass but one that says that Omega itself is broken."""
    try:
        yield
    except OmegaError as refusal:
        if isinstance(refusal, UnexpectedInternalError):
            raise


def cut(columns: dict[str, NDArray[Any]], borders: Iterable[int]) -> list[dict[str, NDArray[Any]]]:
    """The columns in consecutive parts, ending at `borders`; parts without rows are parts."""
    rows = len(next(iter(columns.values())))
    ends = [*sorted(min(border, rows) for border in borders), rows]
    starts = [0, *ends[:-1]]
    return [
        {name: column[start:end] for name, column in columns.items()}
        for start, end in zip(starts, ends, strict=True)
    ]


def parameters(spec: FunctionSpec) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters that the function takes; those in rows are short, so that values come out."""
    chosen = st.fixed_dictionaries({each.name: one_parameter(each) for each in spec.parameters})
    return chosen.filter(
        lambda given: all(
            given[each.name] < given[each.less_than] for each in spec.parameters if each.less_than is not None
        )
    )


def one_parameter(parameter: Parameter) -> st.SearchStrategy[Any]:
    """A value that one parameter may have."""
    if parameter.type == "choice":
        return st.sampled_from(parameter.choices)
    if parameter.type == "bool":
        return st.booleans()
    low = -1e3 if parameter.minimum is None else parameter.minimum
    high = 1e3 if parameter.maximum is None else min(parameter.maximum, 1e3)
    if parameter.type == "int":
        return st.integers(int(low), int(min(high, low + 30)))
    numbers = st.floats(low, high, exclude_min=parameter.exclusive, exclude_max=parameter.exclusive)
    return numbers.filter(lambda number: number == 0.0 or abs(number) >= 1e-100)
