"""
Where values come from: options before C{ARGOPROXY_*} variables before the file.

All of it is a function of its arguments and the file, so that a running service can read its configuration again.
Which keys there are stays out: see L{argoproxy.config.model}.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from argoproxy.config import ancestors
from argoproxy.config.faults import ConfigFault, Misfit, UnknownKey, dotted, one_line, suggestion
from argoproxy.config.kinds import Kind
from argoproxy.config.model import ENDPOINTS, KEYS, Config, Key

if TYPE_CHECKING:
    from argoproxy.config.document import Document

CONFIG_VARIABLE = "ARGOPROXY_CONFIG"

_PREFIX = "ARGOPROXY_"
_BY_NAME = {key.name: key for key in KEYS}
_IN_FILE = tuple(key.name for key in KEYS if key.in_file)
_VARIABLES = {key.variable: key for key in KEYS if key.variable}
_ONLY_IN_FILE = frozenset(_PREFIX + key.name.upper() for key in KEYS if not key.variable)
_EMPTY: Mapping[str, Any] = MappingProxyType({})

# What a key on one layer takes away from the layers below it: values that would win over it although they come later.
_SUPERSEDES: Mapping[str, tuple[str, ...]] = {
    "environment": ("argo_base_url", *ENDPOINTS),
    "argo_base_url": ENDPOINTS,
    "host": ("listen",),
    "port": ("listen",),
    "verbose": ("quiet",),
    "quiet": ("verbose",),
}
# What a key does nothing without.
_NEEDS: Mapping[str, str] = {"max_queue": "max_upstream", "max_queue_wait": "max_upstream"}


class _Layer(msgspec.Struct, frozen=True):
    """What one source gives: fields of L{Config}, read and kept, and what the operator should know."""

    place: str
    values: Mapping[str, Any] = _EMPTY
    notices: tuple[str, ...] = ()


class _Entry(msgspec.Struct, frozen=True):
    """One value of a file, under our key; C{path} is where the file has it."""

    key: Key
    value: object
    path: tuple[str, ...]


def search_paths(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Where a file is looked for if none is named; the first that is there counts."""
    home = environ.get("HOME")
    at_home = (os.path.join(home, ".config", "argoproxy"), os.path.join(home, ".argoproxy")) if home else ()
    return tuple(os.path.join(folder, "config.yaml") for folder in (".", *at_home))


def load(
    path: str | None = None,
    options: Mapping[str, object] = _EMPTY,
    environ: Mapping[str, str] = _EMPTY,
    search: Callable[[Mapping[str, str]], Iterable[str]] = search_paths,
) -> Config:
    """
    @param path: the file; without one C{ARGOPROXY_CONFIG} names it, else it is searched, and may be missing.
    @param options: fields of L{Config} as the command line gives them, as text or as they are; C{None}: not given.
    @param environ: the environment variables; an empty one counts as not set.
    @param search: the places to search, from C{environ}.
    @raise ConfigFault: the start can't succeed with this.
    """
    place, data = _find(path, environ, search)
    file = _from_file(_document(data, place), place) if place else _Layer("")
    environment = _from_environment(environ)
    values = _stack((file, environment, _from_options(options)))
    _check_user(values, place)
    told = (*file.notices, *environment.notices, *_idle(values))
    notices = tuple(one_line(notice) for notice in told)
    return Config(**values, notices=notices, source=os.path.abspath(place) if place else None)


def _idle(values: Mapping[str, Any]) -> list[str]:
    """Notices of what is set and does nothing."""
    return [
        f"{name}: does nothing without {other}"
        for name, other in _NEEDS.items()
        if values.get(name) is not None and not values.get(other)
    ]


def load_only(
    name: str,
    path: str | None = None,
    environ: Mapping[str, str] = _EMPTY,
    search: Callable[[Mapping[str, str]], Iterable[str]] = search_paths,
) -> Any:
    """
    One field of what L{load} gives, whatever is wrong with the others.

    @param name: of a key that a file and the environment may have under its own name.
    @raise ConfigFault: this one can't be read, or the file that may have it.
    """
    key = _BY_NAME[name]
    place, data = _find(path, environ, search)
    document = _document(data, place)
    values = {found: value for found, value in document.values.items() if ancestors.public_name(found) == name}
    file = _from_file(msgspec.structs.replace(document, values=values), place)
    environment = _from_environment({found: text for found, text in environ.items() if found == key.variable})
    return _stack((file, environment)).get(name, key.default)


def _find(
    path: str | None, environ: Mapping[str, str], search: Callable[[Mapping[str, str]], Iterable[str]]
) -> tuple[str, bytes]:
    """The file's path and bytes; an empty path: there is none."""
    named = path or environ.get(CONFIG_VARIABLE)
    if named:
        by = "" if path else f"environment variable {CONFIG_VARIABLE}: "
        data = _contents(named, by)
        if data is None:
            raise ConfigFault(f"{by}{named}: no such file")
        return named, data
    for candidate in search(environ):
        data = _contents(candidate, "")
        if data is not None:
            return candidate, data
    return "", b""


def _contents(path: str, by: str) -> bytes | None:
    """The file's bytes, one more than is allowed at most; C{None}: no such file."""
    try:
        with open(path, "rb") as file:
            # Where there is no file, nothing that reads YAML is needed for a start.
            from argoproxy.config.document import MAX_BYTES

            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise ConfigFault(f"{by}{path}: must be a file, but is a directory") from None
    except OSError as error:
        raise ConfigFault(f"{by}{path}: can't be read ({error.strerror})") from None
    except ValueError:
        # A zero byte in the path.
        raise ConfigFault(f"{by}{path}: is not a path") from None


