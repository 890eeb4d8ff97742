"""The table schemas as people write them, read, checked and fingerprinted."""

import hashlib
import json
import re
from dataclasses import dataclass, field

from tools.generate.files import ROOT

FOLDER = "src/schemas/tables"

#: Types that a table may use: each has a row in the type mapping, and a list of any of them is one too.
SCALARS = ("float64", "int64", "bool", "utf8", "timestamp[us, UTC]")
DECIMAL = re.compile(r"decimal128\(38, (\d+)\)")
CONSTRAINTS = ("minimum", "maximum", "above", "min_length", "choices")


@dataclass(frozen=True)
class Field:
    """One column of a table."""

    name: str
    type: str
    nullable: bool
    unit: str
    summary: str
    minimum: int | float | None = None
    maximum: int | float | None = None
    above: int | float | None = None
    min_length: int | None = None
    choices: list[str] = field(default_factory=list)

    @property
    def item(self) -> str | None:
        """T of list<T>; None for a type that is not a list."""
        return self.type[5:-1] if self.type.startswith("list<") else None

    @property
    def metadata(self) -> dict[str, str]:
        """What the Arrow field carries besides its name and type; every value is text."""
        values = {"unit": self.unit, "summary": self.summary}
        for name in CONSTRAINTS:
            value = getattr(self, name)
            if value is not None and value != []:
                values[name] = value if isinstance(value, str) else json.dumps(value)
        return {f"omega.{name}": value for name, value in values.items() if value}


@dataclass(frozen=True)
class Table:
    """A table schema."""

    name: str
    version: str
    direction: str
    record: str
    summary: str
    fields: list[Field]

    @property
    def canonical_text(self) -> str:
        """What the fingerprint is taken of: one JSON line per field; words that only explain are left out."""
        lines = []
        for each in self.fields:
            metadata = {key: value for key, value in sorted(each.metadata.items()) if key != "omega.summary"}
            line = [each.name, each.type, "nullable" if each.nullable else "required", metadata]
            lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        return "\n".join(lines)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.canonical_text.encode()).hexdigest()

    @property
    def metadata(self) -> dict[str, str]:
        """What the Arrow schema carries besides its fields."""
        return {
            "omega.schema.name": self.name,
            "omega.schema.version": self.version,
            "omega.schema.fingerprint": self.fingerprint,
            "omega.schema.direction": self.direction,
            "omega.schema.record": self.record,
            "omega.schema.summary": self.summary,
        }


def load() -> list[Table]:
    """Every table of this checkout, by name."""
    return [parse(path.read_text(), path.stem) for path in sorted((ROOT / FOLDER).glob("*.json"))]


def parse(text: str, name: str) -> Table:
    """One table.

    Raises:
        SystemExit: naming what the schema language does not know.
    """
    raw = json.loads(text)
    try:
        table = Table(**{**raw, "fields": [Field(**each) for each in raw["fields"]]})
    except TypeError as error:
        raise SystemExit(f"{name}: {error}") from error
    if table.name != name:
        raise SystemExit(f"{name}.json calls itself `{table.name}`")
    if not re.fullmatch(r"\d+\.\d+\.\d+", table.version):
        raise SystemExit(f"{name}: version must be three numbers, got `{table.version}`")
    if table.direction not in ("input", "output"):
        raise SystemExit(f"{name}: direction must be input or output, got `{table.direction}`")
    names = [each.name for each in table.fields]
    if len(set(names)) != len(names):
        raise SystemExit(f"{name}: two fields have the same name")
    for each in table.fields:
        scalar = each.item or each.type
        if scalar not in SCALARS and not DECIMAL.fullmatch(scalar):
            raise SystemExit(f"{name}.{each.name}: `{each.type}` is not in the type mapping")
    return table
