"""Conversations as models take them: who may speak where, what may be empty, which call needs which result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from argoproxy.conversation import Abilities, Message, Part, Reasoning, Text, ToolCall, ToolResult

from .rules import Messages, Rule, on_history

INTERRUPTED = "The tool call was interrupted before it gave a result."
_BEGIN = Message("user", (Text("Begin."),))


def _sealed(messages: Messages, abilities: Abilities) -> Messages:
    """
    Without reasoning that the service behind ARGO doesn't take back: redacted, empty, or without its seal.
    """
    return _filtered(messages, lambda part: not isinstance(part, Reasoning) or _is_sealed(part))


def _is_sealed(part: Reasoning) -> bool:
    return bool(part.text and part.signature) and part.redacted is None


def _without_empties(messages: Messages, abilities: Abilities) -> Messages:
    """Without texts of nothing, and then without messages of nothing."""
    kept = _filtered(messages, lambda part: not isinstance(part, Text) or _says(part.text))
    return _same(messages, [message for message in kept if message.parts])


def _says(text: str) -> bool:
    """Whether there is more in a text than white space."""
    return bool(text) and not text.isspace()


def _systemless(messages: Messages, abilities: Abilities) -> Messages:
    """With the user saying what the system would, to a model without system messages."""
    spoken = [
        msgspec.structs.replace(message, role="user") if message.role == "system" else message for message in messages
    ]
    return _same(messages, spoken)


def _hoisted(messages: Messages, abilities: Abilities) -> Messages:
    """With the system's messages before all others."""
    return _same(messages, sorted(messages, key=lambda message: message.role != "system"))


def _user_led(messages: Messages, abilities: Abilities) -> Messages:
    """With the user beginning, where the assistant did or where only the system spoke."""
    first = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
    if first < len(messages) and messages[first].role == "user":
        return messages
    return (*messages[:first], _BEGIN, *messages[first:])


def _answered(messages: Messages, abilities: Abilities) -> Messages:
    """With a result for each call directly behind it: its own if that came late, else one that tells of a break."""
    if not any(message.role == "assistant" and _calls(message) for message in messages):
        return messages
    return _same(messages, [message for turn in _turns(messages) for message in _answered_turn(turn)])


def _turns(messages: Messages) -> Iterator[list[Message]]:
    """The messages from one of the assistant's to the next."""
    turn: list[Message] = []
    for message in messages:
        if message.role == "assistant" and turn:
            yield turn
            turn = []
        turn.append(message)
    if turn:
        yield turn


def _answered_turn(turn: list[Message]) -> Sequence[Message]:
    calls = _calls(turn[0])
    if not calls:
        return turn
    results = [message for message in turn if message.role == "tool"]
    missing = _unanswered(calls, [part for message in results for part in _results(message)])
    others = [message for message in turn[1:] if message.role != "tool"]
    told = Message("tool", tuple(ToolResult(call.id, (Text(INTERRUPTED),), True, call.name) for call in missing))
    return [turn[0], *results, *([told] if missing else []), *others]


def _unanswered(calls: Iterable[ToolCall], results: list[ToolResult]) -> list[ToolCall]:
    """The calls for which there is no result; where calls have no id, they are told by their order and name."""
    waiting = list(results)
    missing: list[ToolCall] = []
    for call in calls:
        found = next((result for result in waiting if _answers(result, call)), None)
        if found is None:
            missing.append(call)
        else:
            waiting.remove(found)
    return missing


def _answers(result: ToolResult, call: ToolCall) -> bool:
    return result.call_id == call.id and (bool(call.id) or result.name in (None, call.name))


def _sequential(messages: Messages, abilities: Abilities) -> Messages:
    """With one call in a message, and its result behind it, for models that take no more."""
    return _same(messages, [message for turn in _turns(messages) for message in _one_by_one(turn)])


def _one_by_one(turn: list[Message]) -> Sequence[Message]:
    calls = _calls(turn[0])
    if len(calls) < 2:
        return turn
    said = tuple(part for part in turn[0].parts if not isinstance(part, ToolCall))
    results = [part for message in turn if message.role == "tool" for part in _results(message)]
    spread: list[Message] = []
    for index, call in enumerate(calls):
        parts: tuple[Part, ...] = (call,) if index else (*said, call)
        spread.append(msgspec.structs.replace(turn[0], parts=parts))
        found = next((result for result in results if _answers(result, call)), None)
        if found is not None:
            results.remove(found)
            spread.append(Message("tool", (found,)))
    return [*spread, *(message for message in turn[1:] if message.role != "tool")]


def _calls(message: Message) -> list[ToolCall]:
    return [part for part in message.parts if isinstance(part, ToolCall)]


def _results(message: Message) -> list[ToolResult]:
    return [part for part in message.parts if isinstance(part, ToolResult)]


def _filtered(messages: Messages, keeps: Callable[[Part], bool]) -> Messages:
    return _same(messages, [_only(message, keeps) for message in messages])


def _only(message: Message, keeps: Callable[[Part], bool]) -> Message:
    parts = tuple(part for part in message.parts if keeps(part))
    return message if len(parts) == len(message.parts) else msgspec.structs.replace(message, parts=parts)


def _same(before: Messages, after: Sequence[Message]) -> Messages:
    """What a rule made of the messages: the very same tuple if it changed none."""
    made = tuple(after)
    return before if made == before else made


SEALED = Rule("thinking", on_history(_sealed))
"""For wires on which reasoning goes back."""

HISTORY = (
    Rule("content", on_history(_without_empties), lambda abilities: not abilities.empty_text),
    Rule("system-role", on_history(_systemless), lambda abilities: not abilities.system_role),
    Rule("system", on_history(_hoisted), lambda abilities: not abilities.late_system),
    Rule("user-message", on_history(_user_led), lambda abilities: abilities.user_first),
    Rule("tool-results", on_history(_answered)),
    Rule("parallel-tool-calls", on_history(_sequential), lambda abilities: not abilities.parallel_calls),
)
"""For every wire, in an order that matters: what is dropped or moved decides who begins."""
