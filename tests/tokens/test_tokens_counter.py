"""What requests cost, and what token ids say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import (
    ChatRequest,
    EmbeddingRequest,
    Image,
    Message,
    Model,
    Part,
    Reasoning,
    Text,
    Tokens,
    Tool,
    ToolCall,
    ToolResult,
)
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICounter, ITally
from argoproxy.tokens import Counter
from argoproxy.tokens.encoding import encoding

GPT = Model(internal_id="gpt4o", names=("argo:gpt-4o",), family="openai")
OLD = Model(internal_id="gpt4", names=("argo:gpt-4",), family="openai", encoding="cl100k_base")
CLAUDE = Model(internal_id="claudeopus47", names=("argo:claude-opus-4.7",), family="anthropic")

HELLO = "Hello, who are you?"
HELLO_TOKENS = 6


def cost(request: ChatRequest | EmbeddingRequest, model: Model = GPT) -> int:
    tally = Counter().prompt(request, model)
    assert tally.total() == 0
    while tally.step():
        pass
    return tally.total()


def chat(*parts: Part, role: Any = "user", name: str | None = None, **other: Any) -> ChatRequest:
    return ChatRequest(model="gpt-4o", prompts=((Message(role, parts, name),),), **other)


def test_provides_the_interface() -> None:
    assert verifyObject(ICounter, Counter())
    assert verifyObject(ITally, Counter().completion(GPT))


def test_loads_nothing_before_the_first_count() -> None:
    """The vocabularies cost memory and start-up time: importing and making a counter must not load them."""
    script = (
        "import sys; from argoproxy.tokens import Counter; counter = Counter(); assert 'splintr' not in sys.modules;"
        "counter.warm(); assert 'splintr' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("model", [GPT, OLD, CLAUDE])
@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ((), 7),
        ((Text(HELLO),), 7 + HELLO_TOKENS),
        ((Text(HELLO), Text(HELLO)), 7 + 2 * HELLO_TOKENS),
        ((Reasoning(HELLO, "signature"),), 7 + HELLO_TOKENS),
        ((ToolCall("call_1", "Hello", HELLO),), 7 + 1 + HELLO_TOKENS),
        ((ToolResult("call_1", (Text(HELLO), Image("https://example.org/a.png", "low"))),), 7 + HELLO_TOKENS + 85),
        ((Image("data:image/png;base64," + "A" * 300_000),), 7 + 765),
        ((Image("data:image/png;base64,AAAA", "low"),), 7 + 85),
        ((Image("data:image/png;base64,AAAA", "high"), Image("data:,", "auto")), 7 + 2 * 765),
    ],
)
def test_message_costs_its_parts_and_its_frame(model: Model, parts: tuple[Part, ...], tokens: int) -> None:
    """Three tokens and the role for each message, three for the reply; pictures by a fixed estimate."""
    assert cost(chat(*parts), model) == tokens


def test_name_costs_one_more() -> None:
    assert cost(chat(Text(HELLO), name="Hello")) == 7 + HELLO_TOKENS + 1 + 1


def test_each_message_has_its_frame() -> None:
    message = Message("user", (Text(HELLO),))
    assert cost(ChatRequest(model="", prompts=((message, message),))) == 3 + 2 * (4 + HELLO_TOKENS)


def test_bare_prompts_cost_their_text() -> None:
    prompts = tuple((Message("user", (part,)),) for part in (Text(HELLO), Tokens((1, 2, 3))))
    assert cost(ChatRequest(model="", prompts=prompts, bare=True)) == HELLO_TOKENS + 3


def schema(**properties: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps({"type": "object", "properties": properties}).encode())


CITY = {"type": "string", "description": "The city."}
UNIT = {"type": "string", "enum": ["C", "F", 7]}


@pytest.mark.parametrize(("model", "per_tool"), [(GPT, 7), (OLD, 10), (CLAUDE, 7)])
@pytest.mark.parametrize(
    ("tool", "texts", "overhead"),
    [
        (Tool("weather"), ["weather:"], 0),
        (Tool("weather", "The weather."), ["weather:The weather"], 0),
        (Tool("weather", "The weather", msgspec.Raw(b"{}")), ["weather:The weather"], 0),
        (Tool("weather", None, schema()), ["weather:"], 0),
        (Tool("weather", None, schema(city=CITY)), ["weather:", "city:string:The city"], 3 + 3),
        (
            Tool("weather", None, schema(city=CITY, unit=UNIT)),
            ["weather:", "city:string:The city", "C", "F", "7", "unit:string:"],
            3 + 2 * 3 - 3 + 3 * 3,
        ),
        (Tool("weather", None, schema(city={"type": ["string", "null"]}, any=True)), ["weather:", "any",
         "city:string|null:"], 3 + 2 * 3),
        (
            Tool("weather", None, schema(cities={"type": "array", "items": {"properties": {"city": CITY}}})),
            ["weather:", "cities:array:", "city:string:The city"],
            3 + 3 + 3 + 3,
        ),
        (
            Tool("weather", None, schema(c={"anyOf": [{"properties": {"city": CITY}}, False]}, d={"items": [CITY]})),
            ["weather:", "c::", "d::", "city:string:The city"],
            3 + 2 * 3 + 3 + 3,
        ),
        (Tool("weather", None, msgspec.Raw(b'{"properties":7}')), ["weather:", '{"properties":7}'], 0),
        (Tool("weather", None, msgspec.Raw(b"true")), ["weather:", "true"], 0),
    ],
)  # fmt: skip
def test_tools_cost_what_openai_publishes(
    tool: Tool, texts: list[str], overhead: int, model: Model, per_tool: int
) -> None:
    """Each tool, property and choice has its price; a schema that is none counts as text."""
    count = encoding(model.encoding).count
    assert cost(chat(tools=(tool, tool)), model) == 7 + 12 + 2 * (per_tool + overhead + sum(map(count, texts)))


def test_schema_nested_without_end_is_counted() -> None:
    raw = msgspec.Raw(b'{"items":' * 5000 + b"true" + b"}" * 5000)
    assert cost(chat(tools=(Tool("weather", None, raw),))) > 5000


def test_embeddings_cost_their_inputs() -> None:
    request = EmbeddingRequest(model="", inputs=(HELLO, (1, 2, 3), ""))
    assert cost(request, OLD) == HELLO_TOKENS + 3


def test_long_prompts_take_several_steps() -> None:
    text = "word " * 1_000_000
    tally = Counter().prompt(chat(Text(text)), GPT)
    steps = 1
    while tally.step():
        steps += 1
    assert steps > 70
    assert tally.total() == 7 + 1_000_001


class TestSpelledOut:
    """ARGO takes text, so ids become the text that they stand for."""

    @pytest.mark.parametrize(
        "request_",
        [chat(Text(HELLO)), chat(Text(HELLO), bare=True), EmbeddingRequest(model="", inputs=(HELLO, HELLO))],
    )
    def test_text_is_left_alone(self, request_: ChatRequest | EmbeddingRequest) -> None:
        assert Counter().spelled_out(request_, GPT) is request_

    @pytest.mark.parametrize(("model", "ids"), [(GPT, (13225, 2375)), (OLD, (9906, 1917))])
    def test_ids_are_spelled_by_the_models_encoding(self, model: Model, ids: tuple[int, ...]) -> None:
        embed = Counter().spelled_out(EmbeddingRequest(model="m", inputs=("text", ids), dimensions=3), model)
        assert embed == EmbeddingRequest(model="m", inputs=("text", "Hello world"), dimensions=3)

    def test_prompts_are_spelled(self) -> None:
        request = chat(Tokens((13225, 2375)), Text("!"), bare=True, n=2)
        assert Counter().spelled_out(request, GPT) == chat(Text("Hello world"), Text("!"), bare=True, n=2)

    def test_kind_of_request_stays(self) -> None:
        class Echoing(ChatRequest, frozen=True, kw_only=True):
            echo: bool = True

        request = Echoing(model="", prompts=((Message("user", (Tokens((13225,)),)),),), bare=True)
        assert isinstance(Counter().spelled_out(request, GPT), Echoing)

    @pytest.mark.parametrize(
        ("inputs", "param", "place"),
        [
            (((1, -1),), "input", 1),
            (("a", (1,), (2, 3, 10**25)), "input[2]", 2),
            (((200_019,), "a"), "input[0]", 0),
        ],
    )
    def test_bad_id_is_the_clients_fault(self, inputs: tuple[Any, ...], param: str, place: int) -> None:
        with pytest.raises(ClientFault) as caught:
            Counter().spelled_out(EmbeddingRequest(model="", inputs=inputs), GPT)
        assert (caught.value.status, caught.value.param) == (400, param)
        assert f"token {place} " in caught.value.message

    def test_bad_id_in_a_prompt_is_the_clients_fault(self) -> None:
        prompts = tuple((Message("user", (Tokens(ids),)),) for ids in ((1,), (-5,)))
        with pytest.raises(ClientFault) as caught:
            Counter().spelled_out(ChatRequest(model="", prompts=prompts, bare=True), GPT)
        assert caught.value.param == "prompt[1]"


def test_the_same_tools_cost_the_same_again() -> None:
    raw = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string","description":"Which of them it is."}}}')
    asked = chat(tools=(Tool("weather", "In a city.", raw),))
    first = cost(asked)
    assert [cost(asked), cost(asked)] == [first, first]
    assert cost(chat(tools=(Tool("weather", "In a city.", raw), Tool("weather", "In a city.", raw)))) > first
