"""The official SDKs, pointed at the proxy. They never try again by themselves, so that a test sees what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anthropic import Anthropic
from google import genai
from openai import OpenAI

from tests.running import Argo, Running
from tests.sdk.clients import KEY, google


@pytest.fixture(scope="session", params=["proxy", "native_proxy"], ids=["gateway", "native"])
def wired(request: pytest.FixtureRequest) -> Running:
    """The proxy, on ARGO's gateway and on its native wires."""
    running: Running = request.getfixturevalue(request.param)
    return running


@pytest.fixture(scope="session")
def client(wired: Running) -> Iterator[OpenAI]:
    """OpenAI's SDK, on either kind of wire."""
    with OpenAI(base_url=f"{wired.url}/v1", api_key=KEY, max_retries=0) as openai:
        yield openai


@pytest.fixture(scope="session")
def gateway_client(proxy: Running) -> Iterator[OpenAI]:
    """OpenAI's SDK on the gateway, for what is the gateway's own."""
    with OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
        yield openai


@pytest.fixture(scope="session")
def anthropic_client(wired: Running) -> Iterator[Anthropic]:
    """Anthropic's SDK, on either kind of wire."""
    with Anthropic(base_url=wired.url, api_key=KEY, max_retries=0) as anthropic:
        yield anthropic


@pytest.fixture(scope="session")
def google_client(wired: Running) -> Iterator[genai.Client]:
    """Google's SDK, on either kind of wire."""
    with google(wired) as client:
        yield client


@pytest.fixture
def argo(argosim: Argo) -> Iterator[Argo]:
    """What plays ARGO behind the proxy, with nothing behind it."""
    argosim.forget()
    yield argosim
    argosim.forget()
