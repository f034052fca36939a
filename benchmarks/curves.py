"""How cost grows with the size of what is asked: streams, bodies, models, histories, tools."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

import attrs
import msgspec

from . import growth, loading
from .limits import most_streams
from .loading import Count, Load, Span
from .program import Program, ProgramFault
from .results import number
from .running import Ground, Running
from .scenarios import COST, EVENT_COST, WHOLE, chat, marker

_EVENTS_A_SECOND = 2000
_OPENED_A_SECOND = 500
_ENDLESS = 1_000_000_000
_MODELS = 30
_FEWEST = 2
_BYTES = 40_000_000
_TURN = "This is what was said then, and it was answered in one line. "


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one program costs along a curve.

    @ivar sizes: of what was asked.
    @ivar costs: microseconds of CPU time at each.
    @ivar verdict: C{flat}, C{linear} or C{worse}.
    """

    curve: str
    of: str
    program: str
    sizes: tuple[float, ...]
    costs: tuple[float, ...]
    verdict: str


@attrs.frozen
class Curve:
    """
    @ivar of: what a cost is one of.
    @ivar sizes: rising.
    @ivar cost: microseconds at a size; L{None} where it can't be told.
    @ivar of_models: whether the size is the number of models that ARGO lists.
    """

    name: str
    sizes: tuple[int, ...]
    cost: Callable[[Ground, Running, int], float | None]
    of: str = "request"
    of_models: bool = False


def _paced(ground: Ground, running: Running, streams: int) -> float | None:
    """As many events in all, whatever the number of streams."""
    pace = marker(_ENDLESS, 24, streams * 1_000_000 // _EVENTS_A_SECOND)
    asked = Load(f"{streams} streams", "stream", streams, chat(running.program, pace, stream=True), ends=False)
    return EVENT_COST.of(loading.load(ground, running, asked, Span(1 + streams / _OPENED_A_SECOND, 3.0)))


def _beside(ground: Ground, running: Running, streams: int) -> float | None:
    """Chats, while so many streams are open and silent."""
    with loading.held(ground, running, streams):
        return _requests(ground, running, "chat", chat(running.program, WHOLE, stream=False))


def _body(ground: Ground, running: Running, size: int) -> float | None:
    text = WHOLE + (_TURN * (size // len(_TURN) + 1))[:size]
    return _requests(ground, running, "chat", chat(running.program, text, stream=False))


def _history(ground: Ground, running: Running, messages: int) -> float | None:
    said = [{"role": ("user", "assistant")[turn % 2], "content": f"{_TURN}{turn}"} for turn in range(messages)]
    last = {"role": "user", "content": WHOLE}
    body = msgspec.json.decode(chat(running.program, WHOLE, stream=False)) | {"messages": [*said, last]}
    return _requests(ground, running, "chat", msgspec.json.encode(body))


def _tools(ground: Ground, running: Running, tools: int) -> float | None:
    parameters = {"type": "object", "properties": {"city": {"type": "string", "description": "Which."}}}
    offered = [
        {"type": "function", "function": {"name": f"look_up_{number}", "description": _TURN, "parameters": parameters}}
        for number in range(tools)
    ]
    return _requests(ground, running, "chat", chat(running.program, WHOLE, stream=False, tools=offered))


def _any(ground: Ground, running: Running, size: int) -> float | None:
    return _requests(ground, running, "chat", chat(running.program, WHOLE, stream=False))


def _listing(ground: Ground, running: Running, size: int) -> float | None:
    return _requests(ground, running, "models", b"")


def _requests(ground: Ground, running: Running, call: str, body: bytes) -> float | None:
    """One client, and as many requests as are worth while at their size."""
    requests = max(3, min(500, _BYTES // (len(body) + 1)))
    asked = Load(f"{call} with {len(body):,} bytes", call, 1, body)
    return COST.of(loading.load(ground, running, asked, Count(max(1, requests // 5), requests)))


def _up_to(most: int, *sizes: int) -> tuple[int, ...]:
    return (*(size for size in sizes if size < most), most)


_STREAMS = _up_to(min(9_500, most_streams()), 10, 100, 1_000, 3_000)

CURVES = (
    Curve("streams", _STREAMS, _paced, of="event"),
    Curve("silent streams beside a chat", _STREAMS, _beside),
    Curve("bytes of a message", (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000), _body),
    Curve("models, a chat", (30, 100, 300, 1_000, 3_000), _any, of_models=True),
    Curve("models, the list of them", (30, 100, 300, 1_000, 3_000), _listing, of_models=True),
    Curve("messages of a history before the last", (1, 10, 100, 500, 2_000), _history),
    Curve("tools", (1, 10, 50, 200, 500), _tools),
)


@attrs.frozen
class Curves:
    """
    Curves as they come in.

    @ivar times: how often each point is measured.
    @ivar say: takes a line on what is being done.
    """

    _ground: Ground
    _times: int
    _say: Callable[[str], None]
    lines: list[Line] = attrs.field(factory=list, init=False)

    def draw(self, curve: Curve, programs: Sequence[Program]) -> None:
        """Measure a curve of some programs. Where one fails, its curve ends."""
        for program in programs:
            self._say(f"{curve.name}: {program.name}")
            costs: list[float] = []
            try:
                costs.extend(self._costs(curve, program))
            except ProgramFault as fault:
                self._say(f"left out: {fault}")
            if len(costs) > _FEWEST:
                self.lines.append(_line(curve, program, costs))

    def _costs(self, curve: Curve, program: Program) -> Iterator[float]:
        """On an instance of its own for each size."""
        for size in curve.sizes:
            with (
                self._ground.upstream(size if curve.of_models else _MODELS) as upstream,
                self._ground.serving(program, upstream) as running,
            ):
                costs = [curve.cost(self._ground, running, size) for _ in range(self._times)]
            yield statistics.median(cost for cost in costs if cost is not None)


def _line(curve: Curve, program: Program, costs: Sequence[float]) -> Line:
    sizes = tuple(map(float, curve.sizes[: len(costs)]))
    return Line(
        curve=curve.name,
        of=curve.of,
        program=program.name,
        sizes=sizes,
        costs=tuple(costs),
        verdict=growth.verdict(sizes, costs),
    )


def shown(lines: Sequence[Line]) -> str:
    """The curves for people."""
    return "\n\n".join(map(_shown, lines))


def _shown(line: Line) -> str:
    points = "".join(
        f"\n  {size:>12,.0f}{number(cost):>14}" for size, cost in zip(line.sizes, line.costs, strict=True)
    )
    return f"{line.curve}, {line.program}, CPU µs/{line.of}: {line.verdict}{points}"
