"""Each evolution rule, with a change that breaks it and one that does not."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omega.shared import tables
from omega.shared.exceptions import FileUnreadableError
from omega.shared.tables import TableField, TableSchema, Violation, compatibility, diff

A = TableField("a", "int32", nullable=False)
B = TableField("b", "float32", nullable=True, unit="price", constraints={"minimum": 0})
C = TableField("c", "utf8", nullable=False, constraints={"choices": ["x", "y"]})


def schema(*fields: TableField, version: str = "1.0.0", direction: str = "input") -> TableSchema:
    return TableSchema("prices", version, direction, "Price", "Prices.", repr(fields), fields)


def rules(violations: list[Violation]) -> set[str]:
    return {each.rule for each in violations}


def against(old: TableSchema, *fields: TableField, version: str = "1.1.0") -> set[str]:
    return rules(compatibility(old, schema(*fields, version=version, direction=old.direction)))


INPUT = schema(A, B, C)
OUTPUT = schema(A, B, C, direction="output")
NEW = TableField("d", "float64", nullable=True)


def with_constraints(field: TableField, **constraints: Any) -> TableField:
    return replace(field, constraints=constraints)


BROKEN = {
    "FIELD_REMOVED": (INPUT, (A, C)),
    "FIELD_RENAMED": (INPUT, (A, replace(B, name="bid"), C)),
    "FIELD_REORDERED": (INPUT, (B, A, C)),
    "FIELD_ADDED_NOT_AT_END": (INPUT, (A, NEW, B, C)),
    "FIELD_ADDED_NOT_NULLABLE": (INPUT, (A, B, C, replace(NEW, nullable=False))),
    "TYPE_NARROWED": (INPUT, (replace(A, type="int16"), B, C)),
    "TYPE_WIDENED": (OUTPUT, (replace(A, type="int64"), B, C)),
    "TYPE_CHANGED": (INPUT, (replace(A, type="utf8"), B, C)),
    "NULLABILITY_TIGHTENED": (INPUT, (A, replace(B, nullable=False), C)),
    "NULLABILITY_RELAXED": (OUTPUT, (replace(A, nullable=True), B, C)),
    "UNIT_CHANGED": (INPUT, (A, replace(B, unit="fraction"), C)),
    "CONSTRAINT_TIGHTENED": (INPUT, (A, B, with_constraints(C, choices=["x"]))),
    "CONSTRAINT_RELAXED": (OUTPUT, (A, with_constraints(B, minimum=-1), C)),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_minor_version_breaks_the_rule(rule: str) -> None:
    old, fields = BROKEN[rule]
    assert against(old, *fields) == {rule}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_major_version_may_change_anything(rule: str) -> None:
    old, fields = BROKEN[rule]
    assert against(old, *fields, version="2.0.0") == set()


def test_the_direction_of_a_table_stays() -> None:
    assert rules(compatibility(INPUT, replace(OUTPUT, version="1.1.0"))) == {"DIRECTION_CHANGED"}


def test_a_change_without_a_higher_version_is_refused() -> None:
    assert against(INPUT, A, B, C, NEW, version="1.0.1") == {"VERSION_NOT_RAISED"}
    assert against(INPUT, A, B, C, NEW, version="0.9.0") >= {"VERSION_LOWERED"}


def test_nullable_fields_may_be_added_at_the_end() -> None:
    assert against(INPUT, A, B, C, NEW, replace(NEW, name="e")) == set()


ALLOWED = {
    "an input type may widen": (INPUT, (replace(A, type="int64"), replace(B, type="float64"), C)),
    "an input may become nullable": (INPUT, (replace(A, nullable=True), B, C)),
    "an input may accept more words": (INPUT, (A, B, with_constraints(C, choices=["x", "y", "z"]))),
    "an input may drop a limit": (INPUT, (A, with_constraints(B), C)),
    "an output may become required": (OUTPUT, (A, replace(B, nullable=False), C)),
    "an output may promise a limit": (OUTPUT, (A, with_constraints(B, minimum=1, maximum=9), C)),
    "words may be mended": (INPUT, (replace(A, summary="Better words."), B, C)),
}


@pytest.mark.parametrize("change", ALLOWED)
def test_a_minor_version_may_do_this(change: str) -> None:
    old, fields = ALLOWED[change]
    assert against(old, *fields) == set()


def test_a_violation_names_the_table_the_field_the_rule_and_what_is_allowed() -> None:
    (violation,) = compatibility(INPUT, schema(A, replace(B, unit="lots"), C, version="1.1.0"))
    expected = "prices.b breaks the rule UNIT_CHANGED within a major version: price, got `lots`"
    assert str(violation) == expected
    assert violation.error().fields["rule"] == "UNIT_CHANGED"


def test_a_diff_lists_everything_that_differs() -> None:
    new = schema(replace(A, summary="First."), replace(C, nullable=True), NEW, version="1.1.0")
    listed = {(each.what, each.field) for each in diff(INPUT, new)}
    assert listed == {
        ("version", None),
        ("removed", "b"),
        ("added", "d"),
        ("summary", "a"),
        ("nullable", "c"),
    }
    assert diff(INPUT, INPUT) == []
    assert [each.what for each in diff(INPUT, schema(B, A, C))] == ["order"]


def test_the_tables_keep_what_the_last_commit_promised() -> None:
    folder = Path(tables.__file__).parent
    inside = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, check=False)
    if inside.returncode != 0:
        pytest.skip("not a checkout")
    # A commit may change what was never released; what is compared is that each change raised its version.
    assert rules(tables.check("HEAD")) <= {"VERSION_NOT_RAISED"}


def test_a_revision_that_git_does_not_know_is_refused() -> None:
    with pytest.raises(FileUnreadableError, match="no-such-revision"):
        tables.check("no-such-revision")
