"""What of a client's own Messages request reaches ARGO: all of it, but for what ARGO refuses."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from argoproxy.catalogue.table import table
from argoproxy.conversation import DirectRequest, Message, Text
from argoproxy.errors import ClientFault
from argoproxy.wire.json import split

from .claude import MODELS, NATIVE, SONNET, parsed, relay
from .wire import model, send

USER = '{"role":"user","content":"Hi"}'
CALL = '{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"x": 1.0},"caller":{}}]}'
RESULT = '{"type":"tool_result","tool_use_id":"a","content":"Rain","cache_control":{"type":"ephemeral"}}'
ANSWER = f'{{"role":"user","content":[{RESULT}]}}'
FORMAT = {"format": {"type": "json_schema", "schema": {"type": "object"}}}


def _body(name: str = SONNET, **fields: Any) -> Any:
    """What ARGO gets, and takes."""
    call = relay(parsed(**fields), name)
    assert send(call).status == 200, send(call).text
    return json.loads(call.body)


def _messages(*messages: str, system: str = "") -> tuple[str, str]:
    """The system prompt and the messages that ARGO gets, and takes, as they stand in the body."""
    lead = f'"system":{system},' if system else ""
    body = f'{{"model":"x","max_tokens":64,{lead}"messages":[{",".join(messages)}]}}'
    call = relay(parsed(body.encode()))
    assert send(call).status == 200, send(call).text
    fields = split(call.body)
    return bytes(fields.get("system", b"")).decode(), bytes(fields["messages"]).decode()


def test_every_field_goes_on_byte_for_byte_but_for_the_model_and_the_user() -> None:
    body = (
        b'{"model":"claude-x","user":"mallory","max_tokens":64,"stream":false,"timeout":5,"temperature":0.70,'
        b'"metadata":{"user_id":"u"},"cache_control":{"type":"ephemeral"},"context_management":{"edits":[1.50]},'
        b'"stop_sequences":["\\u0041"],"service_tier":"auto","system":[{"type":"text","text":"S","cache_control":null}],'
        b'"messages":[ {"role":"user", "content":[{"type":"text","text":"\\u0048i","citations":[]}],"x":1} ]}'
    )
    call = relay(parsed(body))
    assert call.body == (
        body.replace(b"claude-x", b"claudesonnet45").replace(b"mallory", b"someone").replace(b'"timeout":5,', b"")
    )
    assert (call.url, call.reply, call.accept) == ("http://argo/v1/messages", "whole", "application/json")
    assert (call.dropped, call.adjusted) == ((), ())
    assert send(call).status == 200


def test_the_user_is_told_where_the_client_told_none() -> None:
    assert _body()["user"] == "someone"


def test_headers_of_this_language_go_along() -> None:
    given = {"anthropic-version": "2024-01-01", "anthropic-beta": "a,b"}
    assert relay(parsed(headers=given)).headers == {"x-api-key": "someone"} | given
    assert relay(parsed()).headers == {"x-api-key": "someone", "anthropic-version": "2023-06-01"}


def test_a_stream_is_relayed_whatever_its_length() -> None:
    call = relay(parsed(stream=True, max_tokens=64_000))
    assert (call.reply, call.accept, json.loads(call.body)["max_tokens"]) == ("stream", "text/event-stream", 64_000)


@pytest.mark.parametrize(("limit", "reply"), [(21_333, "whole"), (21_334, "stream"), (10**6, "stream")])
def test_a_long_reply_is_asked_for_as_a_stream_with_the_clients_own_fields(limit: int, reply: str) -> None:
    marked = [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]
    messages = [{"role": "user", "content": marked}]
    call = relay(parsed(stream=False, max_tokens=limit, messages=messages, context_management={}))
    body = json.loads(call.body)
    assert (call.reply, body["stream"]) == (reply, reply == "stream")
    assert (body["messages"][0]["content"], body["context_management"]) == (marked, {})
    assert send(call).status == 200


def test_what_can_not_go_through_is_translated() -> None:
    """A request that has nothing of the client's."""
    assert NATIVE.relays(parsed(output_config=FORMAT), model(SONNET))
    assert not NATIVE.relays(msgspec.structs.replace(parsed(), raw={}), model(SONNET))


WORDS = Message("system", (Text("Reply in JSON."),))
MARKED = {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}
KEPT: list[tuple[Any, list[Any]]] = [
    (None, []),
    ("Be kind.", [{"type": "text", "text": "Be kind."}]),
    ([MARKED], [MARKED]),
]


