"""
The tests' own endpoint, C{/sim/…}: faults, received requests, state, and the model list of choice.

  - C{GET /sim/requests}, C{DELETE /sim/requests}: the recent requests, oldest first.
  - C{GET /sim/faults}: the names that there are, with what they do, and the faults in wait.
  - C{POST /sim/faults} with C{{"fault": "reset-mid", "times": 2, "path": "/v1/messages"}}: C{times} is 1 by default,
    null means until C{DELETE /sim/faults}.
  - C{GET /sim/state}: open requests and connections, and how many requests their client cut.
  - C{PUT /sim/models} with a list of rows, or null for the built-in list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from argoproxy.simulator.faults import FAULTS, UnknownFault
from argoproxy.simulator.wires.received import Received
from argoproxy.simulator.wires.reply import Reply, document

if TYPE_CHECKING:
    from argoproxy.simulator.simulator import Simulator


class FaultOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of C{POST /sim/faults}."""

    fault: str
    times: int | None = 1
    path: str | None = None


def answer(simulator: Simulator, method: str, what: str, body: bytes) -> Reply:
    """@return: The reply to a call of the admin endpoint; 400 with one line for a wrong body."""
    action = _ACTIONS.get((method, what))
    if action is None:
        known = any(what == name for _, name in _ACTIONS)
        return document(405 if known else 404, {"detail": "Method Not Allowed" if known else "Not Found"})
    try:
        return document(200, action(simulator, body))
    except (msgspec.DecodeError, UnknownFault) as error:
        return document(400, {"detail": str(error)})


def _requests(simulator: Simulator, body: bytes) -> Any:
    return {"requests": [_request(received) for received in simulator.requests]}


def _request(received: Received) -> dict[str, Any]:
    return {
        "method": received.method,
        "path": received.path,
        "headers": received.headers,
        "body": received.document(),
    }


def _forget_requests(simulator: Simulator, body: bytes) -> Any:
    simulator.requests.clear()
    return _requests(simulator, body)


def _faults(simulator: Simulator, body: bytes) -> Any:
    docs = {name: inspect.getdoc(behaviour) for name, behaviour in sorted(FAULTS.items())}
    armed = [{"fault": each.spelled, "times": each.times, "path": each.path} for each in simulator.armed]
    return {"faults": docs, "armed": armed}


def _arm(simulator: Simulator, body: bytes) -> Any:
    order = msgspec.json.decode(body, type=FaultOrder)
    simulator.fault(order.fault, order.times, order.path)
    return _faults(simulator, body)


def _disarm(simulator: Simulator, body: bytes) -> Any:
    simulator.clear_faults()
    return _faults(simulator, body)


def _state(simulator: Simulator, body: bytes) -> Any:
    return {
        "open_requests": simulator.open_requests,
        "open_connections": simulator.open_connections,
        "cut_requests": simulator.cut_requests,
    }


def _set_models(simulator: Simulator, body: bytes) -> Any:
    simulator.set_models(msgspec.json.decode(body, type=list[Any] | None))
    return {"data": simulator.roster.rows}


_ACTIONS: dict[tuple[str, str], Callable[[Simulator, bytes], Any]] = {
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _arm,
    ("DELETE", "faults"): _disarm,
    ("GET", "state"): _state,
    ("PUT", "models"): _set_models,
}
