"""Snapshots with bits flipped, parts cut out, swapped and forged: refused, or restored to something that is
sound.
"""

from __future__ import annotations

import time
import zlib
from functools import partial
from random import Random
from typing import Any

import numpy as np
import omega
from omega.shared.exceptions import SnapshotCorruptError

from tests.fuzz.attack import Attack, Finding, Tally, attempt
from tests.fuzz.samples import KERNELS, REDUCTIONS, ROWWISE, Sample, parameters, sample, value

#: Restoring looks at no more than the bytes there are; this is far more than that takes.
MOST_SECONDS = 5.0


def case(dice: Random, tally: Tally) -> None:
    """One live object saved, and its snapshot damaged in several ways."""
    live = dice.choice((one_function, one_function, features, metrics))(dice, tally)
    whole = live.snapshot()
    same_again(live, whole, dice)
    for _ in range(8):
        blob, how = damaged(whole, dice)
        if blob == whole:
            continue
        tally.note(f"{how}: {len(blob)} bytes")
        outcome = attempt(tally, partial(omega.restore, blob))
        if not isinstance(outcome.refusal, SnapshotCorruptError):
            raise Finding(f"damage was not noticed: {outcome}")
    for _ in range(12):
        blob, how = forged(whole, dice, tally)
        tally.note(f"forged, {how}: {len(blob)} bytes")
        started = time.process_time()
        outcome = attempt(tally, partial(omega.restore, blob))
        if outcome.refusal is None:
            exercise(outcome.answer, dice, tally)
        if (took := time.process_time() - started) > MOST_SECONDS:
            raise Finding(f"a forged snapshot of {len(blob)} bytes took {took:.1f} s")


def one_function(dice: Random, tally: Tally) -> Any:
    """A stream or an accumulator somewhere on its way."""
    one = sample(dice, dice.choice(KERNELS), most_rows=80, groups=False)
    tally.note(str(one))
    live: Any
    if one.spec in ROWWISE:
        live = omega.stream(one.spec.name, nulls=one.nulls, order=None, **one.parameters)
    else:
        live = omega.accumulate(one.spec.name, nulls=one.nulls, **one.parameters)
    feed(live, one, tally)
    return live


def feed(live: Any, one: Sample, tally: Tally) -> None:
    """All rows of a sample, as far as they are taken."""
    if one.spec in ROWWISE:
        for row in zip(*(column.tolist() for column in one.columns.values()), strict=True):
            attempt(tally, partial(live.update, *row))
    else:
        attempt(tally, lambda: live.update(one.columns))


def features(dice: Random, tally: Tally) -> Any:
    """A feature set of several functions and groups somewhere on its way."""
    one = sample(dice, dice.choice(ROWWISE), most_rows=40, groups=False)
    fitting = [spec for spec in ROWWISE if {each.name for each in spec.inputs} <= set(one.columns)]
    chosen = [one.spec, *(dice.choice(fitting) for _ in range(dice.randrange(3)))]
    definitions = {f"f{at}": (spec.name, parameters(dice, spec, 10)) for at, spec in enumerate(chosen)}
    by = dice.choice((None, "symbol"))
    live = omega.FeatureSet(definitions, by=by, nulls=one.nulls, order=None)
    tally.note(f"FeatureSet {definitions} by {by}")
    for row in range(one.rows):
        bar: dict[str, Any] = {name: column[row].item() for name, column in one.columns.items()}
        if by is not None:
            bar[by] = dice.choice(("A", "B", "", 7))
        attempt(tally, partial(live.update, bar))
    return live


def metrics(dice: Random, tally: Tally) -> Any:
    """A set of several metrics and groups somewhere on its way."""
    one = sample(dice, dice.choice(REDUCTIONS), most_rows=40, groups=False)
    fitting = [spec for spec in REDUCTIONS if {each.name for each in spec.inputs} <= set(one.columns)]
    chosen = [one.spec, *(dice.choice(fitting) for _ in range(dice.randrange(3)))]
    definitions = {f"m{at}": (spec.name, parameters(dice, spec, 10)) for at, spec in enumerate(chosen)}
    by = dice.choice((None, "symbol"))
    live = omega.MetricSet(definitions, by=by, nulls=one.nulls)
    tally.note(f"MetricSet {definitions} by {by}")
    data: dict[str, Any] = dict(one.columns)
    if by is not None:
        data[by] = [dice.choice(("A", "B", "")) for _ in range(one.rows)]
    attempt(tally, lambda: live.update(data))
    return live


