"""
The native OpenAI wire: chat completions, embeddings, the model list. Requests and whole replies; streams are elsewhere.

Guesses: a 401 where nobody says who asks; public model names are refused; images may be given by their address to the
OpenAI family only; the model list has chat models only, as the gateway's; replies of Claude look like those of Gemini.
"""

from __future__ import annotations

import base64
import struct
from typing import Any

import attrs
import msgspec

from argoproxy.simulator.model import vectors
from argoproxy.simulator.model.asks import Answer, Ask, Choice
from argoproxy.simulator.model.models import EMBEDDERS, OPENAI, Embedder, Model
from argoproxy.simulator.model.prompted import prompted_form
from argoproxy.simulator.model.replies import answer, said
from argoproxy.simulator.strict import openai as strict
from argoproxy.simulator.strict.history import HISTORY_RULES, images
from argoproxy.simulator.strict.refusal import Refusal, by_openai, tail
from argoproxy.simulator.wires.openai_stream import Completion, events, finish, tool_call, usage
from argoproxy.simulator.wires.received import Mute, Received, Scene, is_registered, is_user
from argoproxy.simulator.wires.reply import SSE, Reply, document, stream
from argoproxy.simulator.wires.shapes import (
    Message,
    convert,
    instructions,
    last_user_text,
    open_results,
    prompt_tokens,
)

_KINDS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
_MOST_INPUTS = 2048


class StreamOptions(msgspec.Struct, frozen=True):
    """C{stream_options}."""

    include_usage: bool = False


class JsonSchema(msgspec.Struct, frozen=True):
    """C{response_format.json_schema}."""

    name: str
    schema: dict[str, Any] = {}


class Format(msgspec.Struct, frozen=True):
    """C{response_format}."""

    type: str
    json_schema: JsonSchema | None = None

    def form(self) -> dict[str, Any] | None:
        """
        @return: The schema that a reply must fit, or None for any text.
        @raise Refusal: 400 for another format, or a schema that isn't there.
        """
        if self.type == "text":
            return None
        if self.type == "json_object":
            return {}
        if self.type != "json_schema" or self.json_schema is None:
            raise by_openai("Invalid value for 'response_format'.", "response_format", None)
        return self.json_schema.schema


class Body(msgspec.Struct, frozen=True):
    """The body of a chat completion."""

    model: str
    messages: list[Message]
    user: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    tools: list[strict.ToolShape] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    response_format: Format | None = None


class EmbedBody(msgspec.Struct, frozen=True):
    """The body of an embeddings call."""

    model: str
    input: str | list[str | int | list[int]]
    user: str | None = None
    dimensions: int | None = None
    encoding_format: str = "float"

    def inputs(self) -> list[str | list[int]]:
        """
        @return: What to embed: texts and lists of token ids.
        @raise Refusal: 400 for a mixture, and for too many.
        """
        if isinstance(self.input, str):
            return [self.input]
        found: list[Any] = self.input
        if found and all(isinstance(each, int) for each in found):
            return [found]
        if any(isinstance(each, int) for each in found) or not 0 < len(found) <= _MOST_INPUTS:
            raise by_openai("'$.input' is invalid.", "input", None)
        return found


class _OpenAI:
    """What all calls of this wire share."""

    def refuse(self, refusal: Refusal, received: Received) -> Reply:
        """@return: The error, as recorded: C{code} is always C{internal_error}."""
        kind = refusal.kind or _KINDS.get(refusal.status, "InternalServerError")
        error = {"message": refusal.message, "type": kind, "code": "internal_error"}
        return document(refusal.status, {"error": error}, refusal.headers)


@attrs.frozen
class Chat(_OpenAI):
    """C{POST /v1/chat/completions}."""

    scene: Scene

    def last_text(self, received: Received) -> str:
        """@return: The last user message's text."""
        try:
            return last_user_text(convert(received.document(), Body).messages)
        except Refusal:
            return ""

    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        body, ask = self._read(received)
        return self._reply(body, ask, [answer(ask, index) for index in range(body.n or 1)])

    def say(self, received: Received, text: str) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        body, ask = self._read(received)
        return self._reply(body, ask, [said(ask, text)] * (body.n or 1))

    def _read(self, received: Received) -> tuple[Body, Ask]:
        found = _json(received)
        registered = _asker(received, found.get("user"))
        body = convert(found, Body)
        model = self.scene.roster.find(body.model)
        if model is None:
            raise strict.no_such_model(body.model)
        for rule in HISTORY_RULES:
            rule(body.messages, model, received.body)
        strict.check_limits(body, model, received.body)
        return body, _ask(body, model, registered, received.body)

    def _reply(self, body: Body, ask: Ask, answers: list[Answer]) -> Reply:
        head = Completion(_identity(ask), self.scene.now(), ask)
        settings = self.scene.settings
        if body.stream:
            told = body.stream_options is not None and body.stream_options.include_usage
            return stream(SSE, events(head, answers, told, settings.chunk_size), settings.cut_characters)
        return document(200, _completion(head, answers))


