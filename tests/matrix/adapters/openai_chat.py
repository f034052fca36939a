"""OpenAI's Chat Completions."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from tests.matrix.asks import CITY, TEMPERATURE, TOP_P, Ask, Call, Model, Result, Said, Trouble, Turn, Usage, User

from .adapter import Adapter, events

OPENAI_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
}


class OpenAIChat(Adapter):
    """C{POST /v1/chat/completions}. Thoughts are in C{reasoning_content}, which has no room for a seal."""

    dialect = "openai_chat"
    effort = "reasoning_effort"
    statuses = OPENAI_KINDS
    renamed = {529: 503}

    def path(self, ask: Ask, model: str) -> str:
        return "/v1/chat/completions"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        system = [{"role": "system", "content": ask.system}] if ask.system else []
        fields: dict[str, Any] = {"model": model, "messages": [*system, *map(_message, ask.turns)]}
        if ask.streamed:
            fields |= {"stream": True, "stream_options": {"include_usage": True}}
        if ask.tools:
            fields |= _tools(ask)
        if ask.sampling:
            fields |= {"temperature": TEMPERATURE, "top_p": TOP_P}
        if ask.limit is not None:
            fields["max_completion_tokens"] = ask.limit
        if ask.stop:
            fields["stop"] = ask.stop
        if ask.thinks:
            fields["reasoning_effort"] = "high"
        if ask.shaped:
            schema = {"name": "place", "schema": CITY, "strict": True}
            fields["response_format"] = {"type": "json_schema", "json_schema": schema}
        return fields | dict(ask.more)

    def whole(self, document: Any) -> Said:
        [choice] = document["choices"]
        assert document["object"] == "chat.completion"
        return _said(choice["message"], (choice["message"]["content"] or "",), choice["finish_reason"], document)

    def stream(self, body: bytes) -> Said:
        found = events(body)
        if not found or found[-1].data != "[DONE]":
            return self._broken([event.data for event in found])
        chunks = [event.data for event in found[:-1]]
        message, pieces, fragments, finish = _gathered(chunks)
        said = _said(message, pieces, finish, chunks[-1], fragments)
        assert chunks[-1]["choices"] == []
        assert all(chunk["usage"] is None for chunk in chunks[:-1])
        return said

    def trouble(self, document: Any) -> Trouble:
        error = document["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return Trouble(error["type"], error["message"])

    def _broken(self, data: list[Any]) -> Said:
        assert data, "the stream said nothing"
        _, pieces, _, _ = _gathered(data[:-1])
        return Said(pieces=pieces, trouble=self.trouble(data[-1]))


def _tools(ask: Ask) -> dict[str, Any]:
    about = {"description": ask.description, "parameters": ask.schema}
    fields: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": n} | about} for n in ask.tools]}
    if ask.choice != "auto":
        named = {"type": "function", "function": {"name": ask.choice}}
        fields["tool_choice"] = named if ask.choice in ask.tools else ask.choice
    return fields | ({"parallel_tool_calls": False} if ask.single else {})


def _message(turn: Turn) -> dict[str, Any]:
    if isinstance(turn, Result):
        return {"role": "tool", "tool_call_id": turn.call.id, "content": _content(turn)}
    if isinstance(turn, Model):
        return dict(turn.own or {"role": "assistant", "content": turn.text})
    return {"role": "user", "content": _content(turn)}


def _content(turn: User | Result) -> str | list[dict[str, Any]]:
    if not turn.image:
        return turn.text
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{turn.image}"}}
    return [{"type": "text", "text": turn.text}, image]


def _gathered(chunks: list[Any]) -> tuple[dict[str, Any], tuple[str, ...], tuple[int, ...], str]:
    """The message that chunks make, its text's pieces, how many fragments each call had, and how it ended."""
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) <= 1
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    ends = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert not deltas or deltas[0]["role"] == "assistant"
    assert not any(ends[:-1])
    pieces = tuple(delta["content"] for delta in deltas if delta.get("content"))
    calls, fragments = _calls([piece for delta in deltas for piece in delta.get("tool_calls") or ()])
    thoughts = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(pieces)}
    message |= {"tool_calls": calls} if calls else {}
    message |= {"reasoning_content": thoughts} if thoughts else {}
    return message, pieces, fragments, ends[-1] if ends and ends[-1] else ""


def _calls(pieces: list[Any]) -> tuple[list[Any], tuple[int, ...]]:
    """Calls put together: only the first piece of each has its id, type and name."""
    calls: dict[int, Any] = {}
    counts: dict[int, int] = defaultdict(int)
    for piece in pieces:
        index, function = piece["index"], piece["function"]
        if index not in calls:
            calls[index] = {"id": piece["id"], "type": piece["type"], "function": dict(function)}
            continue
        assert "id" not in piece
        assert "name" not in function
        counts[index] += 1
        calls[index]["function"]["arguments"] += function["arguments"]
    assert list(calls) == list(range(len(calls)))
    return list(calls.values()), tuple(counts[index] for index in calls)


def _said(message: Any, pieces: tuple[str, ...], finish: str, about: Any, fragments: tuple[int, ...] = ()) -> Said:
    usage = about["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    calls = tuple(
        Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    )
    own = {name: message[name] for name in ("role", "content", "tool_calls", "reasoning_content") if name in message}
    return Said(
        model=about["model"],
        pieces=tuple(filter(None, pieces)),
        calls=calls,
        fragments=fragments,
        thoughts=message.get("reasoning_content") or "",
        finish=finish,
        usage=Usage(usage["prompt_tokens"], usage["completion_tokens"]),
        own=own,
    )
