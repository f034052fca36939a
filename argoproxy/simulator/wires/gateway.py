"""
The gateway wire: C{chat/}, C{streamchat/}, C{embed/} and the model list.

Guesses: errors are C{{"error": "text"}}; C{streamchat/} takes C{tools} and answers with text only, as its reply has no
room for calls; unknown fields are ignored; C{stop} is a list only, as documented; embeddings have no notice for users
who aren't registered.
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from argoproxy.simulator.model.asks import Answer, Ask, Choice, Spoken, Tool
from argoproxy.simulator.model.models import ANTHROPIC, EMBEDDERS, GOOGLE, UNKNOWN, Model
from argoproxy.simulator.model.prompted import prompted_form, prompted_results, prompted_tools
from argoproxy.simulator.model.replies import answer, said
from argoproxy.simulator.model.vectors import text_vector
from argoproxy.simulator.strict import gateway as strict
from argoproxy.simulator.strict.anthropic import check_blocks
from argoproxy.simulator.strict.history import HISTORY_RULES, check_google_system, images
from argoproxy.simulator.strict.refusal import Refusal, tail
from argoproxy.simulator.wires.received import Mute, Received, Scene, is_registered
from argoproxy.simulator.wires.reply import PLAIN, Reply, byte_chunks, document, gzipped, stream
from argoproxy.simulator.wires.shapes import (
    Message,
    Part,
    convert,
    instructions,
    last_user_text,
    open_results,
    prompt_tokens,
)


class Body(msgspec.Struct, frozen=True):
    """The body of C{chat/} and C{streamchat/}."""

    model: str
    messages: list[Message] | None = None
    system: str | list[Part] | None = None
    prompt: str | list[str] | None = None
    stop: list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None

    def conversation(self) -> list[Message]:
        """
        @return: The messages of either form.
        @raise Refusal: 400 if there are none.
        """
        if self.messages is None and self.prompt is None:
            raise Refusal(400, "either messages or prompt is required")
        head = [Message("system", self.system)] if self.system else []
        prompt = [self.prompt] if isinstance(self.prompt, str) else self.prompt or []
        return head + (self.messages or []) + [Message("user", text) for text in prompt]

    def limit(self) -> int | None:
        """@return: How many tokens are wanted at most."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens


class EmbedBody(msgspec.Struct, frozen=True):
    """The body of C{embed/}."""

    model: str
    prompt: list[str]


def _json(received: Received) -> tuple[dict[str, Any], bool]:
    """
    @return: The body's object, and whether its user is registered.
    @raise Refusal: 400 for no JSON, 500 for no user.
    """
    found = received.document()
    if not isinstance(found, dict):
        raise Refusal(400, "the body is not a JSON object")
    user = found.get("user")
    if not isinstance(user, str) or not user:
        raise Refusal(500, "user is required")
    return found, is_registered(user)


class _Gateway:
    """What all calls of this wire share."""

    def refuse(self, refusal: Refusal, received: Received) -> Reply:
        """@return: The error as C{{"error": "text"}}."""
        return document(refusal.status, {"error": refusal.message}, refusal.headers)


@attrs.frozen
class Chat(_Gateway):
    """C{POST /api/v1/resource/chat/}."""

    scene: Scene

    def last_text(self, received: Received) -> str:
        """@return: The last user message's text, of a body in either form that is otherwise in order."""
        try:
            return last_user_text(convert(received.document(), Body).conversation())
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
        found, registered = _json(received)
        body = convert(found, Body)
        model = self.scene.roster.find(body.model)
        if model is None:
            raise Refusal(400, f"model {body.model!r} is not available")
        messages = body.conversation()
        _check(body, messages, model, received.body)
        self._check_limit(body, model)
        tools = strict.tools(body.tools, model, received.body) if body.tools else ()
        return body, _ask(body, model, messages, tools, registered, received.body)

    def _check_limit(self, body: Body, model: Model) -> None:
        strict.check_limit(body.limit(), model)

    def _reply(self, body: Body, ask: Ask, made: Answer) -> Reply:
        if not body.tools:
            return document(200, {"response": made.whole()})
        calls = [_SHAPES.get(ask.model.family, _openai_call)(call, ask, n) for n, call in enumerate(made.calls)]
        return document(200, {"response": {"content": made.whole() or None, "tool_calls": calls}})


