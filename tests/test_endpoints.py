"""Endpoint strings: what can go wrong goes wrong before there is a service, in one line."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import endpoints, reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, ServerFactory
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.logger import capturedLogs, formatEvent
from twisted.python.systemd import ListenFDs

from argoproxy.endpoints import TcpClaim, UnixClaim, claim
from argoproxy.listening import ListenFault
from tests.net.certificates import pem_for

PATIENCE = 30.0


class Greeter(Protocol):
    """Says hello and hangs up."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hello")
        self.transport.loseConnection()


class Listener(Protocol):
    """Keeps what it is told until the end."""

    heard = b""

    def dataReceived(self, data: bytes) -> None:
        self.heard += data


def _claim(endpoint: str) -> Any:
    (made,) = claim([endpoint], "127.0.0.1", 0)
    return made


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path leaves room within the 108 bytes of a Unix socket's name."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path_factory.mktemp("pem") / "server.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def certificate(pem: Path) -> Certificate:
    return Certificate.loadPEM(pem.read_bytes())


async def _greeting(service: Any, endpoint: Any) -> bytes:
    """Start the service, and hear what a client does that connects to it."""
    over: Deferred[None] = Deferred()
    listener = Listener()
    listener.connectionLost = lambda reason=None: over.callback(None)  # type: ignore[method-assign]
    service.startService()
    try:
        await endpoint.connect(Factory.forProtocol(lambda: listener))
        await over.addTimeout(PATIENCE, reactor)
    finally:
        await service.stopService()
    return listener.heard


def _greeters() -> Any:
    return ServerFactory.forProtocol(Greeter)


def test_without_endpoints_host_and_port_are_bound() -> None:
    (made,) = claim([], "127.0.0.1", 0)
    assert isinstance(made, TcpClaim)
    with made.listener as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("tcp:0:interface=127.0.0.1", "127.0.0.1"),
        ("tcp:0", "0.0.0.0"),
        ("tcp:port=0:interface=localhost", "127.0.0.1"),
        (r"tcp6:0:interface=\:\:1", "::1"),
        (r"tcp:0:interface=\:\:1", "::1"),
    ],
)
def test_tcp_is_bound_at_once(endpoint: str, address: str) -> None:
    with _claim(endpoint).listener as listener:
        assert listener.getsockname()[0] == address
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def test_several_endpoints_are_several_claims() -> None:
    made: list[Any] = claim(["tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.1"], "unused", 1)
    for one in made:
        one.listener.close()
    assert len(made) == 2


@pytest.mark.parametrize("form", ["tcp:{port}:interface=127.0.0.1", "ssl:{port}:interface=127.0.0.1:privateKey={pem}"])
def test_a_taken_port_is_a_fault_that_names_it(taken: socket.socket, pem: Path, form: str) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(ListenFault, match=rf"^127\.0\.0\.1:{port}: the port is taken \(another argoproxy\?\)$"):
        _claim(form.format(port=port, pem=pem))


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("nonsense", "nonsense: the kinds of endpoint are tcp, tcp6, ssl, unix, systemd"),
        ("stdio:", "stdio:: the kinds of endpoint are tcp, tcp6, ssl, unix, systemd"),
        ("tcp:http", "tcp:http: not an endpoint (invalid literal for int() with base 10: 'http')"),
        ("tcp", "tcp: not an endpoint"),
        ("tcp:1:colour=red", "tcp:1:colour=red: not an endpoint"),
        ("tcp:70000", "0.0.0.0:70000: there is no such port"),
        ("tcp:-1", "0.0.0.0:-1: there is no such port"),
        ("ssl:1:privateKey=/nowhere/key.pem", "ssl:1:privateKey=/nowhere/key.pem: /nowhere/key.pem: No such file"),
        ("unix", "unix: not an endpoint"),
        ("unix:/nowhere/socket", "unix:/nowhere/socket: No such file or directory"),
        ("unix:/tmp/" + "x" * 200, "AF_UNIX path too long"),
        ("unix:/tmp/x:mode=rwx", "unix:/tmp/x:mode=rwx: not an endpoint"),
        ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0: not an endpoint (list index out of range)"),
        ("systemd:domain=INET:name=web", "systemd:domain=INET:name=web: not an endpoint ('web')"),
        ("systemd:domain=INET", "not an endpoint (Specify exactly one of descriptor index or name)"),
    ],
)
def test_what_cant_be_listened_on_is_a_fault_of_one_line(endpoint: str, why: str) -> None:
    with pytest.raises(ListenFault) as caught:
        _claim(endpoint)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_certificate_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nothing of that kind")
    with pytest.raises(ListenFault, match=r"the certificate and the private key can't be used$"):
        _claim(f"ssl:0:privateKey={tmp_path / 'a.pem'}")


def test_a_key_of_another_certificate_is_a_fault(tmp_path: Path, certificate: Certificate) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    other = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "other.pem").write_bytes(other)
    (tmp_path / "certificate.pem").write_bytes(certificate.dumpPEM())
    with pytest.raises(ListenFault, match=r"the certificate and the private key can't be used$"):
        _claim(f"ssl:0:privateKey={tmp_path / 'other.pem'}:certKey={tmp_path / 'certificate.pem'}")


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [("", 0o600), (":mode=660", 0o660), (":660", 0o660), (":backlog=5", 0o600), (":lockfile=0", 0o600)],
)
def test_a_unix_socket_is_the_owners_unless_its_string_says_otherwise(short_path: Path, suffix: str, mode: int) -> None:
    assert _claim(f"unix:{short_path / 'x'}{suffix}") == UnixClaim(str(short_path / "x"), mode)
    assert list(short_path.iterdir()) == []


