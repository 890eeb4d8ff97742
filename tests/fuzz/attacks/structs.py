"""Arrow C structs, mutated field by field: a typed refusal or an answer, and never a crash."""

from __future__ import annotations

from random import Random
from typing import Any

import omega

from tests.fuzz.attack import Attack, Finding, Tally, attempt
from tests.fuzz.attacks.door import finite
from tests.fuzz.forge import FORMATS, HostileArray, HostileStream, Node
from tests.fuzz.samples import KERNELS, ROWWISE


def case(dice: Random, tally: Tally) -> None:
    """Data, or a column of groups beside honest data, with up to three lies in its structs."""
    spec = dice.choice(KERNELS)
    names = [each.name.encode() for each in spec.inputs]
    rows = dice.choice((0, 1, 4, 9))
    as_groups = dice.random() < 0.5
    nodes = [
        batch(dice, [*names, b"key"], rows) if dice.random() < 0.6 else column(dice, names[0], rows)
        for _ in range(dice.choice((1, 1, 2, 3)))
    ]
    lies = [dice.choice(everything(dice.choice(nodes))).lie() for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))]
    producer: Any = (
        HostileStream(dice, nodes) if len(nodes) > 1 or dice.random() < 0.4 else HostileArray(nodes[0])
    )
    said = producer.said if isinstance(producer, HostileStream) else ""
    formats = [(each.schema.format or b"NULL")[:12] for each in everything(nodes[0])]
    tally.note(f"{spec.name}, {type(producer).__name__} of {formats}, {rows} rows, lies about {lies}{said}")
    call(dice, tally, spec.name, producer, as_groups, {each.name: [1.0] * rows for each in spec.inputs})
    if omega.ta.sma([1.0, 3.0], period=2) != [None, 2.0]:
        raise Finding("the process no longer computes")


def call(
    dice: Random, tally: Tally, name: str, producer: Any, as_groups: bool, honest: dict[str, list[float]]
) -> None:
    """Hands the producer over somewhere."""
    match dice.randrange(6):
        case 0 | 1 | 2 if as_groups:
            finite(attempt(tally, lambda: omega.call(name, honest, by=producer)))
        case 0 | 1 | 2:
            finite(attempt(tally, lambda: omega.call(name, producer, by=dice.choice((None, None, "key")))))
        case 3:
            strict = dice.random() < 0.5
            finite(
                attempt(
                    tally, lambda: omega.call(name, dict.fromkeys(honest, producer), strict_zero_copy=strict)
                )
            )
        case 4:
            accumulator = omega.accumulate("risk.volatility")
            outcome = attempt(tally, lambda: accumulator.update(producer))
            if outcome.refusal is not None and accumulator.rows:
                raise Finding("rows were kept of a stream that was refused")
        case _:
            features = omega.FeatureSet({"x": (dice.choice(ROWWISE).name, {})}, by=dice.choice((None, "key")))
            attempt(tally, lambda: features.extend(producer))


def column(dice: Random, name: bytes, rows: int) -> Node:
    """One column of a type that the door may know."""
    return Node(dice, name, dice.choice(FORMATS), rows, [])


def batch(dice: Random, names: list[bytes], rows: int) -> Node:
    """A record batch of numbers and a column of keys."""
    children = [
        Node(dice, name, b"g" if dice.random() < 0.8 else dice.choice(FORMATS), rows, [])
        for name in names[:-1]
    ]
    keys = dice.choice((b"u", b"U", b"vu", b"l", b"i", b"c"))
    return Node(dice, b"", b"+s", rows, [*children, Node(dice, names[-1], keys, rows, [])])


def everything(node: Node) -> list[Node]:
    """A node and what is below it."""
    return [node, *(below for child in node.children for below in everything(child))]


ATTACK = Attack(about="Arrow structs that lie", case=case)
