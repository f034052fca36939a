"""The programs that are compared, by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import attrs

import argoproxy

from . import peers
from .program import ANTHROPIC, WIRE, Place, Program, ProgramFault


def twistd() -> str:
    """The twistd that belongs to the interpreter that runs us."""
    return str(Path(sys.executable).parent / "twistd")


def _ours(place: Place, wire: str = "gateway", options: tuple[str, ...] = ()) -> list[str]:
    config = place.write(
        f"user: someone\nhost: 127.0.0.1\nport: {place.port}\nargo_base_url: {place.upstream}\n"
        f"upstream: {wire}\nupdate_check: false\n"
    )
    command = [twistd(), "--nodaemon", "--pidfile=", "--logfile=program.log", "argoproxy", "--config", config]
    return [*command, *options]


def with_workers(program: Program, workers: int) -> Program:
    """One of ours, with so many workers."""
    command = program.command
    assert command is not None
    return attrs.evolve(program, command=lambda place: [*command(place), "--workers", str(workers)], workers=workers)


def _version() -> str:
    return argoproxy.__version__


def _version_with_workers() -> str:
    said = subprocess.run([twistd(), "argoproxy", "--help"], capture_output=True, text=True, check=False).stdout
    if "--workers" not in said:
        raise ProgramFault("argoproxy-2-workers: this version has no --workers")
    return _version()


OURS = "argoproxy"
OURS_NATIVE = "argoproxy-native-openai"
OURS_ANTHROPIC = "argoproxy-native-anthropic"
OURS_WORKERS = "argoproxy-2-workers"
SIMULATED = "argoproxy+argosim"
NGINX = "nginx"
DIRECT = "direct"

PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        program.name: program
        for program in (
            Program(OURS, _ours, _version),
            Program(OURS_NATIVE, partial(_ours, wire="native"), _version),
            Program(OURS_ANTHROPIC, partial(_ours, wire="native"), _version, ANTHROPIC),
            Program(OURS_WORKERS, partial(_ours, options=("--workers", "2")), _version_with_workers, workers=2),
            Program(SIMULATED, partial(_ours, wire="auto"), _version, simulated=True),
            Program("argo-proxy-2.8.9", peers.ancestor, peers.install_ancestor),
            Program("argo-proxy", peers.successor, peers.install_successor),
            Program("litellm", peers.litellm, peers.install_litellm, health="/health/liveliness"),
            Program(NGINX, peers.nginx, peers.find_nginx, WIRE),
            Program(DIRECT, None, paths=WIRE),
        )
    }
)
DEFAULT = tuple(name for name in PROGRAMS if name != SIMULATED)
# What shows how fast the machine is at the moment, whatever we change.
REFERENCES = (NGINX, DIRECT)
COMPARED = (OURS, OURS_NATIVE, OURS_ANTHROPIC, *REFERENCES)
