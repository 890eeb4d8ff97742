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
    as_batch = dice.random() < 0.6
    formats = types(dice, [*names, b"key"] if as_batch else names[:1], as_batch)
    nodes = [build(dice, formats, rows, as_batch) for _ in range(dice.choice((1, 1, 2, 3)))]
    lies = [dice.choice(everything(dice.choice(nodes))).lie() for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))]
    producer: Any = (
        HostileStream(dice, nodes) if len(nodes) > 1 or dice.random() < 0.4 else HostileArray(nodes[0])
    )
    said = producer.said if isinstance(producer, HostileStream) else ""
    written = [(each.schema.format or b"NULL")[:12] for each in everything(nodes[0])]
    tally.note(f"{spec.name}, {type(producer).__name__} of {written}, {rows} rows, lies about {lies}{said}")
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


def types(dice: Random, names: list[bytes], as_batch: bool) -> list[tuple[bytes, bytes]]:
    """Columns by name and type, the last one of keys if they are a batch."""
    made = [(name, b"g" if as_batch and dice.random() < 0.8 else dice.choice(FORMATS)) for name in names]
    if as_batch:
        made[-1] = (names[-1], dice.choice((b"u", b"U", b"vu", b"l", b"i", b"c")))
    return made


def build(dice: Random, formats: list[tuple[bytes, bytes]], rows: int, as_batch: bool) -> Node:
    """A record batch or one column. All of a stream have one type, or texts would be out of bounds."""
    children = [Node(dice, name, kind, rows, []) for name, kind in formats]
    return Node(dice, b"", b"+s", rows, children) if as_batch else children[0]


def everything(node: Node) -> list[Node]:
    """A node and what is below it."""
    return [node, *(below for child in node.children for below in everything(child))]


ATTACK = Attack(about="Arrow structs that lie", case=case)
