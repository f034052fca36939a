"""Chat completion chunks as server-sent events, and what they share with whole completions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from argoproxy.simulator.model.asks import Answer, Ask, Spoken
from argoproxy.simulator.strict.refusal import tail
from argoproxy.simulator.wires.reply import deltas, event

_FINISH = {"stop_sequence": "stop"}


class Completion(msgspec.Struct, frozen=True):
    """@ivar created: Seconds since the epoch."""

    identity: str
    created: int
    ask: Ask


def finish(made: Answer) -> str:
    """@return: The finish reason in OpenAI's words."""
    return _FINISH.get(made.finish, made.finish)


def tool_call(head: Completion, call: Spoken, place: int) -> dict[str, Any]:
    """@return: A call, its arguments as JSON text."""
    function = {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()}
    return {"id": f"call_{tail(head.ask.seed, 24, str(place))}", "type": "function", "function": function}


def usage(head: Completion, answers: Sequence[Answer]) -> dict[str, Any]:
    """@return: The usage of all choices."""
    completion, prompt = sum(made.tokens for made in answers), head.ask.prompt_tokens
    counts: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if head.ask.model.reasons:
        spent = sum(made.reasoning_tokens for made in answers)
        counts["completion_tokens_details"] = {"reasoning_tokens": spent}
    return counts


def events(head: Completion, answers: Sequence[Answer], told: bool, size: int) -> Iterator[bytes]:
    """
    @param told: Whether usage is wanted.
    @param size: Characters in a delta.
    @return: The stream, C{[DONE]} included; several choices take turns.
    """
    base: dict[str, Any] = {
        "id": head.identity,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.ask.model.served_as,
    }
    last = {"usage": None} if told else {}
    for index, delta, reason in _turns([_choice_deltas(head, made, size) for made in answers]):
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        yield event(base | {"choices": [choice]} | last)
    if told:
        yield event(base | {"choices": [], "usage": usage(head, answers)})
    yield b"data: [DONE]\n\n"


def _turns(
    choices: list[Iterator[tuple[dict[str, Any], str | None]]],
) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """@return: A delta of each choice in turn, until all have ended."""
    running = dict(enumerate(choices))
    while running:
        for index, choice in list(running.items()):
            found = next(choice, None)
            if found is None:
                del running[index]
            else:
                yield index, *found


def _choice_deltas(head: Completion, made: Answer, size: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    yield {"role": "assistant", "content": None if made.calls and not made.text else ""}, None
    for piece in deltas(made.pieces(), size):
        yield {"content": piece}, None
    for place, call in enumerate(made.calls):
        whole = tool_call(head, call, place)
        arguments = whole["function"]["arguments"]
        begun = whole | {"index": place, "function": {"name": call.name, "arguments": ""}}
        yield {"tool_calls": [begun]}, None
        for piece in deltas([arguments], size):
            yield {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}, None
    yield {}, finish(made)
