"""Anthropic's content blocks say what neutral parts say, and back."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Image, Reasoning, Text, ToolCall, ToolResult
from argoproxy.vocabulary.anthropic_blocks import (
    AssistantBlock,
    Base64Source,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UrlSource,
    UserBlock,
    image_source,
    tool_input,
)

PNG = "data:image/png;base64,aGk="
_ENCODED = {
    "text": (Text("x"), TextBlock("x"), {"type": "text", "text": "x"}),
    "image itself": (
        Image(PNG),
        ImageBlock.of(Image(PNG)),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ),
    "image elsewhere": (
        Image("https://a.example/b"),
        ImageBlock.of(Image("https://a.example/b")),
        {"type": "image", "source": {"type": "url", "url": "https://a.example/b"}},
    ),
    "thinking": (
        Reasoning("hm", "seal"),
        ThinkingBlock.of(Reasoning("hm", "seal")),
        {"type": "thinking", "thinking": "hm", "signature": "seal"},
    ),
    "thinking that nobody sealed": (
        Reasoning("hm"),
        ThinkingBlock.of(Reasoning("hm")),
        {"type": "thinking", "thinking": "hm", "signature": ""},
    ),
    "redacted thinking": (
        Reasoning("", redacted="xyz"),
        RedactedThinkingBlock("xyz"),
        {"type": "redacted_thinking", "data": "xyz"},
    ),
    "call": (
        ToolCall("i", "f", '{"a":1}'),
        ToolUseBlock.of(ToolCall("i", "f", '{"a":1}')),
        {"type": "tool_use", "id": "i", "name": "f", "input": {"a": 1}},
    ),
    "result": (
        ToolResult("i", (Text("x"),)),
        ToolResultBlock.of(ToolResult("i", (Text("x"),))),
        {"type": "tool_result", "tool_use_id": "i", "content": "x"},
    ),
    "result of nothing": (
        ToolResult("i", ()),
        ToolResultBlock.of(ToolResult("i", ())),
        {"type": "tool_result", "tool_use_id": "i"},
    ),
    "result of a failure, with a picture": (
        ToolResult("i", (Text("x"), Image(PNG)), True),
        ToolResultBlock.of(ToolResult("i", (Text("x"), Image(PNG)), True)),
        {
            "type": "tool_result",
            "tool_use_id": "i",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            ],
            "is_error": True,
        },
    ),
}


@pytest.mark.parametrize(("part", "block", "document"), _ENCODED.values(), ids=_ENCODED)
def test_a_part_is_a_block_and_the_block_is_the_part(part: Any, block: Any, document: dict[str, Any]) -> None:
    assert json.loads(msgspec.json.encode(block)) == document
    union: Any = UserBlock if isinstance(part, Image | ToolResult) else AssistantBlock
    assert msgspec.json.decode(json.dumps(document), type=union).part() == (
        msgspec.structs.replace(part, arguments='{"a": 1}') if isinstance(part, ToolCall) else part
    )


def test_a_picture_in_a_result_alone_is_still_a_list() -> None:
    block = ToolResultBlock.of(ToolResult("i", (Image(PNG),)))
    assert isinstance(block.content, tuple)
    assert block.part() == ToolResult("i", (Image(PNG),))


def test_empty_texts_of_a_result_are_left_out() -> None:
    assert ToolResultBlock.of(ToolResult("i", (Text(""), Text("x"), Text("")))).content == "x"
    assert ToolResultBlock.of(ToolResult("i", (Text(""),))).content is None


SOURCES = {
    PNG: Base64Source("image/png", "aGk="),
    "DATA:IMAGE/PNG;BASE64,aGk=": Base64Source("image/png", "aGk="),
    "data:image/jpg;base64,aGk=": Base64Source("image/jpeg", "aGk="),
    "data:image/gif;name=a.gif;base64,aGk=": Base64Source("image/gif", "aGk="),
    "data:image/webp,h%69": Base64Source("image/webp", "aGk="),
    "http://a.example/data:x": UrlSource("http://a.example/data:x"),
}


@pytest.mark.parametrize(("url", "source"), SOURCES.items())
def test_a_data_uri_is_the_picture_and_all_else_its_address(url: str, source: object) -> None:
    assert image_source(url) == source


DOCUMENTS = [
    ({"type": "text", "media_type": "text/plain", "data": "body"}, {}, "body"),
    ({"type": "text", "data": "body"}, {"title": "T", "context": "C"}, "T\n\nC\n\nbody"),
    ({"type": "content", "content": "body"}, {"title": "T"}, "T\n\nbody"),
    ({"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, {}, "a\n\nb"),
]


@pytest.mark.parametrize(("source", "about", "text"), DOCUMENTS)
def test_a_document_of_text_is_its_text(source: dict[str, Any], about: dict[str, str], text: str) -> None:
    block = msgspec.json.decode(json.dumps({"type": "document", "source": source, **about}), type=UserBlock)
    assert block.part() == Text(text)


# --- the input of calls


@pytest.mark.parametrize("arguments", ['{"a": 1}', "{}", ' {"b":"é"}\n', '{"a":{"b":[1,2,{}]}}'])
def test_arguments_that_are_an_object_stay_byte_for_byte(arguments: str) -> None:
    assert bytes(tool_input(arguments)).decode() == arguments


@pytest.mark.parametrize("arguments", ["", "  ", "\n"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    assert tool_input(arguments) == msgspec.Raw(b"{}")


@pytest.mark.parametrize(
    "arguments", ["[1]", "1", '"x"', "null", '{"a":', "{'a': 1}", '{"a": NaN}', '{"a":"\\ud800"}', "[" * 100_000]
)
def test_what_is_no_object_is_kept_in_one(arguments: str) -> None:
    assert json.loads(bytes(tool_input(arguments))) == {"arguments": arguments}


@given(st.text())
def test_every_input_is_an_object(arguments: str) -> None:
    assert isinstance(json.loads(bytes(tool_input(arguments))), dict)


def test_a_lone_surrogate_is_no_reason_to_fail() -> None:
    assert json.loads(bytes(tool_input("\ud800"))) == {"arguments": "?"}


def test_another_providers_seal_is_not_shown_to_anthropic_but_read() -> None:
    call = ToolCall("i", "f", "{}", "seal")
    block = ToolUseBlock.of(call)
    assert b"seal" not in msgspec.json.encode(block)
    assert msgspec.structs.replace(block, signature="seal").part() == call
