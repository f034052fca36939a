"""The faults, one by one, on every wire, whole and streamed; and the ways to choose them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from twisted.web.client import ResponseFailed

from argoproxy.simulator import FAULTS, Simulator, SimulatorSettings, UnknownFault
from argoproxy.simulator.exchange import Exchange
from argoproxy.simulator.faults import fault, parse_fault
from argoproxy.simulator.wires.reply import Reply as Made
from tests.simulator.asking import (
    CHAT,
    COMPLETIONS,
    EMBED,
    EMBEDDINGS,
    MESSAGES,
    MODELS,
    STREAMCHAT,
    Argo,
    Reply,
    anthropic_tool,
    openai_tool,
)

Ask = Callable[[Argo], Reply]
WHOLE: dict[str, Ask] = {
    "gateway": lambda argo: argo.chat(),
    "openai": lambda argo: argo.complete(),
    "anthropic": lambda argo: argo.message(),
}
STREAMED: dict[str, Ask] = {
    "gateway-stream": lambda argo: argo.chat(path=STREAMCHAT),
    "openai-stream": lambda argo: argo.complete(stream=True),
    "anthropic-stream": lambda argo: argo.message(stream=True),
}
ALL = WHOLE | STREAMED


def _told(reply: Reply) -> str:
    """The error's message, of any wire."""
    error = reply.json["error"]
    return str(error if isinstance(error, str) else error["message"])


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("status=418", 418, "simulated status 418"),
        ("status=nonsense", 500, "simulated status 500"),
        ("error-200", 200, "'message': 'Internal server error'"),
        ("429", 429, "Rate limit"),
        ("503", 503, "unavailable"),
        ("529", 529, "Overloaded"),
        ("nested-error", 400, "'param': 'temperature'"),
        ("traceback", 500, 'File "/app/argoapi/routers/chat.py"'),
    ],
)
def test_errors_come_in_the_shape_of_the_wire(wire: str, name: str, status: int, told: str) -> None:
    """Each wire has its own clothes for an error."""
    reply = ALL[wire](Argo(fault=name))
    assert reply.status == status
    assert told in _told(reply)
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize(
    ("name", "status", "header", "value", "text"),
    [
        ("html-502", 502, "content-type", "text/html", "502 Bad Gateway"),
        ("status=500:plain words", 500, "content-type", "text/plain", "plain words"),
        ("status=403:{}", 403, "content-type", "application/json", "{}"),
        ("redirect", 302, "location", "https://login.example.org/", "Found"),
        ("redirect=http://x/", 302, "location", "http://x/", "Found"),
        ("204", 204, "server", "TwistedWeb", ""),
        ("429=30", 429, "retry-after", "30", "Rate"),
        ("503", 503, "retry-after", "3", "unavailable"),
        ("headers", 200, "set-cookie", "session=secret", "wrote"),
    ],
)
def test_odd_replies(wire: str, name: str, status: int, header: str, value: str, text: str) -> None:
    """Pages, redirects, replies without a body, headers."""
    reply = ALL[wire](Argo(chunk_size=1000, fault=name))
    assert reply.status == status
    assert value in reply.headers[header]
    assert text in (reply.text or "")


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("name", ["reset", "close", "garbage-http"])
def test_no_reply_at_all(wire: str, name: str) -> None:
    """The connection ends before any head."""
    argo = Argo(fault=name)
    reply = ALL[wire](argo)
    assert (reply.status, reply.failure is not None) == (None, True)
    assert (argo.simulator.open_requests, argo.simulator.cut_requests) == (0, 0)


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize(("name", "begun"), [("hang", False), ("hang-mid", True)])
def test_hanging(wire: str, name: str, begun: bool) -> None:
    """The request stays open, whatever time passes."""
    argo = Argo(fault=name)
    reply = ALL[wire](argo)
    argo.advance(86_400)
    assert (reply.status, reply.text, reply.failure) == (200 if begun else None, None, None)
    assert argo.simulator.open_requests == 1


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("name", ["reset-mid", "truncated"])
def test_half_a_reply(wire: str, name: str) -> None:
    """A head of 200, and a body that fails."""
    reply = ALL[wire](Argo(fault=name))
    assert (reply.status, reply.text, reply.failure is not None) == (200, None, True)


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize(("count", "kept"), [("0", 0), ("9", 9), ("-1", -1), ("999999", None)])
def test_a_reply_that_ends_at_a_place_of_choice(wire: str, count: str, kept: int | None) -> None:
    """So many bytes, or all but so many; garbage there can't be read as text."""
    assert ALL[wire](Argo(fault=f"ended-mid={count}")).text == (ALL[wire](Argo()).text or "")[:kept]
    assert isinstance(_failure(ALL[wire](Argo(fault=f"garbage-mid={count}"))), UnicodeDecodeError)
    whole = wire in WHOLE and kept is None
    assert isinstance(_failure(ALL[wire](Argo(fault=f"truncated={count}"))), ResponseFailed) is not whole


