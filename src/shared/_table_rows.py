"""Which rows of a file break a table's rules: missing values, bounds, and words that are no choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omega.shared._table_schema import TableField, TableSchema
from omega.shared.exceptions import InvalidValueError, MissingValueError, OmegaError

#: How many rows of one fault are named; the rest are counted.
NAMED = 10


@dataclass
class Fault:
    """A rule of one column, and the rows that break it, counted from 0."""

    column: str
    rule: str
    error: OmegaError
    rows: list[int] = field(default_factory=list)
    count: int = 0


class RowCheck:
    """Looks at a table batch by batch, and remembers what was wrong."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._faults: dict[tuple[str, str], Fault] = {}
        #: The rows that were looked at.
        self.rows = 0

    @property
    def faults(self) -> list[Fault]:
        """What was wrong, in the order of the table's columns."""
        order = self._schema.columns
        return sorted(self._faults.values(), key=lambda each: order.index(each.column))

    def look(self, batch: Any) -> None:
        """Look at the next rows, a pyarrow RecordBatch with all columns of the table."""
        import pyarrow.compute as pc

        for each in self._schema.fields:
            values = _plain(batch.column(each.name))
            if not each.nullable:
                self._note(each, "missing", pc.is_null(values), values)
            for rule, broken in _broken(each, values):
                self._note(each, rule, broken, values)
        self.rows += batch.num_rows

    def _note(self, each: TableField, rule: str, broken: Any, values: Any) -> None:
        import pyarrow.compute as pc

        places = pc.indices_nonzero(broken)
        if not len(places):
            return
        first = places[0].as_py()
        fault = self._faults.get((each.name, rule))
        if fault is None:
            error = self._error(each, rule, self.rows + first, values[first].as_py())
            fault = self._faults[each.name, rule] = Fault(each.name, rule, error)
        fault.count += len(places)
        wanted = NAMED - len(fault.rows)
        fault.rows += [self.rows + place.as_py() for place in places[: max(wanted, 0)]]

    def _error(self, each: TableField, rule: str, row: int, value: object) -> OmegaError:
        if rule == "missing":
            return MissingValueError(name=each.name, row=row, allowed=f"table {self._schema.name}")
        allowed = rule if rule == "finite" else f"{_WORDS[rule]} {_words(each.constraints[rule])}"
        return InvalidValueError(name=each.name, allowed=allowed, value=value, row=row)


_WORDS = {
    "minimum": "at least",
    "maximum": "at most",
    "above": "above",
    "min_length": "of a length of at least",
    "choices": "one of",
}


def _plain(values: Any) -> Any:
    """Values without the ways of storing text that not every comparison knows."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values.cast(pa.large_string()) if pa.types.is_string_view(values.type) else values


def _words(bound: object) -> str:
    return ", ".join(map(str, bound)) if isinstance(bound, list) else str(bound)


def _broken(each: TableField, values: Any) -> Iterator[tuple[str, Any]]:
    """For each rule of a column, which values break it; what is missing breaks none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(values.type):
        yield "finite", pc.invert(pc.is_finite(values))
    for rule, bound in each.constraints.items():
        if rule == "choices":
            known = pc.is_in(values, pa.array(bound, values.type))
            yield rule, pc.and_(pc.is_valid(values), pc.invert(known))
            continue
        measured = pc.utf8_length(values) if rule == "min_length" else values
        limit = pa.scalar(bound).cast(measured.type)
        comparison = {"maximum": pc.greater, "above": pc.less_equal}.get(rule, pc.less)
        yield rule, comparison(measured, limit)
