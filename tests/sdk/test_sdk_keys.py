"""What the official SDKs make of keys and limits: their own exceptions, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors, types
from openai import OpenAI

from argoproxy.config.keys import ApiKey
from argoproxy.keys import file, token
from tests.running import Argo, Running, twistd
from tests.sdk.clients import MODEL

pytest_plugins = ["tests.services", "tests.quotas.server"]

_ASK = [{"role": "user", "content": "Hello"}]


class Keyed:
    """
    A proxy with keys in a file.

    @ivar keys: each key's owner by its name.
    """

    def __init__(self, running: Running, keys: dict[str, str]) -> None:
        self.running = running
        self.keys = keys

    def openai(self, name: str) -> OpenAI:
        return OpenAI(base_url=f"{self.running.url}/v1", api_key=self.keys.get(name, name), max_retries=0)

    def anthropic(self, name: str) -> Anthropic:
        return Anthropic(base_url=self.running.url, api_key=self.keys.get(name, name), max_retries=0)

    def google(self, name: str) -> genai.Client:
        options = types.HttpOptions(base_url=self.running.url)
        return genai.Client(api_key=self.keys.get(name, name), http_options=options)


@pytest.fixture(scope="module", params=["memory", "redis"])
def keyed(request: pytest.FixtureRequest, argosim: Argo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A proxy with keys, whose limits are kept here or there."""
    folder = tmp_path_factory.mktemp("keyed")
    keys = {name: token.new() for name in ("open", "openai", "anthropic", "google", "narrow", "past")}
    _write(folder, keys)
    store = ""
    if request.param == "redis":
        store = f"limits_store: redis://127.0.0.1:{request.getfixturevalue('redis').port}\n"
    (folder / "config.yaml").write_text(f"user: someone\nargo_base_url: {argosim.url}\nkeys_file: keys.yaml\n{store}")
    with twistd(folder, "argoproxy", "--config", "config.yaml") as running:
        yield Keyed(running, keys)


def _write(folder: Path, keys: dict[str, str]) -> None:
    limits = dict.fromkeys(("openai", "anthropic", "google"), 2)
    rows = [
        ApiKey(
            name=name,
            sha256=token.digest(key),
            requests_per_minute=limits.get(name),
            tokens_per_minute=1000 if name in limits else None,
            models=("gpt-4o",) if name == "narrow" else (),
            expires="2020-01-01" if name == "past" else None,
        )
        for name, key in keys.items()
    ]
    file.write(str(folder / "keys.yaml"), rows)


@pytest.mark.parametrize("name", ["argo-nobodys", "past"])
def test_without_a_good_key_authentication_fails(keyed: Keyed, name: str) -> None:
    with keyed.openai(name) as client, pytest.raises(openai.AuthenticationError) as one:
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    assert (one.value.code, one.value.type) == ("invalid_api_key", "authentication_error")
    with keyed.anthropic(name) as claude, pytest.raises(anthropic.AuthenticationError) as two:
        claude.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert two.value.type == "authentication_error"
    with keyed.google(name) as gemini, pytest.raises(errors.ClientError) as three:
        gemini.models.generate_content(model=MODEL, contents="Hello")
    assert (three.value.code, three.value.status) == (401, "UNAUTHENTICATED")
    with keyed.openai(name) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_model_that_is_not_allowed_is_a_permission_denied(keyed: Keyed) -> None:
    with keyed.openai("narrow") as client:
        assert [model.id for model in client.models.list()] == [MODEL]
        with pytest.raises(openai.PermissionDeniedError) as one:
            client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Hello"}])
    assert (one.value.code, one.value.param) == ("model_not_allowed", "model")
    with keyed.anthropic("narrow") as claude, pytest.raises(anthropic.PermissionDeniedError) as two:
        claude.messages.create(model="claude-sonnet-4.5", max_tokens=9, messages=[{"role": "user", "content": "Hello"}])
    assert two.value.type == "permission_error"
    with keyed.google("narrow") as gemini, pytest.raises(errors.ClientError) as three:
        gemini.models.generate_content(model="gemini-2.5-pro", contents="Hello")
    assert (three.value.code, three.value.status) == (403, "PERMISSION_DENIED")


def test_openais_sdk_is_told_of_its_limits(keyed: Keyed) -> None:
    with keyed.openai("openai") as client:
        create = client.chat.completions.with_raw_response.create
        told = [create(model=MODEL, messages=[{"role": "user", "content": "Hello"}]).headers for _ in range(2)]
        with pytest.raises(openai.RateLimitError) as limited:
            create(model=MODEL, messages=[{"role": "user", "content": "Hello"}], stream=True)
    assert [headers["x-ratelimit-remaining-requests"] for headers in told] == ["1", "0"]
    assert int(told[1]["x-ratelimit-remaining-tokens"]) < 1000
    assert limited.value.code == "rate_limit_exceeded"
    assert 28 <= int(limited.value.response.headers["retry-after"]) <= 30


def test_anthropics_sdk_is_told_of_its_limits(keyed: Keyed) -> None:
    with keyed.anthropic("anthropic") as claude:
        create = claude.messages.with_raw_response.create
        asked = {"model": MODEL, "max_tokens": 100, "messages": _ASK}
        told = [create(**asked).headers for _ in range(2)]  # type: ignore[call-overload]
        with pytest.raises(anthropic.RateLimitError) as limited:
            create(**asked)  # type: ignore[call-overload]
    assert [headers["anthropic-ratelimit-requests-remaining"] for headers in told] == ["1", "0"]
    assert limited.value.type == "rate_limit_error"


def test_googles_sdk_is_told_to_wait(keyed: Keyed) -> None:
    with keyed.google("google") as gemini:
        for _ in range(2):
            assert gemini.models.generate_content(model=MODEL, contents="Hello").text
        with pytest.raises(errors.ClientError) as limited:
            gemini.models.generate_content(model=MODEL, contents="Hello")
    assert (limited.value.code, limited.value.status) == (429, "RESOURCE_EXHAUSTED")


def test_no_key_is_in_the_log(keyed: Keyed) -> None:
    with keyed.openai("open") as client:
        assert client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    log = keyed.running.log.read_text()
    assert " key=open" in log
    assert not [name for name, key in keyed.keys.items() if key in log or token.digest(key) in log]