def _failure(reply: Reply) -> BaseException | None:
    return reply.failure.value if reply.failure is not None else None


@pytest.mark.parametrize("wire", ALL)
def test_garbage(wire: str) -> None:
    """Bytes that nobody can read, under status 200."""
    reply = ALL[wire](Argo(fault="garbage"))
    assert reply.status == 200
    assert reply.text is None or "{garbage" in reply.text


@pytest.mark.parametrize("wire", ALL)
def test_empty(wire: str) -> None:
    """No body, but the honest content type."""
    reply = ALL[wire](Argo(fault="empty"))
    assert (reply.status, reply.text) == (200, "")
    assert reply.headers["content-type"] == ALL[wire](Argo()).headers["content-type"]


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize("name", ["gzip", "bytewise", "close-after", "close-reused", "nan", "wrong-count"])
def test_the_same_reply_in_other_clothes(wire: str, name: str) -> None:
    """What changes is how the bytes come, or nothing at all; the text is the honest one."""
    assert ALL[wire](Argo(fault=name)).text == ALL[wire](Argo()).text


@pytest.mark.parametrize("wire", ALL)
def test_dripping(wire: str) -> None:
    """A byte at a time, with a pause between two; the honest text in the end."""
    argo = Argo(fault="drip=1")
    reply = ALL[wire](argo)
    honest = ALL[wire](Argo()).text or ""
    for _ in honest.encode()[1:]:
        assert reply.text is None
        argo.advance(1)
    argo.advance(1)
    assert reply.text == honest


@pytest.mark.parametrize("wire", ALL)
@pytest.mark.parametrize(("name", "seconds"), [("wait=600", 600), ("wait", 1), ("wait=x", 1)])
def test_waiting(wire: str, name: str, seconds: int) -> None:
    """Not a byte before the time, then the honest reply."""
    argo = Argo(fault=name)
    reply = ALL[wire](argo)
    argo.advance(seconds - 0.5)
    assert reply.status is None
    argo.advance(0.5)
    assert reply.text == ALL[wire](Argo()).text


@pytest.mark.parametrize("wire", ALL)
def test_the_notice_is_a_reply(wire: str) -> None:
    """Status 200, and nothing but the notice said."""
    reply = ALL[wire](Argo(chunk_size=1000, fault="auth-notice"))
    assert reply.status == 200
    assert "IMPORTANT AUTHENTICATION NOTICE FROM ARGO" in (reply.text or "")
    assert "simulated" not in (reply.text or "")


def test_where_no_model_speaks_or_the_request_is_refused_there_is_no_notice() -> None:
    """Embeddings and lists are honest, and a refusal stays one."""
    argo, honest = Argo(fault="auth-notice"), Argo()
    assert argo.ask("POST", EMBED, _GATEWAY_EMBED).text == honest.ask("POST", EMBED, _GATEWAY_EMBED).text
    assert argo.ask("GET", MODELS).text == honest.ask("GET", MODELS).text
    assert argo.chat("no such model").status == 400


