"""
What a simulated model says. The same ask always gets the same answer.

  - By default a short text that names the model and quotes the last user message, whole.
  - A result of a tool that nobody has answered yet is quoted, and nothing is called then.
  - A tool is called if the choice wants it, or if the last user message shares a word of four letters or more with the
    tool's name (as I{weather} with C{get_weather}); two tools that are meant so are called in parallel, unless
    forbidden.
  - Where a form is wanted (C{response_format}, or words in the prompt), the text is JSON that fits.
  - Markers in the message decide otherwise: see L{argoproxy.simulator.model.markers}.
"""

from __future__ import annotations

import json
import re

import msgspec

from argoproxy.simulator.model import tokens
from argoproxy.simulator.model.asks import ANTHROPIC_PREAMBLE, LONG_UNIT, Answer, Ask, Spoken, Tool
from argoproxy.simulator.model.markers import markers
from argoproxy.simulator.model.models import ANTHROPIC
from argoproxy.simulator.model.prompted import written
from argoproxy.simulator.model.schemas import sample, sample_object

NOTICE = (
    "IMPORTANT AUTHENTICATION NOTICE FROM ARGO: the user of this request is not registered. "
    "Please register with your ANL domain account to use Argo."
)
REASONING = "The user wrote something, and I think about what to answer to it."
_SHORTEST_WORD = 4
_LAZY_ABOVE = 1_000_000
_WORD = re.compile(r"[^\W_]+")


def answer(ask: Ask, index: int = 0) -> Answer:
    """
    @param index: Which of several choices: those behind the first say so in their default text.
    @return: What the model says.
    """
    if not ask.registered:
        return said(ask, NOTICE)
    orders = markers(ask.text)
    if ask.results:
        return said(ask, _on_results(ask))
    if orders.say is not None:
        return said(ask, orders.say)
    if orders.long is not None and orders.long > _LAZY_ABOVE:
        return _long(ask, orders.long)
    if orders.long is not None:
        return said(ask, (LONG_UNIT * (orders.long // len(LONG_UNIT) + 1))[: orders.long])
    calls = _calls(ask.tools, ask)
    if calls:
        return _calling(ask, calls)
    return said(ask, _default(ask, index))


def said(ask: Ask, text: str) -> Answer:
    """@return: An answer of that text, cut as the ask wants it; but for ARGO's notice, which no model said."""
    if text == NOTICE:
        return Answer(text=NOTICE, tokens=tokens.count(NOTICE))
    cut = tokens.cut(text, ask.stop, ask.max_tokens)
    return _counted(ask, Answer(text=cut.text, finish=cut.finish, stopped_by=cut.stopped_by), tokens.count(cut.text))


def _counted(ask: Ask, answer: Answer, spoken: int) -> Answer:
    """@return: The answer with its reasoning, and with its tokens counted."""
    reasoning = REASONING if ask.thinks else ""
    spent = tokens.count(REASONING) if ask.thinks or ask.model.reasons else 0
    return msgspec.structs.replace(answer, reasoning=reasoning, tokens=spoken + spent, reasoning_tokens=spent)


def _default(ask: Ask, index: int) -> str:
    calls = _calls(ask.prompted, ask)
    if calls:
        return written(calls)
    if ask.form is not None:
        return _formed(ask)
    which = f" Choice {index}." if index else ""
    seen = "".join(f" I see an image ({image})." for image in ask.images)
    return f'This is {ask.model.public_name}, simulated.{which}{seen} You wrote: "{ask.text}".'


def _formed(ask: Ask) -> str:
    wanted = ask.form or {}
    value = sample(wanted) if wanted else {"model": ask.model.public_name, "you_wrote": ask.text}
    return json.dumps(value, ensure_ascii=False)


def _on_results(ask: Ask) -> str:
    if ask.form is not None:
        return _formed(ask)
    quoted = " and ".join(f'"{result}"' for result in ask.results)
    return f'This is {ask.model.public_name}, simulated. The tool said: {quoted}. You wrote: "{ask.text}".'


def _long(ask: Ask, length: int) -> Answer:
    """@return: A long text, lazily made: C{stop} isn't looked for in it."""
    unit = len(LONG_UNIT)
    most = length if ask.max_tokens is None else max(0, ask.max_tokens * unit - 1)
    kept = min(length, most)
    return _counted(ask, Answer(length=kept, finish="length" if kept < length else "stop"), -(-kept // unit))


def _calling(ask: Ask, calls: tuple[Spoken, ...]) -> Answer:
    text = ANTHROPIC_PREAMBLE if ask.model.family == ANTHROPIC else ""
    spoken = tokens.count(text) + sum(tokens.count(json.dumps(call.arguments)) + 1 for call in calls)
    return _counted(ask, Answer(text=text, calls=calls, finish="tool_calls"), spoken)


def _calls(tools: tuple[Tool, ...], ask: Ask) -> tuple[Spoken, ...]:
    """@return: The calls to make, in the order of the tools."""
    allowed = [tool for tool in tools if not ask.choice.names or tool.name in ask.choice.names]
    meant = [tool for tool in allowed if _means(ask.text, tool.name)]
    if ask.choice.mode == "none":
        meant = []
    elif ask.choice.mode == "required" and not meant:
        meant = allowed[:1]
    return tuple(Spoken(tool.name, sample_object(tool.schema)) for tool in (meant if ask.parallel else meant[:1]))


def _means(text: str, name: str) -> bool:
    """@return: Whether a text and a tool's name share a word."""
    words = {word for word in re.split(r"[_-]", name.lower()) if len(word) >= _SHORTEST_WORD}
    return bool(words) and not words.isdisjoint(_WORD.findall(text.lower()))
