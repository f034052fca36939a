"""
The kinds of values a configuration holds: what each wants, and how it is read.

A kind reads the plain values that a file gives (strings, numbers, booleans, lists, mappings) and, by C{parse}, the text
of an option or an environment variable. Which key is of which kind stays out: see L{argoproxy.config.model}.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import msgspec

from argoproxy.config.faults import Misfit

_MOST = 1_000_000
_SWITCHES = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_SOMEBODY = r"([\w.~!$&'()*+,;=%-]*(:[\w.~!$&'()*+,;=%:-]*)?@)?"
# Patterns are compiled where there is something to read: most keys of most configurations are unset.
_PROXY = rf"(?a)http://{_SOMEBODY}([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{{1,5}})/?"
_HOST = r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\]"
_STORE = (
    rf"(?a)rediss?://{_SOMEBODY}([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{{1,5}}))?(/[0-9]{{1,3}})?/?"
    rf"|unix://{_SOMEBODY}/[\w./+-]+(\?db=[0-9]{{1,3}})?"
)
# What people put behind the base: the paths of the calls, as argo-proxy's single endpoints show them.
_CALL = (
    r"(/api/v1(/resource(/(chat|streamchat|embed))?|/models)?|/v1(/chat/completions|/embeddings|/models|/messages)?)/*$"
)


def _same(text: str) -> object:
    return text


class Kind(msgspec.Struct, frozen=True):
    """
    @ivar wanted: what it wants, to be read behind "must be".
    @ivar accept: gives the value as it is kept; ValueError if it doesn't fit, L{Misfit} if something in it doesn't.
    @ivar parse: gives the plain value that a text stands for, or the text itself if it stands for none;
        C{None} if this kind can't be written in an option or an environment variable.
    """

    wanted: str
    accept: Callable[[object], object]
    parse: Callable[[str], object] | None = _same

    def read(self, value: object) -> object:
        """
        @return: the value as it is kept; reading that again changes nothing.
        @raise Misfit: it is not of this kind.
        """
        try:
            return self.accept(value)
        except ValueError:
            raise Misfit(self.wanted, value) from None


def whole(low: int, high: int = _MOST) -> Kind:
    """A whole number; neither C{true} nor 5.0 is one."""

    def accept(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"a whole number from {low} to {high}", accept, _parse_by(int))


def number(unit: str, low: float = 0, *, above: bool = False) -> Kind:
    """
    A finite number of some unit.

    @param above: C{low} itself is too little.
    """

    def accept(value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= _MOST:
            raise ValueError
        if above and value == low:
            raise ValueError
        return float(value)

    span = f"above {low}, at most {_MOST}" if above else f"from {low} to {_MOST}"
    return Kind(f"a number of {unit} {span}", accept, _parse_by(float))


def choice(*names: str) -> Kind:
    """One of a few words."""

    def accept(value: object) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError
        return value

    return Kind(f"{', '.join(names[:-1])} or {names[-1]}", accept)


def text(wanted: str, pattern: str) -> Kind:
    """A text on one line that matches a pattern as a whole."""

    def accept(value: object) -> str:
        if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(pattern, value):
            raise ValueError
        return value

    return Kind(wanted, accept)


def several(item: Kind, least: int = 0) -> Kind:
    """
    One or a list of them, kept as a tuple; in text with commas between them.

    @param least: how many there must be.
    """

    def accept(value: object) -> tuple[object, ...]:
        single = isinstance(value, str)
        values = [value] if single else value
        if not isinstance(values, (list, tuple)) or len(values) < least:
            raise ValueError
        return tuple(_item(item, one, () if single else (str(index),)) for index, one in enumerate(values))

    return Kind(f"{item.wanted} or a list of them", accept, _parse_several)


def _item(item: Kind, value: object, path: tuple[str, ...]) -> object:
    try:
        return item.accept(value)
    except ValueError:
        raise Misfit(item.wanted, value, path) from None


def _parse_several(written: str) -> object:
    return [one.strip() for one in written.split(",") if one.strip()]


def mapping(names: Kind, items: Kind) -> Kind:
    """A mapping, kept so that it can't be changed; only a file can hold one."""

    def accept(value: object) -> Mapping[str, object]:
        if not isinstance(value, Mapping):
            raise ValueError
        return MappingProxyType(dict(_entry(names, items, name, item) for name, item in value.items()))

    return Kind(f"a mapping of {names.wanted} to {items.wanted}", accept, None)


