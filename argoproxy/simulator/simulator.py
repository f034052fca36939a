"""
The simulated ARGO as one object: its models, its faults in wait, what it has received. Routes and wires are elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.interfaces import IReactorTime

from argoproxy.simulator.exchange import Exchange
from argoproxy.simulator.faults import Fault, UnknownFault, parse_fault
from argoproxy.simulator.model.markers import markers
from argoproxy.simulator.model.models import Roster
from argoproxy.simulator.settings import SimulatorSettings
from argoproxy.simulator.wires.received import Received
from argoproxy.simulator.wires.reply import Reply

if TYPE_CHECKING:
    from twisted.web.resource import IResource
    from twisted.web.server import Site

_REMEMBERED = 100


@attrs.define
class ArmedFault:
    """
    A fault in wait for requests.

    @ivar spelled: C{"NAME"} or C{"NAME=ARGUMENT"}.
    @ivar times: How many requests will still meet it; None for all.
    @ivar path: The path whose requests meet it (a trailing slash doesn't matter); None for all paths.
    """

    spelled: str
    times: int | None = 1
    path: str | None = None

    def meets(self, path: str) -> bool:
        """@return: Whether a request for that path meets the fault."""
        return self.times != 0 and (self.path is None or self.path.rstrip("/") == path.rstrip("/"))


@attrs.define
class Simulator:
    """
    One simulated ARGO. Several in a process share nothing.

    @ivar clock: Where delays and C{created} come from.
    @ivar requests: The last hundred requests, without those to the admin endpoint.
    @ivar open_requests: Requests that are being answered now, hanging ones included.
    @ivar open_connections: Connections to L{site} that are open now.
    @ivar cut_requests: Requests whose client left before the reply was whole.
    @ivar armed: The faults in wait, oldest first.
    """

    settings: SimulatorSettings = attrs.field(factory=SimulatorSettings)
    clock: IReactorTime = attrs.field(kw_only=True)
    roster: Roster = attrs.field(factory=Roster, init=False)
    requests: deque[Received] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED), init=False)
    open_requests: int = attrs.field(default=0, init=False)
    open_connections: int = attrs.field(default=0, init=False)
    cut_requests: int = attrs.field(default=0, init=False)
    armed: list[ArmedFault] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        """@raise UnknownFault: The settings name one that there isn't."""
        if self.settings.fault is not None:
            parse_fault(self.settings.fault)

    def now(self) -> int:
        """@return: The clock's whole seconds."""
        return int(self.clock.seconds())

    def fault(self, name: str, times: int | None = 1, path: str | None = None) -> None:
        """
        Let the next requests meet a fault.

        @param name: C{"NAME"} or C{"NAME=ARGUMENT"}.
        @param times: How many requests; None for all, until L{clear_faults}.
        @param path: Only requests for this path.
        @raise UnknownFault: There is none of that name.
        """
        parse_fault(name)
        self.armed.append(ArmedFault(name, times, path))

    def clear_faults(self) -> None:
        """Forget the faults in wait."""
        self.armed.clear()

    def set_models(self, rows: Iterable[Any] | None) -> None:
        """@param rows: What the model lists tell from now on; None for the built-in list."""
        self.roster.replace(rows)

    def reply(self, exchange: Exchange) -> Reply:
        """@return: The reply to a request: an honest one, or what a fault makes of it."""
        self.requests.append(exchange.received)
        try:
            behaviour, argument = self._behaviour(exchange)
        except UnknownFault as error:
            return exchange.error(400, str(error))
        return behaviour(attrs.evolve(exchange, argument=argument))

    def _behaviour(self, exchange: Exchange) -> tuple[Fault, str]:
        """@raise UnknownFault: A marker names one that there isn't."""
        for armed in self.armed:
            if armed.meets(exchange.received.path):
                armed.times = None if armed.times is None else armed.times - 1
                self.armed = [each for each in self.armed if each.times != 0]
                return parse_fault(armed.spelled)
        # The look for a marker parses the body; most bodies hold none.
        marked = b"[sim:" in exchange.received.body
        spelled = markers(exchange.endpoint.last_text(exchange.received)).fault if marked else None
        spelled = spelled or self.settings.fault
        return parse_fault(spelled) if spelled else (Exchange.honest, "")

    def resource(self) -> IResource:
        """@return: The root of all paths. Klein, which installs the reactor, is imported here."""
        from argoproxy.simulator.rest.app import App

        return App(self).app.resource()

    def site(self) -> Site:
        """@return: A site that counts its connections and keeps no access log."""
        from argoproxy.simulator.rest.site import CountingSite

        return CountingSite(self)
