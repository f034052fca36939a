"""ARGO's own requests: taken apart, and otherwise left alone."""

from __future__ import annotations

import json

import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import RouteCall
from argoproxy.dialects.argo_direct import ArgoDirect
from argoproxy.errors import ClientFault
from argoproxy.interfaces import IDialect, IRenderingDialect

CHAT = RouteCall(path={"resource": "chat"})


def test_it_is_a_dialect_that_renders_nothing() -> None:
    assert verifyObject(IDialect, ArgoDirect())
    assert not IRenderingDialect.providedBy(ArgoDirect())


def test_all_fields_are_kept_byte_for_byte_but_those_for_the_proxy() -> None:
    body = b"""{"user": "somebody", "model":"gpt4o", "messages":[ {"role":"user",  "content":"\\u00e9 \xc3\xa9"} ],
        "stop": null, "temperature": 0.10, "timeout": 2.5, "stream": false, "what":{"ever":1e2}}"""
    request = ArgoDirect().parse(body, CHAT)
    assert {name: bytes(raw) for name, raw in request.fields.items()} == {
        "user": b'"somebody"',
        "model": b'"gpt4o"',
        "messages": b'[ {"role":"user",  "content":"\\u00e9 \xc3\xa9"} ]',
        "stop": b"null",
        "temperature": b"0.10",
        "what": b'{"ever":1e2}',
    }
    assert (request.model, request.stream, request.timeout) == ("gpt4o", False, 2.5)


@pytest.mark.parametrize("resource", ["chat", "embed"])
def test_the_route_says_which_resource_is_meant(resource: str) -> None:
    assert ArgoDirect().parse(b"{}", RouteCall(path={"resource": resource})).resource == resource


@pytest.mark.parametrize(
    ("body", "model", "stream"),
    [
        (b"{}", "", False),
        (b'{"model": null, "stream": null}', "", False),
        (b'{"model": "gpt4o", "stream": true}', "gpt4o", True),
    ],
)
def test_a_request_may_be_silent_on_model_and_stream(body: bytes, model: str, stream: bool) -> None:
    request = ArgoDirect().parse(body, CHAT)
    assert (request.model, request.stream, request.timeout) == (model, stream, None)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"[]", None, "invalid_json"),
        (b"{", None, "invalid_json"),
        (b'{"model": 4}', "model", "invalid_type"),
        (b'{"stream": 1}', "stream", "invalid_type"),
        (b'{"stream": "true"}', "stream", "invalid_type"),
        (b'{"timeout": 0}', "timeout", "invalid_value"),
        (b'{"timeout": -1}', "timeout", "invalid_value"),
        (b'{"timeout": "5"}', "timeout", "invalid_type"),
        (b'{"timeout": 1e999}', None, "invalid_json"),
    ],
)
def test_what_the_proxy_itself_can_not_read_is_refused(body: bytes, param: str | None, code: str) -> None:
    with pytest.raises(ClientFault) as caught:
        ArgoDirect().parse(body, CHAT)
    assert (caught.value.status, caught.value.param, caught.value.code) == (400, param, code)


def test_faults_are_in_the_shape_of_openai() -> None:
    fault = ClientFault("No.", code="c", param="p")
    assert json.loads(ArgoDirect().error(fault)) == {
        "error": {"message": "No.", "type": "invalid_request_error", "param": "p", "code": "c"}
    }
    assert ArgoDirect().statuses[529] == 503
