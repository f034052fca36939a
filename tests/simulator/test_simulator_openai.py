"""The native OpenAI wire: who asks, whole replies and streams, tools, forms, embeddings, and what it refuses."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from tests.simulator.asking import (
    ARGUMENTS,
    COMPLETIONS,
    EMBEDDINGS,
    IN_WORDS,
    NATIVE_MODELS,
    PIXEL,
    Argo,
    openai_call,
    openai_tool,
    user,
)

GPT, CLAUDE, GEMINI = "gpt4o", "claudesonnet45", "gemini25pro"
FAMILIES = (GPT, CLAUDE, GEMINI)


@pytest.mark.parametrize(
    ("bearer", "name", "status", "noticed"),
    [
        ("someone", None, 200, False),
        ("someone", "unregistered", 200, False),
        ("unregistered", "someone", 200, True),
        ("sk-Abc", "someone", 401, False),
        ("", "someone", 401, False),
        (None, "someone", 200, False),
        (None, "unregistered", 200, True),
        (None, None, 401, False),
    ],
)
def test_a_bearer_beats_the_body(bearer: str | None, name: str | None, status: int, noticed: bool) -> None:
    """A Bearer that is no user is refused whatever the body says; the unregistered get the notice under 200."""
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    reply = Argo().ask("POST", COMPLETIONS, {"model": GPT, "user": name, "messages": [user("hi")]}, headers)
    assert reply.status == status
    assert ("IMPORTANT AUTHENTICATION NOTICE FROM ARGO" in (reply.text or "")) is noticed


@pytest.mark.parametrize("model", FAMILIES)
def test_answers_every_family(model: str) -> None:
    """A whole completion with its usage."""
    reply = Argo().complete(model, "grüße\nzwei").json
    [choice] = reply["choices"]
    assert reply["object"] == "chat.completion"
    assert 'You wrote: "grüße\nzwei".' in choice["message"]["content"]
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    usage = reply["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"] > 0


def test_reasoning_models_tell_their_reasoning_tokens() -> None:
    """They are part of the completion tokens."""
    usage = Argo().complete("gpt5").json["usage"]
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


def test_equal_requests_get_equal_replies() -> None:
    """Ids included."""
    argo = Argo()
    assert argo.complete().text == argo.complete().text
    assert argo.complete().json["id"] != argo.complete(seed=1).json["id"]


def test_several_choices_are_told_apart() -> None:
    """C{n} gives as many choices, each with its index."""
    choices = Argo().complete(n=3).json["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3


@pytest.mark.parametrize(
    ("fields", "content", "reason"),
    [
        ({"max_tokens": 2}, "This is", "length"),
        ({"max_completion_tokens": 2}, "This is", "length"),
        ({"stop": " simulated"}, "This is GPT-4o,", "stop"),
        ({"stop": ["x", " simulated"], "max_tokens": 30}, "This is GPT-4o,", "stop"),
    ],
)
def test_cuts(fields: dict[str, Any], content: str, reason: str) -> None:
    """Whole or streamed, a cut text ends with its reason."""
    argo = Argo()
    [choice] = argo.complete(**fields).json["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (content, reason)
    events = argo.complete(stream=True, **fields).events[:-1]
    assert "".join(event["choices"][0]["delta"].get("content") or "" for event in events) == content
    assert events[-1]["choices"][0]["finish_reason"] == reason


def test_streams_in_chunks() -> None:
    """The role first, then deltas of the settings' size, the reason, [DONE]; one id; no usage unless asked for."""
    reply = Argo(chunk_size=5).complete(stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, done = reply.events
    deltas = [event["choices"][0]["delta"] for event in events]
    assert done == "[DONE]"
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert {len(delta["content"]) for delta in deltas[1:-2]} == {5}
    assert deltas[-1] == {}
    assert len({event["id"] for event in events}) == 1
    assert not any("usage" in event for event in events)


def test_usage_comes_before_done_if_asked_for() -> None:
    """Each chunk has a null, the extra one has no choices."""
    argo = Argo()
    *events, last, _ = argo.complete(stream=True, stream_options={"include_usage": True}).events
    assert {event["usage"] for event in events} == {None}
    assert last["choices"] == []
    assert last["usage"] == argo.complete().json["usage"]


def test_streamed_choices_take_turns() -> None:
    """Choices are interleaved by index."""
    events = Argo().complete(stream=True, n=2).events[:-1]
    indexes = [event["choices"][0]["index"] for event in events]
    assert indexes[:6] == [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("model", FAMILIES)
def test_calls_whole_and_streamed(model: str) -> None:
    """Two words make two calls; a stream tells id and name once, then pieces of the arguments."""
    tools = [openai_tool(), openai_tool("get_time")]
    argo = Argo(chunk_size=4)
    [choice] = argo.complete(model, "weather, time", tools=tools).json["choices"]
    calls = choice["message"]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["get_weather", "get_time"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [ARGUMENTS, ARGUMENTS]
    assert choice["finish_reason"] == "tool_calls"
    events = argo.complete(model, "weather, time", tools=tools, stream=True).events[:-1]
    fragments = [part for event in events for part in event["choices"][0]["delta"].get("tool_calls", [])]
    begun = [part for part in fragments if "id" in part]
    joined = ["".join(part["function"]["arguments"] for part in fragments if part["index"] == n) for n in (0, 1)]
    assert [part["function"]["name"] for part in begun] == ["get_weather", "get_time"]
    assert [json.loads(arguments) for arguments in joined] == [ARGUMENTS, ARGUMENTS]
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


_NAMED = {"type": "function", "function": {"name": "get_time"}}


@pytest.mark.parametrize(
    ("text", "fields", "called"),
    [
        ("hello", {}, []),
        ("weather", {"tool_choice": "none"}, []),
        ("hello", {"tool_choice": "required"}, ["get_weather"]),
        ("weather", {"tool_choice": _NAMED}, ["get_time"]),
        ("weather time", {"parallel_tool_calls": False}, ["get_weather"]),
        (
            "hello",
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [_NAMED]}}},
            ["get_time"],
        ),
    ],
)
def test_tool_choice(text: str, fields: dict[str, Any], called: list[str]) -> None:
    """Each form of the choice is honoured."""
    tools = [openai_tool(), openai_tool("get_time")]
    [choice] = Argo().complete(text=text, tools=tools, **fields).json["choices"]
    assert [call["function"]["name"] for call in choice["message"]["tool_calls"] or ()] == called