def _entry(names: Kind, items: Kind, name: str, item: object) -> tuple[str, object]:
    try:
        return str(names.accept(name)), items.read(item)
    except Misfit as misfit:
        raise misfit.under(name) from None
    except ValueError:
        raise Misfit(f"named by {names.wanted}", name, (name,)) from None


def _parse_by(convert: Callable[[str], object]) -> Callable[[str], object]:
    def parse(written: str) -> object:
        try:
            return convert(written)
        except ValueError:
            return written

    return parse


def _accept_switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _accept_user(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,64}", value.strip()):
        raise ValueError
    return value.strip().lower()


def _accept_url(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
        raise ValueError
    parts = urlsplit(value)
    extras = re.search(r"[@?#\\]", value)
    # The port is read for its own ValueError: not a number, or out of range.
    if parts.scheme not in ("http", "https") or extras or parts.port == 0:
        raise ValueError
    if not re.fullmatch(_HOST, _host(parts.netloc)):
        raise ValueError
    return value


def _accept_proxy(value: object) -> str:
    found = re.fullmatch(_PROXY, value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ValueError
    return found.string.rstrip("/")


def _accept_store(value: object) -> str:
    found = re.fullmatch(_STORE, value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found["port"] or 1) <= 65535:
        raise ValueError
    return found.string


def _host(netloc: str) -> str:
    return re.sub(r":\d*$", "", netloc)


def _accept_base(value: object) -> str:
    return re.sub(_CALL, "", _accept_url(value).rstrip("/")).rstrip("/")


def _accept_endpoint(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise ValueError
    return value.strip()


def _accept_host_and_port(value: object) -> str:
    host, _, port = str(value).rpartition(":")
    if not re.fullmatch(_HOST, host) or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError
    return f"{host.lower()}:{int(port)}"


def _accept_address(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return str(ipaddress.ip_address(value))


WIRES = ("gateway", "openai_native", "anthropic_native")
_PLACES = whole(1)
_PLACES_BY_WIRE = mapping(choice(*WIRES), _PLACES)


def _accept_places(value: object) -> object:
    by_wire = value if isinstance(value, Mapping) else dict.fromkeys(WIRES, _PLACES.accept(value))
    return _PLACES_BY_WIRE.accept(by_wire)


SWITCH = Kind("true or false", _accept_switch, lambda written: _SWITCHES.get(written.lower(), written))
USER = Kind("a user name of printable ASCII without spaces", _accept_user)
NAME = text("a name", r"\S(.*\S)?")
HOST = text("the name or address of an interface", r"[A-Za-z0-9._:%-]+")
PACKAGE = text("the name of a package", r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
STORE = Kind("redis://HOST:PORT/NUMBER, rediss:// for TLS, or unix:///PATH?db=NUMBER", _accept_store)
URL = Kind("an http:// or https:// address with a host, without user name, password, query or fragment", _accept_url)
PROXY = Kind("http://host:port or http://user:password@host:port", _accept_proxy)
FILE = text("a path", r".*\S.*")
BASE_URL = Kind(URL.wanted, _accept_base)
LISTEN = several(Kind("a Twisted endpoint", _accept_endpoint))
HOSTS = several(text("a host's name (*.example.gov for all below it)", r"[A-Za-z0-9._*-]+"))
ORIGINS = several(text('an origin (https://chat.example.gov; "*" for all)', r"[a-z][a-z0-9+.-]*://[^/\s,*]+|\*"))
PLACES = Kind(f"{_PLACES.wanted}, or {_PLACES_BY_WIRE.wanted}", _accept_places, _PLACES.parse)
ALIASES = mapping(NAME, NAME)
FALLBACKS = mapping(NAME, several(NAME, least=1))
ROUTES = mapping(NAME, choice("gateway", "native", "openai"))
RESOLVE = mapping(Kind('"host:port"', _accept_host_and_port), Kind("an IP address", _accept_address))
