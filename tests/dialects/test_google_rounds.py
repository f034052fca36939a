"""
Google's requests made at random: nothing is lost between reading one and writing down in Google's words what it says.
ARGO has no wire of this language, so the writing is this test's own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.conversation import Image, Message, Part, Reasoning, RouteCall, Text, ToolCall, ToolResult
from argoproxy.dialects.google_genai import GoogleGenAI
from argoproxy.dialects.google_requests import GenerateRequest
from argoproxy.dialects.google_seals import thought_signature
from argoproxy.vocabulary.google import EFFORTS

GOOGLE = GoogleGenAI()
TEXT = st.text(min_size=1, max_size=12)
NAMES = ["f", "get_weather", "a.b"]
OBJECT = st.dictionaries(TEXT, st.integers() | TEXT | st.none() | st.lists(st.booleans(), max_size=2), max_size=2)
PICTURES = st.sampled_from(
    [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"inline_data": {"mime_type": "image/jpeg", "data": "_-8"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}},
    ]
)
WORDS = st.builds(lambda text: {"text": text}, TEXT)
SEALS = TEXT.map(thought_signature)
THOUGHT = st.builds(
    lambda text, seal: {"thought": True, "text": text, "thoughtSignature": seal}, TEXT, SEALS
) | st.builds(lambda text: {"thought": True, "thoughtSignature": thought_signature(None, text)}, TEXT)
SCHEMA = st.sampled_from(
    [
        {"type": "OBJECT", "properties": {"x": {"type": "STRING", "nullable": True}}},
        {"type": "object", "properties": {"x": {"type": "integer"}}},
    ]
)


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def _turns(draw: st.DrawFn) -> list[Any]:
    """A conversation, every call of which has its result: by ids, or by order and name."""
    contents: list[Any] = []
    calls: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 3))):
        results = [{"functionResponse": {**call, "response": draw(OBJECT)}} for call in calls]
        told = draw(st.lists(WORDS | PICTURES, min_size=not results, max_size=2))
        contents.append({"role": "user", "parts": [*results, *told]})
        names = draw(st.lists(st.sampled_from(NAMES), max_size=2))
        turn = f"c{len(contents)}" if draw(st.booleans()) else None
        calls = [{"name": name, **({"id": f"{turn}_{place}"} if turn else {})} for place, name in enumerate(names)]
        said = draw(st.lists(THOUGHT, max_size=2)) + draw(st.lists(WORDS, min_size=not calls, max_size=2))
        made = [
            {"functionCall": {**call, "args": draw(OBJECT)}, **draw(_maybe(thoughtSignature=SEALS))} for call in calls
        ]
        contents.append({"role": "model", "parts": [*said, *made]})
    last = [{"functionResponse": {**call, "response": draw(OBJECT)}} for call in calls]
    return [*contents, {"role": "user", "parts": last or [draw(WORDS)]}]


@st.composite
def _tools(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    about = _maybe(description=TEXT, parameters=SCHEMA) | _maybe(description=TEXT, parametersJsonSchema=SCHEMA)
    mode = st.sampled_from(["AUTO", "NONE", "ANY", "VALIDATED", "MODE_UNSPECIFIED"])
    calling = st.fixed_dictionaries({"mode": mode}, optional={"allowedFunctionNames": st.just(names[:1])})
    tools = [{"functionDeclarations": [{"name": name, **draw(about)} for name in names]}]
    return {"tools": tools, **draw(_maybe(toolConfig=st.builds(lambda one: {"functionCallingConfig": one}, calling)))}


CONFIG: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.sampled_from([0, 0.25, 2]),
    "topP": st.sampled_from([0, 0.5, 1]),
    "topK": st.sampled_from([1, 40.0]),
    "candidateCount": st.integers(1, 3),
    "maxOutputTokens": st.integers(1, 9000),
    "stopSequences": st.lists(TEXT, max_size=3),
    "seed": st.integers(),
    "thinkingConfig": _maybe(
        thinkingBudget=st.sampled_from([-1, 0, 512]),
        thinkingLevel=st.sampled_from(sorted(EFFORTS)),
        includeThoughts=st.booleans(),
    ),
}
SHAPES: list[dict[str, Any]] = [
    {},
    {"responseMimeType": "text/plain"},
    {"responseMimeType": "application/json"},
    {"responseSchema": {"type": "OBJECT", "properties": {"x": {"type": "STRING"}}}},
    {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
]
BODIES = st.builds(
    lambda contents, more, tools, config, shape: {
        "contents": contents,
        "generationConfig": {**config, **shape},
        **more,
        **tools,
    },
    _turns(),
    _maybe(systemInstruction=st.builds(lambda text: {"parts": [{"text": text}]}, TEXT)),
    st.just({}) | _tools(),
    st.fixed_dictionaries({}, optional=CONFIG),
    st.sampled_from(SHAPES),
)


def _parsed(body: dict[str, Any]) -> GenerateRequest:
    """What a request says, apart from how it was written."""
    request = GOOGLE.parse(json.dumps(body).encode(), RouteCall({"model": "m"}))
    prompt = tuple(msgspec.structs.replace(one, parts=tuple(map(_anywhere, one.parts))) for one in request.messages)
    return msgspec.structs.replace(request, raw={}, prompts=(prompt,))


def _anywhere(part: Part) -> Part:
    """A part without the place in the body."""
    return msgspec.structs.replace(part, path="") if isinstance(part, Image) else part


def _written(request: GenerateRequest) -> dict[str, Any]:
    """A request that says the same, in Google's words."""
    system = [message for message in request.messages if message.role == "system"]
    config = {
        "candidateCount": request.n,
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "stopSequences": request.stop,
        **{name.removeprefix("generationConfig."): _plain(raw) for name, raw in request.extras.items()},
        **_thinking(request),
        **_shape(request),
    }
    body = {
        "contents": [_content(message) for message in request.messages if message.role != "system"],
        "systemInstruction": _content(system[0]) if system else None,
        "generationConfig": {name: value for name, value in config.items() if value is not None},
        **_functions(request),
    }
    return {name: value for name, value in body.items() if value is not None}


