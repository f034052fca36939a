"""One exchange without I/O: what the upstream's bytes become, and what is counted on the way."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Call,
    ChatRequest,
    DirectRequest,
    Event,
    Failed,
    Finished,
    Head,
    Message,
    Model,
    Stamp,
    Started,
    Text,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    Usage,
    Used,
)
from argoproxy.dialects.argo_direct import ArgoDirect
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.errors import UpstreamFault
from argoproxy.interfaces import ICounter, ILeg, IRenderer, ITally, ITranslation
from argoproxy.translation import between
from argoproxy.translation.legs import Leg
from argoproxy.translation.translated import Translation
from argoproxy.translation.verbatim import Verbatim
from argoproxy.upstreams.argo_gateway import ArgoGateway

MODEL = Model(internal_id="gpt4o", names=("argo:gpt-4o",), family="openai")
GATEWAY = ArgoGateway("http://argo/chat/", "http://argo/streamchat/", "http://argo/embed/")
REQUEST = ChatRequest(model="gpt-4o", prompts=((Message("user", (Text("Hi"),)),),), stream=True)
DIRECT = DirectRequest(model="m", resource="chat", fields={})
CALL = Call(url="", body=b"", reply="text")
OK = Head(200)


@implementer(ITally)
class Letters:
    """Counts a letter a step."""

    def __init__(self, text: str = "") -> None:
        self.text, self.counted = text, 0

    def add(self, text: str) -> None:
        self.text += text

    def step(self) -> bool:
        self.counted = min(len(self.text), self.counted + 1)
        return self.counted < len(self.text)

    def total(self) -> int:
        return self.counted


@implementer(ICounter)
class LetterCounter:
    def prompt(self, request: Any, model: Model) -> Letters:
        return Letters("prompt")

    def completion(self, model: Model) -> Letters:
        return Letters()

    def spelled_out(self, request: Any, model: Model) -> Any:
        return request


@implementer(IRenderer)
@attrs.define
class Shown:
    """Keeps the events, and shows each by a letter."""

    content_type = "text/event-stream"
    keepalive = b":"
    events: list[Event] = attrs.field(factory=list)

    def render(self, event: Event) -> bytes:
        self.events.append(event)
        return type(event).__name__[:1].encode()

    def close(self) -> bytes:
        return b"."


def _translation(request: ChatRequest = REQUEST) -> tuple[Translation, Shown]:
    shown = Shown()
    return Translation(request, MODEL, GATEWAY, shown, LetterCounter()), shown


def _settle(counting: Any) -> None:
    while counting.settle():
        pass


def test_bytes_become_events_in_order_with_one_start_and_one_end() -> None:
    translation, shown = _translation()
    leg = translation.leg(CALL, OK, 0)
    out = leg.feed(b"ab") + leg.feed(b"c") + leg.ended()
    _settle(translation)
    _settle(leg)
    out += leg.close() + translation.close()
    assert shown.events == [
        Started(),
        TextDelta("ab"),
        TextDelta("c"),
        Finished("stop"),
        Used(Usage(prompt=6, completion=3)),
    ]
    assert out == b"STTFU."


def test_a_stream_that_was_opened_in_silence_starts_only_once() -> None:
    translation, shown = _translation()
    assert translation.open() == b"S"
    assert translation.leg(CALL, OK, 0).feed(b"ab") == b"T"
    assert shown.events == [Started(), TextDelta("ab")]


@pytest.mark.parametrize(("limit", "reason"), [(None, "stop"), (4, "stop"), (3, "length"), (2, "length")])
def test_a_reply_that_reaches_the_limit_ended_for_that(limit: int | None, reason: str) -> None:
    request = ChatRequest(model="x", prompts=REQUEST.prompts, max_completion_tokens=limit)
    translation, shown = _translation(request)
    leg = translation.leg(CALL, OK, 0)
    leg.feed(b"abc")
    leg.ended()
    _settle(leg)
    leg.close()
    assert shown.events[-1] == Finished(reason)  # type: ignore[arg-type]


class Scripted:
    """A decoder that says what it was told to."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)

    def feed(self, data: bytes) -> list[Event]:
        return self.events

    def close(self) -> list[Event]:
        return []


