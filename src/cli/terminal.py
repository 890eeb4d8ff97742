"""What all commands print with."""

from __future__ import annotations

from typing import Literal

from omega.shared.error_codes import ErrorCode
from omega.shared.exceptions import OmegaError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def console() -> Console:
    """Where a command prints; made when it runs, so that it follows standard output.

    Without markup: types such as `timestamp[us, UTC]` are full of brackets.
    """
    made = Console(highlight=False, markup=False)
    # With no terminal to fit into, lines are long rather than folded.
    return made if made.is_terminal else Console(highlight=False, markup=False, width=200)


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
    name = error.code.name if isinstance(error.code, ErrorCode) else f"error {error.code}"
    return f"{name}: {' '.join(str(error).split())}"
