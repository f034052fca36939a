"""The gateway wire: its forms, its tools by family, and what it refuses."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from argoproxy.simulator.wires.gateway import StreamChat
from argoproxy.simulator.wires.received import Received
from tests.simulator.asking import (
    ARGUMENTS,
    CHAT,
    EMBED,
    IN_WORDS,
    MODELS,
    PIXEL,
    SCHEMA,
    STREAMCHAT,
    Argo,
    anthropic_tool,
    google_tool,
    openai_call,
    openai_tool,
    user,
)

GPT, CLAUDE, GEMINI = "gpt4o", "claudesonnet45", "gemini25pro"
TOOLS = {GPT: openai_tool, CLAUDE: anthropic_tool, GEMINI: google_tool}


@pytest.mark.parametrize("model", TOOLS)
@pytest.mark.parametrize("path", [CHAT, CHAT.rstrip("/"), STREAMCHAT, STREAMCHAT.rstrip("/")])
def test_quotes_the_user_in_both_forms(path: str, model: str) -> None:
    """C{messages} and C{system} with C{prompt} are answered alike, with and without the last slash."""
    argo = Argo()
    messages = argo.chat(model, 'say "grüße" \n twice', path)
    prompt = argo.chat(model, path=path, messages=None, system="Be kind.", prompt=['say "grüße" \n twice'])
    said = messages.json["response"] if "streamchat" not in path else messages.text
    assert said is not None
    assert 'You wrote: "say "grüße" \n twice"' in said
    assert prompt.text == messages.text


def test_streamchat_is_plain_text_in_chunks_of_whole_characters() -> None:
    """The stream is raw text, whatever the chunks."""
    reply = Argo(chunk_size=3).chat(text="żółć", path=STREAMCHAT)
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert "content-length" not in reply.headers
    assert reply.text == 'This is GPT-4o, simulated. You wrote: "żółć".'


@pytest.mark.parametrize(("accepts", "packed"), [("identity", False), ("gzip", True), (None, True), ("*", True)])
def test_streamchat_gzips_unless_identity_is_asked_for(accepts: str | None, packed: bool) -> None:
    """Only an Accept-Encoding with identity keeps the stream plain."""
    body = json.dumps({"user": "someone", "model": GPT, "messages": [user("hi")]}).encode()
    headers = {"accept-encoding": accepts} if accepts else {}
    reply = StreamChat(Argo().simulator).honest(Received("POST", STREAMCHAT, headers, body))
    data = b"".join(reply.pieces)
    assert (("Content-Encoding", "gzip") in reply.headers) is packed
    assert (data[:2] == b"\x1f\x8b") is packed
    assert b"You wrote" in (gzip.decompress(data) if packed else data)


@pytest.mark.parametrize("path", [CHAT, STREAMCHAT, EMBED])
def test_get_is_refused_as_recorded(path: str) -> None:
    """A GET on a POST resource tells so in JSON."""
    reply = Argo().ask("GET", path)
    assert (reply.status, reply.json) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize(
    ("model", "call"),
    [
        (GPT, {"type": "function", "function": {"name": "get_weather", "arguments": '{"city":"city"}'}}),
        (CLAUDE, {"type": "tool_use", "name": "get_weather", "input": ARGUMENTS}),
        (GEMINI, {"id": None, "name": "get_weather", "args": ARGUMENTS}),
    ],
)
def test_calls_come_in_the_shape_of_the_family(model: str, call: dict[str, Any]) -> None:
    """A shared word makes a call; its id aside, the family decides its shape."""
    response = Argo().chat(model, "the weather?", tools=[TOOLS[model]()]).json["response"]
    [made] = response["tool_calls"]
    assert response["content"] == ("Let me look." if model == CLAUDE else None)
    assert {key: made[key] for key in call} == call
    assert set(made) - set(call) <= {"id"}
    assert model != CLAUDE or made["id"].startswith("toolu_")


@pytest.mark.parametrize("model", TOOLS)
def test_without_a_call_the_reply_with_tools_has_text(model: str) -> None:
    """With tools the response is an object, also if nothing is called."""
    response = Argo().chat(model, "hello", tools=[TOOLS[model]()]).json["response"]
    assert response["tool_calls"] == []
    assert "hello" in response["content"]


@pytest.mark.parametrize(
    ("model", "choice", "called"),
    [
        (GPT, "auto", []),
        (GPT, "none", []),
        (GPT, "required", ["get_weather"]),
        (GPT, {"type": "function", "function": {"name": "get_time"}}, ["get_time"]),
        (CLAUDE, {"type": "auto"}, []),
        (CLAUDE, {"type": "none"}, []),
        (CLAUDE, {"type": "any"}, ["get_weather"]),
        (CLAUDE, {"type": "tool", "name": "get_time"}, ["get_time"]),
        (GEMINI, "AUTO", []),
        (GEMINI, "NONE", []),
        (GEMINI, "ANY", ["get_weather"]),
        (GEMINI, {"mode": "FUNCTION_CALLING", "allowed_function_names": ["get_time"]}, ["get_time"]),
    ],
)
def test_tool_choice_in_the_words_of_the_family(model: str, choice: Any, called: list[str]) -> None:
    """Each family's choices are honoured."""
    tools = [TOOLS[model](), TOOLS[model]("get_time")]
    calls = Argo().chat(model, "hello", tools=tools, tool_choice=choice).json["response"]["tool_calls"]
    assert [call.get("name") or call["function"]["name"] for call in calls] == called


