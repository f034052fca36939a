"""The headers of both directions, as light as can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from twisted.web.http_headers import Headers


class CallHeaders(Headers):
    """
    What a call says beside its body: made once, never changed.

    Layers above an agent copy headers to add their own wishes. Here a copy is the same, and the wishes are left out:
    ARGO's text streams stay readable, so no coding is asked for.

    @ivar block: all of them as they are sent, but for those of the connection.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        """
        @param fields: names in lower case.
        """
        self._fields = fields
        self.block = "".join(
            [f"{name}: {_on_one_line(value)}\r\n" for name, value in fields.items()]
        ).encode()

    def copy(self) -> CallHeaders:
        return self

    def hasHeader(self, name: str | bytes) -> bool:
        return (name if isinstance(name, str) else name.decode("latin-1")).lower() in self._fields

    def addRawHeader(self, name: str | bytes, value: str | bytes) -> None:
        """Leave it out."""

    def setRawHeaders(self, name: str | bytes, values: Sequence[str | bytes]) -> None:
        """Leave it out."""

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        return ((name.encode(), [_on_one_line(value).encode()]) for name, value in self._fields.items())


def _on_one_line(value: str) -> str:
    return value if value.isprintable() else " ".join(value.split())
