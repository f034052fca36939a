"""Responses made at random: a request that was read and written down again says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from argoproxy.conversation import Image, Message, Part, Reasoning, RouteCall, Text, Tool, ToolCall, ToolResult
from argoproxy.conversation.abilities import EFFORTS
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_object import Repeated
from argoproxy.dialects.responses_replies import ResponsesRequest

DIALECT = OpenAIResponses()
TEXT = st.text(max_size=12)
WORD = st.text(min_size=1, max_size=12)
FUNCTIONS, CUSTOM = ["f", "get_weather"], ["patch", "run"]
SCHEMA = st.sampled_from([{"type": "object"}, {"type": "object", "properties": {"x": {"type": "integer"}}}])
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _item(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


SHOWN = st.lists(st.builds(lambda text: {"type": "input_text", "text": text}, TEXT) | st.just(PICTURE), max_size=3)
IDS = st.sampled_from(["c1", "c2"])
SUMMARY = st.lists(st.builds(lambda text: {"type": "summary_text", "text": text}, WORD), min_size=1, max_size=2)
SAID = st.lists(st.builds(lambda text: {"type": "output_text", "text": text, "annotations": []}, TEXT), max_size=2)
ITEMS = st.one_of(
    _item("message", role=st.just("user"), content=TEXT | SHOWN),
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user", "assistant"]), "content": TEXT}),
    _item("message", role=st.just("assistant"), content=SAID),
    _item("reasoning", summary=SUMMARY, encrypted_content=st.none() | WORD),
    _item(
        "function_call", call_id=IDS, name=st.sampled_from(FUNCTIONS), arguments=st.sampled_from(["", "{}", '{"x": 1}'])
    ),
    _item("custom_tool_call", call_id=IDS, name=st.sampled_from(CUSTOM), input=TEXT),
    _item("function_call_output", call_id=IDS, output=TEXT | SHOWN),
    _item("custom_tool_call_output", call_id=IDS, output=TEXT),
    _item("web_search_call", id=st.just("ws_1")),
)


@st.composite
def _tools(draw: st.DrawFn) -> dict[str, Any]:
    more = _maybe(description=TEXT, parameters=SCHEMA, strict=st.booleans())
    tools = [{"type": "function", "name": name, **draw(more)} for name in FUNCTIONS]
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: X"}
    tools.append({"type": "custom", "name": "patch", **draw(_maybe(description=TEXT, format=st.just(grammar)))})
    choices: list[Any] = [
        "auto",
        "none",
        "required",
        {"type": "function", "name": "f"},
        {"type": "custom", "name": "patch"},
    ]
    choices += [
        {"type": "allowed_tools", "mode": mode, "tools": [{"type": "custom", "name": "patch"}, {"type": "web_search"}]}
        for mode in ("auto", "required")
    ]
    more = _maybe(tool_choice=st.sampled_from(choices), parallel_tool_calls=st.booleans())
    return {"tools": draw(st.permutations(tools)), **draw(more)}


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "instructions": TEXT,
    "max_output_tokens": st.integers(1, 9000),
    "temperature": st.sampled_from([0, 0.25, 2]),
    "top_p": st.sampled_from([0, 0.5, 1]),
    "stream": st.booleans(),
    "reasoning": _maybe(effort=st.sampled_from(EFFORTS), summary=st.sampled_from(["auto", "none"])),
    "text": _maybe(
        format=st.sampled_from([{"type": "text"}, {"type": "json_object"}])
        | st.builds(
            lambda about, schema: {"type": "json_schema", "name": "p", "schema": schema, **about},
            _maybe(description=TEXT, strict=st.booleans()),
            SCHEMA,
        )
    ),
}
BODIES = st.builds(
    lambda given, fields, tools: {"input": given, **fields, **tools},
    TEXT | st.builds(lambda items: [{"role": "user", "content": "Hi"}, *items], st.lists(ITEMS, max_size=6)),
    st.fixed_dictionaries({}, optional=FIELDS),
    st.just({}) | _tools(),
)


def _parsed(body: dict[str, Any]) -> ResponsesRequest:
    """What a request says, apart from how and where it was written, and from what it says to nobody."""
    request = DIALECT.parse(json.dumps(body).encode(), RouteCall())
    prompts = tuple(tuple(map(_unplaced, prompt)) for prompt in request.prompts)
    return msgspec.structs.replace(request, raw={}, extras={}, repeated=Repeated(), prompts=prompts)


def _unplaced(message: Message) -> Message:
    return msgspec.structs.replace(message, parts=tuple(map(_placeless, message.parts)))


def _placeless(part: Any) -> Any:
    if isinstance(part, Image):
        return Image(part.url, part.detail)
    if isinstance(part, ToolResult):
        return msgspec.structs.replace(part, parts=tuple(map(_placeless, part.parts)))
    return part


def _written(request: ResponsesRequest) -> dict[str, Any]:
    """A request in the words of Responses, written in the plainest way."""
    freeform = {tool.name for tool in request.tools if tool.freeform}
    items = [item for message in request.messages for item in _items(message, freeform)]
    body: dict[str, Any] = {"input": items, "stream": request.stream}
    for name in ("temperature", "top_p", "parallel_tool_calls"):
        body[name] = getattr(request, name)
    body["max_output_tokens"] = request.max_completion_tokens
    body["tools"] = [_tool(tool) for tool in request.tools]
    choice, thinking, shape = request.tool_choice, request.thinking, request.shape
    if choice is not None:
        body["tool_choice"] = choice.mode if choice.name is None else {"type": "custom", "name": choice.name}
    if thinking is not None:
        shown = {None: None, True: "detailed", False: "none"}[thinking.shown]
        body["reasoning"] = {"effort": thinking.effort, "generate_summary": shown}
    if shape is not None and shape.schema is None:
        body["text"] = {"format": {"type": "json_object"}}
    elif shape is not None:
        body["text"] = {"format": {"type": "json_schema", **_plain(shape)}}
    return body


def _plain(struct: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(struct))


def _tool(tool: Tool) -> dict[str, Any]:
    if tool.freeform:
        return {"type": "custom", "name": tool.name, "description": tool.description}
    about = _plain(tool)
    del about["freeform"]
    return {"type": "function", **about}


def _items(message: Message, freeform: set[str]) -> Iterator[dict[str, Any]]:
    """A message as items: its text is one of them, and all else one each."""
    texts: list[Any] = []
    for part in message.parts:
        if isinstance(part, Text | Image):
            texts.append(_shown(part))
        else:
            yield from _message(message, texts)
            texts = []
            yield _other(part, freeform)
    if texts or not message.parts:
        yield from _message(message, texts, empty=True)


def _message(message: Message, texts: list[Any], empty: bool = False) -> Iterator[dict[str, Any]]:
    if texts or empty:
        yield {"role": message.role, "content": texts}


def _shown(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": part.url, "detail": part.detail}


def _other(part: Part, freeform: set[str]) -> dict[str, Any]:
    if isinstance(part, Reasoning):
        content = [{"type": "reasoning_text", "text": part.text}]
        return {"type": "reasoning", "content": content, "encrypted_content": part.signature}
    if isinstance(part, ToolCall) and part.name in freeform:
        return {"type": "custom_tool_call", "call_id": part.id, "name": part.name, "input": part.arguments}
    if isinstance(part, ToolCall):
        return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments}
    assert isinstance(part, ToolResult)
    output = [_shown(shown) for shown in part.parts if isinstance(shown, Text | Image)]
    return {"type": "function_call_output", "call_id": part.call_id, "output": output}


@given(BODIES)
@example(
    {
        "input": [
            {"role": "assistant", "content": ""},
            {"role": "assistant", "content": []},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        ]
    }
)
def test_nothing_is_lost_between_reading_and_writing(body: dict[str, Any]) -> None:
    asked = _parsed(body)
    assert _parsed(_written(asked)) == asked
