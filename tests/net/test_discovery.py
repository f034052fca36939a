"""Which wires are used, as ARGO shows what it has."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs, formatEvent

from tests.web import Web

NATIVE_LIST = "/v1/models"


def _web(upstream: str = "auto") -> Web:
    return Web(upstream=upstream, update_check=False)


def test_the_native_wires_are_used_once_argo_has_answered() -> None:
    web = _web()
    assert web.get("/version").json()["upstream"]["anthropic"] == "gateway"
    with capturedLogs() as events:
        web.proxy.start()
        web.settle()
    assert web.get("/version").json()["upstream"]["anthropic"] == "anthropic_native"
    assert any("native" in formatEvent(event) for event in events)
    web.chat()
    assert web.simulator.requests[-1].path == "/v1/chat/completions"
    web.chat(model="claude-sonnet-4.5")
    assert web.simulator.requests[-1].path == "/v1/messages"
    web.stop()
    web.settle()


@pytest.mark.parametrize("fault", ["status=404", "html-502", "error-200", "garbage", "reset", "empty", "hang"])
def test_until_then_the_gateway_serves(fault: str) -> None:
    web = _web()
    web.simulator.fault(fault, times=None, path=NATIVE_LIST)
    web.proxy.start()
    web.settle()
    assert web.chat().status == 200
    assert web.simulator.requests[-1].path.startswith("/api/v1/resource/chat")
    web.settle(5.1)
    assert web.simulator.open_requests == 0
    assert web.chat().status == 200
    web.simulator.clear_faults()
    web.post("/refresh", b"")
    web.chat()
    assert web.simulator.requests[-1].path == "/v1/chat/completions"
    web.stop()
    web.settle()


def test_no_request_waits_for_it() -> None:
    web = _web()
    web.simulator.fault("hang", times=None, path=NATIVE_LIST)
    web.proxy.start()
    web.settle()
    assert web.chat().status == 200
    web.stop()
    web.settle()
    assert web.simulator.open_requests == 0


@pytest.mark.parametrize(("upstream", "wire"), [("gateway", "gateway"), ("native", "openai_native")])
def test_it_is_not_asked_where_the_operator_has_decided(upstream: str, wire: str) -> None:
    web = _web(upstream)
    web.proxy.start()
    web.settle()
    assert all(request.path != NATIVE_LIST for request in web.simulator.requests)
    assert web.get("/version").json()["upstream"]["openai"] == wire
    web.stop()
    web.settle()
