"""
Plays a reply on a request: waits, paces, keeps to the client's pace, and ends it as the reply says.

Delays of zero never touch the clock, so that everything works in memory without a running reactor. Must stay out of
here: what a reply says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.web.http import Request
from zope.interface import implementer

from argoproxy.simulator.settings import SimulatorSettings
from argoproxy.simulator.wires.reply import Ending, Reply

_FLUSH = 0.02


@implementer(IPushProducer)
class Player:
    """
    Writes the pieces of one reply, one at a time, while the client takes them.

    @ivar closes: Whether it is us who end the connection.
    """

    closes = False

    def __init__(self, request: Request, reply: Reply, settings: SimulatorSettings, clock: IReactorTime) -> None:
        self._request = request
        self._reply = reply
        self._pieces: Iterator[bytes] = iter(reply.pieces)
        self._wait = settings.first_byte_delay + reply.wait
        self._pause = reply.pause if reply.pause is not None else settings.chunk_delay if reply.streamed else 0.0
        self._clock = clock
        self._timer: IDelayedCall | None = None
        self._paused = False
        self._pumping = False
        self._over = False
        self._done: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def start(self) -> Deferred[None]:
        """
        Begin, at once if no delay is wanted.

        @return: Fires when the body is written and the request is to be finished; never, for replies that end
            otherwise. Cancelling it stops the playing.
        """
        self._after(self._wait, self._begin)
        return self._done

    def _after(self, delay: float, call: Callable[[], None]) -> None:
        if delay <= 0:
            call()
        else:
            self._timer = self._clock.callLater(delay, self._fire, call)

    def _fire(self, call: Callable[[], None]) -> None:
        self._timer = None
        call()

    def _begin(self) -> None:
        if not self._reply.headless:
            self._head()
        self._request.registerProducer(self, True)
        self._pump()

    def _head(self) -> None:
        reply, request = self._reply, self._request
        request.setResponseCode(reply.status)
        if reply.content_type:
            request.setHeader("Content-Type", reply.content_type)
        if reply.length is not None:
            request.setHeader("Content-Length", str(reply.length))
        for name, value in reply.headers:
            request.setHeader(name, value)

    def _pump(self) -> None:
        """Write while the client takes it and no pause is due. Writing may call us back."""
        if self._pumping:
            return
        self._pumping = True
        while not (self._paused or self._over or self._timer):
            piece = next(self._pieces, None)
            if piece is None:
                self._end()
            else:
                self._write(piece)
                self._after(self._pause, self._pump)
        self._pumping = False

    def _write(self, piece: bytes) -> None:
        if self._reply.headless:
            self._transport.write(piece)
        else:
            self._request.write(piece)

    def _end(self) -> None:
        self._over = True
        ending = self._reply.ending
        if ending is Ending.HANG:
            return
        self._request.unregisterProducer()
        self.closes = ending is not Ending.FINISH
        if ending is Ending.FINISH:
            self._done.callback(None)
        elif ending is Ending.CLOSE:
            self._request.loseConnection()
        else:
            self._after(_FLUSH if self._on_socket() else 0.0, self._reset)

    def _on_socket(self) -> bool:
        """@return: Whether bytes need time to reach the client before a reset throws them away."""
        written = self._request.startedWriting or self._reply.headless
        return bool(written) and hasattr(self._transport, "socket")

    @property
    def _transport(self) -> Any:
        """@return: The connection itself, below HTTP."""
        return self._request.channel.transport

    def _reset(self) -> None:
        self._transport.abortConnection()

    def pauseProducing(self) -> None:
        """The client doesn't keep up."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The client takes more."""
        self._paused = False
        self._pump()

    def stopProducing(self) -> None:
        """The client is gone."""
        self._over = True
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