def test_results_are_quoted() -> None:
    """A result in the history is in the answer, and nothing is called again."""
    call = {"role": "assistant", "content": "", "tool_calls": [openai_call()]}
    messages = [user("weather"), call, {"role": "tool", "tool_call_id": "c1", "content": "Rain."}]
    [choice] = Argo().complete(messages=messages, tools=[openai_tool()], tool_choice="required").json["choices"]
    assert choice["message"]["tool_calls"] is None
    assert '"Rain."' in choice["message"]["content"]
    after = [*messages, {"role": "assistant", "content": "It rains."}, user("weather again")]
    [choice] = Argo().complete(messages=after, tools=[openai_tool()]).json["choices"]
    assert len(choice["message"]["tool_calls"]) == 1


def test_forms_are_honoured() -> None:
    """A JSON object, or what fits the schema, also streamed."""
    argo = Argo()
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}, "required": ["n"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    [choice] = argo.complete(response_format=wanted).json["choices"]
    assert json.loads(choice["message"]["content"]) == {"n": 5}
    [choice] = argo.complete(text='"ü', response_format={"type": "json_object"}).json["choices"]
    assert json.loads(choice["message"]["content"]) == {"model": "GPT-4o", "you_wrote": '"ü'}
    [choice] = argo.complete(response_format={"type": "text"}).json["choices"]
    assert choice["message"]["content"].startswith("This is")


def test_forms_in_words_are_honoured() -> None:
    """A field wins over them, unless it wants no more than JSON."""
    whole = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"const": 7}}}
    for wanted, fits in [(None, ARGUMENTS), ({"type": "json_object"}, ARGUMENTS), (whole, 7)]:
        told = Argo().complete(text=IN_WORDS, response_format=wanted)
        assert json.loads(told.json["choices"][0]["message"]["content"]) == fits


