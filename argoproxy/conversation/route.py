"""What frames an exchange: where the request came in, the call that goes out, the head of what comes back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .parts import Tool


class RouteCall(msgspec.Struct, frozen=True):
    """
    What a request says outside its body.

    @ivar path: the variables in the route's path.
    @ivar query: the query's fields, the last of each name.
    @ivar headers: the request's headers that a dialect asks for (L{argoproxy.interfaces.IDialect.headers}), by their
        lower-case names.
    """

    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """
    A call to ARGO.

    @ivar reply: what the wire answers to it, in the wire's own words: its upstream's decoder goes by it.
    @ivar accept: the media types that the reply may have.
    @ivar dropped: the client's parameters that this wire can't honour.
    @ivar adjusted: what was changed so that ARGO takes it.
    @ivar tools: those that the model may call in its reply, as the client described them.
    @ivar token: a word that no other call has, from which ids are made where the reply has none.
    @ivar prompt: about how many tokens it asks with, for clients that must be told before anybody has counted; 0 where
        they needn't.
    @ivar one_call: whether only the first of the reply's calls counts, since the client takes no more at once.
    """

    url: str
    body: bytes
    reply: str
    method: str = "POST"
    accept: str = "application/json"
    headers: Mapping[str, str] = {}
    dropped: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    token: str = ""
    prompt: int = 0
    one_call: bool = False

    def without_body(self) -> Call:
        """The same, once it has been sent: bodies are large, and replies take long."""
        return msgspec.structs.replace(self, body=b"")


class Head(msgspec.Struct, frozen=True):
    """The head of ARGO's reply: what of it the proxy looks at, as it came."""

    status: int
    content_type: str = ""
    retry_after: str | None = None
    request_id: str | None = None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()


class Stamp(msgspec.Struct, frozen=True):
    """
    What is the same all through a reply.

    @ivar token: a random word from which the dialect makes its ids.
    @ivar created: seconds since the epoch.
    @ivar model: the model's name for the client.
    """

    token: str
    created: int
    model: str