@pytest.mark.parametrize(("system", "kept"), KEPT)
def test_another_conversation_goes_on_with_what_is_the_clients_in_its_own_bytes(system: Any, kept: list[Any]) -> None:
    said = '{"role":"user", "content":[{"type":"text","text":"\\u0048i","x":1},{"type":"document","source":{"a":1.0}}]}'
    fields = {"system": system, "messages": "SAID", "container": "c", "output_config": FORMAT}
    told = {name: value for name, value in fields.items() if value is not None}
    body = json.dumps({"model": "claude-x", "max_tokens": 64, **told}).replace('"SAID"', f"[{said}]").encode()
    request = parsed(body)
    before = request.messages
    turns = (Message("assistant", (Text("No."),)), Message("user", (Text("Again."),)))
    systems = [message for message in before if message.role == "system"]
    conversation = [*systems, WORDS, *before[len(systems) :], *turns]
    sent = NATIVE.reworded(request, conversation, model(SONNET), "someone").body
    got = json.loads(sent)
    assert got["system"] == [*kept, {"type": "text", "text": "Reply in JSON."}]
    assert bytes(split(sent)["messages"]).startswith(f"[{said},".encode())
    assert [message["role"] for message in got["messages"]] == ["user", "assistant", "user"]
    assert (got["container"], "output_config" in got) == ("c", False)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"output_config": {**FORMAT, "effort": "low", "x": None}}, {"effort": "low", "x": None}),
        ({"output_config": {"effort": "low"}, "output_format": FORMAT["format"]}, {"effort": "low"}),
        ({"output_format": FORMAT["format"]}, None),
    ],
)
def test_and_without_the_shape_that_it_asked_for(fields: dict[str, Any], left: Any) -> None:
    request = parsed(**fields)
    got = json.loads(NATIVE.reworded(request, request.messages, model("claudeopus47"), "someone").body)
    assert got.get("output_config") == left
    assert "output_format" not in got


SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    (SONNET, {"temperature": 0.5}, {"temperature": 0.5}, ()),
    (SONNET, {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}, ("top_p",)),
    ("claudeopus41", {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5, "top_p": 0.5}, ()),
    ("claudeopus47", {"temperature": 0.5, "top_p": 0.5, "top_k": 5}, {"top_k": 5}, ("temperature", "top_p")),
    (SONNET, {"max_tokens": 10**6, "stream": True}, {"max_tokens": 64_000, "stream": True}, ("max_tokens",)),
    (SONNET, {"temperature": None, "tools": []}, {"temperature": None, "tools": []}, ()),
]


@pytest.mark.parametrize(("name", "fields", "kept", "adjusted"), SETTINGS)
def test_settings_that_are_refused_are_left_out_or_lowered(
    name: str, fields: Any, kept: Any, adjusted: tuple[str, ...]
) -> None:
    asked = parsed(**fields)
    body = _body(name, **fields)
    assert {key: body[key] for key in body if key not in ("model", "user", "messages")} == {"max_tokens": 64} | kept
    assert relay(asked, name).adjusted == adjusted


ENABLED = {"type": "enabled", "budget_tokens": 2000}
ADAPTIVE = {"type": "adaptive"}
LOW, MINIMAL, MAX = ({"effort": one} for one in ("low", "minimal", "max"))
# The model, what is asked for, and what must come of it; max_tokens is 4,096.
THINKING: list[tuple[str, Any, Any, Any, Any]] = [
    ("claudeopus47", ADAPTIVE, None, ADAPTIVE, None),
    ("claudeopus47", ADAPTIVE, LOW, ADAPTIVE, LOW),
    ("claudeopus47", ENABLED, None, ADAPTIVE, {"effort": "medium"}),
    ("claudeopus47", ENABLED, MAX, ADAPTIVE, MAX),
    ("claudeopus47", None, MINIMAL, ADAPTIVE, LOW),
    ("claudeopus47", {"type": "between_tools"}, None, ADAPTIVE, None),
    ("claudeopus47", {"type": "between_tools"}, LOW, ADAPTIVE, LOW),
    ("claudeopus47", {"type": "disabled"}, LOW, {"type": "disabled"}, LOW),
    ("claudeopus47", None, {"effort": "none"}, {"type": "disabled"}, None),
    ("claudeopus46", ENABLED, LOW, ENABLED, LOW),
    ("claudeopus46", None, {"effort": "none"}, None, {"effort": "none"}),
    ("claudeopus46", {**ADAPTIVE, "budget_tokens": 1000}, None, ADAPTIVE, MINIMAL),
    ("claudeopus46", {**ADAPTIVE, "display": "omitted"}, LOW, {**ADAPTIVE, "display": "omitted"}, LOW),
    ("claudesonnet45", None, LOW, None, LOW),
    ("claudesonnet45", ENABLED, LOW, ENABLED, LOW),
    ("claudesonnet45", ADAPTIVE, LOW, {"type": "enabled", "budget_tokens": 1024}, None),
    ("claudesonnet45", ADAPTIVE, None, {"type": "enabled", "budget_tokens": 3276}, None),
    ("claudesonnet45", {**ENABLED, "budget_tokens": 9000}, LOW, {"type": "enabled", "budget_tokens": 3276}, LOW),
    ("claudesonnet45", {**ENABLED, "budget_tokens": 10}, None, {"type": "enabled", "budget_tokens": 1024}, None),
    ("claudesonnet45", {"type": "disabled"}, None, {"type": "disabled"}, None),
]


