"""
Every fault that the simulator has, at every place of a reply, for every dialect over every wire, in memory.

A fault that is new is covered by itself: nothing here knows what a fault does. A reply that looks complete says what an
honest one says, or else the client is told, in its dialect's own shape; within the time that a reply may take, it ends;
nothing is left of it; and the next request is served.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from twisted.internet.defer import Deferred

from argoproxy.net.exchange import Exchange
from argoproxy.simulator import FAULTS
from tests.faults.askers import ASKERS, Asker, BrokenOff, Cut, Outcome, Refused, Whole
from tests.matrix.columns import Column
from tests.web import Got, Web

# Seconds.
ALLOWED = 3600.0
_STEP = 20.0  # more than the interval in which a stream shows that it lives

# The beginning of the body, behind the head, in the middle of a piece, before the end, behind it.
PLACES = ("", "0", "40", "-1", "999999")
ARGUMENTS = {
    "drip": ("1000", "0"),
    "ended-mid": PLACES,
    "garbage-mid": ("", "0", "40", "999999"),
    "hang-mid": PLACES,
    "reset-mid": PLACES,
    "truncated": PLACES,
    "status": ("400", "404", "418", "500", "200:{}", "200:words", "503:<html>", "500:null"),
    "wait": ("30", "100000"),
}
"""What is behind the names of faults that can be told more."""

# Those that put other words into an honest reply: that the client hears them is no fault.
_WORDS = {"say", "auth-notice"}


def spellings(fault: str) -> Iterator[str]:
    """The fault with each of its arguments."""
    for argument in ARGUMENTS.get(fault, ("",)):
        yield f"{fault}={argument}" if argument else fault


@pytest.fixture(scope="module")
def web_of() -> Callable[[Column], Web]:
    """One proxy for each column."""
    return cache(lambda column: column.web(request_timeout=ALLOWED))


def ask(web: Web, asker: Asker) -> Got:
    """Ask, and let time pass until the reply ends; which it must in the time that is allowed."""
    got = web.begin("POST", asker.path, asker.body)
    waited = 0.0
    while not (got.ended or got.failure) and waited <= ALLOWED:
        # First as long as silence may last, and then all the rest.
        seconds = _STEP if waited < 2 * _STEP else ALLOWED
        web.settle(seconds)
        waited += seconds
    assert got.ended or got.failure, "it has no end"
    return got


def under_way(web: Web) -> tuple[int, int, int]:
    """What a request must not leave behind: exchanges, calls of ARGO, timers."""
    return web.proxy.underway.open, web.simulator.open_requests, len(web.clock.getDelayedCalls())


@cache
def honest(web: Web, asker: Asker) -> Outcome:
    """What an asker gets when nothing is wrong."""
    outcome = asker.outcome(ask(web, asker))
    assert isinstance(outcome, Whole)
    return outcome


def check(asker: Asker, fault: str, got: Got, expected: Outcome) -> None:
    """A reply under a fault is honest, or tells that it isn't."""
    assert got.response is not None, f"there was no reply: {got.failure}"
    outcome = asker.outcome(got)
    if isinstance(outcome, Cut):
        assert not asker.has_words_for_failure
    elif isinstance(outcome, BrokenOff):
        assert asker.streamed
    elif isinstance(outcome, Whole) and not asker.takes_bytes_as_they_are and fault not in _WORDS:
        assert outcome == expected
    else:
        assert isinstance(outcome, (Refused, Whole))


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.label)
def test_a_fault_is_told_or_does_no_harm(web_of: Callable[[Column], Web], asker: Asker) -> None:
    web = web_of(asker.column)
    expected = honest(web, asker)
    wrong = [told for fault in sorted(FAULTS) if (told := _wrong(web, asker, fault, expected))]
    assert not wrong, "\n".join(wrong)


def _wrong(web: Web, asker: Asker, fault: str, expected: Outcome) -> str:
    """What is wrong with a fault's replies, or with what follows them; empty if nothing is."""
    before = under_way(web)
    for spelled in spellings(fault):
        web.simulator.fault(spelled, times=None)
        try:
            check(asker, fault, ask(web, asker), expected)
            assert under_way(web) == before, "something is left"
        except Exception as error:  # noqa: BLE001 - the readers of replies have many ways to say that they are none
            return f"{spelled}: {error!r}"
        finally:
            web.simulator.clear_faults()
    return "" if asker.outcome(ask(web, asker)) == expected else f"{fault}: the next request isn't served"


@pytest.mark.parametrize("asker", ASKERS, ids=lambda asker: asker.label)
def test_who_leaves_leaves_nothing_behind(web_of: Callable[[Column], Web], asker: Asker) -> None:
    """Before the head, behind it, in the middle of a reply, and when it is all there but its end."""
    web = web_of(asker.column)
    before = under_way(web)
    for spelled in ("hang", "hang-mid=0", "hang-mid", "hang-mid=999999", "drip=1000", "wait=1000"):
        for seconds in (0.0, _STEP):
            web.simulator.fault(spelled)
            got = web.begin("POST", asker.path, asker.body)
            web.settle(seconds)
            assert not got.ended or spelled == "hang-mid=999999"
            web.leave()
            assert under_way(web) == before, (spelled, seconds)


@pytest.mark.parametrize("asker", ASKERS[::9], ids=lambda asker: asker.label)
def test_nothing_is_kept_of_requests_that_failed(asker: Asker) -> None:
    """Neither an exchange nor a Deferred that nobody fires any more."""
    web = asker.column.web(request_timeout=ALLOWED)
    ask(web, asker)
    before = _waiting()
    for spelled in (name for fault in sorted(FAULTS) for name in spellings(fault)):
        web.simulator.fault(spelled, times=None)
        ask(web, asker)
        web.simulator.clear_faults()
    assert _waiting() == before


def _waiting() -> int:
    gc.collect()
    found = gc.get_objects()
    return sum(isinstance(one, Exchange) or (isinstance(one, Deferred) and not one.called) for one in found)
