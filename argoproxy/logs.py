"""
How a log event becomes a line, as text or as JSON, and where the lines go.

One event is one line: what could end a line, or move a terminal's cursor, is escaped, so that nobody's words can pass
for an entry of their own. Only the traceback of a failure that we logged ourselves follows in indented lines. What is
logged, and by whom, stays out.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from io import TextIOWrapper
from threading import RLock
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
from twisted.logger import (
    ILogObserver,
    LegacyLogObserverWrapper,
    LogEvent,
    LogLevel,
    formatEvent,
)
from twisted.python.logfile import LogFile
from zope.interface import implementer

if TYPE_CHECKING:
    from .config import Config

# What ends an event on its way to the process that writes the log. No line has it in it.
EVENT_END = b"\0"
# What Twisted adds to an event for observers of the old kind.
_LEGACY = frozenset({"format", "isError", "message", "system", "time", "why"})

# Who tells of requests, a line each, from the reactor's thread alone.
_REQUESTS = "argoproxy.request"
_PORTS = "twisted.internet.tcp.Port"
# What keeps the connection to the store of limits has a line for each attempt; that the store is away is told by us.
_RECONNECTS = "twisted.application._client_service.ClientService"
_NO_DESCRIPTOR = "no descriptor is left (ulimit -n): connections are closed as they come"
# Seconds between two lines that say so.
_PAUSE = 10.0


class LogFault(Exception):
    """The log can't be written. The text is one line that says where and why."""


class Destination(msgspec.Struct, frozen=True):
    """
    Where a process logs to.

    @ivar observer: What takes the events; L{None} if C{twistd} has been given one.
    @ivar file: The file it goes to, if it does; a new one can be begun at any time.
    @ivar stream: What takes lines that are in form already, if there is such a thing.
    """

    observer: ILogObserver | None
    file: LogFile | None = None
    stream: Any = None


def destination(config: Config, options: Mapping[str, Any]) -> Destination:
    """
    Where C{twistd} was told to log to, in the form that the configuration asks for.

    @param options: C{twistd}'s own. It opens no file itself if it is given an observer.
    @raise LogFault: The file can't be written.
    """
    if options.get("logger"):
        return Destination(None)
    if (prefix := syslog_prefix(options)) is not None:
        return Destination(_filtered(_syslog(prefix), config))
    line = _line(config)
    foreground = options.get("nodaemon")
    path = options.get("logfile") or ("-" if foreground else "twistd.log")
    if path != "-":
        file = _file(path, config)
        return Destination(_filtered(_Lines(file, line), config), file, file)
    if not foreground:
        raise LogFault("a daemon can't log to its standard output: name a file with --logfile")
    if isinstance(sys.stdout, TextIOWrapper):
        # Lines are written together, and none must keep the others from being written.
        sys.stdout.reconfigure(errors="backslashreplace")
    return Destination(_filtered(_Lines(sys.stdout, line), config), stream=sys.stdout)


def syslog_prefix(options: Mapping[str, Any]) -> str | None:
    """What C{twistd} was told to call us in the system's log; L{None} if the log isn't to go there."""
    return (options.get("prefix") or "twisted") if options.get("syslog") else None


def piped(config: Config, prefix: str | None, stream: Any) -> ILogObserver:
    """
    What takes the events of a process that leaves the writing to another.

    @param prefix: The name in the system's log, if they go there: every process may write into that.
    @param stream: Otherwise takes them, in form, each with L{EVENT_END} behind it.
    """
    if prefix is not None:
        return _filtered(_syslog(prefix), config)
    line = _line(config)
    return _filtered(_Lines(stream, lambda event: line(event) + EVENT_END.decode()), config)


def text_line(event: LogEvent) -> str:
    """C{time level [namespace] message}, and a traceback in lines that begin with a tab."""
    head = _escaped(f"{_time(event)} {_level(event)} [{event.get('log_namespace', '-')}] {_message(event)}")
    if "log_failure" not in event:
        return head + "\n"
    return "\n\t".join([head, *map(_escaped, _traceback(event).splitlines())]) + "\n"