@pytest.mark.parametrize(("name", "thinking", "config", "kept", "kept_config"), THINKING)
def test_thinking_is_left_alone_where_the_model_takes_it(
    name: str, thinking: Any, config: Any, kept: Any, kept_config: Any
) -> None:
    asked: dict[str, Any] = {"max_tokens": 4096}
    asked |= {"thinking": thinking} if thinking else {}
    asked |= {"output_config": config} if config else {}
    body = _body(name, **asked)
    assert (body.get("thinking"), body.get("output_config")) == (kept, kept_config)
    same = (thinking, config) == (kept, kept_config)
    assert ("thinking" in relay(parsed(**asked), name).adjusted) is not same


def test_other_fields_of_the_output_config_stay() -> None:
    config = {"effort": "minimal", "task_budget": {"type": "tokens", "total": 5}}
    body = _body("claudeopus47", output_config=config)
    assert body["output_config"] == {"effort": "low", "task_budget": {"type": "tokens", "total": 5}}


@pytest.mark.parametrize("name", MODELS)
def test_an_effort_alone_does_not_bar_a_temperature(name: str) -> None:
    body = _body(name, output_config={"effort": "high"}, temperature=0.5)
    assert body["output_config"] == {"effort": "high"}
    assert ("temperature" in body) is (name != "claudeopus47")
    assert "thinking" not in body


def test_nothing_but_one_is_a_temperature_beside_thinking() -> None:
    asked = {"thinking": ENABLED, "max_tokens": 4096, "top_k": 5}
    assert "temperature" not in _body(SONNET, temperature=0.5, **asked)
    assert _body(SONNET, temperature=1, **asked)["temperature"] == 1
    assert "top_k" not in _body(SONNET, **asked)


def test_a_forced_call_is_made_without_thinking() -> None:
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    body = _body(SONNET, thinking=ENABLED, max_tokens=4096, tools=tools, tool_choice={"type": "any"})
    assert "thinking" not in body
    assert body["tool_choice"] == {"type": "any"}


def test_tools_stay_but_for_schemas_that_are_refused() -> None:
    good = {"name": "f", "input_schema": {"type": "object"}, "strict": True, "cache_control": {"type": "ephemeral"}}
    bad = {
        "type": "custom",
        "name": "g",
        "input_schema": {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": "string"}},
        },
        "input_examples": [{"x": "y"}],
    }
    body = _body(SONNET, tools=[good, bad])
    mended = {"type": "object", "properties": {"x": {"type": "string"}}}
    assert body["tools"] == [good, {**bad, "input_schema": mended}]
    assert relay(parsed(tools=[good, bad])).adjusted == ("schema",)


def test_tools_that_anthropic_knows_go_on_as_they_are() -> None:
    """Whether ARGO has them is its to say."""
    hosted = {"type": "bash_20250124", "name": "bash"}
    bad = {"name": "g", "input_schema": {"type": "object", "anyOf": []}}
    call = relay(parsed(tools=[hosted, bad, hosted], tool_choice={"type": "tool", "name": "bash"}))
    body = json.loads(call.body)
    assert [tool.get("type") for tool in body["tools"]] == ["bash_20250124", None, "bash_20250124"]
    assert body["tools"][1]["input_schema"] == {"type": "object"}
    assert body["tool_choice"] == {"type": "tool", "name": "bash"}
    assert call.dropped == ()


