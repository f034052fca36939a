"""
Faults: named behaviours that take the place of an honest reply. Each is one function from an exchange to a reply,
registered by one decorator line; its docstring is what the list of faults tells.

A fault applies to each endpoint and to streamed and whole replies alike, unless its docstring says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from argoproxy.simulator.exchange import Exchange
from argoproxy.simulator.model.replies import NOTICE
from argoproxy.simulator.wires.reply import Ending, Reply, document, event, gzipped, whole

Fault = Callable[[Exchange], Reply]
FAULTS: dict[str, Fault] = {}
HTML_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n"
)
HTML_504 = HTML_502.replace(b"502 Bad Gateway", b"504 Gateway Time-out")
_TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/argoapi/routers/chat.py", line 214, in chat\n'
    "    reply = await call_model(body)\n"
    "KeyError: 'choices'"
)
_DRIP = 0.05
_GARBAGE = b"\x00\xff\xfe{garbage\xc3\x28" * 8


class UnknownFault(Exception):
    """No fault has that name. The text is one line that lists those that there are."""


def parse_fault(spelled: str) -> tuple[Fault, str]:
    """
    @param spelled: C{"NAME"} or C{"NAME=ARGUMENT"}.
    @return: The fault and its argument.
    @raise UnknownFault: There is none of that name.
    """
    name, _, argument = spelled.partition("=")
    if name not in FAULTS:
        raise UnknownFault(f"no fault is called {name!r}; there are: {', '.join(sorted(FAULTS))}")
    return FAULTS[name], argument


def fault(name: str) -> Callable[[Fault], Fault]:
    """@return: A decorator that registers a behaviour under a name."""

    def register(behaviour: Fault) -> Fault:
        FAULTS[name] = behaviour
        return behaviour

    return register


def _without_body(ending: Ending) -> Reply:
    return Reply(200, "", (), ending=ending, headless=True)


def _beginning(exchange: Exchange, ending: Ending) -> Reply:
    """@return: The honest reply, which ends so behind its first bytes: as many as the argument says."""
    honest = exchange.honest()
    if (count := _whole_number(exchange.argument)) is None:
        return attrs.evolve(honest, pieces=_half(honest.pieces), ending=ending)
    return attrs.evolve(honest, pieces=(b"".join(honest.pieces)[:count],), ending=ending)


def _whole_number(argument: str) -> int | None:
    return int(argument) if argument.removeprefix("-").isdecimal() else None


def _half(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """@return: The first piece, or the first half of a body that has but one."""
    found = iter(pieces)
    first, second = next(found, b""), next(found, None)
    yield first if second is not None else first[: len(first) // 2]


def _events(reply: Reply, change: Callable[[bytes], bytes | None]) -> Reply:
    """@return: The reply with each piece of its stream changed, or left out; what isn't streamed stays as it is."""
    if not reply.streamed:
        return reply
    return attrs.evolve(reply, pieces=(kept for piece in reply.pieces if (kept := change(piece)) is not None))


# What comes instead of a reply.


@fault("status")
def status(exchange: Exchange) -> Reply:
    """status=NNN or status=NNN:BODY: that status; the body is the wire's error, or BODY as JSON or plain text."""
    code, _, body = exchange.argument.partition(":")
    number = int(code) if code.isdecimal() and 200 <= int(code) <= 599 else 500
    if not body:
        return exchange.error(number, f"simulated status {number}")
    return whole(number, body.encode(), "application/json" if body.startswith(("{", "[")) else "text/plain")


@fault("html-502")
def html_502(exchange: Exchange) -> Reply:
    """The page of the web server in front of ARGO."""
    return whole(502, HTML_502, "text/html")


@fault("html-504")
def html_504(exchange: Exchange) -> Reply:
    """The page of the web server in front of ARGO, which has waited long enough."""
    return whole(504, HTML_504, "text/html")


@fault("error-200")
def error_200(exchange: Exchange) -> Reply:
    """An error under status 200, as recorded of claudeopus41; on the gateway its {"error": ...}."""
    provider = {"details": None, "type": "api_error", "message": "Internal server error"}
    inner = {"type": "error", "error": provider, "request_id": "req_vrtx_011CbG3UVeDZ59TexEC4258S"}
    return attrs.evolve(exchange.error(500, f"{inner!r}", "api_error"), status=200)


@fault("auth-notice")
def auth_notice(exchange: Exchange) -> Reply:
    """
    The text that a user who isn't registered gets, under status 200. Models speak it; elsewhere the reply is honest.
    """
    return exchange.say(NOTICE)


@fault("say")
def say(exchange: Exchange) -> Reply:
    """
    say=TEXT: the model says TEXT, word for word (from the admin endpoint; in a message the marker is one of its own).
    """
    return exchange.say(exchange.argument)


@fault("hang")
def hang(exchange: Exchange) -> Reply:
    """Not a byte, ever; the connection stays open."""
    return _without_body(Ending.HANG)


@fault("reset")
def reset(exchange: Exchange) -> Reply:
    """The connection is reset before the first byte."""
    return _without_body(Ending.RESET)