def json_line(event: LogEvent) -> str:
    """
    An object with C{time}, C{level}, C{namespace}, C{message}, the event's own fields, and C{traceback} if it has one.

    Fields that are no plain text, number or truth value stay in the message only.
    """
    fields = {name: value for name, value in event.items() if _is_plain(name, value)}
    fields["time"] = _time(event)
    fields["level"] = _level(event)
    fields["namespace"] = event.get("log_namespace", "-")
    fields["message"] = _message(event)
    if traceback := _traceback(event):
        fields["traceback"] = traceback
    return json.dumps(fields) + "\n"


def _line(config: Config) -> Callable[[LogEvent], str]:
    return json_line if config.log_format == "json" else text_line


def _syslog(prefix: str) -> ILogObserver:
    from twisted.python.syslog import SyslogObserver

    emit: Any = SyslogObserver(prefix).emit
    return LegacyLogObserverWrapper(emit)


def _file(path: str, config: Config) -> Any:
    try:
        return LogFile.fromFullPath(path, int(config.log_max_mb * 1_000_000), maxRotatedFiles=config.log_keep)
    except OSError as error:
        raise LogFault(f"{path}: {error.strerror}") from None


@implementer(ILogObserver)
@attrs.define(eq=False, repr=False)
class _Lines:
    """
    Writes events as lines. Those of the requests that end in one turn of the reactor are written together behind it,
    which takes half of the time. Any other event is written at once, and they before it. Any thread may log.
    """

    _stream: Any
    _line: Callable[[LogEvent], str]
    _waiting: list[LogEvent] = attrs.field(factory=list)
    # What is logged while a line is written, by the same thread, comes behind it.
    _lock: Any = attrs.field(factory=RLock)

    def __call__(self, event: LogEvent) -> None:
        with self._lock:
            self._waiting.append(event)
            first = len(self._waiting) == 1
        if event.get("log_namespace") != _REQUESTS:
            self._write()
        elif first:
            from twisted.internet import reactor

            later: Any = reactor
            later.callLater(0, self._write)

    def _write(self) -> None:
        with self._lock:
            events, self._waiting = self._waiting, []
            if events:
                self._stream.write("".join([self._line(event) for event in events]))
                self._stream.flush()


def _filtered(observer: ILogObserver, config: Config) -> ILogObserver:
    level = LogLevel.warn if config.quiet else LogLevel.debug if config.verbose else LogLevel.info
    return _Sparing(_Severe(observer, frozenset(one for one in LogLevel.iterconstants() if one >= level)))


@implementer(ILogObserver)
@attrs.define(eq=False, repr=False)
class _Severe:
    """Passes events of some levels on. (Twisted's own filter looks at the parts of each event's namespace.)"""

    _observer: ILogObserver
    _levels: frozenset[object]

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_level") in self._levels:
            self._observer(event)


@implementer(ILogObserver)
@attrs.define(eq=False, repr=False)
class _Sparing:
    """
    Makes one line in a while of the three that Twisted has for each connection that it finds no descriptor for, and
    none of what it has for each attempt to connect again.
    """

    _observer: ILogObserver
    _told: float = -math.inf

    def __call__(self, event: LogEvent) -> None:
        namespace = event.get("log_namespace")
        if namespace == _RECONNECTS:
            return
        if namespace != _PORTS or "EMFILE" not in (event.get("log_format") or ""):
            self._observer(event)
        elif event["log_time"] - self._told >= _PAUSE:
            self._told = event["log_time"]
            self._observer({**event, "log_level": LogLevel.warn, "log_format": _NO_DESCRIPTOR})


def _is_plain(name: str, value: object) -> bool:
    if name.startswith("log_") or name in _LEGACY:
        return False
    return value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def _message(event: LogEvent) -> str:
    """The event in words: ready-made, where whoever logged it has made them (C{log_text})."""
    text: str | None = event.get("log_text")
    return formatEvent(event) if text is None else text


def _time(event: LogEvent) -> str:
    seconds, fraction = divmod(event.get("log_time", 0.0), 1)
    before, behind = _second(int(seconds))
    return f"{before}.{int(fraction * 1000):03}{behind}"


@lru_cache(2)
def _second(seconds: int) -> tuple[str, str]:
    """A moment's local time, and its offset from UTC, which stand on both sides of its milliseconds."""
    text = datetime.fromtimestamp(seconds).astimezone().isoformat()
    return text[:19], text[19:]


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "-"


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return failure.getTraceback() if failure is not None else ""


def _escaped(text: str) -> str:
    """The text with everything that isn't printable written as Python would."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
