"""Which model a client gets, from which list, and what it is told if there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.catalogue import Catalogue
from argoproxy.catalogue.table import table
from argoproxy.errors import ClientFault, UpstreamFault
from argoproxy.interfaces import ICatalogue


def listing(*found: tuple[str, str]) -> bytes:
    return json.dumps({"data": [{"internal_id": one, "id": display} for one, display in found]}).encode()


def refusal(catalogue: Catalogue, name: str, kind: str = "chat") -> ClientFault:
    with pytest.raises(ClientFault) as caught:
        catalogue.resolve(name, kind)
    assert caught.value.param == "model"
    return caught.value


def test_provides_the_interface() -> None:
    assert verifyObject(ICatalogue, Catalogue())


class TestBuiltIn:
    """What serves until ARGO has told its list."""

    def test_ids_are_those_known(self) -> None:
        ids = [model.internal_id for model in Catalogue().models()]
        assert ids == [
            "gpt4o", "gpto1", "gpto3mini", "gpto3", "gpto4mini", "gpt41", "gpt41mini", "gpt41nano", "gpt5", "gpt5mini",
            "gpt5nano", "gpt51", "gpt52", "gpt54", "gpt55", "gemini25pro", "gemini25flash", "gemini35flash",
            "gemini31flashlite", "claudeopus47", "claudeopus46", "claudeopus45", "claudeopus41", "claudesonnet46",
            "claudesonnet45", "claudehaiku45", "ada002", "v3small", "v3large",
        ]  # fmt: skip

    def test_it_says_so(self) -> None:
        catalogue = Catalogue()
        assert catalogue.builtin
        catalogue.learn(listing(("gpt4o", "GPT-4o")))
        assert not catalogue.builtin

    @pytest.mark.parametrize(
        ("name", "traits"),
        [
            ("gpt4o", ("openai", "chat", "o200k_base", None, True)),
            ("o3-mini", ("openai", "chat", "o200k_base", None, True)),
            ("claude-opus-4.7", ("anthropic", "chat", "o200k_base", 21000, True)),
            ("gemini-2.5-pro", ("google", "chat", "o200k_base", None, True)),
            ("ada002", ("openai", "embedding", "cl100k_base", None, True)),
            ("v3small", ("openai", "embedding", "cl100k_base", None, True)),
            ("v3large", ("openai", "embedding", "cl100k_base", None, True)),
        ],
    )
    def test_traits(self, name: str, traits: tuple[Any, ...]) -> None:
        model = Catalogue().resolve(name)
        found = (
            model.family,
            model.kind,
            model.encoding,
            model.abilities.gateway_token_cap,
            model.abilities.system_role,
        )
        assert found == traits

    def test_every_row_names_its_source(self) -> None:
        sources = [row.source for row in (*table().chat, *table().embedding)] + [row.source for row in table().traits]
        assert all(source.strip() for source in sources)


class TestLearning:
    """ARGO's own list takes the place of the one in use, or nothing changes."""

    def test_counts_before_and_after(self) -> None:
        catalogue = Catalogue()
        assert catalogue.learn(listing(("gpt4o", "GPT-4o"), ("gpt9", "GPT-9"))) == (29, 5)
        assert catalogue.learn(listing(("gpt4o", "GPT-4o"))) == (5, 4)

    def test_new_models_are_there_and_old_ones_gone(self) -> None:
        catalogue = Catalogue()
        assert catalogue.resolve("gpt-5", "chat").internal_id == "gpt5"
        catalogue.learn(listing(("gpt9", "GPT-9")))
        assert catalogue.resolve("gpt-9", "chat").internal_id == "gpt9"
        assert refusal(catalogue, "gpt-5").status == 404

    def test_embedding_models_stay_the_same(self) -> None:
        catalogue = Catalogue()
        catalogue.learn(listing(("v3small", "Another name"), ("thief", "text-embedding-3-large"), ("gpt4o", "GPT-4o")))
        embedding = [model.internal_id for model in catalogue.models() if model.kind == "embedding"]
        assert embedding == ["ada002", "v3small", "v3large"]
        assert catalogue.resolve("text-embedding-3-large").internal_id == "v3large"
        assert catalogue.resolve("thief").names == ("argo:thief",)

    @pytest.mark.parametrize("body", [b"<html>502</html>", b'{"data": []}', listing(("v3small", "Small"))])
    def test_useless_list_changes_nothing(self, body: bytes) -> None:
        catalogue = Catalogue()
        before = catalogue.models()
        with pytest.raises(UpstreamFault):
            catalogue.learn(body)
        assert catalogue.models() is before
        assert catalogue.builtin

    @pytest.mark.parametrize(
        ("internal_id", "traits"),
        [
            ("gpt35", ("openai", "cl100k_base", None, True)),
            ("gpt4", ("openai", "cl100k_base", None, True)),
            ("gpt4turbo", ("openai", "cl100k_base", None, True)),
            ("gpt4olatest", ("openai", "o200k_base", None, True)),
            ("gpto1mini", ("openai", "o200k_base", None, False)),
            ("gpto1preview", ("openai", "o200k_base", None, False)),
            ("claudesonnet37", ("anthropic", "o200k_base", 21000, True)),
            ("gemini99", ("google", "o200k_base", None, True)),
            ("llama4", ("unknown", "o200k_base", None, True)),
        ],
    )
    def test_traits_come_from_patterns(self, internal_id: str, traits: tuple[Any, ...]) -> None:
        catalogue = Catalogue()
        catalogue.learn(listing((internal_id, "Any Name")))
        model = catalogue.models()[0]
        assert (model.family, model.encoding, model.abilities.gateway_token_cap, model.abilities.system_role) == traits

    def test_name_of_two_models_goes_to_the_first(self) -> None:
        catalogue = Catalogue()
        catalogue.learn(listing(("a", "Claude Sonnet 4.5"), ("b", "Claude 4-5 Sonnet"), ("A", "Claude Sonnet 4.5")))
        assert [model.names for model in catalogue.models()][:2] == [
            ("argo:claude-sonnet-4.5", "argo:claude-4.5-sonnet"),
            ("argo:b",),
        ]

    def test_snapshot_that_argo_lists_is_itself(self) -> None:
        """A name with `latest` or a date in ARGO's own list is not cut down to another model's."""
        catalogue = Catalogue()
        catalogue.learn(listing(("gpt4o", "GPT-4o"), ("gpt4olatest", "GPT-4o Latest")))
        assert catalogue.resolve("gpt-4o-latest").internal_id == "gpt4olatest"
        assert catalogue.resolve("gpt-4o-2024-08-06").internal_id == "gpt4o"

    @given(st.lists(st.tuples(st.sampled_from("abcAB x y"), st.sampled_from(["a", "b", "B", "x y", "o1", "gpt-o1"]))))
    def test_no_list_makes_a_name_ambiguous(self, found: list[tuple[str, str]]) -> None:
        """What the list of names shows is unique, and leads to the model that it is shown for."""
        catalogue = Catalogue()
        catalogue.learn(listing(("gpt4o", "GPT-4o"), *found))
        shown = [(name, model) for model in catalogue.models() for name in model.names]
        assert len({name for name, _ in shown}) == len(shown)
        assert all(catalogue.resolve(name) is model for name, model in shown)


