"""
The native Anthropic wire: C{/v1/messages}, for Claude. Requests and whole replies; streams are elsewhere.

Guesses: a 401 for an C{x-api-key} that is missing or no user; the refusal of other families, of hosted tools and of
images by address; that C{output_config.format} is honoured; that adaptive thinking always thinks.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import attrs
import msgspec

from argoproxy.simulator.model.asks import Answer, Ask, Choice, Tool
from argoproxy.simulator.model.models import ANTHROPIC, Model
from argoproxy.simulator.model.prompted import prompted_form
from argoproxy.simulator.model.replies import answer, said
from argoproxy.simulator.strict import anthropic as strict
from argoproxy.simulator.strict.refusal import Refusal, by_anthropic, tail
from argoproxy.simulator.wires.anthropic_stream import events
from argoproxy.simulator.wires.received import Received, Scene, is_registered, is_user
from argoproxy.simulator.wires.reply import SSE, Reply, document, stream
from argoproxy.simulator.wires.shapes import (
    Message,
    Part,
    Source,
    convert,
    image_line,
    instructions,
    joined,
    last_user_text,
    open_results,
    prompt_tokens,
)

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "stop_sequence": "stop_sequence"}


class ToolShape(msgspec.Struct, frozen=True):
    """A tool; hosted ones have another type."""

    name: str
    input_schema: dict[str, Any] | None = None
    description: str | None = None
    type: str | None = None


class Format(msgspec.Struct, frozen=True):
    """C{output_config.format}."""

    type: str
    schema: dict[str, Any] = {}


class OutputConfig(msgspec.Struct, frozen=True):
    """C{output_config}."""

    effort: str | None = None
    format: Format | None = None


class Body(msgspec.Struct, frozen=True):
    """The body of C{/v1/messages}."""

    model: str
    messages: list[Message]
    max_tokens: int
    system: str | list[Part] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[ToolShape] | None = None
    tool_choice: strict.AnthropicChoice | None = None
    thinking: strict.Thinking | None = None
    output_config: OutputConfig = OutputConfig()

    def thinks(self) -> bool:
        """@return: Whether thinking is wanted."""
        return self.thinking is not None and self.thinking.type != "disabled"


class _History(msgspec.Struct, frozen=True):
    """The part of a body that markers are looked for in."""

    messages: list[Message]


@attrs.frozen
class Messages:
    """C{POST /v1/messages}."""

    scene: Scene

    def refuse(self, refusal: Refusal, received: Received) -> Reply:
        """@return: The error in Anthropic's shape."""
        kind = refusal.kind or _KINDS.get(refusal.status, "api_error")
        error = {"type": kind, "message": refusal.message}
        return document(refusal.status, {"type": "error", "error": error}, refusal.headers)

    def last_text(self, received: Received) -> str:
        """@return: The last user message's text."""
        try:
            return last_user_text(convert(received.document(), _History).messages)
        except Refusal:
            return ""

    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        body, ask = self._read(received)
        return self._reply(body, ask, answer(ask))

    def say(self, received: Received, text: str) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        body, ask = self._read(received)
        return self._reply(body, ask, said(ask, text))

    def _read(self, received: Received) -> tuple[Body, Ask]:
        user = received.headers.get("x-api-key", "")
        if not is_user(user):
            raise Refusal(401, "invalid x-api-key")
        found = received.document()
        if not isinstance(found, dict):
            raise Refusal(400, "The request body is not valid JSON")
        if found.get("max_tokens") is None:
            raise Refusal(400, "max_tokens is required")
        body = convert(found, Body)
        model = self.scene.roster.find(body.model)
        if model is None or model.family != ANTHROPIC:
            raise Refusal(404, f"model: {body.model}")
        tools = _check(body, model, received.body)
        return body, _ask(body, model, tools, is_registered(user), received.body)

    def _reply(self, body: Body, ask: Ask, made: Answer) -> Reply:
        message = _message(body, ask, made)
        settings = self.scene.settings
        if body.stream:
            return stream(SSE, events(message, made, settings.chunk_size), settings.cut_characters)
        return document(200, message)


