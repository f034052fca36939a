"""A worker's log on its way: in batches, in order, whole, and nowhere when nobody reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Thread

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python import threadable

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
    outlet.empty()
    assert os.read(pipe[0], 100) == b"three\n"
    assert clock.getDelayedCalls() == []


def test_much_doesnt_wait(pipe: tuple[int, int]) -> None:
    outlet = Outlet(MemoryReactorClock(), pipe[1])
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(os.read(pipe[0], 10)))
    reader.start()
    outlet.write("x" * 65536)
    reader.join()
    assert read == [b"x" * 10]


def test_what_nobody_reads_is_dropped(pipe: tuple[int, int]) -> None:
    clock = MemoryReactorClock()
    outlet = Outlet(clock, pipe[1])
    os.close(pipe[0])
    outlet.write("lost\n")
    clock.advance(0.1)
    outlet.write("lost, too\n")
    outlet.empty()
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