class TestDefaultsAndFallback:
    """No model is given in silence for one that isn't there."""

    @pytest.mark.parametrize("name", ["", " "])
    @pytest.mark.parametrize("kind", ["chat", "embedding", ""])
    def test_no_name_is_refused(self, name: str, kind: str) -> None:
        fault = refusal(Catalogue(), name, kind)
        assert (fault.status, fault.code) == (400, "missing_required_parameter")

    def test_no_name_gives_the_default_of_its_kind(self) -> None:
        catalogue = Catalogue({"mine": "gpt-5"}, default_chat_model="mine", default_embedding_model="v3small")
        assert catalogue.resolve("", "chat").internal_id == "gpt5"
        assert catalogue.resolve("", "embedding").internal_id == "v3small"
        assert not catalogue.is_known("")

    def test_default_that_argo_lacks_is_named(self) -> None:
        fault = refusal(Catalogue(default_chat_model="gpt-99"), "")
        assert (fault.status, fault.code) == (404, "model_not_found")
        assert "'gpt-99'" in fault.message

    def test_fallback_serves_unknown_names(self) -> None:
        catalogue = Catalogue(fallback="gpt-4o")
        assert catalogue.resolve("gpt-99", "chat").internal_id == "gpt4o"
        assert not catalogue.is_known("gpt-99")
        assert catalogue.is_known("gpt-4o")

    def test_fallback_of_the_other_kind_doesnt_serve(self) -> None:
        assert refusal(Catalogue(fallback="gpt-4o"), "text-embedding-99", "embedding").status == 404

    def test_fallback_that_argo_lacks_doesnt_serve(self) -> None:
        assert "'gpt-98'" in refusal(Catalogue(fallback="gpt-99"), "gpt-98").message

    def test_fallback_doesnt_serve_a_request_without_a_name(self) -> None:
        assert refusal(Catalogue(fallback="gpt-4o"), "").code == "missing_required_parameter"


