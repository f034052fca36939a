"""A file with keys that is written anew is read again; one that is wrong changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from argoproxy.config.keys import ApiKey
from argoproxy.keys import file
from argoproxy.keys.watch import Watch


def _at_once(act: Callable[[], Any]) -> Deferred[Any]:
    return maybeDeferred(act)


class WatchTests(SynchronousTestCase):
    """With a clock for the time, and no threads."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name, "keys.yaml"))
        self.write("alice")
        self.clock = Clock()
        self.told: list[list[str]] = []
        self.watch = Watch(
            self.clock, self.path, self.read, self.hear, file.mark(self.path), _at_once
        )
        self.watch.start()
        self.faults: list[Exception] = []
        self.hearing: Exception | None = None

    def read(self) -> tuple[ApiKey, ...]:
        if self.faults:
            raise self.faults.pop(0)
        return file.read(self.path)

    def write(self, *names: str) -> None:
        file.write(self.path, [ApiKey(name=name, sha256=f"{place:064x}") for place, name in enumerate(names)])

    def hear(self, keys: tuple[ApiKey, ...]) -> int:
        if self.hearing is not None:
            raise self.hearing
        self.told.append([key.name for key in keys])
        return len(keys)

    def after(self, seconds: float) -> list[str]:
        with capturedLogs() as events:
            self.clock.pump([1.0] * int(seconds))
        return [formatEvent(event) for event in events]

    def test_a_file_that_stays_as_it_is_is_not_read(self) -> None:
        assert self.after(10) == []
        assert self.told == []

    def test_a_new_one_is_told_once(self) -> None:
        self.write("alice", "bob")
        assert self.after(10) == ["keys: good ones now: 2"]
        assert self.told == [["alice", "bob"]]

    def test_a_wrong_one_is_told_once_and_changes_nothing(self) -> None:
        Path(self.path).write_text("keys: 3")
        (told,) = self.after(10)
        assert told.startswith("keys: those in use stay: ")
        assert self.told == []
        self.write("bob")
        self.after(2)
        assert self.told == [["bob"]]

    def test_one_that_others_could_get_at_is_read_once_they_can_not(self) -> None:
        self.write("bob")
        Path(self.path).chmod(0o644)
        (told,) = self.after(4)
        assert "chmod 600" in told
        Path(self.path).chmod(0o600)
        assert self.after(4) == ["keys: good ones now: 1"]
        assert self.told == [["bob"]]

    def test_one_that_is_gone_changes_nothing(self) -> None:
        Path(self.path).unlink()
        (told,) = self.after(10)
        assert told.startswith("keys: those in use stay: ")
        assert self.told == []

    def test_one_that_can_not_be_read_for_a_while_is_tried_again_and_told_once(self) -> None:
        self.write("bob")
        wrong = file.Unreadable("keys.yaml: can't be read (Too many open files)")
        self.faults = [wrong, wrong, wrong]
        assert self.after(12) == ["keys: those in use stay: " + str(wrong), "keys: good ones now: 1"]
        assert self.told == [["bob"]]

    def test_the_same_trouble_later_is_told_again(self) -> None:
        wrong = file.Unreadable("keys.yaml: can't be read (Too many open files)")
        for name in ("bob", "carol"):
            self.write(name)
            self.faults = [wrong]
            assert self.after(6) == ["keys: those in use stay: " + str(wrong), "keys: good ones now: 1"]

    def test_each_one_that_is_wrong_is_told(self) -> None:
        for text in ("keys: 3", "keys: 4"):
            Path(self.path).write_text(text)
            (told,) = self.after(6)
            assert told.startswith("keys: those in use stay: ")

    def test_what_nobody_has_foreseen_is_told_and_does_not_end_the_looking(self) -> None:
        self.write("bob")
        self.faults = [ZeroDivisionError("secret")]
        assert self.after(2) == ["keys: those in use stay: the file could not be used (ZeroDivisionError)"]
        self.write("bob", "carol")
        assert self.after(2) == ["keys: good ones now: 2"]

    def test_nor_does_what_those_who_are_told_have_not_foreseen(self) -> None:
        self.write("bob")
        self.hearing = ZeroDivisionError("secret")
        assert self.after(2) == ["keys: those in use stay: the file could not be used (ZeroDivisionError)"]
        self.hearing = None
        self.write("bob", "carol")
        assert self.after(2) == ["keys: good ones now: 2"]

    def test_whoever_has_stopped_looks_no_more(self) -> None:
        self.watch.stop()
        self.watch.stop()
        self.write("bob")
        assert self.after(10) == []
        assert self.clock.getDelayedCalls() == []
