"""
The head of a request, read by llhttp at once and strictly: what could be understood in two ways is none.

What of it decides how a request is received is noted as it is found. What the site allows is not known.
"""

from __future__ import annotations

import re

import httptools

_VERSIONS = {"1.1": b"HTTP/1.1", "1.0": b"HTTP/1.0"}
# Headers that say where a body ends; llhttp sees to it that there is one at most.
_FRAMING = {b"content-length": b"Content-Length", b"transfer-encoding": b"Transfer-Encoding"}
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNUSUAL = frozenset({b"origin", b"expect"})
# A first line as far as the end of its path.
_BEGINNING = re.compile(rb"([!-~]+) ([!-~]+?)[? ]")


class Head:
    """
    Takes what llhttp finds in a head.

    @ivar valid: whether it is a head that we understand.
    @ivar target: what the first line asks for.
    @ivar fields: the headers, in their order.
    @ivar framing: those of them that say where the body ends.
    @ivar unusual: C{origin} and C{expect}, by these names, if they are there.
    @ivar wishes: what is wanted of the connection.
    """

    __slots__ = ("fields", "framing", "hosts", "method", "target", "unusual", "valid", "version", "wishes")

    def __init__(self) -> None:
        self.valid = False
        self.method = self.target = self.version = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.framing: list[tuple[bytes, bytes]] = []
        self.hosts: list[bytes] = []
        self.unusual: dict[bytes, bytes] = {}
        self.wishes: list[bytes] = []

    @classmethod
    def read(cls, data: bytes) -> Head:
        """
        Read a head.

        @param data: from its first line to the empty one at its end.
        """
        head = cls()
        parser = httptools.HttpRequestParser(head)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            """We go on in HTTP/1.1, as if it had not been offered."""
        except httptools.HttpParserError:
            head.valid = False
        head.method, head.version = parser.get_method(), _VERSIONS.get(parser.get_http_version(), b"")
        head.valid = head.valid and bool(head.version)
        return head

    def on_url(self, part: bytes) -> None:
        """Called with the target of the request."""
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called with each header."""
        value = value.rstrip(b" \t")
        self.fields.append((name, value))
        lower = name.lower()
        if lower == b"host":
            self.hosts.append(value)
        elif lower in _FRAMING:
            self.framing.append((_FRAMING[lower], value))
        elif lower == b"connection":
            self.wishes.append(value)
        elif lower in _UNUSUAL:
            self.unusual[lower] = value

    def on_headers_complete(self) -> None:
        """Called at the end."""
        self.valid = True

    @property
    def closes(self) -> bool:
        """Whether the connection is to end behind the reply."""
        return b"close" in [wish.strip().lower() for wishes in self.wishes for wish in wishes.split(b",")]

    @property
    def names_one_host(self) -> bool:
        """Whether it has one C{Host}, as it must; before HTTP/1.1 it could do without."""
        return len(self.hosts) == 1 or (not self.hosts and self.version == b"HTTP/1.0")

    @property
    def host(self) -> bytes | None:
        """The host that it names: the target's, where clients of proxies put one; L{None} if it names none."""
        if not _is_absolute(self.target):
            return self.hosts[0] if self.hosts else None
        return _split(self.target)[0]

    @property
    def path(self) -> bytes:
        """The target without scheme and host, and with its query."""
        return _path_of(self.target)


def is_possible(data: bytes) -> bool:
    """Whether these bytes may become a head: not if they are TLS's, or lines don't end as they must."""
    return _METHOD.match(data) is not None and b"\n\n" not in data


def lacks_method(data: bytes) -> bool:
    """Whether these bytes would be a head that we understand, if only anybody knew its method."""
    method, _, rest = data.partition(b" ")
    return _METHOD.fullmatch(method) is not None and Head.read(b"GET " + rest).valid


def beginning(data: bytes) -> tuple[bytes, bytes]:
    """What a head asks for that isn't read, as far as it tells: the method, and the path without its query."""
    found = _BEGINNING.match(data)
    return (found[1], _path_of(found[2])) if found else (b"", b"")


def _is_absolute(target: bytes) -> bool:
    return target[:1] != b"/" and target.find(b"://") >= 0


def _path_of(target: bytes) -> bytes:
    return _split(target)[1] if _is_absolute(target) else target


def _split(target: bytes) -> tuple[bytes, bytes]:
    """The host and the rest of a target with a scheme; the path may be missing."""
    host, rest = re.split(rb"(?=[/?#]|$)", target.partition(b"://")[2], maxsplit=1)
    return host, rest if rest[:1] == b"/" else b"/" + rest