class TestAliases:
    """The operator's names come first."""

    @pytest.mark.parametrize("name", ["best", "BEST", "argo:best", "argo/Best"])
    def test_any_spelling(self, name: str) -> None:
        catalogue = Catalogue({"Best": "claude-opus-4.7"})
        assert catalogue.resolve(name, "chat").internal_id == "claudeopus47"
        assert catalogue.is_known(name)

    def test_alias_wins_over_a_model(self) -> None:
        catalogue = Catalogue({"gpt-4o": "gpt-5"})
        assert catalogue.resolve("argo:gpt-4o").internal_id == "gpt5"

    def test_alias_stands_for_a_model_not_for_an_alias(self) -> None:
        catalogue = Catalogue({"a": "gpt-4o", "gpt-4o": "gpt-5", "b": "a", "c": "c"})
        assert catalogue.resolve("a").internal_id == "gpt4o"
        assert "'a'" in refusal(catalogue, "b").message
        assert refusal(catalogue, "c").status == 404

    def test_unknown_target_is_named(self) -> None:
        assert "'gpt-99'" in refusal(Catalogue({"best": "gpt-99"}), "best").message

    def test_alias_follows_a_new_list(self) -> None:
        catalogue = Catalogue({"best": "gpt-9"})
        assert refusal(catalogue, "best").status == 404
        catalogue.learn(listing(("gpt9", "GPT-9")))
        assert catalogue.resolve("best").internal_id == "gpt9"


class TestRefusals:
    """A refusal tells what to do about it."""

    @pytest.mark.parametrize(
        ("name", "kind", "expected"),
        [
            ("claude-sonnet-4", "chat", ["argo:claude-sonnet-4.6", "argo:claude-sonnet-4.5"]),
            ("gpt-4.2", "chat", ["argo:gpt-4.1", "argo:gpt-5.2"]),
            ("gemini-2.5-ultra", "chat", ["argo:gemini-2.5-pro", "argo:gemini-2.5-flash"]),
            ("text-embedding-4-small", "embedding", ["argo:text-embedding-3-small"]),
        ],
    )
    def test_three_nearest_models_are_named(self, name: str, kind: str, expected: list[str]) -> None:
        catalogue = Catalogue()
        message = refusal(catalogue, name, kind).message
        assert f"'{name}'" in message
        nearest = message.partition("names are: ")[2].rstrip(".").split(", ")
        assert len({catalogue.resolve(one).internal_id for one in nearest}) == 3
        assert all(catalogue.resolve(one).kind == kind for one in nearest)
        assert set(expected) <= set(nearest)

    def test_clients_spelling_is_shortened_and_made_harmless(self) -> None:
        message = refusal(Catalogue(), "\x1b[2J\u202e" + "x" * 5000).message
        assert message.isprintable()
        assert len(message) < 300

    @pytest.mark.parametrize(("name", "kind"), [("v3small", "chat"), ("gpt-4o", "embedding")])
    def test_model_of_the_other_kind_is_refused(self, name: str, kind: str) -> None:
        fault = refusal(Catalogue(), name, kind)
        assert (fault.status, fault.code) == (400, "unsupported_model")
        assert "embeddings" in fault.message


def test_remembered_spellings_are_bounded() -> None:
    """Clients can't fill the memory with spellings."""
    catalogue = Catalogue()
    for number in range(3000):
        assert catalogue.resolve(f"gpt-4o-2024{number:04d}").internal_id == "gpt4o"
    assert len(catalogue._remembered) <= 1024