@pytest.mark.parametrize(
    ("model", "choice"), [(GPT, "AUTO"), (CLAUDE, "auto"), (GEMINI, "auto"), (GPT, {"type": "any"}), (GEMINI, {})]
)
def test_choices_of_another_family_are_refused(model: str, choice: Any) -> None:
    """A wrong choice is a 400."""
    assert Argo().chat(model, tools=[TOOLS[model]()], tool_choice=choice).status == 400


@pytest.mark.parametrize("model", TOOLS)
@pytest.mark.parametrize("shape", TOOLS)
def test_tools_of_another_family_are_refused(model: str, shape: str) -> None:
    """The shape of the model's family is taken, all others are a 400."""
    assert Argo().chat(model, tools=[TOOLS[shape]()]).status == (200 if model == shape else 400)


def test_streamchat_never_calls() -> None:
    """Its reply has no room for calls: there is text instead."""
    reply = Argo().chat(GPT, "weather", STREAMCHAT, tools=[openai_tool()], tool_choice="required")
    assert reply.text == 'This is GPT-4o, simulated. You wrote: "weather".'


@pytest.mark.parametrize(
    ("model", "history"),
    [
        (GPT, [{"role": "assistant", "content": "", "tool_calls": [openai_call()]}]),
        (GEMINI, [{"role": "assistant", "content": "", "tool_calls": [openai_call()]}]),
        (
            CLAUDE,
            [{"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "get_weather", "input": {}}]}],
        ),
    ],
)
def test_results_are_quoted_and_nothing_more_is_called(model: str, history: list[Any]) -> None:
    """A result in the family's shape ends the calling."""
    block = {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "It rains."}]}
    result = user([block]) if model == CLAUDE else {"role": "tool", "tool_call_id": "c1", "content": "It rains."}
    messages = [user("weather?"), *history, result]
    response = Argo().chat(model, messages=messages, tools=[TOOLS[model]()]).json["response"]
    assert response["tool_calls"] == []
    assert '"It rains."' in response["content"]
    orphaned = Argo().chat(model, messages=[*messages[:-1], user("and?")])
    assert orphaned.status == 400


def test_two_words_make_two_calls() -> None:
    """Words of two tools call both, unless Claude's choice forbids it."""
    tools = [anthropic_tool(), anthropic_tool("get_time")]
    argo = Argo()
    both = argo.chat(CLAUDE, "weather and time", tools=tools).json["response"]["tool_calls"]
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    one = argo.chat(CLAUDE, "weather and time", tools=tools, tool_choice=choice).json["response"]["tool_calls"]
    assert [call["name"] for call in both] == ["get_weather", "get_time"]
    assert [call["name"] for call in one] == ["get_weather"]
    assert len({call["id"] for call in both}) == 2


