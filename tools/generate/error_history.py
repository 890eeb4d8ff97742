"""The error table is append-only: what was released keeps its number, name, category and fields for ever."""

import subprocess

from tools.generate.error_table import SOURCE, Code, load, parse
from tools.generate.files import ROOT


def broken_promises(revision: str) -> list[str]:
    """One sentence for each way in which the table breaks what `revision` promised."""
    return compare(at(revision), load())


def at(revision: str) -> list[Code]:
    """The table as it was in a git revision; empty if it had none."""
    command = ["git", "-C", str(ROOT), "show", f"{revision}:{SOURCE}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        resolve = ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
        if subprocess.run(resolve, capture_output=True, check=False).returncode != 0:
            raise SystemExit(f"`{revision}` is not a revision of this repository")
        return []
    return parse(done.stdout)


def compare(old: list[Code], new: list[Code]) -> list[str]:
    """One sentence for each entry of `old` that `new` lost or changed."""
    problems = []
    present = {code.name: code for code in new}
    for before in old:
        after = present.get(before.name)
        if after is None:
            problems.append(f"{before.name} ({before.number}) was removed; a released code stays")
            continue
        for attribute in ("number", "category", "python_base", "since"):
            was, now = getattr(before, attribute), getattr(after, attribute)
            if was != now:
                problems.append(f"{before.name}: {attribute} was `{was}` and must stay, got `{now}`")
        lost = [field for field in before.fields if field not in after.fields]
        problems += [f"{before.name}: the message lost its field `{field}`" for field in lost]
    return problems
