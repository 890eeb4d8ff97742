"""Answers as plain Python: numbers, lists and dicts, the same whatever library holds the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from typing import Any

from omega.functions.libraries import ASSET


def plain(value: Any, axes: tuple[str, ...]) -> Any:
    """An output as numbers, None where missing: one number, a list, or a list of rows.

    Along assets it is a dict by their names, and a list where the data had none.
    """
    if not axes or value is None:
        return number(value)
    if axes[0] == ASSET:
        return _by_asset(value, axes)
    read = _read(value)
    if isinstance(read, list) or axes[-1] == ASSET:
        return read
    columns = list(read.values())
    # DuckDB has a table for a column as well.
    return columns[0] if len(axes) == 1 else [list(row) for row in zip(*columns, strict=True)]


def number(value: Any) -> Any:
    """One number, or None for NaN, which JSON has no word for."""
    return None if value != value else value  # noqa: PLR0124 - only NaN is not itself


def shape(value: Any, axes: tuple[str, ...]) -> tuple[int, ...]:
    """How long an output is along each of its axes, without a look at what may be millions of rows."""
    if axes[0] == ASSET:
        # Where names are beside the numbers, a table is wider than they.
        value = plain(value, axes)
    elif isinstance(value, Mapping):
        return len(next(iter(value.values()))), len(value)
    if isinstance(value, (list, dict)):
        first = next(iter(value.values() if isinstance(value, dict) else value), None)
        return (len(value), len(first)) if isinstance(first, (list, dict)) else (len(value),)
    found = getattr(value, "shape", (len(value),) if isinstance(value, Sized) else ())
    return tuple(found)[: len(axes)]


def _by_asset(value: Any, axes: tuple[str, ...]) -> Any:
    """A number, or what runs along the second axis, for each asset."""
    names, rows = _assets(value)
    if names is None:
        return rows
    if len(axes) == 1:
        # pandas and mappings have a number for each, tables a row of one.
        return {name: row[0] if isinstance(row, list) else row for name, row in zip(names, rows, strict=True)}
    if axes[1] != ASSET:
        return dict(zip(names, rows, strict=True))
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)}


def _assets(value: Any) -> tuple[list[str] | None, list[Any]]:
    """The names of the assets, None where the data had none, and what each has: a number or a row of them."""
    if isinstance(value, Mapping):
        return [str(name) for name in value], _listed([_unpacked(each) for each in value.values()])
    if _package(value) == "pandas":
        return [str(name) for name in value.index], _listed(value.to_numpy())
    read = _read(value)
    if isinstance(read, list):
        return None, read
    names, *columns = read.values()
    return [str(name) for name in names], [list(row) for row in zip(*columns, strict=True)]


def _unpacked(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _read(value: Any) -> list[Any] | dict[str, list[Any]]:
    """A column as a list, a table as lists by name, rows of numbers as lists of lists."""
    read = _READERS[_package(value)](value)
    if isinstance(read, dict):
        return {str(name): _listed(column) for name, column in read.items()}
    return _listed(read)


def _listed(values: Any) -> list[Any]:
    """Python's own numbers, None where missing."""
    return [_listed(each) if isinstance(each, list) else number(each) for each in _unpacked(values)]


def _of_pandas(value: Any) -> Any:
    return {name: value[name].tolist() for name in value} if value.ndim > 1 else value


def _of_polars(value: Any) -> Any:
    return value.to_dict(as_series=False) if hasattr(value, "columns") else value.to_list()


def _of_arrow(value: Any) -> Any:
    return value.to_pydict() if hasattr(value, "to_pydict") else value.to_pylist()


def _of_duckdb(value: Any) -> Any:
    columns = list(zip(*value.fetchall(), strict=True)) or [()] * len(value.columns)
    return dict(zip(value.columns, columns, strict=True))


def _of_arro3(value: Any) -> Any:
    if not hasattr(value, "column"):
        return value.to_pylist()
    return {name: value.column(name).to_pylist() for name in value.schema.names}


def _of_nanoarrow(value: Any) -> Any:
    rows = value.to_pylist()
    names = [field.name for field in value.schema.fields]
    return {name: [row[name] for row in rows] for name in names} if names else rows


def _of_omega(value: Any) -> Any:
    if not hasattr(value, "columns"):
        return value.to_pylist()
    return {column.name: column.to_pylist() for column in value.columns}


def _itself(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "builtins": _itself,
    "numpy": _itself,
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_arrow,
    "duckdb": _of_duckdb,
    "_duckdb": _of_duckdb,
    "arro3": _of_arro3,
    "nanoarrow": _of_nanoarrow,
    "omega": _of_omega,
}
