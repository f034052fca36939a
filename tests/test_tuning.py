"""What is taken away from Twisted and treq is nothing that a request needs."""

from __future__ import annotations

import pytest
import treq.client

from argoproxy import tuning

from .web import Web


@pytest.fixture
def _plain_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CookieAgent", "ContentDecoderAgent"):
        monkeypatch.setattr(treq.client, name, getattr(treq.client, name))
    tuning._call_plainly()


@pytest.mark.usefixtures("_plain_calls")
def test_a_compressed_reply_is_read_all_the_same() -> None:
    web = Web()
    web.simulator.fault("gzip")
    assert 'You wrote: "Hello"' in web.chat("Hello").json()["choices"][0]["message"]["content"]


@pytest.mark.usefixtures("_plain_calls")
def test_a_plain_reply_is_read_and_no_coding_asked_for() -> None:
    web = Web()
    assert 'You wrote: "Hello"' in web.chat("Hello").json()["choices"][0]["message"]["content"]
    assert web.simulator.requests[-1].headers["accept-encoding"] == "identity"
    assert "cookie" not in web.simulator.requests[-1].headers
