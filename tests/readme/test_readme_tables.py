"""The tables in the documents are what the code says, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.readme.tables import TABLES, between
from tests.running import ROOT

PLACES = [(document, name) for document, tables in TABLES.items() for name in tables]
DOCUMENTS = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize(("document", "name"), PLACES)
def test_a_table_is_up_to_date(document: str, name: str) -> None:
    """C{python -m tests.readme.tables} writes them anew."""
    text = (ROOT / document).read_text(encoding="utf-8")
    assert between(text, name) == TABLES[document][name]()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_within_the_project_lead_somewhere(document: str) -> None:
    for link in _LINK.findall((ROOT / document).read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(document: Path) -> set[str]:
    """The anchors of a document: those of its headings, and those that it sets itself."""
    text = document.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    own = re.findall(r'<a id="([^"]+)">', text)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings} | set(own)
