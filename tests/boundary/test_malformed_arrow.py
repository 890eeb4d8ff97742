"""Arrow structs that lie are refused by name, before a buffer is touched."""

import contextlib
import ctypes
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import omega
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omega import _rust
from omega.shared.exceptions import (
    InvalidShapeError,
    InvalidTypeError,
    MalformedArrowError,
    MissingColumnError,
    NonCpuDeviceError,
    OmegaError,
    ReleasedCapsuleError,
    StreamFailedError,
    UnsupportedTypeError,
    ZeroCopyRefusedError,
)

from tests.boundary.structs import Batch, Column, OnDevice, capsule, released
from tests.functions.market import only_typed_errors


def still_right() -> bool:
    """Whether the process still computes."""
    return omega.ta.sma(Column(), period=2, strict_zero_copy=True) is not None and omega.ta.sma(
        [1.0, 3.0], period=2
    ) == [None, 2.0]


def test_an_honest_struct_by_hand_is_read_where_it_lies() -> None:
    column = Column([1.0, 3.0, 5.0])
    assert _rust.testing.addresses(column, ["close"]) == [[(column.values.ctypes.data, 3)]]
    assert pa.array(omega.ta.sma(column, period=2)).to_pylist() == [None, 2.0, 4.0]
    assert pa.array(omega.ta.sma(Batch([column], 3), period=2)).to_pylist() == [None, 2.0, 4.0]


def test_borrowed_structs_are_left_to_their_producer() -> None:
    released.clear()
    column = Column()
    for _ in range(3):
        omega.ta.sma(column, period=2)
    assert released == []
    assert column.array.release


@pytest.mark.parametrize(
    ("lies", "says"),
    [
        ({"length": -1}, "length must be at least 0, got `-1`"),
        ({"length": -(2**63)}, "length must be at least 0"),
        ({"offset": -1}, "offset must be at least 0, got `-1`"),
        ({"offset": 2**44}, "address space"),
        ({"offset": 2**62}, "address space"),
        ({"offset": 2**63 - 1, "length": 1}, "address space"),
        ({"length": 2**62}, "address space"),
        ({"null_count": -2}, "null_count must be -1, or from 0 to the length, got `-2`"),
        ({"null_count": 5}, "null_count .* got `5`"),
        ({"null_count": 2**63 - 1}, "null_count"),
        ({"n_buffers": 0}, "number of buffers must be at least 2"),
        ({"n_buffers": 1}, "number of buffers must be at least 2"),
        ({"n_buffers": -1}, "number of buffers"),
        ({"buffers": None}, "number of buffers|buffers"),
    ],
    ids=str,
)
@pytest.mark.parametrize("in_a_batch", [False, True])
def test_a_column_that_lies_about_itself_is_refused(
    lies: dict[str, Any], says: str, in_a_batch: bool
) -> None:
    column = Column(**lies)
    data = Batch([column]) if in_a_batch else column
    with pytest.raises(MalformedArrowError, match=says) as refusal:
        omega.ta.sma(data, period=2)
    assert refusal.value.fields["name"] == "close"
    assert still_right()


def test_values_without_a_buffer_are_refused_unless_there_are_none() -> None:
    with pytest.raises(MalformedArrowError, match="values buffer must be present, got `NULL`"):
        omega.ta.sma(Column(memory=[None, None]), period=2)
    assert len(omega.ta.sma(Column([], memory=[None, None]), period=2)) == 0
    assert len(omega.ta.sma(Batch([Column([], memory=[None, None])], 0), period=2)) == 0


def test_a_count_nobody_made_without_a_bitmap_means_no_nulls() -> None:
    assert pa.array(omega.ta.sma(Column(null_count=-1), period=1)).null_count == 0


def test_nulls_without_a_bitmap_are_a_contradiction() -> None:
    with pytest.raises(MalformedArrowError, match="null_count"):
        omega.ta.sma(Column(null_count=2), period=1)


