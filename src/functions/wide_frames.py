"""How each library holds many columns of numbers, and an answer for each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from omega import _rust


class Wanted(NamedTuple):
    """What a function answers with, and what the caller calls it."""

    #: The name and the type of each output.
    outputs: Sequence[tuple[str, str]]
    name: str | None
    #: The named tuple of several outputs.
    pack: Callable[..., Any]

    def suffixes(self) -> list[str] | None:
        """What comes after a column's own name for each output; None where the answer has that name."""
        if len(self.outputs) == 1:
            return None if self.name is None else [self.name]
        return [name if self.name is None else f"{self.name}_{name}" for name, _ in self.outputs]

    def titles(self) -> list[str]:
        """What each output is called where every column is a row."""
        return self.suffixes() or [self.outputs[0][0]]


class Wide(ABC):
    """Data of many columns, taken apart."""

    #: Whether its columns have names.
    has_names = True
    #: What to do where some columns are no numbers.
    way_out = ""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        #: What the columns of numbers are called.
        self.labels: list[Any] = []
        #: Columns that are neither numbers nor carried along, each with its type in words.
        self.strangers: list[tuple[Any, str]] = []

    @abstractmethod
    def columns(self) -> Sequence[Any]:
        """Each column of numbers as an object of its library."""

    def numbers(self) -> Sequence[Any]:
        """The same as native code reads them quickest."""
        return self.columns()

    def read(self) -> Wide:
        """With its rows, where only names and types were known so far."""
        return self

    def memory(self, wanted: Wanted) -> Any:
        """Where the answers to all columns are to lie, by output and column; None where each lies apart."""
        del wanted

    @abstractmethod
    def rowwise(self, answers: Any, wanted: Wanted) -> Any:
        """The answer of as many rows: native columns by column, or one array by output and column."""

    @abstractmethod
    def reduction(self, answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> Any:
        """The answer of one row for each column."""


class _Array(Wide):
    """An array of rows by columns, called 0, 1, …; answers are arrays with a column's values side by side."""

    has_names = False
    way_out = "make it numbers, with .astype(float)"

    def __init__(self, array: Any) -> None:
        rows, width = array.shape
        super().__init__(rows)
        if array.dtype.kind in "iuf":
            self.labels = list(range(width))
        else:
            self.strangers = [("the array", f"of {array.dtype}")]
        self.array = array

    def columns(self) -> Sequence[Any]:
        return list(self.array.T)

    def memory(self, wanted: Wanted) -> Any:
        import numpy

        return numpy.empty((len(wanted.outputs), len(self.labels), self.rows))

    def rowwise(self, answers: Any, wanted: Wanted) -> Any:
        return _packed([_typed(each.T, kind) for each, (_, kind) in _pairs(answers, wanted)], wanted)

    def reduction(self, answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> Any:
        return _packed(_by_output(answers, wanted), wanted)


class _PandasFrame(Wide):
    """The same columns and index; several outputs are a level more of the columns."""

    way_out = 'times are its index, .set_index("date"), and the rest is left out, .select_dtypes("number")'

    def __init__(self, frame: Any) -> None:
        import numpy

        super().__init__(len(frame))
        self.frame = frame
        if (block := _only_block(frame)) is not None:
            self.labels, self._numbers = list(frame.columns), list(block.T)
            return
        self._numbers = []
        for label, column in frame.items():
            kind = column.dtype
            if kind.kind in "iuf":
                self.labels.append(label)
                self._numbers.append(column.to_numpy() if isinstance(kind, numpy.dtype) else column)
            else:
                self.strangers.append((label, str(kind)))

    def columns(self) -> Sequence[Any]:
        return [column for _, column in self.frame.items()]

    def numbers(self) -> Sequence[Any]:
        return self._numbers

    def memory(self, wanted: Wanted) -> Any:
        import numpy

        # The outputs of a column stand beside each other.
        return numpy.empty((len(self.labels), len(wanted.outputs), self.rows)).swapaxes(0, 1)

    def rowwise(self, answers: Any, wanted: Wanted) -> Any:
        import pandas

        index, suffixes = self.frame.index, wanted.suffixes()
        columns = self.frame.columns if suffixes is None else self._levels(suffixes)
        width = answers.shape[0] * answers.shape[1]
        values = answers.swapaxes(0, 1).reshape(width, self.rows).T
        if all(kind == "float64" for _, kind in wanted.outputs):
            return pandas.DataFrame(values, index=index, columns=columns, copy=False)
        kinds = [kind for _, kind in wanted.outputs] * len(self.labels)
        typed = {place: _typed(values[:, place], kind) for place, kind in enumerate(kinds)}
        return pandas.DataFrame(typed, index=index).set_axis(columns, axis=1)

    def _levels(self, suffixes: list[str]) -> Any:
        import pandas

        own = self.frame.columns
        labels = [label if isinstance(label, tuple) else (label,) for label in self.labels]
        together = [(*label, suffix) for label in labels for suffix in suffixes]
        return pandas.MultiIndex.from_tuples(together, names=[*own.names, None])

    def reduction(self, answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> Any:
        import pandas

        titles, values = wanted.titles(), _by_output(answers, wanted)
        index = self.frame.columns
        if len(values) == 1:
            return pandas.Series(values[0], index=index, name=titles[0])
        return pandas.DataFrame(dict(zip(titles, values, strict=True)), index=index)


class _ArrowLike(Wide):
    """Tables without an index, where times stand beside the numbers: one column of them is carried along."""

    def __init__(self, data: Any, rows: int) -> None:
        super().__init__(rows)
        self.data = data
        self._columns: list[Any] = []
        #: Where the column of times stands, if there is one.
        self.times: int | None = None

    def columns(self) -> Sequence[Any]:
        return self._columns

    def _take(
        self, label: str, column: Any, kind: object, *, is_number: bool, is_time: bool, place: int
    ) -> None:
        if is_number:
            self.labels.append(label)
            self._columns.append(column)
        elif is_time and self.times is None:
            self.times = place
        else:
            self.strangers.append((label, str(kind)))

    def _named(self, answers: Sequence[tuple[_rust.Column, ...]], wanted: Wanted) -> _rust.Table:
        """The columns of an answer under their names."""
        suffixes = wanted.suffixes()
        ends = [""] if suffixes is None else [f"_{suffix}" for suffix in suffixes]
        return _rust.Table(
            [
                column.renamed(label + end)
                for label, own in zip(self.labels, answers, strict=True)
                for end, column in zip(ends, own, strict=True)
            ]
        )


class _PolarsFrame(_ArrowLike):
    """`<column>_<output>` where there are several outputs."""

    way_out = "select what is meant, as with .select(polars.selectors.numeric())"

    def __init__(self, frame: Any) -> None:
        super().__init__(frame, frame.height)
        for place, column in enumerate(frame.get_columns()):
            kind = column.dtype
            is_time = str(kind).startswith("Date")
            self._take(column.name, column, kind, is_number=kind.is_numeric(), is_time=is_time, place=place)

    def rowwise(self, answers: Any, wanted: Wanted) -> Any:
        import polars

        answer = polars.DataFrame(self._named(answers, wanted))
        if self.times is not None:
            answer.insert_column(self.times * len(wanted.outputs), self.data.to_series(self.times))
        return answer

    def reduction(self, answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> Any:
        import polars

        kinds = {"float64": polars.Float64, "int64": polars.Int64, "bool": polars.Boolean}
        columns = [polars.Series("column", self.labels, polars.String)]
        for place, (title, (_, kind)) in enumerate(zip(wanted.titles(), wanted.outputs, strict=True)):
            columns.append(polars.Series(title, [answer[place] for answer in answers], kinds[kind]))
        return polars.DataFrame(columns)


class _PolarsQuery(_PolarsFrame):
    """A query that runs when it is clear that it will be answered."""

    def __init__(self, query: Any) -> None:
        import polars

        super().__init__(polars.DataFrame(schema=query.collect_schema()))
        self.query = query

    def read(self) -> Wide:
        return _PolarsFrame(self.query.collect())


class _ArrowTable(_ArrowLike):
    """`<column>_<output>` where there are several outputs; a table for a table, a batch for a batch."""

    way_out = "select what is meant, with .select([…])"

    def __init__(self, table: Any) -> None:
        from pyarrow import types

        super().__init__(table, table.num_rows)
        for place, (field, column) in enumerate(zip(table.schema, table.columns, strict=True)):
            kind = field.type
            is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
            is_time = types.is_timestamp(kind) or types.is_date(kind)
            self._take(field.name, column, kind, is_number=is_number, is_time=is_time, place=place)

    def rowwise(self, answers: Any, wanted: Wanted) -> Any:
        import pyarrow

        named = self._named(answers, wanted)
        is_table = isinstance(self.data, pyarrow.Table)
        answer = pyarrow.table(named) if is_table else pyarrow.record_batch(named)
        if self.times is not None:
            field = self.data.schema.field(self.times)
            answer = answer.add_column(self.times * len(wanted.outputs), field, self.data.column(self.times))
        # It tells pandas which of the columns is its index.
        about = self.data.schema.metadata if wanted.suffixes() is None else None
        return answer.replace_schema_metadata(about)

    def reduction(self, answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> Any:
        import pyarrow

        kinds = {"float64": pyarrow.float64(), "int64": pyarrow.int64(), "bool": pyarrow.bool_()}
        columns = [pyarrow.array(self.labels, pyarrow.string())]
        for place, (_, kind) in enumerate(wanted.outputs):
            columns.append(pyarrow.array([answer[place] for answer in answers], kinds[kind]))
        return type(self.data).from_arrays(columns, names=["column", *wanted.titles()])


def _array(data: Any) -> Wide | None:
    # A subclass means more than its numbers: a mask, units, or that a slice has two dimensions as well.
    is_plain = type(data).__name__ == "ndarray" and type(data).__module__ == "numpy"
    return _Array(data) if is_plain and data.ndim == 2 else None


_KINDS: dict[tuple[str, str], Callable[[Any], Wide | None]] = {
    ("numpy", "ndarray"): _array,
    ("pandas", "DataFrame"): _PandasFrame,
    ("polars", "DataFrame"): _PolarsFrame,
    ("polars", "LazyFrame"): _PolarsQuery,
    ("pyarrow", "Table"): _ArrowTable,
    ("pyarrow", "RecordBatch"): _ArrowTable,
}


def taken_apart(data: Any) -> Wide | None:
    """The columns of a frame of pandas, polars or pyarrow, or of an array of rows by columns."""
    for parent in type(data).__mro__:
        if make := _KINDS.get(_kind(parent)):
            return make(data)
    return None


def is_a(data: Any, package: str, name: str) -> bool:
    """Whether it is of that type or one below it, of a package that need not be installed."""
    return any(_kind(parent) == (package, name) for parent in type(data).__mro__)


def _kind(kind: type) -> tuple[str, str]:
    return str(kind.__module__).partition(".")[0], kind.__name__


def _only_block(frame: Any) -> Any | None:
    """The numbers of a pandas frame that lie in one block, in place; None where they are not known to.

    Taking a frame apart column by column costs more than computing some thousand rows of each. Nothing that
    pandas documents tells of blocks: where they cannot be found, columns are taken one by one.
    """
    import numpy

    blocks: Any = getattr(getattr(frame, "_mgr", None), "blocks", ())
    if len(blocks) != 1 or not isinstance(kind := blocks[0].dtype, numpy.dtype) or kind.kind not in "iuf":
        return None
    return frame.to_numpy()


def _by_output(answers: Sequence[tuple[Any, ...]], wanted: Wanted) -> list[Any]:
    """One array for each output, with a number for each column, NaN where there is none."""
    import numpy

    arrays = []
    for place, (_, kind) in enumerate(wanted.outputs):
        numbers = (answer[place] for answer in answers)
        filled = [float("nan") if number is None else number for number in numbers]
        arrays.append(_typed(numpy.array(filled, dtype=float), kind))
    return arrays


def _typed(values: Any, kind: str) -> Any:
    """Whole numbers and truth values as such where none is missing, as in the answer to one column."""
    import numpy

    return values if kind == "float64" or numpy.isnan(values).any() else values.astype(kind)


def _packed(arrays: list[Any], wanted: Wanted) -> Any:
    return arrays[0] if len(arrays) == 1 else wanted.pack(*arrays)


def _pairs(answers: Any, wanted: Wanted) -> Iterator[tuple[Any, tuple[str, str]]]:
    return zip(answers, wanted.outputs, strict=True)
