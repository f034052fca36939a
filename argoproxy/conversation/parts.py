"""What a conversation is made of: messages, their parts, and tools."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]


class Text(msgspec.Struct, frozen=True):
    """Plain text."""

    text: str


class Tokens(msgspec.Struct, frozen=True):
    """Text that a client sent as token ids of the model's encoding."""

    ids: tuple[int, ...]


class Image(msgspec.Struct, frozen=True):
    """
    A picture.

    @ivar url: a C{data:} URI or an address.
    @ivar detail: OpenAI's C{low}, C{high} or C{auto}, where the client gave it.
    @ivar path: where it stands in the client's body, for a fault's C{param}; empty where its dialect doesn't say.
    """

    url: str
    detail: str | None = None
    path: str = ""


class Reasoning(msgspec.Struct, frozen=True):
    """
    What the model thought in an earlier turn.

    @ivar signature: the provider's seal on it, without which it is not taken back; opaque.
    @ivar redacted: what the provider gives in place of the text, sealed; opaque.
    """

    text: str
    signature: str | None = None
    redacted: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """
    A call that the model made.

    @ivar id: empty where the client's dialect has none (Google's): calls and results then pair by order and name.
    @ivar arguments: JSON text, as the model wrote it.
    @ivar signature: the provider's seal on it (Google's C{thoughtSignature}); opaque.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None


_BYTES_PER_TOKEN, _LONGEST_TEXT, _BYTES_PER_FILE_TOKEN = 4, 65_536, 50


class Opaque(msgspec.Struct, frozen=True):
    """
    What the neutral language has no words for: a file, sound, what a provider's own tool found. It stands for its
    place, so that a wire that speaks the client's own language can pass the client's bytes on; nobody else can.

    @ivar kind: its type, in the client's words.
    @ivar path: where it stands in the client's body.
    @ivar length: bytes of it there.
    """

    kind: str
    path: str
    length: int = 0

    @property
    def tokens(self) -> int:
        """
        About how many tokens it has, by its length alone: a short one is text, most of a long one is a file in base64
        (of a PDF file's page, with some 100 KB, about 2,000 by Anthropic's page on it).
        """
        rest = max(0, self.length - _LONGEST_TEXT)
        return min(self.length, _LONGEST_TEXT) // _BYTES_PER_TOKEN + rest // _BYTES_PER_FILE_TOKEN


class ToolResult(msgspec.Struct, frozen=True):
    """
    What a tool answered to the call of that id.

    @ivar name: the tool's, where the client's dialect repeats it.
    """

    call_id: str
    parts: tuple[Text | Image | Opaque, ...]
    failed: bool = False
    name: str | None = None


Part = Text | Tokens | Image | Reasoning | ToolCall | ToolResult | Opaque


class Message(msgspec.Struct, frozen=True):
    """One turn. C{tool} messages hold L{ToolResult}s only."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """
    A function that the model may call.

    @ivar parameters: its JSON schema, as the client wrote it (but for the case of Google's types), or L{None}.
    @ivar freeform: it takes one text, not JSON (Responses' C{custom} tools). Its calls' arguments are that text in
        the conversation's own parts and events; wires that have only functions wrap it.
    """

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    strict: bool | None = None
    freeform: bool = False


class ToolChoice(msgspec.Struct, frozen=True):
    """
    Which tools the model may or must call.

    @ivar mode: C{named} asks for the one tool in C{name}.
    """

    mode: Literal["auto", "none", "required", "named"]
    name: str | None = None


class Thinking(msgspec.Struct, frozen=True):
    """
    How much the model is to think before it answers.

    @ivar mode: C{off}; C{adaptive}, as the model sees fit; C{enabled}, within the budget or effort.
    @ivar effort: C{none}, C{minimal}, C{low}, C{medium}, C{high}, C{xhigh} or C{max}, or L{None}.
    @ivar budget: tokens, or L{None}.
    @ivar shown: whether the client wants to read it, or L{None} where it didn't say.
    """

    mode: Literal["off", "adaptive", "enabled"]
    effort: str | None = None
    budget: int | None = None
    shown: bool | None = None


class OutputShape(msgspec.Struct, frozen=True):
    """
    What the reply's text must be: a JSON object, or JSON that fits a schema.

    @ivar schema: JSON Schema, or L{None} for any object.
    """

    schema: msgspec.Raw | None = None
    name: str = "reply"
    description: str | None = None
    strict: bool | None = None