def test_a_bitmap_of_which_no_count_is_known_is_read() -> None:
    bits = ctypes.c_uint8(0b0101)
    values = np.array([1.0, 2.0, 3.0, 4.0])
    for count in (-1, 2):
        column = Column(values, memory=[ctypes.addressof(bits), values.ctypes.data], null_count=count)
        assert pa.array(omega.ta.sma(column, period=1)).to_pylist() == [1.0, None, 3.0, None]


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        (lambda: Batch([Column()], 5), "length must be at least 5"),
        (lambda: Batch([Column()], 4, offset=1), "length must be at least 5"),
        (lambda: Batch([Column()], -1), "length must be at least 0"),
        (lambda: Batch([Column()], 4, offset=-3), "offset must be at least 0"),
        (lambda: Batch([Column()], 4, offset=2**60), "address space|length"),
        (lambda: Batch([Column()], 4, n_children=2), "number of children must be 1"),
        (lambda: Batch([Column()], 4, n_children=0), "number of children must be 1"),
        (lambda: Batch([Column()], 4, n_children=-1), "number of children"),
        (lambda: Batch([Column()], 4, n_children=-1, schema_n_children=-1), "number of children|close"),
        (lambda: Batch([Column()], 4, children=None), "child"),
        (lambda: Batch([Column()], 4, schema_children=None), "child"),
        (lambda: Batch([Column()], 4, n_buffers=0), "number of buffers must be at least 1"),
    ],
)
def test_a_batch_that_lies_about_its_columns_is_refused(batch: Any, says: str) -> None:
    with pytest.raises((MalformedArrowError, MissingColumnError), match=says):
        omega.ta.sma(batch(), period=2)
    assert still_right()


def test_a_child_that_is_null_is_refused() -> None:
    batch = Batch([Column(), Column(name=b"open")])
    batch.arrays[1] = ctypes.POINTER(type(batch.array))()
    with pytest.raises(MalformedArrowError, match="child must be present, got `NULL`"):
        omega.ta.sma(batch)


@pytest.mark.parametrize(
    "kind", [None, b"", b"x", b"\xff", b"d:38,0,256", b"d:9,2,32", b"w:8", b"tdD", b"b", b"e", b"z"]
)
def test_a_type_that_is_no_number_is_refused(kind: bytes | None) -> None:
    column = Column(kind=kind, memory=[None, np.zeros(64).ctypes.data, np.zeros(8).ctypes.data])
    with pytest.raises(UnsupportedTypeError) as refusal:
        omega.ta.sma(column)
    assert refusal.value.fields["name"] == "close"
    assert still_right()


@pytest.mark.parametrize(
    "kind",
    [
        b"d:",
        b"d:3",
        b"d:3,x",
        b"d:x,2",
        b"d:,",
        b"d:0,0",
        b"d:-1,0",
        b"d:39,0",
        b"d:38,400",
        b"d:38,39",
        b"d:38,-39",
        b"d:38,-2147483648",
        b"d:99999999999,0",
        b"d:38,0,0",
        b"d:38,0,129",
        b"d:38,0,x",
        b"d:38,0,128,1",
        b"d:10,2,32",
        b"d:19,2,64",
        b"d:77,2,256",
    ],
)
def test_a_type_of_decimals_that_cannot_be_is_refused(kind: bytes) -> None:
    with pytest.raises(MalformedArrowError, match="the type of decimals must be") as refusal:
        omega.ta.sma(Column(kind=kind, memory=[None, np.zeros(64).ctypes.data]))
    assert refusal.value.fields["value"] == kind.decode()


@pytest.mark.parametrize("scale", [-38, -23, -1, 0, 2, 12, 19, 20, 38])
def test_decimals_are_rounded_once(scale: int) -> None:
    rng = np.random.default_rng(scale + 38)
    digits = [
        sign * int("".join(map(str, rng.integers(0, 10, length))))
        for length in range(1, 39)
        for sign in (1, -1)
    ]
    values = np.frombuffer(
        b"".join(value.to_bytes(16, "little", signed=True) for value in digits), np.float64
    )
    column = Column(kind=b"d:38,%d" % scale, memory=[None, values.ctypes.data], length=len(digits))
    exact = [float(f"{value}e{-scale}") for value in digits]
    assert pa.array(omega.ta.sma(column, period=1)).to_pylist() == exact


def test_a_column_of_decimals_and_the_list_of_them_are_the_same_numbers() -> None:
    decimals = [Decimal("123456789.012345678901"), Decimal("-0.1"), Decimal("99999999999.999999999999"), None]
    column = pa.array(decimals, pa.decimal128(38, 12))
    assert omega.ta.sma(column, period=1).to_pylist() == omega.ta.sma(decimals, period=1)


