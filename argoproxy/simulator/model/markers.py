"""
Orders to the simulator inside of a message, so that a fault can be tried from any client.

  - C{[sim:say=TEXT]}: the reply is TEXT, which runs to the last C{]} of the message.
  - C{[sim:long=N]}: the reply is N characters of text.
  - C{[sim:NAME]}, C{[sim:NAME=ARGUMENT]}: the fault of that name; the argument holds no C{]}.

Where C{say} stands, other markers count only in front of it. The first marker of a kind wins.
"""

from __future__ import annotations

import re

import msgspec

_SAY = re.compile(r"\[sim:say=(.*)\]", re.DOTALL)
_MARKER = re.compile(r"\[sim:([a-z0-9-]+)(?:=([^\]]*))?\]")


class Markers(msgspec.Struct, frozen=True):
    """
    The orders of one message.

    @ivar say: What to say, word for word.
    @ivar long: How many characters to say.
    @ivar fault: A fault as C{"NAME"} or C{"NAME=ARGUMENT"}.
    """

    say: str | None = None
    long: int | None = None
    fault: str | None = None


def markers(text: str) -> Markers:
    """@return: The orders in a text."""
    if "[sim:" not in text:
        return Markers()
    say = _SAY.search(text)
    fault = long = None
    for name, argument in _MARKER.findall(text[: say.start()] if say else text):
        if name == "long" and argument.isdecimal():
            long = int(argument) if long is None else long
        elif fault is None:
            fault = f"{name}={argument}" if argument else name
    return Markers(say.group(1) if say else None, long, fault)
