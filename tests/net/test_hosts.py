"""Under which names the proxy is served: on loopback none that somebody else's name server could have given it."""

from __future__ import annotations

import socket
from typing import Any

import msgspec
import pytest
from twisted.internet.address import UNIXAddress

from argoproxy.config import Config
from argoproxy.endpoints import Claim, TcpClaim, UnixClaim
from argoproxy.net.hosts import Hosts
from argoproxy.service import make_site
from tests.net.test_site import HELLO, Line, _json, _status
from tests.web import Web

OWN = ["localhost", "LocalHost:44497", "localhost.", "127.0.0.1", "127.0.0.1:1", "10.1.2.3:80", "[::1]:44497", "[::1]"]
FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "xlocalhost", "127.1", "a.b.gov"]


class Bound:
    """Stands for a socket that is bound."""

    def __init__(self, address: str) -> None:
        self.address = address

    def getsockname(self) -> tuple[str, int]:
        return self.address, 1


def _at(*addresses: str, tls: Any = None) -> list[Claim]:
    return [TcpClaim(Bound(address), tls) for address in addresses]  # type: ignore[arg-type]


UNIX: list[Claim] = [UnixClaim("/x", 0o600)]


def _get(web: Web, host: str, path: str = "/health") -> bytes:
    return Line(web).send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())


def _listening(claims: list[Claim], *names: str, **config: Any) -> Web:
    web = Web(allowed_hosts=list(names), **config)
    web.proxy.listen_at(claims)
    return web


@pytest.mark.parametrize("claims", [_at("127.0.0.1"), _at("::1"), _at("127.0.0.5", "::1"), UNIX + _at("127.0.0.1")])
def test_on_loopback_localhost_and_addresses_are_served_and_nothing_else(claims: list[Claim]) -> None:
    web = _listening(claims)
    assert [_status(_get(web, host)) for host in OWN] == [200] * len(OWN)
    for host in FOREIGN:
        reply = _get(web, host)
        assert (_status(reply), _json(reply)["error"]["code"]) == (421, "unknown_host")


def test_names_can_be_added() -> None:
    web = _listening(_at("127.0.0.1"), "argo", "*.B.gov")
    for host in (*OWN, "argo", "ARGO:80", "a.b.gov", "x.a.b.gov:1"):
        assert _status(_get(web, host)) == 200
    for host in ("b.gov", "argo.evil.example", "a.b.gov.evil.example"):
        assert _status(_get(web, host)) == 421
    assert _status(_get(_listening(_at("127.0.0.1"), "*"), "evil.example")) == 200


@pytest.mark.parametrize("claims", [_at("0.0.0.0"), _at("127.0.0.1", "10.0.0.1"), _at("::")])
def test_beyond_loopback_any_name_is_served_unless_some_are_named(claims: list[Claim]) -> None:
    assert _status(_get(_listening(claims), "any.example")) == 200
    assert _status(_get(_listening(claims, "argo"), "any.example")) == 421
    assert _status(_get(_listening(claims, "argo"), "argo")) == 200


def test_a_unix_socket_may_be_called_anything() -> None:
    web = _listening(UNIX + _at("127.0.0.1"))
    line = Line(web)
    line.channel._peer = UNIXAddress("")
    assert _status(line.send(b"GET /health HTTP/1.1\r\nHost: argoproxy\r\n\r\n")) == 200
    assert _status(_get(web, "argoproxy")) == 421


@pytest.mark.parametrize("names", [(), ("argo",)])
def test_an_embedded_site_serves_any_name_unless_some_are_named(names: tuple[str, ...]) -> None:
    web = Web()
    site: Any = make_site(Config(user="someone", allowed_hosts=names), web.clock)
    assert (site.hosts.fault(b"any.example") is None) is not bool(names)
    assert site.hosts.fault(b"argo") is None


def test_the_target_counts_where_it_names_a_host() -> None:
    web = _listening(_at("127.0.0.1"))
    for target, host, status in (("evil.example", "localhost", 421), ("localhost", "evil.example", 200)):
        reply = Line(web).send(f"GET http://{target}/health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert _status(reply) == status


def test_a_reload_brings_other_names() -> None:
    web = _listening(_at("127.0.0.1"))
    web.proxy.reload(msgspec.structs.replace(web.config, allowed_hosts=("argo",), cors_origins=("https://a.gov",)))
    assert [_status(_get(web, host)) for host in ("localhost", "argo", "evil.example")] == [200, 200, 421]
    assert web.proxy.site.origins.fault(b"https://a.gov", b"") is None


def test_no_host_at_all_is_no_browsers() -> None:
    line = Line(_listening(_at("127.0.0.1")))
    assert _status(line.send(b"GET /health HTTP/1.0\r\n\r\n")) == 200


def test_it_is_refused_before_the_body_and_in_the_dialect() -> None:
    line = Line(_listening(_at("127.0.0.1")))
    head = f"POST /v1/messages HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {len(HELLO)}\r\n"
    said = line.send(head.encode() + b"Expect: 100-continue\r\n\r\n")
    assert _status(said) == 421
    assert _json(said)["type"] == "error"
    assert line.send(HELLO) == said
    assert line.closed
    assert not line.web.simulator.requests


def test_what_was_asked_before_costs_no_more_memory_for_ever() -> None:
    hosts = Hosts()
    for number in range(1000):
        assert hosts.fault(b"%d.example" % number) is None
    assert len(hosts._known) <= 256


def test_claims_know_whether_other_machines_reach_them() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not TcpClaim(bound).beyond
    with socket.socket() as bound:
        bound.bind(("0.0.0.0", 0))
        assert TcpClaim(bound).beyond
    assert not UNIX[0].beyond


KEYS = [{"name": "it", "sha256": "a" * 64}]


@pytest.mark.parametrize(("keys", "warned"), [(KEYS, False), ([], True)])
def test_a_proxy_that_asks_for_keys_may_be_reached_by_others(keys: Any, warned: bool, told: list[str]) -> None:
    web = _listening(_at("0.0.0.0"), keys=keys)
    web.proxy.start()
    assert any("other machines can reach this proxy" in one for one in told) is warned
    web.stop()
    web.settle()


def test_who_takes_the_keys_away_is_warned_too(told: list[str]) -> None:
    web = _listening(_at("0.0.0.0"), keys=KEYS)
    web.proxy.start()
    web.proxy.reload(msgspec.structs.replace(web.config, keys=()))
    assert sum("other machines can reach this proxy" in one for one in told) == 1
    web.stop()
    web.settle()


@pytest.mark.parametrize(
    ("claims", "warned"),
    [
        (_at("0.0.0.0"), True),
        (_at("127.0.0.1", "10.0.0.1"), True),
        (_at("0.0.0.0", tls=object()), False),
        (_at("127.0.0.1"), False),
        (UNIX, False),
    ],
)
def test_the_start_warns_where_anybody_can_come_in(claims: list[Claim], warned: bool, told: list[str]) -> None:
    web = _listening(claims)
    web.proxy.start()
    assert any("other machines can reach this proxy" in one for one in told) is warned
    web.stop()
    web.settle()
