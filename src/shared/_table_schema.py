"""Table schemas as they are shipped: read from the `.arrow` files through the native library."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from omega.shared.exceptions import FileUnreadableError, UnknownTableError

FOLDER = Path(__file__).resolve().parents[1] / "schemas" / "tables"

_PREFIX = "omega."
CONSTRAINTS = ("minimum", "maximum", "above", "min_length", "choices")


@dataclass(frozen=True)
class TableField:
    """One column of a table."""

    name: str
    type: str
    nullable: bool
    unit: str = ""
    summary: str = ""
    constraints: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSchema:
    """A table schema; `fingerprint` is the SHA-256 over the canonical text of its fields."""

    name: str
    version: str
    direction: str
    record: str
    summary: str
    fingerprint: str
    fields: tuple[TableField, ...]

    @property
    def columns(self) -> list[str]:
        """The names of its fields, in order."""
        return [each.name for each in self.fields]


HEAD = ("name", "version", "direction", "record", "summary", "fingerprint")


def names() -> list[str]:
    """The names of all tables.

    >>> "bars" in names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.arrow"))


@cache
def load(name: str) -> TableSchema:
    """A table schema by name.

    >>> load("bars").columns
    ['timestamp', 'symbol', 'open', 'high', 'low', 'close', 'volume']

    Raises:
        UnknownTableError: with the nearest name.
    """
    known = names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise UnknownTableError(name=name, nearest=nearest[0] if nearest else "none")
    path = FOLDER / f"{name}.arrow"
    return read(path.read_bytes(), str(path))


def read(content: bytes, path: str = "the schema") -> TableSchema:
    """A table schema from the bytes of an `.arrow` file; `path` is only named when it cannot be read.

    Raises:
        FileUnreadableError: for anything but an Arrow IPC file with Omega's metadata.
    """
    fields, metadata, _ = native().read_ipc_schema(content, path)
    head = {key: metadata.get(f"omega.schema.{key}") for key in HEAD}
    absent = [key for key, value in head.items() if value is None]
    if absent:
        reason = f"it has no metadata `omega.schema.{absent[0]}`"
        raise FileUnreadableError(path=path, reason=reason, allowed="a table schema of Omega")
    return TableSchema(fields=tuple(table_field(*each) for each in fields), **head)


def native() -> Any:
    """The part of the native library that reads schemas; late, because it imports our errors."""
    return import_module("omega._rust").schemas


def table_field(name: str, type_name: str, nullable: bool, metadata: Mapping[str, str]) -> TableField:
    ours = {key.removeprefix(_PREFIX): value for key, value in metadata.items() if key.startswith(_PREFIX)}
    return TableField(
        name=name,
        type=type_name,
        nullable=nullable,
        unit=ours.get("unit", ""),
        summary=ours.get("summary", ""),
        constraints={key: json.loads(ours[key]) for key in CONSTRAINTS if key in ours},
    )