def same_again(live: Any, whole: bytes, dice: Random) -> None:
    """What is restored saves to the same bytes, and goes on with the same bits."""
    restored = omega.restore(whole)
    if restored.snapshot() != whole:
        raise Finding("a restored object saves to other bytes")
    if isinstance(live, omega.Stream):
        inputs = omega.spec(live.function).inputs
        row = [value(dice, each.name, float(dice.randrange(1, 9))) for each in inputs]
        if live.peek(*row) != restored.update(*row):
            raise Finding("a restored stream goes on differently")


def damaged(whole: bytes, dice: Random) -> tuple[bytes, str]:
    """A snapshot that did not arrive whole."""
    blob = bytearray(whole)
    at = dice.randrange(len(blob))
    match dice.randrange(5):
        case 0:
            blob[at] ^= 1 << dice.randrange(8)
            return bytes(blob), f"a bit of byte {at}"
        case 1:
            return bytes(blob[:at]), f"cut at {at}"
        case 2:
            return bytes(blob[at:]), f"begun at {at}"
        case 3:
            end = min(len(blob), at + dice.randrange(1, 9))
            del blob[at:end]
            return bytes(blob), f"without bytes {at} to {end}"
        case _:
            blob[at:at] = dice.randbytes(dice.randrange(1, 9))
            return bytes(blob), f"more bytes at {at}"


def forged(whole: bytes, dice: Random, tally: Tally) -> tuple[bytes, str]:
    """A snapshot that somebody made up, under a checksum that fits."""
    content = bytearray(whole[:-4])
    said = []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        at = dice.randrange(10, len(content)) if dice.random() < 0.9 else dice.randrange(len(content))
        way = dice.randrange(8)
        said.append(f"{way} at {at}")
        match way:
            case 0 | 1:
                content[at] ^= 1 << dice.randrange(8)
            case 2:  # counts are varints; these are huge
                content[at : at + 1] = dice.choice(
                    (b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x10")
                )
            case 3:
                special = dice.choice((np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, -0.0, -1.0))
                content[at : at + 8] = np.float64(special).tobytes()
            case 4:
                content[at : at + 8] = dice.randbytes(8)
            case 5:
                del content[at : at + dice.randrange(1, 20)]
            case 6:  # the tail of another object's snapshot
                other = one_function(dice, tally).snapshot()[:-4]
                content[at:] = other[dice.randrange(len(other)) :]
            case _:
                content[at:at] = content[max(0, at - dice.randrange(40)) : at]
        if len(content) < 12:
            break
    blob = bytes(content)
    return blob + zlib.crc32(blob).to_bytes(4, "little"), ", ".join(said)


def exercise(live: Any, dice: Random, tally: Tally) -> None:
    """Goes on for some rows from a state that somebody made up: no answer is infinite, and it can be saved
    again.
    """
    answers: list[Any] = []
    for _ in range(6):
        size = dice.choice((1.0, 1.0, 100.0, 1e-9))

        def number(size: float = size) -> float:
            return dice.gauss(0, size)

        if isinstance(live, omega.FeatureSet):
            bar = {each: value(dice, each, number()) for each in live.inputs}
            answers.append(attempt(tally, partial(live.update, {"symbol": "A", **bar})).answer)
        elif isinstance(live, omega.MetricSet):
            part = {each: ["A", "C"] if each == "symbol" else [number(), number()] for each in live.inputs}
            attempt(tally, partial(live.update, part))
            found = attempt(tally, lambda: live.value).answer or {}
            answers += [row for row in found.values() if isinstance(row, dict)] or [found]
        elif isinstance(live, omega.Stream):
            row = [value(dice, each.name, number()) for each in omega.spec(live.function).inputs]
            answers.append(attempt(tally, partial(live.update, *row)).answer)
        else:
            inputs = omega.spec(live.function).inputs
            part = {each.name: [number(), number()] for each in inputs}
            attempt(tally, partial(live.update, part))
            answers.append(attempt(tally, lambda: live.value).answer)
    blob = attempt(tally, live.snapshot).answer
    for each in answers:
        values = each.values() if isinstance(each, dict) else each if isinstance(each, tuple) else (each,)
        for answer in values:
            if answer is not None and not np.isfinite(answer):
                raise Finding(f"a forged state answers {answer}")
    if isinstance(blob, bytes):
        again = attempt(tally, lambda: omega.restore(blob))
        if again.refusal is not None:
            raise Finding(f"a live object was saved and is refused: {again.refusal}")


ATTACK = Attack(about="damaged and forged snapshots", case=case, headroom=2**30)
