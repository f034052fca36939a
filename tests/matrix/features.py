"""
What must work in every dialect over every wire: each feature is one function over a client.

L{FEATURES} has them by name. Where a pair can't have one, L{tests.matrix.absent} says why.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from argoproxy.simulator.model import tokens
from argoproxy.simulator.model.replies import REASONING
from tests.matrix.asks import PIXEL, Model, Result, User
from tests.matrix.client import Client

Feature = Callable[[Client], None]
FEATURES: dict[str, Feature] = {}
STREAM_ONLY: set[str] = set()

HELLO = "Grüße aus 東京 🙂, and hello"
BOTH = "Tell me the weather and the clock"
TOOLS = ("get_weather", "read_clock")


def feature(check: Feature) -> Feature:
    """Register a feature, which is tried with whole and with streamed replies."""
    FEATURES[check.__name__] = check
    return check


def stream_feature(check: Feature) -> Feature:
    """Register a feature of streams."""
    STREAM_ONLY.add(check.__name__)
    return feature(check)


@feature
def text(client: Client) -> None:
    """A text comes as the model said it, and the reply stops."""
    said = client.good(HELLO)
    assert said.text == client.says(HELLO)
    assert said.finish == "stop"
    assert (said.calls, said.thoughts) == ((), "")
    assert set(said.adjusted) <= {"max_tokens"}


@stream_feature
def stream(client: Client) -> None:
    """A stream comes in pieces, as it is made."""
    assert len(client.good(HELLO).pieces) > 3


@feature
def system(client: Client) -> None:
    """What the system says reaches ARGO as the system's word."""
    said = client.good(HELLO, system="Be brief.")
    assert client.heard() == [("system", "Be brief."), ("user", HELLO)]
    assert said.text == client.says(HELLO)


@feature
def turns(client: Client) -> None:
    """A conversation reaches ARGO turn by turn."""
    client.good("One", Model("Two"), HELLO, system="Count.")
    assert client.heard() == [("system", "Count."), ("user", "One"), ("assistant", "Two"), ("user", HELLO)]


@feature
def model_first(client: Client) -> None:
    """A conversation may begin with the model."""
    said = client.good(Model("Welcome!"), HELLO)
    assert said.text == client.says(HELLO)
    assert ("assistant", "Welcome!") in client.heard()


@feature
def silent_turn(client: Client) -> None:
    """A turn in which the model said nothing doesn't stand in the way."""
    assert client.good("One", Model(""), HELLO).text.endswith(f'{HELLO}".')


@feature
def sampling(client: Client) -> None:
    """Temperature and C{top_p} are taken, and what of them the model doesn't take is told."""
    said = client.good(HELLO, sampling=True)
    assert said.text == client.says(HELLO)
    sent = {name for name in ("temperature", "top_p") if client.web.asked().get(name) is not None}
    assert sent | set(said.adjusted) >= {"temperature", "top_p"}
    assert sent.isdisjoint(said.adjusted)


@feature
def room(client: Client) -> None:
    """A reply may be allowed to be so long that ARGO wants a stream, or takes no such limit at all."""
    said = client.good(HELLO, limit=30_000)
    assert (said.text, said.finish) == (client.says(HELLO), "stop")


@feature
def one_call(client: Client) -> None:
    """A call comes with its name and arguments, and is what the reply ends for."""
    said = client.good("How is the weather?", tools=TOOLS)
    assert [(call.name, call.arguments) for call in said.calls] == [("get_weather", {"city": "city"})]
    assert said.finish == "tool_calls"


@feature
def no_call(client: Client) -> None:
    """Where a model calls no tool, its text comes as ever."""
    said = client.good(HELLO, tools=TOOLS)
    assert (said.text, said.calls, said.finish) == (client.says(HELLO), (), "stop")


@feature
def parallel_calls(client: Client) -> None:
    """Several calls come in their order, and their ids tell them apart."""
    said = client.good(BOTH, tools=TOOLS)
    assert [(call.name, call.arguments) for call in said.calls] == [(name, {"city": "city"}) for name in TOOLS]
    assert len({call.id for call in said.calls if call.id}) == len(TOOLS)
    assert said.finish == "tool_calls"


@feature
def single_call(client: Client) -> None:
    """Where the client wants no more than one call, it gets no more."""
    said = client.good(BOTH, tools=TOOLS, single=True)
    assert [call.name for call in said.calls] == ["get_weather"]


@feature
def required_call(client: Client) -> None:
    """A tool is called although nothing in the text asks for it."""
    said = client.good(HELLO, tools=TOOLS, choice="required")
    assert [call.name for call in said.calls] == ["get_weather"]
    assert said.finish == "tool_calls"


@feature
def named_call(client: Client) -> None:
    """The tool that is named is called, and no other."""
    said = client.good("How is the weather?", tools=TOOLS, choice="read_clock")
    assert [call.name for call in said.calls] == ["read_clock"]


@feature
def forbidden_call(client: Client) -> None:
    """No tool is called although the text asks for it."""
    said = client.good("How is the weather?", tools=TOOLS, choice="none")
    assert (said.text, said.calls, said.finish) == (client.says("How is the weather?"), (), "stop")


@feature
def awkward_tools(client: Client) -> None:
    """Tools that ARGO's services would refuse are put right."""
    said = client.good("How is the weather?", tools=TOOLS, awkward=True)
    [call] = said.calls
    assert isinstance(call.arguments["city"], str)


