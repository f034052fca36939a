"""The two C programs, built from the sources beside this file into a folder of the caller's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import attrs

_SOURCES = Path(__file__).parent
_COMPILERS = ("cc", "gcc", "clang")


class ToolchainFault(Exception):
    """The programs can't be built. The text is one line that says why."""


@attrs.frozen
class Tools:
    """Where the built programs are."""

    upstream: Path
    load: Path


def build(folder: Path) -> Tools:
    """
    Compile both.

    @raise ToolchainFault: there is no compiler, or it failed.
    """
    compiler = find_compiler()
    return Tools(*(_compiled(compiler, name, folder) for name in ("upstream", "load")))


def find_compiler() -> str:
    """
    The C compiler: C{$CC}, or the first of the usual ones.

    @raise ToolchainFault: there is none.
    """
    for name in filter(None, (os.environ.get("CC"), *_COMPILERS)):
        if path := shutil.which(name):
            return path
    raise ToolchainFault(
        "no C compiler found (cc, gcc or clang): the upstream and the load generator are compiled from C; "
        "install one (on Debian: apt-get install gcc libc6-dev), or name it in CC"
    )


def _compiled(compiler: str, name: str, folder: Path) -> Path:
    target = folder / name
    command = [compiler, "-O2", "-o", str(target), str(_SOURCES / f"{name}.c")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["no explanation"]
        raise ToolchainFault(f"{compiler} could not compile {name}.c: {said[0]}")
    return target
