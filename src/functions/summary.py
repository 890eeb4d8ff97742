"""What a fit says, in tables: estimates with errors, t and p, how good it is, and how it was found."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from omega import _rust
from omega.functions.plain import plain
from omega.shared import _text_tables

#: A table shows so many rows and columns, and its heading says how many there are.
MOST_ROWS, MOST_COLUMNS = 40, 12

#: Smaller ones are shown as below it: how small depends on how normal the tails are.
LEAST_P = 0.0001

Output = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A heading, the names of the columns, and rows whose first cell names them; None where missing."""

    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def shown(self) -> tuple[str, list[str], list[list[str]]]:
        """Heading, header and cells as text, cut where there are very many."""
        rows = self.rows[:MOST_ROWS]
        cells = [[_shown(value, name) for value, name in zip(row, self.header, strict=True)] for row in rows]
        cut = f"the first {MOST_ROWS} of {len(self.rows)} rows" if len(self.rows) > MOST_ROWS else ""
        return ", ".join(filter(None, [self.heading, cut])), list(self.header), cells


@dataclass(frozen=True, repr=False)
class Summary:
    """A fit in tables, as text where it is printed and as HTML in a notebook; `tables` hold the numbers."""

    title: str
    tables: tuple[Table, ...]

    def __repr__(self) -> str:
        """All tables, a line for each row."""
        lines = textwrap.wrap(self.title, _text_tables.WIDTH)
        for table in self.tables:
            heading, header, cells = table.shown()
            rows = [header, *cells] if any(header) else cells
            lines += ["", *([heading] if heading else []), *_text_tables.aligned(rows)]
        return "\n".join(lines)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """The same, for notebooks."""
        from html import escape

        tables = (table.shown() for table in self.tables)
        shown = (
            _text_tables.html(cells, header=header if any(header) else (), caption=heading)
            for heading, header, cells in tables
        )
        return f"<p>{escape(self.title)}</p>{''.join(shown)}"


def of_fit(function: str, values: Sequence[Any]) -> Summary:
    """The summary of one fit, from its outputs in their order."""
    outputs = outputs_of(function)
    fit = {
        output["name"]: plain(value, tuple(output["axes"]))
        for output, value in zip(outputs, values, strict=True)
        if output["role"] is not None
    }
    tables = [
        _estimates(outputs, fit),
        *_along(outputs, fit),
        *_matrices(outputs, fit),
        *(_facts(heading, role, outputs, fit) for heading, role in (("Fit", "fit"), ("Search", "search"))),
    ]
    return Summary(_title(function), tuple(table for table in tables if table.rows))


def of_groups(function: str, answers: Mapping[Any, Sequence[Any]]) -> Summary:
    """The summary of a fit for each group: a row of its estimates and of what holds for it as a whole."""
    outputs = [each for each in outputs_of(function) if _is_one_row(each)]
    places = {each["name"]: place for place, each in enumerate(outputs_of(function))}
    rows = []
    for key, values in answers.items():
        cells = {"": _key(key)}
        for output in outputs:
            value = plain(values[places[output["name"]]], tuple(output["axes"]))
            cells.update(_flat(output["name"], value))
        rows.append(cells)
    header = tuple(dict.fromkeys(name for cells in rows for name in cells))
    table = Table(f"{len(rows)} groups", header, tuple(tuple(map(cells.get, header)) for cells in rows))
    return Summary(_title(function), (table,) if rows else ())


@cache
def outputs_of(function: str) -> tuple[Output, ...]:
    """What a function says of its outputs, read without pydantic."""
    return tuple(json.loads(_rust.function(function).spec_json)["outputs"])


@cache
def _title(function: str) -> str:
    return f"{function}: {json.loads(_rust.function(function).spec_json)['summary']}"


def _having(role: str, outputs: Sequence[Output], axes: int) -> list[str]:
    return [each["name"] for each in outputs if each["role"] == role and len(each["axes"]) == axes]


def _estimates(outputs: Sequence[Output], fit: Mapping[str, Any]) -> Table:
    """A row for each estimate that is one number."""
    names = _having("estimate", outputs, 0)
    about = {(each["role"], each["of"]): fit[each["name"]] for each in outputs if each["of"] is not None}
    kinds = [kind for kind in ("standard_error", "lower", "upper") if any(kind == role for role, _ in about)]
    # Where there is an interval, it says how sure an estimate is; elsewhere the normal distribution does.
    is_tested = kinds == ["standard_error"]
    rows = []
    for name in names:
        row = [name, fit[name], *(about.get((kind, name)) for kind in kinds)]
        rows.append((*row, *(_test(row[1], row[2]) if is_tested else ())))
    tested = ("t", "p") if is_tested else ()
    return Table("", ("", "estimate", *(kind.replace("_", " ") for kind in kinds), *tested), tuple(rows))


def _test(estimate: float | None, error: float | None) -> tuple[float | None, float | None]:
    """How many errors the estimate is from 0, and how likely a normal one of 0 is as far, on either side."""
    if estimate is None or not error:
        return None, None
    t = estimate / error
    return t, math.erfc(abs(t) / math.sqrt(2))


def _along(outputs: Sequence[Output], fit: Mapping[str, Any]) -> Iterator[Table]:
    """A table for each axis that estimates run along, with a row for each place."""
    along = [each for each in outputs if each["role"] == "estimate" and len(each["axes"]) == 1]
    for axis in dict.fromkeys(each["axes"][0] for each in along):
        names = [each["name"] for each in along if each["axes"][0] == axis]
        columns = [dict(_places(fit[name])) for name in names]
        rows = ((place, *(column.get(place) for column in columns)) for place in columns[0])
        yield Table("", (axis, *names), tuple(rows))


def _matrices(outputs: Sequence[Output], fit: Mapping[str, Any]) -> Iterator[Table]:
    """A table for each estimate along two axes."""
    for name in _having("estimate", outputs, 2):
        rows = [(place, dict(_places(row))) for place, row in _places(fit[name])]
        columns = list(rows[0][1])[:MOST_COLUMNS] if rows else []
        cut = len(rows[0][1]) - len(columns) if rows else 0
        heading = name + (f", without {cut} more columns" if cut else "")
        cells = ((place, *(row.get(column) for column in columns)) for place, row in rows)
        yield Table(heading, ("", *columns), tuple(cells))


def _facts(heading: str, role: str, outputs: Sequence[Output], fit: Mapping[str, Any]) -> Table:
    return Table(heading, ("", ""), tuple((name, fit[name]) for name in _having(role, outputs, 0)))


def _is_one_row(output: Output) -> bool:
    """Whether it belongs to the row of a group."""
    axes = len(output["axes"])
    return (output["role"] == "estimate" and axes < 2) or (output["role"] == "fit" and axes == 0)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """One number under the name, or one for each place as `<name>_<place>`."""
    if not isinstance(value, (list, dict)):
        yield name, value
        return
    for place, each in _places(value):
        yield f"{name}_{place}", each


def _places(value: Any) -> Iterator[tuple[str, Any]]:
    """What stands at each place: numbered from 0, or by the assets' names."""
    if isinstance(value, Mapping):
        yield from value.items()
        return
    for place, each in enumerate(value):
        yield str(place), each


def _key(key: Any) -> str:
    """A group as people name it; one of several keys by all of them."""
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _shown(value: Any, column: str) -> str:
    """A cell as text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    if column == "t":
        return f"{value:.2f}"
    if column == "p":
        return f"{value:.4f}" if value >= LEAST_P else f"<{LEAST_P}"
    return f"{value:.6g}"
