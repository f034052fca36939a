"""What is asked of every program, and the figures that come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from .program import ANTHROPIC, Program

_QUESTION = "Tell me in a few sentences what an X-ray free-electron laser is, and what it is used for."
_ENDLESS = 1_000_000_000
# Under the name that every argo-proxy knows.
EMBEDDER = "argo:text-embedding-3-small"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the load generator measured. Delays are in microseconds, from the request to the first byte of the body and
    to the last.

    @ivar pieces: pieces of text as the fast upstream marks them.
    @ivar events: server-sent events.
    """

    seconds: float
    requests: int
    failed: int
    pieces: int
    events: int
    bytes: int
    first_p50: float
    first_p99: float
    whole_p50: float
    whole_p99: float


@attrs.frozen
class Sample:
    """
    One run of a scenario.

    @ivar processes: seconds of CPU time that each process of the program took meanwhile; none where there is no
        program.
    """

    measured: Measured
    processes: tuple[float, ...] = ()

    @property
    def cpu(self) -> float:
        """Seconds of CPU time of the program."""
        return sum(self.processes)


@attrs.frozen
class Figure:
    """
    A number that a sample gives.

    @ivar of: L{None} where the sample can't tell.
    @ivar more_is_better: which way is good.
    """

    name: str
    of: Callable[[Sample], float | None]
    more_is_better: bool = False


def _rate(sample: Sample, count: int) -> float:
    return count / sample.measured.seconds


def _cost(sample: Sample, count: int) -> float | None:
    """Microseconds of CPU time for each."""
    return sample.cpu * 1e6 / count if sample.processes and count else None


def _pieces(sample: Sample) -> int:
    """What a stream was made of: events too may hold several pieces, where they came together."""
    return sample.measured.pieces or sample.measured.events


RATE = Figure("requests/s", lambda sample: _rate(sample, sample.measured.requests), more_is_better=True)
COST = Figure("CPU µs/request", lambda sample: _cost(sample, sample.measured.requests))
WHOLE_P50 = Figure("p50 µs", lambda sample: sample.measured.whole_p50)
WHOLE_P99 = Figure("p99 µs", lambda sample: sample.measured.whole_p99)
FIRST_P50 = Figure("first byte p50 µs", lambda sample: sample.measured.first_p50)
FIRST_P99 = Figure("first byte p99 µs", lambda sample: sample.measured.first_p99)
EVENT_RATE = Figure("events/s", lambda sample: _rate(sample, _pieces(sample)), more_is_better=True)
EVENT_COST = Figure("CPU µs/event", lambda sample: _cost(sample, _pieces(sample)))

_CALLS = (RATE, COST, WHOLE_P50, WHOLE_P99)
_STREAMS = (EVENT_RATE, EVENT_COST, FIRST_P50, FIRST_P99)


@attrs.frozen
class Scenario:
    """
    One way to load a program.

    @ivar call: C{chat}, C{stream} or C{embed}.
    @ivar clients: how many ask at once.
    @ivar marker: what the fast upstream's replies are like; empty where it doesn't matter.
    @ivar paced: whether its streams have a pace, and no end. The simulator has a pace of its own.
    """

    name: str
    call: str
    clients: int
    figures: tuple[Figure, ...]
    marker: str = ""
    paced: bool = False

    def body(self, program: Program) -> bytes:
        """The request: Anthropic's or OpenAI's, and the wire's own paths take OpenAI's as well."""
        if self.call == "embed":
            return msgspec.json.encode({"model": EMBEDDER, "input": _QUESTION, "prompt": [_QUESTION]})
        return chat(program, f"{_QUESTION} {self.marker}", stream=self.call == "stream")

    def suits(self, program: Program) -> bool:
        """Whether a program can be asked so."""
        return self.call in program.paths and not (self.paced and program.simulated)


def chat(program: Program, text: str, *, stream: bool, **more: Any) -> bytes:
    """A chat request's body, in the program's language."""
    asked: dict[str, Any] = {"stream": stream, "temperature": 1.0, **more}
    user = {"role": "user", "content": text}
    if program.paths is ANTHROPIC:
        asked |= {"model": "claude-sonnet-4.5", "max_tokens": 1000, "system": "Be brief.", "messages": [user]}
    else:
        asked |= {"model": "gpt-4o", "messages": [{"role": "system", "content": "Be brief."}, user]}
    return msgspec.json.encode(asked)


def marker(pieces: int, size: int, gap: int, *, hold: bool = False, step: bool = False) -> str:
    """
    What tells the fast upstream how to reply.

    @param size: bytes of a piece.
    @param gap: microseconds between pieces, or before a whole reply; 0 for all at once.
    @param hold: whether a stream stays open behind its last piece.
    @param step: whether the pieces of all streams come at the same moments; else they are spread evenly.
    """
    return f"[[pieces={pieces} size={size} gap={gap} hold={hold:d} step={step:d}]]"


# Two pieces: some programs keep one until there is another.
HELD = marker(2, 24, 50_000, hold=True)
ENDED = marker(2, 24, 50_000)
WHOLE = marker(1, 400, 0)
_PACED = marker(_ENDLESS, 24, 10_000)
_IN_STEP = marker(_ENDLESS, 24, 10_000, step=True)
# Microseconds of a pause for each client, so that all together ask for half of what two cores can do.
_PAUSE = 333

SCENARIOS = (
    *(Scenario(f"chat, {clients} at once", "chat", clients, _CALLS, WHOLE) for clients in (1, 16, 64, 256)),
    Scenario("embeddings, 16 at once", "embed", 16, _CALLS),
    Scenario("stream's first byte, 1 at once", "stream", 1, (FIRST_P50, FIRST_P99), marker(2, 24, 1_000)),
    Scenario("streams in a burst, 16 at once", "stream", 16, (RATE, *_STREAMS), marker(100, 24, 0)),
    Scenario("streams paced at 100/s, 64 at once", "stream", 64, _STREAMS[:2], _PACED, paced=True),
    Scenario("streams paced at 100/s in step, 64 at once", "stream", 64, _STREAMS[:2], _IN_STEP, paced=True),
)


def unhurried(clients: int) -> Scenario:
    """Chats of so many clients that all ask equally often, whoever serves them, since ARGO takes its time."""
    return Scenario(f"unhurried chat, {clients} at once", "chat", clients, (), marker(1, 400, clients * _PAUSE))