def _plain(raw: msgspec.Raw) -> Any:
    return json.loads(bytes(raw))


def _content(message: Message) -> dict[str, Any]:
    role = "model" if message.role == "assistant" else "user"
    return {"role": role, "parts": [_part(part) for part in message.parts]}


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Image):
        media_type, _, data = part.url.removeprefix("data:").partition(";base64,")
        here = {"inlineData": {"mimeType": media_type, "data": data}}
        return here if part.url.startswith("data:") else {"fileData": {"fileUri": part.url}}
    if isinstance(part, Reasoning):
        seal = thought_signature(part.signature, part.redacted)
        return {"thought": True, "text": part.text, **({"thoughtSignature": seal} if seal else {})}
    if isinstance(part, ToolCall):
        call = {"id": part.id, "name": part.name, "args": json.loads(part.arguments)}
        seal = thought_signature(part.signature)
        return {"functionCall": call, **({"thoughtSignature": seal} if seal else {})}
    assert isinstance(part, ToolResult)
    return {"functionResponse": {"id": part.call_id, "name": part.name, "response": json.loads(_said(part.parts))}}


def _said(parts: Sequence[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def _thinking(request: GenerateRequest) -> dict[str, Any]:
    thinking = request.thinking
    if thinking is None:
        return {}
    budget = {"off": 0, "adaptive": -1}.get(thinking.mode, thinking.budget)
    level = next((level for level, effort in EFFORTS.items() if effort == thinking.effort), None)
    config = {"thinkingBudget": budget, "thinkingLevel": level, "includeThoughts": thinking.shown}
    return {"thinkingConfig": {name: value for name, value in config.items() if value is not None}}


def _shape(request: GenerateRequest) -> dict[str, Any]:
    if request.shape is None:
        return {}
    schema = None if request.shape.schema is None else _plain(request.shape.schema)
    return {"responseMimeType": "application/json", "responseJsonSchema": schema}


def _functions(request: GenerateRequest) -> dict[str, Any]:
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
    declared = [
        {
            "name": tool.name,
            "description": tool.description,
            "parametersJsonSchema": None if tool.parameters is None else _plain(tool.parameters),
        }
        for tool in request.tools
    ]
    choice = request.tool_choice
    config = None if choice is None else {"functionCallingConfig": {"mode": modes[choice.mode]}}
    return {"tools": [{"functionDeclarations": declared}] if declared else None, "toolConfig": config}


def _same(request: GenerateRequest) -> Any:
    """A request with its JSON as values: how it is spaced says nothing."""
    plain = msgspec.to_builtins(request, enc_hook=_plain)
    for message in plain["prompts"][0]:
        for part in message["parts"]:
            if "arguments" in part:
                part["arguments"] = json.loads(part["arguments"])
            for inner in part.get("parts", ()):
                inner["text"] = json.loads(inner["text"])
    return plain


@given(BODIES)
def test_nothing_is_lost_between_reading_and_writing(body: dict[str, Any]) -> None:
    asked = _parsed(body)
    assert _same(_parsed(_written(asked))) == _same(asked)


@given(BODIES)
def test_all_that_is_said_is_read(body: dict[str, Any]) -> None:
    """Each of the client's texts, pictures, calls and results is a part."""
    parts = [part for message in _parsed(body).messages if message.role != "system" for part in message.parts]
    sent = [part for content in body["contents"] for part in content["parts"]]
    for kind, name in ((ToolCall, "functionCall"), (ToolResult, "functionResponse")):
        assert sum(isinstance(part, kind) for part in parts) == sum(name in part for part in sent)
    answered = [part.call_id for part in parts if isinstance(part, ToolResult)]
    assert answered == [part.id for part in parts if isinstance(part, ToolCall)]
    words = "".join(part["text"] for part in sent if "text" in part and not part.get("thought"))
    assert _said(parts) == words
