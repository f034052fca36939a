"""
The pairs that can't exist, each with its reason, and with what is checked in the feature's place: that it is refused,
left out and told, or absent indeed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import attrs

from argoproxy.simulator.model.replies import REASONING
from tests.matrix.asks import CITY, PIXEL, Model, Result
from tests.matrix.client import Client
from tests.matrix.features import HELLO, TOOLS

_USER = {"role": "user", "content": "Something else"}
_PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
_TOOLS = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in TOOLS]


@attrs.frozen
class Absent:
    """
    A reason for pairs to be absent.

    @ivar features: the names of the features that they are without.
    @ivar applies: whether a client is such a pair.
    @ivar instead: what holds then.
    """

    reason: str
    features: Collection[str]
    applies: Callable[[Client], bool]
    instead: Callable[[Client], None]


def absent(feature: str, client: Client) -> Absent | None:
    """Why a client can't have a feature, if it can't."""
    return next((row for row in ABSENT if feature in row.features and row.applies(client)), None)


def _speaks(dialect: str, client: Client) -> bool:
    return client.adapter.dialect == dialect


def _is_left_out(field: str, value: object, client: Client) -> None:
    """A client that tries it all the same is told that it is left out, and gets its reply."""
    said = client.ask(HELLO, more={field: value})
    assert (said.status, said.trouble) == (200, None)
    assert (said.text, said.calls, said.thoughts) == (client.says(HELLO), (), "")
    assert said.dropped == (field,)


def _is_refused(field: str, value: object, client: Client) -> None:
    """A client that tries it all the same gets a 400, and ARGO isn't asked."""
    said = client.ask(HELLO, more={field: value})
    assert said.status == 400
    assert not client.web.simulator.requests


def _thinks_unseen(client: Client) -> None:
    """ARGO is told to think if it can be, the client is told what became of it, and no thoughts come."""
    said = client.ask(HELLO, thinks=True)
    assert (said.status, said.text, said.thoughts, said.seal) == (200, client.says(HELLO), "", "")
    effort = client.column.effort
    assert said.dropped == ((client.adapter.effort,) if effort == "dropped" else ())
    assert effort != "adjusted" or "thinking" in said.adjusted
    assert (client.web.asked().get("reasoning_effort") in ("medium", "high")) is (effort == "told")


def _goes_back_unsealed(client: Client) -> None:
    """Thoughts are shown; without their seal they don't go back, which is told, and the conversation goes on."""
    first = client.good("How is the weather?", tools=TOOLS, thinks=True)
    assert (first.thoughts, first.seal) == (REASONING, "")
    told = Result(first.calls[0], "Sunny")
    second = client.good("How is the weather?", Model(own=first.own), told, tools=TOOLS, thinks=True)
    assert "Sunny" in second.text
    assert "thinking" in second.adjusted
    assert not list(client.blocks("thinking"))


def _is_asked_in_words(client: Client) -> None:
    """The model is asked to call, or to call no more than one. The simulated one doesn't obey."""
    client.good(HELLO, tools=TOOLS, choice="required", single=True)
    assert "You must call at least one tool" in client.heard()[0][1]
    client.good(HELLO, tools=TOOLS, choice="read_clock")
    assert "You must call" in client.heard()[0][1]


def _calls_all(client: Client) -> None:
    """A client that wants several calls has nothing to say."""
    assert len(client.good("Tell me the weather and the clock", tools=TOOLS).calls) == len(TOOLS)


def _fits(client: Client) -> None:
    """The model's reply fits by itself."""
    said = client.good("Where?", shaped=True)
    assert said.text.replace(" ", "") == '{"city":"city"}'
    assert len(client.web.simulator.requests) == 1


def _fails_at_once(client: Client) -> None:
    """The error is the whole reply, with a status of its own."""
    said = client.ask(f"{HELLO} [sim:error-event]")
    assert (said.status, said.text) == (502, "")


def _ends_with_its_connection(client: Client) -> None:
    """The reply is whole, since HTTP says so."""
    text = f"{HELLO} [sim:no-terminal]"
    assert client.good(text).text == client.says(text)


_completions = partial(_speaks, "openai_completions")

ABSENT = (
    Absent(
        "A legacy completion has one text and no messages.",
        ("system", "turns", "model_first", "silent_turn"),
        _completions,
        partial(_is_left_out, "messages", [_USER]),
    ),
    Absent(
        "A legacy completion has no tools.",
        (
            "one_call",
            "no_call",
            "parallel_calls",
            "streamed_arguments",
            "result",
            "results",
            "orphaned_call",
            "pictured_result",
            "single_call",
            "required_call",
            "named_call",
            "forbidden_call",
            "awkward_tools",
            "usage_of_calls",
        ),
        _completions,
        partial(_is_left_out, "tools", _TOOLS),
    ),
    Absent(
        "A legacy completion's prompt is text.",
        ("image",),
        _completions,
        partial(_is_refused, "prompt", [_PICTURE]),
    ),
    Absent(
        "A legacy completion has no room for thoughts.",
        ("thinking", "sealed_thoughts"),
        _completions,
        partial(_is_left_out, "reasoning_effort", "high"),
    ),
    Absent(
        "A legacy completion has no shapes.",
        ("shaped", "misshaped"),
        _completions,
        partial(_is_left_out, "response_format", {"type": "json_object"}),
    ),
    Absent(
        "Google's clients can't ask for a single call.",
        ("single_call",),
        partial(_speaks, "google_genai"),
        _calls_all,
    ),
    Absent(
        "A model without tools of its own is asked in words, and need not obey.",
        ("required_call", "named_call"),
        lambda client: not client.column.tools,
        _is_asked_in_words,
    ),
    Absent(
        "Responses have no stop texts.",
        ("stop",),
        partial(_speaks, "openai_responses"),
        partial(_is_left_out, "stop", "HALT"),
    ),
    Absent(
        "The gateway and OpenAI's wire show no thoughts.",
        ("thinking", "sealed_thoughts"),
        lambda client: client.column.effort != "thinks",
        _thinks_unseen,
    ),
    Absent(
        "Chat Completions have no room for the seal of thoughts.",
        ("sealed_thoughts",),
        lambda client: not client.adapter.seals,
        _goes_back_unsealed,
    ),
    Absent(
        "Where the wire sees to the shape, no reply misses it.",
        ("misshaped",),
        lambda client: client.column.shapes,
        _fits,
    ),
    Absent(
        "The gateway's streams are bare text: there are no events in which an error could come.",
        ("error_in_stream",),
        lambda client: not client.column.native,
        _fails_at_once,
    ),
    Absent(
        "The gateway's streams are bare text: there is no last event that could be missing.",
        ("no_terminal",),
        lambda client: not client.column.native,
        _ends_with_its_connection,
    ),
)
