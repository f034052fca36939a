"""Google's contents become messages: whose they are, what is joined, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Image, Message, Reasoning, RouteCall, Text, ToolCall, ToolResult
from argoproxy.dialects.google_genai import GoogleGenAI
from argoproxy.dialects.google_seals import thought_signature
from argoproxy.errors import ClientFault
from tests.dialects.outcomes import outcome

PNG = "iVBORw=="


def read(contents: Any, **fields: Any) -> tuple[Message, ...]:
    body = json.dumps({"contents": contents, **fields}).encode()
    return GoogleGenAI().parse(body, RouteCall({"model": "m"})).messages


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def call(name: str, args: Any = None, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, **({} if args is None else {"args": args}), **more}}


def response(name: str, answer: Any = None, **more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": answer or {"ok": 1}, **more}}


def text(*words: str, role: Any = "user") -> Message:
    return Message(role, tuple(Text(word) for word in words))


CASES: dict[str, tuple[Any, tuple[Message, ...]]] = {
    "a text": ("hi", (text("hi"),)),
    "one content": (user({"text": "hi"}), (text("hi"),)),
    "texts": (["a", "b"], (text("a"), text("b"))),
    "parts as text": ([{"parts": "hi"}, {"parts": ["a", {"text": "b"}]}], (text("hi"), text("a", "b"))),
    "no role": ([{"parts": [{"text": "hi"}]}], (text("hi"),)),
    "nulls": ([{"role": None, "parts": [{"text": "hi", "thought": None, "inlineData": None}]}], (text("hi"),)),
    "what says nothing": (["a", {"role": "model"}, user(), model({"text": ""}), user({"text": ""})], (text("a"),)),
    "a seal alone": (
        ["a", model({"text": "b"}, {"thoughtSignature": "YQ=="})],
        (text("a"), text("b", role="assistant")),
    ),
    "turns": (
        [user({"text": "a"}), model({"text": "b"}), user({"text": "c"})],
        (text("a"), text("b", role="assistant"), text("c")),
    ),
    "chunks of a turn": (
        ["a", model({"text": "b"}), model({"text": "c"}, {"text": "d"}), model({"text": ""})],
        (text("a"), text("bcd", role="assistant")),
    ),
    "a picture": (
        [user({"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": PNG}})],
        (Message("user", (Text("a"), Image(f"data:image/png;base64,{PNG}", path="contents[0].parts[1].inlineData"))),),
    ),
    "a picture in the other alphabet, unpadded, snake case": (
        {"parts": [{"inline_data": {"mime_type": "image/jpeg", "data": "-_-_-w"}}]},
        (Message("user", (Image("data:image/jpeg;base64,+/+/+w==", path="contents.parts[0].inlineData"),)),),
    ),
    "a picture elsewhere": (
        [user({"fileData": {"fileUri": "https://x.org/a.png", "mimeType": "image/png"}})],
        (Message("user", (Image("https://x.org/a.png", path="contents[0].parts[0].fileData"),)),),
    ),
    "a picture of no type elsewhere": (
        [user({"file_data": {"file_uri": "HTTP://x.org/a"}})],
        (Message("user", (Image("HTTP://x.org/a", path="contents[0].parts[0].fileData"),)),),
    ),
    "thoughts": (
        ["a", model({"text": "t", "thought": True}, {"text": "u", "thought": True}, {"text": "b"})],
        (text("a"), Message("assistant", (Reasoning("tu"), Text("b")))),
    ),
    "sealed thoughts, in chunks": (
        [
            "a",
            model({"text": "t", "thought": True}),
            model({"text": "", "thought": True, "thoughtSignature": thought_signature("s")}),
            model({"text": "", "thought": True, "thoughtSignature": thought_signature(None, "r")}),
            model({"text": "u", "thought": True, "thought_signature": "YWJj"}),
        ],
        (text("a"), Message("assistant", (Reasoning("t", "s"), Reasoning("", None, "r"), Reasoning("u", "YWJj")))),
    ),
    "a call and its result": (
        [
            "a",
            model({"text": "b"}, call("f", {"x_y": 1.0}) | {"thoughtSignature": thought_signature("s")}),
            user(response("f", {"z_y": "é"})),
        ],
        (
            text("a"),
            Message("assistant", (Text("b"), ToolCall("call_0", "f", '{"x_y": 1.0}', "s"))),
            Message("tool", (ToolResult("call_0", (Text('{"z_y":"é"}'),), name="f"),)),
        ),
    ),
    "parallel calls, answered in several contents": (
        [
            "a",
            model(call("f"), call("g", {}, id="i")),
            {"role": "function", "parts": [response("g", id="i")]},
            {"role": "function", "parts": [response("f")]},
        ],
        (
            text("a"),
            Message("assistant", (ToolCall("call_0", "f", "{}"), ToolCall("i", "g", "{}"))),
            Message("tool", (ToolResult("i", (Text('{"ok": 1}'),), name="g"),)),
            Message("tool", (ToolResult("call_0", (Text('{"ok": 1}'),), name="f"),)),
        ),
    ),
    "results come first": (
        ["a", model(call("f")), user({"text": "b"}, response("f"))],
        (
            text("a"),
            Message("assistant", (ToolCall("call_0", "f", "{}"),)),
            Message("tool", (ToolResult("call_0", (Text('{"ok": 1}'),), name="f"),)),
            text("b"),
        ),
    ),
    "calls of two turns": (
        ["a", model(call("f")), user(response("f")), model(call("f")), user(response("f"))],
        (
            text("a"),
            Message("assistant", (ToolCall("call_0", "f", "{}"),)),
            Message("tool", (ToolResult("call_0", (Text('{"ok": 1}'),), name="f"),)),
            Message("assistant", (ToolCall("call_1", "f", "{}"),)),
            Message("tool", (ToolResult("call_1", (Text('{"ok": 1}'),), name="f"),)),
        ),
    ),
    "a result that nobody asked for": (
        [user(response("f"))],
        (Message("tool", (ToolResult("", (Text('{"ok": 1}'),), name="f"),)),),
    ),
    "a result without an object": (
        [user({"functionResponse": {}})],
        (Message("tool", (ToolResult("", (Text("{}"),)),)),),
    ),
    "a result that failed": (
        [user(response("f", {"error": "no"}), response("f", {"error": "no", "output": 1}))],
        (
            Message(
                "tool",
                (
                    ToolResult("", (Text('{"error": "no"}'),), failed=True, name="f"),
                    ToolResult("", (Text('{"error": "no", "output": 1}'),), name="f"),
                ),
            ),
        ),
    ),
    "a result with pictures": (
        [
            user(
                response(
                    "f",
                    parts=[
                        {"inlineData": {"mimeType": "image/png", "data": PNG}},
                        {"file_data": {"file_uri": "https://x.org/a"}},
                    ],
                )
            )
        ],
        (
            Message(
                "tool",
                (
                    ToolResult(
                        "",
                        (
                            Text('{"ok": 1}'),
                            Image(
                                f"data:image/png;base64,{PNG}",
                                path="contents[0].parts[0].functionResponse.parts[0].inlineData",
                            ),
                            Image("https://x.org/a", path="contents[0].parts[0].functionResponse.parts[1].fileData"),
                        ),
                        name="f",
                    ),
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_conversation_is_read(case: str) -> None:
    contents, expected = CASES[case]
    assert read(contents) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("be brief", "be brief"),
        ({"parts": [{"text": "be "}, {"text": "brief"}]}, "be brief"),
        ({"role": "anything", "parts": [{"text": "be brief"}]}, "be brief"),
        ([{"text": "be "}, "brief"], "be brief"),
        ("", None),
        ({"parts": []}, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("field", ["systemInstruction", "system_instruction"])
def test_instructions_become_the_systems_message(field: str, given: Any, words: str | None) -> None:
    system = () if words is None else (Message("system", (Text(words),)),)
    assert read("hi", **{field: given}) == (*system, text("hi"))


_BLOB = {"mimeType": "image/png", "data": PNG}
_FILE = {"fileUri": "https://x.org/a.png"}
REFUSED: list[tuple[Any, str]] = [
    ([], "contents"),
    ([{"role": "user", "parts": []}], "contents"),
    ("", "contents"),
    (5, "contents"),
    ([user({"text": 5})], "contents[0].parts[0].text"),
    (["a", {"role": "system", "parts": [{"text": "b"}]}], "contents[1].role"),
    (user({}), "contents.parts[0]"),
    ([user({"text": "a"}, {"unheardOf": 1})], "contents[0].parts[1]"),
    ([user({"executableCode": {"code": "1"}})], "contents[0].parts[0].executableCode"),
    (["a", model({"code_execution_result": {}})], "contents[1].parts[0].codeExecutionResult"),
    ([user({"inlineData": {"mimeType": "audio/wav", "data": "AA=="}})], "contents[0].parts[0].inlineData.mimeType"),
    ([user({"inlineData": {"mimeType": "image/png,x", "data": "AA=="}})], "contents[0].parts[0].inlineData.mimeType"),
    ([user({"inlineData": {"data": "AA=="}})], "contents[0].parts[0].inlineData.mimeType"),
    ([user({"inlineData": {"mimeType": "image/png", "data": "A"}})], "contents[0].parts[0].inlineData.data"),
    ([user({"inlineData": {"mimeType": "image/png", "data": "A A="}})], "contents[0].parts[0].inlineData.data"),
    ([user({"fileData": {"fileUri": "gs://b/a.png"}})], "contents[0].parts[0].fileData.fileUri"),
    (
        [user({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x"}})],
        "contents[0].parts[0].fileData.fileUri",
    ),
    ([user({"fileData": {"fileUri": "https://x", "mimeType": "video/mp4"}})], "contents[0].parts[0].fileData.mimeType"),
    ([user({"fileData": {}})], "contents[0].parts[0].fileData.fileUri"),
    ([user(call("f"))], "contents[0].parts[0]"),
    (["a", model(response("f"))], "contents[1].parts[0]"),
    (["a", model({"inlineData": _BLOB})], "contents[1].parts[0]"),
    (["a", model({"fileData": _FILE})], "contents[1].parts[0]"),
    (["a", model({"functionCall": {"args": {}}})], "contents[1].parts[0].functionCall.name"),
    (["a", model(call("f", [1]))], "contents[1].parts[0].functionCall.args"),
    ([user(response("f", "x"))], "contents[0].parts[0].functionResponse.response"),
    ([user(response("f", parts=[{}]))], "contents[0].parts[0].functionResponse.parts[0]"),
    (
        [user(response("f", parts=[{"inlineData": {"mimeType": "text/plain", "data": ""}}]))],
        "contents[0].parts[0].functionResponse.parts[0].inlineData.mimeType",
    ),
]


@pytest.mark.parametrize(("contents", "param"), REFUSED)
def test_what_is_refused_is_named(contents: Any, param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        read(contents)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert f"'{param}'" in caught.value.message


def test_contents_must_be_there() -> None:
    with pytest.raises(ClientFault) as caught:
        GoogleGenAI().parse(b"{}", RouteCall({"model": "m"}))
    assert (caught.value.code, caught.value.param) == ("missing_required_parameter", "contents")


@pytest.mark.parametrize(
    ("instructions", "param"),
    [({"parts": [{"inlineData": _BLOB}]}, "systemInstruction.parts[0]"), ([{}], "systemInstruction.parts[0]")],
)
def test_instructions_are_text(instructions: Any, param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        read("hi", systemInstruction=instructions)
    assert caught.value.param == param


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_turn_cut_anywhere_is_the_turn(pieces: list[str]) -> None:
    contents = ["a", *[model({"text": piece}) for piece in pieces]]
    assert read(contents) == (text("a"), text("".join(pieces), role="assistant"))


@pytest.mark.parametrize("depth", [*range(100, 900, 37), *range(900, 1000), 1500])
@pytest.mark.parametrize(
    "body",
    [
        '{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": %s}}}]}]}',
        '{"contents": [{"parts": [{"functionResponse": {"response": {"a": %s}}}]}]}',
    ],
)
def test_no_depth_is_more_than_a_400(body: str, depth: int) -> None:
    deep = "[" * depth + '"\\u00e9"' + "]" * depth
    found = outcome(lambda: GoogleGenAI().parse((body % deep).encode(), RouteCall({"model": "m"})).messages)
    if isinstance(found, ClientFault):
        assert found.code == "invalid_json"
    else:
        assert "[" * depth in str(found)