@fault("close")
def close(exchange: Exchange) -> Reply:
    """The connection is closed, cleanly, before the first byte."""
    return _without_body(Ending.CLOSE)


@fault("close-reused")
def close_reused(exchange: Exchange) -> Reply:
    """
    Closed before the first byte if the connection has carried a request before: an idle one that dies as it is used.
    """
    return _without_body(Ending.CLOSE) if exchange.received.reused else exchange.honest()


@fault("garbage")
def garbage(exchange: Exchange) -> Reply:
    """Status 200 and bytes that are neither JSON nor UTF-8."""
    return whole(200, _GARBAGE)


@fault("garbage-http")
def garbage_http(exchange: Exchange) -> Reply:
    """Bytes that aren't HTTP at all, and a closed connection."""
    return Reply(200, "", (b"SSH-2.0-OpenSSH_9.6\r\n\x00\x01garbage\r\n",), ending=Ending.CLOSE, headless=True)


@fault("empty")
def empty(exchange: Exchange) -> Reply:
    """Status 200, the honest content type, and no body."""
    return whole(200, b"", exchange.honest().content_type)


@fault("redirect")
def redirect(exchange: Exchange) -> Reply:
    """redirect or redirect=URL: 302 to another place."""
    target = exchange.argument or "https://login.example.org/"
    return whole(302, b"<html>Found</html>", "text/html", (("Location", target),))


@fault("204")
def no_content(exchange: Exchange) -> Reply:
    """204 without a body."""
    return Reply(204, "", ())


@fault("429")
def too_many(exchange: Exchange) -> Reply:
    """429 or 429=SECONDS: Retry-After is 7 seconds, or that many."""
    after = (("Retry-After", exchange.argument or "7"),)
    return exchange.error(429, "Rate limit reached. Please try again later.", None, after)


@fault("503")
def unavailable(exchange: Exchange) -> Reply:
    """503 or 503=SECONDS, in the wire's shape: Retry-After is 3 seconds, or that many."""
    after = (("Retry-After", exchange.argument or "3"),)
    return exchange.error(503, "The service is temporarily unavailable.", None, after)


@fault("529")
def overloaded(exchange: Exchange) -> Reply:
    """529, Anthropic's status for an overload."""
    return exchange.error(529, "Overloaded", "overloaded_error" if exchange.wire == "anthropic" else None)