@attrs.frozen
class Embeddings(_OpenAI, Mute):
    """C{POST /v1/embeddings}."""

    scene: Scene

    def last_text(self, received: Received) -> str:
        """@return: The last text to embed."""
        try:
            last = convert(received.document(), EmbedBody).inputs()[-1]
        except Refusal:
            return ""
        return last if isinstance(last, str) else ""

    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        found = _json(received)
        _asker(received, found.get("user"))
        body = convert(found, EmbedBody)
        model = EMBEDDERS.get(body.model)
        if model is None:
            raise strict.no_such_model(body.model)
        inputs = body.inputs()
        made = [_embedding(each, model, body) for each in inputs]
        rows = [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(made)]
        count = sum(len(each.split()) if isinstance(each, str) else len(each) for each in inputs)
        tokens = {"prompt_tokens": count, "total_tokens": count}
        return document(200, {"object": "list", "data": rows, "model": model.public_name, "usage": tokens})


@attrs.frozen
class Models(_OpenAI, Mute):
    """C{GET /v1/models}."""

    scene: Scene

    def honest(self, received: Received) -> Reply:
        """@return: The list as it stands."""
        return document(200, {"object": "list", "data": self.scene.roster.rows})


def _json(received: Received) -> dict[str, Any]:
    found = received.document()
    if not isinstance(found, dict):
        raise Refusal(400, "We could not parse the JSON body of your request.")
    return found


def _asker(received: Received, user: object) -> bool:
    """
    @return: Whether the one who asks is registered. A Bearer beats the body's user.
    @raise Refusal: 401 for a Bearer that is no user, and for nobody.
    """
    scheme, _, bearer = received.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if not is_user(bearer.strip()):
            raise strict.no_such_user()
        return is_registered(bearer.strip())
    if not isinstance(user, str) or not user:
        raise Refusal(401, "Error code: 401 - no user: neither a Bearer nor a user in the body")
    return is_registered(user)


def _ask(body: Body, model: Model, registered: bool, seed: bytes) -> Ask:
    tools = strict.tools(body.tools, model, seed) if body.tools else ()
    form = body.response_format.form() if body.response_format else None
    return Ask(
        model=model,
        text=last_user_text(body.messages),
        images=images(body.messages, model, urls=model.family == OPENAI),
        results=open_results(body.messages),
        tools=tools,
        choice=strict.choice(body.tool_choice, tools) if tools else Choice(),
        parallel=body.parallel_tool_calls is not False,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        max_tokens=body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens,
        form=prompted_form(instructions(body.messages), form),
        registered=registered,
        prompt_tokens=prompt_tokens(body.messages),
        seed=seed,
    )


def _identity(ask: Ask) -> str:
    return f"chatcmpl-{tail(ask.seed, 28)}" if ask.model.family == OPENAI else tail(ask.seed, 22)


def _completion(head: Completion, answers: list[Answer]) -> dict[str, Any]:
    full = head.ask.model.family == OPENAI
    reply = {
        "id": head.identity,
        "choices": [_choice(head, made, index, full) for index, made in enumerate(answers)],
        "created": head.created,
        "model": head.ask.model.served_as,
        "object": "chat.completion",
        "usage": usage(head, answers),
    }
    return reply | {"service_tier": "default", "system_fingerprint": None} if full else reply


def _choice(head: Completion, made: Answer, index: int, full: bool) -> dict[str, Any]:
    """@param full: Whether to tell all that is recorded of OpenAI's models, beside what is of Gemini's."""
    calls = [tool_call(head, call, place) for place, call in enumerate(made.calls)] or None
    message = {"role": "assistant", "content": made.whole() or (None if calls else ""), "tool_calls": calls}
    choice = {"index": index, "message": message, "finish_reason": finish(made)}
    if full:
        message |= {"refusal": None, "audio": None, "function_call": None, "annotations": []}
        choice |= {"logprobs": None, "content_filter_results": {}}
    return choice


def _embedding(each: str | list[int], model: Embedder, body: EmbedBody) -> list[float] | str:
    if isinstance(each, str):
        vector = vectors.text_vector(each, model.length)
    else:
        vector = vectors.token_vector(each, model.length)
    if body.dimensions is not None:
        if not model.shortens:
            raise by_openai("This model does not support specifying dimensions.", "dimensions", None)
        if not 0 < body.dimensions <= model.length:
            raise by_openai(f"Invalid value for 'dimensions' = {body.dimensions}.", "dimensions", None)
        vector = vectors.shortened(vector, body.dimensions)
    if body.encoding_format == "base64":
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    return vector
