"""The page that lists every error."""

from tools.generate.error_table import CATEGORIES, SOURCE, load
from tools.generate.errors_python import category_class, class_name
from tools.generate.files import Files, header

TARGET = "docs/errors.md"

WHO = {"caller": "the caller", "data": "the data", "environment": "the environment", "bug": "Omega (a bug)"}


def generate() -> Files:
    """`docs/errors.md`."""
    codes = load()
    parts = [
        f"<!-- {header(SOURCE)} -->",
        "# Errors",
        "",
        "Every refusal is an `omega.shared.exceptions.OmegaError` with `.code`, `.fields`, `.function`,",
        "`.retryable` and `.fault`. Numbers, names and messages are the same in Python, Rust and Julia: a",
        "number never changes its meaning.",
    ]
    for category, (thousand, meaning) in CATEGORIES.items():
        members = [code for code in codes if code.category == category]
        if not members:
            continue
        parts += ["", f"## {thousand}: `{category_class(category)}`", "", meaning]
        for code in members:
            again = " Trying again may help." if code.retryable else ""
            mended = f"To be mended by {WHO[code.fault]}.{again} Since {code.since}."
            parts += [
                "",
                f"### {code.number} {code.name}",
                "",
                f"> {code.message}",
                "",
                f"Python: `{class_name(code)}`, also a `{code.python_base}`. {mended}",
            ]
    return {TARGET: "\n".join(parts) + "\n"}
