"""What live objects show of themselves: functions with their parameters, groups and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: More features, groups or values than these say nothing to a reader.
_SHOWN = 8


def called(function: str, given: Mapping[str, Any]) -> str:
    """A function as it is called.

    >>> called("ta.sma", {"period": 30, "close": "volume"})
    "ta.sma(period=30, close='volume')"
    """
    return f"{function}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def counted(count: int, one: str) -> str:
    """So many of something.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def cut(items: Iterable[str], between: str) -> str:
    """The first items, and how many more there are."""
    items = list(items)
    more = [f"… {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return between.join([*items[:_SHOWN], *more])


def line(live: Any) -> str:
    """A set or a grouped accumulator in one line."""
    features = (f"{name} = {called(*given)}" for name, given in live.definitions.items())
    return f"<omega {type(live).__name__}: {cut(features, ', ')}; {_taken(live)}>"


def page(live: Any) -> str:
    """A live object as a notebook shows it."""
    # Late: its table of entities would be read at every import of Omega.
    from html import escape

    if hasattr(live, "definitions"):
        title, definitions = type(live).__name__, live.definitions
    else:
        title, definitions = type(live).__name__, {live.function: (live.function, live.parameters)}
    rows = [
        f"<tr><td><code>{escape(str(name))}</code></td>"
        f"<td style='text-align:left'><code>{escape(called(*given))}</code></td></tr>"
        for name, given in definitions.items()
    ]
    groups = getattr(live, "groups", [])
    known = "".join(
        f"<tr><td><code>{escape(repr(group))}</code></td><td>{counted(live.rows_of(group), 'row')}</td></tr>"
        for group in groups[:_SHOWN]
    )
    if len(groups) > _SHOWN:
        known += f"<tr><td colspan='2'>… {len(groups) - _SHOWN:,} more</td></tr>"
    return (
        f"<table><caption>omega {title}: {escape(_taken(live))}</caption>"
        f"<tbody>{''.join(rows)}{known}</tbody></table>"
    )


def _taken(live: Any) -> str:
    """How many rows there were, of how many groups, and what came of the last."""
    taken = counted(live.rows, "row")
    by = getattr(live, "by", None)
    if by is not None:
        closed = ", a closed list" if live.closed else ""
        taken += f" of {counted(len(live.groups), 'group')} by {by}{closed}"
    if hasattr(live, "ready"):
        taken += f", ready with {live.value!r}" if live.ready else ", not ready"
    return taken
