"""What coding agents send: tools, and a history of calls and results that grows, in three APIs' languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from .scenarios import marker

_TOOLS = 30
_TOKEN = 4
_ABOUT = (
    "Looks into the files of the project and does what is asked of it there. Give whole paths, and say in one sentence "
    "what it is for. It returns what was found or changed, in lines, and an error where that failed. "
)
_SYSTEM = "You write code with the user. " + "Read before you change anything, and test what you have changed. " * 100
_THOUGHT = "That is not where it is made. I look at the module that calls it, and then at its tests."
_ARGUMENTS = {"path": "package/module.py", "pattern": "def .*", "lines": 40}
# With what stands around it, two messages are about 2 KB: two hundred of them are 200 KB.
_RESULT = "".join(f"{line:>4}  if value is None or value in seen: continue\n" for line in range(28))
_SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Whole path of a file."},
        "pattern": {"type": "string", "description": "A regular expression."},
        "lines": {"type": "integer", "description": "How many, at most."},
    },
    "required": ["path"],
}


@attrs.frozen
class Agent:
    """
    A coding agent, as its requests look.

    @ivar ending: what stands in every stream of its API that is whole.
    """

    name: str
    path: str
    ending: bytes
    _messages: str
    _around: Mapping[str, Any]
    _task: Callable[[str], Mapping[str, Any]]
    _turn: Callable[[int], Sequence[Mapping[str, Any]]]

    def history(self, most: int) -> History:
        """
        Its requests with up to so many messages, made beforehand.

        The first message, which says what is wanted, stands behind what doesn't change.
        """
        head = msgspec.json.encode({**self._around, "stream": True})[:-1]
        turns = tuple(
            b"".join(b"," + msgspec.json.encode(message) for message in self._turn(number))
            for number in range(most // 2)
        )
        return History(head + b',"%b":[' % self._messages.encode(), self._task, turns)


@attrs.frozen
class History:
    """An agent's request, in pieces."""

    _head: bytes
    _task: Callable[[str], Mapping[str, Any]]
    _turns: tuple[bytes, ...]

    def body(self, messages: int, tokens: int, gap: int) -> bytes:
        """
        A request with so many messages.

        @param tokens: that the reply is to have.
        @param gap: microseconds between two.
        """
        task = msgspec.json.encode(self._task("Find what is wrong here. " + marker(tokens, _TOKEN, gap)))
        return b"".join((self._head, task, *self._turns[: messages // 2], b"]}"))


def _user(text: str) -> Mapping[str, Any]:
    return {"role": "user", "content": text}


def _messages_turn(number: int) -> Sequence[Mapping[str, Any]]:
    call = {"type": "tool_use", "id": f"toolu_{number}", "name": f"tool_{number % _TOOLS}", "input": _ARGUMENTS}
    result = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": _RESULT}
    return (
        {"role": "assistant", "content": [{"type": "text", "text": _THOUGHT}, call]},
        {"role": "user", "content": [result]},
    )


def _chat_turn(number: int) -> Sequence[Mapping[str, Any]]:
    function = {"name": f"tool_{number % _TOOLS}", "arguments": _arguments()}
    calls = [{"id": f"call_{number}", "type": "function", "function": function}]
    return (
        {"role": "assistant", "content": _THOUGHT, "tool_calls": calls},
        {"role": "tool", "tool_call_id": f"call_{number}", "content": _RESULT},
    )


def _responses_turn(number: int) -> Sequence[Mapping[str, Any]]:
    name = f"tool_{number % _TOOLS}"
    return (
        {"type": "function_call", "call_id": f"call_{number}", "name": name, "arguments": _arguments()},
        {"type": "function_call_output", "call_id": f"call_{number}", "output": _RESULT},
    )


def _arguments() -> str:
    return msgspec.json.encode(_ARGUMENTS).decode()


def _tools(key: str, **more: Any) -> Sequence[dict[str, Any]]:
    return [{**more, "name": f"tool_{number}", "description": _ABOUT, key: _SCHEMA} for number in range(_TOOLS)]


AGENTS = (
    Agent(
        "Messages, relayed to Claude",
        "/v1/messages",
        b'"message_stop"',
        "messages",
        {"model": "claude-sonnet-4.5", "max_tokens": 8000, "system": _SYSTEM, "tools": _tools("input_schema")},
        _user,
        _messages_turn,
    ),
    Agent(
        "Chat Completions, relayed to GPT",
        "/v1/chat/completions",
        b"data: [DONE]",
        "messages",
        {
            "model": "gpt-4o",
            "stream_options": {"include_usage": True},
            "tools": [{"type": "function", "function": tool} for tool in _tools("parameters")],
        },
        _user,
        _chat_turn,
    ),
    Agent(
        "Responses, translated for GPT",
        "/v1/responses",
        b'"response.completed"',
        "input",
        {"model": "gpt-4o", "instructions": _SYSTEM, "store": False, "tools": _tools("parameters", type="function")},
        _user,
        _responses_turn,
    ),
)
