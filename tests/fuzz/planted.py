"""Bugs of our own, which prove that the machinery finds what it is there to find, and shows it again."""

from __future__ import annotations

import ctypes
import time
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import omega

from tests.fuzz.attack import MEBIBYTE, Attack, Tally, load

#: One case in so many is the bad one.
SELDOM = 5


def seldom(bug: Any) -> Any:
    """A case that does no harm, mostly."""

    def case(dice: Random, tally: Tally) -> None:
        if dice.randrange(SELDOM) == 0:
            tally.note("the planted bug")
            bug()
        tally.count("answer")

    return case


def crash() -> None:
    ctypes.string_at(0)


def hang() -> None:
    while True:
        time.sleep(1)


def hold_the_interpreter() -> None:
    """Sleeps in C with the lock of the interpreter: no other thread of Python runs."""
    ctypes.PyDLL(None).sleep(1000)


def hoard() -> None:
    ctypes.memset(ctypes.create_string_buffer(400 * MEBIBYTE), 1, 400 * MEBIBYTE)


def leave() -> None:
    raise SystemExit(3)


CRASH = Attack("a segmentation fault", seldom(crash))
HANG = Attack("a case without an end", seldom(hang), patience_s=1)
HELD = Attack("a deadlock in C", seldom(hold_the_interpreter), patience_s=1)
HOARD = Attack("too much memory", seldom(hoard), headroom=64 * MEBIBYTE)
LEAVE = Attack("an exit", seldom(leave))
EXCUSED = Attack("what cannot run here", seldom(crash), excuse=lambda: "there is no such thing here")


def with_planted(answer: Any, attack: str) -> Attack:
    """An attack, imported when it begins, on an Omega whose batch answers go through `answer`."""
    real = omega.call

    def broken(name: str, *positional: Any, **keywords: Any) -> Any:
        return answer(real(name, *positional, **keywords))

    def case(dice: Random, tally: Tally) -> None:
        with mock.patch.object(omega, "call", broken):
            load(attack).case(dice, tally)

    return Attack("a planted bug behind the door", case, excuse=lambda: load(attack).excuse())


def first_is(value: float) -> Any:
    """Puts a value where a NumPy answer has its first."""

    def change(answer: Any) -> Any:
        if isinstance(answer, np.ndarray) and len(answer) > 3:
            answer = answer.copy()
            answer[3] = value
        return answer

    return change


def slightly(answer: Any) -> Any:
    """An answer that is off by a millionth of a millionth."""
    return answer * (1 + 1e-12) if isinstance(answer, (np.ndarray, float)) else answer


def narrow(answer: Any) -> Any:
    """The same numbers in a type that the spec does not say."""
    return answer.astype(np.float32) if isinstance(answer, np.ndarray) else answer


def leaking(answer: Any) -> Any:
    """An exception that is none of ours."""
    raise KeyError("planted")


INFINITE = with_planted(first_is(np.inf), "door")
NARROW = with_planted(narrow, "door")
LEAKING = with_planted(leaking, "door")
WRONG = with_planted(slightly, "rationals")