class StreamChat(Chat):
    """
    C{POST /api/v1/resource/streamchat/}: raw text, in gzip unless the client accepts C{identity} in so many words.
    Tools are taken and not called; Claude's limit is not capped.
    """

    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        return _encoded(super().honest(received), received)

    def say(self, received: Received, text: str) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        return _encoded(super().say(received, text), received)

    def _check_limit(self, body: Body, model: Model) -> None:
        """Streaming takes any number of tokens."""

    def _reply(self, body: Body, ask: Ask, made: Answer) -> Reply:
        if made.calls:
            made = answer(msgspec.structs.replace(ask, tools=()))
        settings = self.scene.settings
        return stream(PLAIN, byte_chunks(made.pieces(), settings.chunk_size), settings.cut_characters)


@attrs.frozen
class Embed(_Gateway, Mute):
    """C{POST /api/v1/resource/embed/}."""

    scene: Scene

    def last_text(self, received: Received) -> str:
        """@return: The last text to embed."""
        try:
            return "".join(convert(received.document(), EmbedBody).prompt[-1:])
        except Refusal:
            return ""

    def honest(self, received: Received) -> Reply:
        """@raise Refusal: As ARGO would refuse."""
        found, _ = _json(received)
        body = convert(found, EmbedBody)
        model = EMBEDDERS.get(body.model)
        if model is None:
            raise Refusal(400, f"model {body.model!r} is not available")
        return document(200, {"embedding": [text_vector(text, model.length) for text in body.prompt]})


@attrs.frozen
class Models(_Gateway, Mute):
    """C{GET /api/v1/models/}: chat models only."""

    scene: Scene

    def honest(self, received: Received) -> Reply:
        """@return: The list as it stands."""
        return document(200, {"data": self.scene.roster.rows})


def _encoded(reply: Reply, received: Received) -> Reply:
    return reply if "identity" in received.headers.get("accept-encoding", "") else gzipped(reply)


def _check(body: Body, messages: list[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: The messages or the system text are refused."""
    strict.check_family_history(messages, model, seed)
    for rule in HISTORY_RULES:
        rule(messages, model, seed)
    if model.family == GOOGLE:
        check_google_system([body.system])
    if model.family == ANTHROPIC:
        check_blocks(messages, seed)


def _ask(
    body: Body, model: Model, messages: list[Message], tools: tuple[Tool, ...], registered: bool, seed: bytes
) -> Ask:
    system = "\n".join(message.text() for message in messages if message.role == "system")
    text = last_user_text(messages)
    return Ask(
        model=model,
        text=text,
        images=images(messages, model, urls=False),
        results=open_results(messages) or (prompted_results(text) if model.family == UNKNOWN else ()),
        tools=tools,
        prompted=prompted_tools(system) if model.family == UNKNOWN else (),
        choice=strict.choice(body.tool_choice, model) if tools else Choice(),
        parallel=not _one_by_one(body.tool_choice),
        stop=tuple(body.stop or ()),
        max_tokens=body.limit(),
        form=prompted_form(instructions(messages)),
        registered=registered,
        prompt_tokens=prompt_tokens(messages),
        seed=seed,
    )


def _one_by_one(choice: Any) -> bool:
    """@return: Whether Anthropic's choice forbids parallel calls."""
    return isinstance(choice, dict) and choice.get("disable_parallel_tool_use") is True


def _openai_call(call: Spoken, ask: Ask, index: int) -> dict[str, Any]:
    arguments = msgspec.json.encode(call.arguments).decode()
    function = {"name": call.name, "arguments": arguments}
    return {"id": f"call_{tail(ask.seed, 24, str(index))}", "type": "function", "function": function}


def _anthropic_call(call: Spoken, ask: Ask, index: int) -> dict[str, Any]:
    identity = f"toolu_vrtx_01{tail(ask.seed, 22, str(index))}"
    return {"id": identity, "input": call.arguments, "name": call.name, "type": "tool_use"}


def _google_call(call: Spoken, ask: Ask, index: int) -> dict[str, Any]:
    return {"id": None, "name": call.name, "args": call.arguments}


_SHAPES = {ANTHROPIC: _anthropic_call, GOOGLE: _google_call}
