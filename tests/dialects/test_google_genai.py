"""Google's requests as its SDK sends them, and what of them stands outside the body."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest
from google.genai import types
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    Event,
    Finished,
    Image,
    Message,
    OutputShape,
    RouteCall,
    Started,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    Used,
)
from argoproxy.dialects.google_genai import GoogleCount, GoogleGenAI
from argoproxy.dialects.google_requests import GenerateRequest
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICountDialect, IRenderingDialect
from tests.dialects.google_sdk import Player, client, route

HELLO = b'{"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}'
REPLY: list[Event] = [Started(), TextDelta("Hi"), Finished("stop"), Used(Usage(1, 1))]


def test_they_provide_their_interfaces() -> None:
    verifyObject(IRenderingDialect, GoogleGenAI())
    verifyObject(ICountDialect, GoogleCount())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("gemini-2.5-pro", "gemini-2.5-pro"),
        ("argo:gpt-4o", "argo:gpt-4o"),
        ("argo/gpt-4o", "argo/gpt-4o"),
        ("models/argo:gpt-4o", "argo:gpt-4o"),
        ("tunedModels/mine", "mine"),
        ("models/models/x", "models/x"),
    ],
)
def test_the_model_is_the_paths(given: str, name: str) -> None:
    body = b'{"contents": "hi", "model": {"any": "thing"}}'
    request = GoogleGenAI().parse(body, RouteCall({"model": given, "method": "generateContent"}))
    assert (request.model, request.extras) == (name, {})
    assert GoogleCount().parse(body, RouteCall({"model": given, "method": "countTokens"})).model == name


@pytest.mark.parametrize(
    ("method", "query", "stream", "sse"),
    [
        ("generateContent", {}, False, False),
        ("generateContent", {"alt": "json"}, False, False),
        ("streamGenerateContent", {}, True, False),
        ("streamGenerateContent", {"alt": "json"}, True, False),
        ("streamGenerateContent", {"alt": "sse", "key": "k"}, True, True),
        ("streamGenerateContent", {"alt": "SSE"}, True, True),
    ],
)
def test_the_path_says_whether_it_streams_and_the_query_how(
    method: str, query: dict[str, str], stream: bool, sse: bool
) -> None:
    request = GoogleGenAI().parse(HELLO, RouteCall({"model": "m", "method": method}, query))
    assert (request.stream, request.sse) == (stream, sse)


def test_what_is_not_known_is_kept_byte_for_byte() -> None:
    body = (
        b'{"contents": "hi", "safety_settings": [{"a": 1.50}], "cachedContent": "c", "labels": {"a_b": "c"}, "x": null}'
    )
    request = GoogleGenAI().parse(body, RouteCall({"model": "m"}))
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {
        "safetySettings": b'[{"a": 1.50}]',
        "cachedContent": b'"c"',
        "labels": b'{"a_b": "c"}',
    }


def test_the_body_may_say_how_long_to_wait() -> None:
    parse = GoogleGenAI().parse
    assert parse(b'{"contents": "hi", "timeout": 1.5}', RouteCall({"model": "m"})).timeout == 1.5
    with pytest.raises(ClientFault) as caught:
        parse(b'{"contents": "hi", "timeout": 0}', RouteCall({"model": "m"}))
    assert caught.value.param == "timeout"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"contents": NaN}', b'{"contents": "\xff"}'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(ClientFault) as caught:
        GoogleGenAI().parse(body, RouteCall({"model": "m"}))
    assert caught.value.code == "invalid_json"


PNG = bytes(range(248, 256))


def test_all_that_the_sdk_asks_for_is_read() -> None:
    player = Player(GoogleGenAI(), [REPLY])
    player.client.models.generate_content(
        model="argo:gpt-4o",
        contents=[
            types.Content(
                role="user", parts=[types.Part(text="q"), types.Part.from_bytes(data=PNG, mime_type="image/png")]
            ),
            types.Content(role="model", parts=[types.Part.from_function_call(name="f", args={"a_b": 1})]),
            types.Content(role="user", parts=[types.Part.from_function_response(name="f", response={"result": "r"})]),
        ],
        config=types.GenerateContentConfig(
            system_instruction="be brief",
            temperature=0.5,
            top_p=0.9,
            top_k=3,
            candidate_count=2,
            max_output_tokens=5,
            stop_sequences=["x"],
            response_mime_type="application/json",
            response_schema=types.Schema(
                type=types.Type.OBJECT, any_of=[types.Schema(type=types.Type.NULL)], min_items=1
            ),
            thinking_config=types.ThinkingConfig(thinking_budget=100, include_thoughts=True),
            tools=[
                types.Tool(
                    function_declarations=[
                        types.FunctionDeclaration(name="f", parameters=types.Schema(type=types.Type.OBJECT)),
                        types.FunctionDeclaration(name="g", parameters_json_schema={"type": "object"}),
                    ]
                )
            ],
            tool_config=types.ToolConfig(
                function_calling_config=types.FunctionCallingConfig(
                    mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["f"]
                )
            ),
        ),
    )
    (request,) = player.requests
    assert isinstance(request, GenerateRequest)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert request.messages == (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("q"), Image(url, path="contents[0].parts[1].inlineData"))),
        Message("assistant", (ToolCall("call_0", "f", '{"a_b": 1}'),)),
        Message("tool", (ToolResult("call_0", (Text('{"result": "r"}'),), name="f"),)),
    )
    assert (request.model, request.stream, request.extras) == ("argo:gpt-4o", False, {})
    assert (request.temperature, request.top_p, request.top_k, request.n, request.max_tokens, request.stop) == (
        0.5, 0.9, 3, 2, 5, ("x",)
    )  # fmt: skip
    assert request.thinking == Thinking("enabled", budget=100, shown=True)
    assert [(tool.name, bytes(tool.parameters or b"")) for tool in request.tools] == [("f", b'{"type":"object"}')]
    assert request.tool_choice == ToolChoice("required")
    assert isinstance(request.shape, OutputShape)
    assert json.loads(bytes(request.shape.schema or b"")) == {
        "type": "object",
        "anyOf": [{"type": "null"}],
        "minItems": 1,
    }


COUNTED: list[tuple[dict[str, Any], tuple[Message, ...]]] = [
    ({"contents": "hi"}, (Message("user", (Text("hi"),)),)),
    (
        {"generateContentRequest": {"model": "models/m", "contents": "hi", "systemInstruction": "be brief"}},
        (Message("system", (Text("be brief"),)), Message("user", (Text("hi"),))),
    ),
    (
        {"generate_content_request": {"contents": [{"parts": [{"text": "hi"}]}], "system_instruction": "be brief"}},
        (Message("system", (Text("be brief"),)), Message("user", (Text("hi"),))),
    ),
]


@pytest.mark.parametrize(("body", "messages"), COUNTED)
def test_what_is_to_be_counted_is_contents_or_a_request(body: dict[str, Any], messages: tuple[Message, ...]) -> None:
    request = GoogleCount().parse(json.dumps({**body, "timeout": 3}).encode(), RouteCall({"model": "m"}))
    assert (request.messages, request.timeout, request.stream) == (messages, 3, False)


@pytest.mark.parametrize(
    ("body", "param"), [(b"{}", "contents"), (b'{"generateContentRequest": 5}', "generateContentRequest")]
)
def test_what_can_not_be_counted_is_refused(body: bytes, param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        GoogleCount().parse(body, RouteCall({"model": "m"}))
    assert caught.value.param == param


def test_the_sdk_reads_the_count() -> None:
    def answer(asked: httpx2.Request) -> httpx2.Response:
        assert GoogleCount().parse(asked.read(), route(asked)).model == "gpt-4o"
        return httpx2.Response(200, content=GoogleCount().counted(42))

    sdk = client(answer)
    assert sdk.models.count_tokens(model="gpt-4o", contents="hi").total_tokens == 42
    assert json.loads(GoogleCount().error(ClientFault("No.")))["error"]["code"] == 400