def views(*, sizes: int | None = 40, data: bool = True, **lies: Any) -> tuple[Column, list[Any]]:
    """A column of text views of which one is long; either of the buffers behind it may be NULL."""
    text = np.frombuffer(b"A" * 40, np.uint8)
    view = np.frombuffer(
        b"".join([(1).to_bytes(4, "little"), b"B" * 12, (20).to_bytes(4, "little"), bytes(12)]), np.uint8
    )
    size = np.array([sizes or 0])
    memory = [None, view.ctypes.data, text.ctypes.data if data else None, size.ctypes.data if sizes else None]
    return Column([0.0, 0.0], kind=b"vu", memory=memory, **lies), [text, view, size]


def test_views_of_text_by_hand_are_read() -> None:
    column, _alive = views()
    assert pa.table(omega.risk.max_drawdown(pa.array([0.1, 0.2]), by=column))["by"].to_pylist() == [
        "B",
        "A" * 20,
    ]


@pytest.mark.parametrize(
    "lies",
    [
        {"sizes": None},
        {"data": False},
        {"sizes": 19},
        {"sizes": -1},
        {"n_buffers": 3},
        {"n_buffers": 2},
        {"n_buffers": 2**62},
        {"n_buffers": 2**63 - 1},
        {"n_buffers": -1},
        {"buffers": None},
    ],
    ids=str,
)
def test_views_of_text_that_lead_nowhere_are_refused(lies: dict[str, Any]) -> None:
    column, _alive = views(**lies)
    with pytest.raises(MalformedArrowError):
        omega.risk.max_drawdown([0.1, 0.2], by=column)
    assert still_right()


