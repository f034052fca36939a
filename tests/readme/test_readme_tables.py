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


def test_every_header_of_ours_is_described() -> None:
    """Those that the code sets by name and that aren't HTTP's own."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "argoproxy" / "net").glob("*.py"))
    ours = set(re.findall(r'"(x-arg[a-z-]+|x-request-id|x-should-retry)"', code))
    assert {"x-argoproxy-dropped", "x-argoproxy-adjusted", "x-request-id"} <= ours
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(ours) if f"| `{name}` |" not in readme] == []


def test_a_fact_of_argos_wire_has_one_anchor_and_is_there_when_cited() -> None:
    page = (ROOT / "docs" / "argo-wire.md").read_text(encoding="utf-8")
    facts = re.findall(r'<a id="([^"]+)">', page)
    assert len(facts) == len(set(facts)) > 50
    for path in (ROOT / "argoproxy").rglob("*.*"):
        if path.suffix in (".py", ".yaml"):
            cited = re.findall(r"docs/argo-wire(?:\.md)?#([\w-]+)", path.read_text(encoding="utf-8"))
            assert [fact for fact in cited if fact not in facts] == [], path


def anchors(document: Path) -> set[str]:
    """The anchors of a document: those of its headings, and those that it sets itself."""
    text = document.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    own = re.findall(r'<a id="([^"]+)">', text)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings} | set(own)
