"""
The file with keys: C{keys:} as in the configuration, for nobody to read but its owner.

It is written anew as a whole, so that who reads it never sees half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator

import msgspec
import yaml

from argoproxy.config import Config
from argoproxy.config.document import MAX_BYTES, parse_document
from argoproxy.config.faults import ConfigFault, Misfit, UnknownKey
from argoproxy.config.keys import API_KEYS, KEY_FIELDS, ApiKey

_FIELD = "keys"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Unreadable(ConfigFault):
    """Nothing can be had of the file now, though later perhaps."""


def read(path: str) -> tuple[ApiKey, ...]:
    """@raise ConfigFault: it isn't there, others can get at it, or something in it is wrong."""
    return _parsed(_contents(path), path)


def all_keys(config: Config) -> tuple[ApiKey, ...]:
    """
    The configuration's own, and those of its file.

    @raise ConfigFault: the file can't be used.
    """
    if config.keys_file is None:
        return config.keys
    try:
        keys = API_KEYS.read((*config.keys, *read(config.keys_file)))
    except Misfit as misfit:
        raise ConfigFault(f"{config.keys_file}: with keys, {misfit.under(_FIELD).sentence()}") from None
    assert isinstance(keys, tuple)
    return keys


def mark(path: str) -> tuple[int, int, int] | None:
    """What differs when it has been written anew, or made its owner's alone; C{None} if it isn't there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ctime_ns, found.st_size, found.st_ino


def write(path: str, keys: Iterable[ApiKey]) -> None:
    """
    Put these keys in the file's place. It stays its owner's.

    @raise ConfigFault: that can't be done.
    """
    rows = [msgspec.to_builtins(key) for key in keys]
    ordered = [{name: row[name] for name in KEY_FIELDS if name in row} for row in rows]
    text = yaml.safe_dump({_FIELD: ordered}, sort_keys=False, allow_unicode=True)
    try:
        _replace(os.path.realpath(path), text.encode("utf-8"))
    except OSError as error:
        raise ConfigFault(f"{path}: can't be written ({error.strerror})") from None


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """
    Nobody else who asks for it changes a file in the same folder meanwhile. The folder is made, if it isn't there.

    @raise ConfigFault: that can't be done.
    """
    folder = os.path.dirname(os.path.realpath(path))
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigFault(f"{path}: its folder can't be had ({error.strerror})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                text = f"{path}: others can get at it (mode {stat.S_IMODE(mode):04o}): chmod 600 makes it yours alone"
                raise ConfigFault(text)
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{path}: can't be read ({error.strerror})") from None


def _parsed(data: bytes, path: str) -> tuple[ApiKey, ...]:
    document = parse_document(data, path)
    try:
        for name in document.values:
            if name != _FIELD:
                raise UnknownKey((_FIELD,), (name,))
        keys = API_KEYS.read(document.values.get(_FIELD, ()))
    except Misfit as misfit:
        misfit = misfit if isinstance(misfit, UnknownKey) else misfit.under(_FIELD)
        raise ConfigFault(f"{path}:{document.line(misfit.path)}: {misfit.sentence()}") from None
    assert isinstance(keys, tuple)
    return keys


def _replace(path: str, data: bytes) -> None:
    """@raise OSError: it can't be done; nothing is left over."""
    descriptor, beside = tempfile.mkstemp(prefix=".keys-", dir=os.path.dirname(path))
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileNotFoundError):
            before = os.stat(path)
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(beside, before.st_uid, before.st_gid)
        os.replace(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)

