"""A worker's log on its way: in batches, in order, whole, kept for a slow reader, and nowhere when nobody reads."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread

import pytest
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.python import threadable
from twisted.python.failure import Failure
from zope.interface import provider

from argoproxy.workers.outlet import Outlet


@pytest.fixture(autouse=True)
def _in_the_reactors_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threadable, "ioThread", threadable.getThreadID())


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


@pytest.fixture
def said() -> Iterator[Callable[[Outlet], None]]:
    """What has an outlet take what is logged here."""
    with ExitStack() as stack:

        def take(outlet: Outlet) -> None:
            @provider(ILogObserver)
            def observe(event: LogEvent) -> None:
                outlet.write(formatEvent(event) + "\n")

            globalLogPublisher.addObserver(observe)
            stack.callback(globalLogPublisher.removeObserver, observe)

        yield take


def _read(clock: MemoryReactorClock, pipe: tuple[int, int]) -> str:
    """All that comes, with a reactor that sees when the pipe takes more."""
    os.set_blocking(pipe[0], False)
    read = b""
    while True:
        try:
            read += os.read(pipe[0], 65536)
        except BlockingIOError:
            clock.advance(0.1)
            if not select.select([pipe[0]], [], [], 0)[0]:
                return read.decode()
        for writer in clock.getWriters():
            writer.doWrite()


def test_lines_go_together_in_their_order(pipe: tuple[int, int]) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    os.set_blocking(pipe[0], False)
    for text in ("one\n", "größer\n"):
        outlet.write(text)
        outlet.flush()
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 100)
    clock.advance(0.1)
    assert os.read(pipe[0], 100).decode() == "one\ngrößer\n"
    outlet.write("three\n")
    outlet.end()
    assert os.read(pipe[0], 100) == b"three\n"
    assert clock.getDelayedCalls() == []


def test_much_doesnt_wait(pipe: tuple[int, int]) -> None:
    outlet = Outlet(MemoryReactorClock(), pipe[1])
    outlet.write("x" * 65536)
    assert os.read(pipe[0], 10) == b"x" * 10


def test_what_the_pipe_doesnt_take_waits_until_it_does(pipe: tuple[int, int]) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    lines = [f"{number} {'x' * 999}\n" for number in range(300)]
    for line in lines:
        outlet.write(line)
    assert clock.getWriters() == [outlet]
    assert clock.getDelayedCalls() == []
    assert _read(clock, pipe) == "".join(lines)
    assert clock.getWriters() == []
    outlet.write("later\n")
    clock.advance(0.1)
    assert _read(clock, pipe) == "later\n"


def test_what_is_too_much_is_dropped_line_by_line_and_counted(
    pipe: tuple[int, int], said: Callable[[Outlet], None]
) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    said(outlet)
    lines = [f"{number} {'x' * 999}\n" for number in range(3000)]
    for line in lines:
        outlet.write(line)
    *kept, told = _read(clock, pipe).splitlines(keepends=True)
    assert kept == lines[: len(kept)]
    assert 1_000_000 < len("".join(kept)) < 1_200_000
    assert told == f"{3000 - len(kept)} lines of this worker's log are lost: nobody took them in time\n"
    outlet.write("later\n")
    clock.advance(0.1)
    assert _read(clock, pipe) == "later\n"


def test_of_several_that_came_together_each_is_counted(
    pipe: tuple[int, int], said: Callable[[Outlet], None]
) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    said(outlet)
    outlet.write("x" * 2_000_000)
    outlet.write("one\n\0two\n\0three\n\0")
    outlet.write("four\n\0")
    assert "4 lines of this worker's log are lost" in _read(clock, pipe)


def test_one_line_is_never_too_long(pipe: tuple[int, int]) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    outlet.write("x" * 2_000_000)
    assert _read(clock, pipe) == "x" * 2_000_000


def test_the_last_lines_are_written_as_long_as_somebody_reads(pipe: tuple[int, int]) -> None:
    outlet = Outlet(MemoryReactorClock(), pipe[1])
    outlet.write("x" * 500_000)
    read = bytearray()

    def drain() -> None:
        while len(read) < 500_000:
            read.extend(os.read(pipe[0], 65536))

    reader = Thread(target=drain)
    reader.start()
    outlet.end()
    reader.join()
    assert len(read) == 500_000


def test_the_end_doesnt_wait_for_one_who_reads_nothing(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argoproxy.workers.outlet._PATIENCE", 0.0)
    outlet = Outlet(MemoryReactorClock(), pipe[1])
    outlet.write("x" * 500_000)
    outlet.end()


def test_a_reactor_that_lets_go_of_the_pipe_is_no_end(pipe: tuple[int, int]) -> None:
    """It does when it stops; what waits is written behind it."""
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    outlet.write("x" * 100_000)
    clock.removeWriter(outlet)
    outlet.connectionLost(Failure(ConnectionLost()))
    outlet.write("y")
    clock.advance(0.1)
    assert _read(clock, pipe) == "x" * 100_000 + "y"


def test_what_nobody_reads_is_dropped(pipe: tuple[int, int]) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    os.close(pipe[0])
    outlet.write("lost\n")
    clock.advance(0.1)
    outlet.write("lost, too\n")
    outlet.end()
    assert clock.getDelayedCalls() == []


def test_another_thread_leaves_it_to_the_reactors(pipe: tuple[int, int]) -> None:
    left: list[object] = []

    class Reactor(MemoryReactorClock):
        def callFromThread(self, callable, *args, **kw):  # type: ignore[no-untyped-def]
            left.append((callable, *args))

    outlet = Outlet(Reactor(), pipe[1])
    thread = Thread(target=outlet.write, args=("one\n",))
    thread.start()
    thread.join()
    assert left == [(outlet.write, "one\n")]
