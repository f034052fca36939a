"""Anthropic's Messages: what is asked is understood whole, or refused with the field's name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from anthropic.types import MessageTokensCount
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    ChatRequest,
    Image,
    Message,
    Opaque,
    OutputShape,
    Reasoning,
    RouteCall,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from argoproxy.dialects.anthropic_messages import AnthropicCount, AnthropicMessages
from argoproxy.errors import ClientFault, UpstreamFault
from argoproxy.interfaces import ICountDialect, IRenderingDialect

MESSAGES = AnthropicMessages()
COUNT = AnthropicCount()
HELLO = [{"role": "user", "content": "Hello"}]
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
FAR = {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}
PNG_URL = "data:image/png;base64,aGk="


INNER = Image(PNG_URL, path="messages[0].content[1].content[1].source")


def picture(place: int, url: str = PNG_URL) -> Image:
    """A picture of the only message."""
    return Image(url, path=f"messages[0].content[{place}].source")


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def parse(messages: Any = HELLO, call: RouteCall = RouteCall(), **fields: Any) -> ChatRequest:  # noqa: B008 - frozen
    body = {"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": messages, **fields}
    return MESSAGES.parse(json.dumps(body).encode(), call)


def test_they_are_dialects() -> None:
    assert verifyObject(IRenderingDialect, MESSAGES)
    assert verifyObject(ICountDialect, COUNT)
    assert (MESSAGES.name, MESSAGES.language) == ("anthropic_messages", "anthropic_messages")


# --- messages

TURNS: dict[str, tuple[dict[str, Any], list[Message]]] = {
    "a string": ({"role": "user", "content": "x"}, [Message("user", (Text("x"),))]),
    "no text": ({"role": "user", "content": ""}, [Message("user", ())]),
    "no blocks": ({"role": "user", "content": []}, [Message("user", ())]),
    "texts in their order": (
        {"role": "user", "content": [text("a", cache_control={"type": "ephemeral"}), text("b", citations=None)]},
        [Message("user", (Text("a"), Text("b")))],
    ),
    "pictures": (
        {"role": "user", "content": [PNG, text("What?"), FAR]},
        [Message("user", (picture(0), Text("What?"), picture(2, "https://a.example/b.png")))],
    ),
    "a document of text": (
        {"role": "user", "content": [{"type": "document", "title": "T", "source": {"type": "text", "data": "d"}}]},
        [Message("user", (Text("T\n\nd"),))],
    ),
    "what the model said": ({"role": "assistant", "content": "x"}, [Message("assistant", (Text("x"),))]),
    "what it thought, said and called": (
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "seal"},
                {"type": "redacted_thinking", "data": "xyz"},
                {"type": "thinking", "thinking": "unsealed", "signature": ""},
                text("x"),
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}, "caller": {"type": "direct"}},
                {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}, "signature": "google's"},
            ],
        },
        [
            Message(
                "assistant",
                (
                    Reasoning("hm", "seal"),
                    Reasoning("", redacted="xyz"),
                    Reasoning("unsealed"),
                    Text("x"),
                    ToolCall("toolu_1", "f", '{"a": 1}'),
                    ToolCall("toolu_2", "g", "{}", "google's"),
                ),
            )
        ],
    ),
    "what tools answered": (
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": [text("a"), PNG], "is_error": True},
                {"type": "tool_result", "tool_use_id": "toolu_3"},
                {"type": "tool_result", "tool_use_id": "toolu_4", "content": "", "is_error": False},
            ],
        },
        [
            Message(
                "tool",
                (
                    ToolResult("toolu_1", (Text("x"),)),
                    ToolResult("toolu_2", (Text("a"), INNER), True),
                    ToolResult("toolu_3", ()),
                    ToolResult("toolu_4", ()),
                ),
            )
        ],
    ),
    "what tools answered comes before what the user adds, wherever it stands": (
        {
            "role": "user",
            "content": [text("a"), {"type": "tool_result", "tool_use_id": "i", "content": "x"}, text("b")],
        },
        [Message("tool", (ToolResult("i", (Text("x"),)),)), Message("user", (Text("a"), Text("b")))],
    ),
    "instructions inside": ({"role": "system", "content": [text("x")]}, [Message("system", (Text("x"),))]),
}


@pytest.mark.parametrize(("turn", "neutral"), TURNS.values(), ids=TURNS)
def test_a_message_keeps_all_it_says(turn: dict[str, Any], neutral: list[Message]) -> None:
    assert list(parse([turn]).messages) == neutral


PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
# Blocks that the neutral language has no words for, by whose they are.
OPAQUE: dict[str, tuple[str, dict[str, Any]]] = {
    "a PDF file": ("user", PDF),
    "a document elsewhere": ("user", {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}}),
    "a document with pictures": ("user", {"type": "document", "source": {"type": "content", "content": [PNG]}}),
    "a picture of the Files API": ("user", {"type": "image", "source": {"type": "file", "file_id": "f"}}),
    "search results": ("user", {"type": "search_result", "source": "https://a.example", "title": "t", "content": []}),
    "a file for a container": ("user", {"type": "container_upload", "file_id": "f"}),
    "a call by the user": ("user", {"type": "tool_use", "id": "i", "name": "f", "input": {}}),
    "a result by the model": ("assistant", {"type": "tool_result", "tool_use_id": "i"}),
    "a call of Anthropic's own tool": (
        "assistant",
        {"type": "server_tool_use", "id": "i", "name": "web_search", "input": {"query": "x"}},
    ),
    "what that found": ("assistant", {"type": "web_search_tool_result", "tool_use_id": "i", "content": []}),
    "a call of a distant tool": ("assistant", {"type": "mcp_tool_use", "id": "i", "name": "f", "input": {}}),
    "what comes next": ("assistant", {"type": "tomorrow", "x": [1.5]}),
}


@pytest.mark.parametrize(("role", "block"), OPAQUE.values(), ids=OPAQUE)
def test_what_has_no_words_is_kept_as_its_place_between_the_others(role: str, block: dict[str, Any]) -> None:
    [_, said] = parse([*HELLO, {"role": role, "content": [text("a"), block, text("b")]}]).messages
    length = len(json.dumps(block))
    assert said.role == role
    assert said.parts == (Text("a"), Opaque(block["type"], "messages[1].content[1]", length), Text("b"))


def test_what_has_no_words_is_kept_inside_of_what_a_tool_answered() -> None:
    found = {"type": "search_result", "source": "s", "title": "t", "content": []}
    answer = {"type": "tool_result", "tool_use_id": "i", "content": [text("a"), found, PNG, PDF]}
    [message] = parse([{"role": "user", "content": [answer]}]).messages
    [result] = message.parts
    assert isinstance(result, ToolResult)
    place = "messages[0].content[0].content"
    assert result.parts == (
        Text("a"),
        Opaque("search_result", f"{place}[1]", len(json.dumps(found))),
        Image(PNG_URL, path=f"{place}[2].source"),
        Opaque("document", f"{place}[3]", len(json.dumps(PDF))),
    )


@pytest.mark.parametrize(("turn", "neutral"), TURNS.values(), ids=TURNS)
def test_the_others_say_the_same_beside_it(turn: dict[str, Any], neutral: list[Message]) -> None:
    """Messages are read in another way where one of them holds such a thing."""
    assert list(parse([turn, {"role": "user", "content": [PDF]}]).messages[:-1]) == neutral


SYSTEMS = [
    ("Be brief.", (Text("Be brief."),)),
    ([text("a", cache_control={"type": "ephemeral"}), text("b")], (Text("a"), Text("b"))),
]


@pytest.mark.parametrize(("system", "parts"), SYSTEMS)
def test_the_system_prompt_is_the_first_message_in_its_order(system: Any, parts: tuple[Text, ...]) -> None:
    assert parse(system=system).messages == (Message("system", parts), Message("user", (Text("Hello"),)))


@pytest.mark.parametrize("system", ["", [], None])
def test_no_system_prompt_is_no_message(system: Any) -> None:
    assert parse(system=system).messages == (Message("user", (Text("Hello"),)),)


def test_messages_stay_in_their_order_and_instructions_where_they_stand() -> None:
    roles = ["user", "assistant", "system", "user", "assistant"]
    request = parse([{"role": role, "content": role} for role in roles], system="first")
    assert [message.role for message in request.messages] == ["system", *roles]


# --- fields

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORMAT = {"type": "json_schema", "schema": SCHEMA}
FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing else": (
        {},
        {
            "model": "claude-sonnet-4-5", "max_tokens": 64, "stream": False, "n": 1, "timeout": None, "extras": {},
            "thinking": None, "shape": None, "tools": (), "tool_choice": None, "headers": {}, "stop": (),
        },
    ),
    "stream": ({"stream": True}, {"stream": True}),
    "sampling": (
        {"temperature": 1, "top_p": 0.5, "top_k": 40},
        {"temperature": 1.0, "top_p": 0.5, "top_k": 40},
    ),
    "stop sequences, but empty ones": ({"stop_sequences": ["END", "", "\n\n"]}, {"stop": ("END", "\n\n")}),
    "seconds": ({"timeout": 2.5}, {"timeout": 2.5, "extras": {}}),
    "what changes no reply is not missed": (
        {"metadata": {"user_id": "u"}, "cache_control": {"type": "ephemeral"}, "service_tier": "auto"},
        {"extras": {}},
    ),
    "the client's own user is given to nobody": ({"user": "mallory"}, {"extras": {}}),
    "thinking within a budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        {"thinking": Thinking("enabled", None, 2048)},
    ),
    "thinking as the model sees fit, unseen": (
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max"}},
        {"thinking": Thinking("adaptive", "max", None, False)},
    ),
    "no thinking": ({"thinking": {"type": "disabled"}}, {"thinking": Thinking("off")}),
    "an effort alone": ({"output_config": {"effort": "low"}}, {"thinking": Thinking("adaptive", "low")}),
    "an empty output config": (
        {"output_config": {"effort": None, "format": None}},
        {"thinking": None, "shape": None, "extras": {}},
    ),
    "a schema": (
        {"output_config": {"format": FORMAT}},
        {"shape": OutputShape(msgspec.Raw(json.dumps(SCHEMA).encode()))},
    ),
    "a schema as the beta has it": (
        {"output_format": FORMAT},
        {"shape": OutputShape(msgspec.Raw(json.dumps(SCHEMA).encode()))},
    ),
    "null is as good as nothing": (
        {"temperature": None, "tools": None, "tool_choice": None, "stop_sequences": None, "thinking": None},
        {"temperature": None, "tools": (), "stop": (), "thinking": None, "extras": {}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "neutral"), FIELDS.values(), ids=FIELDS)
def test_each_field_means_what_it_says(fields: dict[str, Any], neutral: dict[str, Any]) -> None:
    request = parse(**fields)
    assert {name: getattr(request, name) for name in neutral} == neutral


def test_fields_that_nobody_here_knows_are_told_and_all_are_kept_byte_for_byte() -> None:
    fields = b'"mcp_servers": [ ] ,"container":"c","metadata":{ "user_id":"u"}'
    body = b'{"messages":[{"role":"user", "content":"x"}],"max_tokens": 1,' + fields + b"}"
    request = MESSAGES.parse(body, RouteCall())
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {"mcp_servers": b"[ ]", "container": b'"c"'}
    assert {name: bytes(raw) for name, raw in request.raw.items()} == {
        "messages": b'[{"role":"user", "content":"x"}]',
        "max_tokens": b"1",
        "mcp_servers": b"[ ]",
        "container": b'"c"',
        "metadata": b'{ "user_id":"u"}',
    }


def test_the_headers_of_the_api_are_kept_and_no_others() -> None:
    call = RouteCall(headers={"anthropic-beta": "a,b", "anthropic-version": "2023-06-01", "x-api-key": "k"})
    assert parse(call=call).headers == {"anthropic-beta": "a,b", "anthropic-version": "2023-06-01"}
    assert set(MESSAGES.headers) == set(COUNT.headers) == {"anthropic-beta", "anthropic-version"}


# --- refusals


def said(*blocks: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [*HELLO, {"role": role, "content": list(blocks)}]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no messages": ({"messages": None}, "messages"),
    "empty messages": ({"messages": []}, "messages"),
    "messages as text": ({"messages": "Hello"}, "messages"),
    "no limit": ({"max_tokens": None}, "max_tokens"),
    "a limit of nothing": ({"max_tokens": 0}, "max_tokens"),
    "a limit as text": ({"max_tokens": "9"}, "max_tokens"),
    "a message without role": ({"messages": [*HELLO, {"content": "x"}]}, "messages[1].role"),
    "an unknown role": ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    "a message without content": ({"messages": [{"role": "user"}]}, "messages[0].content"),
    "content that is null": ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    "a block without type": (said({"text": "x"}), "messages[1].content[0].type"),
    "a text without text": (said(text("x"), {"type": "text"}), "messages[1].content[1].text"),
    "a picture of no type": (
        said({"type": "image", "source": {"type": "base64", "media_type": "text/html", "data": "aGk="}}),
        "messages[1].content[0].source.media_type",
    ),
    "a picture in a file": (
        said({"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}}),
        "messages[1].content[0].source.url",
    ),
    "a result of no call": (said({"type": "tool_result"}), "messages[1].content[0].tool_use_id"),
    "a call with text for input": (
        said(text("x"), {"type": "tool_use", "id": "i", "name": "f", "input": "{}"}, role="assistant"),
        "messages[1].content[1].input",
    ),
    "a picture without a source": (said({"type": "image"}), "messages[1].content[0].source"),
    "a picture of nothing": (said({"type": "image", "source": {}}), "messages[1].content[0].source.type"),
    "an error beside what nobody knows": (said({"type": "x"}, {"type": "text"}), "messages[1].content[1].text"),
    "an error inside of a result beside what nobody knows": (
        said({"type": "tool_result", "tool_use_id": "i", "content": [{"type": "x"}, {"text": "x"}]}),
        "messages[1].content[0].content[1].type",
    ),
    "a call with text for input beside what nobody knows": (
        said({"type": "x"}, {"type": "tool_use", "id": "i", "name": "f", "input": "{}"}, role="assistant"),
        "messages[1].content[1].input",
    ),
    "a picture for instructions": ({"system": [PNG]}, "system[0].type"),
    "instructions as an object": ({"system": {"text": "x"}}, "system"),
    "too warm": ({"temperature": 1.5}, "temperature"),
    "too likely": ({"top_p": 2}, "top_p"),
    "fewer than none": ({"top_k": -1}, "top_k"),
    "stop as text": ({"stop_sequences": "END"}, "stop_sequences"),
    "no time": ({"timeout": 0}, "timeout"),
    "thinking of no kind": ({"thinking": {"budget_tokens": 5}}, "thinking.type"),
    "thinking of an unknown kind": ({"thinking": {"type": "hard"}}, "thinking.type"),
    "an unknown effort": ({"output_config": {"effort": "huge"}}, "output_config.effort"),
    "a format of another kind": ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
    "a schema that is missing": ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    "a schema that is none": (
        {"output_config": {"format": {"type": "json_schema", "schema": True}}},
        "output_config.format.schema",
    ),
    "a beta's schema that is none": ({"output_format": {"type": "json_schema", "schema": []}}, "output_format.schema"),
}


@pytest.mark.parametrize(("fields", "param"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_a_400_that_names_the_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as raised:
        parse(**{"messages": HELLO, **fields})
    assert (raised.value.status, raised.value.param) == (400, param)
    assert param in json.loads(MESSAGES.error(raised.value))["error"]["message"]


THREADS = [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}]


@pytest.mark.parametrize("thread", THREADS, ids=["create", "continue"])
def test_a_conversation_that_is_to_be_kept_is_refused_in_the_words_that_the_sdk_knows(thread: dict[str, str]) -> None:
    with pytest.raises(ClientFault) as raised:
        parse(thread=thread)
    assert (raised.value.status, raised.value.param) == (400, "thread")
    assert json.loads(MESSAGES.error(raised.value))["error"]["details"] == {"error_code": "thread_unsupported_request"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"messages": [', b'{"messages": [{"role":"user","content":"\\ud800"}]}']
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    for dialect in (MESSAGES, COUNT):
        with pytest.raises(ClientFault) as raised:
            dialect.parse(body, RouteCall())
        assert raised.value.code == "invalid_json"


# --- counting


def test_a_count_is_asked_with_the_same_fields_but_those_of_a_reply() -> None:
    counting = {"messages": HELLO, "system": "s", "model": "claude-sonnet-4-5", "thinking": {"type": "disabled"}}
    request = COUNT.parse(json.dumps(counting).encode(), RouteCall())
    asked = parse(system="s", thinking={"type": "disabled"})
    assert request.messages == asked.messages
    assert (request.model, request.thinking, request.max_tokens) == (asked.model, asked.thinking, None)


def test_a_count_is_refused_as_a_message_is() -> None:
    with pytest.raises(ClientFault) as raised:
        COUNT.parse(b'{"messages":[{"role":"user","content":[{"type":"text"}]}]}', RouteCall())
    assert raised.value.param == "messages[0].content[0].text"
    assert COUNT.error(raised.value) == MESSAGES.error(raised.value)


def test_a_count_is_told_as_the_sdk_reads_it() -> None:
    assert COUNT.counted(12) == b'{"input_tokens":12}'
    assert MessageTokensCount.model_validate_json(COUNT.counted(12), strict=True).input_tokens == 12


def test_the_upstreams_statuses_are_anthropics_own() -> None:
    assert MESSAGES.statuses == COUNT.statuses == {}
    error = json.loads(MESSAGES.error(UpstreamFault(529, "Overloaded", kind="overloaded_error")))
    assert error["error"] == {"type": "overloaded_error", "message": "Overloaded"}


# --- anything that is a request

_words = st.text(max_size=20)
_texts = st.builds(text, _words)
_objects = st.dictionaries(_words, st.none() | st.booleans() | st.integers(-1000, 1000) | _words, max_size=3)
_results = st.builds(
    lambda content, failed: {"type": "tool_result", "tool_use_id": "i", "content": content, "is_error": failed},
    _words | st.lists(_texts | st.just(PNG), max_size=3),
    st.booleans(),
)
_calls = st.builds(lambda name, given: {"type": "tool_use", "id": "i", "name": name, "input": given}, _words, _objects)
_thoughts = st.builds(lambda said, seal: {"type": "thinking", "thinking": said, "signature": seal}, _words, _words)
_user = st.lists(_texts | st.just(PNG) | st.just(FAR) | _results, max_size=4)
_assistant = st.lists(_texts | _calls | _thoughts, max_size=4)
_turns = st.one_of(
    st.builds(lambda content: {"role": "user", "content": content}, _words | _user),
    st.builds(lambda content: {"role": "assistant", "content": content}, _words | _assistant),
)


@given(st.lists(_turns, min_size=1, max_size=5), _words | st.lists(_texts, max_size=2))
def test_no_word_of_a_request_is_lost(turns: list[Any], system: Any) -> None:
    request = parse(turns, system=system)
    given_blocks = [block for content in (system, *[turn["content"] for turn in turns]) for block in _blocks(content)]
    parts = [part for message in request.messages for part in message.parts]
    assert len(parts) == len(given_blocks)
    assert sorted(map(_told, given_blocks)) == sorted(map(_heard, parts))


def _blocks(content: Any) -> list[Any]:
    """A string is a block, unless it is empty."""
    return ([text(content)] if content else []) if isinstance(content, str) else content


_TOLD: dict[str, Any] = {
    "text": lambda block: block["text"],
    "image": lambda block: block["source"].get("url", PNG_URL),
    "thinking": lambda block: block["thinking"] + block["signature"],
    "tool_use": lambda block: block["name"] + json.dumps(block["input"]),
    "tool_result": lambda block: "".join(map(_told, _blocks(block["content"]))) + str(block["is_error"]),
}
_HEARD: dict[type, Any] = {
    Text: lambda part: part.text,
    Image: lambda part: part.url,
    Reasoning: lambda part: part.text + (part.signature or ""),
    ToolCall: lambda part: part.name + json.dumps(json.loads(part.arguments)),
    ToolResult: lambda part: "".join(map(_heard, part.parts)) + str(part.failed),
}


def _told(block: Any) -> str:
    return str(_TOLD[block["type"]](block))


def _heard(part: Any) -> str:
    return str(_HEARD[type(part)](part))
