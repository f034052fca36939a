"""
What Codex sends is understood, and what it hears is what it waits for.

The shapes are those of its sources: C{ResponsesApiRequest}, C{ResponseItem}, C{ToolSpec}, and what its C{process_sse}
reads of a stream.
"""

from __future__ import annotations

import json
from typing import Any

from argoproxy.conversation import (
    Event,
    Failed,
    Finished,
    Message,
    OutputShape,
    Reasoning,
    ReasoningDelta,
    RouteCall,
    Started,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolCallArguments,
    ToolCallBegun,
    ToolResult,
    Usage,
    Used,
)
from argoproxy.dialects.openai_responses import OpenAIResponses
from argoproxy.dialects.responses_replies import ResponsesRequest
from argoproxy.errors import UpstreamFault
from tests.dialects.playing import play, rendering

DIALECT = OpenAIResponses()
SHELL = {
    "type": "function",
    "name": "exec_command",
    "description": "Runs a command.",
    "strict": False,
    "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]},
}
APPLY_PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edit files. This is a FREEFORM tool, so do not wrap the patch in JSON.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin_patch hunk+ end_patch"},
}
FILES = {"type": "namespace", "name": "mcp__files", "description": "Files", "tools": [{**SHELL, "name": "read"}]}
PATCH = "*** Begin Patch\n*** End Patch\n"


def said(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


HISTORY: list[dict[str, Any]] = [
    said("developer", "Permissions."),
    said("user", "<environment_context/>"),
    said("user", "Fix it."),
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "seal"},
    {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"ls"}', "call_id": "c1"},
    {"type": "function_call", "name": "read", "namespace": "mcp__files", "arguments": "{}", "call_id": "c2"},
    {"type": "function_call_output", "call_id": "c1", "output": "a.py"},
    {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "x = 1"}]},
    {"type": "custom_tool_call", "status": "completed", "call_id": "c3", "name": "apply_patch", "input": PATCH},
    {"type": "custom_tool_call_output", "call_id": "c3", "output": "Done."},
    {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}},
    {**said("assistant", "Fixed."), "phase": "final_answer"},
    said("user", "Thanks. Now describe it."),
]
REQUEST: dict[str, Any] = {
    "model": "gpt-5",
    "instructions": "You are Codex.",
    "input": HISTORY,
    "tools": [SHELL, APPLY_PATCH, {"type": "web_search", "external_web_access": False}, FILES],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199a213-81c0-7800-8aa1-bbab2a035a53",
    "text": {"verbosity": "medium"},
    "client_metadata": {"x-codex-installation-id": "1"},
}


def parse(**fields: Any) -> ResponsesRequest:
    return DIALECT.parse(json.dumps({**REQUEST, **fields}).encode(), RouteCall())


def heard(*events: Event) -> list[dict[str, Any]]:
    """The events of a stream."""
    stream = play(DIALECT, REQUEST, [Started(), *events, Used(Usage(5, 3))]).decode()
    return [json.loads(frame.partition("data: ")[2]) for frame in stream.split("\n\n") if frame]


def test_a_request_is_understood_whole_but_for_the_hosted_tools() -> None:
    request = parse()
    assert [tool.name for tool in request.tools] == ["exec_command", "apply_patch", "mcp__files__read"]
    assert list(request.extras) == ["tools[2]", "input[10]"]
    assert request.thinking == Thinking("adaptive", "medium", shown=True)
    assert (request.stream, request.parallel_tool_calls, request.shape) == (True, True, None)


def test_the_history_is_turns_with_calls_and_their_results() -> None:
    assert parse().messages[4:] == (
        Message(
            "assistant",
            (
                Reasoning("Hm.", "seal"),
                ToolCall("c1", "exec_command", '{"cmd":"ls"}'),
                ToolCall("c2", "mcp__files__read", "{}"),
            ),
        ),
        Message("tool", (ToolResult("c1", (Text("a.py"),)),)),
        Message("tool", (ToolResult("c2", (Text("x = 1"),)),)),
        Message("assistant", (ToolCall("c3", "apply_patch", PATCH),)),
        Message("tool", (ToolResult("c3", (Text("Done."),)),)),
        Message("assistant", (Text("Fixed."),)),
        Message("user", (Text("Thanks. Now describe it."),)),
    )


def test_a_schema_for_the_last_answer_is_one() -> None:
    wanted = {"type": "json_schema", "strict": True, "schema": {"type": "object"}, "name": "codex_output_schema"}
    shape = parse(text={"verbosity": "low", "format": wanted}).shape
    assert isinstance(shape, OutputShape)
    assert (shape.name, shape.strict) == ("codex_output_schema", True)


def test_items_come_whole_when_they_are_done_and_the_end_has_id_and_usage() -> None:
    stream = heard(
        ReasoningDelta("Hm.", signature="seal"),
        TextDelta("I'll patch."),
        ToolCallBegun("c1", "apply_patch"),
        ToolCallArguments(PATCH),
        ToolCallBegun("c2", "mcp__files__read", 1),
        ToolCallArguments("{}", 1),
        Finished("tool_calls"),
    )
    assert stream[0]["type"] == "response.created"
    reasoning, message, patch, read = [
        event["item"] for event in stream if event["type"] == "response.output_item.done"
    ]
    assert (reasoning["summary"], reasoning["encrypted_content"]) == ([{"type": "summary_text", "text": "Hm."}], "seal")
    assert message["content"][0]["text"] == "I'll patch."
    assert (patch["type"], patch["call_id"], patch["name"], patch["input"]) == (
        "custom_tool_call", "c1", "apply_patch", PATCH,
    )  # fmt: skip
    assert (read["type"], read["namespace"], read["name"], read["arguments"]) == (
        "function_call", "mcp__files", "read", "{}",
    )  # fmt: skip
    assert stream[-1]["type"] == "response.completed"
    assert stream[-1]["response"]["id"]
    usage = stream[-1]["response"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (5, 3, 8)


def test_what_it_hears_can_be_sent_back() -> None:
    stream = heard(ToolCallBegun("c1", "apply_patch"), ToolCallArguments(PATCH), Finished("tool_calls"))
    items = [event["item"] for event in stream if event["type"] == "response.output_item.done"]
    assert parse(input=[*HISTORY, *items]).messages[-1] == Message("assistant", (ToolCall("c1", "apply_patch", PATCH),))


def test_a_failure_comes_as_its_own_event_with_a_code() -> None:
    renderer = rendering(DIALECT, REQUEST)
    renderer.render(Started())
    last = renderer.render(Failed(UpstreamFault(400, "Too long.", code="context_length_exceeded")))
    body = json.loads(last.partition(b"data: ")[2])
    assert (body["type"], body["response"]["error"]["code"]) == ("response.failed", "context_length_exceeded")
