"""What the proxy says of itself: that it lives, whether it is of use, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import attrs
import msgspec

from argoproxy.interfaces import ILedger, IRouter

from .health import PATH, health
from .peers import Peers, Requests, Workers
from .pulse import Pulse
from .refresh import Refresher
from .release import Release

_STALE = 2.0
# Seconds since ARGO's last answer: up to here it counts as there, and from there on asking for readiness asks it.
_LATELY = 300.0
_QUIET = 60.0


class Readiness(msgspec.Struct, frozen=True):
    """Whether it is of use, and why."""

    status: Literal["ready", "not ready", "draining"]
    argo_reachable: bool
    seconds_since_argo_answered: float | None
    model_list: Literal["built-in", "argo"]
    model_list_age_seconds: float | None
    workers: Workers
    requests: Requests


class Running(msgspec.Struct, frozen=True):
    """
    What runs.

    @ivar latest: the newest version, as far as that is known.
    @ivar upstream: by the model's family, which of ARGO's wires is used.
    """

    version: str
    latest: str | None
    up_to_date: bool | None
    message: str
    install: str
    simulator: bool
    upstream: Mapping[str, str]
    workers: Workers


class Welcome(msgspec.Struct, frozen=True):
    """
    Where to go from here.

    @ivar links: paths, by what is there.
    """

    name: str
    message: str
    links: Mapping[str, str]


@attrs.frozen
class Status:
    """
    @ivar simulator: whether a simulator stands in for ARGO.
    @ivar store: who keeps account of limits, where that is shared with others.
    @ivar describe: what makes the description of the whole API, in JSON.
    """

    _pulse: Pulse
    _refresher: Refresher
    _release: Release
    _router: IRouter
    _peers: Peers
    simulator: bool
    store: ILedger | None
    describe: Callable[[], bytes]

    def health(self) -> bytes:
        """The process is alive: nothing else is asked."""
        return health(self.store)

    def ready(self) -> tuple[int, bytes]:
        """200 if ARGO answered lately, its list of models isn't stale, and we don't stop, else 503; and the reasons."""
        age, silence = self._age(), self._pulse.since(self._pulse.answered_at)
        answers = self._pulse.alive and silence is not None and silence <= _LATELY
        fresh = age is not None and (not self._refresher.interval or age <= _STALE * self._refresher.interval)
        fleet, draining = self._peers.known(), self._peers.draining
        ready = answers and fresh and not draining
        body = Readiness(
            status="draining" if draining else "ready" if ready else "not ready",
            argo_reachable=self._pulse.alive,
            seconds_since_argo_answered=_rounded(silence),
            model_list="built-in" if age is None else "argo",
            model_list_age_seconds=_rounded(age),
            workers=fleet.workers,
            requests=fleet.condition.requests,
        )
        if silence is None or silence > _QUIET:
            self._refresher.nudge()
        return 200 if ready else 503, msgspec.json.encode(body)

    def version(self) -> bytes:
        """What runs, whether there is something newer, and what it talks to."""
        release = self._release
        body = Running(
            version=release.installed,
            latest=release.latest,
            up_to_date=release.up_to_date,
            message=release.message,
            install=release.install,
            simulator=self.simulator,
            upstream=self._router.in_use(),
            workers=self._peers.known().workers,
        )
        return msgspec.json.encode(body)

    def welcome(self) -> bytes:
        """Where to go from here."""
        return msgspec.json.encode(_WELCOME)

    def _age(self) -> float | None:
        return self._pulse.since(self._refresher.learned_at)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


_WELCOME = Welcome(
    name="argoproxy",
    message="ARGO for every LLM client. A client's base URL is this address, for OpenAI's API with /v1 behind it.",
    links={
        "models": "/v1/models",
        "health": PATH,
        "ready": "/health/ready",
        "version": "/version",
        "openapi": "/openapi.json",
        "chat": "/v1/chat/completions",
        "completions": "/v1/completions",
        "responses": "/v1/responses",
        "embeddings": "/v1/embeddings",
        "messages": "/v1/messages",
        "count_tokens": "/v1/messages/count_tokens",
        "google_models": "/v1beta/models",
        "argo_chat": "/v1/chat",
        "argo_embed": "/v1/embed",
    },
)
