"""
However it is installed, C{twistd} finds both plugins, and everything that the proxy needs came with it.

Each kind of install gets an environment of its own, and a copy of the source, so that nothing of this checkout helps.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What a checkout gathers that isn't source.
_LITTER = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "dropin.cache")


def _run(*command: str | Path, folder: Path) -> str:
    """Run in a folder, with nothing in the environment that leads Python elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("source") / "argoproxy", ignore=_LITTER)


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, and a source distribution that it was made from."""
    folder = tmp_path_factory.mktemp("built")
    _run(sys.executable, "-m", "build", "--outdir", folder, source, folder=folder)
    return folder


@pytest.fixture(params=["wheel", "sdist", "editable"])
def arguments(request: pytest.FixtureRequest, source: Path, built: Path) -> list[str]:
    """What pip is to install, for each kind."""
    kinds = {
        "wheel": lambda: [str(*built.glob("*.whl"))],
        "sdist": lambda: [str(*built.glob("*.tar.gz"))],
        "editable": lambda: ["--editable", str(source)],
    }
    return kinds[request.param]()


def test_both_plugins_are_found_from_an_empty_folder(arguments: list[str], tmp_path: Path) -> None:
    _run(sys.executable, "-m", "venv", tmp_path / "environment", folder=tmp_path)
    programs, empty = tmp_path / "environment" / "bin", tmp_path / "empty"
    empty.mkdir()
    _run(programs / "python", "-m", "pip", "install", "--quiet", *arguments, folder=empty)
    listed = _run(programs / "twistd", "--help", folder=empty)
    assert "argoproxy " in listed
    assert "argosim " in listed
    _run(programs / "python", "-c", "import argoproxy.service, argoproxy.simulator.tap", folder=empty)
    assert "--simulator" in _run(programs / "twistd", "argoproxy", "--help", folder=empty)


def test_the_wheel_holds_the_package_the_plugin_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    assert {name.partition("/")[0] for name in ours} == {"argoproxy", "twisted"}
    assert {name for name in ours if name.startswith("twisted/")} == {"twisted/plugins/argoproxy_plugin.py"}
    inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / "argoproxy").rglob("*") if path.is_file()}
    assert {name for name in ours if name.startswith("argoproxy/")} == {
        name for name in inside if "__pycache__" not in name
    }


def test_the_source_distribution_holds_what_is_tested_and_how(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "Makefile",
        "argoproxy.tac",
        "twisted/plugins/argoproxy_plugin.py",
    }
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    assert not (wanted | tests) - names
