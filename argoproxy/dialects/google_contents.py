"""
Google's conversations, and what they are in the neutral language.

Neighbouring contents of the model are one turn: the SDKs keep a streamed reply as a content for each of its chunks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import attrs
import msgspec

from argoproxy.conversation import (
    Event,
    Message,
    Part,
    ReasoningDelta,
    Text,
    TextDelta,
    ToolCallArguments,
    ToolCallBegun,
    ToolResult,
)
from argoproxy.conversation.gather import Gatherer
from argoproxy.vocabulary import google
from argoproxy.wire.json import begins

from .google_calls import Pairing
from .google_parts import answer, json_text, only_text, parts_of, refuse_unknown, refused, shown
from .google_seals import seal

Contents = str | google.Content | Annotated[tuple[str | google.Content, ...], msgspec.Meta(min_length=1)]
Instructions = str | google.Content | tuple[str | google.Part, ...]

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_contents(contents: Contents) -> tuple[Message, ...]:
    """
    The conversation.

    @raise ClientFault: something in it can't be taken, or it says nothing.
    """
    history = _History()
    if isinstance(contents, tuple):
        for index, content in enumerate(contents):
            history.add(_content(content), f"contents[{index}]")
    else:
        history.add(_content(contents), "contents")
    messages = history.messages()
    if not messages:
        raise refused("contents", "it says nothing", "invalid_value")
    return messages


def read_instructions(instructions: Instructions | None) -> tuple[Message, ...]:
    """
    The system's message, if there is one. Its role means nothing.

    @raise ClientFault: there is more than text.
    """
    if instructions is None:
        return ()
    content = instructions if isinstance(instructions, google.Content) else google.Content(parts=instructions)
    text = only_text(content, "systemInstruction")
    return (Message("system", (Text(text),)),) if text else ()


def _content(given: str | google.Content) -> google.Content:
    return google.Content(parts=given) if isinstance(given, str) else given


@attrs.define
class _History:
    """Messages in the making."""

    _messages: list[Message] = attrs.Factory(list)
    _pairing: Pairing = attrs.Factory(Pairing)
    _turn: Gatherer | None = None

    def add(self, content: google.Content, path: str) -> None:
        """One more content. One without parts says nothing."""
        role = google.ROLES.get(content.role or "user")
        if role is None:
            raise refused(f"{path}.role", "expected 'user' or 'model'", "invalid_value")
        for index, part in enumerate(parts_of(content)):
            refuse_unknown(part, f"{path}.parts[{index}]")
        if role == "assistant":
            self._said(content, path)
        else:
            self._told(content, path)

    def messages(self) -> tuple[Message, ...]:
        """All of them."""
        self._end_turn()
        return tuple(self._messages)

    def _said(self, content: google.Content, path: str) -> None:
        """The model's: its turn goes on, or begins."""
        if self._turn is None:
            self._turn = Gatherer()
            self._pairing.next_turn()
        for index, part in enumerate(parts_of(content)):
            for event in self._events(part, f"{path}.parts[{index}]"):
                self._turn.add(event)

    def _end_turn(self) -> None:
        if self._turn is None:
            return
        said = self._turn.reply().choices[0].parts
        self._turn = None
        if said:
            self._messages.append(Message("assistant", said))

    def _events(self, part: google.Part, path: str) -> Iterator[Event]:
        """What the model once said, as it said it."""
        for name in ("inline_data", "file_data", "function_response"):
            if getattr(part, name) is not None:
                raise refused(path, "the model's own turns may have text, thoughts and calls only")
        sealed = seal(part.thought_signature)
        if part.thought:
            yield ReasoningDelta(part.text or "", signature=sealed.signature, redacted=sealed.redacted)
        elif part.text:
            yield TextDelta(part.text)
        if part.function_call is not None:
            call = part.function_call
            count = self._pairing.count
            yield ToolCallBegun(self._pairing.call_id(call.id, call.name), call.name, count, signature=sealed.signature)
            yield ToolCallArguments(json_text(call.args, f"{path}.functionCall.args"), count)

    def _told(self, content: google.Content, path: str) -> None:
        """The user's: what tools answered comes first, since it belongs to the calls before it."""
        results: list[ToolResult] = []
        rest: list[Part] = []
        for index, part in enumerate(parts_of(content)):
            where = f"{path}.parts[{index}]"
            if part.function_call is not None:
                raise refused(where, "only the model calls functions")
            if part.function_response is not None:
                results.append(self._result(part.function_response, f"{where}.functionResponse"))
            rest.extend(shown(part, where))
        self._end_turn_before(results, rest)

    def _end_turn_before(self, results: list[ToolResult], rest: list[Part]) -> None:
        if not results and not rest:
            return
        self._end_turn()
        if results:
            self._messages.append(Message("tool", tuple(results)))
        if rest:
            self._messages.append(Message("user", tuple(rest)))

    def _result(self, response: google.FunctionResponse, path: str) -> ToolResult:
        call_id = self._pairing.answered(response.id, response.name)
        parts = answer(response, path)
        return ToolResult(call_id, parts, _failed(response.response), response.name or None)


def _failed(response: msgspec.Raw) -> bool:
    """Whether a tool answered an error and nothing else: Google's rule for what a response holds."""
    return begins(response, b"{") and set(_keys.decode(response)) == {"error"}
