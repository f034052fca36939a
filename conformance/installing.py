"""Environments of their own for published tools, made once each."""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).parent.parent
_ENVIRONMENTS = ROOT / "build" / "conformance"


class InstallFault(Exception):
    """A tool can't be had. The text is one line that says why."""


@attrs.frozen
class Package:
    """
    What is installed.

    @ivar index: C{pypi} or C{npm}.
    """

    name: str
    index: str = "pypi"


@attrs.frozen
class Installed:
    """
    A package that is there.

    @ivar programs: the folder of its commands.
    """

    package: Package
    version: str
    programs: Path


def installed(package: Package) -> Installed:
    """
    The package in an environment of its own.

    @raise InstallFault: it could not be installed.
    """
    folder = _ENVIRONMENTS / package.name.replace("/", "-").removeprefix("@")
    install = _INDEXES[package.index]
    return install(package, folder)


def _from_pypi(package: Package, folder: Path) -> Installed:
    complete = folder / ".complete"
    python = str(folder / "bin" / "python")
    if not complete.exists():
        venv.create(folder, with_pip=True, clear=True)
        _run([python, "-m", "pip", "install", "--quiet", "--upgrade", package.name], package)
        complete.touch()
    ask = f"import importlib.metadata; print(importlib.metadata.version({package.name!r}))"
    return Installed(package, _run([python, "-c", ask], package).strip(), folder / "bin")


def _from_npm(package: Package, folder: Path) -> Installed:
    about = folder / "node_modules" / package.name / "package.json"
    if not about.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), package.name], package)
    return Installed(package, json.loads(about.read_bytes())["version"], folder / "node_modules" / ".bin")


_INDEXES: Mapping[str, Callable[[Package, Path], Installed]] = {"pypi": _from_pypi, "npm": _from_npm}


def _run(command: Sequence[str], package: Package) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallFault(f"{package.name}: {command[0]} can't be started: {error.strerror}") from None
    if run.returncode:
        raise InstallFault(f"{package.name}: {why(run.stderr)}")
    return run.stdout


def why(said: str) -> str:
    """The one line of an installer's words that names the error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error:", "npm error"))]
    return (errors or lines[-1:] or ["no explanation"])[0]