@pytest.mark.parametrize(("url", "seen"), [(f"data:image/png;base64,{PIXEL}", "image/png"), ("https://x/", "address")])
def test_openai_models_see_images(url: str, seen: str) -> None:
    """Images come as data or, to OpenAI's own models, by their address."""
    image = {"type": "image_url", "image_url": {"url": url}}
    [choice] = Argo().complete(text=[{"type": "text", "text": "look"}, image]).json["choices"]
    assert seen in choice["message"]["content"]


_IMAGE = {"type": "image_url", "image_url": {"url": "https://x/"}}
_CALL = {"role": "assistant", "content": "", "tool_calls": [openai_call()]}
_TWO = {"role": "assistant", "content": "", "tool_calls": [openai_call(), openai_call("c2")]}
_RESULTS = [{"role": "tool", "tool_call_id": name, "content": "x"} for name in ("c1", "c2")]
_REF = {"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#/$defs/A"}]}}}
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("GPT-4o", {}, 404, "does not exist"),
    (GPT, {"messages": "x"}, 400, "messages"),
    (
        GPT,
        {"messages": [user("x"), {"role": "developer", "content": "x"}]},
        400,
        "messages[1].tool_calls",
    ),
    (
        GPT,
        {"messages": [{"role": "assistant", "content": None}]},
        500,
        "'NoneType' object is not iterable",
    ),
    (GPT, {"messages": [{"role": "assistant", "tool_calls": []}]}, 500, "'NoneType' object is"),
    (GPT, {"messages": [user("x"), _CALL, user("y")]}, 400, "did not have response messages: c1"),
    (GPT, {"messages": [user("x"), _RESULTS[0]]}, 400, "must be a response to"),
    (GPT, {"tools": [openai_tool(description="x" * 1025)]}, 400, "maximum length 1024"),
    (GEMINI, {"tools": [openai_tool(description="x" * 1025)]}, 400, "maximum length 1024"),
    (GPT, {"tools": [openai_tool("a b")]}, 400, "does not match pattern"),
    (GPT, {"tools": [{"type": "web_search"}]}, 400, "Invalid value: 'web_search'"),
    (GPT, {"tools": [openai_tool()], "tool_choice": "any"}, 400, "object"),
    (GPT, {"tools": [openai_tool("a")], "tool_choice": _NAMED}, 400, "'get_time' not found"),
    (GPT, {"response_format": {"type": "json_schema"}}, 400, "response_format"),
    (GPT, {"temperature": 2.1}, 400, "maximum"),
    (GPT, {"temperature": -1}, 400, "minimum"),
    ("gpt5", {"temperature": 0}, 400, "does not support 0.0 with"),
    (CLAUDE, {"temperature": 1.5}, 400, "temperature: Input should be less than or equal to 1"),
    (CLAUDE, {"temperature": 1, "top_p": 1}, 400, "cannot both be specified"),
    (CLAUDE, {"tools": [openai_tool(schema=_REF)]}, 400, "$ref"),
    (CLAUDE, {"messages": [{"role": "assistant", "content": "x"}]}, 400, "first message"),
    (CLAUDE, {"messages": [user([_IMAGE])]}, 400, "data URIs"),
    (GEMINI, {"messages": [user("x"), _TWO, *_RESULTS]}, 400, "one by one"),
    (GEMINI, {"messages": [{"role": "system", "content": "x"}]}, 400, "at least one user"),
    (GEMINI, {"tools": [openai_tool(schema=_REF)]}, 400, "$ref"),
    ("gemini35flash", {"max_tokens": 9, "max_completion_tokens": 9}, 500, "'NoneType' object is"),
]
_KINDS = {400: "BadRequestError", 404: "NotFoundError", 500: "TypeError"}