def _check(body: Body, model: Model, seed: bytes) -> tuple[Tool, ...]:
    """
    @return: The tools.
    @raise Refusal: Something is refused.
    """
    if body.max_tokens < 1:
        raise by_anthropic("max_tokens: Input should be greater than or equal to 1", seed)
    if not body.stream:
        strict.check_streaming(body.max_tokens, model)
    strict.check_thinking(body.thinking, body.max_tokens, model, seed)
    strict.check_effort(body.output_config.effort, model, seed)
    strict.check_sampling(body.temperature, body.top_p, model, seed)
    forced = body.tool_choice is not None and body.tool_choice.type in ("any", "tool")
    strict.check_beside_thinking(body.thinks(), body.temperature, forced, seed)
    strict.check_system(body.system, seed)
    strict.check_messages(body.messages, seed)
    strict.check_blocks(body.messages, seed)
    tools = tuple(_tool(tool, index, seed) for index, tool in enumerate(body.tools or ()))
    strict.check_tools(tools, seed, model)
    return tools


def _tool(tool: ToolShape, index: int, seed: bytes) -> Tool:
    if tool.type not in (None, "custom"):
        raise by_anthropic(f"tools.{index}: Input tag '{tool.type}' does not match any of the expected tags", seed)
    if tool.input_schema is None:
        raise by_anthropic(f"tools.{index}.custom.input_schema: Field required", seed)
    return Tool(tool.name, tool.input_schema)


def _ask(body: Body, model: Model, tools: tuple[Tool, ...], registered: bool, seed: bytes) -> Ask:
    choice = body.tool_choice.neutral() if body.tool_choice and tools else Choice()
    strict.check_named(choice, tools, seed)
    form, system = body.output_config.format, joined(body.system)
    return Ask(
        model=model,
        text=last_user_text(body.messages),
        images=_images(body.messages),
        results=open_results(body.messages),
        tools=tools,
        choice=choice,
        parallel=not (body.tool_choice and body.tool_choice.disable_parallel_tool_use),
        stop=tuple(body.stop_sequences or ()),
        max_tokens=body.max_tokens,
        form=prompted_form(f"{system}\n{instructions(body.messages)}", form.schema if form else None),
        thinks=body.thinks(),
        registered=registered,
        prompt_tokens=prompt_tokens(body.messages, system),
        seed=seed,
    )


def _images(messages: list[Message]) -> tuple[str, ...]:
    """
    @return: A line on each image of the last user message, those of tool results included.
    @raise Refusal: 400 if an image anywhere is refused.
    """
    lines: tuple[str, ...] = ()
    for message in messages:
        inner = [part for block in message.parts() if isinstance(block.content, list) for part in block.content]
        found = tuple(_image(part) for part in [*message.parts(), *inner] if part.type == "image")
        lines = found if message.role == "user" else lines
    return lines


def _image(part: Part) -> str:
    if not isinstance(part.source, Source) or part.source.type != "base64":
        raise Refusal(400, "image.source: only base64 sources are supported")
    return image_line(part.source.media_type, part.source.data)


def _message(body: Body, ask: Ask, made: Answer) -> dict[str, Any]:
    """@return: The reply, without C{stop_sequence} unless one was met, as recorded."""
    message = {
        "id": f"msg_vrtx_01{tail(ask.seed, 22)}",
        "content": _content(body, ask, made),
        "model": ask.model.served_as,
        "role": "assistant",
        "stop_reason": _STOP_REASONS[made.finish],
        "type": "message",
        "usage": {
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "input_tokens": ask.prompt_tokens,
            "output_tokens": made.tokens,
        },
    }
    return message if made.stopped_by is None else message | {"stop_sequence": made.stopped_by}


def _content(body: Body, ask: Ask, made: Answer) -> list[dict[str, Any]]:
    """@return: The content blocks; a stream takes its text from the answer, so it is left out there."""
    blocks: list[dict[str, Any]] = []
    if made.reasoning:
        omitted = body.thinking is not None and body.thinking.display == "omitted"
        signature = base64.b64encode(hashlib.sha512(made.reasoning.encode()).digest()).decode()
        thinking = "" if omitted else made.reasoning
        blocks.append({"type": "thinking", "thinking": thinking, "signature": signature})
    if made.text or made.length is not None:
        blocks.append({"text": "" if body.stream else made.whole(), "type": "text"})
    for place, call in enumerate(made.calls):
        identity = f"toolu_vrtx_01{tail(ask.seed, 22, str(place))}"
        blocks.append({"id": identity, "input": call.arguments, "name": call.name, "type": "tool_use"})
    return blocks
