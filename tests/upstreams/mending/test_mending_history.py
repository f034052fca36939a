"""Conversations are put as models take them, and left alone where nothing is wrong."""

from __future__ import annotations

import msgspec
import pytest

from argoproxy.conversation import Abilities, ChatRequest, Image, Message, Reasoning, Text, ToolCall, ToolResult
from argoproxy.upstreams.mending import HISTORY, SEALED, mended

SYSTEM = Message("system", (Text("Be brief"),))
LATER = Message("system", (Text("Be kind"),))
USER = Message("user", (Text("Hi"),))
SAID = Message("assistant", (Text("Well"),))
BEGIN = Message("user", (Text("Begin."),))
BLANK = Message("user", (Text(" \n"),))


def call(identity: str, name: str = "f") -> ToolCall:
    return ToolCall(identity, name, "{}")


def calls(*made: ToolCall) -> Message:
    return Message("assistant", made)


def result(identity: str, name: str | None = None) -> ToolResult:
    return ToolResult(identity, (Text("1"),), name=name)


def results(*given: ToolResult) -> Message:
    return Message("tool", given)


def broken(identity: str, name: str = "f") -> ToolResult:
    return ToolResult(identity, (Text("The tool call was interrupted before it gave a result."),), True, name)


PICKY = Abilities(late_system=False, user_first=True, empty_text=False)
SERIAL = Abilities(parallel_calls=False)
SYSTEMLESS = Abilities(system_role=False)
ANY = Abilities()

_CASES: list[tuple[str, Abilities, tuple[Message, ...], tuple[Message, ...], tuple[str, ...]]] = [
    ("empties", PICKY, (USER, BLANK, SAID), (USER, SAID), ("content",)),
    ("an empty part", PICKY, (Message("user", (Text(""), Text("Hi"))),), (USER,), ("content",)),
    (
        "a picture alone is something",
        PICKY,
        (Message("user", (Text(""), Image("data:x"))),),
        (Message("user", (Image("data:x"),)),),
        ("content",),
    ),
    ("an empty turn before calls", PICKY, (USER, calls(call("a")), results(result("a"))), (), ()),
    ("nothing but empties", PICKY, (BLANK,), (BEGIN,), ("content", "user-message")),
    ("empties that may be", ANY, (USER, BLANK, SAID), (), ()),
    ("a late system", PICKY, (USER, SAID, LATER, SYSTEM), (LATER, SYSTEM, USER, SAID), ("system",)),
    ("a late system that may be", ANY, (USER, LATER), (), ()),
    ("only a system", PICKY, (SYSTEM,), (SYSTEM, BEGIN), ("user-message",)),
    ("the assistant first", PICKY, (SYSTEM, SAID, USER), (SYSTEM, BEGIN, SAID, USER), ("user-message",)),
    ("nobody", PICKY, (), (BEGIN,), ("user-message",)),
    ("the assistant first, where it may", ANY, (SAID,), (), ()),
    (
        "no system at all",
        SYSTEMLESS,
        (SYSTEM, USER),
        (Message("user", (Text("Be brief"),)), USER),
        ("system-role",),
    ),
    ("a model without systems, and none", SYSTEMLESS, (USER,), (), ()),
    ("calls and results", ANY, (USER, calls(call("a"), call("b")), results(result("b")), results(result("a"))), (), ()),
    (
        "a call without a result",
        ANY,
        (USER, calls(call("a")), USER),
        (USER, calls(call("a")), results(broken("a")), USER),
        ("tool-results",),
    ),
    (
        "one of two without",
        ANY,
        (calls(call("a"), call("b", "g")), results(result("a"))),
        (calls(call("a"), call("b", "g")), results(result("a")), results(broken("b", "g"))),
        ("tool-results",),
    ),
    (
        "a late result",
        ANY,
        (calls(call("a")), USER, results(result("a")), SAID),
        (calls(call("a")), results(result("a")), USER, SAID),
        ("tool-results",),
    ),
    (
        "the same id in two turns",
        ANY,
        (calls(call("a")), USER, calls(call("a")), results(result("a"))),
        (calls(call("a")), results(broken("a")), USER, calls(call("a")), results(result("a"))),
        ("tool-results",),
    ),
    ("results of nothing are ARGO's to judge", ANY, (USER, results(result("a")), SAID), (), ()),
    (
        "calls without ids",
        ANY,
        (calls(call("", "f"), call("", "g")), results(result("", "g"))),
        (calls(call("", "f"), call("", "g")), results(result("", "g")), results(broken("", "f"))),
        ("tool-results",),
    ),
    (
        "calls one by one",
        SERIAL,
        (
            USER,
            Message("assistant", (Text("Well"), call("a"), call("b"))),
            results(result("b"), result("a")),
            SAID,
        ),
        (
            USER,
            Message("assistant", (Text("Well"), call("a"))),
            results(result("a")),
            calls(call("b")),
            results(result("b")),
            SAID,
        ),
        ("parallel-tool-calls",),
    ),
    (
        "calls one by one, some without results",
        SERIAL,
        (calls(call("a"), call("b")), USER),
        (calls(call("a")), results(broken("a")), calls(call("b")), results(broken("b")), USER),
        ("tool-results", "parallel-tool-calls"),
    ),
    ("one call is no matter", SERIAL, (USER, calls(call("a")), results(result("a"))), (), ()),
]


@pytest.mark.parametrize(("name", "abilities", "before", "after", "told"), _CASES, ids=[case[0] for case in _CASES])
def test_a_history_is_put_right(
    name: str,
    abilities: Abilities,
    before: tuple[Message, ...],
    after: tuple[Message, ...],
    told: tuple[str, ...],
) -> None:
    request = ChatRequest(model="x", prompts=(before,))
    taken, adjusted = mended(request, abilities, HISTORY)
    if not told:
        assert taken is request
        return
    assert taken.messages == after
    assert adjusted == told
    again, nothing = mended(taken, abilities, HISTORY)
    assert (again, nothing) == (taken, ())


def test_messages_that_are_right_stay_the_same_objects() -> None:
    request = ChatRequest(model="x", prompts=((USER, calls(call("a")), SAID),))
    taken, _ = mended(request, ANY, HISTORY)
    assert [message for message in taken.messages if any(message is one for one in request.messages)] == [
        *request.messages
    ]


def test_every_prompt_is_looked_at() -> None:
    request = ChatRequest(model="x", prompts=((USER,), (SAID,)))
    assert mended(request, PICKY, HISTORY)[0].prompts == ((USER,), (BEGIN, SAID))


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        (Reasoning("Hm", "seal"), True),
        (Reasoning("Hm"), False),
        (Reasoning("", "seal"), False),
        (Reasoning("", None, "sealed"), False),
        (Reasoning("Hm", "seal", "sealed"), False),
        (Text("Hm"), True),
    ],
)
def test_reasoning_goes_back_only_if_it_is_sealed(part: Reasoning | Text, kept: bool) -> None:
    message = Message("assistant", (part, Text("Well")))
    taken, adjusted = mended(ChatRequest(model="x", prompts=((USER, message),)), ANY, [SEALED])
    assert taken.messages[1] == (message if kept else msgspec.structs.replace(message, parts=(Text("Well"),)))
    assert adjusted == (() if kept else ("thinking",))
