"""Who vouches for ARGO: the system's authorities, or those of a file, and never nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred

from argoproxy.config import Config, ConfigFault
from argoproxy.conversation import Call
from argoproxy.errors import ProxyError
from argoproxy.proxy import Proxy
from argoproxy.service import make_proxy
from argoproxy.simulator import Simulator, SimulatorSettings
from tests.net.certificates import certificate_for, pem_for

reactor: Any = _reactor
NONE = "holds no certificates in PEM, or bad ones"


async def _learnt(proxy: Proxy) -> bool:
    """Whether it gets the list of models."""
    refresher = proxy._serving.peers._refresher
    try:
        await refresher.refresh()
    except ProxyError:
        return False
    return True


async def _chats(proxy: Proxy, config: Config) -> bool:
    """Whether a call of a chat's gets a reply."""
    body = json.dumps({"user": "x", "model": "gpt4o", "messages": [{"role": "user", "content": "x"}]}).encode()
    try:
        reply = await proxy._serving.traffic.parties.client.send(Call(url=config.chat_url, body=body, reply="chat"))
    except ProxyError:
        return False
    assert reply.head.status == 200
    await reply.deliver(lambda data: None)
    return True


@pytest.mark.parametrize("transport", ["llhttp", "stock"])
@pytest.mark.parametrize("known", ["argo.invalid", "other.invalid", None])
@pytest_twisted.ensureDeferred
async def test_only_whom_the_file_knows_is_believed(tmp_path: Path, transport: Any, known: str | None) -> None:
    path = tmp_path / "roots.pem"
    if known is not None:
        path.write_bytes(b"# Ours.\n" + pem_for("more.invalid") + pem_for(known))
    simulator = Simulator(SimulatorSettings(), clock=reactor)
    context = certificate_for("argo.invalid").options()
    port = reactor.listenSSL(0, simulator.site(), context, interface="127.0.0.1")
    number = port.getHost().port
    config = Config(
        user="someone",
        argo_base_url=f"https://argo.invalid:{number}",
        resolve_overrides={f"argo.invalid:{number}": "127.0.0.1"},
        upstream_transport=transport,
        ca_file=None if known is None else str(path),
    )
    proxy = make_proxy(config, reactor)
    try:
        believed = known == "argo.invalid"
        assert (await _learnt(proxy), await _chats(proxy, config)) == (believed, believed)
        assert bool(simulator.requests) is believed
    finally:
        await Deferred.fromCoroutine(proxy.stop())
        await port.stopListening()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"", NONE),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NONE),
    ],
)
def test_a_file_that_vouches_for_nobody_is_refused_by_name(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigFault) as caught:
        make_proxy(Config(user="someone", ca_file=str(path)), reactor)
    assert str(caught.value) == f"ca_file: {path}: {why}"