@fault("nested-error")
def nested_error(exchange: Exchange) -> Reply:
    """400 with OpenAI's error as a Python repr inside of the message, as recorded of gpt5."""
    message = "Unsupported value: 'temperature' does not support 0.5 with this model."
    inner = {"message": message, "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}
    return exchange.error(400, f"Error code: 400 - { ({'error': inner})!r}")


@fault("traceback")
def traceback(exchange: Exchange) -> Reply:
    """500 whose message is a Python traceback with a file's path."""
    return exchange.error(500, _TRACEBACK)


# What becomes of an honest reply.


@fault("wait")
def wait(exchange: Exchange) -> Reply:
    """wait=SECONDS: an honest reply, after so long without a byte (one second if none is told)."""
    return attrs.evolve(exchange.honest(), wait=_seconds(exchange.argument, 1.0))


@fault("drip")
def drip(exchange: Exchange) -> Reply:
    """drip or drip=SECONDS: one byte at a time, 0.05 seconds apart, or so many."""
    honest = exchange.honest()
    return attrs.evolve(honest, pieces=_bytewise(honest.pieces), pause=_seconds(exchange.argument, _DRIP))


@fault("bytewise")
def bytewise(exchange: Exchange) -> Reply:
    """One byte at a time, without a pause."""
    honest = exchange.honest()
    return attrs.evolve(honest, pieces=_bytewise(honest.pieces), pause=0.0)


# BYTES is how much of the body comes or, below zero, how much of its end doesn't. Without it the first piece of a
# stream comes, and half of any other body.


@fault("hang-mid")
def hang_mid(exchange: Exchange) -> Reply:
    """hang-mid or hang-mid=BYTES: the beginning of the body, then silence; the connection stays open."""
    return _beginning(exchange, Ending.HANG)


@fault("reset-mid")
def reset_mid(exchange: Exchange) -> Reply:
    """reset-mid or reset-mid=BYTES: the beginning of the body, then a reset."""
    return _beginning(exchange, Ending.RESET)


@fault("truncated")
def truncated(exchange: Exchange) -> Reply:
    """
    truncated or truncated=BYTES: the beginning of the body, then a clean close: short of Content-Length, or without the
    last chunk.
    """
    return _beginning(exchange, Ending.CLOSE)


@fault("ended-mid")
def ended_mid(exchange: Exchange) -> Reply:
    """ended-mid or ended-mid=BYTES: the beginning of the body, which ends there as HTTP wants it."""
    return attrs.evolve(_beginning(exchange, Ending.FINISH), length=None)


@fault("garbage-mid")
def garbage_mid(exchange: Exchange) -> Reply:
    """garbage-mid or garbage-mid=BYTES: the beginning of the body, bytes that are neither JSON nor UTF-8, the rest."""
    honest = exchange.honest()
    [beginning] = _beginning(exchange, Ending.FINISH).pieces
    body = b"".join(honest.pieces)
    return attrs.evolve(honest, pieces=(beginning, _GARBAGE, body[len(beginning) :]), length=None)


@fault("close-after")
def close_after(exchange: Exchange) -> Reply:
    """A whole reply of known length, then the connection is closed without having said so."""
    honest = exchange.honest()
    body = b"".join(honest.pieces)
    return attrs.evolve(honest, pieces=(body,), length=len(body), ending=Ending.CLOSE)


@fault("gzip")
def gzip(exchange: Exchange) -> Reply:
    """Gzip, although nobody asked for it."""
    honest = exchange.honest()
    return honest if dict(honest.headers).get("Content-Encoding") else gzipped(honest)


@fault("headers")
def headers(exchange: Exchange) -> Reply:
    """An honest reply with headers that are nobody's business: Set-Cookie, Server, X-Powered-By, and a request id."""
    honest = exchange.honest()
    more = (("Set-Cookie", "session=secret"), ("Server", "nginx/1.24.0"), ("X-Powered-By", "argo"))
    return attrs.evolve(honest, headers=(*honest.headers, *more, ("X-Request-Id", "argo-request-1")))


# What becomes of a stream's events; replies that aren't streamed stay honest.


@fault("error-event")
def error_event(exchange: Exchange) -> Reply:
    """An error as an event in the middle of a native stream, which ends there; elsewhere like error-200."""
    honest = exchange.honest()
    if not honest.streamed or exchange.wire == "gateway":
        return error_200(exchange)
    body = json.loads(b"".join(exchange.error(500, "Internal server error").pieces))
    return attrs.evolve(honest, pieces=_broken_off(honest.pieces, event(body, body.get("type"))))


def _broken_off(pieces: Iterable[bytes], last: bytes) -> Iterator[bytes]:
    for count, piece in enumerate(pieces):
        if count == 3:
            break
        yield piece
    yield last


@fault("no-terminal")
def no_terminal(exchange: Exchange) -> Reply:
    """A native stream that ends, as HTTP wants it, without its terminal event."""
    ends = (b"data: [DONE]", b"event: message_stop", b'"finish_reason":"')
    return _events(exchange.honest(), lambda piece: None if any(end in piece for end in ends) else piece)


@fault("no-input-tokens")
def no_input_tokens(exchange: Exchange) -> Reply:
    """An Anthropic stream whose first event tells no input_tokens."""
    return _events(exchange.honest(), _forget_input_tokens)


def _forget_input_tokens(piece: bytes) -> bytes:
    if not piece.startswith(b"event: message_start"):
        return piece
    value = json.loads(piece.partition(b"data: ")[2])
    value["message"]["usage"].pop("input_tokens", None)
    return event(value, "message_start")


# What becomes of a JSON body; replies that aren't JSON stay honest.


def _changed(exchange: Exchange, change: Callable[[Any], Any]) -> Reply:
    honest = exchange.honest()
    if honest.streamed or honest.status != 200:
        return honest
    return document(200, change(json.loads(b"".join(honest.pieces))))


@fault("wrong-count")
def wrong_count(exchange: Exchange) -> Reply:
    """Embeddings: one vector too few. Elsewhere an honest reply."""
    return _changed(exchange, lambda value: _each_list(value, lambda rows: rows[:-1]))


@fault("nan")
def nan(exchange: Exchange) -> Reply:
    """Embeddings: vectors that begin with NaN, which is no JSON. Elsewhere an honest reply."""
    honest = exchange.honest()
    if honest.streamed:
        return honest
    body = b"".join(honest.pieces)
    return whole(honest.status, body.replace(b"[0.", b"[NaN,0.").replace(b"[-0.", b"[NaN,-0."), honest.content_type)


def _each_list(value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """@return: A reply of either embeddings call with its vectors changed; any other as it was."""
    vectors = value.get("embedding", value.get("data")) if isinstance(value, dict) else None
    if not isinstance(vectors, list) or (vectors and isinstance(vectors[0], dict) and "embedding" not in vectors[0]):
        return value
    return {key: change(part) if part is vectors else part for key, part in value.items()}


@fault("content-blocks")
def content_blocks(exchange: Exchange) -> Reply:
    """
    Gateway, Claude: a reply with calls whose content is a list of text and tool_use blocks. Elsewhere an honest reply.
    """
    return _changed(exchange, _blocks)


def _blocks(value: Any) -> Any:
    response = value.get("response") if isinstance(value, dict) else None
    if not isinstance(response, dict) or not all(call.get("type") == "tool_use" for call in response["tool_calls"]):
        return value
    text = [{"type": "text", "text": response["content"]}] if response["content"] else []
    return {"response": {"content": text + response["tool_calls"], "tool_calls": response["tool_calls"]}}


def _seconds(argument: str, otherwise: float) -> float:
    try:
        return max(0.0, float(argument))
    except ValueError:
        return otherwise


def _bytewise(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for place in range(len(piece)):
            yield piece[place : place + 1]
