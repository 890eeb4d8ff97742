"""What changed between two versions of a table schema, and which promises that breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omega.shared._table_schema import CONSTRAINTS, TableField, TableSchema
from omega.shared._table_types import widens
from omega.shared.exceptions import BreakingChangeError, ContractMismatchError

#: Rules by which a schema's own files disagree: edited, and not yet generated or built.
NOT_GENERATED = {"FINGERPRINT_STALE", "JSON_DIFFERS", "BUILD_STALE"}


@dataclass(frozen=True)
class Change:
    """One difference between two versions of a table; `field` is None for the table as a whole."""

    what: str
    field: str | None
    old: str
    new: str


@dataclass(frozen=True)
class Violation:
    """A promise that a change breaks. `rule` is a name to look up, `allowed` says what would keep it."""

    rule: str
    table: str
    field: str | None
    allowed: str
    value: str

    def error(self) -> BreakingChangeError | ContractMismatchError:
        """The same as an exception. What only waits for `make generate` breaks no promise to anybody."""
        subject = self.table if self.field is None else f"{self.table}.{self.field}"
        if self.rule in NOT_GENERATED:
            return ContractMismatchError(
                subject=f"{subject} ({self.rule})", allowed=self.allowed, value=self.value
            )
        return BreakingChangeError(subject=subject, rule=self.rule, allowed=self.allowed, value=self.value)

    def __str__(self) -> str:
        """The message of the exception."""
        return str(self.error())


def compatibility(old: TableSchema, new: TableSchema) -> list[Violation]:
    """The promises that `new` breaks, given that people have data and code for `old`.

    A new major version may change anything. Within one, fields may be added at the end, nullable; nothing is
    removed, renamed, reordered or given another unit; an input may accept more, an output may promise more.
    """
    violations = list(_version_violations(old, new))
    if _version(new.version)[0] > _version(old.version)[0]:
        return violations
    return violations + list(_shape_violations(old, new)) + list(_field_violations(old, new))


def diff(old: TableSchema, new: TableSchema) -> list[Change]:
    """Everything that differs, allowed or not."""
    changes = [
        Change(key, None, getattr(old, key), getattr(new, key))
        for key in ("version", "direction", "record", "summary")
        if getattr(old, key) != getattr(new, key)
    ]
    before = {each.name: each for each in old.fields}
    after = {each.name: each for each in new.fields}
    changes += [Change("removed", name, each.type, "") for name, each in before.items() if name not in after]
    changes += [Change("added", name, "", each.type) for name, each in after.items() if name not in before]
    for name in (name for name in before if name in after):
        was, now = _plain(before[name]), _plain(after[name])
        keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
        changes += [Change(key, name, str(was.get(key, "")), str(now.get(key, ""))) for key in keys]
    common = [name for name in old.columns if name in after]
    reordered = [name for name in new.columns if name in before]
    if common != reordered:
        changes.append(Change("order", None, ", ".join(common), ", ".join(reordered)))
    return changes


def _plain(each: TableField) -> dict[str, Any]:
    return {
        "type": each.type,
        "nullable": each.nullable,
        "unit": each.unit,
        "summary": each.summary,
        **each.constraints,
    }


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _version_violations(old: TableSchema, new: TableSchema) -> Iterator[Violation]:
    was, now = _version(old.version), _version(new.version)
    if now < was:
        yield Violation("VERSION_LOWERED", new.name, None, f"at least {old.version}", new.version)
    elif old.fingerprint != new.fingerprint and now[:2] == was[:2]:
        allowed = f"a version above {was[0]}.{was[1]}, since the fields changed"
        yield Violation("VERSION_NOT_RAISED", new.name, None, allowed, new.version)


def _shape_violations(old: TableSchema, new: TableSchema) -> Iterator[Violation]:
    if old.direction != new.direction:
        yield Violation("DIRECTION_CHANGED", new.name, None, old.direction, new.direction)
    gone = [name for name in old.columns if name not in new.columns]
    fresh = [name for name in new.columns if name not in old.columns]
    renamed = set()
    for name in gone:
        # A new field where the lost one stood, of the same type, is the lost one under another name.
        place = old.columns.index(name)
        heir = new.fields[place] if place < len(new.fields) else None
        if heir is not None and heir.name in fresh and heir.type == old.fields[place].type:
            renamed.add(heir.name)
            yield Violation("FIELD_RENAMED", new.name, name, "its name", heir.name)
        else:
            yield Violation("FIELD_REMOVED", new.name, name, "it stays", "nothing")
    kept = [name for name in old.columns if name in new.columns]
    order = [name for name in new.columns if name in old.columns]
    for was, now in zip(kept, order, strict=True):
        if was != now:
            yield Violation("FIELD_REORDERED", new.name, was, "its place", now)
            break
    last = max((new.columns.index(name) for name in kept), default=-1)
    for name in fresh:
        if name in renamed:
            continue
        place = new.columns.index(name)
        if place < last:
            yield Violation("FIELD_ADDED_NOT_AT_END", new.name, name, "at the end", f"field {place + 1}")
        if not new.fields[place].nullable:
            yield Violation("FIELD_ADDED_NOT_NULLABLE", new.name, name, "nullable", "required")


def _field_violations(old: TableSchema, new: TableSchema) -> Iterator[Violation]:
    after = {each.name: each for each in new.fields}
    reads = old.direction == "input"
    for was in old.fields:
        now = after.get(was.name)
        if now is None:
            continue
        if was.type != now.type:
            rule = "TYPE_CHANGED"
            if widens(now.type, was.type):
                rule = "TYPE_NARROWED"
            elif widens(was.type, now.type):
                rule = "" if reads else "TYPE_WIDENED"
            if rule:
                yield Violation(rule, new.name, was.name, was.type, now.type)
        if reads and was.nullable and not now.nullable:
            yield Violation("NULLABILITY_TIGHTENED", new.name, was.name, "nullable", "required")
        if not reads and now.nullable and not was.nullable:
            yield Violation("NULLABILITY_RELAXED", new.name, was.name, "required", "nullable")
        if was.unit != now.unit:
            yield Violation("UNIT_CHANGED", new.name, was.name, was.unit or "no unit", now.unit or "no unit")
        yield from _constraint_violations(new.name, was, now, reads)


def _constraint_violations(table: str, was: TableField, now: TableField, reads: bool) -> Iterator[Violation]:
    """An input may not refuse what it accepted; an output may not contain what it excluded."""
    for key in CONSTRAINTS:
        before, after = was.constraints.get(key), now.constraints.get(key)
        if before == after:
            continue
        tighter, looser = _moved(key, before, after)
        rule = "CONSTRAINT_TIGHTENED" if reads and tighter else ""
        rule = "CONSTRAINT_RELAXED" if not reads and looser else rule
        if rule:
            allowed = f"{key} {before}" if before is not None else f"no {key}"
            yield Violation(rule, table, was.name, allowed, f"{key} {after}")


def _moved(key: str, before: Any, after: Any) -> tuple[bool, bool]:
    """Whether a constraint now refuses values that it accepted, and accepts values that it refused."""
    if before is None or after is None:
        return before is None, after is None
    if key == "choices":
        return not set(before) <= set(after), not set(after) <= set(before)
    rises = after > before
    return (not rises, rises) if key == "maximum" else (rises, not rises)