def _document(data: bytes, place: str) -> Document:
    from argoproxy.config.document import parse_document

    return parse_document(data, place)


def _from_file(document: Document, place: str) -> _Layer:
    values: dict[str, Any] = {}
    ignored: list[str] = []
    try:
        for entry in _entries(document.values, ignored):
            values.setdefault(entry.key.name, _read(entry.key.kind, entry.value, entry.path))
    except Misfit as misfit:
        raise ConfigFault(f"{place}:{document.line(misfit.path)}: {misfit.sentence()}") from None
    notices = [f"{place}: these keys of argo-proxy mean nothing here: {', '.join(ignored)}"] if ignored else []
    base = ancestors.common_base({ancestors.public_name(name): value for name, value in document.values.items()})
    if base:
        values["argo_base_url"] = base
        notices.append(f"{place}: argo_base_url is taken from argo_url and argo_stream_url: {base}")
    return _Layer(place, values, tuple(notices))


def _entries(values: Mapping[str, object], ignored: list[str]) -> Iterator[_Entry]:
    """
    A file's values under our keys, our own first, as they win over argo-proxy's.

    @param ignored: the names that mean nothing here are added to it.
    @raise Misfit: a key that nobody knows, or a value that argo-proxy's key doesn't take.
    """
    for name in sorted(values, key=lambda name: name not in _IN_FILE):
        public, value, path = ancestors.public_name(name), values[name], (name,)
        if public in ancestors.MEANINGLESS:
            ignored.append(name)
        elif public == "simulator":
            yield from _simulator_entries(value, path)
        elif public in _IN_FILE:
            yield from _entry(_BY_NAME[public], value, path)
        elif public in ancestors.RENAMED:
            row = ancestors.RENAMED[public]
            ours = None if value == "" else row.become(_read(row.kind, value, path))
            if ours is not None:
                yield _Entry(_BY_NAME[row.name], ours, path)
        else:
            raise UnknownKey(_IN_FILE, path)


def _entry(key: Key, value: object, path: tuple[str, ...]) -> Iterator[_Entry]:
    """An empty text leaves unset what has no default, as in argo-proxy's files."""
    if value != "" or key.default is not None:
        yield _Entry(key, value, path)


def _simulator_entries(value: object, path: tuple[str, ...]) -> Iterator[_Entry]:
    """C{simulator} holds two of our fields: whether it is on, and its settings."""
    if isinstance(value, bool):
        yield _Entry(_BY_NAME["use_simulator"], value, path)
        return
    if isinstance(value, Mapping) and "enabled" in value:
        yield _Entry(_BY_NAME["use_simulator"], value["enabled"], (*path, "enabled"))
        value = {name: item for name, item in value.items() if name != "enabled"}
    yield _Entry(_BY_NAME["simulator"], value, path)


def _read(kind: Kind, value: object, path: tuple[str, ...]) -> Any:
    """@raise Misfit: with the whole path."""
    try:
        return kind.read(value)
    except Misfit as misfit:
        raise misfit.under(*path) from None


def _from_environment(environ: Mapping[str, str]) -> _Layer:
    values: dict[str, Any] = {}
    notices: list[str] = []
    for name in sorted(environ):
        written = environ[name].strip()
        if not name.startswith(_PREFIX) or name == CONFIG_VARIABLE:
            continue
        if name not in _VARIABLES:
            notices.append(_ignored_variable(name))
        elif written:
            key = _VARIABLES[name]
            values[key.name] = _from_text(key, written, f"environment variable {name}")
    return _Layer("environment", values, tuple(notices))


def _ignored_variable(name: str) -> str:
    if name in _ONLY_IN_FILE:
        return f"environment variable {name} is ignored: only the file can hold it"
    known = (variable[len(_PREFIX) :] for variable in (*_VARIABLES, CONFIG_VARIABLE))
    near = suggestion(name[len(_PREFIX) :], known, _PREFIX)
    return f"environment variable {dotted((name,))} is not known and is ignored{near}"


def _from_options(options: Mapping[str, object]) -> _Layer:
    values: dict[str, Any] = {}
    for name, value in options.items():
        if value is None:
            continue
        if name not in _BY_NAME:
            raise ConfigFault("option " + UnknownKey(_BY_NAME, (name,)).sentence())
        key = _BY_NAME[name]
        values[name] = _from_text(key, value, f"option {key.option}")
    return _Layer("options", values)


def _from_text(key: Key, value: object, place: str) -> Any:
    """
    @param value: text to parse, or a value as it is.
    @param place: how messages name where it stands.
    """
    plain = key.kind.parse(value) if isinstance(value, str) and key.kind.parse else value
    try:
        return key.kind.read(plain)
    except Misfit as misfit:
        raise ConfigFault(f"{place}: {misfit.under(key.name).problem()}") from None


def _stack(layers: Iterable[_Layer]) -> dict[str, Any]:
    """
    Lay each layer over those before it.

    @param layers: the weakest first.
    @raise ConfigFault: a layer contradicts itself.
    """
    stacked: dict[str, Any] = {}
    for layer in layers:
        if layer.values.get("verbose") and layer.values.get("quiet"):
            raise ConfigFault(f"{layer.place}: verbose and quiet are both on: choose one")
        for name, value in layer.values.items():
            for lower in _SUPERSEDES.get(name, ()) if value is not False else ():
                stacked.pop(lower, None)
        stacked.update(layer.values)
    return stacked


def _check_user(values: Mapping[str, Any], place: str) -> None:
    if not values.get("user") and not values.get("use_simulator"):
        where = place or "./config.yaml"
        raise ConfigFault(
            f"no user: write your ARGO user name as user: NAME into {where}, or give the option --user NAME"
            " or the environment variable ARGOPROXY_USER"
        )
