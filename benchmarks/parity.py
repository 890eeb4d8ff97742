"""Whether Omega and a peer give the same answer on the same data: for tests, and before anything is timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import omega
from omega.functions import peers
from omega.functions.peers import PeerFunction

from benchmarks import references
from benchmarks.data import Bars, Floats
from benchmarks.paths import typed
from benchmarks.results import Parity

#: Relative, for indicators and metrics.
TOLERANCE = 1e-9
#: By which share of its size a likelihood may be lower and still be of the same top.
AT_THE_TOP = 1e-9


def kernels(bars: Bars) -> Iterator[Parity]:
    """Every output of every indicator and metric at its defaults against its peer."""
    for name in omega.functions():
        peer = peers.of(name)
        # The peer is called for every window: a million of them would take it minutes.
        if omega.spec(name).language == "rust" and (peer.window is None or len(bars) <= 10_000):
            read = references.columns(peer, bars)
            ours, theirs = answers(name, typed(name)(read)), references.answer(peer, read, {})
            for output in theirs:
                start = peer.start
                verdict = compare(
                    name, output, peer.package, bars.name, ours[output][start:], theirs[output][start:]
                )
                yield verdict.model_copy(update={"rows": len(next(iter(read.values())))})


def answers(name: str, answer: Any) -> dict[str, Floats]:
    """What Omega answered, by output: arrays, of one number where the answer is one."""
    spec = omega.spec(name)
    values = answer if isinstance(answer, tuple) else (answer,)
    columns = [np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in values]
    return dict(zip([each.name for each in spec.outputs], columns, strict=True))


def compare(
    function: str,
    output: str,
    peer: str,
    data: str,
    answer: Floats,
    expected: Floats,
    rows: int | None = None,
) -> Parity:
    """The worst relative difference between two columns: see `relative_difference`."""
    return Parity(
        function=function,
        output=output,
        peer=peer,
        data=data,
        rows=len(expected) if rows is None else rows,
        difference=(difference := relative_difference(answer, expected)),
        allowed=TOLERANCE,
        measure="relative difference",
        passed=difference <= TOLERANCE,
    )


def relative_difference(answer: Floats, expected: Floats) -> float:
    """The worst difference relative to the expected value; 1e300 where only one of the two has a value.

    A column that crosses zero, such as MACD, is a difference of numbers that are far greater: near the
    crossing the rounding of either library is large in comparison with what is left. There the difference is
    relative to the column's root mean square where that is greater.

    >>> relative_difference(np.array([np.nan, 1.0, 2.0]), np.array([np.nan, 1.0, 2.5]))
    0.2
    """
    missing = np.isnan(expected)
    if len(answer) != len(expected) or not np.array_equal(np.isnan(answer), missing):
        return 1e300  # and not infinity, which JSON cannot say
    answer, expected = answer[~missing], expected[~missing]
    if not len(expected):
        return 0.0
    scale = np.abs(expected)
    if expected.min() < 0.0 < expected.max():
        scale = np.maximum(scale, math.sqrt(float(np.mean(np.square(expected)))))
    differences = np.abs(answer - expected)
    relative = np.divide(differences, scale, out=np.full_like(scale, 1e300), where=scale > 0)
    return float(np.where(differences == 0.0, 0.0, relative).max())


def shortfall(ours: Floats, theirs: Floats) -> float:
    """By which share of the peer's Omega's number is lower, at the worst place."""
    return float(np.max(np.maximum(0.0, (theirs - ours) / np.abs(theirs))))


def apart(ours: Floats, theirs: Floats) -> float:
    """How many standard errors lie between the means of two random samples.

    The two draw other random numbers, so nothing can agree to the last digit.
    """
    error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    return abs(float(ours.mean() - theirs.mean())) / error


#: What is said of each measure of the table of peers, and how it is taken of Omega's numbers and the peer's.
MEASURES: dict[str, tuple[str, Callable[[Floats, Floats], float]]] = {
    "within": ("relative difference", relative_difference),
    "not_below": ("relative, worse than the peer", shortfall),
    "sampled": ("standard errors of the simulations", apart),
}


def models(bars: Bars, rows: int, starts: int) -> Iterator[Parity]:
    """Every model as it is timed, the peer from several starts where it takes a number of them."""
    for name in omega.functions():
        if omega.spec(name).language == "julia":
            peer = peers.of(name)
            constants = dict(peer.constants if peer.timed.constants is None else peer.timed.constants)
            if "starts" in constants:
                constants["starts"] = starts
            read = references.columns(peer, bars, rows)
            given = {key: value for key, value in peer.timed.parameters.items() if not peer.timed.label}
            yield from model(peer, read, f"first {rows:,} returns of {bars.name}", given, constants)


def model(
    peer: PeerFunction,
    read: Mapping[str, Floats],
    data: str,
    given: Mapping[str, Any],
    constants: Mapping[str, Any] | None,
) -> Iterator[Parity]:
    """The outputs of a model that its table says to compare, by the measures that it says."""
    ours = typed(peer.omega)(**read, **given)
    theirs = references.answer(peer, read, given, constants)
    found = {
        output: np.atleast_1d(np.asarray(getattr(ours, output), dtype=np.float64)) for output in peer.compare
    }
    # A peer that stopped below the top has parameters of another place.
    below = any(
        "not_below" in wanted and shortfall(theirs[output], found[output]) > AT_THE_TOP
        for output, wanted in peer.compare.items()
    )
    for output, wanted in peer.compare.items():
        for word, allowed in wanted.items():
            if below and word == "within":
                continue
            said, measure = MEASURES[word]
            difference = measure(found[output], theirs[output])
            yield Parity(
                function=peer.omega,
                output=output,
                peer=peer.package,
                data=data,
                rows=len(next(iter(read.values()))),
                difference=difference,
                allowed=allowed,
                measure=said,
                passed=difference <= allowed,
            )


def failures(parity: Sequence[Parity]) -> list[Parity]:
    """The comparisons that do not agree."""
    return [each for each in parity if not each.passed]
