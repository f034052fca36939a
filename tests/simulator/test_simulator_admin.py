"""The tests' own endpoint: faults, requests, state, models."""

from __future__ import annotations

import pytest

from tests.simulator.asking import CHAT, COMPLETIONS, MODELS, NATIVE_MODELS, Argo


def test_faults_are_listed_armed_and_cleared() -> None:
    """Each with what it does; those in wait with how often and where."""
    argo = Argo()
    assert "reset" in argo.ask("GET", "/sim/faults").json["faults"]
    armed = argo.ask("POST", "/sim/faults", {"fault": "status=418", "times": 2, "path": CHAT}).json["armed"]
    assert armed == [{"fault": "status=418", "times": 2, "path": CHAT}]
    assert [argo.complete().status, argo.chat().status] == [200, 418]
    assert argo.ask("GET", "/sim/faults").json["armed"] == [{"fault": "status=418", "times": 1, "path": CHAT}]
    assert argo.ask("DELETE", "/sim/faults").json["armed"] == []
    assert argo.chat().status == 200


def test_a_fault_is_met_once_if_nothing_is_said() -> None:
    """C{times} is one by default, and null for ever."""
    argo = Argo()
    argo.ask("POST", "/sim/faults", {"fault": "503"})
    assert [argo.chat().status, argo.chat().status] == [503, 200]
    argo.ask("POST", "/sim/faults", {"fault": "503", "times": None})
    assert [argo.chat().status, argo.chat().status] == [503, 503]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/sim/faults", b"{", 400),
        ("POST", "/sim/faults", b'{"fault": "nope"}', 400),
        ("POST", "/sim/faults", b'{"fault": "503", "time": 1}', 400),
        ("PUT", "/sim/models", b'{"data": []}', 400),
        ("PUT", "/sim/faults", b"", 405),
        ("GET", "/sim/nothing", b"", 404),
        ("PATCH", "/sim/faults", b"", 405),
    ],
)
def test_wrong_orders_are_told(method: str, path: str, body: bytes, status: int) -> None:
    """One line of JSON says what is wrong."""
    reply = Argo().ask(method, path, body)
    assert reply.status == status
    assert reply.json["detail"]


def test_requests_are_remembered_as_they_came() -> None:
    """Method, path, headers and body; a hundred of them, the admin's own not."""
    argo = Argo()
    argo.complete(text="hello")
    argo.ask("GET", "/sim/state")
    [received] = argo.ask("GET", "/sim/requests").json["requests"]
    assert (received["method"], received["path"]) == ("POST", COMPLETIONS)
    assert received["headers"]["authorization"] == "Bearer someone"
    assert received["body"] == {"model": "gpt4o", "messages": [{"role": "user", "content": "hello"}]}
    for _ in range(101):
        argo.ask("POST", CHAT, b"no json")
    assert len(argo.simulator.requests) == 100
    assert argo.ask("GET", "/sim/requests").json["requests"][0]["body"] is None
    assert argo.ask("DELETE", "/sim/requests").json == {"requests": []}
    assert len(argo.simulator.requests) == 0


def test_state_counts_open_requests() -> None:
    """A hanging request is open until it ends."""
    argo = Argo()
    argo.chat(text="[sim:wait=5]")
    state = argo.ask("GET", "/sim/state").json
    assert state == {"open_requests": 1, "open_connections": 0, "cut_requests": 0}
    argo.advance(5)
    assert argo.ask("GET", "/sim/state").json["open_requests"] == 0


@pytest.mark.parametrize("path", [MODELS, NATIVE_MODELS])
def test_models_are_replaced_and_restored(path: str) -> None:
    """Rows of choice, whatever they are; the models that they name are served beside the built-in ones."""
    argo = Argo()
    built_in = argo.ask("GET", path).json["data"]
    rows = [
        {"id": "gpt99", "model_name": "GPT-99"},
        {"id": "Gemini 9", "internal_id": "gemini9"},
        {"junk": 1},
        None,
        {"id": 3},
    ]
    assert argo.ask("PUT", "/sim/models", rows).json == {"data": rows}
    assert argo.ask("GET", path).json["data"] == rows
    assert "This is GPT-99" in argo.chat("gpt99").json["response"]
    assert "This is Gemini 9" in argo.chat("gemini9").json["response"]
    assert argo.chat("gpt4o").status == 200
    argo.ask("PUT", "/sim/models", b"null")
    assert argo.ask("GET", path).json["data"] == built_in
    assert argo.chat("gpt99").status == 400
