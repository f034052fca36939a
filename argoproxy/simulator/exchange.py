"""One request, and all that may become of it: the honest reply, another text, an error. Faults choose among them."""

from __future__ import annotations

import attrs

from argoproxy.simulator.strict.refusal import Refusal
from argoproxy.simulator.wires.received import Endpoint, Received
from argoproxy.simulator.wires.reply import Reply


@attrs.frozen
class Exchange:
    """
    A request at its endpoint.

    @ivar wire: C{"gateway"}, C{"openai"} or C{"anthropic"}.
    @ivar argument: What the fault was given behind C{=}, or an empty string.
    """

    wire: str
    endpoint: Endpoint
    received: Received
    argument: str = ""

    def honest(self) -> Reply:
        """@return: What an ARGO in good health replies; refusals included."""
        try:
            return self.endpoint.honest(self.received)
        except Refusal as refusal:
            return self.endpoint.refuse(refusal, self.received)

    def say(self, text: str) -> Reply:
        """@return: The reply in which the model says that text; refusals included."""
        try:
            return self.endpoint.say(self.received, text)
        except Refusal as refusal:
            return self.endpoint.refuse(refusal, self.received)

    def error(
        self, status: int, message: str, kind: str | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> Reply:
        """@return: An error in the shape of the wire."""
        return self.endpoint.refuse(Refusal(status, message, kind, headers), self.received)
