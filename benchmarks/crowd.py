"""A thousand users of coding agents at once, and what they cost the proxy and it them: C{make bench-agents}."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from random import Random

import attrs

from . import procfs
from .asking import Client, Reply
from .habits import Habits, Step, steps
from .histories import AGENTS, Agent, History
from .results import number
from .running import Running

_SEED = 20261125
# Microseconds between two tokens: fifty a second.
_GAP = 20_000
_BEAT = 1.0


@attrs.frozen
class Call:
    """
    A call that ended while it was measured.

    @ivar bytes: of its request.
    @ivar tokens: of its reply.
    @ivar reply: L{None} if the user left it.
    """

    agent: str
    bytes: int
    tokens: int
    reply: Reply | None


@attrs.frozen
class Moment:
    """
    @ivar at: seconds, by the monotonic clock.
    @ivar running: CPU seconds of the proxy so far.
    @ivar asking: CPU seconds of ourselves so far.
    @ivar memory: resident bytes of the proxy.
    @ivar descriptors: that it has open.
    @ivar streams: that are under way.
    """

    at: float
    running: float
    asking: float
    memory: int
    descriptors: int
    streams: int


@attrs.define
class Crowd:
    """
    @ivar running: the proxy. Its upstream must be the fast one.
    @ivar streams: that are under way.
    """

    running: Running
    users: int
    habits: Habits = attrs.field(factory=Habits)
    streams: int = attrs.field(default=0, init=False)
    _calls: list[Call] = attrs.field(factory=list, init=False)

    async def watch(self, ramp: float, seconds: float) -> tuple[list[Moment], list[Call]]:
        """Let everybody come within the time of the ramp, and then look on."""
        histories = [(agent, agent.history(self.habits.messages)) for agent in AGENTS]
        chosen = itertools.islice(itertools.cycle(histories), self.users)
        tasks = [asyncio.create_task(self._user(who, *one)) for who, one in enumerate(chosen)]
        await asyncio.sleep(ramp)
        self._calls.clear()
        moments = [self._moment()]
        while moments[-1].at < moments[0].at + seconds:
            await asyncio.sleep(_BEAT)
            moments.append(self._moment())
        calls = list(self._calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return moments, calls

    async def _user(self, who: int, agent: Agent, history: History) -> None:
        client = Client(self.running.port)
        try:
            for step in steps(self.habits, Random(_SEED + who)):
                await asyncio.sleep(step.wait)
                await self._call(client, agent, history, step)
        finally:
            client.close()

    async def _call(self, client: Client, agent: Agent, history: History, step: Step) -> None:
        body = history.body(step.messages, step.tokens, _GAP)
        leaves = None if step.leaves is None else step.leaves * pace(step.tokens)
        self.streams += 1
        try:
            reply = await client.ask(agent.path, body, agent.ending, leaves)
        except OSError:
            reply = Reply(0, b"", None, 0.0, complete=False)
        finally:
            self.streams -= 1
        self._calls.append(Call(agent.name, len(body), step.tokens, reply))

    def _moment(self) -> Moment:
        session = self.running.session or 0
        return Moment(
            at=time.monotonic(),
            running=sum(procfs.cpu_seconds(session).values()),
            asking=time.process_time(),
            memory=procfs.resident(session),
            descriptors=procfs.descriptors(session),
            streams=self.streams,
        )


def pace(tokens: int) -> float:
    """Seconds that a reply takes by itself."""
    return (tokens - 1) * _GAP / 1e6


def shown(users: int, idle: int, moments: Sequence[Moment], calls: Sequence[Call]) -> str:
    """
    What was seen, for people.

    @param idle: resident bytes of the proxy before anybody came.
    """
    first, last = moments[0], moments[-1]
    seconds = last.at - first.at
    cpu = (last.running - first.running) / seconds
    streams = statistics.fmean(moment.streams for moment in moments)
    memory = max(moment.memory for moment in moments)
    rows = (
        ("users", number(users)),
        ("seconds looked on", number(seconds)),
        ("calls that ended", number(len(calls))),
        ("calls/s", number(len(calls) / seconds)),
        ("KB of a request, mean", number(statistics.fmean(call.bytes for call in calls) / 1000)),
        ("streams at once, mean", number(streams)),
        ("tokens/s", number(streams * 1e6 / _GAP)),
        *_delays(calls),
        ("CPU of the proxy, cores", f"{cpu:.3f}"),
        ("CPU µs/token, all in", number(cpu * 1e6 / (streams * 1e6 / _GAP))),
        ("memory before, MB", number(idle / 1e6)),
        ("memory at most, MB", number(memory / 1e6)),
        ("descriptors at most", number(max(moment.descriptors for moment in moments))),
        ("calls broken off by users", number(sum(call.reply is None for call in calls))),
        ("calls that failed", number(len(failed(calls)))),
        ("CPU of the load itself, cores", f"{(last.asking - first.asking) / seconds:.3f}"),
    )
    return "\n".join(f"{name:<40}{value:>12}" for name, value in rows)


def failed(calls: Sequence[Call]) -> list[Call]:
    """Those that nobody broke off, and that didn't come to a good end."""
    return [call for call in calls if call.reply is not None and not call.reply.complete]


def faults(calls: Sequence[Call]) -> list[str]:
    """In what ways calls failed, a line for each."""
    ways = Counter(
        f"{call.agent}: status {call.reply.status}, {'no body' if call.reply.begun is None else 'broken off'}"
        for call in failed(calls)
        if call.reply is not None
    )
    return [f"{way}: {times}" for way, times in ways.items()]


def _delays(calls: Sequence[Call]) -> list[tuple[str, str]]:
    """First bytes, and how late the last ones were by the pace of the model."""
    good = [(call, call.reply) for call in calls if call.reply is not None and call.reply.complete]
    firsts = [(call.agent, reply.begun) for call, reply in good if reply.begun is not None]
    lates = [reply.ended - pace(call.tokens) for call, reply in good]
    rows = _quantiles("first byte", [begun for _, begun in firsts])
    for agent in AGENTS:
        rows += _quantiles(f"first byte, {agent.name}", [begun for name, begun in firsts if name == agent.name])
    return rows + _quantiles("late at the end", lates)


def _quantiles(name: str, delays: Sequence[float]) -> list[tuple[str, str]]:
    if len(delays) < 2:
        return []
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    return [(f"{name}, p50 ms", number(cuts[49] * 1000)), (f"{name}, p99 ms", number(cuts[98] * 1000))]
