"""The description is valid, whole, and true: what it names is served, and what is served is as it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from klein.resource import KleinResource
from openapi_spec_validator import validate
from werkzeug.routing import Map

from argoproxy.description import document
from argoproxy.keys import token
from argoproxy.net.routes import _GOOGLES_METHODS
from tests.description.described import EVENTS, Operation, check, described, least, operation, operations
from tests.net.test_site import Line
from tests.web import Got, Web

WIRES = ("gateway", "native")
FAULTS = ("status=429", "status=500", "status=529", "status=418", "html-502", "reset", "auth-notice")
POSTS = [one for one in operations() if one.method == "POST"]
TAKING = [one for one in POSTS if one.template != "/refresh"]
ASKING = [one for one in TAKING if "default" in one.tree["responses"]]
CHATTING = [one for one in ASKING if "messages" in one.body["example"] or one.template.endswith("enerateContent")]
STREAMING = [one for one in ASKING if EVENTS in one.tree["responses"]["200"]["content"]]
OWN_SHAPE = [one for one in TAKING if "*/*" not in one.tree["responses"]["400"]["content"]]
MODELS = "/v1/models"


def _name(value: Any) -> str | None:
    return value.template if isinstance(value, Operation) else None


def _url_map(web: Web) -> Map:
    resource = web.proxy.resource
    assert isinstance(resource, KleinResource)
    return resource._app.url_map


def _post(web: Web, one: Operation, body: Any, query: str = "") -> Got:
    return web.post(one.path + query, body)


def _stream(web: Web, one: Operation) -> Got:
    if one.template.endswith("Content"):
        return _post(web, one, one.body["example"], "?alt=sse")
    return _post(web, one, {**one.body["example"], "stream": True})


def test_it_is_valid() -> None:
    validate(described())


def test_each_schema_is_one() -> None:
    for schema in described()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("one", TAKING, ids=_name)
def test_what_keys_and_limits_refuse_is_as_it_says(one: Operation) -> None:
    key = token.new()
    row = {"name": "it", "sha256": token.digest(key), "requests_per_minute": 1, "tokens_per_minute": 1000}
    web = Web(keys=[row])
    asked = [web.post(one.path, one.body["example"], {"x-api-key": name}) for name in ("nobody", key, key)]
    assert [got.status for got in asked] == [401, 200, 429]
    for got in asked:
        one.fits(got)


def test_it_is_made_once_and_served_from_memory() -> None:
    got = Web().get("/openapi.json")
    assert (got.status, got.header("content-type")) == (200, "application/json")
    assert got.body == document()
    assert document() is document()


def test_it_names_what_is_served_and_nothing_else() -> None:
    routes = _url_map(Web())
    adapter = routes.bind("proxy.example")
    served = {(rule.endpoint, method) for rule in routes.iter_rules() for method in rule.methods or ()}
    assert {(adapter.match(one.path, one.method)[0], one.method) for one in operations()} == served


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_it_names_all_of_googles_methods(version: str) -> None:
    named = {one.template.rpartition(":")[2] for one in POSTS if one.template.startswith(f"/{version}/models/")}
    assert named == set(_GOOGLES_METHODS)


def test_every_post_says_how_long_it_may_take() -> None:
    for one in POSTS:
        [timeout] = [parameter for parameter in one.tree["parameters"] if parameter["name"] == "timeout"]
        assert timeout["in"] == "query"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("one", POSTS, ids=_name)
def test_each_example_is_taken_and_answered_as_described(one: Operation, wire: str) -> None:
    check(one.body["example"], one.body["schema"])
    got = _post(Web(upstream=wire), one, one.body["example"])
    assert got.status == 200
    one.fits(got)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("one", [one for one in POSTS if one in OWN_SHAPE or one not in TAKING], ids=_name)
def test_the_least_that_the_schema_asks_for_is_taken(one: Operation, wire: str) -> None:
    web = Web(upstream=wire, default_chat_model="gpt-4o", default_embedding_model="v3small")
    got = _post(web, one, least(one.body["schema"]))
    assert got.status == 200
    one.fits(got)


@pytest.mark.parametrize("one", OWN_SHAPE, ids=_name)
def test_less_than_the_schema_asks_for_is_refused(one: Operation) -> None:
    for schema in one.body["schema"].get("anyOf", [one.body["schema"]]):
        required = least(schema)
        for name in required:
            body = {**one.body["example"], **required}
            for both in {name, *(one.body["example"].keys() - required.keys() - {"model"})}:
                body.pop(both, None)
            got = _post(Web(), one, body)
            assert got.status == 400
            one.fits(got)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("one", STREAMING, ids=_name)
def test_each_event_of_a_stream_is_as_described(one: Operation, wire: str) -> None:
    got = _stream(Web(upstream=wire), one)
    assert (got.status, got.header("content-type")) == (200, EVENTS)
    assert len(got.sse()) > 1
    one.fits(got)


@pytest.mark.parametrize("one", STREAMING, ids=_name)
def test_a_stream_that_breaks_off_ends_as_described(one: Operation) -> None:
    web = Web()
    web.simulator.fault("reset-mid", times=None)
    got = _stream(web, one)
    assert any("error" in event or event.get("type") == "response.failed" for event in got.sse())
    one.fits(got)


def test_a_streamed_list_that_breaks_off_ends_as_described() -> None:
    web, one = Web(), operation("POST", "/v1beta/models/{model}:streamGenerateContent")
    web.simulator.fault("reset-mid", times=None)
    got = _post(web, one, one.body["example"])
    assert "error" in got.json()[-1]
    one.fits(got)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_tools_and_their_answers_are_as_described(wire: str, stream: bool) -> None:
    one = operation("POST", "/v1/chat/completions")
    function = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    body = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "get_weather"}],
        "tools": [{"type": "function", "function": function}],
        "stream": stream,
    }
    check(body, one.body["schema"])
    got = _post(Web(upstream=wire), one, body)
    assert b"get_weather" in got.body
    one.fits(got)


@pytest.mark.parametrize("one", [one for one in operations() if one.method in ("GET", "HEAD")], ids=_name)
def test_what_needs_no_body_is_answered_as_described(one: Operation) -> None:
    web = Web()
    got = web.begin(one.method, one.path)
    assert got.ended
    one.fits(got) if one.method == "GET" else None
    assert str(got.status) in one.tree["responses"]


@pytest.mark.parametrize("path", [MODELS, f"{MODELS}/{{model}}"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("?client_version=1", {}),
        ("?key=k", {}),
        ("", {"x-goog-api-key": "k"}),
        ("", {"anthropic-version": "2023-06-01"}),
    ],
)
def test_each_apis_list_of_models_is_as_described(path: str, query: str, headers: dict[str, str]) -> None:
    one = operation("GET", path)
    got = Web().get(one.path + query, headers)
    assert got.status == 200
    one.fits(got)
    unknown = Web().get(f"{one.path}-no-such{query}", headers)
    assert unknown.status == 404
    operation("GET", f"{MODELS}/{{model}}").fits(unknown)


@pytest.mark.parametrize(
    ("path", "query"),
    [(MODELS, "?limit=x"), ("/v1beta/models", "?pageSize=x"), (MODELS, "?key=k&pageToken=-1")],
)
def test_a_page_that_there_is_not_is_refused_as_described(path: str, query: str) -> None:
    headers = {"anthropic-version": "2023-06-01"} if "limit" in query else {}
    got = Web().get(path + query, headers)
    assert got.status == 400
    operation("GET", path).fits(got)


@pytest.mark.parametrize("path", [f"{MODELS}/{{model}}", "/v1beta/models/{model}"])
def test_a_model_without_a_name_is_refused_as_described(path: str) -> None:
    got = Web().get(path.replace("{model}", "%20"))
    assert got.status == 400
    operation("GET", path).fits(got)


@pytest.mark.parametrize("one", TAKING, ids=_name)
@pytest.mark.parametrize(
    ("status", "body", "headers", "query"),
    [
        (400, b"{", {}, ""),
        (400, b"[]", {}, ""),
        (400, None, {}, "?timeout=0"),
        (401, None, {}, ""),
        (413, b"{" + b" " * 2000, {}, ""),
        (415, None, {"content-type": "text/plain"}, ""),
        (415, None, {"content-encoding": "br"}, ""),
        (400, b"{}", {"content-encoding": "gzip"}, ""),
    ],
)
def test_a_request_that_is_none_is_refused_as_described(
    one: Operation, status: int, body: bytes | None, headers: dict[str, str], query: str
) -> None:
    web = Web(max_body_mb=0.001, username_passthrough=status == 401)
    got = web.post(one.path + query, one.body["example"] if body is None else body, headers)
    assert got.status == status
    one.fits(got)


AT_THE_DOOR = {
    400: "Host: a b",
    403: "Host: x\r\nOrigin: https://elsewhere.example",
    408: "Host: x\r\nContent-Length: 9",
    417: "Host: x\r\nExpect: a-reply",
    421: "Host: elsewhere.example",
}


@pytest.mark.parametrize("one", [one for one in operations() if one.method != "HEAD"], ids=_name)
@pytest.mark.parametrize(("status", "headers"), AT_THE_DOOR.items())
def test_what_is_refused_by_its_head_is_refused_as_described(one: Operation, status: int, headers: str) -> None:
    web = Web(allowed_hosts=["x"])
    line = Line(web)
    line.send(f"{one.method} {one.path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    web.settle(61.0)
    head, _, body = line.said().partition(b"\r\n\r\n")
    assert int(head[9:12]) == status
    content = one.tree["responses"][str(status)]["content"]
    if "schema" in (schema := content.get("application/json", {})):
        check(json.loads(body), schema["schema"])


@pytest.mark.parametrize("one", TAKING, ids=_name)
def test_a_model_that_there_is_not_is_refused_as_described(one: Operation) -> None:
    path = one.template.replace("{model}", "no-such")
    got = Web().post(path, {**one.body["example"], "model": "no-such"})
    assert got.status == 404
    one.fits(got)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("one", ASKING, ids=_name)
@pytest.mark.parametrize("fault", FAULTS)
def test_argos_refusals_are_passed_on_as_described(one: Operation, wire: str, fault: str) -> None:
    web = Web(upstream=wire)
    web.simulator.fault(fault, times=None)
    got = _post(web, one, one.body["example"])
    documented = str(got.status) in one.tree["responses"]
    one.fits(got, status="" if documented else "default")
    assert documented or fault == "status=418"


def test_a_reply_that_takes_too_long_is_ended_as_described() -> None:
    for one in CHATTING:
        web = Web()
        web.simulator.fault("hang")
        got = web.begin("POST", f"{one.path}?timeout=1", one.body["example"])
        web.settle(2)
        assert got.status == 504
        one.fits(got)
