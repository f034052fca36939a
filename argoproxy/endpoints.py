"""
Twisted's endpoint strings, claimed before a process goes on: TCP ports are bound, the rest is checked.

C{twistd} gives one line and a failing exit status only for what fails in C{makeService}, before it may become a daemon;
so all that can go wrong must go wrong here. Must stay out: what is served, and where the strings come from.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from OpenSSL import SSL, crypto
from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred
from twisted.internet.error import VerifyError
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.protocol import Factory, ServerFactory
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from .listening import AdoptedSocketService, ListenFault, bind_tcp

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort

_log = Logger()

KINDS = ("tcp", "tcp6", "ssl", "unix", "systemd")
_BACKLOG = 1024
_UNESCAPED_COLON = r"(?<!\\):"


Bind = Callable[[str, int], socket.socket]


class Claim(Protocol):
    """
    An address that is ours, or that is fit to be.

    @ivar beyond: whether other machines may reach it.
    @ivar tls: the certificate and key to serve TLS with, if any.
    """

    @property
    def beyond(self) -> bool: ...

    @property
    def tls(self) -> Certificates | None: ...

    def service(self, factory: ServerFactory[Any]) -> IService:
        """What listens there, once it is started."""


def claim(endpoints: Sequence[str], host: str, port: int, bind: Bind = bind_tcp) -> list[Claim]:
    """
    Claim every address to listen on.

    @param endpoints: Endpoint strings of the L{KINDS}; a Unix socket gets mode 0600 if its string doesn't say which.
    @param host: With C{port}, what to listen on where there are no endpoints.
    @param bind: Gives the listening socket of a host and port.
    @raise ListenFault: One can't be had.
    """
    if not endpoints:
        return [TcpClaim(bind(host, port))]
    return [_claim(endpoint, bind) for endpoint in endpoints]


@implementer(IOpenSSLContextFactory)
class Certificates:
    """The certificate and key of an C{ssl:} endpoint, as of when its files were read."""

    def __init__(self, endpoint: str, options: Any) -> None:
        """@param options: Twisted's, made of the files."""
        self._endpoint = endpoint
        self._context: SSL.Context = options.getContext()

    def getContext(self) -> SSL.Context:
        """What each new connection is served with."""
        return self._context

    def renew(self) -> None:
        """Read the files again, for connections to come. What can't be used is told, and what is in use stays."""
        try:
            read = _claim(self._endpoint, _bound)
        except ListenFault as fault:
            _log.error("listen: {why}; the certificate in use stays", why=fault)
        else:
            assert read.tls is not None
            self._context = read.tls.getContext()


def _bound(host: str, port: int) -> Any:
    """No socket: there is one already."""


class TcpClaim(msgspec.Struct, frozen=True):
    """A bound socket."""

    listener: socket.socket
    tls: Certificates | None = None

    @property
    def beyond(self) -> bool:
        return not ipaddress.ip_address(self.listener.getsockname()[0].partition("%")[0]).is_loopback

    def service(self, factory: ServerFactory[Any]) -> IService:
        return AdoptedSocketService(self.listener, self.served(factory))

    def served(self, factory: ServerFactory[Any]) -> Any:
        """The factory, within TLS if there is a certificate."""
        return factory if self.tls is None else TLSMemoryBIOFactory(self.tls, False, factory)


class UnixClaim(msgspec.Struct, frozen=True):
    """A path that is free for a Unix socket. Its name must not exist before a daemon has its final process id."""

    path: str
    mode: int
    beyond = False
    tls = None

    def service(self, factory: ServerFactory[Any]) -> IService:
        return UnixService(self, factory)