TEXT = '{"type":"text","text":"\\u0061","cache_control":{"type":"ephemeral"}}'
EMPTY = '{"type":"text","text":"","cache_control":{"type":"ephemeral"}}'
THOUGHT = '{"type":"thinking","thinking":"t","signature":"s","x":1}'
NO_THOUGHT = '{"type":"thinking","thinking":"","signature":"s"}'
UNSEALED = '{"type":"thinking","thinking":"t","signature":""}'
REDACTED = '{"type":"redacted_thinking","data":"d"}'
PDF = '{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="},"title":"t"}'
SEARCH = '{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}}'
FOUND = '{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result"}]}'
UPLOAD = '{"type":"container_upload","file_id":"f"}'
NEW = '{"type":"tomorrow","x":[1.50]}'
CALL_MARKED = '{"type":"tool_use","id":"%s","name":"f","input":{},"cache_control":{"type":"ephemeral"}}'
RESULT_WITH_PDF = f'{{"type":"tool_result","tool_use_id":"%s","content":[{PDF}],"cache_control":{{"ttl":"1h"}}}}'
BROKEN = (
    '{"type":"tool_result","tool_use_id":"a","content":"The tool call was interrupted before it gave a result.",'
    '"is_error":true}'
)
BEGIN = '{"role":"user","content":[{"type":"text","text":"Begin."}]}'


def _said(role: str, *blocks: str) -> str:
    return f'{{"role":"{role}","content":[{",".join(blocks)}]}}'


def _call(name: str) -> str:
    return f'{{"type":"tool_use","id":"{name}","name":"f","input":{{}}}}'


def _result(name: str) -> str:
    return f'{{"type":"tool_result","tool_use_id":"{name}","content":"ok"}}'


