"""The simulator's routes: one line for each call of each wire, and the admin endpoint's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

from klein import Klein
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException

from argoproxy.simulator.exchange import Exchange
from argoproxy.simulator.rest import admin
from argoproxy.simulator.rest.stage import Player
from argoproxy.simulator.wires import anthropic, gateway, openai
from argoproxy.simulator.wires.received import Endpoint, Received
from argoproxy.simulator.wires.reply import Reply, document

if TYPE_CHECKING:
    from argoproxy.simulator.simulator import Simulator

_GATEWAY, _OPENAI, _ANTHROPIC = "gateway", "openai", "anthropic"


class App:
    """The Klein application of one simulator."""

    app = Klein()
    app.url_map.strict_slashes = False

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._connections: WeakSet[Any] = WeakSet()
        self._chat = gateway.Chat(simulator)
        self._streamchat = gateway.StreamChat(simulator)
        self._embed = gateway.Embed(simulator)
        self._models = gateway.Models(simulator)
        self._completions = openai.Chat(simulator)
        self._embeddings = openai.Embeddings(simulator)
        self._native_models = openai.Models(simulator)
        self._messages = anthropic.Messages(simulator)

    @app.route("/api/v1/resource/chat/", methods=["POST"])
    def gateway_chat(self, request: Request) -> Deferred[None]:
        """The gateway's whole replies."""
        return self._answer(request, _GATEWAY, self._chat)

    @app.route("/api/v1/resource/streamchat/", methods=["POST"])
    def gateway_streamchat(self, request: Request) -> Deferred[None]:
        """The gateway's raw streams."""
        return self._answer(request, _GATEWAY, self._streamchat)

    @app.route("/api/v1/resource/embed/", methods=["POST"])
    def gateway_embed(self, request: Request) -> Deferred[None]:
        """The gateway's embeddings."""
        return self._answer(request, _GATEWAY, self._embed)

    @app.route("/api/v1/models/", methods=["GET"])
    def gateway_models(self, request: Request) -> Deferred[None]:
        """The gateway's model list."""
        return self._answer(request, _GATEWAY, self._models)

    @app.route("/v1/chat/completions", methods=["POST"])
    def completions(self, request: Request) -> Deferred[None]:
        """OpenAI's chat completions, of all models."""
        return self._answer(request, _OPENAI, self._completions)

    @app.route("/v1/embeddings", methods=["POST"])
    def embeddings(self, request: Request) -> Deferred[None]:
        """OpenAI's embeddings."""
        return self._answer(request, _OPENAI, self._embeddings)

    @app.route("/v1/models", methods=["GET"])
    def native_models(self, request: Request) -> Deferred[None]:
        """OpenAI's model list."""
        return self._answer(request, _OPENAI, self._native_models)

    @app.route("/v1/messages", methods=["POST"])
    def messages(self, request: Request) -> Deferred[None]:
        """Anthropic's messages, of Claude."""
        return self._answer(request, _ANTHROPIC, self._messages)

    @app.route("/sim/<what>", methods=["GET", "POST", "PUT", "DELETE"])
    def admin(self, request: Request, what: str) -> bytes:
        """The tests' own endpoint."""
        reply = admin.answer(self._simulator, request.method.decode(), what, _body(request))
        request.setResponseCode(reply.status)
        request.setHeader("Content-Type", reply.content_type)
        return b"".join(reply.pieces)

    @app.handle_errors(HTTPException)
    def refused(self, request: IRequest, failure: Failure) -> Deferred[None]:
        """Other paths and methods, as recorded of a GET on a POST resource."""
        refusal: Any = failure.value
        return self._play(cast(Request, request), document(refusal.code, {"detail": refusal.name}))

    def _answer(self, request: Request, wire: str, endpoint: Endpoint) -> Deferred[None]:
        return self._play(request, self._simulator.reply(Exchange(wire, endpoint, self._received(request))))

    def _received(self, request: Request) -> Received:
        channel = request.channel
        reused = channel in self._connections
        self._connections.add(channel)
        pairs = request.requestHeaders.getAllRawHeaders()
        headers = {name.decode("latin-1").lower(): b", ".join(values).decode("latin-1") for name, values in pairs}
        path = request.path.decode("latin-1")
        return Received(request.method.decode("latin-1"), path, headers, _body(request), reused)

    def _play(self, request: Request, reply: Reply) -> Deferred[None]:
        simulator = self._simulator
        player = Player(request, reply, simulator.settings, simulator.clock)
        simulator.open_requests += 1
        return player.start().addBoth(self._played, player)

    def _played(self, result: Any, player: Player) -> Any:
        self._simulator.open_requests -= 1
        if isinstance(result, Failure) and result.check(CancelledError) and not player.closes:
            self._simulator.cut_requests += 1
        return result


def _body(request: Request) -> bytes:
    content: Any = request.content
    body: bytes = content.read()
    return body
