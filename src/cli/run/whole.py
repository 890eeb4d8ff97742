"""Metrics and models over a file: one answer for all rows, or one for each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import omega
from omega.cli.files import Source
from omega.cli.run.rows import Told, require_distinct
from omega.shared.protocols import FunctionSpec, Output


def metric(
    source: Source, spec: FunctionSpec, given: dict[str, Any], by: list[str] | None, nulls: Any, done: Told
) -> Any:
    """A metric as a table of one row, or of one for each group.

    Without groups the rows go through an accumulator and are not kept; with them only their columns are.
    """
    import pyarrow

    columns = {each.name: given.get(each.name, each.column) for each in spec.inputs}
    parameters = {name: value for name, value in given.items() if name not in columns}
    # An input that no table has goes by its own name.
    named = {name: column or name for name, column in columns.items()}
    source.require([*named.values(), *(by or ())])
    if by:
        wanted = list(dict.fromkeys([*named.values(), *by]))
        table = pyarrow.Table.from_batches(
            (batch.select(wanted) for batch in source.batches),
            pyarrow.schema([source.schema.field(name) for name in wanted]),
        )
        done(table.num_rows)
        keywords: dict[str, Any] = {**named, **parameters}
        return omega.call(spec.name, table, by=tuple(by), nulls=nulls, **keywords)
    accumulator = omega.accumulate(spec.name, nulls=nulls, **parameters)
    first = 0
    for batch in source.batches:
        arrays = [batch.column(column) for column in named.values()]
        accumulator.update(pyarrow.RecordBatch.from_arrays(arrays, names=list(named)))
        first += batch.num_rows
        done(first)
    (output,) = spec.outputs
    return pyarrow.table({output.name: pyarrow.array([accumulator.value], pyarrow.float64())})


class Fitted:
    """The answer of a model: its numbers, and what it says of every row, by group where there are groups."""

    def __init__(
        self, source: Source, spec: FunctionSpec, given: dict[str, Any], by: list[str] | None, nulls: Any
    ) -> None:
        table = source.read()
        keys = tuple(by) if by else None
        answer = omega.call(spec.name, table, by=keys, nulls=nulls, **given)
        self._spec, self._by, self._table = spec, by or [], table
        self._rows = answer.rows if by else None
        self._answers: dict[Any, Any] = answer if by else {(): answer}

    @property
    def row_outputs(self) -> list[Output]:
        """The outputs with a value, or several, for every row."""
        return [each for each in self._spec.outputs if each.axes[:1] == ("row",)]

    def numbers(self) -> list[dict[str, Any]]:
        """What is not said of rows: for each group, the outputs by their names."""
        others = [each for each in self._spec.outputs if each.axes[:1] != ("row",)]
        return [
            {
                **self._group(key),
                **{each.name: _plain(getattr(answer, each.name)) for each in others},
            }
            for key, answer in self._answers.items()
        ]

    def _group(self, key: Any) -> dict[str, Any]:
        """What a group is called, by the columns that tell it."""
        return dict(zip(self._by, key if len(self._by) != 1 else (key,), strict=True))

    def tidy(self) -> Any:
        """The numbers as a table of one row each: group, quantity, place where it is one of many, value."""
        import pyarrow

        head = [self._table.schema.field(column) for column in self._by]
        schema = pyarrow.schema(
            [
                *head,
                pyarrow.field("quantity", pyarrow.string()),
                pyarrow.field("place", pyarrow.string()),
                pyarrow.field("value", pyarrow.float64()),
            ]
        )
        rows = [
            {**group, "quantity": name, "place": place, "value": None if value is None else float(value)}
            for answer in self.numbers()
            for group in [{column: answer.pop(column) for column in self._by}]
            for name, content in answer.items()
            for place, value in places(name, content)
        ]
        return pyarrow.Table.from_pylist(rows, schema)

    def rows(self, keep: list[str] | None, name: str | None) -> Any:
        """What is kept of the input, then what the model says of every row, on the rows it says it of."""
        import pyarrow

        table = self._table if keep is None else self._table.select(keep)
        computed = self._by_row()
        prefix = "" if name is None else f"{name}_"
        require_distinct(table.column_names, [prefix + each for each in computed])
        for column, values in computed.items():
            table = table.append_column(prefix + column, pyarrow.chunked_array([values]))
        return table

    def _by_row(self) -> dict[str, Any]:
        """The columns along the rows, in the order of the input's rows."""
        if self._rows is not None:
            return {name: _array(self._rows[name]) for name in self._rows.column_names}
        (answer,) = self._answers.values()
        return {name: _array(values) for name, values in self._row_columns(answer)}

    def _row_columns(self, answer: Any) -> Iterator[tuple[str, Any]]:
        for output in self.row_outputs:
            value = getattr(answer, output.name)
            if len(output.axes) == 1:
                yield output.name, value
            else:
                for column in value.column_names:
                    # States are numbered under the output's name already; assets have names of their own.
                    of_output = column.startswith(f"{output.name}_")
                    yield column if of_output else f"{output.name}_{column}", value[column]


def places(output: str, content: Any) -> Iterator[tuple[str | None, float | None]]:
    """The numbers of one output, with the place of each where there are many: `0`, `AAPL`, `0 1`."""
    if isinstance(content, list):
        for number, value in enumerate(content):
            if isinstance(value, dict):
                row = value.get("asset", number)
                for name, each in value.items():
                    if name != "asset":
                        column = "" if name == output else f" {name.removeprefix(f'{output}_')}"
                        yield f"{row}{column}", each
            else:
                yield str(number), value
    else:
        yield None, content


def _array(values: Any) -> Any:
    import pyarrow

    return values.combine_chunks() if isinstance(values, pyarrow.ChunkedArray) else values


def _plain(value: Any) -> Any:
    return value.to_pylist() if hasattr(value, "to_pylist") else value
