"""Reads answers of every library back, and holds them against the laws that all answers obey."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """The numbers of a rowwise function's or a reduction's answer, from whatever library it came in."""
    if spec.kind == "rowwise":
        return None, columns(answer)
    if not grouped:
        return None, [np.array([_number(each)]) for each in _outputs(answer)]
    if isinstance(answer, dict):
        rows = [[_number(each) for each in _outputs(value)] for value in answer.values()]
        width = len(spec.outputs)
        return list(answer), [np.array([row[column] for row in rows]) for column in range(width)]
    table = _arrow(answer)
    return table.column(0).to_pylist(), [_floats(column) for column in table.columns[1:]]


def columns(answer: Any) -> list[Floats]:
    """The columns of an answer along rows: an array, a list, a table, or a named tuple or dict of columns."""
    if isinstance(answer, dict):
        return [column for each in answer.values() for column in columns(each)]
    if isinstance(answer, tuple):
        return [column for each in answer for column in columns(each)]
    if isinstance(answer, np.ndarray):
        return [answer]
    if isinstance(answer, list):
        return [np.array([_number(each) for each in answer], dtype=np.float64)]
    if isinstance(answer, pd.Series):
        return [answer.to_numpy()]
    if isinstance(answer, pd.DataFrame):
        return [answer[name].to_numpy() for name in answer.columns]
    arrow = _arrow(answer)
    return [_floats(column) for column in (arrow.columns if isinstance(arrow, pa.Table) else [arrow])]


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
    order = sorted(range(len(keys)), key=lambda at: str(keys[at]))
    return [[hash(str(keys[at])) % 2**52 for at in order], *(column[order] for column in found)]


def _outputs(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _number(value: Any) -> float:
    """None is NaN here; NaN itself has no business in an answer of Python's own numbers."""
    if value is None:
        return float("nan")
    if not isinstance(value, (float, int)):
        raise Finding(f"an answer must be a number, a truth value or None, got `{value!r}`")
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


def _floats(column: Any) -> Floats:
    if column.type not in {pa.float64(), pa.int64(), pa.bool_()}:
        raise Finding(f"an output must be float64, int64 or bool, got `{column.type}`")
    values = np.array([np.nan if each is None else each for each in column.to_pylist()], dtype=np.float64)
    if int(np.isnan(values).sum()) != column.null_count:
        raise Finding("what is missing must be null for Arrow, got `nan`")
    return values
