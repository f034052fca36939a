"""The log's lines: one for each event, whoever's words are in it; and where they go."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
import twisted.internet
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, capturedLogs, formatEvent
from twisted.python import log as legacy
from twisted.python.failure import Failure
from zope.interface import implementer

from argoproxy.config import Config
from argoproxy.logs import EVENT_END, Destination, LogFault, destination, json_line, piped, syslog_prefix, text_line


@implementer(IStreamClientEndpoint)
class _Nowhere:
    """Leads to nobody."""

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return fail(ConnectionRefusedError())


def _event(**fields: Any) -> LogEvent:
    rest = {"log_time": 1_790_000_000.5, "log_level": LogLevel.info, "log_namespace": "argoproxy.net"}
    return {**rest, "log_format": "hi", **fields}


def _config(**values: Any) -> Config:
    return Config(user="somebody", **values)


def _failure() -> Failure:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        return Failure()


@pytest.fixture
def opened() -> Iterator[Callable[[Config, Mapping[str, Any]], Destination]]:
    """L{destination}, whose files are closed in the end."""
    made: list[Destination] = []

    def remembered(config: Config, options: Mapping[str, Any]) -> Destination:
        made.append(destination(config, options))
        return made[-1]

    yield remembered
    for log in made:
        if log.file is not None:
            log.file.close()


def _published(log: Destination, emit: Any) -> None:
    """Let C{emit} log to nothing but this destination."""
    assert log.observer is not None
    emit(Logger("argoproxy.test", observer=log.observer))


def test_text_line_tells_time_level_namespace_and_message() -> None:
    line = text_line(_event(log_format="{method} took {ms} ms", method="GET", ms=5))
    time, rest = line.split(" ", 1)
    assert rest == "info [argoproxy.net] GET took 5 ms\n"
    assert datetime.fromisoformat(time).timestamp() == 1_790_000_000.5
    assert datetime.fromisoformat(time).tzinfo is not None


@pytest.mark.parametrize("form", [text_line, json_line])
@pytest.mark.parametrize("trick", [*"\0\n\r\x0b\x0c\x7f\x85\u2028\u2029\u202e\ud800", "\r\n", "\x1b[2J"])
def test_what_could_end_a_line_or_steer_a_terminal_is_escaped(form: Any, trick: str) -> None:
    line = form(_event(log_format="a {path} z", path=f"x{trick}y", other=trick))
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    line.encode("utf-8")


def test_text_stays_readable() -> None:
    assert "größer 好" in text_line(_event(log_format="{text}", text="größer 好"))


def test_a_failure_follows_in_indented_lines() -> None:
    first, *rest = text_line(_event(log_failure=_failure())).splitlines()
    assert first.endswith("hi")
    assert len(rest) > 2
    assert all(line.startswith("\t") for line in rest)


def test_json_line_holds_the_fields_and_wins_over_them() -> None:
    fields = {"status": 200, "ms": 1.5, "ok": True, "model": None, "path": "/é", "level": "mine", "time": "mine"}
    found = json.loads(json_line(_event(log_format="{status}", **fields)))
    assert datetime.fromisoformat(found.pop("time")).timestamp() == 1_790_000_000.5
    assert found == {
        "level": "info", "namespace": "argoproxy.net", "message": "200",
        "status": 200, "ms": 1.5, "ok": True, "model": None, "path": "/é",
    }  # fmt: skip


@pytest.mark.parametrize("value", [object(), b"bytes", [1], {"a": 1}, float("nan"), float("inf"), ("x",)])
def test_json_line_leaves_out_what_is_no_plain_value(value: object) -> None:
    assert "field" not in json.loads(json_line(_event(field=value)), parse_constant=pytest.fail)


def test_json_line_is_one_line_with_a_traceback_in_it() -> None:
    line = json_line(_event(log_failure=_failure()))
    assert line.count("\n") == 1
    assert "second" in json.loads(line)["traceback"]


def test_an_event_without_anything_still_gives_a_line() -> None:
    assert text_line({}).endswith(" - [-] \n")
    assert json.loads(json_line({}))["level"] == "-"


@pytest.mark.parametrize(
    ("settings", "levels"),
    [
        ({}, ["info", "warn", "critical"]),
        ({"verbose": True}, ["debug", "info", "warn", "critical"]),
        ({"quiet": True}, ["warn", "critical"]),
    ],
)
def test_verbose_and_quiet_choose_the_levels(
    capsys: pytest.CaptureFixture[str], settings: Mapping[str, bool], levels: list[str]
) -> None:
    log = destination(_config(log_format="json", **settings), {"nodaemon": True})
    for name in ("debug", "info", "warn", "critical"):
        _published(log, lambda logger, name=name: logger.emit(LogLevel.lookupByName(name), "x"))
    assert [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()] == levels


@pytest.mark.parametrize("options", [{"nodaemon": True}, {"nodaemon": True, "logfile": "-"}])
def test_in_the_foreground_the_log_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str], options: Mapping[str, Any]
) -> None:
    log = destination(_config(), options)
    _published(log, lambda logger: logger.info("hello"))
    assert capsys.readouterr().out.endswith("info [argoproxy.test] hello\n")
    assert log.file is None


@pytest.mark.parametrize(("options", "name"), [({}, "twistd.log"), ({"logfile": "a.log"}, "a.log")])
def test_a_daemon_logs_to_a_file(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Mapping[str, Any], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _published(opened(_config(), options), lambda logger: logger.info("größer"))
    assert (tmp_path / name).read_text(encoding="utf-8").endswith("größer\n")


def test_the_log_file_is_rotated_and_few_are_kept(opened: Any, tmp_path: Path) -> None:
    log = opened(_config(log_max_mb=0.001, log_keep=2), {"logfile": str(tmp_path / "a.log")})
    for number in range(60):
        _published(log, lambda logger, number=number: logger.info("{number} {text}", number=number, text="x" * 100))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["a.log", "a.log.1", "a.log.2"]
    assert all(file.stat().st_size < 1200 for file in files)
    assert " 59 " in files[0].read_text()


def test_what_the_terminals_coding_lacks_costs_no_line(monkeypatch: pytest.MonkeyPatch, turn: Clock) -> None:
    """Nor any of the others that are written with it."""
    stdout = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    log = destination(_config(), {"nodaemon": True})
    assert log.observer is not None
    _requests(log.observer, "req_1", "req_2 key=Łukasz", "req_3")
    turn.advance(0)
    lines = stdout.buffer.getvalue().decode("ascii").splitlines()
    assert [line.split("] ")[1] for line in lines] == ["req_1", "req_2 key=\\u0141ukasz", "req_3"]


def test_a_new_log_file_can_be_begun(opened: Any, tmp_path: Path) -> None:
    log = opened(_config(), {"logfile": str(tmp_path / "a.log")})
    assert log.file is not None
    _published(log, lambda logger: logger.info("before"))
    log.file.rotate()
    _published(log, lambda logger: logger.info("after"))
    assert "after" in (tmp_path / "a.log").read_text()
    assert "before" in (tmp_path / "a.log.1").read_text()


def test_syslog_is_used_if_twistd_was_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from twisted.python import syslog

    opened: list[str] = []
    sent: list[str] = []
    monkeypatch.setattr(syslog.SyslogObserver, "openlog", lambda self, prefix, *rest: opened.append(prefix))
    monkeypatch.setattr(syslog.SyslogObserver, "syslog", lambda self, priority, line: sent.append(line))
    log = destination(_config(), {"syslog": True, "prefix": "argo", "logfile": None})
    _published(log, lambda logger: (logger.info("said {n}", n=1), logger.debug("not said")))
    assert opened == ["argo"]
    assert sent == ["[-] said 1"]


def test_twistds_own_logger_option_wins(tmp_path: Path) -> None:
    log = destination(_config(), {"logger": print, "logfile": str(tmp_path / "a.log")})
    assert log == Destination(None)
    assert not (tmp_path / "a.log").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"logfile": "/nowhere/a.log"}, "/nowhere/a.log: No such file or directory"),
        ({"logfile": "-"}, "a daemon can't log to its standard output: name a file with --logfile"),
    ],
)
def test_a_log_that_cant_be_written_is_a_fault(options: Mapping[str, Any], why: str) -> None:
    with pytest.raises(LogFault, match=f"^{why}$"):
        destination(_config(), options)


def test_events_of_the_old_kind_become_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    log = destination(_config(log_format="json"), {"nodaemon": True})
    legacy.LogPublisher(publishPublisher=log.observer).msg("old\nwords")
    found = json.loads(capsys.readouterr().out)
    assert (found["message"], found["level"], set(found)) == (
        "old\nwords", "info", {"time", "level", "namespace", "message"}
    )  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_events_for_another_process_are_lines_with_an_end_of_their_own(form: str) -> None:
    stream = StringIO()
    observer = piped(_config(log_format=form, quiet=True), None, stream)
    logger = Logger("argoproxy.test", observer=observer)
    logger.info("not told")
    logger.emit(LogLevel.warn, "one {word}", word="a\0b")
    logger.failure("two", _failure())
    first, second, rest = stream.getvalue().split("\0")
    assert (first.count("\n"), second.endswith("\n"), rest) == (1, True, "")
    assert "ValueError" in second


@pytest.mark.parametrize("quiet", [False, True])
def test_a_want_of_descriptors_is_told_now_and_then(quiet: bool) -> None:
    stream = StringIO()
    observer = piped(Config(quiet=quiet), None, stream)
    texts = ("EMFILE encountered; releasing reserved file descriptor.", "EMFILE recovery: Closed socket from {address}")
    for second in (100.0, 100.1, 109.9, 110.0, 115.0, 130.0):
        for text in texts:
            event = {"log_namespace": "twisted.internet.tcp.Port", "log_format": text, "address": "x"}
            observer({**event, "log_level": LogLevel.info, "log_time": second})
    lines = stream.getvalue().split("\0")[:-1]
    assert len(lines) == 3
    assert all(" warn [twisted.internet.tcp.Port] no descriptor is left" in line for line in lines)


def test_a_connection_that_keeps_failing_is_not_told_each_time() -> None:
    stream = StringIO()
    observer = piped(_config(verbose=True), None, stream)
    with capturedLogs() as events:
        service = ClientService(_Nowhere(), Factory(), clock=Clock())
        service.startService()
        service.stopService()
    for event in events:
        observer(event)
    assert any("retry" in formatEvent(event) for event in events)
    assert stream.getvalue() == ""


def test_events_for_the_systems_log_need_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from twisted.python import syslog

    sent: list[str] = []
    monkeypatch.setattr(syslog.SyslogObserver, "openlog", lambda self, prefix, *rest: sent.append(prefix))
    monkeypatch.setattr(syslog.SyslogObserver, "syslog", lambda self, priority, line: sent.append(line))
    stream = StringIO()
    prefix = syslog_prefix({"syslog": True, "prefix": None})
    Logger("argoproxy.test", observer=piped(_config(), prefix, stream)).info("said")
    assert (sent, stream.getvalue()) == (["twisted", "[-] said"], "")
    assert syslog_prefix({}) is None


class Writes(list[str]):
    """A stream that keeps what is written, piece by piece."""

    def write(self, text: str) -> None:
        self.append(text)

    def flush(self) -> None:
        """It is there."""


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In place of the reactor."""
    clock = Clock()
    monkeypatch.setattr(twisted.internet, "reactor", clock)
    return clock


def _requests(observer: ILogObserver, *ids: str) -> None:
    for one in ids:
        observer(_event(log_format="{log_text}", log_text=one, log_namespace="argoproxy.request"))


def test_the_requests_of_one_turn_are_written_together(turn: Clock) -> None:
    writes = Writes()
    observer = piped(_config(), None, writes)
    _requests(observer, "req_1", "req_2")
    assert writes == []
    turn.advance(0)
    [written] = writes
    assert [line.split("] ")[1] for line in written.split(EVENT_END.decode())[:-1]] == ["req_1\n", "req_2\n"]
    _requests(observer, "req_3")
    turn.advance(0)
    assert len(writes) == 2


def test_another_event_is_written_at_once_behind_what_waits(turn: Clock) -> None:
    writes = Writes()
    observer = piped(_config(), None, writes)
    _requests(observer, "req_1")
    observer(_event(log_format="over"))
    [written] = writes
    assert [line.split("] ")[1] for line in written.split(EVENT_END.decode())[:-1]] == ["req_1\n", "over\n"]
    turn.advance(0)
    assert len(writes) == 1
