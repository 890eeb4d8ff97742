"""Answers are written into memory of the caller's, if it is given, and into nothing else."""

import array
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import omega
import polars as pl
import pyarrow as pa
import pytest
from omega import _rust
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    InvalidValueError,
    MissingValueError,
    UnknownParameterError,
)

from tests.functions.market import ROWWISE, SPECS, Floats, one_of_each_shape, outputs, same_bits, typed, walk
from tools.market_data import series

SHAPES = one_of_each_shape(ROWWISE)
ROWS = 3000
EACH_SHAPE = pytest.mark.parametrize("name", SHAPES)


def columns_of(name: str, rows: int = ROWS) -> dict[str, Floats]:
    columns = walk(rows, 5)
    return {each.name: series(each.name, SPECS[name].table, columns) for each in SPECS[name].inputs}


def memory_for(name: str, rows: int = ROWS) -> Any:
    """A buffer, or a tuple of them."""
    buffers = tuple(np.full(rows, 7.0) for _ in SPECS[name].outputs)
    return buffers if len(buffers) > 1 else buffers[0]


def in_float64(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def same(found: Any, expected: list[Any]) -> bool:
    found = found if isinstance(found, tuple) else (found,)
    return all(same_bits(in_float64(one), in_float64(two)) for one, two in zip(found, expected, strict=True))


@EACH_SHAPE
def test_what_is_written_is_the_answer_and_what_is_returned_is_the_memory(name: str) -> None:
    columns = columns_of(name)
    columns[next(iter(columns))][11::97] = np.nan
    expected = outputs(typed(name)(columns))
    by = np.arange(ROWS) % 7
    for data in (columns, pl.DataFrame(columns), pa.table(columns)):
        out = memory_for(name)
        assert typed(name)(data, out=out) is out
        assert same(out, expected)
    out = memory_for(name)
    assert omega.call(name, columns, out=out) is out
    assert same(out, expected)
    out = memory_for(name)
    assert typed(name)(columns, by=by, out=out) is out
    assert same(out, outputs(typed(name)(columns, by=by)))


@EACH_SHAPE
def test_several_outputs_go_by_name_or_in_order(name: str) -> None:
    columns = columns_of(name)
    expected = outputs(typed(name)(columns))
    names = [output.name for output in SPECS[name].outputs]
    if len(names) == 1:
        return
    buffers = list(memory_for(name))
    assert typed(name)(columns, out=buffers) is buffers
    assert same(tuple(buffers), expected)
    by_name = dict(zip(reversed(names), memory_for(name), strict=True))
    assert typed(name)(columns, out=by_name) is by_name
    assert same(tuple(by_name[each] for each in names), expected)
    wrong: list[Any] = [
        buffers[:-1],
        tuple(buffers) * 2,
        {**by_name, "other": buffers[0]},
        {names[0]: buffers[0]},
    ]
    for out in wrong:
        with pytest.raises(InvalidShapeError, match=names[0]):
            typed(name)(columns, out=out)
    with pytest.raises(InvalidTypeError, match=names[0]):
        typed(name)(columns, out=buffers[0])


@EACH_SHAPE
@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_and_one_are_rows_as_well(name: str, rows: int) -> None:
    columns = columns_of(name, rows)
    out = memory_for(name, rows)
    assert typed(name)(columns, out=out) is out
    assert same(out, outputs(typed(name)(columns)))


class Pickled:
    """No buffer."""


REFUSED: dict[str, tuple[Callable[[int], Any], type[Exception], str]] = {
    "a list": (lambda rows: [0.0] * rows, InvalidTypeError, "a writable buffer of float64"),
    "an object": (lambda _: Pickled(), InvalidTypeError, "Pickled"),
    "bytes": (lambda rows: bytes(8 * rows), InvalidTypeError, "read-only bytes"),
    "bytearray": (lambda rows: bytearray(8 * rows), InvalidTypeError, "format B"),
    "float32": (lambda rows: np.zeros(rows, dtype=np.float32), InvalidTypeError, "format f"),
    "int64": (lambda rows: np.zeros(rows, dtype=np.int64), InvalidTypeError, "format l"),
    "swapped": (lambda rows: np.zeros(rows, dtype=">f8"), InvalidTypeError, "format >d"),
    "read-only": (lambda rows: np.broadcast_to(0.0, rows), InvalidTypeError, "read-only ndarray"),
    "times": (lambda rows: np.zeros(rows, dtype="M8[us]"), InvalidTypeError, "ndarray"),
    "strided": (lambda rows: np.zeros(2 * rows)[::2], InvalidShapeError, "values side by side"),
    "backwards": (lambda rows: np.zeros(rows)[::-1], InvalidShapeError, "values side by side"),
    "misaligned": (
        lambda rows: np.frombuffer(bytearray(8 * rows + 4), offset=4),
        InvalidShapeError,
        "values side by side",
    ),
    "a matrix": (lambda rows: np.zeros((rows, 1)), InvalidShapeError, "2 dimensions"),
    "a number": (lambda _: np.zeros(()), InvalidTypeError, "ndarray"),
    "too short": (lambda rows: np.zeros(rows - 1), InvalidShapeError, "3000 values long"),
    "too long": (lambda rows: np.zeros(rows + 1), InvalidShapeError, "`3001`"),
}


@pytest.mark.parametrize("kind", REFUSED)
@EACH_SHAPE
def test_memory_that_does_not_fit_is_refused_by_what_it_is(name: str, kind: str) -> None:
    make, error, words = REFUSED[kind]
    if kind == "int64" and SPECS[name].outputs[-1].type == "int64":
        return
    buffers = memory_for(name)
    out = (*buffers[:-1], make(ROWS)) if isinstance(buffers, tuple) else make(ROWS)
    with pytest.raises(error, match="out") as refusal:
        typed(name)(columns_of(name), out=out)
    assert words in str(refusal.value)
    if isinstance(buffers, tuple):
        assert all((buffer == 7.0).all() for buffer in buffers[:-1])


@EACH_SHAPE
def test_memory_that_the_call_reads_or_that_is_given_twice_is_refused(name: str) -> None:
    columns = columns_of(name)
    whole = np.zeros(ROWS + 1)
    for key, column in columns.items():
        if column.dtype != np.float64:
            continue
        whole[:-1] = column
        for read in (whole[:-1], whole[1:]):
            buffers: Any = memory_for(name)
            out = (*buffers[:-1], read) if isinstance(buffers, tuple) else read
            with pytest.raises(InvalidShapeError, match="memory of the data"):
                typed(name)({**columns, key: whole[:-1]}, out=out)
        assert (whole[:-1] == column).all()
    buffers = memory_for(name)
    if isinstance(buffers, tuple):
        with pytest.raises(InvalidShapeError, match="memory of out of"):
            typed(name)(columns, out=(*buffers[:-1], buffers[0]))


def test_a_validity_bitmap_is_memory_that_the_call_reads() -> None:
    bits, values = np.full(64, 254, dtype=np.uint8), np.arange(512.0)
    column = pa.Array.from_buffers(pa.float64(), 512, [pa.py_buffer(bits), pa.py_buffer(values)])
    with pytest.raises(InvalidShapeError, match="memory of the data"):
        omega.ta.sma(column.slice(0, 8), out=bits.view(np.float64))


def test_whole_numbers_go_into_whole_numbers_where_no_row_is_missing() -> None:
    high = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    out = np.full(6, -1, dtype=np.int64)
    with pytest.raises(MissingValueError, match="float64 has NaN"):
        omega.ta.maxindex(high, period=3, out=out)
    assert (out == -1).all()
    numbers = np.zeros(6)
    omega.ta.maxindex(high, period=3, out=numbers)
    assert same_bits(numbers, in_float64(omega.ta.maxindex(high, period=3)))
    none = array.array("q")
    assert omega.ta.maxindex([], period=3, out=none) is none


@pytest.mark.parametrize("name", ["int64", "bool"])
def test_a_buffer_of_the_output_s_type_holds_every_value_and_no_other_type_does(name: str) -> None:
    values = [1.0, 0.0, 1.0] if name == "bool" else [float(2**53), -3.0, 0.0]
    for kind in (name, "float64"):
        out = np.full(3, 7, dtype=kind)
        _rust.testing.typed_out(out, name, values)
        assert out.tolist() == values
    for other in {"int64", "bool", "int32", "uint64"} - {name}:
        with pytest.raises(InvalidTypeError, match=f"float64 or {name}"):
            _rust.testing.typed_out(np.zeros(3, dtype=other), name, values)
    out = np.full(3, 1, dtype=name)
    with pytest.raises(MissingValueError, match=f"row 2, which a buffer of {name}"):
        _rust.testing.typed_out(out, name, [0.0, 0.0, float("nan")])
    assert out.tolist() == [1, 1, 1]


def test_any_exporter_of_a_writable_buffer_will_do() -> None:
    close, expected = [1.0, 2.0, 4.0], [1.5, 3.0]
    exporters: list[Any] = [array.array("d", [0.0] * 3), memoryview(array.array("d", [0.0] * 3))]
    for out in exporters:
        assert omega.ta.sma(close, period=2, out=out) is out
        assert list(out)[1:] == expected


def test_a_buffer_cannot_be_resized_while_it_is_written() -> None:
    out = array.array("d", [0.0]) * 2_000_000
    close, refused, done = np.ones(2_000_000), [0], threading.Event()

    def resize() -> None:
        while not done.is_set():
            try:
                out.append(1.0)
                out.pop()
            except BufferError:
                refused[0] += 1

    resizer = threading.Thread(target=resize)
    resizer.start()
    for _ in range(5):
        try:
            omega.ta.ema(close, out=out)
        except InvalidShapeError:  # just appended to
            continue
    done.set()
    resizer.join()
    assert len(out) == 2_000_000


def test_functions_with_other_answers_have_no_memory_for_them() -> None:
    with pytest.raises(InvalidTypeError, match=r"risk\.sharpe_ratio"):
        omega.call("risk.sharpe_ratio", np.ones(5), out=np.zeros(1))
    with pytest.raises(UnknownParameterError):
        omega.risk.sharpe_ratio(np.ones(5), out=np.zeros(1))  # type: ignore[call-overload]


def test_bad_data_is_refused_as_without_memory_of_ones_own() -> None:
    with pytest.raises(InvalidValueError, match="row 1"):
        omega.ta.sma([1.0, 1e300], period=1, out=np.zeros(2))


FEATURES: dict[str, tuple[str, dict[str, Any]]] = {
    "mean": ("ta.sma", {"period": 2}),
    "bands": ("ta.bbands", {"period": 2}),
    "best": ("ta.maxindex", {"period": 2}),
}


def test_live_values_go_into_memory_of_the_callers() -> None:
    features, written = omega.FeatureSet(FEATURES), omega.FeatureSet(FEATURES)
    out = np.zeros(len(features.names))
    for close in (1.0, 3.0, float("nan"), 2.0):
        expected = [
            np.nan if value is None else float(value) for value in features.update(close=close).values()
        ]
        looked = written.peek({"close": close}, out=out.copy())
        assert written.update({"close": close}, out=out) is out
        assert same_bits(out, np.array(expected))
        assert same_bits(looked, out)
    rows = written.snapshot()
    for wrong in (
        np.zeros(3),
        np.zeros(len(out), dtype=np.int64),
        [0.0] * len(out),
        np.broadcast_to(0.0, len(out)),
    ):
        with pytest.raises((InvalidShapeError, InvalidTypeError), match="out"):
            written.update(close=1.0, out=wrong)
    assert written.snapshot() == rows
    assert written.update(close=2.0, out=None) == features.update(close=2.0)
    with pytest.raises(InvalidShapeError, match="both"):
        written.update({"close": 1.0}, close=1.0, out=out)


def test_a_column_called_out_is_a_column() -> None:
    features = omega.FeatureSet({"mean": ("ta.sma", {"period": 1, "close": "out"})})
    columns: dict[str, Any] = {"out": 2.0}
    assert features.update(**columns) == {"mean": 2.0}
