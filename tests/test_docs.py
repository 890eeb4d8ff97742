"""The examples of the pages in `docs/` run, and answer what the pages say."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [page for page in sorted(DOCS.glob("*.md")) if ">>> " in page.read_text(encoding="utf-8")]


def test_there_are_pages_with_examples() -> None:
    assert "polars.md" in {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_answer_what_it_says(page: Path) -> None:
    """As one session from top to bottom: what a block defines the next ones use."""
    text = page.read_text(encoding="utf-8")
    # A fence would be read as a part of the answer before it; an empty line keeps the numbers of lines.
    blocks = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    session = doctest.DocTestParser().get_doctest(blocks, {}, page.name, str(page), 0)
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(session, out=said.append)
    assert tried
    assert not failed, "".join(said)
