"""OpenAI's legacy completions: one text in, one text out."""

from __future__ import annotations

from typing import Any

from tests.matrix.asks import TEMPERATURE, TOP_P, Ask, Said, Trouble, Usage, User

from .adapter import Adapter, events
from .openai_chat import OPENAI_KINDS


class OpenAICompletions(Adapter):
    """C{POST /v1/completions}."""

    dialect = "openai_completions"
    tools = False
    statuses = OPENAI_KINDS
    renamed = {529: 503}

    def path(self, ask: Ask, model: str) -> str:
        return "/v1/completions"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        [turn] = ask.turns
        assert isinstance(turn, User)
        fields: dict[str, Any] = {"model": model, "prompt": turn.text}
        if ask.streamed:
            fields |= {"stream": True, "stream_options": {"include_usage": True}}
        if ask.limit is not None:
            fields["max_tokens"] = ask.limit
        if ask.sampling:
            fields |= {"temperature": TEMPERATURE, "top_p": TOP_P}
        if ask.stop:
            fields["stop"] = ask.stop
        return fields | dict(ask.more)

    def whole(self, document: Any) -> Said:
        [choice] = document["choices"]
        assert document["object"] == "text_completion"
        return _said((choice["text"],), choice["finish_reason"], document)

    def stream(self, body: bytes) -> Said:
        found = [event.data for event in events(body)]
        if not found or found[-1] != "[DONE]":
            assert found, "the stream said nothing"
            return Said(pieces=_pieces(found[:-1]), trouble=self.trouble(found[-1]))
        chunks = found[:-1]
        assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
        ends = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
        assert not any(ends[:-1])
        assert all(chunk["usage"] is None for chunk in chunks[:-1])
        return _said(_pieces(chunks), ends[-1], chunks[-1])

    def trouble(self, document: Any) -> Trouble:
        error = document["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return Trouble(error["type"], error["message"])


def _pieces(chunks: list[Any]) -> tuple[str, ...]:
    return tuple(choice["text"] for chunk in chunks for choice in chunk["choices"] if choice["text"])


def _said(pieces: tuple[str, ...], finish: str, about: Any) -> Said:
    usage = about["usage"]
    tokens = Usage(usage["prompt_tokens"], usage["completion_tokens"])
    return Said(model=about["model"], pieces=pieces, finish=finish, usage=tokens)
