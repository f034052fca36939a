"""Calls and results keep belonging to each other, under ids that every family takes."""

from __future__ import annotations

import pytest

from argoproxy.conversation import Message, Text, ToolCall, ToolResult
from argoproxy.upstreams.call_ids import fitted

USER = Message("user", (Text("Hi"),))


def _calls(*calls: tuple[str, str]) -> Message:
    return Message("assistant", (Text("So"), *(ToolCall(identity, name, "{}") for identity, name in calls)))


def _results(*results: tuple[str, str | None]) -> Message:
    return Message("tool", tuple(ToolResult(identity, (), name=name) for identity, name in results))


def _ids(*conversation: Message) -> list[str]:
    return [
        part.id if isinstance(part, ToolCall) else part.call_id
        for message in fitted(conversation)
        for part in message.parts
        if isinstance(part, ToolCall | ToolResult)
    ]


@pytest.mark.parametrize(
    ("conversation", "ids"),
    [
        # Ids that fit stay, orphans' too.
        ((_calls(("call_a-1", "f")), _results(("call_a-1", None))), ["call_a-1", "call_a-1"]),
        ((_results(("lost", None)),), ["lost"]),
        # Others are made up.
        (
            (_calls(("a.b", "f"), ("é", "f")), _results(("é", None), ("a.b", None))),
            ["call_1", "call_2", "call_2", "call_1"],
        ),
        ((_calls(("x" * 41, "f")), _results(("x" * 41, None))), ["call_1", "call_1"]),
        ((_calls(("call_1", "f"), ("a.b", "f")), _results(("a.b", None))), ["call_1", "call_2", "call_2"]),
        ((_results(("not fit", None)),), ["call_1"]),
        # Without ids, order and name tell.
        ((_calls(("", "f"), ("", "g")), _results(("", "g"), ("", "f"))), ["call_1", "call_2", "call_2", "call_1"]),
        ((_calls(("", "f"), ("", "f")), _results(("", "f"), ("", "f"))), ["call_1", "call_2", "call_1", "call_2"]),
        ((_calls(("", "f"), ("", "g")), _results(("", None), ("", None))), ["call_1", "call_2", "call_1", "call_2"]),
        ((_calls(("", "f")), _calls(("", "f")), _results(("", "f"))), ["call_1", "call_2", "call_2"]),
        ((_calls(("", "f")), _results(("", "f"), ("", "f"))), ["call_1", "call_1", "call_2"]),
        # The same id in two turns is two calls.
        (
            (_calls(("a", "f")), _results(("a", None)), USER, _calls(("a", "f")), _results(("a", None))),
            ["a", "a", "call_1", "call_1"],
        ),
        ((_calls(("a", "f"), ("a", "g")), _results(("a", None), ("a", None))), ["a", "call_1", "a", "call_1"]),
        # A result that comes late.
        (
            (_calls(("a.b", "f")), _calls(("c", "f")), _results(("c", None), ("a.b", None))),
            ["call_1", "c", "c", "call_1"],
        ),
    ],
)
def test_ids_fit_and_pair(conversation: tuple[Message, ...], ids: list[str]) -> None:
    assert _ids(*conversation) == ids


def test_a_conversation_in_order_is_left_alone() -> None:
    conversation = (USER, _calls(("a", "f"), ("b", "f")), _results(("a", None), ("b", None)))
    assert fitted(conversation) is conversation


def test_only_ids_change() -> None:
    [user, said] = fitted((USER, _calls(("", "f"))))
    assert (user, said) == (USER, _calls(("call_1", "f")))
