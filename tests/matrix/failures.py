"""
What must be told in every dialect over every wire when something goes wrong: before the first byte, and in a stream.

Registered beside the other features (L{tests.matrix.features}).
"""

from __future__ import annotations

import attrs

from tests.matrix.asks import Said
from tests.matrix.client import Client
from tests.matrix.features import BOTH, HELLO, TOOLS, feature, stream_feature


@attrs.frozen
class Failure:
    """
    A fault of the simulator's, and what becomes of it.

    @ivar status: for the client.
    @ivar words: what the message holds.
    """

    fault: str
    status: int
    words: str = ""
    retry_after: str | None = None


BEFORE = {
    "error_of_rate": Failure("429=9", 429, "Rate limit reached", "9"),
    "error_nested": Failure("nested-error", 400, "Unsupported value: 'temperature' does not support 0.5"),
    "error_overloaded": Failure("529", 529, "Overloaded"),
    "error_page": Failure("html-502", 502, "ARGO answered with status 502"),
    "error_under_200": Failure("error-200", 502, "Internal server error"),
    "error_of_user": Failure("auth-notice", 401, "IMPORTANT AUTHENTICATION NOTICE FROM ARGO"),
    "error_traceback": Failure("traceback", 502),
    "error_garbage": Failure("garbage", 502),
    "error_reset": Failure("reset", 502),
    "error_closed": Failure("close", 502),
}


def _before(name: str, failure: Failure) -> None:
    def check(client: Client) -> None:
        _told(client, failure, client.ask(f"{HELLO} [sim:{failure.fault}]"))
        if client.adapter.tools:
            _told(client, failure, client.ask(f"{BOTH} [sim:{failure.fault}]", tools=TOOLS))

    check.__name__ = name
    check.__doc__ = f"{failure.fault} is an error of status {failure.status}, in the dialect's own shape."
    feature(check)


def _told(client: Client, failure: Failure, said: Said) -> None:
    assert said.status == client.adapter.renamed.get(failure.status, failure.status)
    assert said.trouble is not None
    assert said.trouble.kind == client.adapter.statuses[said.status]
    assert failure.words in said.trouble.message
    assert "/app/" not in said.trouble.message
    assert said.retry_after == failure.retry_after


for _name, _failure in BEFORE.items():
    _before(_name, _failure)


ODD = {
    "odd_bytewise": "bytewise",
    "odd_close": "close-after",
    "odd_headers": "headers",
    "odd_blocks": "content-blocks",
    "odd_usage": "no-input-tokens",
}
"""Replies that are honest, but not made as they usually are."""


def _odd(name: str, fault: str) -> None:
    def check(client: Client) -> None:
        text = f"{HELLO} [sim:{fault}]"
        assert client.good(text).text == client.says(text)
        if not client.adapter.tools:
            return
        said = client.good(f"{BOTH} [sim:{fault}]", tools=TOOLS)
        assert [call.name for call in said.calls] == list(TOOLS)
        assert said.usage is not None
        assert min(said.usage.prompt, said.usage.completion) > 0

    check.__name__ = name
    check.__doc__ = f"A reply like {fault} is as good as any."
    feature(check)


for _name, _fault in ODD.items():
    _odd(_name, _fault)


@stream_feature
def error_in_stream(client: Client) -> None:
    """An error that comes as an event of ARGO's is one of the dialect's, behind what had come until then."""
    said = _cut(client, "error-event")
    assert said.trouble is not None
    assert "Internal server error" in said.trouble.message


@feature
def reset_midway(client: Client) -> None:
    """A reply whose connection is reset is never taken for a whole one."""
    _cut(client, "reset-mid")


@feature
def truncated(client: Client) -> None:
    """Nor is one that is closed too early."""
    _cut(client, "truncated")


@stream_feature
def no_terminal(client: Client) -> None:
    """Nor is one that lacks its last event, although HTTP says that it is whole."""
    _cut(client, "no-terminal")


def _cut(client: Client, fault: str) -> Said:
    """What a client gets of a reply that is cut: an error, behind a beginning of the text if it streams."""
    text = f"{HELLO} [sim:{fault}]"
    said = client.ask(text)
    assert said.trouble is not None
    kinds = client.adapter.statuses
    assert said.trouble.kind in {kinds[500], kinds[502]}
    assert said.status == 502 or (said.status == 200 and client.streamed)
    assert client.says(text).startswith(said.text)
    return said
