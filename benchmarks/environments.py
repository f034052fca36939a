"""Virtual environments of the peers, made once and kept."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from .program import ProgramFault

_ENVIRONMENTS = Path(__file__).parent.parent / "build" / "peers"
_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"
_VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


def executable(environment: str, name: str) -> str:
    """The path of a program in an environment."""
    return str(_ENVIRONMENTS / environment / "bin" / name)


def packages(environment: str) -> Path:
    """The folder of the packages in an environment."""
    return Path(_run(environment, "-c", _PACKAGES).strip())


def install(environment: str, package: str, *wanted: str) -> str:
    """
    Have an environment of its own with a package in it.

    @param wanted: pip's arguments for it.
    @return: the package's version.
    @raise ProgramFault: it could not be installed.
    """
    complete = _ENVIRONMENTS / environment / ".complete"
    if not complete.exists():
        venv.create(complete.parent, with_pip=True, clear=True)
        _run(environment, "-m", "pip", "install", "--quiet", *wanted)
        complete.touch()
    return _run(environment, "-c", _VERSION, package).strip()


def _run(environment: str, *arguments: str) -> str:
    command = [executable(environment, "python"), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["no explanation"]
        raise ProgramFault(f"{environment} could not be installed: {said[-1]}")
    return run.stdout
