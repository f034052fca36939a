"""
What is refused in a history of OpenAI-shaped messages, on the gateway and on the native OpenAI wire.

Guesses: that the gateway refuses C{developer}, nulls and calls without results as the native wire does (the services
behind are the same), that both refuse what Claude's own wire does in Claude's histories (late system messages, empty
texts), and the wording of everything but the null and C{developer}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from argoproxy.simulator.model.models import ANTHROPIC, GOOGLE, Model
from argoproxy.simulator.strict.refusal import Refusal, by_anthropic, by_google, by_openai, not_iterable
from argoproxy.simulator.wires.shapes import ImageUrl, Message, Part, image_line

_ROLES = ("system", "user", "assistant", "tool", "function")
_DATA_URI = re.compile(r"data:(image/[\w.+-]+);base64,(.*)", re.DOTALL)
Rule = Callable[[Sequence[Message], Model, bytes], None]


def check_roles(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400, with the misleading text that C{developer} gets."""
    for index, message in enumerate(messages):
        if message.role == "developer":
            param = f"messages[{index}].tool_calls"
            raise by_openai(f"Unknown parameter: '{param}'.", param, "unknown_parameter")
        if message.role not in _ROLES:
            param = f"messages[{index}].role"
            raise by_openai(f"Invalid value: '{message.role}'.", param, "invalid_value")


def check_contents(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 500 where a content is null. (That a missing one is taken for a null is a guess.)"""
    if any(not isinstance(message.content, str | list) for message in messages):
        raise not_iterable()


def check_beginning(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where Claude or Gemini get no user message, or Claude not as the first one."""
    spoken = [message.role for message in messages if message.role != "system"]
    if model.family == ANTHROPIC and not spoken:
        raise by_anthropic("messages: at least one message is required", seed)
    if model.family == ANTHROPIC and spoken[0] != "user":
        raise by_anthropic('messages: first message must use the "user" role', seed)
    if model.family == GOOGLE and "user" not in spoken:
        raise by_google("Unable to submit request because it must have at least one user content.")


def check_claude(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where Claude gets a system message behind others, or a user's text of nothing."""
    if model.family != ANTHROPIC:
        return
    roles = [message.role == "system" for message in messages]
    if roles != sorted(roles, reverse=True):
        raise by_anthropic('messages: Unexpected role "system".', seed)
    for message in messages:
        if message.role == "user" and (not message.content or any(map(_is_empty, message.parts()))):
            raise by_anthropic("messages: text content blocks must be non-empty", seed)


def _is_empty(part: Part) -> bool:
    return part.type == "text" and not part.text


def check_system(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where Gemini gets system content as a list. (Known of the gateway; natively a guess.)"""
    if model.family == GOOGLE:
        check_google_system([message.content for message in messages if message.role == "system"])


def check_google_system(contents: Sequence[object]) -> None:
    """@raise Refusal: 400 where one is a list."""
    if any(isinstance(content, list) for content in contents):
        raise by_google("Invalid value at 'system_instruction': a string is expected.")


def check_results(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where a call has no result, or a result no call."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                why = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
                raise by_openai(f"Invalid parameter: {why}.", f"messages.[{index}].role", None)
            waiting.remove(message.tool_call_id)
            continue
        _nothing_waits(waiting, index)
        waiting = [call.id for call in message.tool_calls or ()]
    _nothing_waits(waiting, len(messages))


def _nothing_waits(waiting: Sequence[str], index: int) -> None:
    if waiting:
        told = "An assistant message with 'tool_calls' must be followed by tool messages"
        must = f"{told} responding to each 'tool_call_id'."
        which = f"The following tool_call_ids did not have response messages: {', '.join(waiting)}"
        raise by_openai(f"{must} {which}", f"messages.[{index}].role", None)


def check_google_calls(messages: Sequence[Message], model: Model, seed: bytes) -> None:
    """@raise Refusal: 400 where Gemini gets several calls in a message, or more or fewer results than calls."""
    if model.family != GOOGLE:
        return
    calls = results = 0
    for message in [*messages, Message("user")]:
        if message.role == "tool":
            results += 1
            continue
        if calls != results:
            must = "the number of function response parts is equal to the number of function call parts"
            raise by_google(f"Please ensure that {must} of the function call turn.")
        calls, results = len(message.tool_calls or ()), 0
        if calls > 1:
            raise by_google("Several function calls in one message are not supported. Please send them one by one.")


HISTORY_RULES: tuple[Rule, ...] = (
    check_roles,
    check_contents,
    check_beginning,
    check_claude,
    check_system,
    check_google_calls,
    check_results,
)


def _data_image(image: ImageUrl | None, model: Model, urls: bool) -> str:
    """
    @return: What the model says of an image.
    @raise Refusal: 400 where the model can't see, or the image isn't there. (All of the wording is a guess.)
    """
    if not model.vision:
        raise by_openai("Invalid content type. image_url is only supported by certain models.", "messages", None)
    if image is None:
        raise by_openai("Missing required parameter: 'image_url'.", "messages", "missing_required_parameter")
    found = _DATA_URI.fullmatch(image.url)
    if found:
        return image_line(found.group(1), found.group(2))
    if urls and image.url.startswith(("http://", "https://")):
        return "by its address"
    raise Refusal(400, "Invalid image: only data URIs in base64 are supported")


def images(messages: Sequence[Message], model: Model, urls: bool) -> tuple[str, ...]:
    """
    @param urls: Whether an image may be given by its address, too.
    @return: A line on each image of the last user message.
    @raise Refusal: 400 if an image anywhere is refused.
    """
    lines: tuple[str, ...] = ()
    for message in messages:
        given = [part.image_url for part in message.parts() if part.type == "image_url"]
        found = tuple(_data_image(image, model, urls) for image in given)
        lines = found if message.role == "user" else lines
    return lines
