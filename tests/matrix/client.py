"""A client that speaks one dialect to a proxy that uses one wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from argoproxy.simulator.model.models import Model
from tests.matrix.adapters.adapter import Adapter
from tests.matrix.asks import Ask, Said, User
from tests.matrix.columns import Column
from tests.web import Got, Web


@attrs.define
class Client:
    """
    One cell of the matrix: a dialect's client, and a column.

    @ivar web: the column's proxy, and its ARGO.
    @ivar streamed: whether it asks for streams.
    """

    adapter: Adapter
    column: Column
    web: Web
    streamed: bool = False

    @property
    def model(self) -> Model:
        """Its model, as ARGO has it."""
        return self.column.served(self.web)

    def says(self, text: str, seen: str = "") -> str:
        """What the simulated model says to a text, and of what it was shown."""
        return f'This is {self.model.public_name}, simulated.{seen} You wrote: "{text}".'

    def ask(self, *turns: Any, **fields: Any) -> Said:
        """Ask for the next turn, and read whatever comes; texts are the user's."""
        told = tuple(User(turn) if isinstance(turn, str) else turn for turn in turns)
        ask = Ask(turns=told, streamed=self.streamed, **fields)
        got = self.post(self.adapter.path(ask, self.column.model), self.adapter.body(ask, self.column.model))
        said = self._read(ask, got)
        dropped, adjusted = _names(got, "x-argoproxy-dropped"), _names(got, "x-argoproxy-adjusted")
        return attrs.evolve(said, dropped=dropped, adjusted=adjusted)

    def good(self, *turns: Any, **fields: Any) -> Said:
        """Ask for what ARGO and the wire have: nothing goes wrong, and nothing is left out."""
        said = self.ask(*turns, **fields)
        assert (said.status, said.trouble) == (200, None)
        assert said.dropped == ()
        assert said.model == self.column.model
        assert self.askers() == {"someone"}
        return said

    def _read(self, ask: Ask, got: Got) -> Said:
        if got.status != 200:
            trouble = self.adapter.trouble(got.json())
            return Said(status=got.status, trouble=trouble, retry_after=got.header("retry-after"))
        return self.adapter.stream(got.body) if ask.streamed else self.adapter.whole(got.json())

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Got:
        """Send a request, and wait for its reply, whole or cut off."""
        got = self.web.begin("POST", path, body, headers)
        assert got.response is not None, got.failure
        assert got.ended or got.failure is not None, "the reply didn't end"
        return got

    def askers(self) -> set[str]:
        """In whose names ARGO was asked, in each of the places where it looks."""
        found = set()
        for request in self.web.simulator.requests:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            found |= {(request.document() or {}).get("user", ""), request.headers.get("x-api-key", ""), bearer} - {""}
        return found

    def heard(self) -> list[tuple[str, str]]:
        """Who said what to ARGO last, in order: C{system}, C{user}, C{assistant}, and all text of each."""
        body = self.web.asked()
        system = [("system", _text(body["system"]))] if body.get("system") else []
        return [*system, *((message["role"], _text(message["content"])) for message in body["messages"])]

    def blocks(self, kind: str) -> Iterator[Any]:
        """The content blocks of a type that ARGO was sent last."""
        for message in self.web.asked()["messages"]:
            if isinstance(message["content"], list):
                yield from (block for block in message["content"] if block["type"] == kind)


def _names(got: Got, header: str) -> tuple[str, ...]:
    listed = got.header(header)
    return tuple(listed.split(",")) if listed else ()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
