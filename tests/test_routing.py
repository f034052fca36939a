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

    def encode(self, request: Request, model: Model, user: str) -> Call:
        raise NotImplementedError

    def decoder(self, call: Call, head: Head, choice: int) -> IDecoder:
        raise NotImplementedError


GATEWAY = Wire("argo_gateway")
WIRES: dict[str, IUpstream] = {"gateway": GATEWAY}
CHAT = ChatRequest(model="any", prompts=((),))
DIRECT = DirectRequest(model="any", resource="chat", fields={})


@pytest.mark.parametrize("mode", ["auto", "gateway"])
def test_provides_the_interface(mode: str) -> None:
    assert verifyObject(IRouter, Router(WIRES, mode))


@pytest.mark.parametrize("mode", ["auto", "gateway"])
@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("request_", [CHAT, DIRECT])
def test_gateway_serves_all_families(mode: str, family: Family, request_: Request) -> None:
    router = Router(WIRES, mode)
    model = Model(internal_id="any", names=("argo:any",), family=family)
    assert router.route(request_, model) is GATEWAY


@pytest.mark.parametrize("mode", ["auto", "gateway"])
def test_tells_the_wire_of_each_family(mode: str) -> None:
    assert Router(WIRES, mode).in_use() == dict.fromkeys(get_args(Family), "gateway")


def test_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="native"):
        Router(WIRES, "native")
