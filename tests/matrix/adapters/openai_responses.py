"""OpenAI's Responses."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import attrs

from tests.matrix.asks import CITY, TEMPERATURE, TOP_P, Ask, Call, Model, Result, Said, Trouble, Turn, Usage, User

from .adapter import Adapter, Event, events
from .openai_chat import OPENAI_KINDS

_ENDS = {"response.completed", "response.incomplete"}
_DELTAS = {
    "message": "response.output_text.delta",
    "reasoning": "response.reasoning_summary_text.delta",
    "function_call": "response.function_call_arguments.delta",
}


class OpenAIResponses(Adapter):
    """C{POST /v1/responses}. The output's items go back as they came."""

    dialect = "openai_responses"
    effort = "reasoning"
    seals = True
    statuses = OPENAI_KINDS
    renamed = {529: 503}

    def path(self, ask: Ask, model: str) -> str:
        return "/v1/responses"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": model, "input": [item for turn in ask.turns for item in _items(turn)]}
        if ask.system:
            fields["instructions"] = ask.system
        if ask.streamed:
            fields["stream"] = True
        if ask.tools:
            fields |= _tools(ask)
        if ask.sampling:
            fields |= {"temperature": TEMPERATURE, "top_p": TOP_P}
        if ask.limit is not None:
            fields["max_output_tokens"] = ask.limit
        if ask.thinks:
            fields |= {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
        if ask.shaped:
            fields["text"] = {"format": {"type": "json_schema", "name": "place", "schema": CITY, "strict": True}}
        return fields | dict(ask.more)

    def whole(self, document: Any) -> Said:
        assert document["object"] == "response"
        return _said(document)

    def stream(self, body: bytes) -> Said:
        found = events(body)
        assert all(event.name == event.data["type"] for event in found)
        assert [event.data["sequence_number"] for event in found] == list(range(len(found)))
        assert [event.name for event in found[:2]] == ["response.created", "response.in_progress"]
        pieces = tuple(event.data["delta"] for event in found if event.name == _DELTAS["message"])
        last = found[-1]
        if last.name == "response.failed":
            error = last.data["response"]["error"]
            return Said(pieces=pieces, trouble=Trouble(error["code"], error["message"]))
        assert last.name in _ENDS
        response = last.data["response"]
        done = [event.data["item"] for event in found if event.name == "response.output_item.done"]
        assert done == response["output"]
        _grew(found, response["output"])
        counts = Counter(event.data["output_index"] for event in found if event.name == _DELTAS["function_call"])
        places = [place for place, item in enumerate(response["output"]) if item["type"] == "function_call"]
        return attrs.evolve(_said(response), pieces=pieces, fragments=tuple(counts[place] for place in places))

    def trouble(self, document: Any) -> Trouble:
        error = document["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return Trouble(error["type"], error["message"])


def _tools(ask: Ask) -> dict[str, Any]:
    about = {"type": "function", "description": ask.description, "parameters": ask.schema}
    fields: dict[str, Any] = {"tools": [{"name": name} | about for name in ask.tools]}
    if ask.choice != "auto":
        named = {"type": "function", "name": ask.choice}
        fields["tool_choice"] = named if ask.choice in ask.tools else ask.choice
    return fields | ({"parallel_tool_calls": False} if ask.single else {})


def _items(turn: Turn) -> list[dict[str, Any]]:
    if isinstance(turn, Result):
        return [{"type": "function_call_output", "call_id": turn.call.id, "output": _content(turn)}]
    if isinstance(turn, Model):
        return list(turn.own or [{"role": "assistant", "content": turn.text}])
    return [{"role": "user", "content": _content(turn)}]


def _content(turn: User | Result) -> str | list[dict[str, Any]]:
    if not turn.image:
        return turn.text
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{turn.image}", "detail": "auto"}
    return [{"type": "input_text", "text": turn.text}, image]


def _grew(found: list[Event], output: list[Any]) -> None:
    """The items are what their deltas made of them."""
    for place, item in enumerate(output):
        grown = [e.data["delta"] for e in found if e.name == _DELTAS[item["type"]] and e.data["output_index"] == place]
        assert "".join(grown) == _written(item)


def _written(item: Any) -> str:
    if item["type"] == "function_call":
        return str(item["arguments"])
    return "".join(part["text"] for part in item["content" if item["type"] == "message" else "summary"])


def _said(response: Any) -> Said:
    output, usage = response["output"], response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    calls = tuple(
        Call(item["call_id"], item["name"], json.loads(item["arguments"]))
        for item in output
        if item["type"] == "function_call"
    )
    assert not (calls and any(item["type"] == "message" and not _written(item) for item in output))
    thoughts = [item for item in output if item["type"] == "reasoning"]
    return Said(
        model=response["model"],
        pieces=tuple(text for item in output if item["type"] == "message" and (text := _written(item))),
        calls=calls,
        thoughts="".join(map(_written, thoughts)),
        seal=next((item["encrypted_content"] or "" for item in thoughts), ""),
        finish=_finish(response, calls),
        usage=Usage(usage["input_tokens"], usage["output_tokens"]),
        own=output,
    )


def _finish(response: Any, calls: tuple[Call, ...]) -> str:
    """Calls have no word of their own here: they are in the output."""
    if response["status"] == "incomplete":
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}
        return "length"
    assert response["status"] == "completed"
    return "tool_calls" if calls else "stop"