# Histories, and what becomes of them.
HISTORIES: dict[str, tuple[list[str], list[str] | None]] = {
    "what is right stays": ([_said("user", TEXT), _said("assistant", THOUGHT, TEXT), USER], None),
    "so does the user who speaks twice": ([USER, _said("user", TEXT), _said("assistant", TEXT), USER], None),
    "calls with results": ([USER, CALL, ANSWER, _said("assistant", TEXT), _said("user", TEXT)], None),
    "results before words": ([USER, CALL, _said("user", RESULT, TEXT)], None),
    "words before results": ([USER, CALL, _said("user", TEXT, RESULT)], [USER, CALL, _said("user", RESULT, TEXT)]),
    "empty text": (
        [_said("user", EMPTY, TEXT), _said("assistant", TEXT)],
        [_said("user", TEXT), _said("assistant", TEXT)],
    ),
    "empty text behind results": (
        [USER, CALL, _said("user", RESULT, EMPTY, TEXT), USER],
        [USER, CALL, _said("user", RESULT, TEXT), USER],
    ),
    "nothing but empty text": ([USER, _said("assistant", EMPTY), _said("user", TEXT)], [USER, _said("user", TEXT)]),
    "an empty string": ([USER, '{"role":"assistant","content":""}', _said("user", TEXT)], [USER, _said("user", TEXT)]),
    "no blocks at all": ([USER, _said("assistant"), _said("user", TEXT)], [USER, _said("user", TEXT)]),
    "thoughts that are not taken back": (
        [USER, _said("assistant", NO_THOUGHT, REDACTED, UNSEALED, THOUGHT, TEXT), _said("user", TEXT)],
        [USER, _said("assistant", THOUGHT, TEXT), _said("user", TEXT)],
    ),
    "a call without a result": (
        [USER, CALL, _said("user", TEXT), USER],
        [USER, CALL, _said("user", BROKEN), _said("user", TEXT), USER],
    ),
    "a call at the end": ([USER, CALL], [USER, CALL, _said("user", BROKEN)]),
    "a result that comes late": (
        [USER, CALL, _said("user", TEXT), ANSWER],
        [USER, CALL, ANSWER, _said("user", TEXT)],
    ),
    "results in two messages": (
        [
            USER,
            _said("assistant", _call("a"), _call("b")),
            _said("user", RESULT),
            _said("user", _result("b"), TEXT),
            USER,
        ],
        [USER, _said("assistant", _call("a"), _call("b")), _said("user", RESULT, _result("b"), TEXT), USER],
    ),
    "half of the results": (
        [USER, _said("assistant", _call("b"), _call("a")), _said("user", _result("b"), TEXT), USER],
        [USER, _said("assistant", _call("b"), _call("a")), _said("user", _result("b"), BROKEN, TEXT), USER],
    ),
    "the assistant begins": ([_said("assistant", TEXT), USER], [BEGIN, _said("assistant", TEXT), USER]),
    "another provider's seal": (
        [USER, _said("assistant", '{"type":"tool_use","id":"a","name":"f","input":{},"signature":"s"}'), ANSWER],
        [USER, _said("assistant", _call("a")), ANSWER],
    ),
    "ids that do not fit": (
        [USER, _said("assistant", THOUGHT, _call("f.x:0")), _said("user", _result("f.x:0"), TEXT)],
        [USER, _said("assistant", THOUGHT, _call("call_1")), _said("user", _result("call_1"), TEXT)],
    ),
    "what is not known beside ids that do not fit": (
        [USER, _said("assistant", CALL_MARKED % "f.x:0"), _said("user", RESULT_WITH_PDF % "f.x:0")],
        [USER, _said("assistant", CALL_MARKED % "call_1"), _said("user", RESULT_WITH_PDF % "call_1")],
    ),
    "what nobody here knows": (
        [_said("user", PDF, TEXT), _said("assistant", SEARCH, FOUND, TEXT, NEW), _said("user", UPLOAD, NEW)],
        None,
    ),
    "what nobody here knows beside what must change": (
        [_said("user", EMPTY, PDF), _said("assistant", SEARCH, FOUND, REDACTED), CALL, _said("user", TEXT, RESULT)],
        [_said("user", PDF), _said("assistant", SEARCH, FOUND), CALL, _said("user", RESULT, TEXT)],
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_histories_are_changed_only_where_they_must(name: str) -> None:
    before, after = HISTORIES[name]
    _, told = _messages(*before)
    assert told == f"[{','.join(before if after is None else after)}]"


SYSTEMS: list[tuple[str, list[str], str, list[str]]] = [
    ('"S"', [USER], '"S"', [USER]),
    (f"[{TEXT}]", [USER], f"[{TEXT}]", [USER]),
    (f"[{TEXT}]", [USER, CALL, _said("user", TEXT, RESULT)], f"[{TEXT}]", [USER, CALL, _said("user", RESULT, TEXT)]),
    (f"[{EMPTY},{TEXT}]", [USER], f"[{TEXT}]", [USER]),
    (f"[{EMPTY}]", [USER], "", [USER]),
    ("", [USER, '{"role":"system","content":"\\u0053"}'], '[{"type":"text","text":"\\u0053"}]', [USER]),
    ('"S"', [USER, _said("system", TEXT)], f'[{{"type":"text","text":"S"}},{TEXT}]', [USER]),
    ("null", [USER, _said("assistant", EMPTY)], "", [USER]),
    ('""', [_said("system", TEXT)], f"[{TEXT}]", [BEGIN]),
]


def test_what_only_this_proxy_put_into_a_reply_does_not_go_back() -> None:
    """L{argoproxy.upstreams.anthropic_whole}: also where the history must change for another reason."""
    block = '{"type":"text","text":"Hi","citations":null}'
    said = f'{{"role":"assistant","content":[{block}]}}'
    plain = said.replace(',"citations":null', "")
    assert _messages(USER, said, USER) == ("", f"[{USER},{plain},{USER}]")
    late = '{"role":"system","content":"S"}'
    assert _messages(USER, said, late, USER)[1] == f"[{USER},{plain},{USER}]"


@pytest.mark.parametrize(("system", "messages", "kept", "told"), SYSTEMS)
def test_system_prompts_stay_and_late_ones_go_behind_them(
    system: str, messages: list[str], kept: str, told: list[str]
) -> None:
    found = _messages(*messages, system=system)
    assert found[1] == f"[{','.join(told)}]"
    assert found[0] == kept


def test_a_turn_whose_thought_can_not_go_back_goes_on_without_thinking() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [json.loads(REDACTED), json.loads(_call("a"))]},
        {"role": "user", "content": [json.loads(_result("a"))]},
    ]
    body = _body(SONNET, messages=messages, thinking=ENABLED, max_tokens=4096)
    assert "thinking" not in body
    messages[1]["content"] = [json.loads(THOUGHT), json.loads(_call("a"))]
    assert _body(SONNET, messages=messages, thinking=ENABLED, max_tokens=4096)["thinking"] == ENABLED


def test_what_is_adjusted_is_told() -> None:
    messages = [{"role": "assistant", "content": [json.loads(EMPTY), json.loads(REDACTED), json.loads(TEXT)]}]
    asked = parsed(messages=messages, temperature=0.5, top_p=0.5)
    assert relay(asked).adjusted == ("thinking", "content", "user-message", "top_p")


def test_the_table_has_all_of_these_models() -> None:
    """A model that the table doesn't know by name would take anything here."""
    assert set(MODELS) <= {known.id for known in table().chat}


def test_nothing_but_conversations_is_relayed() -> None:
    with pytest.raises(ClientFault):
        NATIVE.relay(DirectRequest(model="x", resource="chat", fields={}), model(SONNET), "someone")
