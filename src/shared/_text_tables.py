"""Tables as people read them: aligned text for a console, HTML for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

#: A console's usual width, and a few more for a last column.
WIDTH = 100

Rows = Sequence[Sequence[str]]


def aligned(rows: Rows, *, left: int = 1) -> list[str]:
    """A line for each row; the first `left` columns begin at one place, the others end at one.

    Columns for which there is no room go below, in as many blocks as they need, each with the first column.
    """
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for block in _blocks(widths):
        lines += [""] if lines else []
        lines += [_line(row, widths, block, left) for row in rows]
    return lines


def _blocks(widths: list[int]) -> list[list[int]]:
    """The numbers of the columns that stand side by side."""
    blocks: list[list[int]] = [[0]]
    for column in range(1, len(widths)):
        used = sum(widths[each] + 2 for each in blocks[-1])
        if len(blocks[-1]) > 1 and used + widths[column] > WIDTH:
            blocks.append([0])
        blocks[-1].append(column)
    return blocks


def _line(row: Sequence[str], widths: list[int], block: list[int], left: int) -> str:
    cells = (
        row[column].ljust(widths[column]) if column < left else row[column].rjust(widths[column])
        for column in block
    )
    return "  ".join(cells).rstrip()


def html(rows: Rows, *, header: Sequence[str] = (), caption: str = "", left: int = 1) -> str:
    """The same as an HTML table; the first column is code, as names are."""
    # Late: its list of entities takes longer to import than most of Omega.
    from html import escape

    heads = "".join(f"<th>{escape(each)}</th>" for each in header)
    body = "".join(f"<tr>{_cells([escape(each) for each in row], left)}</tr>" for row in rows)
    return "".join(
        [
            "<table>",
            f"<caption>{escape(caption)}</caption>" if caption else "",
            f"<thead><tr>{heads}</tr></thead>" if header else "",
            f"<tbody>{body}</tbody></table>",
        ]
    )


def _cells(row: Sequence[str], left: int) -> str:
    first, *others = row
    sides = ("left" if column < left else "right" for column in range(1, len(row)))
    cells = (f"<td style='text-align:{side}'>{each}</td>" for side, each in zip(sides, others, strict=True))
    return f"<td style='text-align:left'><code>{first}</code></td>{''.join(cells)}"
