"""What all commands print with."""

from __future__ import annotations

from omega.shared.error_codes import ErrorCode
from omega.shared.exceptions import OmegaError
from rich import box
from rich.console import Console
from rich.table import Table


def console() -> Console:
    """Where a command prints; made when it runs, so that it follows standard output."""
    return Console(highlight=False)


def table(title: str = "", *headings: str, numbers: bool = False) -> Table:
    """An empty table in the style of all; with `numbers`, all columns but the first are aligned to the right."""
    made = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, heading in enumerate(headings):
        made.add_column(heading, justify="right" if numbers and place else "left", overflow="fold")
    return made


def refusal(error: OmegaError) -> str:
    """A refusal in one line: the name of its code, and the message."""
    name = error.code.name if isinstance(error.code, ErrorCode) else f"error {error.code}"
    return f"{name}: {' '.join(str(error).split())}"
