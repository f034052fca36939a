"""What the log says of a request: one line, without anything that anybody wrote into it."""

from __future__ import annotations

import random
import re
import time
from functools import lru_cache

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.python.failure import Failure
from twisted.web.server import Request as WebRequest

from argoproxy.conversation import ChatRequest, Image, Request, Usage

_NAMESPACE = "argoproxy.request"
_log = Logger(namespace=_NAMESPACE)
_bugs = Logger()

_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_LONGEST_PATH = 200


_SHAPE = "{id} asks: messages={messages} images={images} tools={tools} choices={choices} stream={stream} bytes={bytes}"


class Bug(Exception):
    """Stands for what a bug of ours has raised, and tells its type alone."""


def log_bug(told: str, record_id: str, failure: Failure) -> None:
    """
    Write what a bug has raised, and where. The words are left out, since they may be what somebody has asked.

    @param told: what it kept from happening, with C{{id}} in it.
    """
    raised = type(failure.value)
    bug = Bug(f"{raised.__module__}.{raised.__qualname__}")
    _bugs.failure(told, Failure(bug, exc_tb=failure.getTracebackObject()), id=record_id)


def log_shape(record_id: str, request: Request, length: int) -> None:
    """Write what a request is like, without a word of it."""
    chat = request if isinstance(request, ChatRequest) else None
    messages = [message for prompt in chat.prompts for message in prompt] if chat else []
    _log.debug(
        _SHAPE,
        id=record_id,
        messages=len(messages),
        images=sum(isinstance(part, Image) for message in messages for part in message.parts),
        tools=len(chat.tools) if chat else 0,
        choices=chat.n if chat else 1,
        stream=request.stream,
        bytes=length,
    )


def new_token() -> str:
    """What tells two requests or replies apart; a secret it is not, so the system needn't be asked for it."""
    return random.randbytes(12).hex()


def request_id(request: WebRequest) -> str:
    """The client's own C{x-request-id} if it is one that can stand in a header and a log, else a new one."""
    own = request.getHeader(b"x-request-id")
    if own is not None and _ID.fullmatch(own):
        return own.decode("ascii")
    return f"req_{new_token()}"


@attrs.define(eq=False, repr=False)
class Record:
    """
    A request's account, filled in as things become known.

    @ivar key: the name of the client's key, where there are keys.
    @ivar end: why it ended: C{done}, C{client left}, or C{failed}.
    @ivar asked: whether ARGO has been asked.
    @ivar attempts: 1, and how often a call was sent once more.
    """

    _clock: IReactorTime
    _request: WebRequest
    id: str = attrs.field(init=False)
    key: str | None = None
    model: str = "-"
    upstream: str = "-"
    status: int = 0
    asked: bool = False
    attempts: int = 1
    end: str = "done"
    code: str | None = None
    usage: Usage | None = None
    _started: float = attrs.field(init=False)
    _ended: float = 0.0
    _first_byte: float | None = None

    def __attrs_post_init__(self) -> None:
        self.id = request_id(self._request)
        self._started = self._clock.seconds()

    @property
    def sent(self) -> int:
        """Bytes of body that went to the client."""
        return self._request.sentLength

    def began(self, now: float) -> None:
        """The first byte of the reply's body went out, at that moment of the clock."""
        self._first_byte = now

    def repeated(self) -> None:
        """A call was sent once more."""
        self.attempts += 1

    def over(self) -> None:
        """The reply has ended, in whichever way."""
        self._ended = self._clock.seconds()

    def emit(self) -> None:
        """Write the line of a reply that is over."""
        method, path = _printable(self._request.method), _printable(self._request.path[:_LONGEST_PATH])
        first = None if self._first_byte is None else _ms(self._first_byte - self._started)
        total = _ms(self._ended - self._started)
        prompt, completion = (None, None) if self.usage is None else (self.usage.prompt, self.usage.completion)
        # Made here: a look-up of fourteen fields by Twisted's formatter costs as much as the rest of the line's way.
        line = (
            f"{self.id} {method} {path} model={self.model} upstream={self.upstream} status={self.status} "
            f"first_byte_ms={first} total_ms={total} tokens={prompt}+{completion} "
            f"bytes={self.sent} attempts={self.attempts} end={self.end} code={self.code}"
        )
        event = {
            "log_level": LogLevel.info,
            "log_namespace": _NAMESPACE,
            "log_format": "{log_text}",
            "log_time": time.time(),
            "log_text": line,
            "id": self.id,
            "method": method,
            "path": path,
            "model": self.model,
            "upstream": self.upstream,
            "status": self.status,
            "first_byte_ms": first,
            "total_ms": total,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "bytes": self.sent,
            "attempts": self.attempts,
            "end": self.end,
            "code": self.code,
        }
        if self.key is not None:
            event["key"] = self.key
            event["log_text"] = f"{line} key={self.key}"
        globalLogPublisher(event)


def _ms(seconds: float) -> float:
    return int(seconds * 10_000 + 0.5) / 10


@lru_cache(256)
def _printable(text: bytes) -> str:
    """A method or path as one word of ASCII."""
    return re.sub(r"[^!-~]", "?", text.decode("ascii", "replace"))
