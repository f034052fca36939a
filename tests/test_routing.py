"""Which wire serves what."""

from __future__ import annotations

from typing import get_args

import attrs
import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from argoproxy.conversation import Call, ChatRequest, DirectRequest, Family, Head, Model, Request
from argoproxy.interfaces import IDecoder, IRouter, IUpstream
from argoproxy.routing import Router


@implementer(IUpstream)
@attrs.frozen
class Wire:
    """A wire that is only chosen."""

    name: str
    takes_tokens: bool = False

    def shapes(self, model: Model) -> bool:
        raise NotImplementedError

    def encode(self, request: Request, model: Model, user: str) -> Call:
        raise NotImplementedError

    def decoder(self, call: Call, head: Head, choice: int) -> IDecoder:
        raise NotImplementedError


GATEWAY, OPENAI, ANTHROPIC = Wire("gateway"), Wire("openai_native"), Wire("anthropic_native")
WIRES: dict[str, IUpstream] = {wire.name: wire for wire in (GATEWAY, OPENAI, ANTHROPIC)}
CHAT = ChatRequest(model="any", prompts=((),))
DIRECT = DirectRequest(model="any", resource="chat", fields={})
NATIVE = {"openai": OPENAI, "google": OPENAI, "unknown": OPENAI, "anthropic": ANTHROPIC}


def _model(family: Family, name: str = "any") -> Model:
    return Model(internal_id=name, names=(f"argo:{name}",), family=family)


def test_provides_the_interface() -> None:
    assert verifyObject(IRouter, Router(WIRES))


@pytest.mark.parametrize("family", get_args(Family))
def test_the_gateway_serves_all_families_until_argo_has_shown_its_native_wires(family: Family) -> None:
    router = Router(WIRES)
    assert router.route(CHAT, _model(family)) is GATEWAY
    router.native = True
    assert router.route(CHAT, _model(family)) is NATIVE[family]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("family", get_args(Family))
def test_the_operator_can_decide(family: Family, native: bool) -> None:
    gateway, natively = Router(WIRES, "gateway"), Router(WIRES, "native")
    gateway.native = natively.native = native
    assert gateway.route(CHAT, _model(family)) is GATEWAY
    assert natively.route(CHAT, _model(family)) is NATIVE[family]
    assert (gateway.undecided, natively.undecided, Router(WIRES).undecided) == (False, False, True)


@pytest.mark.parametrize("mode", ["auto", "gateway", "native"])
def test_a_direct_request_always_goes_to_the_gateway(mode: str) -> None:
    router = Router(WIRES, mode, {"*": "native"})
    router.native = True
    assert router.route(DIRECT, _model("anthropic")) is GATEWAY


@pytest.mark.parametrize(
    ("name", "family", "wire"),
    [
        ("claudeopus41", "anthropic", GATEWAY),
        ("claudesonnet45", "anthropic", OPENAI),
        ("gpt4o", "openai", OPENAI),
        ("GPT5", "openai", GATEWAY),
        ("gemini25pro", "google", OPENAI),
    ],
)
def test_patterns_come_first(name: str, family: Family, wire: Wire) -> None:
    router = Router(WIRES, "native", {"claudeopus*": "gateway", "argo:claude*": "openai", "gpt5*": "gateway"})
    assert router.route(CHAT, _model(family, name)) is wire


def test_it_tells_what_is_in_use() -> None:
    router = Router(WIRES, "auto", {"gpt5*": "gateway"})
    assert router.in_use() == dict.fromkeys(get_args(Family), "gateway") | {"gpt5*": "gateway"}
    router.native = True
    assert router.in_use()["anthropic"] == "anthropic_native"
    assert router.in_use()["openai"] == "openai_native"
