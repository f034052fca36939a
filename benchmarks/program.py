"""What a compared program is: how it is had, how it is started, how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import attrs

OPENAI = MappingProxyType(
    {
        "chat": "/v1/chat/completions",
        "stream": "/v1/chat/completions",
        "embed": "/v1/embeddings",
        "models": "/v1/models",
    }
)
ANTHROPIC = MappingProxyType({"chat": "/v1/messages", "stream": "/v1/messages"})
WIRE = MappingProxyType(
    {
        "chat": "/api/v1/resource/chat/",
        "stream": "/api/v1/resource/streamchat/",
        "embed": "/api/v1/resource/embed/",
    }
)


class ProgramFault(Exception):
    """A program can't be had or doesn't run. The text is one line that says why."""


@attrs.frozen
class Place:
    """
    Where an instance runs.

    @ivar port: to listen on, on loopback.
    @ivar upstream: base URL of what plays ARGO, without a slash at its end.
    @ivar folder: for its files; its working directory.
    """

    port: int
    upstream: str
    folder: Path

    def write(self, text: str) -> str:
        """Keep a configuration; returns the file's path."""
        path = self.folder / "program.conf"
        path.write_text(text)
        return str(path)


@attrs.frozen
class Program:
    """
    One of the compared.

    @ivar command: from a place to what is run there; L{None} for the upstream itself, asked without a proxy.
    @ivar install: what must be done before it can be started; gives its version.
    @ivar paths: of those of the calls C{chat}, C{stream}, C{embed} and C{models} that it is asked.
    @ivar health: what answers with 200 as soon as it serves.
    @ivar simulated: whether it stands in front of our simulator rather than of the fast upstream.
    @ivar workers: the processes that share its load.
    """

    name: str
    command: Callable[[Place], list[str]] | None
    install: Callable[[], str] = lambda: ""
    paths: Mapping[str, str] = OPENAI
    health: str = "/health"
    simulated: bool = False
    workers: int = 1