#: What each kind of field must have: its format, and which of its buffers rows cannot do without.
KINDS = {
    **{kind: (kind, [1]) for kind in (b"g", b"f", b"c", b"C", b"s", b"S", b"i", b"I", b"l", b"L", b"d:9,2")},
    **{kind: (kind, [1, 2]) for kind in (b"u", b"U")},
    b"vu": (b"vu", [1]),
}
ABSURD = [-1, -(2**63), 2**40, 2**60, 2**62, 2**63 - 1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pointer_and_every_count_of_every_kind_of_field_is_looked_at(kind: bytes) -> None:
    """As data, as groups, as a record batch and through arrow-rs: an answer or a refusal, and no crash."""
    room = np.zeros(64)
    offsets = np.arange(32, dtype=np.int64 if kind == b"U" else np.int32)

    def column(null: set[int], **lies: Any) -> Column:
        second = offsets if kind in (b"u", b"U") else room
        memory = [None, second.ctypes.data, room.ctypes.data, room.ctypes.data]
        memory = memory[: 4 if kind == b"vu" else 3 if kind in (b"u", b"U") else 2]
        return Column(kind=kind, memory=[None if i in null else at for i, at in enumerate(memory)], **lies)

    cases: list[tuple[set[int], dict[str, Any]]] = [({index}, {}) for index in KINDS[kind][1]]
    cases += [(set(), {field: value}) for field in ("n_buffers", "n_children") for value in ABSURD]
    # A length that fits in the address space cannot be told from an honest one.
    cases += [(set(), {field: value}) for field in ("length", "offset") for value in ABSURD if value != 2**40]
    cases += [(set(), {"null_count": value}) for value in (*ABSURD, 1) if value != -1]
    cases += [(set(), {"buffers": None})]
    for null, lies in cases:
        uses: tuple[Callable[[Any], Any], ...] = (
            lambda data: omega.ta.sma(data, period=2),
            lambda data: omega.ta.sma([1.0] * 4, period=2, by=data),
            lambda data: omega.ta.sma(Batch([data]), period=2),
            lambda data: omega.ta.sma(Batch([Column(), data]), period=2),
            lambda data: omega.FeatureSet({"x": ("ta.sma", {})}, by="key").run(Batch([Column(), data])),
            lambda data: _rust.schemas.null_counts(Batch([data])),
            lambda data: _rust.records.Bar.from_arrow(Batch([data])),
            lambda data: _rust.schemas.null_counts(Streamed(Batch([data]))),
            lambda data: omega.ta.sma(Streamed(Batch([data])), period=2),
        )
        for use in uses:
            with contextlib.suppress(OmegaError):
                use(column(null, **lies))
        with pytest.raises(MalformedArrowError):
            _rust.schemas.null_counts(Batch([column(null, **lies)]))
    assert still_right()


@pytest.mark.parametrize("count", [2**20 + 1, *ABSURD])
def test_absurd_numbers_of_children_are_refused(count: int) -> None:
    for lies in (
        {"n_children": count, "schema_n_children": count},
        {"n_children": count},
        {"schema_n_children": count},
    ):
        for use in (omega.ta.sma, _rust.schemas.null_counts, _rust.schemas.describe):
            with pytest.raises(MalformedArrowError):
                use(Batch([Column()], **lies))
            with contextlib.suppress(MalformedArrowError):
                use(Streamed(Batch([Column()], **lies)))
    assert still_right()


@pytest.mark.parametrize("part", ["schema", "array"])
def test_a_child_that_was_moved_away_is_refused(part: str) -> None:
    for use in (omega.ta.sma, _rust.schemas.null_counts):
        column = Column()
        getattr(column, part).release = None
        with pytest.raises(MalformedArrowError, match="child"):
            use(Batch([column]))


@pytest.mark.parametrize("kind", [b"i", b"l", b"g", b"u"])
def test_a_dictionary_is_in_the_type_and_in_the_array_or_in_neither(kind: bytes) -> None:
    values = Column([1.0, 2.0])
    for part in ("schema", "array"):
        column = Column(
            np.zeros(4), kind=kind, memory=[None, np.zeros(8).ctypes.data, np.zeros(8).ctypes.data]
        )
        getattr(column, part).dictionary = ctypes.pointer(getattr(values, part))
        for use in (
            omega.ta.sma,
            lambda data: omega.ta.sma([1.0] * 4, by=data),
            lambda data: omega.ta.sma(Batch([data])),
            lambda data: _rust.schemas.null_counts(Batch([data])),
        ):
            with pytest.raises(MalformedArrowError, match="the array's dictionary must be"):
                use(column)
    assert still_right()


def metadata(*pairs: tuple[bytes, bytes]) -> bytes:
    parts = [len(pairs).to_bytes(4, "little")]
    for half in (half for pair in pairs for half in pair):
        parts += [len(half).to_bytes(4, "little"), half]
    return b"".join(parts)


@pytest.mark.parametrize(
    "name",
    [
        "arrow.bool8",
        "arrow.uuid",
        "arrow.json",
        "arrow.fixed_shape_tensor",
        "arrow.opaque",
        "geoarrow.point",
        "my.own",
    ],
)
def test_an_extension_type_is_not_the_numbers_that_it_is_stored_in(name: str) -> None:
    raw = ctypes.create_string_buffer(metadata((b"unit", b"USD"), (b"ARROW:extension:name", name.encode())))
    for kind in (b"g", b"l"):
        column = Column(kind=kind)
        column.schema.metadata = ctypes.cast(raw, ctypes.c_char_p)
        for use in (
            omega.ta.sma,
            lambda data: omega.ta.sma([1.0] * 4, by=data),
            lambda data: omega.ta.sma(Batch([data])),
        ):
            with pytest.raises(UnsupportedTypeError, match=f"got `{name}`"):
                use(column)


def test_extension_types_of_pyarrow_are_refused_by_name() -> None:
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8()))
    with pytest.raises(UnsupportedTypeError, match=r"arrow\.bool8"):
        omega.ta.sma(flags, period=1)
    with pytest.raises(UnsupportedTypeError, match=r"arrow\.bool8"):
        omega.ta.sma([1.0, 2.0], by=flags)
    with pytest.raises(UnsupportedTypeError, match=r"arrow\.bool8"):
        omega.ta.sma(pa.table({"close": flags}), period=1)


def test_metadata_that_say_nothing_of_a_type_change_nothing() -> None:
    field = pa.field("close", pa.float64(), metadata={"unit": "USD", "": ""})
    table = pa.table([pa.array([1.0, 3.0])], schema=pa.schema([field]))
    assert omega.ta.sma(table, period=2).to_pylist() == [None, 2.0]


@pytest.mark.parametrize(
    "raw",
    [(-1).to_bytes(4, "little", signed=True), (2**31 - 1).to_bytes(4, "little"), b"\1\0\0\0\xff\xff\xff\xff"],
)
def test_metadata_of_absurd_lengths_are_refused(raw: bytes) -> None:
    held = ctypes.create_string_buffer(raw + bytes(64))
    column = Column()
    column.schema.metadata = ctypes.cast(held, ctypes.c_char_p)
    for use in (omega.ta.sma, lambda data: _rust.schemas.null_counts(Batch([data]))):
        with pytest.raises(MalformedArrowError, match="metadata"):
            use(column)


