"""The one error table, read and checked."""

import re
import tomllib
from dataclasses import dataclass

from tools.generate.files import ROOT

SOURCE = "src/schemas/error_codes.toml"

#: Category to (thousand, what it is about).
CATEGORIES = {
    "validation": (1000, "What the caller passed is not what the function takes."),
    "computation": (2000, "The input was fine, and still there is no answer."),
    "input_output": (3000, "Something read or written is not what it should be."),
    "internal": (4000, "Omega itself is at fault."),
    "boundary": (5000, "Something went wrong between two languages."),
    "resources": (6000, "The machine or the installation lacks something."),
    "engine": (7000, "The live engine refused or stopped."),
    "bridge": (8000, "Execution bridge and security."),
}

FAULTS = ("caller", "data", "environment", "bug")


@dataclass(frozen=True)
class Code:
    """One entry of the table."""

    name: str
    number: int
    category: str
    python_base: str
    retryable: bool
    fault: str
    message: str
    since: str

    @property
    def fields(self) -> list[str]:
        """The named values of the message, in order of appearance."""
        return list(dict.fromkeys(re.findall(r"\{(\w+)\}", self.message)))

    @property
    def camel(self) -> str:
        """PARAMETER_OUT_OF_RANGE as ParameterOutOfRange."""
        return "".join(word.capitalize() for word in self.name.split("_"))


def parse(text: str) -> list[Code]:
    """The codes of a table, by number.

    Raises:
        SystemExit: naming the entry that breaks a rule of the table.
    """
    codes = [Code(name=name, **entry) for name, entry in tomllib.loads(text).items()]
    numbers: dict[int, str] = {}
    for code in codes:
        thousand, _ = CATEGORIES.get(code.category, (-1, ""))
        if not thousand < code.number < thousand + 1000:
            raise SystemExit(f"{code.name}: {code.number} is not a number of category `{code.category}`")
        if code.fault not in FAULTS:
            raise SystemExit(f"{code.name}: fault must be one of {', '.join(FAULTS)}, got `{code.fault}`")
        if code.number in numbers:
            raise SystemExit(f"{code.name}: {code.number} already belongs to {numbers[code.number]}")
        numbers[code.number] = code.name
    return sorted(codes, key=lambda code: code.number)


def load() -> list[Code]:
    """The codes of the table in this checkout, by number."""
    return parse((ROOT / SOURCE).read_text())
