"""Every block of code on a page runs as it stands, and prints what the page shows under it.

A block is a program with its output in a block of its own, or a session with `>>>` and answers.
"""

import doctest
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
#: A block of Python, what stands right under it as its output, and a remark before it for these tests.
BLOCK = re.compile(
    r"(<!-- needs Julia -->\n)?^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE
)


class Block(NamedTuple):
    line: int
    needs_julia: bool
    code: str
    output: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, found.start(2)) + 1, bool(found[1]), found[2], found[3] or "")
        for found in BLOCK.finditer(text)
        if not found[2].startswith(">>> ")
    ]


ALL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [page for page in ALL if blocks(page)]
SESSIONS = [page for page in ALL if ">>> " in page.read_text(encoding="utf-8")]


def test_there_are_pages_of_both_kinds() -> None:
    assert {page.name for page in PAGES} >= {"README.md"}
    assert {page.name for page in SESSIONS} >= {"polars.md"}


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.name)
def test_sessions_answer_what_the_page_says(page: Path) -> None:
    """As one session from top to bottom: what a block defines the next ones use."""
    text = page.read_text(encoding="utf-8")
    # A fence would be read as a part of the answer before it; an empty line keeps the numbers of lines.
    session = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    parsed = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(parsed, out=said.append)
    assert tried
    assert not failed, "".join(said)


def run(page: Path, chosen: list[Block], capsys: pytest.CaptureFixture[str]) -> None:
    """Blocks of a page go on with the names of those before them."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in chosen:
        # Errors name the page and its line.
        code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
        exec(code, names)
        assert capsys.readouterr().out == block.output, f"{page.name}, line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_print_what_the_page_shows(
    page: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    run(page, [block for block in blocks(page) if not block.needs_julia], capsys)


@pytest.mark.julia
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.needs_julia for block in blocks(page))],
    ids=lambda page: page.name,
)
def test_blocks_with_models_print_what_the_page_shows(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(page, blocks(page), capsys)


def test_what_a_page_shows_as_output_belongs_to_a_block() -> None:
    """A sheet of output that no block prints would be read by nobody, and become untrue."""
    for page in PAGES:
        shown = page.read_text(encoding="utf-8").count("\n```text\n")
        assert shown == sum(bool(block.output) for block in blocks(page)), page.name