_CALL = {"role": "assistant", "content": "", "tool_calls": [openai_call()]}
_TWO = {"role": "assistant", "content": "", "tool_calls": [openai_call(), openai_call("c2")]}
_RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    (GPT, {"user": None}, 500, "user is required"),
    ("GPT-4o", {}, 400, "not available"),
    ("argo:gpt-4o", {}, 400, "not available"),
    ("", {}, 400, "not available"),
    (GPT, {"messages": None}, 400, "either messages or prompt"),
    (GPT, {"stop": "x"}, 400, "stop"),
    (GPT, {"messages": [{"role": "developer", "content": "x"}]}, 400, "Unknown parameter: 'messages[0].tool_calls'"),
    (GPT, {"messages": [{"role": "nobody", "content": "x"}]}, 400, "Invalid value: 'nobody'"),
    (GPT, {"messages": [user("x"), {"role": "assistant", "content": None}]}, 500, "'NoneType' object is not iterable"),
    (GPT, {"messages": [user([{"type": "tool_result", "tool_use_id": "c1", "content": "x"}])]}, 400, "tool_result"),
    (GPT, {"messages": [user("x"), _CALL]}, 400, "did not have response messages: c1"),
    (GPT, {"messages": [user("x"), _CALL, user("y")]}, 400, "did not have response messages: c1"),
    (GPT, {"messages": [user("x"), _RESULT]}, 400, "must be a response to a preceeding message"),
    (GPT, {"messages": [user([{"type": "image_url", "image_url": {"url": "http://x/y.png"}}])]}, 400, "data URIs"),
    (GPT, {"messages": [user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,%"}}])]}, 400, "image"),
    (GPT, {"messages": [user([{"type": "image_url"}])]}, 400, "image_url"),
    (
        "gpto3mini",
        {"messages": [user([{"type": "image_url", "image_url": {"url": "x"}}])]},
        400,
        "Invalid content type",
    ),
    (CLAUDE, {"max_tokens": 21_001}, 500, "Streaming is required"),
    (CLAUDE, {"messages": [user("x"), _CALL, _RESULT]}, 400, "content blocks"),
    (CLAUDE, {"messages": [{"role": "system", "content": "x"}]}, 400, "at least one message"),
    (CLAUDE, {"messages": [{"role": "assistant", "content": "x"}]}, 400, "first message must use"),
    (CLAUDE, {"messages": [user([{"type": "tool_result", "tool_use_id": "c9", "content": "x"}])]}, 400, "unexpected"),
    (CLAUDE, {"tools": [anthropic_tool(schema={"type": "object", "properties": {"a": {"$ref": "#"}}})]}, 400, "$ref"),
    (GEMINI, {"messages": [{"role": "system", "content": "x"}]}, 400, "at least one user content"),
    (GEMINI, {"system": [{"type": "text", "text": "x"}]}, 400, "system_instruction"),
    (
        GEMINI,
        {"messages": [{"role": "system", "content": [{"type": "text", "text": "x"}]}, user("x")]},
        400,
        "system_instruction",
    ),
    (GEMINI, {"messages": [user("x"), _TWO, _RESULT, {**_RESULT, "tool_call_id": "c2"}]}, 400, "one by one"),
    (GEMINI, {"messages": [user("x"), _CALL]}, 400, "number of function response parts"),
    (GEMINI, {"messages": [user("x"), _CALL, _RESULT, _RESULT]}, 400, "number of function response parts"),
    (GEMINI, {"tools": [google_tool(schema={**SCHEMA, "additionalProperties": False})]}, 400, "additionalProperties"),
]


@pytest.mark.parametrize(("model", "fields", "status", "told"), REFUSED, ids=[row[3] + row[0] for row in REFUSED])
def test_refuses(model: str, fields: dict[str, Any], status: int, told: str) -> None:
    """What ARGO refuses, it refuses, as C{{"error": "text"}}."""
    reply = Argo().chat(model, **fields)
    assert reply.status == status
    assert told in reply.json["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"user": "\xff"}'])
def test_no_json_is_refused(body: bytes) -> None:
    """A body that is no JSON object is a 400 on each call."""
    for path in (CHAT, STREAMCHAT, EMBED):
        assert Argo().ask("POST", path, body).status == 400


def test_what_is_allowed_is_not_refused() -> None:
    """The neighbours of what is refused, and fields that nobody knows."""
    argo = Argo()
    calls = [user("x"), _CALL, _RESULT, {**_CALL, "tool_calls": [openai_call("c2")]}, {**_RESULT, "tool_call_id": "c2"}]
    assert argo.chat(CLAUDE, max_tokens=21_000).status == 200
    assert argo.chat(CLAUDE, path=STREAMCHAT, max_tokens=64_000).status == 200
    assert argo.chat(GEMINI, messages=calls).status == 200
    assert argo.chat(GEMINI, system="x").status == 200
    assert (
        argo.chat(GPT, max_tokens=5, max_completion_tokens=5, temperature=2, top_p=1, seed=1, nonsense={}).status == 200
    )
    assert argo.chat(CLAUDE, messages=[{"role": "system", "content": "x"}, user("x")]).status == 200


@pytest.mark.parametrize("model", TOOLS)
def test_sees_images(model: str) -> None:
    """An image as a data URI is seen, with its type and its size."""
    parts = [
        {"type": "text", "text": "what is it"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    assert "I see an image (image/png, 8 bytes)." in Argo().chat(model, parts).json["response"]


@pytest.mark.parametrize("path", [CHAT, STREAMCHAT])
@pytest.mark.parametrize("name", ["unregistered", "sk-Abc", "someone@example.org"])
def test_a_user_whom_nobody_knows_gets_the_notice_under_200(path: str, name: str) -> None:
    """The notice comes as a normal reply, uncut."""
    reply = Argo().chat(GPT, path=path, user=name, max_tokens=1)
    assert reply.status == 200
    assert "IMPORTANT AUTHENTICATION NOTICE FROM ARGO" in (reply.text or "")


def test_cuts_at_limits_and_stops() -> None:
    """A token is a word with the space before it; a stop string is left out."""
    argo = Argo()
    assert argo.chat(max_tokens=3).json["response"] == "This is GPT-4o,"
    assert argo.chat(max_completion_tokens=2, max_tokens=9).json["response"] == "This is"
    assert argo.chat(stop=["never", " simulated"]).json["response"] == "This is GPT-4o,"


@pytest.mark.parametrize(("model", "length"), [("ada002", 1536), ("v3small", 1536), ("v3large", 3072)])
def test_embeds(model: str, length: int) -> None:
    """Unit vectors of the model's length; equal texts have equal ones."""
    reply = Argo().ask("POST", EMBED, {"user": "someone", "model": model, "prompt": ["a", "b", "a"]})
    first, second, third = reply.json["embedding"]
    assert first == third != second
    assert [len(first), len(second)] == [length, length]
    assert sum(number * number for number in first) == pytest.approx(1)


@pytest.mark.parametrize(
    ("fields", "status"), [({"model": "gpt4o"}, 400), ({"prompt": "a"}, 400), ({"user": ""}, 500), ({}, 200)]
)
def test_embed_refuses(fields: dict[str, Any], status: int) -> None:
    """Wrong models and prompts are a 400, a missing user a 500."""
    body = {"user": "someone", "model": "v3small", "prompt": ["a"]} | fields
    assert Argo().ask("POST", EMBED, body).status == status


def test_lists_chat_models() -> None:
    """Rows of the newer kind, chat models only."""
    rows = Argo().ask("GET", MODELS).json["data"]
    assert {"id", "internal_id", "object", "created", "owned_by"} == set(rows[0])
    assert "gpt4o" in [row["internal_id"] for row in rows]
    assert "v3small" not in [row["internal_id"] for row in rows]


def test_a_family_that_nobody_knows_is_prompted_for_calls() -> None:
    """Native tools are refused there; tools described in the system prompt are called in the text."""
    argo = Argo()
    argo.simulator.set_models([{"id": "Llama 4", "internal_id": "llama4"}])
    assert argo.chat("llama4", tools=[openai_tool()]).status == 400
    described = json.dumps([openai_tool(), openai_tool("get_time")])
    system = f"Call tools with <tool_call>{{...}}</tool_call>. Tools: {described}"
    reply = argo.chat("llama4", "weather", system=system).json["response"]
    assert reply == '<tool_call>{"name": "get_weather", "arguments": {"city": "city"}}</tool_call>'
    assert argo.chat("llama4", "weather", system="No tools.").json["response"].startswith("This is Llama 4")


def test_results_in_words_are_answered_in_families_without_tools() -> None:
    """Their tags hold the tool's name, which alone would make the model call it again."""
    argo = Argo()
    argo.simulator.set_models([{"id": "Llama 4", "internal_id": "llama4"}])
    described = json.dumps({"name": "get_weather", "parameters": SCHEMA})
    messages = [
        {"role": "system", "content": f"Call tools with <tool_call>{{...}}</tool_call>. Tools: {described}"},
        user('<tool_response>{"name": "get_weather", "content": "Sunny"}</tool_response>'),
    ]
    reply = argo.chat("llama4", messages=messages).json["response"]
    assert 'The tool said: "{"name": "get_weather", "content": "Sunny"}"' in reply


def test_calls_come_before_forms_in_words() -> None:
    """A tool that is meant is called; what is said without a call, and to a result, has the form."""
    argo = Argo()
    said = argo.chat(text=IN_WORDS, tools=[openai_tool()]).json["response"]
    assert json.loads(said["content"]) == ARGUMENTS
    meant = argo.chat(text=f"The weather! {IN_WORDS}", tools=[openai_tool()]).json["response"]
    assert [call["function"]["name"] for call in meant["tool_calls"]] == ["get_weather"]
    history = [
        user(f"The weather! {IN_WORDS}"),
        {"role": "assistant", "content": "", "tool_calls": [openai_call()]},
        {"role": "tool", "tool_call_id": "c1", "content": "Sunny."},
    ]
    after = argo.chat(messages=history, tools=[openai_tool()]).json["response"]
    assert json.loads(after["content"]) == ARGUMENTS


def test_families_without_tools_call_before_they_fill_forms() -> None:
    """A tool and a form may both be in the prompt."""
    argo = Argo()
    argo.simulator.set_models([{"id": "Llama 4", "internal_id": "llama4"}])
    described = json.dumps({"name": "get_weather", "parameters": SCHEMA})
    system = f"Call tools with <tool_call>{{...}}</tool_call>. Tools: {described}\n{IN_WORDS}"
    assert argo.chat("llama4", "weather", system=system).json["response"].startswith("<tool_call>")
    assert json.loads(argo.chat("llama4", "hello", system=system).json["response"]) == ARGUMENTS