def test_a_colon_in_a_unix_sockets_path_is_no_argument(short_path: Path) -> None:
    made = _claim(f"unix:{short_path}/a\\:mode\\=666")
    assert made == UnixClaim(f"{short_path}/a:mode=666", 0o600)


def test_a_unix_socket_is_where_it_was_meant_to_be_whatever_the_folder_is_later(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(short_path)
    assert _claim("unix:x").path == str(short_path / "x")


def test_a_unix_socket_that_a_dead_process_left_is_replaced(short_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(short_path / "x"))
        dead.listen()
    assert _claim(f"unix:{short_path / 'x'}").path == str(short_path / "x")
    assert list(short_path.iterdir()) == []


def test_a_unix_socket_that_somebody_listens_on_is_left_alone(short_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(short_path / "x"))
        alive.listen()
        with pytest.raises(ListenFault, match=r"/x: somebody listens there \(another argoproxy\?\)$"):
            _claim(f"unix:{short_path / 'x'}")
        assert (short_path / "x").is_socket()


def test_a_file_in_a_unix_sockets_place_is_left_alone(short_path: Path) -> None:
    (short_path / "x").write_text("precious")
    with pytest.raises(ListenFault, match=r"/x: exists and is not a socket$"):
        _claim(f"unix:{short_path / 'x'}")
    assert (short_path / "x").read_text() == "precious"


def test_a_link_to_nothing_in_a_unix_sockets_place_is_left_alone(short_path: Path) -> None:
    (short_path / "x").symlink_to("nowhere")
    with pytest.raises(ListenFault, match=r"/x: exists and is not a socket$"):
        _claim(f"unix:{short_path / 'x'}")


@pytest_twisted.ensureDeferred
async def test_a_claimed_port_is_served() -> None:
    made = _claim("tcp:0:interface=127.0.0.1")
    port = made.listener.getsockname()[1]
    heard = await _greeting(made.service(_greeters()), endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port))
    assert heard == b"hello"


@pytest_twisted.ensureDeferred
async def test_an_ssl_endpoint_is_served_with_its_certificate(pem: Path, certificate: Certificate) -> None:
    made = _claim(f"ssl:0:interface=127.0.0.1:privateKey={pem}")
    plain = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", made.listener.getsockname()[1])
    trusting = optionsForClientTLS("localhost", certificate)
    assert await _greeting(made.service(_greeters()), endpoints.wrapClientTLS(trusting, plain)) == b"hello"


WRITTEN = {
    "nothing": None,
    "an empty file": b"",
    "half a file": b"-----BEGIN CERTIFICATE-----",
    "no key": pem_for("other.invalid"),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_what_can_not_be_used_of_a_renewed_certificate_is_told_and_changes_nothing(
    written: bytes | None, pem: Path, tmp_path: Path
) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(pem.read_bytes())
    made = _claim(f"ssl:0:interface=127.0.0.1:privateKey={file}")
    made.listener.close()
    before = made.tls.getContext()
    file.unlink()
    if written is not None:
        file.write_bytes(written)
    with capturedLogs() as events:
        made.tls.renew()
    assert made.tls.getContext() is before
    [told] = [formatEvent(event) for event in events]
    assert told.startswith(f"listen: ssl:0:interface=127.0.0.1:privateKey={file}: ")
    assert told.endswith("; the certificate in use stays")


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_is_served_with_its_mode_and_removed(short_path: Path) -> None:
    path = short_path / "x"
    modes: list[int] = []

    class Looking(Greeter):
        def connectionMade(self) -> None:
            modes.append(stat.S_IMODE(os.stat(path).st_mode))
            super().connectionMade()

    service = _claim(f"unix:{path}").service(ServerFactory.forProtocol(Looking))
    assert await _greeting(service, endpoints.UNIXClientEndpoint(reactor, str(path))) == b"hello"
    assert modes == [0o600]
    assert not path.exists()


@pytest_twisted.ensureDeferred
async def test_a_socket_of_systemd_is_served(taken: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    port = taken.getsockname()[1]
    # What Twisted has read from the environment when it was imported.
    monkeypatch.setattr(endpoints._SystemdParser, "_sddaemon", ListenFDs([os.dup(taken.fileno())]))
    made = _claim("systemd:domain=INET:index=0")
    heard = await _greeting(made.service(_greeters()), endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port))
    assert heard == b"hello"


def test_a_unix_socket_of_systemd_is_refused(taken: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twisted would widen its mode, and remove it from under systemd."""
    monkeypatch.setattr(endpoints._SystemdParser, "_sddaemon", ListenFDs([taken.fileno()]))
    with pytest.raises(ListenFault, match=r"the domain must be INET or INET6"):
        _claim("systemd:domain=UNIX:index=0")


def test_a_service_that_never_started_can_be_stopped(short_path: Path) -> None:
    assert _claim(f"unix:{short_path / 'x'}").service(_greeters()).stopService() is None
