"""What every test is held to: no error in the log that it didn't expect, and nothing left over in the reactor."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import pytest_twisted
from hypothesis import settings
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import IReactorFDSet, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

# Assertions of the matrix's features and adapters explain themselves, as those of tests do. Others use them before it.
pytest.register_assert_rewrite(
    "tests.matrix.features",
    "tests.matrix.failures",
    "tests.matrix.absent",
    "tests.matrix.client",
    "tests.matrix.adapters",
)

# The machine may be busy: what is slow is no error.
settings.register_profile("argoproxy", deadline=None)
settings.load_profile("argoproxy")

# Turns of the reactor in which closed connections may still go.
_TURNS = 100


@implementer(ILogObserver)
class LoggedErrors(list[LogEvent]):
    """The errors that were logged during a test. One that expects some takes them out."""

    def __call__(self, event: LogEvent) -> None:
        """Called with every event."""
        if event.get("log_level") is LogLevel.critical or "log_failure" in event:
            self.append(event)

    def take(self) -> list[LogEvent]:
        """What has been logged so far; it is expected."""
        taken = list(self)
        self.clear()
        return taken


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "shares_service: uses a service that other tests use too, and whose connections stay open"
    )


@pytest.fixture(autouse=True)
def logged_errors(request: pytest.FixtureRequest) -> Iterator[LoggedErrors]:
    """Fails a test during which an error is logged that nobody takes. Trial's own test cases see to that themselves."""
    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    yield errors
    globalLogPublisher.removeObserver(errors)
    if not isinstance(request.instance, SynchronousTestCase):
        assert [_told(event) for event in errors] == []


@pytest.fixture(autouse=True)
def left_webs(logged_errors: LoggedErrors) -> Iterator[None]:
    """Ends the exchanges in memory that a test has left under way, rather than have the garbage collector do it."""
    yield
    web = sys.modules.get("tests.web")
    while web is not None and web.OPEN:
        one = web.OPEN.pop()
        if one.proxy.underway.open:
            one.leave()


@pytest.fixture(autouse=True)
def tidy_reactor(request: pytest.FixtureRequest, logged_errors: LoggedErrors) -> Iterator[None]:
    """Fails a test that leaves delayed calls, connections or ports behind."""
    before = _under_way()
    yield
    if request.node.get_closest_marker("shares_service"):
        return
    for _ in range(_TURNS):
        if not _under_way() - before:
            return
        pytest_twisted.blockon(deferLater(IReactorTime(_reactor), 0.01))
    assert sorted(map(str, _under_way() - before)) == []


def _under_way() -> set[object]:
    internal: set[object] = getattr(_reactor, "_internalReaders", set())
    descriptors = IReactorFDSet(_reactor)
    found: set[object] = {*IReactorTime(_reactor).getDelayedCalls()}
    found.update(descriptors.getReaders(), descriptors.getWriters())
    return found - internal


def _told(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return f"{formatEvent(event)} {failure.getTraceback() if failure else ''}"