@stream_feature
def streamed_arguments(client: Client) -> None:
    """A call's arguments come in pieces, where the wire has pieces and the dialect has room for them."""
    said = client.good(BOTH, tools=TOOLS)
    in_pieces = client.column.native and client.adapter.splits
    assert [count > 1 for count in said.fragments] == [in_pieces] * len(TOOLS)


@feature
def result(client: Client) -> None:
    """A call goes back as it came, with its result, and the model answers to it."""
    _round(client, "How is the weather?", ["Sonnig ☀"])


@feature
def results(client: Client) -> None:
    """So do several at once, each with its own result."""
    _round(client, BOTH, ["Sonnig ☀", "Noon"])


def _round(client: Client, asked: str, answers: list[str]) -> None:
    first = client.good(asked, tools=TOOLS)
    told = [Result(call, answer) for call, answer in zip(first.calls, answers, strict=True)]
    second = client.good(asked, Model(own=first.own), *told, tools=TOOLS)
    assert (second.calls, second.finish) == ((), "stop")
    assert "The tool said:" in second.text
    places = [second.text.find(answer) for answer in answers]
    assert -1 not in places
    assert places == sorted(places)


@feature
def pictured_result(client: Client) -> None:
    """A picture that a tool shows reaches ARGO with its result."""
    first = client.good("How is the weather?", tools=TOOLS)
    told = Result(first.calls[0], "Sunny", PIXEL)
    second = client.good("How is the weather?", Model(own=first.own), told, tools=TOOLS)
    assert "Sunny" in second.text
    assert PIXEL in client.web.simulator.requests[-1].body.decode()


@feature
def orphaned_call(client: Client) -> None:
    """A call whose result never came doesn't stand in the way; where ARGO wants one, it is told that it was put in."""
    first = client.good("How is the weather?", tools=TOOLS)
    second = client.good("How is the weather?", Model(own=first.own), HELLO, tools=TOOLS)
    assert ("tool-results" in second.adjusted) is client.column.tools


@feature
def image(client: Client) -> None:
    """A picture reaches the model, byte for byte."""
    said = client.good(User("What is this?", PIXEL))
    assert said.text == client.says("What is this?", " I see an image (image/png, 8 bytes).")


@feature
def length(client: Client) -> None:
    """A reply that is cut at its limit says so."""
    said = client.good("[sim:say=elephants giraffes crocodiles and more]", limit=3)
    assert (said.text, said.finish) == ("elephants giraffes crocodiles", "length")


@feature
def stop(client: Client) -> None:
    """A reply ends before the text that stops it."""
    said = client.good("[sim:say=Before it, HALT and behind it]", stop="HALT")
    assert (said.text, said.finish) == ("Before it, ", "stop")


@feature
def usage(client: Client) -> None:
    """Tokens are ARGO's own where it tells them, else counted."""
    said = client.good(HELLO)
    assert said.usage is not None
    if not client.column.native:
        assert said.usage.prompt > 5
        assert said.usage.completion > 5
        return
    thought = tokens.count(REASONING) if client.model.reasons else 0
    assert said.usage.prompt == tokens.count(HELLO) + 3
    assert said.usage.completion == tokens.count(said.text) + thought


@feature
def usage_of_calls(client: Client) -> None:
    """Calls cost, too."""
    said = client.good(BOTH, tools=TOOLS)
    assert said.usage is not None
    assert said.usage.prompt > 5
    assert said.usage.completion > len(TOOLS)


@feature
def thinking(client: Client) -> None:
    """A wish to think reaches ARGO, and the thoughts come apart from the text."""
    said = client.good(HELLO, thinks=True)
    assert client.web.asked()["thinking"]["type"] in ("enabled", "adaptive")
    assert (said.text, said.thoughts, said.finish) == (client.says(HELLO), REASONING, "stop")


@feature
def sealed_thoughts(client: Client) -> None:
    """Thoughts go back with their seal, as they came, when a tool's result does."""
    first = client.good("How is the weather?", tools=TOOLS, thinks=True)
    assert (first.thoughts, len(first.calls)) == (REASONING, 1)
    assert first.seal
    told = Result(first.calls[0], "Sunny")
    second = client.good("How is the weather?", Model(own=first.own), told, tools=TOOLS, thinks=True)
    assert "Sunny" in second.text
    [block] = client.blocks("thinking")
    assert block["thinking"] == REASONING
    assert len(block["signature"]) == 88


@feature
def shaped(client: Client) -> None:
    """A reply of a shape: ARGO is asked for it, in a field or in words, and the JSON comes alone."""
    said = client.good("Where?", shaped=True)
    assert (json.loads(said.text), said.finish) == ({"city": "city"}, "stop")
    assert len(client.web.simulator.requests) == 1
    sent = client.web.asked()
    if client.column.shapes:
        assert sent["response_format"]["json_schema"]["schema"]["required"] == ["city"]
    else:
        assert '"required":["city"]' in client.heard()[0][1].replace(" ", "")


@feature
def misshaped(client: Client) -> None:
    """Where the wire doesn't see to it, a reply that never fits is asked for once more, and is an error then."""
    client.web.simulator.fault("say=In a city.", times=2)
    said = client.ask("Where?", shaped=True)
    assert (said.status, len(client.web.simulator.requests)) == (502, 2)
    assert said.trouble is not None
    assert "2 attempts" in said.trouble.message
    assert "In a city" not in said.trouble.message
