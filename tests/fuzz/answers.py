"""Reads answers of every library back, and holds them against the laws that all answers obey."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import omega
import pandas as pd
import pyarrow as pa
from omega.shared.protocols import FunctionSpec

from tests.functions.market import Floats, same_bits
from tests.fuzz.attack import Finding

#: Group keys, None where there are no groups, and columns with NaN where there is no value.
Read = tuple[list[Any] | None, list[Floats]]


def read(answer: Any, spec: FunctionSpec, *, grouped: bool) -> Read:
    """The numbers of a rowwise function's or a reduction's answer, from whatever library it came in, each of
    the type that its spec says.
    """
    types = [output.type for output in spec.outputs]
    if spec.kind == "rowwise":
        return None, columns(answer, types)
    if not grouped:
        return None, [np.array([_number(each, of)]) for each, of in _typed(_outputs(answer), types)]
    if isinstance(answer, dict):
        rows = [[_number(each, of) for each, of in _typed(_outputs(row), types)] for row in answer.values()]
        return list(answer), [np.array([row[column] for row in rows]) for column in range(len(types))]
    if isinstance(answer, pd.DataFrame):
        keys, *found = (answer[name] for name in answer.columns)
        return keys.tolist(), [_numpy(column.to_numpy(), of) for column, of in _typed(found, types)]
    table = _arrow(answer)
    return table.column(0).to_pylist(), [_floats(each, of) for each, of in _typed(table.columns[1:], types)]


def row(answer: Any, spec: FunctionSpec) -> list[float]:
    """One row of outputs as a stream or an accumulator answers it, NaN where there is no value."""
    if answer is None:
        return [float("nan")] * len(spec.outputs)
    return [_number(each, of) for each, of in _typed(_outputs(answer), [one.type for one in spec.outputs])]


def columns(answer: Any, types: Sequence[str] | str) -> list[Floats]:
    """The columns of an answer along rows: an array, a list, a table, or a named tuple or dict of columns.

    One type alone is that of all columns, however many there are.
    """
    if isinstance(answer, (dict, tuple)):
        parts = list(answer.values() if isinstance(answer, dict) else answer)
        return [column for each, of in _typed(parts, types) for column in columns(each, [of])]
    if isinstance(answer, pd.DataFrame):
        found = [answer[name].to_numpy() for name in answer.columns]
        return [_numpy(column, of) for column, of in _typed(found, types)]
    if isinstance(answer, (np.ndarray, pd.Series)):
        return [_numpy(np.asarray(each), of) for each, of in _typed([answer], types)]
    if isinstance(answer, list):
        return [
            np.array([_number(each, of) for each in column], dtype=np.float64)
            for column, of in _typed([answer], types)
        ]
    arrow = _arrow(answer)
    found = list(arrow.columns) if isinstance(arrow, pa.Table) else [arrow]
    return [_floats(column, of) for column, of in _typed(found, types)]


def _typed(parts: Sequence[Any], types: Sequence[str] | str) -> list[tuple[Any, str]]:
    """Each part of an answer with the type that its spec says."""
    types = [types] * len(parts) if isinstance(types, str) else types
    if len(parts) != len(types):
        raise Finding(f"there are {len(types)} outputs, and the answer has {len(parts)}")
    return list(zip(parts, types, strict=True))


def _numpy(column: Any, of: str) -> Floats:
    """NumPy's numbers: whole ones and truth values are float64 where one is missing, for they have no NaN."""
    values: Floats = column.astype(np.float64)
    allowed = "float64" if np.isnan(values).any() else of
    if column.dtype != np.dtype(allowed):
        raise Finding(f"an output of type {of} must be {allowed} for NumPy, got `{column.dtype}`")
    return values