class Streamed:
    """A stream of one batch by hand."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.left = 1
        self.callbacks = (
            ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self.get_schema),
            ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(self.get_next),
            RELEASE_STREAM,
        )
        schema, following, release = (ctypes.cast(each, ctypes.c_void_p) for each in self.callbacks)
        self.struct = (ctypes.c_void_p * 5)(schema, following, None, release, None)

    def get_schema(self, _stream: int, out: int) -> int:
        ctypes.memmove(out, ctypes.addressof(self.batch.schema), ctypes.sizeof(self.batch.schema))
        return 0

    def get_next(self, _stream: int, out: int) -> int:
        if self.left:
            ctypes.memmove(out, ctypes.addressof(self.batch.array), ctypes.sizeof(self.batch.array))
        self.left = 0
        return 0

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return capsule(self.struct, b"arrow_array_stream")


RELEASE_STREAM = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _stream: None)


def test_a_name_that_is_no_text_is_no_name() -> None:
    with pytest.raises(MissingColumnError):
        omega.ta.sma(Batch([Column(name=b"\xff\xfe")]))
    with pytest.raises(MissingColumnError):
        omega.ta.sma(Batch([Column(name=None)]))


def test_a_misaligned_buffer_is_copied_or_refused() -> None:
    raw = (ctypes.c_uint8 * 40)()
    start = ctypes.addressof(raw) + (1 if ctypes.addressof(raw) % 8 == 0 else 8)
    ctypes.memmove(start, np.array([1.0, 3.0, 5.0, 7.0]).ctypes.data, 32)
    column = Column(memory=[None, start])
    with omega.count_copies() as copies:
        assert pa.array(omega.ta.sma(column, period=2)).to_pylist() == [None, 2.0, 4.0, 6.0]
    assert [reason for _, reason, _ in copies.copies] == ["misaligned float64"]
    with pytest.raises(ZeroCopyRefusedError):
        omega.ta.sma(column, strict_zero_copy=True)


def test_a_released_struct_is_refused() -> None:
    for part in ("schema", "array"):
        column = Column()
        getattr(column, part).release = None
        with pytest.raises(ReleasedCapsuleError) as refusal:
            omega.ta.sma(column)
        assert refusal.value.fields["value"] == f"arrow_{part}"
    assert still_right()


class Handing:
    """Hands out the same capsules again and again."""

    def __init__(self, capsules: Any) -> None:
        self.capsules = capsules

    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any:
        return self.capsules


class OnlyStreaming:
    """Hands out the same stream again and again."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self.capsule


def test_a_capsule_that_somebody_else_has_imported_is_refused() -> None:
    capsules = pa.array([1.0, 2.0]).__arrow_c_array__()
    assert pa.Array._import_from_c_capsule(*capsules).to_pylist() == [1.0, 2.0]
    with pytest.raises(ReleasedCapsuleError):
        omega.ta.sma(Handing(capsules))


def test_capsules_of_an_array_are_borrowed_and_may_be_read_twice() -> None:
    capsules = pa.array([1.0, 3.0]).__arrow_c_array__()
    for _ in range(3):
        assert pa.array(omega.ta.sma(Handing(capsules), period=2)).to_pylist() == [None, 2.0]
    assert pa.Array._import_from_c_capsule(*capsules).to_pylist() == [1.0, 3.0]


def test_a_stream_is_read_once() -> None:
    stream = OnlyStreaming(pa.table({"close": [1.0, 3.0]}).__arrow_c_stream__())
    omega.ta.sma(stream, period=2)
    with pytest.raises((ReleasedCapsuleError, StreamFailedError)):
        omega.ta.sma(stream, period=2)
    assert still_right()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        1,
        (),
        (1, 2),
        (1, 2, 3),
        "capsules",
        pa.array([1.0]).__arrow_c_array__()[0],
        pa.array([1.0]).__arrow_c_array__()[::-1],
        (pa.array([1.0]).__arrow_c_array__()[0],) * 2,
        list(pa.array([1.0]).__arrow_c_array__()),
    ],
    ids=lambda answer: repr(answer)[:30],
)
def test_a_producer_that_hands_out_no_capsules_is_refused(answer: Any) -> None:
    for producer in (Handing(answer), OnlyStreaming(answer)):
        with pytest.raises((InvalidTypeError, ReleasedCapsuleError)):
            omega.ta.sma(producer)
    assert still_right()


@pytest.mark.parametrize("device_type", [2, 3, 4, 7, 8, 10, 13, 0, -1, 2**31 - 1])
def test_memory_of_a_device_is_refused(device_type: int) -> None:
    with pytest.raises(NonCpuDeviceError) as refusal:
        omega.ta.sma(OnDevice(Column(), device_type))
    assert refusal.value.fields == {"allowed": refusal.value.fields["allowed"], "value": str(device_type)}
    assert "CPU" in refusal.value.fields["allowed"]