def _leg(*events: Event) -> tuple[Leg, Shown, Letters]:
    shown, tally = Shown(), Letters()
    return Leg(Scripted(*events), shown.render, tally, None), shown, tally  # type: ignore[arg-type]


def test_calls_are_counted_and_are_why_it_ended() -> None:
    leg, shown, tally = _leg(ToolCallBegun("id", "name"), ToolCallArguments("{}"), Finished(None))
    leg.feed(b"x")
    leg.close()
    assert tally.text == "name{}"
    assert shown.events[-1] == Finished("tool_calls")


def test_a_reason_that_the_wire_tells_is_kept() -> None:
    leg, shown, _ = _leg(TextDelta("a"), Finished("content_filter"))
    leg.feed(b"x")
    assert leg.close() == b""
    assert shown.events[-1] == Finished("content_filter")


def test_what_came_before_a_failure_still_goes_out() -> None:
    fault = UpstreamFault(502, "no")
    leg, shown, _ = _leg(TextDelta("a"), Failed(fault))
    assert leg.feed(b"x") == b"T"
    assert leg.fault is fault
    assert shown.events == [TextDelta("a")]


def test_a_failure_is_shown_as_the_dialect_shows_it() -> None:
    translation, shown = _translation()
    fault = UpstreamFault(502, "no")
    assert translation.fail(fault) == b"F"
    assert shown.events == [Failed(fault)]


def test_the_legs_of_a_reply_share_its_start_and_its_usage() -> None:
    translation, shown = _translation()
    legs = [translation.leg(CALL, OK, choice) for choice in (0, 1)]
    for leg in legs:
        leg.feed(b"abcd")
        leg.ended()
        _settle(leg)
        leg.close()
    _settle(translation)
    translation.close()
    assert shown.events.count(Started()) == 1
    assert shown.events[-1] == Used(Usage(prompt=6, completion=8))
    assert [event.choice for event in shown.events if isinstance(event, Finished)] == [0, 1]


def test_argos_own_passes_as_it_is() -> None:
    direct = Verbatim(DIRECT, MODEL, GATEWAY)
    leg = direct.leg(CALL, Head(418, "text/odd; x=1"), 0)
    assert (direct.status, direct.content_type) == (418, "text/odd; x=1")
    assert leg.feed(b"\x00\xff") == b"\x00\xff"
    assert (leg.ended(), leg.settle(), leg.close(), leg.fault) == (b"", False, b"", None)
    assert (direct.open(), direct.close(), direct.usage()) == (b"", b"", None)
    assert direct.fail(UpstreamFault(502, "no")) == b""


def test_the_request_chooses_the_translation() -> None:
    stamp = Stamp("t", 0, "m")
    assert isinstance(between(ArgoDirect(), GATEWAY, DIRECT, MODEL, stamp, LetterCounter()), Verbatim)
    assert isinstance(between(OpenAIChat(), GATEWAY, REQUEST, MODEL, stamp, LetterCounter()), Translation)


def test_they_keep_their_interfaces() -> None:
    translation, _ = _translation()
    verifyObject(ITranslation, translation)
    verifyObject(ITranslation, Verbatim(DIRECT, MODEL, GATEWAY))
    verifyObject(ILeg, translation.leg(CALL, OK, 0))
    verifyObject(ILeg, Verbatim(DIRECT, MODEL, GATEWAY))


def test_the_choices_of_a_prompt_share_their_call() -> None:
    message = Message("user", (Text("Hi"),))
    request = ChatRequest(model="x", prompts=((message,), (message, message)), n=3, bare=True)
    first, _, third, fourth, *_ = calls = _translation(request)[0].calls("someone")
    assert len(calls) == 6
    assert first is third
    assert first is not fourth