@pytest.mark.parametrize(("model", "fields", "status", "told"), REFUSED, ids=[row[3] + row[0] for row in REFUSED])
@pytest.mark.parametrize("streamed", [False, True])
def test_refuses(model: str, fields: dict[str, Any], status: int, told: str, streamed: bool) -> None:
    """What ARGO refuses, it refuses before any stream, in the recorded shape."""
    reply = Argo().complete(model, stream=streamed, **fields)
    error = reply.json["error"]
    assert reply.status == status
    assert told in error["message"]
    assert (error["type"], error["code"]) == (_KINDS[status], "internal_error")


def test_no_json_is_refused() -> None:
    """A body that is no JSON object is a 400."""
    assert Argo().ask("POST", COMPLETIONS, b"{").json["error"]["type"] == "BadRequestError"


def test_what_is_allowed_is_not_refused() -> None:
    """The neighbours of what is refused."""
    argo = Argo()
    assert argo.complete(tools=[openai_tool(schema=_REF)]).status == 200
    assert argo.complete(tools=[openai_tool(description="x" * 1024)]).status == 200
    assert argo.complete(messages=[user("x"), _TWO, *_RESULTS]).status == 200
    assert argo.complete(CLAUDE, messages=[user("x"), _TWO, *_RESULTS]).status == 200
    assert argo.complete("gpt5", temperature=1).status == 200
    assert argo.complete("gpt52", temperature=0.5, top_p=0.5).status == 200
    assert argo.complete("gemini25flash", max_tokens=9, max_completion_tokens=9).status == 200
    assert argo.complete(max_tokens=9, max_completion_tokens=9, nonsense=1).status == 200


def _embed(**fields: Any) -> Any:
    body = {"model": "v3small", "input": "a"} | fields
    return Argo().ask("POST", EMBEDDINGS, body, {"Authorization": "Bearer someone"})


@pytest.mark.parametrize(
    ("given", "count"), [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2), (["x"] * 2048, 2048)]
)
def test_embeds_every_form_of_input(given: Any, count: int) -> None:
    """Texts and token ids, one or many, in order."""
    data = _embed(model="v3large", input=given).json["data"]
    assert [row["index"] for row in data] == list(range(count))
    assert {len(row["embedding"]) for row in data} == {3072}


def test_equal_token_ids_have_equal_vectors() -> None:
    """A list of ids has one vector."""
    rows = _embed(input=[[1, 2], [1, 2], [2, 1]]).json["data"]
    assert rows[0]["embedding"] == rows[1]["embedding"] != rows[2]["embedding"]


def test_dimensions_shorten_and_renormalise() -> None:
    """The first numbers, of length one again."""
    whole = _embed().json["data"][0]["embedding"]
    short = _embed(dimensions=8).json["data"][0]["embedding"]
    assert len(short) == 8
    assert sum(number * number for number in short) == pytest.approx(1)
    assert short[0] / short[1] == pytest.approx(whole[0] / whole[1])


def test_base64_is_little_endian_floats() -> None:
    """The same vector, in four bytes a number."""
    packed = base64.b64decode(_embed(encoding_format="base64").json["data"][0]["embedding"])
    assert struct.unpack("<1536f", packed) == pytest.approx(_embed().json["data"][0]["embedding"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model": "gpt4o"}, 404),
        ({"model": "ada002", "dimensions": 8}, 400),
        ({"dimensions": 1537}, 400),
        ({"dimensions": 0}, 400),
        ({"input": []}, 400),
        ({"input": ["a", 1]}, 400),
        ({"input": ["x"] * 2049}, 400),
        ({"input": None}, 400),
    ],
)
def test_embeddings_refuse(fields: dict[str, Any], status: int) -> None:
    """Wrong models, dimensions and inputs."""
    assert _embed(**fields).status == status


def test_lists_models() -> None:
    """The rows carry both names."""
    reply = Argo().ask("GET", NATIVE_MODELS).json
    assert reply["object"] == "list"
    assert ("GPT-4o", "gpt4o") in [(row["id"], row["internal_id"]) for row in reply["data"]]


@pytest.mark.parametrize("path", [COMPLETIONS, EMBEDDINGS, "/v1/messages"])
def test_get_is_refused(path: str) -> None:
    """As on the gateway."""
    assert Argo().ask("GET", path).status == 405
