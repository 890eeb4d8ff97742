"""Table schemas: which columns a table has, whether data has them, and whether a change keeps its promises.

The `.arrow` files in `schemas/tables` are read through the native library, so that neither this module nor
its callers need an Arrow package in Python.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from omega.shared._table_evolution import Change, Violation, compatibility, diff
from omega.shared._table_schema import (
    FOLDER,
    HEAD,
    TableField,
    TableSchema,
    load,
    names,
    native,
    read,
    table_field,
)
from omega.shared._table_types import converts
from omega.shared.exceptions import (
    FileUnreadableError,
    MissingColumnError,
    MissingValueError,
    SchemaMismatchError,
)

__all__ = [
    "Change",
    "TableField",
    "TableSchema",
    "Violation",
    "at_revision",
    "check",
    "compatibility",
    "conversions",
    "diff",
    "load",
    "names",
    "read",
    "show",
    "validate",
]


def show(name: str) -> dict[str, Any]:
    """A table schema as plain data, in the shape of its `.json` file, with the fingerprint.

    >>> show("bars")["fields"][0]["type"]
    'timestamp[us, UTC]'
    """
    schema = load(name)
    fields = [
        {
            "name": each.name,
            "type": each.type,
            "nullable": each.nullable,
            "unit": each.unit,
            "summary": each.summary,
            **each.constraints,
        }
        for each in schema.fields
    ]
    return {**{key: getattr(schema, key) for key in HEAD}, "fields": fields}


def validate(data: object, name: str) -> list[str]:
    """Whether data has the columns of a table; returns the columns that need a conversion, most often none.

    Columns are found by name; their order and further columns do not matter. Types that convert without loss
    are accepted (float32, large_utf8, a timestamp in ms …) and returned. Data need not carry metadata.
    Values are not looked at, with one exception: a column that must not be missing may be declared nullable
    when it has no nulls, and counting them reads a one-shot stream to its end.

    Raises:
        MissingColumnError, SchemaMismatchError, MissingValueError: naming the field and what is allowed.
    """
    schema = load(name)
    columns, conversions, counted = _compare(data, schema)
    if counted:
        _check_nulls(data, schema, counted, columns)
    return conversions


def conversions(data: object, name: str) -> list[str]:
    """As `validate`, of what data says of itself alone: no value is looked at, nor counted.

    Raises:
        MissingColumnError, SchemaMismatchError: naming the field and what is allowed.
    """
    return _compare(data, load(name))[1]


def _compare(data: object, schema: TableSchema) -> tuple[list[str], list[str], list[str]]:
    """The columns of data; those that need a conversion; those whose missing values have to be counted."""
    fields, metadata, _ = native().describe(data)
    _check_metadata(schema, metadata)
    found = {each[0]: table_field(*each) for each in fields}
    converted = []
    counted: list[str] = []
    for expected in schema.fields:
        if expected.name not in found:
            raise MissingColumnError(name=expected.name, available=", ".join(found) or "none")
        got = found[expected.name]
        if got.type != expected.type:
            if not converts(got.type, expected.type):
                raise SchemaMismatchError(
                    name=expected.name, table=schema.name, allowed=expected.type, value=got.type
                )
            converted.append(expected.name)
        if "list<" in got.type or (got.nullable and not expected.nullable):
            counted.append(expected.name)
    return list(found), converted, counted


def check(against: str | None = None) -> list[Violation]:
    """What is wrong with the schemas of this checkout: by themselves, and against a git revision.

    Raises:
        FileUnreadableError: when the revision cannot be read.
    """
    violations = [each for name in names() for each in _self_check(load(name))]
    if against is not None:
        for old in at_revision(against):
            if old.name not in names():
                violations.append(Violation("TABLE_REMOVED", old.name, None, "it stays", "nothing"))
            else:
                violations += compatibility(old, load(old.name))
    return violations


def at_revision(revision: str) -> list[TableSchema]:
    """The tables as they were in a git revision; none if there were none.

    Raises:
        FileUnreadableError: outside a checkout, or for what git does not know.
    """
    _git(revision, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    listed = _git(revision, "ls-tree", "--name-only", revision, "./").decode().split()
    paths = [path for path in listed if path.endswith(".arrow")]
    return [
        read(_git(revision, "show", f"{revision}:./{path}"), f"{revision}:{path}") for path in sorted(paths)
    ]


def _check_metadata(schema: TableSchema, metadata: Mapping[str, str]) -> None:
    """Data may say which table it is; if it does, it must be this one, of this major version."""
    said = metadata.get("omega.schema.name", schema.name)
    if said != schema.name:
        raise SchemaMismatchError(
            name="omega.schema.name", table=schema.name, allowed=schema.name, value=said
        )
    version = metadata.get("omega.schema.version", schema.version)
    if version.partition(".")[0] != schema.version.partition(".")[0]:
        allowed = f"{schema.version.partition('.')[0]}.x"
        raise SchemaMismatchError(
            name="omega.schema.version", table=schema.name, allowed=allowed, value=version
        )


def _check_nulls(data: object, schema: TableSchema, counted: list[str], columns: list[str]) -> None:
    counts = dict(zip(columns, native().null_counts(data), strict=True))
    required = {each.name for each in schema.fields if not each.nullable}
    for name in counted:
        missing, inside_lists = counts[name]
        if missing and name in required:
            raise MissingValueError(name=name, row=f"{missing} rows", allowed=f"table {schema.name}")
        if inside_lists:
            raise SchemaMismatchError(
                name=name, table=schema.name, allowed="lists without nulls", value=f"{inside_lists} nulls"
            )


def _self_check(schema: TableSchema) -> Iterator[Violation]:
    """Whether the `.arrow` file, its `.json`, and the table compiled into the native library say the same."""
    path = FOLDER / f"{schema.name}.arrow"
    _, _, fingerprint = native().read_ipc_schema(path.read_bytes(), str(path))
    if fingerprint != schema.fingerprint:
        yield Violation("FINGERPRINT_STALE", schema.name, None, fingerprint, schema.fingerprint)
    written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    shown = show(schema.name)
    del shown["fingerprint"]
    if written != shown:
        yield Violation("JSON_DIFFERS", schema.name, None, "what the .arrow file says", "another schema")
    built = {each[0]: each[2] for each in native().static_tables()}
    if built.get(schema.name) != schema.fingerprint:
        value = built.get(schema.name, "no such table")
        yield Violation("BUILD_STALE", schema.name, None, schema.fingerprint, value)


def _git(revision: str, *arguments: str) -> bytes:
    command = ["git", "-C", str(FOLDER), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"})
    except OSError as reason:
        raise FileUnreadableError(path=revision, reason=reason, allowed="a git revision") from reason
    if b"not a git repository" in done.stderr:
        why = "the tables that are installed have no history in git"
        raise FileUnreadableError(path=revision, reason=why, allowed="a revision, in a checkout of Omega")
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or "git does not know it"
        raise FileUnreadableError(path=revision, reason=said, allowed="a revision of this checkout")
    return done.stdout