@pytest.mark.parametrize("wire", STREAMED)
def test_an_error_in_the_middle_of_a_stream(wire: str) -> None:
    """Some honest events, then the error's, then a clean end; the gateway has no events."""
    reply = STREAMED[wire](Argo(fault="error-event"))
    assert reply.status == 200
    if wire == "gateway-stream":
        assert "error" in reply.json
        return
    *honest, last = reply.events
    assert len(honest) == 3
    assert "error" in last
    assert ("event: error\n" in (reply.text or "")) is (wire == "anthropic-stream")


@pytest.mark.parametrize("wire", STREAMED)
def test_a_stream_without_its_terminal_event(wire: str) -> None:
    """All but the last events, then a clean end; raw text has no last event."""
    text = STREAMED[wire](Argo(fault="no-terminal")).text or ""
    assert not any(end in text for end in ("[DONE]", "message_stop", '"finish_reason":"stop"'))
    assert text in (STREAMED[wire](Argo()).text or "")


def test_input_tokens_are_missing() -> None:
    """Of the first event only; other wires are honest."""
    argo = Argo(fault="no-input-tokens")
    events = argo.message(stream=True).events
    assert "input_tokens" not in events[0]["message"]["usage"]
    assert "output_tokens" in events[0]["message"]["usage"]
    assert argo.complete(stream=True).text == Argo().complete(stream=True).text
    assert argo.message().text == Argo().message().text


_GATEWAY_EMBED = {"user": "someone", "model": "v3small", "prompt": ["a", "b"]}
_NATIVE_EMBED = {"user": "someone", "model": "v3small", "input": ["a", "b"]}


def test_wrong_embeddings() -> None:
    """A vector too few, and vectors with NaN, on both wires; model lists stay whole."""
    few, nan = Argo(fault="wrong-count"), Argo(fault="nan")
    assert len(few.ask("POST", EMBED, _GATEWAY_EMBED).json["embedding"]) == 1
    assert len(few.ask("POST", EMBEDDINGS, _NATIVE_EMBED).json["data"]) == 1
    assert few.ask("GET", MODELS).text == Argo().ask("GET", MODELS).text
    assert math.isnan(nan.ask("POST", EMBED, _GATEWAY_EMBED).json["embedding"][1][0])
    assert math.isnan(nan.ask("POST", EMBEDDINGS, _NATIVE_EMBED).json["data"][0]["embedding"][0])


def test_content_as_blocks() -> None:
    """Claude's gateway replies with calls can have a list as content; others stay as they are."""
    argo = Argo(fault="content-blocks")
    response = argo.chat("claudesonnet45", "weather", tools=[anthropic_tool()]).json["response"]
    assert [block["type"] for block in response["content"]] == ["text", "tool_use"]
    assert response["content"][1:] == response["tool_calls"]
    assert argo.chat(text="weather", tools=[openai_tool()]).json["response"]["content"] is None
    assert argo.chat("gpt").status == 400


def test_connections_that_die_when_they_are_used_again() -> None:
    """close-reused is honest on a fresh connection only."""
    exchange = Argo()
    endpoint: Any = attrs.make_class("Endpoint", ["honest"])(lambda received: Made(200, "", ()))
    received: Any = attrs.make_class("Received", ["reused"])
    behaviour, _ = parse_fault("close-reused")
    fresh = behaviour(Exchange("gateway", endpoint, received(False)))
    used = behaviour(Exchange("gateway", endpoint, received(True)))
    assert (fresh.headless, used.headless) == (False, True)
    assert exchange.simulator.open_requests == 0


