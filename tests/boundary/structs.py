"""Arrow C structs by hand, so that tests can hand out what no honest library would."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

ReleaseFunction = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Schema(ctypes.Structure):
    """`ArrowSchema`."""


class Array(ctypes.Structure):
    """`ArrowArray`."""


class DeviceArray(ctypes.Structure):
    """`ArrowDeviceArray`."""


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
DeviceArray._fields_ = [
    ("array", Array),
    ("device_id", ctypes.c_int64),
    ("device_type", ctypes.c_int32),
    ("sync_event", ctypes.c_void_p),
    ("reserved", ctypes.c_int64 * 3),
]

released: list[int] = []


_release = ReleaseFunction(released.append)
RELEASE = ctypes.cast(_release, ctypes.c_void_p)

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


def capsule(struct: Any, name: bytes) -> Any:
    """A capsule over a struct that the caller keeps alive."""
    return _new_capsule(ctypes.addressof(struct), name, None)


class Column:
    """A float64 column by hand; any field of its array can be made a lie."""

    def __init__(
        self,
        values: Any = (1.0, 2.0, 3.0, 4.0),
        *,
        kind: bytes | None = b"g",
        name: bytes | None = b"close",
        memory: Sequence[int | None] | None = None,
        **lies: Any,
    ) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        self.schema = Schema(format=kind, name=name, release=RELEASE)
        pointers = [None, self.values.ctypes.data] if memory is None else list(memory)
        self.pointers = (ctypes.c_void_p * max(len(pointers), 1))(*pointers)
        self.array = Array(
            length=len(self.values),
            n_buffers=len(pointers),
            buffers=ctypes.cast(self.pointers, ctypes.POINTER(ctypes.c_void_p)),
            release=RELEASE,
        )
        for field, value in lies.items():
            setattr(self.array, field, value)

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[Any, Any]:
        return capsule(self.schema, b"arrow_schema"), capsule(self.array, b"arrow_array")


class Batch:
    """A record batch by hand."""

    def __init__(self, columns: Sequence[Column], rows: int = 4, **lies: Any) -> None:
        self.columns = columns
        self.schemas = (ctypes.POINTER(Schema) * len(columns))(
            *(ctypes.pointer(column.schema) for column in columns)
        )
        self.arrays = (ctypes.POINTER(Array) * len(columns))(
            *(ctypes.pointer(column.array) for column in columns)
        )
        self.pointers = (ctypes.c_void_p * 1)(None)
        self.schema = Schema(
            format=b"+s", name=b"", n_children=len(columns), children=self.schemas, release=RELEASE
        )
        self.array = Array(
            length=rows,
            n_buffers=1,
            n_children=len(columns),
            buffers=ctypes.cast(self.pointers, ctypes.POINTER(ctypes.c_void_p)),
            children=self.arrays,
            release=RELEASE,
        )
        for field, value in lies.items():
            target = self.schema if field.startswith("schema_") else self.array
            setattr(target, field.removeprefix("schema_"), value)

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[Any, Any]:
        return capsule(self.schema, b"arrow_schema"), capsule(self.array, b"arrow_array")


class OnDevice:
    """A column of the device interface."""

    def __init__(self, column: Column, device_type: int) -> None:
        self.column = column
        self.device = DeviceArray(array=column.array, device_type=device_type, device_id=0)

    def __arrow_c_device_array__(
        self, requested_schema: object | None = None, **options: Any
    ) -> tuple[Any, Any]:
        return capsule(self.column.schema, b"arrow_schema"), capsule(self.device, b"arrow_device_array")
