"""Many calls for one request: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore, FirstError, gatherResults
from twisted.python.failure import Failure


async def together(starts: Sequence[Callable[[], Coroutine[Any, Any, None]]], at_once: int) -> None:
    """
    Run all of them, a few at a time. The first that fails, or a cancellation, ends the others.

    @raise Exception: what the first failure was.
    """
    places = DeferredSemaphore(at_once)
    running = [places.run(_begin, start) for start in starts]
    try:
        await gatherResults(running)
    except FirstError as error:
        error.subFailure.raiseException()
    finally:
        for one in running:
            one.addErrback(_told_already)
            one.cancel()


def _told_already(failure: Failure) -> None:
    """The others' failures say nothing new."""


def _begin(start: Callable[[], Coroutine[Any, Any, None]]) -> Deferred[None]:
    return Deferred.fromCoroutine(start())
