"""What an attack is: cases that follow from a seed alone, and the oracle that judges what came of them."""

from __future__ import annotations

import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from omega.shared.exceptions import InternalError, OmegaError

#: Name on the command line -> where the attack is. The order is that of the summary.
ATTACKS = {
    name: f"tests.fuzz.attacks.{name}"
    for name in ("door", "structs", "snapshots", "threads", "rationals", "memory", "models")
}
MEBIBYTE = 2**20
ROOT = Path(__file__).parents[2]


class Finding(AssertionError):  # noqa: N818 - it is no error of the fuzzer
    """Something that must not be, in words."""


@dataclass
class Tally:
    """How many cases came to what, and what the running case is about."""

    outcomes: Counter[str] = field(default_factory=Counter)
    aloud: bool = False
    notes: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> None:
        """One more of a kind."""
        self.outcomes[outcome] += 1

    def note(self, text: str) -> None:
        """What the case does next; said at once in a replay, for it may be the last word."""
        self.notes.append(text)
        if self.aloud:
            print(f"  {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Attack:
    """One way to attack; every `case` follows from its dice alone."""

    about: str
    case: Callable[[Random, Tally], None]
    #: How long one case may take before its process is stopped as hanging.
    patience_s: float = 60.0
    #: What the process may take on top of what it has once everything is imported; None: as much as there is.
    headroom: int | None = 6 * 1024 * MEBIBYTE
    #: Why the attack cannot run here, if so.
    excuse: Callable[[], str | None] = lambda: None


def load(name: str) -> Attack:
    """An attack by its name, or by `module:variable` where it is none of the standing ones."""
    module, _, variable = ATTACKS.get(name, name).partition(":")
    attack = getattr(import_module(module), variable or "ATTACK")
    if not isinstance(attack, Attack):
        raise TypeError(f"{name} must be an Attack, got `{attack!r}`")
    return attack


def dice_of(name: str, seed: int, case: int) -> Random:
    """All chance of one case. Seeds of text are hashed the same way in every process."""
    return Random(f"{name} {seed} {case}")


@dataclass(frozen=True)
class Outcome:
    """An answer, or a refusal."""

    answer: Any = None
    #: A typed refusal, or the interruption that a hostile object raised.
    refusal: BaseException | None = None


class Deliberate(BaseException):
    """What a hostile object of the fuzzer raises and nobody may swallow: it stands for Ctrl-C."""


def attempt(tally: Tally, call: Callable[[], Any]) -> Outcome:
    """What a call comes to. Anything that leaves it but a typed refusal that does not blame Omega is a
    finding.
    """
    try:
        answer = call()
    except InternalError as blame:
        raise Finding(f"{type(blame).__name__} [{blame.function}]: {blame}") from blame
    except OmegaError as refusal:
        tally.count(type(refusal).__name__)
        str(refusal)
        return Outcome(refusal=refusal)
    except (Deliberate, KeyboardInterrupt) as interruption:
        tally.count("interrupted")
        return Outcome(refusal=interruption)
    except BaseException as leak:
        raise Finding(f"{type(leak).__name__} left the door: {str(leak)[:300]}") from leak
    tally.count("answer")
    return Outcome(answer=answer)


def signature(error: BaseException) -> str:
    """The same for findings of one cause, mostly: what was raised, where, in words without what is theirs
    alone.
    """
    root = error
    while root.__cause__ is not None:
        root = root.__cause__
    frames = [
        frame
        for each in (error, root)
        for frame in traceback.extract_tb(each.__traceback__)
        if Path(frame.filename).is_relative_to(ROOT) and frame.name != "attempt"
    ]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    words = re.sub(r"`[^`]*`|'[^']*'|\d[\d.e+-]*|<[^>]*>|[a-z]+\.[a-z_]+", "…", str(root))
    return f"{type(root).__name__} at {place}: {words[:60]}"
