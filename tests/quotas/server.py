"""A Redis, or Valkey, of the tests' own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.running import Running, free_port, started

_PROGRAMS = ("redis-server", "valkey-server")


@pytest.fixture
def redis_command(redis_program: str) -> list[str]:
    """The command that runs a server which keeps nothing, on the free port that is its last word."""
    return [*_command(redis_program), str(free_port())]


@pytest.fixture(scope="session")
def redis(redis_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that runs for all tests."""
    port = free_port()
    with started([*_command(redis_program), str(port)], tmp_path_factory.mktemp("redis"), port) as running:
        yield running


@pytest.fixture(scope="session")
def redis_program() -> str:
    """What runs a server. Where changes are checked it must be there; elsewhere its tests are left out."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        assert not os.environ.get("TEST_WITH_SERVERS"), f"none of {', '.join(_PROGRAMS)} is installed"
        pytest.skip(f"none of {', '.join(_PROGRAMS)} is installed")
    return program


def _command(program: str) -> list[str]:
    return [program, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]
