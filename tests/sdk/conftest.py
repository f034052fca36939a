"""OpenAI's own SDK, pointed at the proxy. It never tries again by itself, so that a test sees what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.running import Argo, Running
from tests.sdk.clients import KEY


@pytest.fixture(scope="session")
def client(proxy: Running) -> Iterator[OpenAI]:
    """The SDK, without retries."""
    with OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0) as openai:
        yield openai


@pytest.fixture
def argo(argosim: Argo) -> Iterator[Argo]:
    """What plays ARGO behind the proxy, with nothing behind it."""
    argosim.forget()
    yield argosim
    argosim.forget()
