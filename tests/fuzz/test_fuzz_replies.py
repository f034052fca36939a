"""
Whatever ARGO sends, in whatever pieces: a reader makes the same of it, raises nothing but what a client can be told,
and makes no more of it than there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import (
    Call,
    ChatRequest,
    EmbeddingRequest,
    Event,
    Failed,
    Head,
    ReasoningDelta,
    RouteCall,
    Stamp,
    TextDelta,
    Tool,
    ToolCallArguments,
    ToolCallBegun,
    Vectors,
)
from argoproxy.dialects.anthropic_messages import AnthropicMessages
from argoproxy.dialects.openai_chat import OpenAIChat
from argoproxy.errors import ProxyError
from argoproxy.interfaces import IDecoder, IRelay, ISplice, IUpstream
from argoproxy.upstreams.anthropic_native import AnthropicNative
from argoproxy.upstreams.argo_gateway import ArgoGateway
from argoproxy.upstreams.openai_native import OpenAINative
from tests.fuzz.mutation import fuzzing, pieces, wrong_bytes
from tests.simulator.asking import SCHEMA
from tests.upstreams.wire import USER, head, model, send

Outcome = tuple[list[Any], Any]

_GATEWAY = "http://argo/api/v1/resource"
WIRES: dict[str, IUpstream] = {
    "gateway": ArgoGateway(f"{_GATEWAY}/chat/", f"{_GATEWAY}/streamchat/", f"{_GATEWAY}/embed/"),
    "openai": OpenAINative("http://argo/v1/chat/completions", "http://argo/v1/embeddings"),
    "anthropic": AnthropicNative("http://argo/v1/messages"),
}
_MODELS = {"gateway": ("gpt4o", "claudesonnet45"), "openai": ("gpt4o", "gemini25pro"), "anthropic": ("claudesonnet45",)}
_TOOLS = (Tool("get_weather", "Tells.", msgspec.Raw(msgspec.json.encode(SCHEMA))),)
_STAMP = Stamp("tok", 1_700_000_000, "a-name")
_KINDS = [
    (wire, name, streamed, tools)
    for wire, names in _MODELS.items()
    for name in names
    for streamed in (False, True)
    for tools in (False, True)
]


@cache
def _asked(wire: str, name: str, streamed: bool, tools: bool) -> tuple[Call, Head, bytes]:
    """A call, and the honest answer to it."""
    request = ChatRequest(
        model="x", prompts=((USER,),), stream=streamed, max_tokens=99, tools=_TOOLS if tools else ()
    )
    if tools:
        request = msgspec.structs.replace(request, prompts=((_about_weather(),),))
    return _answered(WIRES[wire].encode(request, model(name), "someone"))


def _about_weather() -> Any:
    return msgspec.structs.replace(USER, parts=(msgspec.structs.replace(USER.parts[0], text="The weather"),))


def _answered(call: Call) -> tuple[Call, Head, bytes]:
    reply = send(call)
    assert (reply.status, reply.text is None) == (200, False)
    return call, head(reply), (reply.text or "").encode()


def _read(decoder: IDecoder, cut: list[bytes]) -> Outcome:
    """What a decoder says to a body in pieces, until it fails, and the failure."""
    said: list[Event] = []
    try:
        for piece in cut:
            said += decoder.feed(piece)
            if any(isinstance(one, Failed) for one in said):
                return _merged(said), None
        return _merged([*said, *decoder.close()]), None
    except ProxyError as fault:
        return _merged(said), _fault(fault)


def _passed(splice: ISplice, cut: list[bytes]) -> Outcome:
    """What goes on of a body in pieces, and the failure."""
    passed = b""
    try:
        for piece in cut:
            passed += splice.feed(piece)
        passed += splice.close()
    except ProxyError as fault:
        return [passed], _fault(fault)
    return [passed], splice.fault and _fault(splice.fault)


def _fault(fault: ProxyError) -> tuple[int, str, str | None]:
    return fault.status, fault.message, fault.code


_GROWING: dict[type[Any], str] = {TextDelta: "text", ReasoningDelta: "text", ToolCallArguments: "fragment"}


def _merged(events: Iterable[Event]) -> list[Any]:
    """The events, with what came in pieces put together; up to the first failure."""
    found: list[Any] = []
    for event in events:
        if isinstance(event, Failed):
            found.append(("failed", _fault(event.fault)))
            break
        if isinstance(event, ToolCallBegun):
            # Where ARGO tells no id, one is drawn.
            event = msgspec.structs.replace(event, id="")
        last = found[-1] if found else None
        if isinstance(event, Vectors) and isinstance(last, Vectors):
            found[-1] = Vectors((*last.rows, *event.rows))
        elif type(last) is type(event) and type(event) in _GROWING and _continues(last, event):
            field = _GROWING[type(event)]
            found[-1] = msgspec.structs.replace(last, **{field: getattr(last, field) + getattr(event, field)})
        else:
            found.append(event)
    return found


def _continues(last: Any, event: Any) -> bool:
    """Whether all but the text is equal."""
    field = _GROWING[type(event)]
    blank = {field: ""}
    return bool(msgspec.structs.replace(last, **blank) == msgspec.structs.replace(event, **blank))


def _ways(data: st.DataObject, body: bytes) -> Iterator[list[bytes]]:
    """The body as a whole, in pieces, and byte by byte."""
    for places in ([], data.draw(pieces(len(body))), list(range(1, len(body)))):
        yield [body[begin:end] for begin, end in zip([0, *places], [*places, len(body)], strict=True)]


@fuzzing
@given(st.sampled_from(_KINDS), st.data())
def test_any_reply_is_read_the_same_in_any_pieces(kind: tuple[str, str, bool, bool], data: st.DataObject) -> None:
    wire = kind[0]
    call, told, honest = _asked(*kind)
    body = data.draw(wrong_bytes(honest))
    told = data.draw(st.sampled_from([told, Head(500, "text/html"), Head(200, "text/plain")]))
    outcomes = [_read(WIRES[wire].decoder(call, told, 0), cut) for cut in _ways(data, body)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(msgspec.json.encode(outcomes[0][0], enc_hook=str)) < 20 * len(body) + 10_000


@pytest.mark.parametrize("kind", _KINDS, ids=str)
def test_bytes_that_are_no_text_are_told_wherever_they_are(kind: tuple[str, str, bool, bool]) -> None:
    """Also where nobody looks, as in the arguments of a call."""
    call, told, honest = _asked(*kind)
    for at in range(0, len(honest), 7 if kind[2] else 1):
        _read(WIRES[kind[0]].decoder(call, told, 0), [honest[:at] + b"\xff\xfe" + honest[at:]])


_RELAYED: dict[str, tuple[Any, str]] = {
    "openai": (OpenAIChat(), "gpt4o"),
    "anthropic": (AnthropicMessages(), "claudesonnet45"),
}


@cache
def _relayed(wire: str, streamed: bool) -> tuple[ChatRequest, Call, Head, bytes]:
    dialect, name = _RELAYED[wire]
    asked = {"model": "x", "max_tokens": 99, "stream": streamed, "messages": [{"role": "user", "content": "Hi"}]}
    request = dialect.parse(msgspec.json.encode(asked), RouteCall())
    relay = WIRES[wire]
    assert IRelay.providedBy(relay)
    assert relay.relays(request, model(name))
    return request, *_answered(relay.relay(request, model(name), "someone"))


@fuzzing
@given(st.sampled_from(sorted(_RELAYED)), st.booleans(), st.data())
def test_any_reply_is_passed_on_the_same_in_any_pieces(wire: str, streamed: bool, data: st.DataObject) -> None:
    request, call, told, honest = _relayed(wire, streamed)
    body = data.draw(wrong_bytes(honest))
    relay = IRelay(WIRES[wire])
    outcomes = [_passed(relay.splice(call, request, told, _STAMP), cut) for cut in _ways(data, body)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    [passed] = outcomes[0][0]
    assert len(passed) < 2 * len(body) + 1000


@cache
def _vectors(wire: str) -> tuple[Call, Head, bytes]:
    request = EmbeddingRequest(model="x", inputs=("a", "b"))
    call, told, body = _answered(WIRES[wire].encode(request, model("v3small"), "someone"))
    short = msgspec.json.decode(body)
    for row in short.get("data", ()):
        row["embedding"] = row["embedding"][:3]
    if "embedding" in short:
        short["embedding"] = [row[:3] for row in short["embedding"]]
    return call, told, msgspec.json.encode(short)


@fuzzing
@given(st.sampled_from(["gateway", "openai"]), st.data())
def test_any_vectors_are_read_the_same_in_any_pieces(wire: str, data: st.DataObject) -> None:
    call, told, honest = _vectors(wire)
    body = data.draw(wrong_bytes(honest))
    outcomes = [_read(WIRES[wire].decoder(call, told, 0), cut) for cut in _ways(data, body)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