def test_a_device_interface_over_ordinary_memory_is_read() -> None:
    assert pa.array(omega.ta.sma(OnDevice(Column(), 1), period=1)).to_pylist() == [1.0, 2.0, 3.0, 4.0]


def test_tensors_of_a_device_are_refused() -> None:
    class Tensor:
        def __dlpack_device__(self) -> tuple[int, int]:
            return (2, 0)

    class OldTensor:
        @property
        def __cuda_array_interface__(self) -> dict[str, Any]:
            return {"shape": (4,), "typestr": "<f8", "data": (0, False), "version": 3}

    tensors: list[Any] = [Tensor(), OldTensor(), {"close": Tensor()}]
    for tensor in tensors:
        with pytest.raises(NonCpuDeviceError, match="device type `2`"):
            omega.ta.sma(tensor)


def test_a_batch_with_two_columns_of_one_name_is_refused() -> None:
    batch = pa.record_batch([pa.array([1.0]), pa.array([2.0]), pa.array([3.0])], ["close", "close", "open"])
    with pytest.raises(InvalidShapeError, match="close"):
        omega.ta.sma(batch)
    # Columns that nobody reads may be twins.
    other = pa.record_batch([pa.array([1.0]), pa.array([2.0]), pa.array([3.0])], ["open", "open", "close"])
    assert omega.ta.sma(other, period=1).to_pylist() == [3.0]


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "length": st.integers(-(2**63), 4),
            "null_count": st.integers(-(2**63), 2**63 - 1),
            "offset": st.integers(-(2**63), 0) | st.integers(2**44, 2**63 - 1),
            "n_buffers": st.integers(-(2**63), 2),
            "n_children": st.integers(-(2**63), 0),
        },
    )
)
def test_no_lie_about_a_number_crashes(lies: dict[str, int]) -> None:
    for data in (Column(**lies), Batch([Column(**lies)]), Batch([Column()], **lies)):  # type: ignore[arg-type]
        with only_typed_errors():
            omega.ta.sma(data, period=2)
    assert still_right()


@pytest.mark.parametrize("failing", ["first", "second"])
def test_a_stream_that_fails_midway_gives_nothing(failing: str) -> None:
    schema = pa.schema({"returns": pa.float64(), "close": pa.float64()})

    def batches() -> Any:
        if failing == "second":
            yield pa.record_batch({"returns": [0.1, 0.2], "close": [1.0, 2.0]})
        raise OSError("the disk is gone")

    def reader() -> Any:
        return pa.RecordBatchReader.from_batches(schema, batches())

    with pytest.raises(StreamFailedError, match="the disk is gone") as refusal:
        omega.ta.sma(reader())
    assert refusal.value.fields["value"] == ("2" if failing == "second" else "0")
    accumulator = omega.accumulate("risk.volatility")
    with pytest.raises(StreamFailedError):
        accumulator.update(reader())
    assert accumulator.rows == 0
    features = omega.FeatureSet({"x": ("ta.sma", {"period": 1})})
    with pytest.raises(StreamFailedError):
        features.extend(reader())
    assert still_right()


def test_a_producer_that_raises_is_the_cause_of_a_typed_error() -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            raise RuntimeError("no stream today")

    class BrokenArray:
        def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
            raise RuntimeError("no stream today")

    producers: list[Any] = [Broken(), BrokenArray(), {"close": Broken()}]
    for producer in producers:
        with pytest.raises(StreamFailedError, match="no stream today") as refusal:
            omega.ta.sma(producer)
        assert isinstance(refusal.value.__cause__, RuntimeError)
    assert still_right()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interruption_in_a_producer_passes_through(interruption: type[BaseException]) -> None:
    class Interrupted:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            raise interruption

    for data in (Interrupted(), {"close": Interrupted()}):
        with pytest.raises(interruption):
            omega.ta.sma(data)
    assert still_right()


def test_a_capsule_of_the_wrong_name_is_refused_by_both_names() -> None:
    column = Column()
    wrong = (capsule(column.schema, b"arrow_schema"), capsule(column.array, b"something_else"))
    with pytest.raises(ReleasedCapsuleError, match="something_else") as refusal:
        omega.ta.sma(Handing(wrong))
    assert "arrow_array" in refusal.value.fields["allowed"]
