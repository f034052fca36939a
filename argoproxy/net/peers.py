"""
What the processes of one proxy know of each other: how they are, and what one of them has learnt from ARGO.

How it gets from one to another stays out. A process that is alone is its own and only peer.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import add
from typing import TYPE_CHECKING

import attrs
import msgspec

if TYPE_CHECKING:
    # A supervisor reads and writes what peers tell each other, and has none of these.
    from argoproxy.interfaces import IRouter

    from .pulse import Pulse
    from .refresh import Refresher
    from .release import Release
    from .underway import Underway


class Requests(msgspec.Struct, frozen=True):
    """
    @ivar open: exchanges under way.
    @ivar served: those that have ended, however that was.
    @ivar repeated: how often a call to ARGO was sent once more.
    @ivar waiting: those under way that wait until ARGO may be asked.
    """

    open: int = 0
    served: int = 0
    repeated: int = 0
    waiting: int = 0

    def __add__(self, other: Requests) -> Requests:
        return Requests(*map(add, msgspec.structs.astuple(self), msgspec.structs.astuple(other)))


class Heartbeat(msgspec.Struct, frozen=True):
    """
    When ARGO was there. Times are the reactor's, which all processes of a machine share.

    @ivar alive: whether the last call got an answer.
    @ivar ended_at: when that call ended.
    @ivar answered_at: when ARGO last answered.
    """

    alive: bool = False
    ended_at: float | None = None
    answered_at: float | None = None


class Condition(msgspec.Struct, frozen=True):
    """How one process is, or all of them together."""

    requests: Requests = Requests()
    heartbeat: Heartbeat = Heartbeat()


class Workers(msgspec.Struct, frozen=True):
    """
    The processes of a proxy.

    @ivar configured: how many there should be.
    @ivar live: how many serve.
    @ivar retiring: how many have been replaced, and still end their requests.
    """

    configured: int = 1
    live: int = 1
    retiring: int = 0


class Fleet(msgspec.Struct, frozen=True):
    """All processes of a proxy together."""

    workers: Workers = Workers()
    condition: Condition = Condition()


class News(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What one process has learnt, for all.

    @ivar models: ARGO's list as it came; empty for none.
    @ivar learned_at: when it came.
    @ivar native: whether ARGO has its native wires.
    @ivar latest: the newest version of the proxy that is known.
    """

    models: str = ""
    learned_at: float | None = None
    native: bool = False
    latest: str | None = None

    def over(self, older: News) -> News:
        """Both, this one's where they differ."""
        return News(
            models=self.models or older.models,
            learned_at=self.learned_at or older.learned_at,
            native=self.native or older.native,
            latest=self.latest or older.latest,
        )


def joined(conditions: list[Condition]) -> Condition:
    """Several as one: sums, and the latest that anybody knows of ARGO."""
    requests = sum((one.requests for one in conditions), Requests())
    beats = [one.heartbeat for one in conditions]
    last = max(beats, key=lambda beat: beat.ended_at or 0.0, default=Heartbeat())
    answered = max((beat.answered_at for beat in beats if beat.answered_at is not None), default=None)
    return Condition(requests, Heartbeat(last.alive, last.ended_at, answered))


@attrs.define(eq=False)
class Peers:
    """
    This process among those of its proxy.

    @ivar fleet: what is known of all of them; L{None} while this one is alone.
    """

    _underway: Underway
    _pulse: Pulse
    _refresher: Refresher
    _router: IRouter
    _release: Release
    fleet: Fleet | None = None

    def known(self) -> Fleet:
        """All processes together, as far as this one knows."""
        return self.fleet or Fleet(condition=self.condition())

    @property
    def draining(self) -> bool:
        """Whether this one is about to stop."""
        return self._underway.draining

    def condition(self) -> Condition:
        """How this one is."""
        pulse, underway = self._pulse, self._underway
        heartbeat = Heartbeat(pulse.alive, pulse.ended_at, pulse.answered_at)
        return Condition(Requests(underway.open, underway.served, underway.repeated, underway.waiting()), heartbeat)

    def news(self) -> News:
        """What this one knows, but for the list of models."""
        return News(native=self._router.native, latest=self._release.latest)

    def watch_models(self, told: Callable[[News], object]) -> None:
        """Have something called with each list of models that this one gets from ARGO."""
        self._refresher.told = lambda body, at: told(News(models=body.decode("utf-8"), learned_at=at))

    def join(self, fleet: Fleet) -> None:
        """Take what is known of all."""
        self.fleet = fleet
        beat, pulse = fleet.condition.heartbeat, self._pulse
        pulse.answered_at = max((at for at in (beat.answered_at, pulse.answered_at) if at is not None), default=None)
        if (beat.ended_at or 0.0) > (pulse.ended_at or 0.0):
            pulse.alive, pulse.ended_at = beat.alive, beat.ended_at

    def learn(self, news: News) -> None:
        """Take what another has learnt."""
        if news.models:
            self._refresher.learn(news.models.encode("utf-8"), news.learned_at)
        if news.native:
            self._router.native = True
        self._release.latest = news.latest or self._release.latest

    def follow(self, before: Peers) -> None:
        """Take all that those of another configuration know of the same ARGO."""
        self.learn(before.news())
        self._refresher.follow(before._refresher)
        self._pulse.follow(before._pulse)
