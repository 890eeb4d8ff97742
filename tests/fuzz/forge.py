"""Arrow C structs with lies in them, of which each can be told without walking off the memory behind them.

The interface carries no sizes of buffers. So whatever a reader may believe lies in memory that is really
there: every
buffer has `ROWS` rows of slack, every list of children is filled up with NULL, and a number beyond the slack
is so far
beyond that no address space holds it.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tests.boundary.structs import RELEASE, Array, ReleaseFunction, Schema, capsule

#: What every buffer has room for.
ROWS = 1024
#: Pointers in every list of children or buffers; those that nobody set are NULL.
SLOTS = 64

FORMATS = [
    b"g", b"g", b"g", b"f", b"l", b"i", b"c", b"C", b"s", b"S", b"I", b"L", b"u", b"U", b"vu", b"z", b"vz",
    b"d:38,9",
]  # fmt: skip
STRANGE_FORMATS = [
    None, b"", b"x", b"\xff", b"d:", b"d:3,x", b"d:38,0,256", b"d:38,400", b"d:x,2", b"d:99,0", b"d:0,0",
    b"d:38,-400",
    b"w:8", b"w:-1", b"w:", b"tdD", b"tsn:UTC", b"ts", b"b", b"e", b"n", b"+s", b"+l", b"+w:2", b"+r",
    b"+ud:0", b"+vl",
    b"ggg", b"G", b"u\n", b"+", b"d:38,9,128,7", b"d:9999999999999999999,0", b"d:38,9" * 500,
]  # fmt: skip
COUNTS = [-1, -(2**31), -(2**63), 0, 1, 2, 3, 5, SLOTS, 2**40, 2**60, 2**63 - 1]
LENGTHS = [-1, -(2**63), 0, 1, 3, 5, 200, 2**44, 2**62, 2**63 - 1]


class Slots:
    """A list of pointers, NULL from some point on."""

    def __init__(self, pointers: list[int | None]) -> None:
        self.memory = (ctypes.c_void_p * SLOTS)(*pointers)

    def of(self, kind: Any) -> Any:
        return ctypes.cast(self.memory, ctypes.POINTER(kind))


class Node:
    """A schema and an array, honest until `lie` is called."""

    def __init__(self, dice: Random, name: bytes, kind: bytes, rows: int, children: list[Node]) -> None:
        self.dice, self.children, self.rows = dice, children, rows
        self.dictionary: Node | None = None
        self.memory: list[Any] = []
        self.schema = Schema(format=kind, name=name, release=RELEASE, n_children=len(children), flags=2)
        self.array = Array(length=rows, release=RELEASE, n_children=len(children))
        self.schema_slots = Slots([ctypes.addressof(child.schema) for child in children])
        self.array_slots = Slots([ctypes.addressof(child.array) for child in children])
        self.schema.children = self.schema_slots.of(ctypes.POINTER(Schema))
        self.array.children = self.array_slots.of(ctypes.POINTER(Array))
        pointers = self.buffers(kind)
        self.pointers = Slots(pointers)
        self.array.n_buffers = len(pointers)
        self.array.buffers = self.pointers.of(ctypes.c_void_p)

    def keep(self, values: Any) -> int:
        """The address of memory that lives as long as the node."""
        self.memory.append(values)
        return int(values.ctypes.data)

    def buffers(self, kind: bytes) -> list[int | None]:
        """What the type asks for, for `ROWS` rows."""
        dice = self.dice
        bitmap = (
            None
            if dice.random() < 0.5
            else self.keep(np.full(ROWS, 0xFF if dice.random() < 0.7 else 0xA5, "u1"))
        )
        if bitmap is not None:
            self.array.null_count = -1
        if kind == b"+s":
            return [bitmap]
        if kind in {b"u", b"U", b"z"}:
            offsets = np.minimum(np.arange(ROWS + 1) * 3, 900).astype("<i8" if kind == b"U" else "<i4")
            if (
                dice.random() < 0.3
            ):  # a text offset that goes back or below zero; one that goes too far cannot be told
                offsets[dice.randrange(5)] = dice.choice((-1, -(2**31), 0, 890))
            text = np.frombuffer("abcAß".encode() * 200, "u1").copy()
            return [bitmap, self.keep(offsets), self.keep(text)]
        if kind in {b"vu", b"vz"}:
            return self.views(bitmap)
        # 16 bytes a row, whatever the type: the format may become a lie later.
        values = {b"g": "<f8", b"f": "<f4"}.get(kind)
        if values is not None:
            return [bitmap, self.keep(np.arange(1, 4 * ROWS + 1, dtype=values))]
        return [bitmap, self.keep((np.arange(2 * ROWS) % 3).astype("<i8"))]

    def views(self, bitmap: int | None) -> list[int | None]:
        """Text views, short and long; some point at no buffer, before it, or behind its end, which its size
        tells.
        """
        dice = self.dice
        views = np.zeros((ROWS, 4), "<i4")
        views[:, 0] = 3
        for row in range(6):
            views[row] = (
                dice.choice((12, 13, 40)),
                0,
                dice.choice((0, 0, 0, 1)) if dice.random() < 0.2 else 0,
                0,
            )
            if dice.random() < 0.15:
                views[row, dice.choice((0, 2, 3))] = dice.choice((-1, 2**31 - 1, -(2**31), 7, 100))
        text = self.keep(np.frombuffer(b"some longer text " * 40, "u1").copy())
        sizes = self.keep(np.array([680], "<i8"))
        return [bitmap, self.keep(views), text, sizes]

    def lie(self) -> str:
        """Makes one field untrue; says which."""
        dice = self.dice
        schema, array = self.schema, self.array
        kind = schema.format or b""
        lies: dict[str, Callable[[], Any]] = {
            "length": lambda: setattr(array, "length", dice.choice(LENGTHS)),
            "null_count": lambda: setattr(
                array, "null_count", dice.choice((-2, -(2**63), 1, 4, 5, 2**63 - 1))
            ),
            "offset": lambda: setattr(
                array, "offset", dice.choice((-1, -(2**63), 1, 7, 200, 2**44, 2**63 - 1))
            ),
            "n_buffers": lambda: setattr(array, "n_buffers", dice.choice(COUNTS[:9])),
            "buffers": lambda: setattr(array, "buffers", None),
            "a buffer": lambda: self.pointers.memory.__setitem__(dice.randrange(4), None),
            "children of the array": lambda: setattr(array, "n_children", dice.choice(COUNTS)),
            "children of the schema": lambda: setattr(schema, "n_children", dice.choice(COUNTS)),
            "children of both": self.lie_about_children,
            "children pointer": lambda: setattr(dice.choice((schema, array)), "children", None),
            "a child": lambda: dice.choice((self.schema_slots, self.array_slots)).memory.__setitem__(0, None),
            "name": lambda: setattr(
                schema, "name", dice.choice((None, b"", b"\xff\xfe", b"x" * 5000, b"a\nb"))
            ),
            "release": lambda: setattr(dice.choice((schema, array)), "release", None),
            "metadata": lambda: setattr(schema, "flags", dice.choice((0, -1, 2**62))),
            "dictionary": self.lie_about_dictionary,
        }
        if kind not in {b"u", b"U", b"z", b"vu", b"vz"}:
            lies["format"] = lambda: setattr(schema, "format", dice.choice(STRANGE_FORMATS))
        name = dice.choice(list(lies))
        lies[name]()
        return name

    def lie_about_children(self) -> None:
        """A schema and an array that agree on children that are not there."""
        self.schema.n_children = self.array.n_children = self.dice.choice(COUNTS)

    def lie_about_dictionary(self) -> None:
        """Values on one side only, none that the indices find, or of a strange type."""
        dice = self.dice
        values = Node(
            dice, b"", dice.choice((b"u", b"U", b"vu", b"l", b"g")), dice.choice((0, 1, 3, 300)), []
        )
        self.dictionary = values
        which = dice.randrange(4)
        if which != 0:
            self.schema.dictionary = ctypes.pointer(values.schema)
        if which != 1:
            self.array.dictionary = ctypes.pointer(values.array)
        if dice.random() < 0.3:
            values.lie()


_Get = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Last = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


class StreamStruct(ctypes.Structure):
    """`ArrowArrayStream`."""

    _fields_ = [
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]


class HostileStream:
    """A stream of nodes, some of whose callbacks fail, are missing, or change their mind about the type."""

    def __init__(self, dice: Random, nodes: list[Node]) -> None:
        self.nodes, self.given, self.said = nodes, 0, ""
        fails_at = dice.choice((None, None, 0, 1, 2))
        code = dice.choice((errno.EIO, errno.ENOMEM, -1, 2**31 - 1, 1))
        message = dice.choice((None, b"", b"the disk is gone", b"\xff\xfe", b"x" * 100_000))
        self.message = None if message is None else ctypes.create_string_buffer(message)
        schema_fails = dice.random() < 0.1
        nameless = dice.random() < 0.1

        def get_schema(_: int | None, out: int) -> int:
            if schema_fails:
                return code
            if not nameless:
                ctypes.memmove(out, ctypes.addressof(nodes[0].schema), ctypes.sizeof(Schema))
            return 0

        def get_next(_: int | None, out: int) -> int:
            if self.given == fails_at:
                return code
            if self.given < len(nodes):
                ctypes.memmove(out, ctypes.addressof(nodes[self.given].array), ctypes.sizeof(Array))
            else:
                ctypes.memset(out, 0, ctypes.sizeof(Array))
            self.given += 1
            return 0

        def last_error(_: int | None) -> int | None:
            return None if self.message is None else ctypes.addressof(self.message)

        self.callbacks = [_Get(get_schema), _Get(get_next), _Last(last_error), ReleaseFunction(self.release)]
        pointers = [ctypes.cast(each, ctypes.c_void_p) for each in self.callbacks]
        self.struct = StreamStruct(*pointers)
        if dice.random() < 0.2:
            field = dice.choice(("get_schema", "get_next", "get_last_error", "release"))
            setattr(self.struct, field, None)
            self.said = f", {field} is NULL"

    def release(self, address: int) -> None:
        StreamStruct.from_address(address).release = None

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return capsule(self.struct, b"arrow_array_stream")


class HostileArray:
    """One node, as an array or a batch."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[Any, Any]:
        return capsule(self.node.schema, b"arrow_schema"), capsule(self.node.array, b"arrow_array")
