"""Events come together to the reply that they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Reasoning,
    ReasoningDelta,
    Started,
    Text,
    TextDelta,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.conversation.gather import Choice, Gatherer, Reply
from argoproxy.errors import Truncated


def gathered(events: list[Event], choices: int = 1) -> Reply:
    gatherer = Gatherer(choices)
    for event in events:
        gatherer.add(event)
    return gatherer.reply()


CASES: dict[str, tuple[list[Event], tuple[object, ...]]] = {
    "nothing at all": ([Started()], ()),
    "pieces of text are one part": ([TextDelta("a"), TextDelta("é"), TextDelta("😀")], (Text("aé😀"),)),
    "empty pieces are none": ([TextDelta(""), ReasoningDelta(""), TextDelta("")], ()),
    "an empty piece of another kind does not cut a text": (
        [TextDelta("a"), ReasoningDelta(""), TextDelta("b")],
        (Text("ab"),),
    ),
    "reasoning, then text": (
        [ReasoningDelta("h"), ReasoningDelta("m"), TextDelta("x")],
        (Reasoning("hm"), Text("x")),
    ),
    "a signature closes its block": (
        [ReasoningDelta("a"), ReasoningDelta("", signature="s"), ReasoningDelta("b")],
        (Reasoning("a", "s"), Reasoning("b")),
    ),
    "a signature alone is kept": ([ReasoningDelta("", signature="s")], (Reasoning("", "s"),)),
    "what is redacted is a block of its own": (
        [ReasoningDelta("a"), ReasoningDelta("", redacted="x"), ReasoningDelta("", redacted="y"), ReasoningDelta("b")],
        (Reasoning("a"), Reasoning("", redacted="x"), Reasoning("", redacted="y"), Reasoning("b")),
    ),
    "a call keeps its seal": (
        [ToolCallBegun("i", "f", signature="s"), ToolCallArguments("{}")],
        (ToolCall("i", "f", "{}", "s"),),
    ),
    "text on both sides of a call stays apart": (
        [TextDelta("a"), ToolCallBegun("i", "f"), ToolCallArguments("{}"), TextDelta("b")],
        (Text("a"), ToolCall("i", "f", "{}"), Text("b")),
    ),
    "calls whose arguments come in turns": (
        [
            ToolCallBegun("i", "f"),
            ToolCallBegun("j", "g", 1),
            ToolCallArguments('{"a"', 0),
            ToolCallArguments('{"b"', 1),
            ToolCallArguments(":1}", 0),
            ToolCallArguments(":2}", 1),
        ],
        (ToolCall("i", "f", '{"a":1}'), ToolCall("j", "g", '{"b":2}')),
    ),
    "a call without arguments": ([ToolCallBegun("i", "f")], (ToolCall("i", "f", ""),)),
}


@pytest.mark.parametrize(("events", "parts"), CASES.values(), ids=CASES)
def test_the_parts_are_those_that_the_events_tell(events: list[Event], parts: tuple[object, ...]) -> None:
    assert gathered(events).choices == (Choice(parts, None),)  # type: ignore[arg-type]


def test_each_choice_has_its_own_parts_reason_and_calls() -> None:
    reply = gathered(
        [
            TextDelta("one", 1),
            ToolCallBegun("i", "f", 0, 0),
            TextDelta("zero"),
            ToolCallArguments("{}", 0, 0),
            Finished("stop", 1, "END"),
            Finished("tool_calls", 0),
        ],
        choices=3,
    )
    assert reply.choices == (
        Choice((ToolCall("i", "f", "{}"), Text("zero")), "tool_calls"),
        Choice((Text("one"),), "stop", "END"),
        Choice((), None),
    )


def test_usage_is_what_the_reply_cost_and_zero_where_nobody_told() -> None:
    assert gathered([Used(Usage(3, 4, 1, 2))]).usage == Usage(3, 4, 1, 2)
    assert gathered([]).usage == Usage()


def test_a_choice_tells_its_text_reasoning_and_calls_each_on_its_own() -> None:
    call = ToolCall("i", "f", "{}")
    choice = Choice((Reasoning("a"), Text("b"), call, Reasoning("c"), Text("d")), "stop")
    assert (choice.text, choice.reasoning, choice.calls) == ("bd", "ac", (call,))


def test_a_failure_is_raised() -> None:
    fault = Truncated()
    with pytest.raises(Truncated) as raised:
        gathered([TextDelta("a"), Failed(fault)])
    assert raised.value is fault


@given(st.lists(st.tuples(st.text(), st.integers(0, 2))))
def test_no_text_is_lost_or_moved_whatever_the_pieces(pieces: list[tuple[str, int]]) -> None:
    reply = gathered([TextDelta(text, choice) for text, choice in pieces], choices=3)
    for index, choice in enumerate(reply.choices):
        assert choice.text == "".join(text for text, of in pieces if of == index)
        assert len(choice.parts) <= 1
