"""What the shell is offered where a command takes a name."""

from __future__ import annotations


def complete_function(incomplete: str) -> list[str]:
    """The functions that start so."""
    import omega

    return [name for name in omega.functions() if name.startswith(incomplete)]


def complete_table(incomplete: str) -> list[str]:
    """The tables that start so."""
    from omega.shared import tables

    return [name for name in tables.names() if name.startswith(incomplete)]
