"""
Fixtures: services that run while tests do, each started once for all of them.

A module of tests asks for them by C{pytest_plugins = ["tests.services"]}, and imports nothing from here: fixtures that
are imported start once for each module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.running import Argo, Running, twistd


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The proxy with a simulator inside, as C{make run} starts it."""
    with twistd(tmp_path_factory.mktemp("simulated"), "argoproxy", "--simulator") as running:
        yield running


@pytest.fixture(scope="session")
def argosim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Argo]:
    """A simulator on its own."""
    with twistd(tmp_path_factory.mktemp("argosim"), "argosim") as running:
        yield Argo(running.url, running.log)


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory, argosim: Argo) -> Iterator[Running]:
    """The proxy before L{argosim}, on ARGO's gateway."""
    with _before(argosim, tmp_path_factory.mktemp("proxy"), "gateway") as running:
        yield running


@pytest.fixture(scope="session")
def native_proxy(tmp_path_factory: pytest.TempPathFactory, argosim: Argo) -> Iterator[Running]:
    """The proxy before L{argosim}, on ARGO's native wires."""
    with _before(argosim, tmp_path_factory.mktemp("native"), "native") as running:
        yield running


def _before(argosim: Argo, folder: Path, upstream: str) -> AbstractContextManager[Running]:
    options = ["--argo-url", argosim.url, "--user", "someone", "--upstream", upstream]
    return twistd(folder, "argoproxy", *options)
