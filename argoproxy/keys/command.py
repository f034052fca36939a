"""The command C{argoproxy keys}: makes keys, shows whose there are, takes them back."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from argoproxy.config import ConfigFault, load_only
from argoproxy.config.faults import Misfit
from argoproxy.config.keys import KEY_FIELDS, LIMIT_FIELDS, ApiKey

from . import file, token

_Say = Callable[[str], object]
_LIMITS = {name: f"the most {name.replace('_', ' ')}" for name in LIMIT_FIELDS} | {
    "concurrency": "the most requests at once"
}
_FIELDS: Mapping[str, str] = {
    "user": "the ARGO user to ask as, in place of the configured one",
    "models": "models, or patterns for them, with commas between; without, all",
    **_LIMITS,
    "expires": "the last day on which it is good, or a date and a time (UTC, unless it says)",
}


def main() -> None:
    """What C{argoproxy} runs."""
    try:
        run(sys.argv[1:], os.environ, print)
    except ConfigFault as fault:
        raise SystemExit(f"argoproxy: {fault}") from None


def run(arguments: Sequence[str], environ: Mapping[str, str], say: _Say) -> None:
    """
    @param say: takes each line of output.
    @raise ConfigFault: it can't be done.
    @raise SystemExit: the arguments mean nothing.
    """
    asked = _parser().parse_args(arguments)
    path = asked.file or _configured(asked.config, environ)
    asked.deed(path, vars(asked), say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("argoproxy", description="What belongs to argoproxy; twistd argoproxy serves.")
    commands = parser.add_subparsers(required=True, metavar="keys")
    # Where keys are may stand before what is to be done, and behind it.
    keys = commands.add_parser("keys", help="make, show and revoke clients' keys", parents=[_where()])
    keys.set_defaults(file=None, config=None)
    deeds = keys.add_subparsers(required=True, metavar="add|list|revoke")
    add = deeds.add_parser("add", help="make a key; it is shown this once, and kept nowhere", parents=[_where()])
    add.add_argument("name")
    for name, text in _FIELDS.items():
        add.add_argument(f"--{name.replace('_', '-')}", help=text)
    add.set_defaults(deed=_add)
    deeds.add_parser("list", help="show names and limits", parents=[_where()]).set_defaults(deed=_list)
    revoke = deeds.add_parser("revoke", help="take a key back", parents=[_where()])
    revoke.add_argument("name")
    revoke.set_defaults(deed=_revoke)
    return parser


def _where() -> argparse.ArgumentParser:
    where = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    where.add_argument("--file", "-f", help="the file with keys, in place of the configuration's keys_file")
    where.add_argument("--config", "-c", help="the configuration file, in place of config.yaml here or in your home")
    return where


def _configured(config: str | None, environ: Mapping[str, str]) -> str:
    path: str | None = load_only("keys_file", config, environ)
    if path is None:
        raise ConfigFault("keys_file: not set; say which file it is: keys_file in the configuration, or --file")
    return path


def _add(path: str, asked: Mapping[str, Any], say: _Say) -> None:
    made = token.new()
    key = _described(asked, token.digest(made))
    with file.alone(path):
        keys = file.read(path) if file.mark(path) else ()
        if any(other.name == key.name for other in keys):
            raise ConfigFault(f"{path}: there is a key of that name; revoke it, or choose another name")
        file.write(path, [*keys, key])
    say(made)


def _described(asked: Mapping[str, Any], sha256: str) -> ApiKey:
    fields: dict[str, Any] = {"sha256": sha256}
    for name in ("name", *_FIELDS):
        if asked[name] is not None:
            fields[name] = _read(name, asked[name])
    return ApiKey(**fields)


def _read(name: str, written: str) -> object:
    """@raise ConfigFault: an option's text isn't what it wants."""
    kind = KEY_FIELDS[name]
    plain = written.split(",") if name == "models" else kind.parse and kind.parse(written)
    try:
        return kind.read(plain)
    except Misfit as misfit:
        raise ConfigFault(f"{name.replace('_', '-')}: {misfit.problem()}") from None


def _list(path: str, asked: object, say: _Say) -> None:
    for key in file.read(path):
        fields = msgspec.to_builtins(key)
        fields["models"] = ",".join(key.models)
        told = (f"{name}={fields[name]}" for name in _FIELDS if fields.get(name))
        say("  ".join([key.name, *told]))


def _revoke(path: str, asked: Mapping[str, Any], say: _Say) -> None:
    with file.alone(path):
        keys = file.read(path)
        others = [key for key in keys if key.name != asked["name"]]
        if len(others) == len(keys):
            raise ConfigFault(f"{path}: there is no key of that name")
        file.write(path, others)
    say(f"{asked['name']} is revoked")
