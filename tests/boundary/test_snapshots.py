"""A snapshot that was cut, changed or written by another version is refused, and nothing else happens."""

import pickle
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import omega
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega.shared.exceptions import (
    InvalidTypeError,
    OmegaError,
    SnapshotCorruptError,
    SnapshotVersionError,
    UnexpectedInternalError,
)

from tests.functions.market import (
    REDUCTION_SHAPES,
    ROWWISE_SHAPES,
    RUST_SHAPES,
    inputs,
    only_typed_errors,
    rows_of,
    walk,
)


def stream(name: str) -> Any:
    made = omega.stream(name)
    for row in rows_of(inputs(name, 70)):
        made.update(*row)
    return made


def accumulator(name: str) -> Any:
    made = omega.accumulate(name)
    made.update(inputs(name, 20))
    return made


def features() -> Any:
    made = omega.FeatureSet({"a": ("ta.rsi", {"period": 3}), "b": ("ta.macd", {})}, by="symbol")
    for row, close in enumerate(walk(50)["close"]):
        made.update(close=close, symbol="AB"[row % 2])
    return made


def metrics() -> Any:
    made = omega.MetricSet({"a": ("risk.volatility", {}), "b": ("risk.value_at_risk", {})}, by="symbol")
    made.update({"returns": inputs("risk.volatility", 20)["returns"], "symbol": list("AB" * 10)})
    return made


LIVE: dict[str, Callable[[], Any]] = {
    **{name: partial(stream, name) for name in ROWWISE_SHAPES},
    **{name: partial(accumulator, name) for name in REDUCTION_SHAPES},
    "FeatureSet": features,
    "MetricSet": metrics,
}
every_kind = pytest.mark.parametrize("kind", LIVE)


@pytest.fixture(autouse=True)
def _afterwards_answers_are_right() -> Iterator[None]:
    yield
    assert omega.ta.sma([1.0, 3.0], period=2) == [None, 2.0]


def sealed(content: bytes) -> bytes:
    """The content under a checksum that fits, as an attacker or another version would write it."""
    return content + zlib.crc32(content).to_bytes(4, "little")


@every_kind
def test_a_snapshot_is_the_same_bytes_when_taken_again_from_what_it_restores(kind: str) -> None:
    blob = LIVE[kind]().snapshot()
    assert omega.restore(blob).snapshot() == blob


@every_kind
def test_a_snapshot_cut_at_any_byte_is_refused(kind: str) -> None:
    blob = LIVE[kind]().snapshot()
    for end in range(len(blob)):
        with pytest.raises(SnapshotCorruptError):
            omega.restore(blob[:end])
    for longer in (blob + b"\0", blob + blob, b"\0" + blob):
        with pytest.raises(SnapshotCorruptError):
            omega.restore(longer)


@every_kind
def test_a_snapshot_with_any_bit_flipped_is_refused(kind: str) -> None:
    blob = LIVE[kind]().snapshot()
    for byte in range(len(blob)):
        for bit in range(8):
            flipped = bytearray(blob)
            flipped[byte] ^= 1 << bit
            with pytest.raises(SnapshotCorruptError):
                omega.restore(bytes(flipped))


@every_kind
def test_a_forged_snapshot_restores_to_something_sound_or_is_refused(kind: str) -> None:
    """Every bit flipped under a checksum that fits: the state itself is looked at."""
    blob = LIVE[kind]().snapshot()
    for byte in range(len(blob) - 4):
        for bit in (0, 3, 7):
            forged = bytearray(blob[:-4])
            forged[byte] ^= 1 << bit
            with only_typed_errors():
                exercise(omega.restore(sealed(bytes(forged))))


def exercise(live: Any) -> None:
    """Goes on for a few rows from a state that somebody made up."""
    if isinstance(live, omega.FeatureSet):
        for _ in range(3):
            live.update({each: "A" if each == "symbol" else 1.0 for each in live.inputs})
    elif isinstance(live, omega.MetricSet):
        live.update({each: ["A", "C"] if each == "symbol" else [0.1, -0.1] for each in live.inputs})
        live.merge(live)
        _ = live.value
    elif isinstance(live, omega.Stream):
        width = len(omega.spec(live.function).inputs)
        for row in range(3):
            live.update(*[float(row + 1)] * width)
    else:
        live.update([0.1, -0.1])
        _ = live.value
    live.snapshot()


@every_kind
def test_a_forged_snapshot_that_was_cut_is_refused(kind: str) -> None:
    content = LIVE[kind]().snapshot()[:-4]
    for end in range(10, len(content)):
        with pytest.raises(OmegaError) as refusal:
            exercise(omega.restore(sealed(content[:end])))
        assert not isinstance(refusal.value, UnexpectedInternalError)


@every_kind
def test_another_version_of_the_frame_is_refused_by_number(kind: str) -> None:
    content = bytearray(LIVE[kind]().snapshot()[:-4])
    content[8:10] = (3).to_bytes(2, "little")
    with pytest.raises(SnapshotVersionError) as refusal:
        omega.restore(sealed(bytes(content)))
    assert refusal.value.fields["value"] == "3"
    assert "2" in refusal.value.fields["allowed"]


@pytest.mark.parametrize("name", RUST_SHAPES)
def test_another_version_of_the_function_is_refused_by_name(name: str) -> None:
    content = LIVE[name]().snapshot()[:-4]
    version = omega.spec(name).version.encode()
    assert content.count(version) == 1
    with pytest.raises(SnapshotVersionError) as refusal:
        omega.restore(sealed(content.replace(version, b"9.9.9")))
    assert refusal.value.fields["name"] == name
    assert refusal.value.fields["value"] == "9.9.9"
    # Only the major says that the numbers are others.
    omega.restore(sealed(content.replace(version, version[:2] + b"9.9")))


def test_a_snapshot_of_a_function_that_is_not_there_is_refused() -> None:
    content = stream("ta.rsi").snapshot()[:-4]
    with pytest.raises(OmegaError, match=r"ta\.rsy"):
        omega.restore(sealed(content.replace(b"ta.rsi", b"ta.rsy")))


def test_a_snapshot_of_another_function_is_no_state_of_this_one() -> None:
    content = stream("ta.rsi").snapshot()[:-4]
    for other in (b"ta.sma", b"ta.ema", b"ta.adx", b"ta.obv"):
        with only_typed_errors():
            exercise(omega.restore(sealed(content.replace(b"ta.rsi", other))))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_snapshot_are_refused(blob: bytes) -> None:
    with pytest.raises(SnapshotCorruptError):
        omega.restore(blob)
    with pytest.raises((SnapshotCorruptError, SnapshotVersionError)):
        omega.restore(sealed(b"OMEGASNP" + blob))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_a_frame_around_anything_is_refused(blob: bytes) -> None:
    with only_typed_errors():
        exercise(omega.restore(sealed(b"OMEGASNP\x01\x00" + blob)))


@pytest.mark.parametrize("blob", [None, 7, "OMEGASNP", [1, 2], object(), 1.5, True], ids=repr)
def test_what_is_no_bytes_is_no_snapshot(blob: Any) -> None:
    with pytest.raises(InvalidTypeError, match="bytes"):
        omega.restore(blob)


def test_a_pickle_of_a_damaged_snapshot_is_refused() -> None:
    blob = bytearray(pickle.dumps(stream("ta.rsi")))
    blob[blob.index(b"OMEGASNP") + 60] ^= 1
    with pytest.raises(SnapshotCorruptError):
        pickle.loads(bytes(blob))
