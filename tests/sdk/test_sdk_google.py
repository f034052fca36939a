"""Google's SDK uses its API through the proxy, over real sockets."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel

from tests.matrix.asks import PIXEL
from tests.running import Argo, Running
from tests.sdk.clients import KEY, google, says

pytest_plugins = ["tests.services"]

MODEL = "gemini-2.5-pro"
REPLY = says(MODEL, "Hello there")
THOUGHT = "The user wrote something, and I think about what to answer to it."


@pytest.fixture(scope="module")
def native(native_proxy: Running) -> Iterator[genai.Client]:
    """The SDK where the models are on ARGO's native wires."""
    with google(native_proxy) as client:
        yield client


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


def read_clock(city: str) -> str:
    """The time in a city."""
    return f"Noon in {city}"


def test_a_reply_has_text_reason_usage_and_the_models_version(google_client: genai.Client) -> None:
    reply = google_client.models.generate_content(
        model=MODEL, contents="Hello there", config=types.GenerateContentConfig(system_instruction="Be brief.")
    )
    assert (reply.text, reply.model_version) == (REPLY, MODEL)
    [candidate] = reply.candidates or []
    assert candidate.finish_reason is types.FinishReason.STOP
    usage = reply.usage_metadata
    assert usage is not None
    assert usage.total_token_count == (usage.prompt_token_count or 0) + (usage.candidates_token_count or 0)


def test_argo_is_asked_in_the_owners_name(native: genai.Client, argo: Argo) -> None:
    native.models.generate_content(model=MODEL, contents="Hello there")
    [asked] = argo.requests()
    assert (asked["path"], asked["body"]["model"]) == ("/v1/chat/completions", "gemini25pro")
    assert asked["body"]["user"] == "someone"
    assert KEY not in str(asked)


def test_a_limit_and_a_stop_sequence_end_the_text(google_client: genai.Client) -> None:
    short = google_client.models.generate_content(
        model=MODEL, contents="Hello there", config=types.GenerateContentConfig(max_output_tokens=3)
    )
    assert (short.candidates or [])[0].finish_reason is types.FinishReason.MAX_TOKENS
    stopped = google_client.models.generate_content(
        model=MODEL, contents="Hello there", config=types.GenerateContentConfig(stop_sequences=[", simulated"])
    )
    assert stopped.text == "This is Gemini 2.5 Pro"


def test_a_stream_ends_with_its_reason_and_usage(google_client: genai.Client) -> None:
    *before, last = google_client.models.generate_content_stream(model=MODEL, contents="Hello there")
    assert "".join(chunk.text or "" for chunk in [*before, last]) == REPLY
    assert all(not (chunk.candidates or [])[0].finish_reason for chunk in before)
    assert (last.candidates or [])[0].finish_reason is types.FinishReason.STOP
    assert last.usage_metadata is not None
    assert last.model_version == MODEL


def test_a_chat_calls_its_tools_by_itself_and_keeps_the_conversation(google_client: genai.Client, argo: Argo) -> None:
    chat = google_client.chats.create(
        model=MODEL, config=types.GenerateContentConfig(tools=[get_weather, read_clock])
    )
    assert chat.send_message("Hello there").text == REPLY
    both = chat.send_message("Tell me the weather and the clock").text or ""
    assert "Sunny in city" in both
    assert "Noon in city" in both
    streamed = "".join(chunk.text or "" for chunk in chat.send_message_stream("And the weather now?"))
    assert "Sunny in city" in streamed
    assert len(argo.requests()) == 5


def test_a_call_is_declared_and_forced_by_hand(google_client: genai.Client) -> None:
    tool = types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather",
                description="The weather of a city.",
                parameters=types.Schema(
                    type=types.Type.OBJECT,
                    properties={"city": types.Schema(type=types.Type.STRING)},
                    required=["city"],
                ),
            )
        ]
    )
    forced = types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY)
    )
    reply = google_client.models.generate_content(
        model=MODEL, contents="Hello there", config=types.GenerateContentConfig(tools=[tool], tool_config=forced)
    )
    [call] = reply.function_calls or []
    assert (call.name, call.args) == ("get_weather", {"city": "city"})


def test_a_picture_is_seen(google_client: genai.Client) -> None:
    picture = types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png")
    contents: list[Any] = [picture, "What is this?"]
    reply = google_client.models.generate_content(model=MODEL, contents=contents)
    assert "I see an image (image/png, 8 bytes)" in (reply.text or "")


def test_thoughts_come_back_sealed_and_go_on_to_argo(native: genai.Client, argo: Argo) -> None:
    """With Claude, whose wire shows them."""
    chat = native.chats.create(
        model="claude-sonnet-4.5",
        config=types.GenerateContentConfig(
            tools=[get_weather], thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
        ),
    )
    assert "Sunny in city" in (chat.send_message("How is the weather?").text or "")
    thoughts = [part for turn in chat.get_history() for part in turn.parts or [] if part.thought]
    assert {part.text for part in thoughts} == {THOUGHT}
    blocks: list[Any] = argo.requests()[-1]["body"]["messages"][1]["content"]
    assert [block["thinking"] for block in blocks if block["type"] == "thinking"] == [THOUGHT]
    assert [bool(block["signature"]) for block in blocks if block["type"] == "thinking"] == [True]


class Place(BaseModel):
    """A shape."""

    city: str
    people: int


def test_a_reply_is_parsed_to_the_shape_that_was_asked_for(google_client: genai.Client) -> None:
    reply = google_client.models.generate_content(
        model=MODEL,
        contents='[sim:say={"city": "Chicago", "people": 3}]',
        config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=Place),
    )
    assert reply.parsed == Place(city="Chicago", people=3)


def test_tokens_are_counted_before_anything_is_asked(google_client: genai.Client, argo: Argo) -> None:
    alone = google_client.models.count_tokens(model=MODEL, contents="Hello there").total_tokens or 0
    more = google_client.models.count_tokens(model=MODEL, contents="Hello there, and good evening").total_tokens or 0
    assert 0 < alone < more
    assert argo.requests() == []


def test_texts_become_unit_vectors_of_the_length_that_is_asked_for(google_client: genai.Client) -> None:
    texts: list[Any] = ["one", "two"]
    reply = google_client.models.embed_content(
        model="text-embedding-3-small", contents=texts, config=types.EmbedContentConfig(output_dimensionality=8)
    )
    vectors = [row.values or [] for row in reply.embeddings or []]
    assert [len(vector) for vector in vectors] == [8, 8]
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0, 1.0])
    assert vectors[0] != vectors[1]


def test_models_are_listed_and_each_is_found(google_client: genai.Client) -> None:
    listed = [model.name or "" for model in google_client.models.list(config={"page_size": 10})]
    assert len(listed) == len(set(listed))
    assert "models/argo:gemini-2.5-pro" in listed
    assert [google_client.models.get(model=name).name for name in listed] == listed
    one = google_client.models.get(model=MODEL)
    assert (one.input_token_limit, "generateContent" in (one.supported_actions or [])) == (1048576, True)
