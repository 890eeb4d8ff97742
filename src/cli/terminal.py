"""What all commands print with: for people on a terminal, whole and by tabs or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import typer
from omega.shared.error_codes import ErrorCode
from omega.shared.exceptions import OmegaError
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Asks a command for its answer as JSON.
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

#: Wider than any line, so that nothing is folded where there is no terminal to fit into.
_UNBOUNDED = 100_000


def console(*, stderr: bool = False) -> Console:
    """Where a command prints; made when it runs, so that it follows standard output.

    Without markup: types such as `timestamp[us, UTC]` are full of brackets.
    """
    made = Console(highlight=False, markup=False, stderr=stderr)
    if made.is_terminal:
        return made
    return Console(highlight=False, markup=False, stderr=stderr, width=_UNBOUNDED)


def print_json(answer: object) -> None:
    """An answer as JSON, for programs."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    """What JSON has no type for, as text; times as ISO 8601 has them."""
    return value.isoformat() if isinstance(value, date) else str(value)


def listing(rows: Sequence[Mapping[str, object]], shown: Sequence[str] | None = None) -> None:
    """One line for each row, whose last column tells what it is.

    On a terminal the columns `shown`, under headings and cut to its width; elsewhere all of them, whole, with
    tabs between and no headings.
    """
    out = console()
    if not out.is_terminal:
        for row in rows:
            typer.echo("\t".join(map(_line, row.values())))
        return
    names = list(shown or (rows[0] if rows else ()))
    cells = [names, *([_line(row[name]) for name in names] for row in rows)]
    for place, line in enumerate(_fitted(cells, out.width)):
        out.print(Text(line, "bold" if place == 0 else ""), soft_wrap=True)


def _line(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _fitted(rows: Sequence[Sequence[str]], width: int) -> Iterable[str]:
    """Lines of a width: the first column whole, a third of the rest for those between, then the last."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    share = max((width - widths[0]) // (3 * max(len(widths) - 2, 1)), 4)
    widths[1:-1] = [min(each, share) for each in widths[1:-1]]
    for row in rows:
        *before, last = row
        padded = (_cut(cell, size) for cell, size in zip(before, widths, strict=False))
        line = "  ".join([*padded, last])
        yield _cut(line, width).rstrip()


def _cut(words: str, width: int) -> str:
    """Words in as many columns of the terminal, with `…` where they are more."""
    if cell_len(words) <= width:
        return set_cell_size(words, width)
    return set_cell_size(words, width - 1) + "…"


def definitions(title: str, entries: Iterable[tuple[str, str]]) -> Table:
    """Terms on the left, what they are on the right, folded there."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
    )
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for term, words in entries:
        made.add_row(f"  {term}", words)
    return made


def table(title: str = "", *headings: str, numbers: bool = False) -> Table:
    """An empty table in the style of all; `numbers` stand on the right, in all columns but the first."""
    made = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(headings):
        justify: Literal["left", "right"] = "right" if numbers and place else "left"
        # The first column holds names, which are for copying.
        made.add_column(heading, justify=justify, overflow="fold", no_wrap=not place)
    return made


def bold(words: str) -> Text:
    """Words in bold."""
    return Text(words, style="bold")


def refusal(error: OmegaError) -> str:
    """A refusal in one line: the name of its code, and the message."""
    return f"{code_name(error)}: {' '.join(str(error).split())}"


def refusal_as_data(error: OmegaError) -> dict[str, Any]:
    """The same for programs."""
    return {"code": int(error.code), "error": code_name(error), "message": str(error), "fields": error.fields}


def code_name(error: OmegaError) -> str:
    """The name of an error's code."""
    return error.code.name if isinstance(error.code, ErrorCode) else f"error {error.code}"