def check(answer: Read, spec: FunctionSpec, rows: int) -> None:
    """The laws of shape, and that every value is finite or missing."""
    keys, found = answer
    if len(found) != len(spec.outputs):
        raise Finding(f"{spec.name} has {len(spec.outputs)} outputs, the answer {len(found)} columns")
    expected = rows if spec.kind == "rowwise" else 1 if keys is None else len(keys)
    for output, column in zip(spec.outputs, found, strict=True):
        if column.shape != (expected,):
            raise Finding(f"{spec.name}.{output.name} must have {expected} rows, got `{column.shape}`")
        if np.isinf(column).any():
            raise Finding(f"{spec.name}.{output.name} is infinite in row {int(np.isinf(column).argmax())}")


def same(left: Read, right: Read) -> bool:
    """Whether two answers are equal to the last bit; groups may come in any order."""
    if (left[0] is None) != (right[0] is None):
        return False
    return len(left[1]) == len(right[1]) and all(map(same_bits, _ordered(left), _ordered(right)))


def warm_up(answer: Read, spec: FunctionSpec, parameters: dict[str, Any], present: Sequence[bool]) -> None:
    """Under `skip` the first rows that are present have no value, as many as the function says."""
    before = omega.warm_up_rows(spec.name, **parameters)
    rows = np.flatnonzero(present)[:before]
    for output, column in zip(spec.outputs, answer[1], strict=True):
        if not np.isnan(column[rows]).all():
            raise Finding(f"{spec.name}.{output.name} has a value within its first {before} rows")


def _ordered(answer: Read) -> list[Any]:
    keys, found = answer
    if keys is None:
        return list(found)
    called = [_called(key) for key in keys]
    order = sorted(range(len(keys)), key=lambda at: called[at])
    return [[hash(called[at]) % 2**52 for at in order], *(column[order] for column in found)]


def _called(key: Any) -> str:
    """A key in words, the same in every library."""
    if pd.isna(key):
        return "none"
    if isinstance(key, pd.Timedelta):
        key = key.to_pytimedelta()
    elif isinstance(key, Decimal):
        key = key.normalize() + 0
    elif isinstance(key, float):
        key = int(key)
    return str(key)


def _outputs(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


#: What a value of a spec's type is among Python's own.
OWN: dict[str, Any] = {"float64": float, "int64": int, "bool": bool}


def _number(value: Any, of: str) -> float:
    """None is NaN here; NaN itself has no business in an answer of Python's own numbers."""
    if value is None:
        return float("nan")
    if type(value) is not OWN[of]:
        raise Finding(f"an output of type {of} must be {OWN[of].__name__} or None, got `{value!r}`")
    if math.isnan(value):
        raise Finding("an answer of Python's own numbers must say None, got `nan`")
    return float(value)


def _arrow(answer: Any) -> Any:
    """Any Arrow object as a pyarrow array, chunked array or table, validated to the last offset."""
    if isinstance(answer, duckdb.DuckDBPyRelation):
        table = answer.to_arrow_table()
        table.validate(full=True)
        return table.column(0) if table.num_columns == 1 else table
    if hasattr(answer, "__arrow_c_stream__"):
        column = pa.chunked_array(answer)
        column.validate(full=True)
        if not pa.types.is_struct(column.type):
            return column
        table = pa.table(answer)
    elif hasattr(answer, "__arrow_c_array__"):
        array = pa.array(answer)
        array.validate(full=True)
        if not pa.types.is_struct(array.type):
            return array
        table = pa.Table.from_batches([pa.record_batch(answer)])
    else:
        raise Finding(f"an answer must be of a known library, got `{type(answer)}`")
    table.validate(full=True)
    return table


#: What a column of a spec's type is in Arrow.
ARROW = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def _floats(column: Any, of: str) -> Floats:
    if column.type != ARROW[of]:
        raise Finding(f"an output of type {of} must be {ARROW[of]} in Arrow, got `{column.type}`")
    values = np.array([np.nan if each is None else each for each in column.to_pylist()], dtype=np.float64)
    if int(np.isnan(values).sum()) != column.null_count:
        raise Finding("what is missing must be null for Arrow, got `nan`")
    return values
