"""Every way in which people write a model's name leads to that model, and to no other."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.catalogue import Catalogue, names
from argoproxy.errors import ClientFault

SPELLINGS = {
    "gpt4o": [
        "argo:gpt-4o", "argo/gpt-4o", "ARGO:GPT-4o", "gpt-4o", "GPT-4o", "gpt4o", "GPT4O", "argo:gpt4o", "argo/gpt4o",
        "openai/gpt-4o", "openai:gpt-4o", "argo/openai/gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-20240806",
        "gpt-4o-latest", "argo:gpt-4o-latest", " gpt-4o ", "GPT 4o",
    ],
    "gpto1": ["o1", "argo:o1", "argo:gpt-o1", "gpt-o1", "gpto1", "o1-2024-12-17"],
    "gpto3": ["o3", "argo:o3", "argo:gpt-o3", "gpto3"],
    "gpto3mini": ["argo:o3-mini", "argo:gpt-o3-mini", "o3-mini", "gpt-o3-mini", "gpto3mini", "o3-mini-2025-01-31"],
    "gpt41": ["gpt-4.1", "gpt-4-1", "argo:gpt-4.1", "gpt41", "gpt-4.1-2025-04-14"],
    "gpt41mini": ["gpt-4.1-mini", "GPT-4.1 mini"],
    "gpt5": ["gpt-5", "gpt-5-2025-08-07"],
    "gpt55": ["gpt-5.5"],
    "claudesonnet45": [
        "argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet", "claude-sonnet-4.5", "claude-4.5-sonnet",
        "claude-sonnet-4-5", "claude-4-5-sonnet", "claude-sonnet-4-5-20250929", "claude-4-5-sonnet-20250929",
        "claude-sonnet-4-5-latest", "Claude Sonnet 4.5", "claudesonnet45", "anthropic/claude-sonnet-4.5",
        "anthropic/claude-sonnet-4-5-20250929", "argo/anthropic/claude-4.5-sonnet",
    ],
    "claudehaiku45": ["claude-haiku-4-5-20251001", "claude-haiku-4.5"],
    "claudeopus41": ["claude-opus-4-1-20250805", "claude-opus-4.1", "claude-4.1-opus"],
    "gemini25pro": ["gemini-2.5-pro", "models/gemini-2.5-pro", "google/gemini-2.5-pro", "argo:gemini-2.5-pro"],
    "gemini31flashlite": ["gemini-3.1-flash-lite"],
    "ada002": ["ada002", "text-embedding-ada-002", "argo:text-embedding-ada-002"],
    "v3small": ["v3small", "text-embedding-3-small", "argo:text-embedding-3-small", "openai/text-embedding-3-small"],
    "v3large": ["v3large", "argo/v3large", "text-embedding-3-large"],
}  # fmt: skip

STRANGERS = [
    "claude-sonnet-4", "claude-sonnet-4-20250514", "claude-sonnet", "claude-sonnet-latest", "claude-4", "claude",
    "claude-3-5-sonnet-20241022", "claude-opus-4-0", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "chatgpt-4o-latest",
    "gpt-5-chat-latest", "gpt-4", "gpt", "o", "argo:", "argo", "latest", "-latest", "meta/gpt-4o", "gpt-4o-2024-13",
    "claude-sonnet-4.5.1", "gemini-flash-latest", "text-embedding", "x" * 10_000, "\x00", "gpt-4o\x00",
]  # fmt: skip


@pytest.mark.parametrize(("internal_id", "spelling"), [(one, name) for one in SPELLINGS for name in SPELLINGS[one]])
def test_spelling_leads_to_its_model(internal_id: str, spelling: str) -> None:
    catalogue = Catalogue()
    assert catalogue.resolve(spelling).internal_id == internal_id
    assert catalogue.is_known(spelling)


@pytest.mark.parametrize("spelling", STRANGERS)
def test_stranger_leads_nowhere(spelling: str) -> None:
    """A name that is only like a model's is never taken for it."""
    catalogue = Catalogue()
    with pytest.raises(ClientFault) as caught:
        catalogue.resolve(spelling)
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")
    assert not catalogue.is_known(spelling)


@pytest.mark.parametrize(
    ("display", "public"),
    [
        ("GPT-4o", ["argo:gpt-4o"]),
        ("GPT-3.5 Turbo", ["argo:gpt-3.5-turbo"]),
        ("Claude Sonnet 4.5", ["argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet"]),
        ("Claude 4.5 Sonnet", ["argo:claude-4.5-sonnet", "argo:claude-sonnet-4.5"]),
        ("Claude Sonnet 3.5 v2", ["argo:claude-sonnet-3.5-v2", "argo:claude-3.5-sonnet-v2"]),
        ("Claude Opus 4", ["argo:claude-opus-4", "argo:claude-4-opus"]),
        ("claude-sonnet-4-5", ["argo:claude-sonnet-4-5", "argo:claude-4-5-sonnet"]),
        ("claude-opus-4-20250514", ["argo:claude-opus-4-20250514", "argo:claude-4-opus-20250514"]),
        ("GPT-o3-mini", ["argo:gpt-o3-mini", "argo:o3-mini"]),
        ("o3-mini", ["argo:o3-mini", "argo:gpt-o3-mini"]),
        ("argo:gpt-5", ["argo:gpt-5"]),
        ("  Gemini  2.5\tPro ", ["argo:gemini-2.5-pro"]),
    ],
)
def test_public_names_are_made_from_what_the_list_shows(display: str, public: list[str]) -> None:
    assert list(names.public(display)) == public


@given(st.text(max_size=300))
def test_what_is_shown_of_a_spelling_is_short_and_harmless(spelling: str) -> None:
    shown = names.shown(spelling)
    assert len(shown) <= 100
    assert shown.isprintable()


@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_any_text_resolves_or_is_refused(spelling: str) -> None:
    catalogue = Catalogue()
    with contextlib.suppress(ClientFault):
        assert catalogue.is_known(spelling) == (catalogue.resolve(spelling) in catalogue.models())