@pytest.mark.parametrize("wire", ALL)
def test_saying_what_one_is_told_to(wire: str) -> None:
    """The fault C{say} puts words in the model's mouth."""
    assert "so to [speak]" in (ALL[wire](Argo(chunk_size=1000, fault="say=so to [speak]")).text or "")


def test_faults_in_messages() -> None:
    """A marker in the last user message, prompt or embedding input; its own text is quoted as ever."""
    argo = Argo()
    assert argo.chat(text="x [sim:status=418] y").status == 418
    assert argo.chat(messages=None, prompt=["[sim:html-502]"]).status == 502
    assert argo.complete(text="[sim:529]").status == 529
    assert argo.message(text=[{"type": "text", "text": "[sim:503]"}]).status == 503
    assert argo.ask("POST", EMBED, {**_GATEWAY_EMBED, "prompt": ["a", "[sim:204]"]}).status == 204
    assert argo.ask("POST", EMBEDDINGS, {**_NATIVE_EMBED, "input": "[sim:204]"}).status == 204
    assert argo.chat(text="x [sim:gzip]").json["response"].endswith('"x [sim:gzip]".')


def test_faults_are_met_although_the_request_would_be_refused() -> None:
    """The marker counts even where ARGO would say no."""
    argo = Argo()
    assert argo.chat("no such model", "[sim:html-502]").status == 502
    assert argo.message(max_tokens=None, text="[sim:html-502]").status == 502


@pytest.mark.parametrize("wire", WHOLE)
def test_a_marker_that_names_no_fault_is_told(wire: str) -> None:
    """A typo is a 400 that lists the faults there are."""
    asks: dict[str, Any] = {"gateway": Argo().chat, "openai": Argo().complete, "anthropic": Argo().message}
    reply = asks[wire](text="[sim:rest]")
    assert reply.status == 400
    assert "no fault is called 'rest'; there are: 204, 429" in _told(reply)


@pytest.mark.parametrize("body", [b"[sim:reset", b'{"prompt": "[sim:"}', b'{"input": [[1]], "x": "[sim:204]"}'])
@pytest.mark.parametrize("path", [CHAT, STREAMCHAT, EMBED, COMPLETIONS, EMBEDDINGS, MESSAGES])
def test_markers_elsewhere_do_not_count(body: bytes, path: str) -> None:
    """In a body that can't be read, or outside of the message, a marker is no order."""
    assert Argo().ask("POST", path, body).status in (400, 401, 500)


def test_armed_faults_come_first_and_wear_out() -> None:
    """So many requests, of one path or of all, then honesty again."""
    argo = Argo()
    argo.simulator.fault("status=500", times=2, path=CHAT.rstrip("/"))
    assert argo.complete().status == 200
    assert [argo.chat().status for _ in range(3)] == [500, 500, 200]
    argo.simulator.fault("503", times=None)
    assert [argo.chat(text="[sim:204]").status for _ in range(3)] == [503, 503, 503]
    argo.simulator.clear_faults()
    assert argo.chat().status == 200


def test_a_fault_that_there_is_not() -> None:
    """Neither settings nor callers get one."""
    with pytest.raises(UnknownFault, match="no fault is called 'nope'"):
        Simulator(SimulatorSettings(fault="nope"), clock=Argo().clock)
    with pytest.raises(UnknownFault, match="nope"):
        Argo().simulator.fault("nope")


def test_a_new_fault_is_one_function_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered can be asked for."""
    monkeypatch.setattr("argoproxy.simulator.faults.FAULTS", dict(FAULTS))

    @fault("teapot")
    def teapot(exchange: Exchange) -> Made:
        """I am a teapot."""
        return exchange.error(418, exchange.argument)

    assert _told(Argo().chat(text="[sim:teapot=short and stout]")) == "short and stout"


def test_every_fault_says_what_it_does() -> None:
    """The list for people has a line for each."""
    assert all((behaviour.__doc__ or "").strip() for behaviour in FAULTS.values())
    assert json.dumps(sorted(FAULTS))