class UnixService(Service):
    """Serves a factory on a Unix socket."""

    def __init__(self, claim: UnixClaim, factory: ServerFactory[Any]) -> None:
        self._claim = claim
        self._factory = factory
        self._port: IListeningPort | None = None

    def startService(self) -> None:
        from twisted.internet import reactor

        super().startService()
        mode, path = self._claim.mode, self._claim.path
        self._port = reactor.listenUNIX(path, self._factory, _BACKLOG, mode)  # type: ignore[attr-defined]

    def stopService(self) -> Deferred[None] | None:
        super().stopService()
        port, self._port = self._port, None
        return port.stopListening() if port is not None else None


def _claim(endpoint: str, bind: Bind) -> Claim:
    """Let Twisted understand the string, and claim what it then asks for."""
    if endpoint.partition(":")[0] not in KINDS:
        raise ListenFault(f"{endpoint}: the kinds of endpoint are {', '.join(KINDS)}")
    # Most listen on a host and a port.
    from twisted.internet.endpoints import serverFromString

    asked: list[Claim | Failure] = []
    try:
        listening = serverFromString(_Claims(endpoint, bind), _with_mode(endpoint)).listen(Factory())
        listening.addBoth(asked.append)
        if isinstance(asked[0], Failure):
            asked[0].raiseException()
    except OSError as error:
        named = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        raise ListenFault(f"{endpoint}: {named}{error.strerror}") from None
    except (SSL.Error, crypto.Error, VerifyError):
        raise ListenFault(f"{endpoint}: the certificate and the private key can't be used") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ListenFault(f"{endpoint}: not an endpoint ({error})") from None
    return asked[0]


def _with_mode(endpoint: str) -> str:
    """Only the owner may use a Unix socket, unless its string says otherwise, by name or in second place."""
    kind, *arguments = re.split(_UNESCAPED_COLON, endpoint)
    told = len(arguments) > 1 and "=" not in arguments[1]
    if kind != "unix" or told or any(argument.startswith("mode=") for argument in arguments):
        return endpoint
    return f"{endpoint}:mode=600"


class _Claims:
    """
    What the endpoints take for a reactor. What they want to listen on is claimed, and the factory is for later.

    Their own backlogs are not kept: Twisted's default is too small, and can't be told from one that was chosen.
    """

    def __init__(self, endpoint: str, bind: Bind) -> None:
        self._endpoint = endpoint
        self._bind = bind

    def listenTCP(self, port: int, factory: Factory, backlog: int, interface: str) -> Claim:
        return TcpClaim(self._bind(interface or "0.0.0.0", port))

    def listenSSL(self, port: int, factory: Factory, contextFactory: Any, backlog: int, interface: str) -> Claim:
        tls = Certificates(self._endpoint, contextFactory)
        return TcpClaim(self._bind(interface or "0.0.0.0", port), tls)

    def listenUNIX(self, address: str, factory: Factory, backlog: int, mode: int, wantPID: bool) -> Claim:
        path = os.path.abspath(os.fsdecode(address))
        _make_way(path)
        return UnixClaim(path, mode)

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Factory) -> Claim:
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            # Twisted would open an adopted Unix socket to everybody, and remove it when it stops.
            raise ListenFault("systemd: the domain must be INET or INET6; for a Unix socket use unix:PATH")
        return TcpClaim(socket.socket(fileno=os.dup(fileDescriptor)))


def _make_way(path: str) -> None:
    """
    See that a Unix socket can be made, and remove one that nobody listens on any more.

    A lock file would say who owns a socket by process id, which a daemon changes and a container uses again.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            _remove_stale(path, probe)
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.bind(path)
            os.unlink(path)
        except OSError as error:
            # A path that is too long has a text of its own, and no number.
            raise ListenFault(f"unix:{path}: {error.strerror or error}") from None


def _remove_stale(path: str, probe: socket.socket) -> None:
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise ListenFault(f"unix:{path}: exists and is not a socket")
    refused = probe.connect_ex(path)
    if refused != errno.ECONNREFUSED:
        reason = os.strerror(refused) if refused else "somebody listens there (another argoproxy?)"
        raise ListenFault(f"unix:{path}: {reason}")
    os.unlink(path)
