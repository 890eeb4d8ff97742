"""Threads for one call, and how many it is worth: for work that native code does without the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from threading import Thread

from omega.shared.exceptions import InvalidTypeError

#: The variable that limits them, here and in native code.
_VARIABLE = "OMEGA_THREADS"
#: Numbers that are worth a thread: a millisecond's, as in native code.
_WORTH_A_THREAD = 500_000


def threads_for(numbers: int) -> int:
    """How many threads a call over so many numbers uses.

    Raises InvalidTypeError if the variable `OMEGA_THREADS` holds no whole number from 1.
    """
    limit = _limit()
    worth = numbers // _WORTH_A_THREAD + 1
    # Asked for each time: processors can be taken from a process, and given back.
    return worth if worth == 1 else min(worth, limit or worth, _processors())


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _limit() -> int | None:
    """What the variable says, as it was when it was first looked at; None where it is not set."""
    given = os.environ.get(_VARIABLE)
    if given is None:
        return None
    text = given.strip()
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise InvalidTypeError(name=_VARIABLE, allowed="a whole number from 1", value=given)
    return int(text)


def in_turns(work: Callable[[int], None], places: int, threads: int) -> None:
    """Has `work` done for each place, on this thread and others, or as many as can be started.

    Whoever is free takes the next. `work` must not raise; where this thread is interrupted, no further place
    is taken.
    """
    left = iter(range(places))

    def turn() -> None:
        for place in left:
            work(place)

    others: list[Thread] = []
    try:
        for _ in range(min(threads, places) - 1):
            other = Thread(target=turn, name="omega worker")
            try:
                other.start()
            except RuntimeError:  # no thread is to be had: the others do its work
                break
            others.append(other)
        turn()
    finally:
        for _ in left:
            pass
        for other in others:
            other.join()
